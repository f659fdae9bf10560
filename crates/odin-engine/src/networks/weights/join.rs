//! Tensors that other projects keep in several parts.
use std::collections::BTreeMap;

use tch::{TchError, Tensor};

use odin_core::networks::Parameter;

/// A tensor of ours, and theirs that make it up, one below the other. Each is said by a part of its name.
#[derive(Debug)]
pub(super) struct Parts {
    whole: &'static str,
    parts: &'static [&'static str],
}

/// Queries, keys and values of self-attention.
pub(super) const ATTENTION: Parts = Parts {
    whole: ".attn.qkv.",
    parts: &[".attn.query.", ".attn.key.", ".attn.value."],
};

impl Parts {
    /// What a file has in the place of this tensor.
    pub(super) fn of(&self, parameter: Parameter) -> Vec<Parameter> {
        let rows = parameter.shape.first().copied().unwrap_or(0) / self.parts.len() as i64;
        if !parameter.name.contains(self.whole) {
            return vec![parameter];
        }
        let shape: Vec<i64> = std::iter::once(rows)
            .chain(parameter.shape.iter().skip(1).copied())
            .collect();
        let part = |part: &&str| Parameter {
            name: parameter.name.replace(self.whole, part),
            shape: shape.clone(),
            role: parameter.role,
        };
        self.parts.iter().map(part).collect()
    }

    /// The tensors with each whole in the place of its parts, where all of these are there.
    pub(super) fn joined(
        &self,
        mut tensors: BTreeMap<String, Tensor>,
    ) -> Result<BTreeMap<String, Tensor>, TchError> {
        let Some(first) = self.parts.first() else {
            return Ok(tensors);
        };
        let wholes: Vec<String> = tensors
            .keys()
            .filter(|name| name.contains(first))
            .map(|name| name.replace(first, self.whole))
            .collect();
        for whole in wholes {
            let names: Vec<String> = self
                .parts
                .iter()
                .map(|part| whole.replace(self.whole, part))
                .collect();
            let Some(parts) = names
                .iter()
                .map(|name| tensors.get(name))
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let joined = Tensor::f_cat(&parts, 0)?;
            for name in &names {
                tensors.remove(name);
            }
            tensors.insert(whole, joined);
        }
        Ok(tensors)
    }
}
