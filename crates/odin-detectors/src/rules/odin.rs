//! ODIN and i-ODIN: max softmax of the perturbed image.
//!
//! The perturbation is the network's work. Here its logits are scored, as they come: of ODIN's image, where every input
//! value is moved by ε against the sign of its gradient, or of i-ODIN's, where only that of the greatest gradient is.
use super::shared::TEMPERATURE;
use crate::description::{Description, Maker, Rule, Score};
use crate::error::Error;
use crate::knob::{Knob, Scale, Values};
use crate::log_odds::log_odds;
use crate::need::Need;

/// Scores are log-odds, as the baseline's.
pub(crate) const ODIN: Description = Description {
    key: "odin",
    label: "ODIN",
    formula: "max softmax(z′/T), x′ = x − ε sign(g)/std",
    source: "arXiv 1706.02690",
    cost: "no fit; a gradient and a second pass an image",
    knobs: &[TEMPERATURE, MAGNITUDE],
    needs: &[Need::Gradient],
    is_log_odds: true,
    rule: Maker::Fit(|_| Ok(Box::new(Perturbed))),
};

/// Scores are log-odds, as the baseline's.
pub(crate) const I_ODIN: Description = Description {
    key: "i-odin",
    label: "i-ODIN",
    formula: "max softmax(z′/T), only the value of the greatest gradient moved",
    source: "OpenOOD",
    ..ODIN
};

const MAGNITUDE: Knob = Knob {
    key: "magnitude",
    label: "ε",
    default: 0.0014,
    least: 0.0,
    most: 1.0,
    span: (0.0, 0.004),
    scale: Scale::Linear { step: 0.0001 },
    meaning: "size of the perturbation, in units of the [0, 1] image",
    needs_pass: true,
};

struct Perturbed;

impl Rule for Perturbed {
    fn at<'a>(&'a self, values: &Values) -> Result<Score<'a>, Error> {
        let temperature = values.get("temperature");
        Ok(Box::new(move |block| {
            let logits = block.perturbed_logits().iter();
            logits.map(|logits| log_odds(logits, temperature)).collect()
        }))
    }
}
