//! Finds a program's features and its last layer: what h, W and b its logits are W h + b of.
//!
//! Nothing says which of a program's parameters is its last layer, so each that could be is tried. Where the program gives h
//! beside the logits, that is seen from its output. Where it doesn't, the layer is made to hand on what it takes: with the
//! identity for a weight and no bias the program gives h in the logits' place, in a pass that costs hardly more. Either is taken
//! only where W h + b are the logits of the program as it is, for images of more than one kind.
use std::sync::Arc;

use tch::{Device, IValue, Kind, TchError, Tensor};

use super::output::{Form, Place};
use super::program::{Linear, TorchScript, load};
use super::values::{greatest, is_finite};

/// How far W h + b may lie from the logits, as a share of the greatest where that is above 1.
const CLOSE: f64 = 1e-4;
/// Parameters that are tried: each takes the time of loading the program.
const MAX_TRIED: usize = 8;
/// Features of which the identity, whose memory and time grow with their square, still costs little.
const MAX_WIDTH: i64 = 8192;

/// What there is to know of a program's features.
pub(super) enum Features {
    /// The program gives them at this place, and the layer takes them to the logits.
    Given(Place, Linear),
    /// The program has been changed to give them in the logits' place.
    Before(Box<TorchScript>, Linear),
    /// It gives features by their name or place, and why nothing is known to take these to the logits.
    Told((Place, i64), String),
    /// There are none, and why.
    None(String),
}

/// Looks for them. `output` is what the program makes of `images`, each judged by itself.
pub(super) fn find(
    program: &TorchScript,
    bytes: &[u8],
    device: Device,
    images: &Tensor,
    output: &IValue,
) -> Result<Features, TchError> {
    if program.layout.form == Form::Single {
        let why =
            "it gives one logit an image, and features are those of a last layer with a row for each class";
        return Ok(Features::None(why.to_owned()));
    }
    let batch = images.size().first().copied().unwrap_or_default();
    let beside = program.layout.rows_beside(output, batch)?;
    let logits = program.layout.pick(output)?.logits.f_to_kind(Kind::Float)?;
    let trials = Trial::all(program, images, logits)?;
    let parameters = program.module.named_parameters()?;
    let layers = candidates(&parameters, program.classes);
    for layer in &layers {
        for (place, features) in &beside {
            // The width is looked at first: most are none that the layer takes.
            if width(features) == layer.width() && takes(program, place, &trials, layer).unwrap_or(false) {
                return Ok(Features::Given(place.clone(), layer.clone()));
            }
        }
    }
    let why = match (layers.len(), parameters.is_empty()) {
        (0, true) => "it has no parameters, as after `torch.jit.freeze`, among which its last layer could be found; save it \
                      before that step"
            .to_owned(),
        (0, false) => format!(
            "none of its parameters is the weight of a last layer, [{}, D]",
            program.classes
        ),
        (n, _) if n > MAX_TRIED => format!("too many of its parameters, {n}, could be the weight of its last layer"),
        _ if layers.iter().all(|layer| layer.width() > MAX_WIDTH) => {
            format!("what could be its last layer takes more than {MAX_WIDTH} values an image")
        }
        _ => {
            let mut found = Vec::new();
            for layer in layers.iter().filter(|layer| layer.width() <= MAX_WIDTH) {
                let changed = before(program, bytes, device, &trials, layer)?;
                found.extend(changed.map(|changed| (changed, layer)));
            }
            match (found.pop(), found.pop()) {
                (Some((changed, layer)), None) => {
                    return Ok(Features::Before(Box::new(changed), layer.clone()));
                }
                (Some(_), Some(_)) => "more than one of its parameters could be the weight of its last layer".to_owned(),
                (None, _) => "its logits are not W h + b of a last layer among its parameters".to_owned(),
            }
        }
    };
    let mut beside = beside.into_iter();
    let told = beside.find(|(place, features)| program.layout.tells_features(place, width(features)));
    Ok(match told {
        Some((place, features)) => {
            let why = format!(
                "its features ({place}) are there, but not the last layer that takes them to the logits: {why}"
            );
            Features::Told((place, width(&features)), why)
        }
        None => Features::None(format!("{why}; or return (logits, features), [B, C] and [B, D]")),
    })
}

/// The parameters [C, D], each with the bias beside it.
fn candidates(parameters: &[(String, Tensor)], classes: i64) -> Vec<Linear> {
    let bias = |weight: &str| {
        let name = bias_of(weight)?;
        let (_, bias) = parameters.iter().find(|(other, _)| *other == name)?;
        (bias.size() == [classes]).then(|| bias.shallow_clone())
    };
    let is_weight = |weight: &Tensor| matches!(weight.size().as_slice(), [c, d] if *c == classes && *d > 0);
    let weights = parameters.iter().filter(|(_, weight)| is_weight(weight));
    let linear = |(name, weight): &(String, Tensor)| Linear {
        name: name.clone(),
        weight: weight.shallow_clone(),
        bias: bias(name),
    };
    let mut all: Vec<Linear> = Vec::new();
    for layer in weights.map(linear) {
        // A weight may have two names.
        if all
            .iter()
            .all(|other| other.weight.data_ptr() != layer.weight.data_ptr())
        {
            all.push(layer);
        }
    }
    all
}

/// D of features [B, D].
fn width(features: &Tensor) -> i64 {
    features.size().last().copied().unwrap_or_default()
}

/// What the bias beside a weight is called.
fn bias_of(weight: &str) -> Option<String> {
    Some(format!("{}bias", weight.strip_suffix("weight")?))
}

/// The program with this layer made to hand on what it takes, where its logits can be had of that.
fn before(
    program: &TorchScript,
    bytes: &[u8],
    device: Device,
    trials: &[Trial],
    layer: &Linear,
) -> Result<Option<TorchScript>, TchError> {
    let Ok(module) = load(bytes, device) else {
        return Ok(None);
    };
    let bias = layer.bias.as_ref().and_then(|_| bias_of(&layer.name));
    let width = layer.width();
    for (name, mut parameter) in module.named_parameters()? {
        if name == layer.name {
            parameter.f_set_data(&Tensor::f_eye(width, (Kind::Float, device))?)?;
        } else if bias.as_ref() == Some(&name) {
            parameter.f_set_data(&Tensor::f_zeros([width], (Kind::Float, device))?)?;
        }
    }
    let changed = TorchScript {
        module: Arc::new(module),
        head: Some(layer.clone()),
        ..program.clone()
    };
    // With another layer in it a program may fail in any way; then it isn't its last.
    let fits = |trial: &Trial| trial.agrees(&changed.forward(&trial.images)?.logits);
    for trial in trials {
        if !tch::no_grad(|| fits(trial)).unwrap_or(false) {
            return Ok(None);
        }
    }
    Ok(Some(changed))
}

/// Whether the layer takes what the program gives at this place to its logits.
fn takes(program: &TorchScript, place: &Place, trials: &[Trial], layer: &Linear) -> Result<bool, TchError> {
    let mut giving = program.clone();
    giving.layout.features = Some((place.clone(), layer.width()));
    for trial in trials {
        let features = tch::no_grad(|| giving.forward(&trial.images))?.features;
        let fits = |features: Tensor| trial.agrees(&layer.forward(&features)?);
        if !features.map_or(Ok(false), fits)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Images, and what logits the program as it is makes of them.
struct Trial {
    images: Tensor,
    logits: Tensor,
}

impl Trial {
    /// The images, and one that is brighter than any: a step after the last layer may do nothing to most of them. Where its
    /// logits aren't finite it tells nothing.
    fn all(program: &TorchScript, images: &Tensor, logits: Tensor) -> Result<Vec<Self>, TchError> {
        let mut trials = vec![Self {
            images: images.shallow_clone(),
            logits,
        }];
        let images = images.f_narrow(0, 0, 1)?.f_mul_scalar(10.0)?;
        if let Ok(logits) = tch::no_grad(|| program.given(&images))
            && is_finite(&logits)?
        {
            trials.push(Self { images, logits });
        }
        Ok(trials)
    }

    /// Whether these are its logits, but for rounding.
    fn agrees(&self, logits: &Tensor) -> Result<bool, TchError> {
        if logits.size() != self.logits.size() {
            return Ok(false);
        }
        let apart = greatest(&logits.f_sub(&self.logits)?)?;
        Ok(apart <= CLOSE * greatest(&self.logits)?.max(1.0))
    }
}
