//! Scores a few made-up images by every detector that their evidence allows: `cargo run -p odin-detectors --example score`.
//! With `--table`, prints the table of README.md instead.
use std::sync::Arc;

use odin_detectors::{
    Detector, Error, Fit, FitImages, Fitted, Images, Known, LastLayer, Prepared, Rows, Setting,
};

const CLASSES: usize = 3;
const FEATURES: usize = 8;

/// Features of an image of a class: some are on, the others off, and `blur` of them in between.
fn features(class: usize, image: usize, blur: f32) -> impl Iterator<Item = f32> {
    (0..FEATURES).map(move |place| {
        let is_on = place % CLASSES == class;
        let noise = ((image * FEATURES + place + 1) as f32 * 0.618_034).fract();
        (1.0 - blur) * f32::from(u8::from(is_on)) + blur * noise
    })
}

fn logits(weight: &[f32], features: &[f32]) -> Vec<f32> {
    let rows = features.chunks_exact(FEATURES);
    rows.flat_map(|h| {
        weight
            .chunks_exact(FEATURES)
            .map(move |w| w.iter().zip(h).map(|(w, h)| w * h).sum())
    })
    .collect()
}

fn main() -> Result<(), Error> {
    if std::env::args().any(|argument| argument == "--table") {
        print_table();
        return Ok(());
    }
    let weight: Vec<f32> = (0..CLASSES).flat_map(|class| features(class, 0, 0.1)).collect();
    let training: Vec<f32> = (0..90)
        .flat_map(|image| features(image % CLASSES, image, 0.3))
        .collect();
    let labels = (0..90).map(|image| (image % CLASSES) as u16).collect();
    let known = Known {
        fit_images: Some(FitImages {
            logits: Rows::new("logits of the fit images", logits(&weight, &training), CLASSES)?,
            features: Some(Rows::new("features of the fit images", training, FEATURES)?),
            labels: Some(Arc::new(labels)),
            perturbed_features: None,
        }),
        last_layer: Some(LastLayer {
            weight: Rows::new("the last layer's weight", weight.clone(), FEATURES)?,
            bias: vec![0.0; CLASSES],
        }),
        validation: None,
    };
    let fit = Fit::new(known)?;
    // Three images like the training images, and one that is like nothing.
    let images: Vec<f32> = (0..3)
        .flat_map(|class| features(class, 1000 + class, 0.3))
        .chain(features(1, 2000, 1.0))
        .collect();
    let mut prepared = Prepared::new(&fit);
    prepared.push(&Images {
        features: Some(Rows::new("features of the images", images.clone(), FEATURES)?),
        ..Images::of_logits(Rows::new(
            "logits of the images",
            logits(&weight, &images),
            CLASSES,
        )?)
    })?;
    for detector in Detector::ALL {
        let scored =
            Fitted::new(detector, &fit).and_then(|fitted| fitted.scores(&Setting::new(detector), &prepared));
        match scored {
            Ok(scores) => println!("{detector:15} {scores:9.4?}"),
            Err(error) => println!("{detector:15} none: {error}"),
        }
    }
    Ok(())
}

fn print_table() {
    println!("| key | score | knobs | needs | source | cost |");
    println!("|---|---|---|---|---|---|");
    for detector in Detector::ALL {
        let row = detector.description();
        let knobs: Vec<String> = row
            .knobs
            .iter()
            .map(|knob| {
                format!(
                    "{} {}{}",
                    knob.key,
                    knob.default,
                    if knob.needs_pass { "*" } else { "" }
                )
            })
            .collect();
        let needs: Vec<String> = row.needs.iter().map(|need| format!("{need:?}")).collect();
        let list = |items: &[String]| match items.is_empty() {
            true => "–".to_owned(),
            false => items.join(", "),
        };
        // A bar ends a cell.
        let formula = row.formula.replace('|', "\\|");
        let (knobs, needs) = (list(&knobs), list(&needs));
        println!(
            "| {} | {formula} | {knobs} | {needs} | {} | {} |",
            row.key, row.source, row.cost
        );
    }
}
