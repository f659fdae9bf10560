//! What a benchmark comes to.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::client::{ScoredSet, no_scores};
use odin_core::benchmarks::{BenchmarkCard, Group, LeaderboardRow, Measures, OverNetworks, Prepared, Spread};
use odin_core::networks::NetworkCard;
use odin_core::protocol::ScoreTable;
use odin_core::runs::Fit;
use odin_core::setting::{Setting, Settings};
use odin_datasets::Corrupt;
use odin_metrics::Positive;

/// What was asked for.
pub(super) struct Asked<'a> {
    pub card: &'a BenchmarkCard,
    pub data: &'a Path,
    pub prepared: &'a Prepared,
    pub settings: &'a Settings,
    pub full_spectrum: bool,
    pub limit: Option<usize>,
    pub corrupt: Option<Corrupt>,
    pub fit_seed: u64,
}

/// A network's scores, set by set in the order of what was prepared.
pub(super) struct ScoredNetwork {
    pub card: NetworkCard,
    pub ins: ScoredSet,
    pub shifted: Vec<ScoredSet>,
    pub ood: Vec<ScoredSet>,
}

/// The whole, as `--json` prints it. Metrics are fractions; what was published stays in %, as printed.
#[derive(Serialize)]
pub(super) struct Benchmarked {
    pub benchmark: String,
    pub title: String,
    data: PathBuf,
    pub positive: Positive,
    pub full_spectrum: bool,
    /// Whether all images of all sets are in the averages.
    pub is_whole: bool,
    /// Why not.
    pub departures: Vec<String>,
    /// What else differs from how the published numbers came about.
    pub notes: Vec<String>,
    pub networks: Vec<OfNetwork>,
    /// Of the in-distribution images; in the full-spectrum variant of the covariate-shifted ones too.
    pub accuracy: Option<Spread>,
    pub accuracy_by_set: Vec<Accuracy>,
    pub detectors: Vec<OfDetector>,
    pub published: Option<Published>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
}

#[derive(Serialize)]
pub(super) struct OfNetwork {
    pub network: String,
    pub accuracy: Option<f64>,
    pub n_in: usize,
}

/// How many images of a set are classified rightly.
#[derive(Serialize)]
pub(super) struct Accuracy {
    pub set: String,
    pub n_in: usize,
    pub accuracy: Option<Spread>,
}

/// A detector's numbers, or why there are none.
#[derive(Serialize)]
pub(super) struct OfDetector {
    pub detector: &'static str,
    pub knobs: BTreeMap<String, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The plain mean over the near sets; `None` where none was scored.
    pub near: Option<OverNetworks>,
    pub far: Option<OverNetworks>,
    pub sets: Vec<OfSet>,
    /// The row of the published table.
    pub published: Option<LeaderboardRow>,
}

#[derive(Serialize)]
pub(super) struct OfSet {
    pub set: String,
    pub group: Group,
    pub n_out: usize,
    #[serde(flatten)]
    pub measures: OverNetworks,
    /// In the order of the networks.
    by_network: Vec<Measures>,
}

/// Where the published rows are from, and those of detectors that were not asked for.
#[derive(Serialize)]
pub(super) struct Published {
    pub source: String,
    pub date: String,
    pub others: Vec<LeaderboardRow>,
}

impl Benchmarked {
    pub(super) fn new(asked: &Asked, scored: &[ScoredNetwork]) -> anyhow::Result<Self> {
        let Asked { card, settings, .. } = asked;
        let networks: Vec<OfNetwork> = scored
            .iter()
            .map(|network| OfNetwork {
                network: network.card.name.clone(),
                accuracy: share(network.in_tables()),
                n_in: network.in_tables().map(ScoreTable::len).sum(),
            })
            .collect();
        let accuracies: Option<Vec<f64>> = networks.iter().map(|network| network.accuracy).collect();
        let detectors = settings
            .iter()
            .map(|setting| OfDetector::new(*setting, asked, scored))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let fitted_on = scored.iter().find_map(|network| network.ins.fitted_on.clone());
        let fit = fitted_on.map(|on| Fit {
            dataset: on.dataset,
            images: on.images,
            seed: asked.fit_seed,
        });
        let departures = asked.departures();
        // Nobody published numbers of this variant here.
        let published = card.published.as_ref().filter(|_| !asked.full_spectrum);
        Ok(Self {
            benchmark: card.name.clone(),
            title: card.title.clone(),
            data: asked.data.to_owned(),
            positive: card.positive,
            full_spectrum: asked.full_spectrum,
            is_whole: departures.is_empty(),
            notes: notes(asked, scored, fit.as_ref()),
            departures,
            networks,
            accuracy: accuracies.and_then(|accuracies| Spread::of(&accuracies)),
            accuracy_by_set: asked.accuracies(scored),
            detectors,
            published: published.map(|table| Published {
                source: table.source.clone(),
                date: table.date.clone(),
                others: table
                    .rows
                    .iter()
                    .filter(|row| settings.get(row.detector).is_none())
                    .cloned()
                    .collect(),
            }),
            fit,
        })
    }
}

impl Asked<'_> {
    /// Set by set, the in-distribution one first.
    fn accuracies(&self, scored: &[ScoredNetwork]) -> Vec<Accuracy> {
        let shifted = self.prepared.shifted.iter().map(|(name, _)| name);
        let names = std::iter::once(&self.card.in_distribution.test.name).chain(shifted);
        let of = |(place, name): (usize, &String)| {
            let tables = || scored.iter().filter_map(|network| network.in_tables().nth(place));
            let shares: Option<Vec<f64>> = tables().map(|table| share([table])).collect();
            Accuracy {
                set: name.clone(),
                n_in: tables().next().map_or(0, ScoreTable::len),
                accuracy: shares.and_then(|shares| Spread::of(&shares)),
            }
        };
        names.enumerate().map(of).collect()
    }

    /// What keeps the averages from being those of the benchmark.
    fn departures(&self) -> Vec<String> {
        let mut departures = Vec::new();
        if let Some(limit) = self.limit {
            departures.push(format!("at most {limit} images of each set are scored"));
        }
        let left_out: Vec<&str> = self
            .card
            .ood_sets()
            .map(|(_, set)| set.name.as_str())
            .filter(|name| !self.prepared.ood.iter().any(|(_, scored, _)| scored == name))
            .collect();
        if !left_out.is_empty() {
            departures.push(format!("without {}", left_out.join(", ")));
        }
        if self.corrupt == Some(Corrupt::Skip) {
            departures.push("images that cannot be decoded are left out".to_owned());
        }
        departures
    }
}

fn notes(asked: &Asked, scored: &[ScoredNetwork], fit: Option<&Fit>) -> Vec<String> {
    let mut notes = Vec::new();
    let other: Vec<&str> = scored
        .iter()
        .filter(|network| !asked.card.is_normalised_so(&network.card.normalisation))
        .map(|network| network.card.name.as_str())
        .collect();
    if !other.is_empty() {
        notes.push(format!(
            "{}: images are normalised as the card says, which is not as the benchmark's own networks have it (mean {:?}, std {:?})",
            other.join(", "),
            asked.card.normalisation.mean(),
            asked.card.normalisation.std()
        ));
    }
    if asked.card.published.is_some() && scored.len() != asked.card.networks && !asked.full_spectrum {
        let count = |n: usize| {
            if n == 1 {
                "one network".to_owned()
            } else {
                format!("{n} networks")
            }
        };
        notes.push(format!(
            "what was published is of {}, and this is of {}",
            count(asked.card.networks),
            count(scored.len())
        ));
    }
    if asked.card.published.is_some()
        && asked
            .settings
            .iter()
            .any(|setting| setting.knobs().next().is_some())
    {
        notes.push(
            "knobs are as shown; of many detectors OpenOOD chooses them on its validation images".to_owned(),
        );
    }
    if let Some(fit) = fit {
        notes.push(format!(
            "detectors are fitted on {} images of {}",
            fit.images, fit.dataset
        ));
    }
    notes
}

/// The share of images that are classified rightly; `None` where one of them has no label.
fn share<'a>(tables: impl IntoIterator<Item = &'a ScoreTable>) -> Option<f64> {
    let correct: Option<Vec<Vec<bool>>> = tables.into_iter().map(ScoreTable::correct).collect();
    let correct = correct?.concat();
    (!correct.is_empty()).then(|| correct.iter().filter(|&&is| is).count() as f64 / correct.len() as f64)
}

impl ScoredNetwork {
    /// The in-distribution images, with the covariate-shifted ones where they were asked for.
    fn in_tables(&self) -> impl Iterator<Item = &ScoreTable> {
        std::iter::once(&self.ins)
            .chain(&self.shifted)
            .map(|set| &set.scores)
    }

    fn sets(&self) -> impl Iterator<Item = &ScoredSet> {
        std::iter::once(&self.ins).chain(&self.shifted).chain(&self.ood)
    }

    /// The setting's numbers set by set; `None` where it has no scores.
    fn measures(&self, setting: &Setting, positive: Positive) -> anyhow::Result<Option<Vec<Measures>>> {
        let ins: Option<Vec<&[f64]>> = self.in_tables().map(|table| table.by(setting)).collect();
        let outs: Option<Vec<&[f64]>> = self.ood.iter().map(|set| set.scores.by(setting)).collect();
        let (Some(ins), Some(outs)) = (ins, outs) else {
            return Ok(None);
        };
        let ins = ins.concat();
        let all = outs.into_iter().map(|outs| Measures::of(&ins, outs, positive));
        Ok(Some(all.collect::<Result<_, _>>()?))
    }
}

impl OfDetector {
    fn new(setting: Setting, asked: &Asked, scored: &[ScoredNetwork]) -> anyhow::Result<Self> {
        let detector = setting.detector();
        let published = asked
            .card
            .published_row(detector)
            .filter(|_| !asked.full_spectrum);
        let mut found = Self {
            detector: detector.key(),
            knobs: setting.by_key(),
            missing: None,
            near: None,
            far: None,
            sets: Vec::new(),
            published: published.cloned(),
        };
        // A list of sets a network.
        let mut of_networks: Vec<Vec<Measures>> = Vec::new();
        for network in scored {
            match network.measures(&setting, asked.card.positive)? {
                Some(of_sets) => of_networks.push(of_sets),
                None => {
                    let why = network.sets().find_map(|set| set.missing.get(&detector));
                    let why = why
                        .cloned()
                        .unwrap_or_else(|| no_scores(&setting, network.sets()));
                    found.missing = Some(why);
                    return Ok(found);
                }
            }
        }
        let ood = &asked.prepared.ood;
        let mean = |group: Group| {
            let of_group = |of_sets: &Vec<Measures>| {
                let sets = of_sets.iter().zip(ood).filter(|(_, (of, ..))| *of == group);
                Measures::mean(&sets.map(|(measures, _)| *measures).collect::<Vec<_>>())
            };
            let means: Option<Vec<Measures>> = of_networks.iter().map(of_group).collect();
            Measures::over_networks(&means?)
        };
        (found.near, found.far) = (mean(Group::Near), mean(Group::Far));
        for (place, (group, name, _)) in ood.iter().enumerate() {
            let by_network: Vec<Measures> = of_networks
                .iter()
                .filter_map(|sets| sets.get(place))
                .copied()
                .collect();
            let images = scored.iter().find_map(|network| network.ood.get(place));
            if let Some(measures) = Measures::over_networks(&by_network) {
                found.sets.push(OfSet {
                    set: name.clone(),
                    group: *group,
                    n_out: images.map_or(0, |set| set.scores.len()),
                    measures,
                    by_network,
                });
            }
        }
        Ok(found)
    }

    /// The means of a group.
    pub(super) fn mean(&self, group: Group) -> Option<&OverNetworks> {
        match group {
            Group::Near => self.near.as_ref(),
            Group::Far => self.far.as_ref(),
        }
    }

    /// What OpenOOD's evaluator prints: the sets of a group and their mean, one group after the other.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for group in Group::EACH {
            let sets = self.sets.iter().filter(|set| set.group == group);
            rows.extend(sets.map(|set| Row {
                name: &set.set,
                group,
                n_out: Some(set.n_out),
                measures: &set.measures,
            }));
            rows.extend(self.mean(group).map(|measures| Row {
                name: group.mean_row(),
                group,
                n_out: None,
                measures,
            }));
        }
        rows
    }
}

/// A set, or the mean over those of a group.
pub(super) struct Row<'a> {
    pub name: &'a str,
    pub group: Group,
    /// `None` of a mean.
    pub n_out: Option<usize>,
    pub measures: &'a OverNetworks,
}
