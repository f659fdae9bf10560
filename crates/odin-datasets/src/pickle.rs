//! Pickles read as a description: what they would call is noted by name and never called.
//!
//! Strings stay in the file and are known by their place, so a batch of pixels costs no memory.
use super::cursor::{Cursor, MAX_NAME, Stop, broken};
use super::error::DatasetError;
use super::files::OpenFile;

/// A value, by its number in [`Pickle::values`].
pub(super) type Id = usize;

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// None, a float, or whatever else is of no use here.
    Other,
    Bool(bool),
    Int(i64),
    /// Bytes or text, from `offset` in the file.
    Text {
        offset: u64,
        len: u64,
    },
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// `module.name`.
    Global(String),
    /// What a call would have made, and the state that it would have been given.
    Made {
        function: String,
        arguments: Id,
        state: Option<Id>,
    },
}

pub(super) struct Pickle<'a> {
    file: &'a OpenFile,
    values: Vec<Value>,
    pub top: Id,
}

/// More steps than any data set of this kind needs: a bound on the memory that a pickle can take.
const MAX_STEPS: usize = 1_000_000;

impl<'a> Pickle<'a> {
    /// Reads `file`, letting it name no functions but `allowed`.
    pub fn open(file: &'a OpenFile, allowed: &[&str]) -> Result<Self, DatasetError> {
        let pickle = Self {
            file,
            values: Vec::new(),
            top: 0,
        };
        let mut machine = Machine {
            pickle,
            allowed,
            cursor: Cursor::new(file),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
        };
        for _ in 0..MAX_STEPS {
            let at = machine.cursor.at;
            match machine.step() {
                Ok(true) => {}
                Ok(false) => return Ok(machine.pickle),
                Err(Stop::Read(error)) => return Err(error),
                Err(Stop::Why(why)) => {
                    return Err(DatasetError::malformed(
                        &file.path,
                        format!("in the pickle, at offset {at}: {why}"),
                    ));
                }
            }
        }
        Err(DatasetError::malformed(
            &file.path,
            format!("a pickle of more than {MAX_STEPS} steps: no data set"),
        ))
    }

    pub fn get(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::Other)
    }

    pub fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// The elements of a tuple or a list.
    pub fn items(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(items) | Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// A short text.
    pub fn text(&self, id: Id) -> Option<String> {
        let mut value = self.get(id);
        // Python 3 writes bytes for Python 2 as a text to be encoded.
        if let Value::Made {
            function, arguments, ..
        } = value
            && function == "_codecs.encode"
        {
            value = self.get(*self.items(*arguments)?.first()?);
        }
        let &Value::Text { offset, len } = value else {
            return None;
        };
        let mut bytes = vec![0; usize::try_from(len).ok().filter(|_| len <= MAX_NAME)?];
        self.file.read_at(&mut bytes, offset).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// What a dictionary holds under `key`.
    pub fn entry(&self, dict: Id, key: &str) -> Option<Id> {
        let Value::Dict(entries) = self.get(dict) else {
            return None;
        };
        entries
            .iter()
            .rev()
            .find(|(known, _)| self.text(*known).as_deref() == Some(key))
            .map(|(_, value)| *value)
    }
}

struct Machine<'a, 'b> {
    pickle: Pickle<'a>,
    allowed: &'b [&'b str],
    cursor: Cursor<'a>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

impl Machine<'_, '_> {
    /// One instruction; false after the last.
    fn step(&mut self) -> Result<bool, Stop> {
        let code = self.cursor.number(1)? as u8;
        match code {
            b'.' => {
                self.pickle.top = self.pop()?;
                return Ok(false);
            }
            0x80 => drop(self.cursor.number(1)?),
            0x95 => drop(self.cursor.number(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'N' => self.push(Value::Other),
            0x88 | 0x89 => self.push(Value::Bool(code == 0x88)),
            b'K' => self.int(1)?,
            b'M' => self.int(2)?,
            b'J' => {
                let n = self.cursor.number(4)? as u32 as i32;
                self.push(Value::Int(i64::from(n)));
            }
            b'G' => {
                self.cursor.number(8)?;
                self.push(Value::Other);
            }
            0x8a => {
                let len = self.cursor.number(1)?;
                if len > 8 {
                    return broken("an integer of more than 64 bits");
                }
                let shift = 64 - 8 * len as u32;
                let n = self.cursor.number(len as usize)?;
                // Shifted up and down again to spread the sign.
                self.push(Value::Int(
                    (n.checked_shl(shift).unwrap_or(0) as i64)
                        .checked_shr(shift)
                        .unwrap_or(0),
                ));
            }
            b'U' | b'C' | 0x8c => self.string(1)?,
            b'T' | b'B' | b'X' => self.string(4)?,
            0x8d | 0x8e | 0x96 => self.string(8)?,
            b'q' => self.put(1)?,
            b'r' => self.put(4)?,
            0x94 => self.remember(self.memo.len())?,
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b't' => {
                let items = self.since_mark()?;
                self.push(Value::Tuple(items));
            }
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(code - 0x84));
                let Some(from) = from else {
                    return broken("the stack is empty");
                };
                let items = self.stack.split_off(from);
                self.push(Value::Tuple(items));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.since_mark()?;
                self.set(&items)?;
            }
            b'c' => {
                let (module, name) = (self.cursor.line()?, self.cursor.line()?);
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (module, name) = (self.pickle.text(module), self.pickle.text(name));
                self.global(&module.unwrap_or_default(), &name.unwrap_or_default())?;
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let Value::Global(function) = self.pickle.get(function).clone() else {
                    return broken("a call of what is no function");
                };
                self.push(Value::Made {
                    function,
                    arguments,
                    state: None,
                });
            }
            b'b' => {
                let given = self.pop()?;
                match self.top_mut() {
                    Some(Value::Made { state, .. }) => *state = Some(given),
                    _ => return broken("a state for what has none"),
                }
            }
            _ => {
                return Err(Stop::Why(format!(
                    "instruction 0x{code:02x}, which no data set needs"
                )));
            }
        }
        Ok(true)
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.pickle.values.len());
        self.pickle.values.push(value);
    }

    /// Pops what was pushed since the last mark, not what lies below it.
    fn pop(&mut self) -> Result<Id, Stop> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.pop() {
            Some(id) if self.stack.len() >= floor => Ok(id),
            _ => broken("the stack is empty"),
        }
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, Stop> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => broken("a mark is missing"),
        }
    }

    fn top_mut(&mut self) -> Option<&mut Value> {
        self.stack.last().and_then(|id| self.pickle.values.get_mut(*id))
    }

    fn append(&mut self, mut items: Vec<Id>) -> Result<(), Stop> {
        match self.top_mut() {
            Some(Value::List(list)) => {
                list.append(&mut items);
                Ok(())
            }
            _ => broken("an element for what is no list"),
        }
    }

    fn set(&mut self, items: &[Id]) -> Result<(), Stop> {
        let (pairs, []) = items.as_chunks::<2>() else {
            return broken("a key without a value");
        };
        match self.top_mut() {
            Some(Value::Dict(entries)) => {
                entries.extend(pairs.iter().map(|[key, value]| (*key, *value)));
                Ok(())
            }
            _ => broken("an entry for what is no dictionary"),
        }
    }

    fn int(&mut self, bytes: usize) -> Result<(), Stop> {
        let n = self.cursor.number(bytes)?;
        self.push(Value::Int(n as i64));
        Ok(())
    }

    fn string(&mut self, bytes: usize) -> Result<(), Stop> {
        let len = self.cursor.number(bytes)?;
        let offset = self.cursor.at;
        self.cursor.skip(len)?;
        self.push(Value::Text { offset, len });
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Stop> {
        let global = format!("{module}.{name}");
        if !self.allowed.contains(&global.as_str()) {
            return Err(Stop::Why(format!(
                "it asks for `{global}`, which no data set needs and which is never run"
            )));
        }
        self.push(Value::Global(global));
        Ok(())
    }

    fn put(&mut self, bytes: usize) -> Result<(), Stop> {
        let slot = self.cursor.number(bytes)? as usize;
        self.remember(slot)
    }

    fn remember(&mut self, slot: usize) -> Result<(), Stop> {
        let Some(&id) = self.stack.last() else {
            return broken("nothing to remember");
        };
        if slot >= MAX_STEPS {
            return broken("an absurd place in the memo");
        }
        if self.memo.len() <= slot {
            self.memo.resize(slot + 1, None);
        }
        if let Some(place) = self.memo.get_mut(slot) {
            *place = Some(id);
        }
        Ok(())
    }

    fn recall(&mut self, bytes: usize) -> Result<(), Stop> {
        let slot = self.cursor.number(bytes)? as usize;
        match self.memo.get(slot).copied().flatten() {
            Some(id) => self.stack.push(id),
            None => return broken("what was never remembered"),
        }
        Ok(())
    }
}
