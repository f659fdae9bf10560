//! What files of Vision Transformers alone have: position embeddings of a grid, attention in parts, a head of another name.
use tch::Kind;

use super::*;
use crate::networks::weights::fit::{Candidate, Described, Needed};
use crate::networks::weights::join::ATTENTION;
use crate::networks::weights::positions::Positions;

fn vit() -> Architecture {
    serde_yaml::from_str("{kind: vit, width: 16, depth: 1, heads: 2, patch: 8, image: [24, 16]}").unwrap()
}

/// The tensors of the network, some of another size.
fn tensors(change: &[(&str, &[i64])]) -> BTreeMap<String, Described<()>> {
    let mut all: BTreeMap<String, Described<()>> = BTreeMap::new();
    let own = vit()
        .parameters(3)
        .unwrap()
        .into_iter()
        .map(|p| (p.name, p.shape));
    let changed = change
        .iter()
        .map(|(name, size)| ((*name).to_owned(), size.to_vec()));
    for (name, size) in own.chain(changed) {
        let tensor = Described {
            size,
            unusable: None,
            source: (),
        };
        all.insert(name, tensor);
    }
    all
}

fn choose(tensors: BTreeMap<String, Described<()>>) -> Result<Vec<String>, String> {
    let needed = Needed::of(vit(), 3, None).unwrap();
    let place = String::new();
    match needed.choose(&[Candidate { place, tensors }]) {
        Ok(chosen) => Ok(chosen.tensors.into_keys().collect()),
        Err(ReadError::Unfit(error)) => Err(error.to_string()),
        Err(other) => Err(other.to_string()),
    }
}

#[test]
fn position_embeddings_of_any_square_fit() {
    for count in [2, 5, 10, 7, 197] {
        assert!(
            choose(tensors(&[("pos_embed", &[1, count, 16])])).is_ok(),
            "{count}"
        );
    }
    for (size, telling) in [
        ([1, 8, 16], "resized only where they are of a square of patches"),
        ([1, 196, 16], "resized only where they are of a square of patches"),
        ([1, 1, 16], "resized only where they are of a square of patches"),
        (
            [1, 10, 32],
            "1 of another shape: pos_embed ([1, 10, 32], needed [1, 7, 16])",
        ),
    ] {
        let text = choose(tensors(&[("pos_embed", &size)])).unwrap_err();
        assert!(text.contains(telling), "{text}");
    }
}

#[test]
fn resizing_keeps_what_is_even() {
    let positions = Positions {
        skip: 1,
        grid: [3, 2],
    };
    let token = Tensor::zeros([1, 1, 2], (Kind::Float, Device::Cpu));
    let grid = Tensor::from_slice(&[1f32, -2.0])
        .view([1, 1, 2])
        .expand([1, 16, 2], false);
    let (resized, told) = positions
        .resized(&Tensor::cat(&[&token, &grid], 1))
        .unwrap()
        .unwrap();
    assert_eq!(told, "position embeddings resized from 4×4 patches to 3×2");
    let wanted = Tensor::cat(&[&token, &grid.narrow(1, 0, 6)], 1);
    assert!(resized.allclose(&wanted, 1e-6, 1e-6, false));
    // As many as there are: of this grid.
    assert!(positions.resized(&wanted).unwrap().is_none());
}

#[test]
fn a_head_of_another_size_is_told() {
    let text = choose(tensors(&[("head.weight", &[9, 16]), ("head.bias", &[9])])).unwrap_err();
    assert!(text.starts_with("the weights tell 9 classes apart"), "{text}");
    let weights = Weights::initial(&vit(), 9, 1).unwrap();
    let text = weights.check(&vit(), 3).unwrap_err().to_string();
    assert!(text.starts_with("the weights tell 9 classes apart"), "{text}");
}

#[test]
fn parts_of_attention_become_one_tensor() {
    let part = |name: &str, value: f32| (name.to_owned(), Tensor::from_slice(&[value]));
    let names = ["a.attn.query.bias", "a.attn.key.bias", "a.attn.value.bias"];
    let parts = names
        .into_iter()
        .zip([1.0, 2.0, 3.0])
        .map(|(name, value)| part(name, value));
    let joined = ATTENTION
        .joined(parts.chain([part("b.attn.query.bias", 4.0)]).collect())
        .unwrap();
    // What lacks a part stays, and is reported.
    assert_eq!(
        joined.keys().collect::<Vec<_>>(),
        ["a.attn.qkv.bias", "b.attn.query.bias"]
    );
    let whole = Vec::<f32>::try_from(&joined["a.attn.qkv.bias"]).unwrap();
    assert_eq!(whole, [1.0, 2.0, 3.0]);
}
