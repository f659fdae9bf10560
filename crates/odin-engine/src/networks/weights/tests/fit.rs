//! Which dictionary of a file is the network's.
use std::collections::BTreeSet;

use odin_core::networks::Parameter;

use super::*;
use crate::networks::weights::fit::{Candidate, Chosen, Described, Needed};

const SMALL: Architecture = Architecture::DensenetBc { depth: 10, growth: 2 };

/// The network's own tensors behind a prefix; their sources tell which they are.
fn set(prefix: &str, source: u32) -> BTreeMap<String, Described<u32>> {
    let all = SMALL.parameters(3).unwrap();
    let one = |p: Parameter| {
        let tensor = Described {
            size: p.shape,
            unusable: None,
            source,
        };
        (format!("{prefix}{}", p.name), tensor)
    };
    all.into_iter().map(one).collect()
}

fn other(size: &[i64], unusable: Option<&str>) -> Described<u32> {
    Described {
        size: size.to_vec(),
        unusable: unusable.map(str::to_owned),
        source: 99,
    }
}

fn candidate(place: &str, tensors: BTreeMap<String, Described<u32>>) -> Candidate<u32> {
    Candidate {
        place: place.to_owned(),
        tensors,
    }
}

fn choose(candidates: &[Candidate<u32>], key: Option<&str>) -> Result<Chosen<u32>, String> {
    let needed = Needed::of(SMALL, 3, key).unwrap();
    needed.choose(candidates).map_err(|error| match error {
        ReadError::Unfit(error) => error.to_string(),
        other => other.to_string(),
    })
}

fn source(chosen: &Chosen<u32>) -> u32 {
    assert_eq!(chosen.tensors.len(), SMALL.parameters(3).unwrap().len());
    let sources: BTreeSet<u32> = chosen.tensors.values().copied().collect();
    assert_eq!(sources.len(), 1);
    chosen.tensors["fc.bias"]
}

#[test]
fn weights_are_found_behind_any_one_prefix() {
    for prefix in [
        "",
        "model.",
        "module.",
        "backbone.",
        "1.",
        "_orig_mod.",
        "net.1.module._orig_mod.encoder.",
    ] {
        let mut tensors = set(prefix, 1);
        tensors.insert(
            format!("{prefix}bn1.num_batches_tracked"),
            other(&[], Some("holds integers")),
        );
        tensors.insert("n_averaged".into(), other(&[], Some("holds integers")));
        tensors.insert("criterion.weight".into(), other(&[3], None));
        tensors.insert("table".into(), other(&[], Some("is a sparse tensor")));
        let chosen = choose(&[candidate("", tensors)], None).unwrap_or_else(|e| panic!("{prefix}: {e}"));
        assert_eq!(source(&chosen), 1);
        assert_eq!(chosen.passed_over, ["criterion.weight", "table"], "{prefix}");
    }
    // Compiled in the middle.
    let within = |(name, tensor): (String, _)| (name.replace("block1.", "block1._orig_mod."), tensor);
    let compiled = set("model.", 1).into_iter().map(within).collect();
    assert_eq!(source(&choose(&[candidate("", compiled)], None).unwrap()), 1);
}

#[test]
fn the_dictionary_that_fits_is_taken_wherever_it_lies() {
    let best = || candidate("", BTreeMap::from([("best".to_owned(), other(&[], None))]));
    let momentum = candidate(
        "optimizer.state[0]",
        BTreeMap::from([("fc.bias".to_owned(), other(&[3], None))]),
    );
    let all = [best(), momentum, candidate("anything[2]", set("module.", 5))];
    assert_eq!(source(&choose(&all, None).unwrap()), 5);
    // By two ways the same.
    let twice = [
        candidate("model", set("", 5)),
        candidate("state_dict", set("module.", 5)),
    ];
    assert_eq!(source(&choose(&twice, None).unwrap()), 5);
}

#[test]
fn where_several_fit_a_person_says_which() {
    let places = [
        candidate("state_dict", set("", 1)),
        candidate("state_dict_ema", set("module.", 2)),
    ];
    let text = choose(&places, None).unwrap_err();
    assert!(text.contains("`state_dict`, `state_dict_ema.module`"), "{text}");
    assert!(text.contains("`weights_key: state_dict_ema.module`"), "{text}");
    assert_eq!(
        source(&choose(&places, Some("state_dict_ema.module")).unwrap()),
        2
    );
    assert_eq!(source(&choose(&places, Some("state_dict")).unwrap()), 1);
    assert_eq!(choose(&places, Some("ema")).unwrap_err(), text);
    // A key that was right for another file does no harm.
    assert_eq!(source(&choose(&places[..1], Some("ema")).unwrap()), 1);
    let beside = [candidate(
        "",
        set("", 1).into_iter().chain(set("teacher.", 2)).collect(),
    )];
    let text = choose(&beside, None).unwrap_err();
    assert!(text.contains("(`''`), `teacher`"), "{text}");
    assert_eq!(source(&choose(&beside, Some("")).unwrap()), 1);
    assert_eq!(source(&choose(&beside, Some("teacher")).unwrap()), 2);
}

#[test]
fn what_changes_the_network_is_not_passed_over() {
    for (name, telling) in [
        ("conv1.bias", "conv1.bias"),
        ("block1.layer.7.conv1.weight", "block1.layer.7"),
    ] {
        let mut tensors = set("model.", 1);
        tensors.insert(format!("model.{name}"), other(&[4], None));
        let text = choose(&[candidate("", tensors)], None).unwrap_err();
        assert!(
            text.contains("not part of the network") && text.contains(telling),
            "{text}"
        );
    }
    let mut tensors = set("model.", 1);
    tensors.remove("model.fc.bias");
    let text = choose(&[candidate("", tensors)], None).unwrap_err();
    assert!(text.contains("1 missing: fc.bias"), "{text}");
    let mut tensors = set("", 1);
    tensors.insert(
        "conv1.weight".into(),
        other(&[4, 3, 3, 3], Some("holds integers, and floats are needed")),
    );
    let text = choose(&[candidate("", tensors)], None).unwrap_err();
    assert!(text.contains("1 unusable: conv1.weight holds integers"), "{text}");
    let text = choose(
        &[candidate(
            "",
            BTreeMap::from([("a".to_owned(), other(&[1], None))]),
        )],
        None,
    )
    .unwrap_err();
    assert!(text.contains("1 not part of the network: a"), "{text}");
}
