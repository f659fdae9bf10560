//! Which network the tensors of a file are, where no card says so: every dictionary, behind every prefix and by every scheme of
//! names, is shown to the families, and what these propose is compared tensor by tensor.
use std::collections::{BTreeMap, BTreeSet};

use odin_core::networks::recognise::{self, Proposal, Shapes};

use super::fit::{COMPILED, Candidate, Chosen, Needed, is_counter, several_fit};
use super::recognised::{Nearest, Recognised};
use super::schemes;
use super::{ReadError, WeightsError};

/// For a comparison where the last layer is missing, which alone says how many.
const CLASSES: usize = 1000;

/// A proposal, and by whose names it was read.
struct Proposed {
    proposal: Proposal,
    whose: Option<&'static str>,
}

impl Proposed {
    fn classes(&self) -> usize {
        // A last layer of one logit has no classes to tell apart, and is shown as misfit.
        self.proposal.classes.unwrap_or(CLASSES).max(2)
    }
}

/// The tensors of the one network that a file holds. `key` says which weights are meant, where several fit.
pub(super) fn choose<T: PartialEq + Clone>(
    candidates: &[Candidate<T>],
    key: Option<&str>,
) -> Result<Chosen<T>, ReadError> {
    let proposed = proposals(candidates);
    let mut needs = Vec::new();
    for one in &proposed {
        if let Ok(needed) = Needed::of(one.proposal.architecture, one.classes(), key) {
            needs.push((one, needed));
        }
    }
    let mut fitting: Vec<(&Proposed, &Needed<'_>, Vec<String>)> = Vec::new();
    for (one, needed) in &needs {
        if one.proposal.classes != Some(one.classes()) {
            continue;
        }
        let places = needed.places(candidates);
        if !places.is_empty() {
            fitting.push((one, needed, places));
        }
    }
    let is_meant = |places: &[String]| key.is_some_and(|key| places.iter().any(|place| place == key));
    if fitting.len() > 1 && fitting.iter().any(|(.., places)| is_meant(places)) {
        fitting.retain(|(.., places)| is_meant(places));
    }
    match fitting.as_slice() {
        [(one, needed, _)] => {
            let mut chosen = needed.choose(candidates)?;
            chosen.recognised = Some(Recognised {
                architecture: one.proposal.architecture,
                classes: one.classes(),
                whose: chosen.whose,
            });
            Ok(chosen)
        }
        [] => Err(unrecognised(&needs, candidates)),
        several if key.is_some() => {
            let all = several.iter().flat_map(|(.., places)| places.iter().cloned());
            let places: BTreeSet<String> = all.collect();
            Err(several_fit(&places.into_iter().collect::<Vec<_>>()))
        }
        several => {
            let tell = |(one, _, places): &(&Proposed, &Needed<'_>, Vec<String>)| {
                let place = places.join(", ");
                let at = match place.is_empty() {
                    true => String::new(),
                    false => format!(" (`{place}`)"),
                };
                format!("{} with {} classes{at}", one.proposal.architecture, one.classes())
            };
            Err(ReadError::Unfit(Box::new(WeightsError::SeveralNetworks {
                networks: several.iter().map(tell).collect(),
            })))
        }
    }
}

/// What the families propose, each once.
fn proposals<T>(candidates: &[Candidate<T>]) -> Vec<Proposed> {
    let mut all: Vec<Proposed> = Vec::new();
    for candidate in candidates {
        for tensors in behind_prefixes(candidate).values() {
            for scheme in schemes::all() {
                let renamed = |(name, size): (&String, &&Vec<i64>)| {
                    (scheme.ours(name).unwrap_or_else(|| name.clone()), (*size).clone())
                };
                let shapes: Shapes = tensors.iter().map(renamed).collect();
                for proposal in recognise::proposals(&shapes) {
                    keep(&mut all, proposal, Some(scheme.whose));
                }
            }
        }
    }
    if all.is_empty() {
        let by_shapes = candidates.iter().filter_map(|candidate| {
            let sizes = candidate.tensors.iter().filter(|(name, _)| !is_counter(name));
            recognise::by_shapes(
                &sizes
                    .map(|(_, tensor)| tensor.size.as_slice())
                    .collect::<Vec<_>>(),
            )
        });
        by_shapes.for_each(|proposal| keep(&mut all, proposal, None));
    }
    all
}

fn keep(all: &mut Vec<Proposed>, proposal: Proposal, whose: Option<&'static str>) {
    let is_same = |other: &Proposed| {
        other.proposal.architecture == proposal.architecture && other.proposal.classes == proposal.classes
    };
    if !all.iter().any(is_same) {
        all.push(Proposed { proposal, whose });
    }
}

/// Sizes by the rest of the name, for everything that names begin with before a dot, and for nothing.
fn behind_prefixes<T>(candidate: &Candidate<T>) -> BTreeMap<String, BTreeMap<String, &Vec<i64>>> {
    let mut all: BTreeMap<String, BTreeMap<String, &Vec<i64>>> = BTreeMap::new();
    for (key, tensor) in &candidate.tensors {
        let name = key.replace(COMPILED, "");
        let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
        for (prefix, rest) in starts.filter_map(|at| name.split_at_checked(at)) {
            let behind = all.entry(prefix.to_owned()).or_default();
            behind.insert(rest.to_owned(), &tensor.size);
        }
    }
    all
}

/// Why the file holds no network that is known here, told of the nearest.
fn unrecognised<T: PartialEq + Clone>(
    needs: &[(&Proposed, Needed<'_>)],
    candidates: &[Candidate<T>],
) -> ReadError {
    let apart = needs
        .iter()
        .map(|(one, needed)| (one, needed.nearest(candidates)));
    let nearest = apart.min_by_key(|(one, mismatches)| (one.proposal.classes.is_none(), mismatches.count()));
    let names: BTreeSet<&str> = candidates
        .iter()
        .flat_map(|c| c.tensors.keys())
        .map(String::as_str)
        .collect();
    let names: Vec<String> = names
        .into_iter()
        .filter(|name| !is_counter(name))
        .map(str::to_owned)
        .collect();
    let nearest = nearest.map(|(one, mismatches)| Nearest {
        architecture: one.proposal.architecture,
        classes: one.proposal.classes,
        whose: one.whose,
        doubts: one.proposal.doubts.clone(),
        mismatches,
    });
    ReadError::Unfit(Box::new(WeightsError::Unrecognised {
        nearest: nearest.map(Box::new),
        names,
    }))
}
