//! What a pickle describes, as plain data. Containers lie in a heap and are named by number, so that cycles and deep
//! nesting in a hostile file cost nothing to drop.
use std::fmt;
use std::rc::Rc;

use super::error::PickleError;

/// A container in the [`Heap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(usize);

/// Where a string lies in the pickle: `len` bytes from byte `at`, counted from the pickle's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub at: u64,
    pub len: u64,
}

/// A text, or a string of Python 2, which may hold anything.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its first [`MAX_NAME`](super::MAX_NAME) bytes, as far as they are text.
    pub start: Rc<str>,
    pub span: Span,
}

/// A value of a pickle; `M` is what the user of the machine makes of calls ([`Calls::Made`](super::Calls::Made)).
///
/// Shown as what it is, for messages: "a number", "a list".
#[derive(Debug, Clone)]
pub enum Value<M> {
    None,
    Bool(bool),
    Int(i64),
    /// Beyond 64 bits: two's complement, little-endian.
    Long(Rc<[u8]>),
    Float,
    Text(Text),
    /// Bytes of Python 3.
    Bytes(Span),
    Global(Rc<Global>),
    /// A tuple, list or set.
    Sequence(Id),
    Dict(Id),
    Object(Id),
    Made(M),
    /// Something of no interest to the user of the machine.
    Opaque,
}

impl<M> Value<M> {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.start),
            _ => None,
        }
    }

    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }
}

impl<M: fmt::Display> fmt::Display for Value<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::Long(_) | Self::Float => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) | Self::Opaque => "a value of another library",
            Self::Global(_) => "a class",
            Self::Sequence(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Object(_) => "an object",
            Self::Made(made) => return made.fmt(f),
        })
    }
}

/// The name of a Python class or function. Nothing is ever imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    pub module: String,
    pub name: String,
}

impl fmt::Display for Global {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

/// What a class or function would have made: its arguments, the attributes given later, and its items where it is a
/// dictionary.
#[derive(Debug)]
pub struct Object<M> {
    pub class: Rc<Global>,
    pub arguments: Vec<Value<M>>,
    pub state: Value<M>,
    pub items: Vec<(Value<M>, Value<M>)>,
}

#[derive(Debug)]
pub(super) enum Node<M> {
    Sequence(Vec<Value<M>>),
    Dict(Vec<(Value<M>, Value<M>)>),
    Object(Object<M>),
}

/// Every container of one file's pickles.
#[derive(Debug)]
pub struct Heap<M> {
    nodes: Vec<Node<M>>,
    copied: usize,
}

impl<M> Default for Heap<M> {
    fn default() -> Self {
        Self {
            nodes: Vec::new(),
            copied: 0,
        }
    }
}

/// Entries that calls may copy from one container to another, over a whole file: a small pickle can ask for any number.
const MAX_COPIED: usize = 4_000_000;
/// No known call has more arguments; the rest is not looked at.
const MAX_ARGUMENTS: usize = 16;

impl<M: Clone> Heap<M> {
    fn add(&mut self, node: Node<M>) -> Id {
        self.nodes.push(node);
        Id(self.nodes.len() - 1)
    }

    /// A new list.
    pub fn sequence(&mut self, items: Vec<Value<M>>) -> Value<M> {
        Value::Sequence(self.add(Node::Sequence(items)))
    }

    /// A new dictionary.
    pub fn dict(&mut self, items: Vec<(Value<M>, Value<M>)>) -> Value<M> {
        Value::Dict(self.add(Node::Dict(items)))
    }

    /// A new record of an object.
    pub fn object(&mut self, class: Rc<Global>, arguments: &[Value<M>]) -> Value<M> {
        Value::Object(self.add(Node::Object(Object {
            class,
            arguments: arguments.to_vec(),
            state: Value::None,
            items: Vec::new(),
        })))
    }

    pub(super) fn node_mut(&mut self, id: Id) -> Option<&mut Node<M>> {
        self.nodes.get_mut(id.0)
    }

    /// The items of a list, tuple or set.
    pub fn items(&self, value: &Value<M>) -> Option<&[Value<M>]> {
        match value {
            Value::Sequence(id) => match self.nodes.get(id.0) {
                Some(Node::Sequence(items)) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// The arguments in a tuple: the first few, where there are absurdly many.
    pub fn arguments(&self, tuple: &Value<M>) -> Vec<Value<M>> {
        let all = self.items(tuple).unwrap_or_default();
        all.iter().take(MAX_ARGUMENTS).cloned().collect()
    }

    /// Counts entries about to be copied from one container to another.
    ///
    /// # Errors
    /// Where a file asks for more of it than any real one does.
    pub fn charge(&mut self, entries: usize) -> Result<(), PickleError> {
        self.copied = self.copied.saturating_add(entries);
        if self.copied <= MAX_COPIED {
            return Ok(());
        }
        Err(PickleError::Limit {
            what: "copied entries",
            limit: MAX_COPIED,
        })
    }

    /// The entries of a dictionary, or of an object that is one. A key may come twice: the last one counts.
    pub fn entries(&self, value: &Value<M>) -> Option<&[(Value<M>, Value<M>)]> {
        match value {
            Value::Dict(id) => match self.nodes.get(id.0) {
                Some(Node::Dict(entries)) => Some(entries),
                _ => None,
            },
            Value::Object(_) => self
                .get_object(value)
                .map(|object| object.items.as_slice())
                .filter(|items| !items.is_empty()),
            _ => None,
        }
    }

    /// The record of an object.
    pub fn get_object(&self, value: &Value<M>) -> Option<&Object<M>> {
        match value {
            Value::Object(id) => match self.nodes.get(id.0) {
                Some(Node::Object(object)) => Some(object),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value under a key of a dictionary.
    pub fn get(&self, dict: &Value<M>, key: &str) -> Option<&Value<M>> {
        let entries = self.entries(dict)?;
        entries
            .iter()
            .rev()
            .find(|(k, _)| k.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// An attribute of an object. Its state is a dictionary, or a pair of one and the slots.
    pub fn attribute(&self, object: &Value<M>, name: &str) -> Option<&Value<M>> {
        let state = &self.get_object(object)?.state;
        match self.items(state) {
            Some(parts) => self.get(parts.first()?, name),
            None => self.get(state, name),
        }
    }
}
