//! Other projects' names for the same tensors, and the prefixes that wrappers leave, as data.
use std::collections::BTreeMap;

use super::ReadError;

/// Left by DataParallel, `torch.compile` and training frameworks; taken off where every name has it.
const PREFIXES: &[&str] = &["module.", "_orig_mod.", "model.", "net."];

/// pytorchcv's names (DenseNet and Wide ResNet for CIFAR) and ours. `{x}` stands for a number, `{x-1}` for the one
/// before it, a final `*` for the rest of the name.
const PYTORCHCV: &[(&str, &str)] = &[
    ("features.init_block.weight", "conv1.weight"),
    (
        "features.stage{b}.unit{u}.conv{n}.bn.*",
        "block{b}.layer.{u-1}.bn{n}.*",
    ),
    (
        "features.stage{b}.unit{u}.conv{n}.conv.*",
        "block{b}.layer.{u-1}.conv{n}.*",
    ),
    (
        "features.stage{b}.unit{u}.body.conv{n}.bn.*",
        "block{b}.layer.{u-1}.bn{n}.*",
    ),
    (
        "features.stage{b}.unit{u}.body.conv{n}.conv.*",
        "block{b}.layer.{u-1}.conv{n}.*",
    ),
    (
        "features.stage{b}.unit{u}.identity_conv.*",
        "block{b}.layer.{u-1}.convShortcut.*",
    ),
    ("features.stage{b}.trans{t}.conv.bn.*", "trans{b-1}.bn1.*"),
    ("features.stage{b}.trans{t}.conv.conv.*", "trans{b-1}.conv1.*"),
    ("features.post_activ.bn.*", "bn1.*"),
    ("output.*", "fc.*"),
];

/// Names that only pytorchcv's networks have.
const PYTORCHCV_MARK: &str = "features.init_block.";

/// Whether a name is one of pytorchcv's, behind whatever prefix.
pub(super) fn is_of_pytorchcv(name: &str) -> bool {
    name.contains(PYTORCHCV_MARK)
}

/// Our name for one of pytorchcv's.
pub(super) fn of_pytorchcv(name: &str) -> Option<String> {
    PYTORCHCV.iter().find_map(|(from, to)| apply(from, to, name))
}

/// The tensors under our names, where they are known under others.
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
    if !tensors.keys().any(|name| name.starts_with(PYTORCHCV_MARK)) {
        return Ok(tensors);
    }
    let mut renamed = BTreeMap::new();
    for (name, tensor) in tensors {
        // A name that no line knows stays, and is reported as surplus.
        let ours = of_pytorchcv(&name).unwrap_or_else(|| name.clone());
        if renamed.insert(ours.clone(), tensor).is_some() {
            return Err(ReadError::why(format!(
                "has two tensors that both mean {ours}, {name} one of them"
            )));
        }
    }
    Ok(renamed)
}

/// The name by the pattern `to`, where `from` fits all of it.
fn apply(from: &str, to: &str, name: &str) -> Option<String> {
    let mut numbers: Vec<(&str, usize)> = Vec::new();
    let (mut pattern, mut rest) = (from, name);
    let tail = loop {
        if pattern == "*" {
            break rest;
        }
        let Some((before, after)) = pattern.split_once('{') else {
            match pattern.strip_suffix('*') {
                Some(start) => break rest.strip_prefix(start)?,
                None if pattern == rest => break "",
                None => return None,
            }
        };
        rest = rest.strip_prefix(before)?;
        let (key, after) = after.split_once('}')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, left) = rest.split_at_checked(digits)?;
        numbers.push((key, number.parse().ok()?));
        (pattern, rest) = (after, left);
    };
    let mut text = to.replace('*', tail);
    for (key, number) in numbers {
        text = text.replace(&format!("{{{key}}}"), &number.to_string());
        let before = format!("{{{key}-1}}");
        if text.contains(&before) {
            text = text.replace(&before, &number.checked_sub(1)?.to_string());
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use tch::Tensor;

    use super::*;

    #[test]
    fn pytorchcv_names_become_ours() {
        let ours = of_pytorchcv;
        for (theirs, expected) in [
            ("features.init_block.weight", "conv1.weight"),
            (
                "features.stage1.unit1.conv1.bn.running_var",
                "block1.layer.0.bn1.running_var",
            ),
            (
                "features.stage3.unit16.conv2.conv.weight",
                "block3.layer.15.conv2.weight",
            ),
            ("features.stage2.trans2.conv.bn.weight", "trans1.bn1.weight"),
            ("features.stage3.trans3.conv.conv.weight", "trans2.conv1.weight"),
            (
                "features.stage2.unit4.body.conv2.conv.weight",
                "block2.layer.3.conv2.weight",
            ),
            (
                "features.stage2.unit1.identity_conv.weight",
                "block2.layer.0.convShortcut.weight",
            ),
            ("features.post_activ.bn.bias", "bn1.bias"),
            ("output.bias", "fc.bias"),
        ] {
            assert_eq!(ours(theirs).as_deref(), Some(expected));
        }
        for strange in [
            "features.stage1.unit0.conv1.bn.weight",
            "features.stage1.unitx.conv1.bn.weight",
            "outputs.bias",
            "",
        ] {
            assert_eq!(ours(strange), None, "{strange}");
        }
    }

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
