//! Which tensors of a file are a network's weights: of all dictionaries of tensors in it, the one that has every name
//! that the network needs, behind any one prefix. What lies beside them is passed over, and named.
use std::collections::{BTreeMap, BTreeSet};

use odin_core::networks::{Architecture, ArchitectureError, Parameter, Role};

use super::positions::Positions;
use super::recognised::Recognised;
use super::rename;
use super::scheme::Scheme;
use super::schemes;
use super::{Mismatches, ReadError, WeightsError};

/// A dictionary of tensors, of which no data is read yet.
#[derive(Debug)]
pub(super) struct Candidate<T> {
    /// The keys that lead to it, such as `state_dict`; empty where it is all that the file holds.
    pub place: String,
    pub tensors: BTreeMap<String, Described<T>>,
}

/// A tensor, as far as it is known without its data.
#[derive(Debug)]
pub(super) struct Described<T> {
    pub size: Vec<i64>,
    /// Why it is no weight, such as "holds integers, …".
    pub unusable: Option<String>,
    pub source: T,
}

/// What was chosen, under the names that the network has for it.
#[derive(Debug)]
pub(super) struct Chosen<T> {
    pub tensors: BTreeMap<String, T>,
    /// Names beside them in the same dictionary, as the file has them.
    pub passed_over: Vec<String>,
    /// Whose names the file's are, where it was asked.
    pub whose: &'static str,
    /// The network that they are of, where no card said it.
    pub recognised: Option<Recognised>,
}

/// Counters in batch norms and averages, of no use in evaluation.
const COUNTERS: &[&str] = &["num_batches_tracked", "n_averaged"];
/// Put into names by `torch.compile`, wherever it was applied.
pub(super) const COMPILED: &str = "_orig_mod.";

pub(super) fn is_counter(name: &str) -> bool {
    COUNTERS.iter().any(|counter| name.ends_with(counter))
}

/// Where training scripts put the weights, in the order of preference, where no network is there to say what fits.
const KEYS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "module",
];

/// All tensors of the likeliest dictionary.
pub(super) fn likeliest<T>(candidates: Vec<Candidate<T>>) -> Result<Chosen<T>, ReadError> {
    let rank = |candidate: &Candidate<T>| {
        let key = candidate.place.rsplit('.').next().unwrap_or_default();
        let known = KEYS.iter().position(|known| *known == key);
        (known.unwrap_or(KEYS.len()), candidate.place.len())
    };
    let Some(candidate) = candidates.into_iter().min_by_key(rank) else {
        return Err(ReadError::why("holds no tensors"));
    };
    let mut unusable = None;
    let (mut tensors, mut passed_over) = (BTreeMap::new(), Vec::new());
    for (name, tensor) in candidate.tensors {
        match tensor.unusable {
            None => drop(tensors.insert(name, tensor.source)),
            Some(_) if is_counter(&name) => {}
            Some(why) => {
                passed_over.push(name.clone());
                unusable.get_or_insert((name, why));
            }
        }
    }
    if let (true, Some((name, why))) = (tensors.is_empty(), unusable) {
        return Err(ReadError::why(format!("has a tensor {name} that {why}")));
    }
    let tensors = rename::to_ours(tensors)?;
    Ok(Chosen {
        tensors,
        passed_over,
        whose: "",
        recognised: None,
    })
}

/// What a network needs of a file.
pub(super) struct Needed<'a> {
    architecture: Architecture,
    classes: usize,
    parameters: BTreeMap<String, Parameter>,
    /// What a file has of each where the names are those of a scheme.
    schemes: Vec<(&'static Scheme, BTreeMap<String, Parameter>)>,
    /// What the last layer's tensors are called, before `.weight` and `.bias`.
    head: String,
    /// Which dictionary is meant, where several fit.
    key: Option<&'a str>,
}

/// A dictionary seen through one prefix: the network's names, and the file's for them.
struct View<'c, T> {
    candidate: &'c Candidate<T>,
    /// What the network needs of it.
    needed: &'c BTreeMap<String, Parameter>,
    /// Whose names the file's are taken for.
    whose: &'static str,
    prefix: String,
    names: BTreeMap<String, &'c str>,
    /// A name of the network that two of the file's mean.
    twice: Option<String>,
}

impl<'a> Needed<'a> {
    pub(super) fn of(
        architecture: Architecture,
        classes: usize,
        key: Option<&'a str>,
    ) -> Result<Self, ArchitectureError> {
        let all = architecture.parameters(classes)?;
        let by_name = |p: Parameter| (p.name.clone(), p);
        let of_scheme = |scheme: &'static Scheme| {
            let parts = all.iter().cloned().flat_map(|p| scheme.parts_of(p));
            (scheme, parts.map(by_name).collect())
        };
        Ok(Self {
            architecture,
            classes,
            schemes: schemes::schemes(&architecture).iter().map(of_scheme).collect(),
            head: format!("{}.", architecture.head(classes)?),
            parameters: all.into_iter().map(by_name).collect(),
            key,
        })
    }

    /// The one dictionary that fits.
    ///
    /// # Errors
    /// Where none does, with how the nearest differs; where several do.
    pub(super) fn choose<T: PartialEq + Clone>(
        &self,
        candidates: &[Candidate<T>],
    ) -> Result<Chosen<T>, ReadError> {
        let views = self.all_views(candidates);
        let fitting = self.fitting(&views);
        match fitting.as_slice() {
            [] => Err(self.misfit(&views, candidates)),
            [one] => Ok(Self::take(one)),
            several => {
                let meant = several
                    .iter()
                    .find(|view| Some(view.label().as_str()) == self.key);
                let labels: Vec<String> = several.iter().map(|view| view.label()).collect();
                meant
                    .map(|view| Self::take(view))
                    .ok_or_else(|| several_fit(&labels))
            }
        }
    }

    /// Position embeddings of the network, by name.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&str, Positions)> {
        self.parameters.values().filter_map(|p| match p.role {
            Role::Positions { skip, grid } => Some((p.name.as_str(), Positions { skip, grid })),
            _ => None,
        })
    }

    /// Where in the file the whole network is, as a card's `weights_key` says it.
    pub(super) fn places<T: PartialEq + Clone>(&self, candidates: &[Candidate<T>]) -> Vec<String> {
        let views = self.all_views(candidates);
        self.fitting(&views).iter().map(|view| view.label()).collect()
    }

    /// How the nearest dictionary differs from the network.
    pub(super) fn nearest<T>(&self, candidates: &[Candidate<T>]) -> Mismatches {
        self.apart(&self.all_views(candidates), candidates).1
    }

    /// Every dictionary through every prefix, by the likeliest names first.
    fn all_views<'c, T>(&'c self, candidates: &'c [Candidate<T>]) -> Vec<View<'c, T>> {
        candidates
            .iter()
            .flat_map(|candidate| self.views(candidate))
            .collect()
    }

    /// Those that are the network, each once.
    fn fitting<'v, 'c, T: PartialEq + Clone>(&self, views: &'v [View<'c, T>]) -> Vec<&'v View<'c, T>> {
        let mut fitting: Vec<&View<'_, T>> = Vec::new();
        for view in views.iter().filter(|view| Self::differences(view).is_empty()) {
            let is_same = |other: &&View<'_, T>| {
                let source =
                    |view: &View<'_, T>, name: &str| view.tensor(name).map(|tensor| tensor.source.clone());
                let mut names = view.needed.keys();
                names.all(|name| source(view, name) == source(other, name))
            };
            // The same tensors by two ways: a module, and its state_dict beside it.
            if !fitting.iter().any(is_same) {
                fitting.push(view);
            }
        }
        fitting
    }

    /// The dictionary through each prefix behind which it has names of the network.
    fn views<'c, T>(&'c self, candidate: &'c Candidate<T>) -> Vec<View<'c, T>> {
        let keys = || candidate.tensors.keys().map(String::as_str);
        self.schemes
            .iter()
            .filter(|(scheme, _)| scheme.may_be_of(keys()))
            .flat_map(|(scheme, needed)| Self::views_by(scheme, needed, candidate))
            .collect()
    }

    /// The same, with the names of one scheme.
    fn views_by<'c, T>(
        scheme: &Scheme,
        needed: &'c BTreeMap<String, Parameter>,
        candidate: &'c Candidate<T>,
    ) -> Vec<View<'c, T>> {
        let mut views: BTreeMap<String, View<'c, T>> = BTreeMap::new();
        for key in candidate.tensors.keys() {
            let name = key.replace(COMPILED, "");
            let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
            for (prefix, rest) in starts.filter_map(|at| name.split_at_checked(at)) {
                let ours = match needed.contains_key(rest) {
                    true => rest.to_owned(),
                    false => match scheme.ours(rest) {
                        Some(ours) if needed.contains_key(&ours) => ours,
                        _ => continue,
                    },
                };
                let view = views.entry(prefix.to_owned()).or_insert_with(|| View {
                    candidate,
                    needed,
                    whose: scheme.whose,
                    prefix: prefix.to_owned(),
                    names: BTreeMap::new(),
                    twice: None,
                });
                if view.names.insert(ours.clone(), key).is_some() {
                    view.twice = Some(ours);
                }
            }
        }
        views.into_values().collect()
    }

    /// How the view differs from what is needed. What lies beside the weights is no difference, unless it has the name of
    /// a part of the network, and so changes what that computes.
    fn differences<T>(view: &View<'_, T>) -> Mismatches {
        let mut found = Mismatches::default();
        for (name, parameter) in view.needed {
            let shape = &parameter.shape;
            match view.tensor(name) {
                None => found.missing.push(name.clone()),
                Some(Described {
                    unusable: Some(why), ..
                }) => found.unusable.push(format!("{name} {why}")),
                Some(tensor) if tensor.size != *shape => {
                    let refusal = match parameter.role {
                        Role::Positions { skip, grid } => {
                            Positions { skip, grid }.refusal(&tensor.size, shape)
                        }
                        _ => Some(String::new()),
                    };
                    let told = |why| format!("{name} ({:?}, needed {shape:?}{why})", tensor.size);
                    found.misshapen.extend(refusal.map(told));
                }
                Some(_) => {}
            }
        }
        if let Some(name) = &view.twice {
            found.surplus.push(format!("a second {name}"));
        }
        let parts: BTreeSet<&str> = view.names.values().filter_map(|key| view.part(key)).collect();
        let is_of_a_part = |key: &str| view.part(key).is_some_and(|part| parts.contains(part));
        let beside = view.beside().filter(|key| is_of_a_part(key));
        found.surplus.extend(beside.map(str::to_owned));
        found
    }

    /// The view with most of the network's names, and how it differs; what is beside that is told apart.
    fn apart<'v, 'c, T>(
        &self,
        views: &'v [View<'c, T>],
        candidates: &[Candidate<T>],
    ) -> (Option<&'v View<'c, T>>, Mismatches) {
        // Of equals the first, whose names are the likeliest.
        let nearest = views.iter().rev().max_by_key(|view| view.names.len());
        let mut mismatches = match nearest {
            Some(view) => Self::differences(view),
            None => Mismatches {
                missing: self.parameters.keys().cloned().collect(),
                ..Mismatches::default()
            },
        };
        if !self.is_only_the_head(&mismatches) {
            // Whatever else is there may tell what the file is of.
            mismatches.surplus = match (nearest, candidates) {
                (Some(view), _) => view.beside().map(str::to_owned).collect(),
                (None, [first, ..]) => first
                    .tensors
                    .keys()
                    .filter(|name| !is_counter(name))
                    .cloned()
                    .collect(),
                (None, []) => Vec::new(),
            };
        }
        (nearest, mismatches)
    }

    /// Whether the last layer alone is of another size: the commonest slip.
    fn is_only_the_head(&self, mismatches: &Mismatches) -> bool {
        let Mismatches {
            missing,
            misshapen,
            surplus,
            unusable,
        } = mismatches;
        let head =
            |names: &[String]| names.len() == 2 && names.iter().all(|name| name.starts_with(&self.head));
        missing.is_empty() && surplus.is_empty() && unusable.is_empty() && head(misshapen)
    }

    /// Why no dictionary is the network's weights, told of the nearest.
    fn misfit<T>(&self, views: &[View<'_, T>], candidates: &[Candidate<T>]) -> ReadError {
        let classes = self.classes;
        let (nearest, mismatches) = self.apart(views, candidates);
        if self.is_only_the_head(&mismatches)
            && let Some(found) =
                nearest.and_then(|view| view.tensor(&format!("{}bias", self.head))?.size.first().copied())
        {
            return ReadError::Unfit(Box::new(WeightsError::Classes { found, classes }));
        }
        ReadError::Unfit(Box::new(WeightsError::Mismatch {
            architecture: self.architecture,
            classes,
            mismatches: Box::new(mismatches),
        }))
    }

    fn take<T: Clone>(view: &View<'_, T>) -> Chosen<T> {
        tracing::debug!(place = view.label(), "weights found, names as {}", view.whose);
        let source = |name: &String| Some((name.clone(), view.tensor(name)?.source.clone()));
        Chosen {
            tensors: view.needed.keys().filter_map(source).collect(),
            passed_over: view.beside().map(str::to_owned).collect(),
            whose: view.whose,
            recognised: None,
        }
    }
}

impl<'c, T> View<'c, T> {
    fn tensor(&self, name: &str) -> Option<&'c Described<T>> {
        self.candidate.tensors.get(*self.names.get(name)?)
    }

    /// What a person writes to mean it.
    fn label(&self) -> String {
        let parts = [self.candidate.place.as_str(), self.prefix.trim_end_matches('.')];
        parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(".")
    }

    /// The first part of a key's name behind the prefix: `block1`, `fc`.
    fn part(&self, key: &'c str) -> Option<&'c str> {
        // `_orig_mod.` may stand within the prefix.
        let rest = match self.prefix.is_empty() {
            true => key.strip_prefix(COMPILED).unwrap_or(key),
            false => {
                let mut rest = key;
                for part in self.prefix.split_inclusive('.') {
                    rest = rest.strip_prefix(COMPILED).unwrap_or(rest).strip_prefix(part)?;
                }
                rest.strip_prefix(COMPILED).unwrap_or(rest)
            }
        };
        rest.split('.').next()
    }

    /// Names of the dictionary that are none of the network's, without counters.
    fn beside(&self) -> impl Iterator<Item = &'c str> {
        let taken: BTreeSet<&str> = self.names.values().copied().collect();
        let keys = self.candidate.tensors.keys().map(String::as_str);
        keys.filter(move |key| !taken.contains(key) && !is_counter(key))
    }
}

pub(super) fn several_fit(labels: &[String]) -> ReadError {
    let shown = |label: &String| match label.is_empty() {
        true => "the names without a prefix (`''`)".to_owned(),
        false => format!("`{label}`"),
    };
    let all: Vec<String> = labels.iter().map(shown).collect();
    let example = labels
        .iter()
        .rfind(|label| !label.is_empty())
        .cloned()
        .unwrap_or_default();
    ReadError::why(format!(
        "holds several sets of weights that fit: {}; name the one you mean in the network's card, as in `weights_key: \
         {example}`, or at import by `--weights-key {example}`",
        all.join(", ")
    ))
}
