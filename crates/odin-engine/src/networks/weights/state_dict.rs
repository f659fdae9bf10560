//! Finds the tensors of a network in what a checkpoint holds: a dictionary of them, such a dictionary under one of the
//! usual keys, or a whole module, whose records are walked as `state_dict()` would.
use std::rc::Rc;

use super::ReadError;
use super::calls::Value;
use super::view::{Made, TensorView};
use odin_datasets::pickle::Heap;

pub(super) type Named = Vec<(String, Rc<TensorView>)>;

/// Where training scripts put the weights, in the order of preference.
const KEYS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "module",
];
/// `{'model': {'state_dict': …}}` is two.
const MAX_LEVELS: usize = 4;
/// Of modules within modules: a DenseNet has five. A cycle in a hostile file ends here.
const MAX_DEPTH: usize = 32;
/// Modules and tensors together: a DenseNet-BC-190 has 3,000. Shared modules could multiply without end.
const MAX_VISITS: usize = 200_000;

pub(super) fn find(root: &Value, heap: &Heap<Made>) -> Result<Named, ReadError> {
    let mut value = root;
    for _ in 0..MAX_LEVELS {
        if heap.attribute(value, "_modules").is_some() || heap.attribute(value, "_parameters").is_some() {
            let mut walk = Walk {
                heap,
                found: Vec::new(),
                visits: 0,
            };
            walk.module(value, "", 0)?;
            return some(walk.found);
        }
        // Before the tensors beside it: `{'best_accuracy': tensor(0.94), 'state_dict': …}` is common.
        let inner = KEYS
            .iter()
            .filter_map(|key| heap.get(value, key))
            .find(|v| is_container(v));
        match inner {
            Some(inner) => value = inner,
            None => return tensors_of(value, heap),
        }
    }
    Err(ReadError::why(
        "nests its weights deeper than any known checkpoint; save the state_dict alone",
    ))
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Dict(_) | Value::Object(_))
}

fn some(found: Named) -> Result<Named, ReadError> {
    if found.is_empty() {
        return Err(ReadError::why("holds a module without a single tensor"));
    }
    Ok(found)
}

fn tensors_of(dict: &Value, heap: &Heap<Made>) -> Result<Named, ReadError> {
    let Some(entries) = heap.entries(dict) else {
        let what = match heap.get_object(dict) {
            Some(object) => format!("an object of the class `{}`", object.class),
            None => dict.to_string(),
        };
        return Err(ReadError::why(format!(
            "holds {what}, where a dictionary of tensors or a module is needed; save `model.state_dict()`"
        )));
    };
    let tensor = |(key, value): &(Value, Value)| match value {
        Value::Made(Made::Tensor(view)) => Some((key.text()?.to_owned(), view.clone())),
        _ => None,
    };
    let found: Named = entries.iter().filter_map(tensor).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let keys: Vec<&str> = entries.iter().filter_map(|(key, _)| key.text()).take(8).collect();
    Err(ReadError::why(if entries.is_empty() {
        "holds an empty dictionary".to_owned()
    } else {
        format!(
            "holds a dictionary with {} and no tensors, under {} neither; save `model.state_dict()`",
            if keys.is_empty() {
                "no names".to_owned()
            } else {
                format!("the keys {}", keys.join(", "))
            },
            KEYS.join(", ")
        )
    }))
}

struct Walk<'a> {
    heap: &'a Heap<Made>,
    found: Named,
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
            if let (Some(name), Value::Made(Made::Tensor(view))) = (key.text(), value)
                && !is_hidden(name)
            {
                self.found.push((format!("{prefix}{name}"), view.clone()));
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
