//! Tensors as a pickle describes them: strided windows on the file's data.
use std::fmt;
use std::rc::Rc;

/// What a storage's elements are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
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
            // Bytes, for kinds that have no class of their own.
            "UntypedStorage" => Self::Other(1),
            "QInt32Storage" => Self::Other(4),
            "ComplexFloatStorage" => Self::Other(8),
            "ComplexDoubleStorage" => Self::Other(16),
            _ => return None,
        })
    }

    pub(super) fn bytes(self) -> u64 {
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
pub(super) struct Storage {
    pub key: Rc<str>,
    pub element: Element,
    pub first: u64,
    pub count: u64,
}

/// A tensor as a strided window on a storage, not yet checked against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TensorView {
    pub storage: Rc<Storage>,
    pub offset: u64,
    pub size: Vec<u64>,
    pub stride: Vec<u64>,
}

impl TensorView {
    /// Why its values are no weights, where they are none.
    pub(super) fn unusable(&self) -> Option<String> {
        match self.storage.element {
            Element::Half | Element::Brain | Element::Float | Element::Double => None,
            Element::Integer(_) => Some("holds integers, and floats are needed".to_owned()),
            Element::Other(_) => Some("holds complex or quantised values, and floats are needed".to_owned()),
        }
    }
}

/// What PyTorch's calls and persistent ids stand for.
#[derive(Debug, Clone)]
pub(super) enum Made {
    Storage(Rc<Storage>),
    Tensor(Rc<TensorView>),
    /// A tensor, or data for one, of a kind that is not read: sparse, quantised, float8. Says which.
    Unread(Rc<str>),
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Storage(_) => "a storage",
            Self::Tensor(_) | Self::Unread(_) => "a single tensor",
        })
    }
}
