//! The T × ε grid from the command line: every cell on the validation images, and which is best there.
use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;

use super::client::Client;
use super::comparison::Sets;
use odin_core::protocol::JobSpec;
use odin_core::runs::Cell;
use odin_core::session::Metric;
use odin_core::setting::{self, Detector};
use odin_core::sweep::{self, Split};
use odin_core::units::{Devices, Magnitude, Temperature};
use odin_datasets::{Dataset, DatasetError};
use odin_metrics::Conventions;

/// What is searched, on what and for what.
pub(super) struct Search<'a> {
    pub temperatures: &'a [Temperature],
    pub magnitudes: &'a [Magnitude],
    /// The images that choose the best cell, and those that report it.
    pub split: Split,
    pub metric: Metric,
}

/// What was found.
pub(super) struct Searched {
    /// Temperature by temperature.
    pub cells: Vec<Cell>,
    /// Place of the best cell; of equally good ones the first.
    pub best: usize,
    /// The validation images, at the best cell.
    pub on: JobSpec,
    /// The other images, at the best cell.
    pub rest: JobSpec,
}

/// How the images of the comparison are split where `asked` are to choose, which is said before anything is scored: fewer
/// than that choose where the sets are small.
pub(super) fn split(sets: &Sets, spec: &JobSpec, asked: usize) -> anyhow::Result<Split> {
    let sides = [&sets.ins, &sets.outs].map(|about| about.set.as_deref());
    let [Some(ins), Some(outs)] = sides else {
        bail!("the sets are not open");
    };
    let mut smaller = usize::MAX;
    for set in [ins, outs] {
        let images = set.choose(&spec.choice()).map_or(0, |chosen| chosen.len());
        ensure!(
            images >= 2,
            "{}: of its images {images} are left to score, and a sweep needs 2 at least: one to choose on, one to report on",
            set.name()
        );
        smaller = smaller.min(images);
    }
    let split = Split::of(asked, smaller).context("at least 1 image is needed to choose on")?;
    if split.validation() < asked {
        eprintln!(
            "the smaller set has {smaller} images: {} of each set choose the best cell, not {asked}, and the others report it",
            split.validation()
        );
    }
    let count = |set: &Dataset, spec: JobSpec| Ok::<_, DatasetError>(set.choose(&spec.choice())?.len());
    for set in [ins, outs].into_iter().filter(|set| set.groups().is_some()) {
        eprintln!(
            "{}: its images come in groups, which stay together: {} choose the best cell and {} report it",
            set.name(),
            count(set, split.chosen_on(spec))?,
            count(set, split.rest(spec))?
        );
    }
    Ok(split)
}

impl Search<'_> {
    pub(super) fn len(&self) -> usize {
        self.temperatures.len() * self.magnitudes.len()
    }

    /// Measures every cell; `measured` is called with how many have been, after each.
    pub(super) fn run(
        &self,
        spec: &JobSpec,
        client: &Client,
        devices: &Devices,
        mut measured: impl FnMut(usize),
    ) -> anyhow::Result<Searched> {
        let hidden = ProgressBar::hidden();
        let on = self.split.chosen_on(spec);
        let mut cells = Vec::new();
        for &temperature in self.temperatures {
            for &magnitude in self.magnitudes {
                let mut cell = on.clone();
                cell.settings.set(setting::odin(temperature, magnitude));
                let scored = client.score(cell, devices, &hidden)?;
                cells.push(Cell {
                    temperature,
                    magnitude,
                    odin: scored
                        .comparison(Detector::Odin)?
                        .summary(&Conventions::default()),
                });
                measured(cells.len());
            }
        }
        let value = |cell: &Cell| self.metric.of(&cell.odin);
        let best = sweep::best(self.metric, cells.iter().map(value)).context("the grid is empty")?;
        let cell = cells.get(best).expect("the best cell is one of the cells");
        let at = |spec: JobSpec| JobSpec {
            settings: spec
                .settings
                .with(setting::odin(cell.temperature, cell.magnitude)),
            ..spec
        };
        Ok(Searched {
            best,
            on: at(on),
            rest: at(self.split.rest(spec)),
            cells,
        })
    }
}
