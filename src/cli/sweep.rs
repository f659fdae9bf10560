//! `odin sweep`: the T × ε grid. The best cell is chosen on validation images and reported on the others.
use std::iter;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::MultiProgress;

use super::client::Client;
use super::comparison::{self, Sets};
use super::grid::{self, Search, Searched};
use super::output::{line, print, progress_bar};
use super::search::{self, Cost, Found};
use super::what::{What, metrics_by_key};
use super::{interrupt, score};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::protocol::JobSpec;
use odin_core::runs::{self, Record};
use odin_core::setting::{self, Setting};
use odin_core::sweep::Split;
use odin_core::units::{Magnitude, Series, Temperature};
use odin_datasets::Sampling;
use odin_metrics::{Metric, Summary};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    what: What,
    /// Temperatures: a,b,c or FROM:TO:COUNT
    #[arg(long, default_value = "1,2,5,10,20,50,100,200,500,1000", value_name = "LIST")]
    temperatures: Series,
    /// Magnitudes likewise
    #[arg(long, default_value = "0:0.004:21", value_name = "LIST")]
    magnitudes: Series,
    /// Images of each set on which the best cell is chosen, at most half of them; it is reported on the others
    #[arg(long, default_value_t = 1000, value_name = "N")]
    validation: usize,
    /// Measure most cells on few images, where these and a few cells on all images tell what they are worth, and mark those that
    /// cannot be told from the best
    #[arg(long)]
    race: bool,
    /// What is best
    #[arg(long, value_parser = metrics_by_key(), default_value = Metric::default().key())]
    metric: Metric,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Cell {
    temperature: Temperature,
    magnitude: Magnitude,
    validation: Summary,
    /// Of a race: whether with 95 % confidence it may be the best.
    #[serde(skip_serializing_if = "Option::is_none")]
    may_be_best: Option<bool>,
}

#[derive(serde::Serialize)]
struct Sweep {
    metric: String,
    validation_images: usize,
    cells: Vec<Cell>,
    /// Of a race.
    #[serde(skip_serializing_if = "Option::is_none")]
    passes: Option<Cost>,
    /// The best cell on the images that it was not chosen on.
    test: Record,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let card = NetworkCard::find(&options.what.network, &home.model_folders())?;
    let temperatures = options
        .temperatures
        .0
        .iter()
        .map(|&t| Temperature::new(t))
        .collect::<Result<Vec<_>, _>>()?;
    let magnitudes = options
        .magnitudes
        .0
        .iter()
        .map(|&m| Magnitude::new(m))
        .collect::<Result<Vec<_>, _>>()?;
    if options.validation == 0 {
        bail!("--validation: at least 1 image is needed to choose on");
    }
    let what = comparison::job(&options.what)?;
    let sets = Sets::open(&home, &card, &what)?;
    let bars = MultiProgress::new();
    let client = Client::start(&home, options.what.images.fresh, &bars)?;
    let kept = interrupt::kept(&home, options.what.images.fresh);
    interrupt::tell(move || kept.clone()).context("signals cannot be set up")?;
    let devices = options.what.images.device.into();
    let split = grid::split(&sets, &what, options.validation)?;
    if options.race && what.sampling == Sampling::File {
        line(
            "--race: the first images of a file are no sample of it, so every cell is measured on all of them",
        );
    }
    let (searched, race) = if options.race {
        let bar = bars.add(progress_bar(0, "cells"));
        bar.set_message(what.dataset.clone());
        let race = search::Search {
            client: &client,
            devices: &devices,
            spec: &what,
            sets: &sets,
            validation: split.validation(),
            metric: options.metric,
            race: true,
        };
        let settings: Vec<Setting> = temperatures
            .iter()
            .flat_map(|&t| {
                magnitudes
                    .iter()
                    .map(move |&magnitude| setting::odin(t, magnitude))
            })
            .collect();
        let found = race.run(&settings, &bar)?;
        bar.finish_and_clear();
        (searched(&what, split, &found)?, Some(found))
    } else {
        let search = Search {
            temperatures: &temperatures,
            magnitudes: &magnitudes,
            split,
            metric: options.metric,
        };
        let bar = bars.add(progress_bar(search.len() as u64, "cells"));
        bar.set_message(what.dataset.clone());
        let searched = search.run(&what, &client, &devices, |_| bar.inc(1))?;
        bar.finish_and_clear();
        (searched, None)
    };
    let value = |cell: &runs::Cell| options.metric.of(&cell.odin);
    let bar = bars.add(progress_bar(0, "images"));
    bar.set_message("the best cell on the other images");
    let scored = client.score(searched.rest.clone(), &devices, &bar)?;
    bar.finish_and_clear();
    let test = comparison::record(&card, &searched.rest, &scored, &sets)?;
    // Where images come in groups, they are fewer than those asked for, and those of the sets differ.
    let found = searched.cells.get(searched.best);
    let validation = found.map_or(split.validation(), |cell| cell.odin.n_in as usize);
    let on = match found.map(|cell| (cell.odin.n_in, cell.odin.n_out)) {
        Some((ins, outs)) if ins != outs => format!("{ins} ID and {outs} OOD validation images"),
        _ => format!("{validation} validation images of each set"),
    };
    let best_line = format!(
        "best on the {on}: T = {}, ε = {} ({:.2} %)\n",
        searched.on.settings.temperature(),
        searched.on.settings.magnitude(),
        100.0 * found.map_or(f64::NAN, value)
    );
    if options.json {
        let of_race = race
            .iter()
            .flat_map(|found| &found.cells)
            .map(|cell| Some(cell.may_be_best));
        let cell = |(cell, may_be_best): (&runs::Cell, Option<bool>)| Cell {
            temperature: cell.temperature,
            magnitude: cell.magnitude,
            validation: cell.odin,
            may_be_best,
        };
        let sweep = Sweep {
            metric: options.metric.key().replace('-', "_"),
            validation_images: validation,
            cells: searched
                .cells
                .iter()
                .zip(of_race.chain(iter::repeat(None)))
                .map(cell)
                .collect(),
            passes: race.as_ref().map(|found| found.cost),
            test,
        };
        return print(&format!("{}\n", serde_json::to_string_pretty(&sweep)?));
    }
    let values: Vec<String> = match &race {
        None => searched
            .cells
            .iter()
            .map(|cell| search::percent(value(cell)))
            .collect(),
        Some(found) => {
            let chosen = setting::odin(
                searched.on.settings.temperature(),
                searched.on.settings.magnitude(),
            );
            let cells = found.cells.iter();
            cells.map(|cell| cell.in_grid(chosen, options.metric)).collect()
        }
    };
    let mut text = grid_text(&temperatures, &magnitudes, &values);
    if let Some(found) = &race {
        text.push_str(&search::marks(&found.cells));
        text.push_str(&found.cost.saved());
    }
    text.push_str(&format!("{best_line}\n"));
    text.push_str(&format!("On the other images:\n{}", score::table(&test)));
    print(&text)
}

/// What a race has found, as the full grid has it.
fn searched(what: &JobSpec, split: Split, found: &Found) -> anyhow::Result<Searched> {
    let cell = |cell: &search::Cell| -> anyhow::Result<runs::Cell> {
        let (temperature, magnitude) = setting::parameters(&cell.setting);
        match &cell.seen {
            Ok(seen) => Ok(runs::Cell {
                temperature,
                magnitude,
                odin: seen.summary,
            }),
            Err(why) => bail!("{why}"),
        }
    };
    let best = found
        .cells
        .get(found.best)
        .context("the best cell is one of the cells")?;
    let at = |spec: JobSpec| JobSpec {
        settings: spec.settings.with(best.setting),
        ..spec
    };
    Ok(Searched {
        cells: found.cells.iter().map(cell).collect::<anyhow::Result<_>>()?,
        best: found.best,
        on: at(split.chosen_on(what)),
        rest: at(split.rest(what)),
    })
}

/// A row a magnitude and a column a temperature.
fn grid_text(temperatures: &[Temperature], magnitudes: &[Magnitude], values: &[String]) -> String {
    // Wide enough for the marks of a race too.
    let width = values
        .iter()
        .map(|value| value.chars().count() + 1)
        .fold(8, usize::max);
    let mut text = format!("{:>8}", "ε \\ T");
    text.extend(temperatures.iter().map(|t| format!("{:>width$}", t.get())));
    text.push('\n');
    for (row, magnitude) in magnitudes.iter().enumerate() {
        text.push_str(&format!("{:>8}", magnitude.get()));
        let column = values.iter().skip(row).step_by(magnitudes.len().max(1));
        text.extend(column.map(|value| format!("{value:>width$}")));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_printed_by_row_of_magnitude() {
        let t = [Temperature::ONE, Temperature::PAPER];
        let m = [Magnitude::ZERO, Magnitude::PAPER];
        let values = [0.1, 0.2, 0.3, 0.4].map(search::percent);
        let text = grid_text(&t, &m, &values);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1], ["0", "10.00", "30.00"]);
        assert_eq!(rows[2], ["0.0014", "20.00", "40.00"]);
    }
}
