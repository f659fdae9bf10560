//! Which published numbers may stand beside a result: those of the same weights, the same sets and the same images, and
//! the detector's only at the T and ε that were published.
use serde::Serialize;

use crate::networks::{Measures, Published};
use crate::session::Metric;
use crate::units::{Magnitude, Temperature};

/// What a result is of, as far as a published table can be of the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured<'a> {
    pub weights: WeightsUsed<'a>,
    /// Whether the in-distribution set is the one that the network's card names.
    pub is_cards_in_dataset: bool,
    /// The out-of-distribution set: a data card's name, or a path.
    pub dataset: &'a str,
    /// Images left out at the start of each set; `None` where the images are no such slice, but a part of it.
    pub skip: Option<usize>,
    pub temperature: Temperature,
    pub magnitude: Magnitude,
}

/// The weights that a result was computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightsUsed<'a> {
    /// The file that the network's card names, whose digest is not known here.
    OfCard,
    /// Weights of this BLAKE3 digest, as manifests have it, and whether they lay in the file that the card names.
    Known {
        digest: &'a str,
        is_cards_file: bool,
    },
    Others,
}

/// Published numbers that stand beside a result.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedBeside {
    /// Where the numbers were read.
    pub source: String,
    pub set: String,
    /// Metrics as fractions.
    pub baseline: Fractions,
    /// ODIN's, where the result has the T and ε that these were published for.
    pub odin: Option<PublishedOdin>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedOdin {
    pub temperature: Temperature,
    pub magnitude: Magnitude,
    /// Metrics as fractions.
    pub metrics: Fractions,
}

/// The headline metrics as fractions, where a network's card has them in %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fractions {
    fpr95: f64,
    detection_error: f64,
    auroc: f64,
    aupr_in: f64,
    aupr_out: f64,
}

impl Fractions {
    pub fn of(measures: &Measures) -> Self {
        Self {
            fpr95: fraction(measures.fpr95),
            detection_error: fraction(measures.detection_error),
            auroc: fraction(measures.auroc),
            aupr_in: fraction(measures.aupr_in),
            aupr_out: fraction(measures.aupr_out),
        }
    }

    pub fn get(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Fpr95 => self.fpr95,
            Metric::DetectionError => self.detection_error,
            Metric::Auroc => self.auroc,
            Metric::AuprIn => self.aupr_in,
            Metric::AuprOut => self.aupr_out,
        }
    }
}

/// Moves the decimal point, so that the fraction has the digits that were printed: 0.7 / 100 is 0.006999999999999999.
fn fraction(percent: f64) -> f64 {
    let shifted = format!("{percent}e-2").parse();
    shifted.expect("cards hold finite percentages")
}

/// What was published of that which was measured. The baseline depends on neither T nor ε, so its numbers stand beside
/// every setting.
pub fn published_beside(published: &Published, measured: &Measured) -> Option<PublishedBeside> {
    let is_of_weights = match (measured.weights, &published.weights) {
        (WeightsUsed::Known { digest, .. }, Some(known)) => digest == known,
        (WeightsUsed::Known { is_cards_file, .. }, None) => is_cards_file,
        (WeightsUsed::OfCard, _) => true,
        (WeightsUsed::Others, _) => false,
    };
    if !is_of_weights || !measured.is_cards_in_dataset || measured.skip != Some(published.skip) {
        return None;
    }
    let row = published.rows.iter().find(|row| row.set == measured.dataset)?;
    let is_of_setting = measured.temperature == published.temperature && measured.magnitude == row.magnitude;
    Some(PublishedBeside {
        source: published.source.clone(),
        set: row.set.clone(),
        baseline: Fractions::of(&row.baseline),
        odin: is_of_setting.then(|| PublishedOdin {
            temperature: published.temperature,
            magnitude: row.magnitude,
            metrics: Fractions::of(&row.odin),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::networks::PublishedRow;

    #[test]
    fn published_numbers_stand_only_beside_what_they_are_of() {
        let measures = |auroc| Measures {
            fpr95: 34.7,
            detection_error: 10.0,
            auroc,
            aupr_in: 96.4,
            aupr_out: 93.8,
        };
        let published = Published {
            source: "a paper".to_owned(),
            weights: Some("abc".to_owned()),
            temperature: Temperature::PAPER,
            skip: 1000,
            rows: vec![PublishedRow {
                set: "Imagenet".to_owned(),
                magnitude: Magnitude::PAPER,
                baseline: measures(95.3),
                odin: measures(99.1),
            }],
        };
        let known = |digest| WeightsUsed::Known {
            digest,
            is_cards_file: true,
        };
        let measured = Measured {
            weights: known("abc"),
            is_cards_in_dataset: true,
            dataset: "Imagenet",
            skip: Some(1000),
            temperature: Temperature::PAPER,
            magnitude: Magnitude::PAPER,
        };
        let found = published_beside(&published, &measured).unwrap();
        assert_eq!(found.baseline.get(Metric::Auroc), 0.953);
        assert_eq!(fraction(0.7), 0.007);
        assert_eq!(found.odin.unwrap().metrics.get(Metric::Auroc), 0.991);
        // At another T or ε the baseline's numbers stand alone.
        for other in [
            Measured {
                temperature: Temperature::ONE,
                ..measured
            },
            Measured {
                magnitude: Magnitude::ZERO,
                ..measured
            },
        ] {
            assert_eq!(published_beside(&published, &other).unwrap().odin, None);
        }
        for other in [
            Measured {
                weights: known("other"),
                ..measured
            },
            Measured {
                weights: WeightsUsed::Others,
                ..measured
            },
            Measured {
                is_cards_in_dataset: false,
                ..measured
            },
            Measured {
                dataset: "LSUN",
                ..measured
            },
            Measured {
                skip: Some(0),
                ..measured
            },
            Measured {
                skip: None,
                ..measured
            },
        ] {
            assert_eq!(published_beside(&published, &other), None, "{other:?}");
        }
        // A card that does not say the digest speaks of the file that it names.
        let unnamed = Published {
            weights: None,
            ..published
        };
        assert!(published_beside(&unnamed, &measured).is_some());
        let elsewhere = WeightsUsed::Known {
            digest: "abc",
            is_cards_file: false,
        };
        let other = Measured {
            weights: elsewhere,
            ..measured
        };
        assert_eq!(published_beside(&unnamed, &other), None);
    }
}
