//! `odin score`: one comparison, without the dashboard.
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use indicatif::MultiProgress;

use super::client::Client;
use super::comparison::{self, Sets};
use super::detectors::Detectors;
use super::interrupt;
use super::output::{print, print_json, progress_bar};
use super::what::{What, at_least_one};
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::ranking;
use odin_core::report::{self, DetectorLine, Scores, detector_lines, write_figures};
use odin_core::runs::{self, ByDetector, Record};
use odin_core::setting::Detector;
use odin_datasets::Part;
use odin_metrics::Interval;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    what: What,
    #[command(flatten)]
    detectors: Detectors,
    /// Set so many images of each set aside, for detectors that need labels of images that are not reported
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    validation: Option<usize>,
    /// Write in.npz, out.npz (scores image by image) and metrics.json into this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Draw histogram and ROC, as SVG, PDF and PNG, into this folder
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let home = Home::find()?;
    let what = &options.what;
    let card = NetworkCard::find(&what.network, &home.model_folders())?;
    let mut spec = comparison::job(what)?;
    let known = spec.settings.clone();
    options
        .detectors
        .settings(&known)?
        .into_iter()
        .for_each(|setting| spec.settings.set(setting));
    spec.fit = options.detectors.fit();
    let sets = Sets::open(&home, &card, &spec)?;
    if let Some(name) = &spec.fit.dataset {
        // A set that was named by hand and is not there is an error, not a reason for detectors to be missing.
        card.open_set(name, &home.data_folders())?;
    }
    if let Some(images) = options.validation {
        spec.part = Part::Report(images);
    }
    if let Some(folder) = &options.save {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let bars = MultiProgress::new();
    let bar = bars.add(progress_bar(0, "images"));
    bar.set_message(spec.dataset.clone());
    let client = Client::start(&home, what.images.fresh, &bars)?;
    let kept = interrupt::kept(&home, what.images.fresh);
    interrupt::tell(move || kept.clone()).context("signals cannot be set up")?;
    let scored = client.score(spec.clone(), &what.images.device.into(), &bar)?;
    bar.finish_and_clear();
    let mut record = comparison::record(&card, &spec, &scored, &sets)?;
    if options.detectors.are_asked() {
        record.detectors = comparison::by_detector(&spec, &scored, &sets)?;
    }
    if let Some(folder) = &options.save {
        runs::save(
            folder,
            (&scored.ins, &sets.ins),
            (&scored.outs, &sets.outs),
            &record,
        )?;
    }
    if let Some(folder) = &options.figures {
        let title = format!(
            "{}: {} against {}, T = {}, ε = {}",
            record.network, record.in_dataset, record.dataset, record.temperature, record.magnitude
        );
        let by = |detector| Scores {
            ins: scored.ins.of(detector).unwrap_or_default(),
            outs: scored.outs.of(detector).unwrap_or_default(),
        };
        write_figures(folder, &title, &by(Detector::Baseline), &by(Detector::Odin))?;
    }
    if options.json {
        print_json(&record)
    } else {
        print(&table(&record))
    }
}

/// Two lines a detector that was asked for, the best first: its metrics with intervals, or why there are none.
fn by_detector(r: &Record) -> String {
    if r.detectors.is_empty() {
        return String::new();
    }
    let heads = ["FPR95 ↓", "error ↓", "AUROC ↑", "AUPR-in ↑", "AUPR-out ↑"];
    let heads = heads.map(|head| [head.to_owned(), String::new()]);
    let (mut lines, mut missing) = (Vec::new(), Vec::new());
    for (key, entry) in &r.detectors {
        match entry {
            ByDetector::Measured {
                metrics: m,
                knobs,
                may_be_best,
            } => {
                let estimate = |value, interval| Some(ranking::Estimate { value, interval });
                lines.push(DetectorLine {
                    may_be_best: may_be_best.unwrap_or_default(),
                    name: key.clone(),
                    knobs: report::knobs_of(key, knobs),
                    cells: vec![
                        estimate(m.fpr95, m.fpr95_ci),
                        estimate(m.detection_error, m.detection_error_ci),
                        estimate(m.auroc, m.auroc_ci),
                        estimate(m.aupr_in, m.aupr_in_ci),
                        estimate(m.aupr_out, m.aupr_out_ci),
                    ],
                });
            }
            ByDetector::Missing { missing: why } => missing.push(why.as_str()),
        }
    }
    let fpr95 = |line: &DetectorLine| {
        let estimate = line.cells.first().copied().flatten();
        estimate.map_or(f64::INFINITY, |estimate| estimate.value)
    };
    lines.sort_by(|a, b| fpr95(a).total_cmp(&fpr95(b)));
    let mut text = format!("\n{}", detector_lines(&heads, &lines));
    text.push_str("≈: one of these is the best by FPR95, with 95 % confidence (paired bootstrap over the same images)\n");
    if let Some(fit) = &r.fit {
        text.push_str(&format!("fitted on {} images of {}\n", fit.images, fit.dataset));
    }
    for why in missing {
        text.push_str(&format!("missing: {why}\n"));
    }
    text
}

pub(super) fn table(r: &Record) -> String {
    let mut text = format!(
        "{} · {} ({} images) against {} ({} images)\nT = {}, ε = {} · {} · {:.1} s",
        r.network, r.in_dataset, r.n_in, r.dataset, r.n_out, r.temperature, r.magnitude, r.device, r.seconds
    );
    if let Some(rate) = r.images_per_second {
        text.push_str(&format!(", {rate:.0} images/s"));
    }
    if r.n_from_evidence > 0 {
        text.push_str(&format!(
            " · {} images known from earlier runs",
            r.n_from_evidence
        ));
    }
    if let Some(accuracy) = r.accuracy {
        text.push_str(&format!(" · accuracy {:.2} %", 100.0 * accuracy));
    }
    text.push_str(&format!(
        "\n\n{:<16}{:>9}{:>18}{:>9}{:>18}\n",
        "%", "baseline", "95 %", "ODIN", "95 %"
    ));
    let (b, o) = (&r.baseline, &r.odin);
    let mut row = |name: &str, baseline: Estimate, odin: Estimate| text.push_str(&row(name, baseline, odin));
    let metric = |value: f64, interval: Interval| Some((value, interval));
    row(
        "FPR@95TPR ↓",
        metric(b.fpr95, b.fpr95_ci),
        metric(o.fpr95, o.fpr95_ci),
    );
    row(
        "detection err. ↓",
        metric(b.detection_error, b.detection_error_ci),
        metric(o.detection_error, o.detection_error_ci),
    );
    row(
        "AUROC ↑",
        metric(b.auroc, b.auroc_ci),
        metric(o.auroc, o.auroc_ci),
    );
    row(
        "AUPR-in ↑",
        metric(b.aupr_in, b.aupr_in_ci),
        metric(o.aupr_in, o.aupr_in_ci),
    );
    row(
        "AUPR-out ↑",
        metric(b.aupr_out, b.aupr_out_ci),
        metric(o.aupr_out, o.aupr_out_ci),
    );
    if b.oscr.is_some() {
        row("OSCR ↑", b.oscr.zip(b.oscr_ci), o.oscr.zip(o.oscr_ci));
    }
    let ccr = (&b.ccr_at_fpr, &b.ccr_at_fpr_ci, &o.ccr_at_fpr, &o.ccr_at_fpr_ci);
    if let (Some(bc), Some(bi), Some(oc), Some(oi)) = ccr {
        for (((fpr, b), bi), (o, oi)) in bc.iter().zip(bi.values()).zip(oc.values().zip(oi.values())) {
            row(&format!("CCR@FPR {fpr} ↑"), b.zip(*bi), o.zip(*oi));
        }
    }
    text.push_str(&by_detector(r));
    text.push_str(&format!(
        "\n{}; {}; {}\n",
        r.conventions.positive, r.conventions.error, r.conventions.aupr
    ));
    text
}

/// A metric and its interval, fractions; `None` where the images are too few to tell.
type Estimate = Option<(f64, Interval)>;

fn row(name: &str, baseline: Estimate, odin: Estimate) -> String {
    let [value, range] = cells(baseline);
    let [odin_value, odin_range] = cells(odin);
    format!("{name:<16}{value:>9}{range:>18}{odin_value:>9}{odin_range:>18}\n")
}

fn cells(estimate: Estimate) -> [String; 2] {
    estimate.map_or(["-".to_owned(), "-".to_owned()], |(value, interval)| {
        let range = format!("{:.2} – {:.2}", 100.0 * interval.low, 100.0 * interval.high);
        [format!("{:.2}", 100.0 * value), range]
    })
}
