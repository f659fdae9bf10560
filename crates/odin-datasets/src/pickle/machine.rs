//! The stack machine: opcodes of protocols 2 to 5.
use std::collections::HashMap;
use std::io::{Read, Seek};
use std::rc::Rc;

use super::bytes::Bytes;
use super::value::{Global, Heap, Node, Text, Value};
use super::{Calls, PickleError};

/// Reads one pickle of at most `len` bytes, from where `reader` stands: its value, and how many bytes it took.
///
/// # Errors
/// Where the pickle is cut off, damaged, without end, or asks for what `calls` refuses.
pub fn load<R: Read + Seek, C: Calls>(
    reader: R,
    len: u64,
    heap: &mut Heap<C::Made>,
    calls: &mut C,
) -> Result<(Value<C::Made>, u64), PickleError> {
    let mut machine = Machine {
        bytes: Bytes::new(reader, len),
        heap,
        calls,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    for _ in 0..C::MAX_STEPS {
        if let Some(value) = machine.step()? {
            return Ok((value, machine.bytes.at));
        }
    }
    Err(PickleError::Limit {
        what: "steps",
        limit: C::MAX_STEPS,
    })
}

struct Machine<'a, R, C: Calls> {
    bytes: Bytes<R>,
    heap: &'a mut Heap<C::Made>,
    calls: &'a mut C,
    stack: Vec<Value<C::Made>>,
    /// Heights of the stack where a tuple, list or dictionary under way began.
    marks: Vec<usize>,
    memo: HashMap<u32, Value<C::Made>>,
}

impl<R: Read + Seek, C: Calls> Machine<'_, R, C> {
    fn step(&mut self) -> Result<Option<Value<C::Made>>, PickleError> {
        let at = self.bytes.at;
        match self.bytes.byte()? {
            // PROTO, FRAME: of no consequence here.
            0x80 => self.bytes.skip(1).map(drop)?,
            0x95 => self.bytes.skip(8).map(drop)?,
            b'.' => return self.pop().map(Some),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b'2' => {
                let top = self.top()?.clone();
                self.push(top);
            }
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => {
                let n = self.bytes.byte()?;
                self.push(Value::Int(n.into()));
            }
            b'M' => {
                let n = u16::from_le_bytes(self.bytes.array()?);
                self.push(Value::Int(n.into()));
            }
            b'J' => {
                let n = i32::from_le_bytes(self.bytes.array()?);
                self.push(Value::Int(n.into()));
            }
            0x8a => {
                let length = self.bytes.length1()?;
                self.long(length)?;
            }
            0x8b => {
                let length = self.bytes.length4()?;
                self.long(length)?;
            }
            b'G' => {
                self.bytes.skip(8)?;
                self.push(Value::Float);
            }
            b'U' | 0x8c => {
                let length = self.bytes.length1()?;
                self.text(length)?;
            }
            b'T' | b'X' => {
                let length = self.bytes.length4()?;
                self.text(length)?;
            }
            0x8d => {
                let length = self.bytes.length8()?;
                self.text(length)?;
            }
            b'C' => {
                let length = self.bytes.length1()?;
                self.blob(length)?;
            }
            b'B' => {
                let length = self.bytes.length4()?;
                self.blob(length)?;
            }
            0x8e | 0x96 => {
                let length = self.bytes.length8()?;
                self.blob(length)?;
            }
            b')' => self.sequence(Vec::new()),
            b']' | 0x8f => self.sequence(Vec::new()),
            b'}' => {
                let dict = self.heap.dict(Vec::new());
                self.push(dict);
            }
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            // TUPLE, FROZENSET
            b't' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.sequence(items);
            }
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])?;
            }
            // APPENDS, ADDITEMS
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.extend(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set_items(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(items)?;
            }
            b'q' => {
                let slot = self.bytes.byte()?.into();
                self.remember(slot)?;
            }
            b'r' => {
                let slot = u32::from_le_bytes(self.bytes.array()?);
                self.remember(slot)?;
            }
            0x94 => {
                let slot = u32::try_from(self.memo.len()).unwrap_or(u32::MAX);
                self.remember(slot)?;
            }
            b'h' => {
                let slot = self.bytes.byte()?.into();
                self.recall(slot)?;
            }
            b'j' => {
                let slot = u32::from_le_bytes(self.bytes.array()?);
                self.recall(slot)?;
            }
            b'c' => {
                let (module, name) = (self.bytes.line()?, self.bytes.line()?);
                self.global(module, name)?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => {
                    self.global(module.start.to_string(), name.start.to_string())?
                }
                _ => return Err(self.malformed("a class without a name")),
            },
            b'R' => {
                let arguments = self.pop()?;
                let function = self.pop()?;
                let Value::Global(function) = function else {
                    return Err(PickleError::Forbidden(format!("{function} as a function")));
                };
                let arguments = self.heap.arguments(&arguments);
                let value = self.calls.call(self.heap, &function, &arguments)?;
                self.push(value);
            }
            // NEWOBJ, NEWOBJ_EX
            0x81 => {
                let arguments = self.pop()?;
                self.instance(&arguments)?;
            }
            0x92 => {
                self.pop()?;
                let arguments = self.pop()?;
                self.instance(&arguments)?;
            }
            // OBJ: an instance of a classic class of Python 2.
            b'o' => {
                let mut items = self.pop_to_mark()?.into_iter();
                let class = items
                    .next()
                    .ok_or_else(|| self.malformed("an object without a class"))?;
                self.push(class);
                let none = self.heap.sequence(Vec::new());
                self.instance(&none)?;
            }
            // INST: likewise, with the class's name in the text.
            b'i' => {
                let (module, name) = (self.bytes.line()?, self.bytes.line()?);
                self.pop_to_mark()?;
                self.global(module, name)?;
                let none = self.heap.sequence(Vec::new());
                self.instance(&none)?;
            }
            b'b' => {
                let new = self.pop()?;
                if let Value::Object(id) = *self.top()?
                    && let Some(Node::Object(object)) = self.heap.node_mut(id)
                {
                    object.state = new;
                }
            }
            b'Q' => {
                let id = self.pop()?;
                let value = self.calls.persistent(self.heap, &id)?;
                self.push(value);
            }
            opcode => return Err(PickleError::Opcode { opcode, at }),
        }
        Ok(None)
    }

    fn malformed(&self, what: &'static str) -> PickleError {
        PickleError::Malformed {
            what,
            at: self.bytes.at,
        }
    }

    fn push(&mut self, value: Value<C::Made>) {
        self.stack.push(value);
    }

    /// What lies below the last mark belongs to a container not yet made.
    fn pop(&mut self) -> Result<Value<C::Made>, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.malformed("the stack is empty"));
        }
        self.stack
            .pop()
            .ok_or_else(|| self.malformed("the stack is empty"))
    }

    fn top(&self) -> Result<&Value<C::Made>, PickleError> {
        self.stack
            .last()
            .ok_or_else(|| self.malformed("the stack is empty"))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value<C::Made>>, PickleError> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => Err(self.malformed("a mark is missing")),
        }
    }

    fn sequence(&mut self, items: Vec<Value<C::Made>>) {
        let value = self.heap.sequence(items);
        self.push(value);
    }

    fn tuple(&mut self, length: usize) -> Result<(), PickleError> {
        let mut items = Vec::with_capacity(length);
        for _ in 0..length {
            items.push(self.pop()?);
        }
        items.reverse();
        self.sequence(items);
        Ok(())
    }

    /// No number that is used has more bytes than a byte can count.
    fn long(&mut self, length: u64) -> Result<(), PickleError> {
        if length > 255 {
            self.bytes.skip(length)?;
            self.push(Value::Opaque);
            return Ok(());
        }
        let bytes = self.bytes.take(length as usize)?;
        let value = if bytes.len() <= 8 {
            // Two's complement: the sign fills the bytes that are not written.
            let fill = if bytes.last().is_some_and(|&b| b >= 0x80) {
                0xff
            } else {
                0
            };
            let mut all = [fill; 8];
            for (to, from) in all.iter_mut().zip(bytes) {
                *to = from;
            }
            Value::Int(i64::from_le_bytes(all))
        } else {
            Value::Long(bytes.into())
        };
        self.push(value);
        Ok(())
    }

    /// Python 2's strings are bytes, and names among them are ASCII.
    fn text(&mut self, length: u64) -> Result<(), PickleError> {
        let (span, start) = self.bytes.string(length)?;
        let start = String::from_utf8_lossy(&start).into();
        self.push(Value::Text(Text { start, span }));
        Ok(())
    }

    fn blob(&mut self, length: u64) -> Result<(), PickleError> {
        let span = self.bytes.skip(length)?;
        self.push(Value::Bytes(span));
        Ok(())
    }

    /// Python numbers what it keeps from 0 on, so a larger number than there are steps is made up.
    fn remember(&mut self, slot: u32) -> Result<(), PickleError> {
        if slot as usize >= C::MAX_STEPS {
            return Err(self.malformed("an absurd place in the memo"));
        }
        let value = self.top()?.clone();
        self.memo.insert(slot, value);
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<(), PickleError> {
        let value = self.memo.get(&slot).cloned();
        let value = value.ok_or_else(|| self.malformed("a value that was not kept"))?;
        self.push(value);
        Ok(())
    }

    fn global(&mut self, module: String, name: String) -> Result<(), PickleError> {
        let global = Global { module, name };
        self.calls.admit(&global)?;
        self.push(Value::Global(Rc::new(global)));
        Ok(())
    }

    fn instance(&mut self, arguments: &Value<C::Made>) -> Result<(), PickleError> {
        let Value::Global(class) = self.pop()? else {
            return Err(self.malformed("an object without a class"));
        };
        let arguments = self.heap.arguments(arguments);
        let value = self.calls.instance(self.heap, &class, &arguments)?;
        self.push(value);
        Ok(())
    }

    /// Appends to the list or set on top. A list that is an object of another class keeps nothing.
    fn extend(&mut self, items: Vec<Value<C::Made>>) -> Result<(), PickleError> {
        if let Value::Sequence(id) = *self.top()?
            && let Some(Node::Sequence(all)) = self.heap.node_mut(id)
        {
            all.extend(items);
        }
        Ok(())
    }

    fn set_items(&mut self, items: Vec<Value<C::Made>>) -> Result<(), PickleError> {
        let mut items = items.into_iter();
        let mut pairs = Vec::new();
        while let Some(key) = items.next() {
            let value = items
                .next()
                .ok_or_else(|| self.malformed("a key without a value"))?;
            pairs.push((key, value));
        }
        match *self.top()? {
            Value::Dict(id) | Value::Object(id) => match self.heap.node_mut(id) {
                Some(Node::Dict(all)) => all.extend(pairs),
                Some(Node::Object(object)) => object.items.extend(pairs),
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }
}
