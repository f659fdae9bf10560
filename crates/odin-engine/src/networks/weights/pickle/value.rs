//! What a pickle describes, as plain data. Containers lie in a heap and are named by number, so that cycles and deep
//! nesting in a hostile file cost nothing to drop.
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use super::PickleError;

/// A container in the [`Heap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(usize);

#[derive(Debug, Clone)]
pub enum Value {
    None,
    Bool,
    Int(i64),
    /// Beyond 64 bits: two's complement, little-endian.
    Long(Rc<[u8]>),
    Float,
    Text(Rc<str>),
    Global(Rc<Global>),
    /// A tuple, list or set.
    Sequence(Id),
    Dict(Id),
    Object(Id),
    Storage(Rc<Storage>),
    Tensor(Rc<TensorView>),
    /// Something of no interest here: bytes, a NumPy scalar, a device, …
    Opaque,
}

impl Value {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool => "a truth value",
            Self::Int(_) | Self::Long(_) | Self::Float => "a number",
            Self::Text(_) => "a text",
            Self::Global(_) => "a class",
            Self::Sequence(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Object(_) => "an object",
            Self::Storage(_) => "a storage",
            Self::Tensor(_) => "a single tensor",
            Self::Opaque => "a value of another library",
        }
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

/// What a storage's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    Half,
    Brain,
    Float,
    Double,
    /// Integers and truth values of so many bytes.
    Integer(u8),
    /// Complex or quantised, of so many bytes.
    Other(u8),
}

impl Element {
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        Some(match class {
            "HalfStorage" => Self::Half,
            "BFloat16Storage" => Self::Brain,
            "FloatStorage" => Self::Float,
            "DoubleStorage" => Self::Double,
            "LongStorage" => Self::Integer(8),
            "IntStorage" => Self::Integer(4),
            "ShortStorage" => Self::Integer(2),
            "CharStorage" | "ByteStorage" | "BoolStorage" => Self::Integer(1),
            "QUInt8Storage" | "QInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => Self::Other(1),
            "QInt32Storage" => Self::Other(4),
            "ComplexFloatStorage" => Self::Other(8),
            "ComplexDoubleStorage" => Self::Other(16),
            _ => return None,
        })
    }

    pub fn bytes(self) -> u64 {
        match self {
            Self::Half | Self::Brain => 2,
            Self::Float => 4,
            Self::Double => 8,
            Self::Integer(n) | Self::Other(n) => u64::from(n),
        }
    }
}

/// A part of the file's data: `count` elements from element `first` of what the file keeps under `key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    pub key: Rc<str>,
    pub element: Element,
    pub first: u64,
    pub count: u64,
}

/// A tensor as a strided window on a storage, not yet checked against it.
#[derive(Debug, Clone)]
pub struct TensorView {
    pub storage: Rc<Storage>,
    pub offset: u64,
    pub size: Vec<u64>,
    pub stride: Vec<u64>,
}

/// An instance of a class: its attributes, and its items where the class is a dictionary.
#[derive(Debug)]
pub struct Object {
    pub class: Rc<Global>,
    pub state: Value,
    pub items: Vec<(Value, Value)>,
}

#[derive(Debug)]
pub(super) enum Node {
    Sequence(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Object(Object),
}

/// Every container of one file's pickles.
#[derive(Debug, Default)]
pub struct Heap {
    nodes: Vec<Node>,
    /// What the file's storages hold, by key. The legacy format keeps their data without saying so again.
    pub elements: BTreeMap<Rc<str>, Element>,
    copied: usize,
}

/// Entries that calls may copy from one container to another, over a whole file: a small pickle can ask for any number.
const MAX_COPIED: usize = 4_000_000;
/// No call of PyTorch's has more arguments; the rest is not looked at.
const MAX_ARGUMENTS: usize = 16;

impl Heap {
    fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        Id(self.nodes.len() - 1)
    }

    pub(super) fn sequence(&mut self, items: Vec<Value>) -> Value {
        Value::Sequence(self.add(Node::Sequence(items)))
    }

    pub(super) fn dict(&mut self, items: Vec<(Value, Value)>) -> Value {
        Value::Dict(self.add(Node::Dict(items)))
    }

    pub(super) fn object(&mut self, class: Rc<Global>) -> Value {
        Value::Object(self.add(Node::Object(Object {
            class,
            state: Value::None,
            items: Vec::new(),
        })))
    }

    pub(super) fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(id.0)
    }

    /// The items of a list, tuple or set.
    pub fn items(&self, value: &Value) -> Option<&[Value]> {
        match value {
            Value::Sequence(id) => match self.nodes.get(id.0) {
                Some(Node::Sequence(items)) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// A tuple of arguments.
    pub(super) fn arguments(&self, tuple: &Value) -> Vec<Value> {
        let all = self.items(tuple).unwrap_or_default();
        all.iter().take(MAX_ARGUMENTS).cloned().collect()
    }

    /// Counts entries about to be copied.
    pub(super) fn charge(&mut self, entries: usize) -> Result<(), PickleError> {
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
    pub fn entries(&self, value: &Value) -> Option<&[(Value, Value)]> {
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

    pub fn get_object(&self, value: &Value) -> Option<&Object> {
        match value {
            Value::Object(id) => match self.nodes.get(id.0) {
                Some(Node::Object(object)) => Some(object),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value under a key of a dictionary.
    pub fn get(&self, dict: &Value, key: &str) -> Option<&Value> {
        let entries = self.entries(dict)?;
        entries
            .iter()
            .rev()
            .find(|(k, _)| k.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// An attribute of an object. Its state is a dictionary, or a pair of one and the slots.
    pub fn attribute(&self, object: &Value, name: &str) -> Option<&Value> {
        let state = &self.get_object(object)?.state;
        match self.items(state) {
            Some(parts) => self.get(parts.first()?, name),
            None => self.get(state, name),
        }
    }
}
