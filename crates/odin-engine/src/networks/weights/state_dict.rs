//! Finds the dictionaries of tensors in what a checkpoint holds: under any key, in lists, among the attributes of objects,
//! and in whole modules, whose records are walked as `state_dict()` would. Which of them are the network's weights is
//! for `fit` to say.
use std::collections::BTreeMap;
use std::rc::Rc;

use super::ReadError;
use super::calls::Value;
use super::fit::{Candidate, Described};
use super::view::{Made, TensorView};
use odin_datasets::pickle::Heap;

/// A tensor of a pickle; `None` where it is of a kind that is not read.
pub(super) type Source = Option<Rc<TensorView>>;
type Tensors = BTreeMap<String, Described<Source>>;

/// Of containers within containers: `{'model': {'state_dict': …}}` is two.
const MAX_LEVELS: usize = 5;
/// Containers that are looked into; training scripts log thousands of small dictionaries.
const MAX_CONTAINERS: usize = 200_000;
/// Of modules within modules: a DenseNet has five. A cycle in a hostile file ends here.
const MAX_DEPTH: usize = 32;
/// Modules and tensors together: a DenseNet-BC-190 has 3,000. Shared modules could multiply without end.
const MAX_VISITS: usize = 200_000;

/// Every dictionary of tensors, in the order of the file.
pub(super) fn find(root: &Value, heap: &Heap<Made>) -> Result<Vec<Candidate<Source>>, ReadError> {
    let mut search = Search {
        heap,
        found: Vec::new(),
        visits: 0,
    };
    search.look(root, "", 0)?;
    match search.found.is_empty() {
        true => Err(nothing(root, heap)),
        false => Ok(search.found),
    }
}

struct Search<'a> {
    heap: &'a Heap<Made>,
    found: Vec<Candidate<Source>>,
    visits: usize,
}

fn is_module(value: &Value, heap: &Heap<Made>) -> bool {
    ["_modules", "_parameters"]
        .iter()
        .any(|part| heap.attribute(value, part).is_some())
}

/// Entries of a dictionary, or the attributes of an object that is none.
fn entries<'a>(value: &Value, heap: &'a Heap<Made>) -> &'a [(Value, Value)] {
    if let Some(entries) = heap.entries(value) {
        return entries;
    }
    let Some(object) = heap.get_object(value) else {
        return &[];
    };
    let state = match heap.items(&object.state) {
        // A pair of the attributes and the slots.
        Some([attributes, ..]) => attributes,
        _ => &object.state,
    };
    heap.entries(state).unwrap_or_default()
}

impl Search<'_> {
    fn look(&mut self, value: &Value, place: &str, level: usize) -> Result<(), ReadError> {
        self.visits += 1;
        if level > MAX_LEVELS || self.visits > MAX_CONTAINERS {
            return Ok(());
        }
        let heap = self.heap;
        if is_module(value, heap) {
            let mut walk = Walk {
                heap,
                found: BTreeMap::new(),
                visits: 0,
            };
            walk.module(value, "", 0)?;
            self.keep(place, walk.found);
            return Ok(());
        }
        let entries = entries(value, heap);
        let named = entries
            .iter()
            .filter_map(|(key, value)| Some((key.text()?.to_owned(), described(value)?)));
        self.keep(place, named.collect());
        for (key, inner) in entries.iter().filter(|(_, inner)| is_container(inner)) {
            let place = match (key, place) {
                (Value::Text(key), "") => key.start.to_string(),
                (Value::Text(key), place) => format!("{place}.{}", key.start),
                (Value::Int(n), place) => format!("{place}[{n}]"),
                _ => continue,
            };
            self.look(inner, &place, level + 1)?;
        }
        for (n, inner) in heap.items(value).unwrap_or_default().iter().enumerate() {
            if is_container(inner) {
                self.look(inner, &format!("{place}[{n}]"), level + 1)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, place: &str, tensors: Tensors) {
        if !tensors.is_empty() {
            let place = place.to_owned();
            self.found.push(Candidate { place, tensors });
        }
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Dict(_) | Value::Object(_) | Value::Sequence(_))
}

/// A tensor, of any kind.
fn described(value: &Value) -> Option<Described<Source>> {
    let Value::Made(made) = value else { return None };
    Some(match made {
        Made::Tensor(view) => Described {
            size: view
                .size
                .iter()
                .map(|&n| i64::try_from(n).unwrap_or(i64::MAX))
                .collect(),
            unusable: view.unusable(),
            source: Some(view.clone()),
        },
        Made::Unread(what) => Described {
            size: Vec::new(),
            unusable: Some(format!("is {what}, and dense floats are needed")),
            source: None,
        },
        Made::Storage(_) => return None,
    })
}

/// What there is in place of weights.
fn nothing(root: &Value, heap: &Heap<Made>) -> ReadError {
    if is_module(root, heap) {
        return ReadError::why("holds a module without a single tensor");
    }
    let Some(entries) = heap.entries(root) else {
        let what = match heap.get_object(root) {
            Some(object) => format!("an object of the class `{}`", object.class),
            None => root.to_string(),
        };
        return ReadError::why(format!(
            "holds {what}, where a dictionary of tensors or a module is needed; save `model.state_dict()`"
        ));
    };
    if entries.is_empty() {
        return ReadError::why("holds an empty dictionary");
    }
    let keys: Vec<&str> = entries.iter().filter_map(|(key, _)| key.text()).take(8).collect();
    let keys = match keys.is_empty() {
        true => "no names".to_owned(),
        false => format!("the keys {}", keys.join(", ")),
    };
    ReadError::why(format!(
        "holds a dictionary with {keys}, and nowhere in it tensors by name; save `model.state_dict()`"
    ))
}

struct Walk<'a> {
    heap: &'a Heap<Made>,
    found: Tensors,
    visits: usize,
}

impl Walk<'_> {
    fn visit(&mut self) -> Result<(), ReadError> {
        self.visits += 1;
        if self.visits <= MAX_VISITS {
            return Ok(());
        }
        Err(ReadError::why(format!(
            "has a module of more than {MAX_VISITS} parts: it is damaged or made up"
        )))
    }

    fn module(&mut self, module: &Value, prefix: &str, depth: usize) -> Result<(), ReadError> {
        self.visit()?;
        if depth > MAX_DEPTH {
            return Err(ReadError::why(format!(
                "has modules nested more than {MAX_DEPTH} deep: it is damaged or made up"
            )));
        }
        let heap = self.heap;
        let entries = |part: &str| {
            let dict = heap.attribute(module, part);
            dict.and_then(|dict| heap.entries(dict)).unwrap_or_default()
        };
        let hidden = heap
            .attribute(module, "_non_persistent_buffers_set")
            .and_then(|set| heap.items(set));
        let is_hidden = |name: &str| hidden.unwrap_or_default().iter().any(|h| h.text() == Some(name));
        for (key, value) in entries("_parameters").iter().chain(entries("_buffers")) {
            self.visit()?;
            if let (Some(name), Some(tensor)) = (key.text(), described(value))
                && !is_hidden(name)
            {
                self.found.insert(format!("{prefix}{name}"), tensor);
            }
        }
        for (key, value) in entries("_modules") {
            if let (Some(name), Value::Object(_)) = (key.text(), value) {
                self.module(value, &format!("{prefix}{name}."), depth + 1)?;
            }
        }
        Ok(())
    }
}
