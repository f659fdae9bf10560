//! The calls that PyTorch's pickles make, and what each is worth here. No call is made; one that is
//! not listed leaves the record of an object, and where there is nothing but such objects, the file is refused.
use std::collections::BTreeMap;
use std::rc::Rc;

use odin_datasets::pickle::{Calls, Global, Heap, PickleError, Value as Any};

use super::view::{Element, Made, Storage, TensorView};

/// A value of a checkpoint's pickle.
pub(super) type Value = Any<Made>;

/// What PyTorch's pickles may ask for.
#[derive(Debug, Default)]
pub(super) struct Torch {
    /// What the file's storages hold, by key. The legacy format keeps their data without saying so again.
    pub elements: BTreeMap<Rc<str>, Element>,
    /// Storages of a kind that is not known, with its name.
    pub unknown: BTreeMap<Rc<str>, String>,
    /// Functions that Python would call and that no weights need; none is called. The first few.
    pub uncalled: Vec<String>,
}

/// So many are named.
const MAX_UNCALLED: usize = 8;

/// Within modules that act on the machine, what only holds data.
const DATA_CLASSES: &[(&str, &str)] = &[("types", "SimpleNamespace")];

/// Modules whose functions act on the machine: their mere mention is refused, however it would have been used.
const ACTING: &[&str] = &[
    "_pickle",
    "_posixsubprocess",
    "asyncio",
    "bdb",
    "code",
    "codeop",
    "commands",
    "ctypes",
    "importlib",
    "marshal",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "os.path",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "platform",
    "posix",
    "posixpath",
    "pty",
    "pydoc",
    "runpy",
    "shelve",
    "shutil",
    "signal",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "timeit",
    "types",
    "urllib",
    "urllib.request",
    "urllib2",
    "webbrowser",
    "zipimport",
];

const BUILTINS: &[&str] = &["builtins", "__builtin__"];

/// The builtin types that carry data. Every other builtin is a function.
const DATA_TYPES: &[&str] = &[
    "set",
    "frozenset",
    "list",
    "tuple",
    "dict",
    "object",
    "int",
    "long",
    "float",
    "complex",
    "bool",
    "str",
    "unicode",
    "bytes",
    "bytearray",
    "slice",
    "range",
    "xrange",
];

/// Calls whose result is of no interest to weights: it becomes an opaque value, the call is not made.
const HARMLESS: &[(&str, &str)] = &[
    ("torch", "device"),
    ("torch.nn.backends.thnn", "_get_thnn_function_backend"),
    ("torch.serialization", "_get_layout"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
    ("functools", "partial"),
    ("pathlib", "PosixPath"),
    ("pathlib", "PurePosixPath"),
    ("pathlib", "WindowsPath"),
    ("pathlib._local", "PosixPath"),
    ("datetime", "datetime"),
    ("datetime", "date"),
    ("datetime", "timedelta"),
    ("builtins", "bytearray"),
    ("builtins", "complex"),
    ("builtins", "slice"),
    ("builtins", "range"),
    ("__builtin__", "bytearray"),
    ("__builtin__", "complex"),
    ("__builtin__", "slice"),
    ("__builtin__", "xrange"),
];

impl Calls for Torch {
    type Made = Made;

    /// A WRN-28-10 takes 10,000 steps, a DenseNet-BC-100 saved whole 60,000.
    const MAX_STEPS: usize = 4_000_000;

    fn admit(&self, global: &Global) -> Result<(), PickleError> {
        let (module, name) = (global.module.as_str(), global.name.as_str());
        let acts = if DATA_CLASSES.contains(&(module, name)) {
            false
        } else if BUILTINS.contains(&module) {
            !DATA_TYPES.contains(&name)
        } else {
            ACTING.contains(&module)
        };
        if acts {
            Err(PickleError::Forbidden(global.to_string()))
        } else {
            Ok(())
        }
    }

    fn call(
        &mut self,
        heap: &mut Heap<Made>,
        function: &Rc<Global>,
        arguments: &[Value],
    ) -> Result<Value, PickleError> {
        let first = || arguments.first().cloned().unwrap_or(Value::None);
        let (module, name) = (function.module.as_str(), function.name.as_str());
        match (module, name) {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => tensor(heap, arguments),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state")
            | ("torch.nn.parameter", "Parameter" | "Buffer")
            | ("torch.autograd.variable", "Variable") => Ok(first()),
            // (function, class, its arguments, attributes): a tensor with Python attributes.
            ("torch._tensor" | "torch.tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => {
                let inner = arguments.get(2).map(|a| heap.arguments(a)).unwrap_or_default();
                match first() {
                    Value::Global(g) if g.module == "torch._utils" => self.call(heap, &g, &inner),
                    other => Err(PickleError::Forbidden(name_of(&other))),
                }
            }
            ("torch._utils", other) if other.starts_with("_rebuild_") => Ok(unread(match other {
                "_rebuild_sparse_tensor" => "sparse".to_owned(),
                "_rebuild_qtensor" => "quantised".to_owned(),
                "_rebuild_nested_tensor" => "nested".to_owned(),
                "_rebuild_tensor_v3" => match arguments.get(6) {
                    Some(Value::Global(kind)) => format!("of the kind `{kind}`"),
                    _ => "of a kind of its own".to_owned(),
                },
                other => format!("of a kind that is not read here (`{other}`)"),
            })),
            ("torch.storage", "_load_from_bytes") => Err(PickleError::Unsupported(
                "it was written by `pickle.dump`: save the weights with `torch.save(model.state_dict(), \"weights.pth\")`"
                    .to_owned(),
            )),
            ("collections", "OrderedDict" | "Counter") => dictionary(heap, &first()),
            ("collections", "defaultdict") => Ok(heap.dict(Vec::new())),
            ("builtins" | "__builtin__", "set" | "frozenset" | "list" | "tuple") | ("torch", "Size") => {
                match first() {
                    items @ Value::Sequence(_) => Ok(items),
                    _ => Ok(heap.sequence(Vec::new())),
                }
            }
            // copyreg's way to make an instance: the class comes first.
            ("copyreg" | "copy_reg", "_reconstructor" | "__newobj__") => match first() {
                Value::Global(class) => self.instance(heap, &class, &[]),
                other => Err(PickleError::Forbidden(name_of(&other))),
            },
            _ if HARMLESS.contains(&(module, name)) => Ok(Value::Opaque),
            _ => {
                let name = function.to_string();
                if self.uncalled.len() < MAX_UNCALLED && !self.uncalled.contains(&name) {
                    self.uncalled.push(name);
                }
                // What is put into it later is kept: a dictionary of one's own class may hold the weights.
                Ok(heap.object(function.clone(), &[]))
            }
        }
    }

    fn instance(
        &mut self,
        heap: &mut Heap<Made>,
        class: &Rc<Global>,
        arguments: &[Value],
    ) -> Result<Value, PickleError> {
        Ok(match (class.module.as_str(), class.name.as_str()) {
            ("collections", "OrderedDict" | "Counter" | "defaultdict") => heap.dict(Vec::new()),
            ("torch", "Size") => arguments.first().cloned().unwrap_or(Value::Opaque),
            _ => heap.object(class.clone(), &[]),
        })
    }

    /// `('storage', class, key, device, count[, view])`, or the legacy `('module', class, file, source)`, whose source
    /// text is left unread.
    fn persistent(&mut self, heap: &mut Heap<Made>, id: &Value) -> Result<Value, PickleError> {
        let items = heap.arguments(id);
        match items.as_slice() {
            [kind, class @ Value::Global(_), ..] if kind.text() == Some("module") => Ok(class.clone()),
            [
                kind,
                Value::Global(class),
                Value::Text(key),
                _device,
                Value::Int(count),
                rest @ ..,
            ] if kind.text() == Some("storage") => self.storage(heap, class, &key.start, *count, rest),
            _ => Err(unusable_id("neither a storage nor a module")),
        }
    }
}

/// A tensor of this kind.
fn unread(kind: String) -> Value {
    Value::Made(Made::Unread(kind.into()))
}

fn unusable_id(why: &str) -> PickleError {
    PickleError::Unsupported(format!("it refers to data in an unknown way ({why})"))
}

impl Torch {
    /// `count` elements of the storage `key`; of these the view in `rest`, where there is one.
    fn storage(
        &mut self,
        heap: &Heap<Made>,
        class: &Global,
        key: &Rc<str>,
        count: i64,
        rest: &[Value],
    ) -> Result<Value, PickleError> {
        let is_torch = matches!(class.module.as_str(), "torch" | "torch.cuda" | "torch.storage");
        let Some(element) = Element::of_storage(&class.name).filter(|_| is_torch) else {
            self.unknown.insert(key.clone(), class.to_string());
            return Ok(unread(format!("of the kind `{class}`")));
        };
        let before = self.elements.insert(key.clone(), element);
        if before.is_some_and(|before| before != element) {
            return Err(unusable_id("one storage as two kinds"));
        }
        let count = u64::try_from(count).map_err(|_| unusable_id("a negative size"))?;
        let (first, count) = match rest.first().and_then(|view| heap.items(view)) {
            // (key of the view, first element, number of elements)
            Some([_, Value::Int(first), Value::Int(part)]) => {
                match (u64::try_from(*first), u64::try_from(*part)) {
                    (Ok(first), Ok(part)) if first.checked_add(part).is_some_and(|end| end <= count) => {
                        (first, part)
                    }
                    _ => return Err(unusable_id("a view beyond its storage")),
                }
            }
            Some(_) => return Err(unusable_id("a view that is none")),
            None => (0, count),
        };
        Ok(Value::Made(Made::Storage(Rc::new(Storage {
            key: key.clone(),
            element,
            first,
            count,
        }))))
    }
}

fn name_of(value: &Value) -> String {
    match value {
        Value::Global(global) => global.to_string(),
        other => format!("{other} as a function"),
    }
}

/// `OrderedDict([[key, value], …])` as Python 2 wrote it, or a copy of another dictionary.
fn dictionary(heap: &mut Heap<Made>, from: &Value) -> Result<Value, PickleError> {
    let pairs: Vec<(Value, Value)> = match (heap.items(from), heap.entries(from)) {
        (Some(items), _) => items
            .iter()
            .filter_map(|pair| match heap.items(pair)? {
                [key, value] => Some((key.clone(), value.clone())),
                _ => None,
            })
            .collect(),
        (None, Some(entries)) => entries.to_vec(),
        (None, None) => Vec::new(),
    };
    heap.charge(pairs.len())?;
    Ok(heap.dict(pairs))
}

/// Networks have four; libtorch's own limit is higher.
const MAX_DIMENSIONS: usize = 16;

/// (storage, offset, size, stride, …)
fn tensor(heap: &Heap<Made>, arguments: &[Value]) -> Result<Value, PickleError> {
    let unusable =
        || PickleError::Unsupported("it describes a tensor in a way that PyTorch does not".to_owned());
    let natural = |value: &Value| match value {
        Value::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    };
    let naturals = |value: &Value| -> Option<Vec<u64>> {
        let items = heap.items(value).filter(|items| items.len() <= MAX_DIMENSIONS)?;
        items.iter().map(natural).collect()
    };
    if let [unread @ Value::Made(Made::Unread(_)), ..] = arguments {
        return Ok(unread.clone());
    }
    let [Value::Made(Made::Storage(storage)), offset, size, stride, ..] = arguments else {
        return Err(unusable());
    };
    let (Some(offset), Some(size), Some(stride)) = (natural(offset), naturals(size), naturals(stride)) else {
        return Err(unusable());
    };
    if size.len() != stride.len() {
        return Err(unusable());
    }
    Ok(Value::Made(Made::Tensor(Rc::new(TensorView {
        storage: storage.clone(),
        offset,
        size,
        stride,
    }))))
}
