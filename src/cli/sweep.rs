//! `odin sweep`: the T × ε grid. The best cell is chosen on validation images and reported on the others.
use anyhow::{Context, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::MultiProgress;

use super::client::{self, Client, Sets};
use super::grid::{self, Search};
use super::output::{print, progress_bar};
use super::what::What;
use super::{interrupt, score};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::runs::{self, Record};
use odin_core::units::{Magnitude, Series, Temperature};
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
}

#[derive(serde::Serialize)]
struct Sweep {
    metric: String,
    validation_images: usize,
    cells: Vec<Cell>,
    /// The best cell on the images that it was not chosen on.
    test: Record,
}

/// Lists the metrics in `--help` and in the error.
fn metrics_by_key() -> impl TypedValueParser<Value = Metric> {
    PossibleValuesParser::new(Metric::ALL.map(Metric::key)).try_map(|key| key.parse::<Metric>())
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
    let what = client::job(&options.what)?;
    let sets = Sets::open(&home, &card, &what)?;
    let bars = MultiProgress::new();
    let client = Client::start(&home, options.what.fresh, &bars)?;
    let kept = interrupt::kept(&home, options.what.fresh);
    interrupt::tell(move || kept.clone()).context("signals cannot be set up")?;
    let devices = options.what.device.into();
    let search = Search {
        temperatures: &temperatures,
        magnitudes: &magnitudes,
        split: grid::split(&sets, &what, options.validation)?,
        metric: options.metric,
    };
    let bar = bars.add(progress_bar(search.len() as u64, "cells"));
    bar.set_message(what.dataset.clone());
    let searched = search.run(&what, &client, &devices, |_| bar.inc(1))?;
    bar.finish_and_clear();
    let value = |cell: &runs::Cell| search.metric.of(&cell.odin);
    let bar = bars.add(progress_bar(0, "images"));
    bar.set_message("the best cell on the other images");
    let scored = client.score(searched.rest.clone(), &devices, &bar)?;
    bar.finish_and_clear();
    let test = client::record(&card, &searched.rest, &scored, &sets)?;
    // Where images come in groups, they are fewer than those asked for, and those of the sets differ.
    let found = searched.cells.get(searched.best);
    let validation = found.map_or(search.split.validation(), |cell| cell.odin.n_in as usize);
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
        let cell = |cell: &runs::Cell| Cell {
            temperature: cell.temperature,
            magnitude: cell.magnitude,
            validation: cell.odin,
        };
        let sweep = Sweep {
            metric: options.metric.key().replace('-', "_"),
            validation_images: validation,
            cells: searched.cells.iter().map(cell).collect(),
            test,
        };
        return print(&format!("{}\n", serde_json::to_string_pretty(&sweep)?));
    }
    let mut text = grid_text(
        &temperatures,
        &magnitudes,
        &searched.cells.iter().map(value).collect::<Vec<_>>(),
    );
    text.push_str(&format!("{best_line}\n"));
    text.push_str(&format!("On the other images:\n{}", score::table(&test)));
    print(&text)
}

/// Percentages, a row a magnitude and a column a temperature.
fn grid_text(temperatures: &[Temperature], magnitudes: &[Magnitude], values: &[f64]) -> String {
    let mut text = format!("{:>8}", "ε \\ T");
    text.extend(temperatures.iter().map(|t| format!("{:>8}", t.get())));
    text.push('\n');
    for (row, magnitude) in magnitudes.iter().enumerate() {
        text.push_str(&format!("{:>8}", magnitude.get()));
        let column = values.iter().skip(row).step_by(magnitudes.len().max(1));
        text.extend(column.map(|value| format!("{:>8.2}", 100.0 * value)));
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
        let text = grid_text(&t, &m, &[0.1, 0.2, 0.3, 0.4]);
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1], ["0", "10.00", "30.00"]);
        assert_eq!(rows[2], ["0.0014", "20.00", "40.00"]);
    }
}
