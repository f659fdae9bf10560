//! Tensors under our names, without the prefixes that wrappers leave, where no network is there to say what fits.
use std::collections::BTreeMap;

use super::ReadError;
use super::scheme::Scheme;
use super::schemes::{PYTORCHCV, TORCHVISION_VIT, TRANSFORMERS, TRANSFORMERS_VIT};

/// Left by DataParallel, `torch.compile` and training frameworks; taken off where every name has it.
const PREFIXES: &[&str] = &["module.", "_orig_mod.", "model.", "net."];

/// The tensors under our names, where it can be told that they are known under others.
pub(super) fn to_ours<T>(tensors: BTreeMap<String, T>) -> Result<BTreeMap<String, T>, ReadError> {
    let mut tensors = tensors;
    while let Some(prefix) = PREFIXES
        .iter()
        .find(|p| !tensors.is_empty() && tensors.keys().all(|n| n.starts_with(**p)))
    {
        let strip =
            |(name, tensor): (String, T)| (name.strip_prefix(prefix).unwrap_or(&name).to_owned(), tensor);
        tensors = tensors.into_iter().map(strip).collect();
    }
    let is_marked = |scheme: &&Scheme| {
        let begins = |mark| tensors.keys().any(|name| name.starts_with(mark));
        scheme.mark.is_some_and(begins)
    };
    let Some(scheme) = [PYTORCHCV, TRANSFORMERS, TORCHVISION_VIT, TRANSFORMERS_VIT]
        .iter()
        .find(is_marked)
    else {
        return Ok(tensors);
    };
    let mut renamed = BTreeMap::new();
    for (name, tensor) in tensors {
        // A name that no line knows stays, and is reported as surplus.
        let ours = scheme.ours(&name).unwrap_or_else(|| name.clone());
        if renamed.insert(ours.clone(), tensor).is_some() {
            return Err(ReadError::why(format!(
                "has two tensors that both mean {ours}, {name} one of them"
            )));
        }
    }
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;

    #[test]
    fn prefixes_go_only_where_all_have_them() {
        let tensors = |names: &[&str]| -> BTreeMap<String, Tensor> {
            names
                .iter()
                .map(|n| ((*n).to_owned(), Tensor::from(0f32)))
                .collect()
        };
        let names = |all: BTreeMap<String, Tensor>| all.into_keys().collect::<Vec<_>>();
        let all = to_ours(tensors(&["module.model.a", "module.model.b"])).unwrap();
        assert_eq!(names(all), ["a", "b"]);
        let some = to_ours(tensors(&["module.a", "b"])).unwrap();
        assert_eq!(names(some), ["b", "module.a"]);
        let twice = to_ours(tensors(&["features.init_block.weight", "conv1.weight"]));
        assert!(twice.is_err());
    }
}
