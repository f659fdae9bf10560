//! Tries a program on a few small images: where its logits lie, whether they are logits, whether each image is judged by
//! itself, whether there is a gradient to the image, and where its features are to be had.
use std::sync::Arc;

use odin_core::networks::Input;
use tch::{Device, Kind, TchError, Tensor};

use super::super::reason::reason_of;
use super::error::{ProgramError, explain};
use super::last_layer::{self, Features};
use super::output::Layout;
use super::program::{Found, TorchScript, load, run};
use super::values::{greatest, is_finite};

/// Images at a time: neither one nor two, which are numbers of logits too.
const IMAGES: i64 = 3;
/// How much the logits of an image may depend on its neighbour in the batch: rounding.
const SAME: f64 = 1e-3;
/// Why there is none, as far as can be said without knowing the program.
pub(crate) const NO_GRADIENT: &str = "its logits have no gradient to the image (`torch.no_grad`, `detach` or an integer \
                                      step within it), so only ε = 0 can be scored; save it without";

/// Finds out what there is to know of the program.
pub(super) fn open(
    bytes: &[u8],
    input: Input,
    channels: usize,
    classes: usize,
    device: Device,
) -> Result<TorchScript, ProgramError> {
    let module = load(bytes, device)?;
    let (height, width) = input.least();
    let fails = |error: TchError| ProgramError::Fails {
        height,
        width,
        reason: explain(&error),
    };
    let images = pictures(channels, height, width, device)?;
    let classes = i64::try_from(classes).expect("a card's classes are bounded");
    let output = match tch::no_grad(|| run(&module, &images)) {
        Ok(output) => output,
        Err(error) => {
            let one = images.f_narrow(0, 0, 1)?;
            let takes_one = tch::no_grad(|| run(&module, &one)).is_ok();
            return Err(match takes_one {
                true => ProgramError::OneAtATime {
                    images: IMAGES,
                    reason: explain(&error),
                },
                false => fails(error),
            });
        }
    };
    let mut program = TorchScript {
        module: Arc::new(module),
        layout: Layout::of(&output, IMAGES, classes)?,
        head: None,
        classes,
        found: Arc::default(),
    };
    let together = program.layout.pick(&output)?.logits.f_to_kind(Kind::Float)?;
    if !is_finite(&together)? {
        return Err(ProgramError::NotFinite);
    }
    let scale = greatest(&together)?;
    for n in [0, IMAGES - 1] {
        let alone = tch::no_grad(|| program.given(&images.f_narrow(0, n, 1)?)).map_err(fails)?;
        let want = together.f_narrow(0, n, 1)?;
        // Broadcasting would hide a program that takes one image for another number of them.
        if alone.size() != want.size() {
            return Err(ProgramError::NoLogits {
                batch: 1,
                classes,
                made: format!("{:?}", alone.size()),
                advice: String::new(),
            });
        }
        let apart = greatest(&alone.f_sub(&want)?)?;
        if !apart.is_finite() || apart > SAME * (1.0 + scale) {
            return Err(ProgramError::Unsteady);
        }
    }
    let two = images.f_narrow(0, 0, 2)?;
    let mut found = Found {
        no_gradient: no_gradient(&program, &two),
        ..Found::default()
    };
    let features = if is_same_for_all(&together)? {
        let note = "its logits are the same for every image that was tried";
        found.notes.push(note.to_owned());
        Features::None(format!("{note}, so that no last layer can be told"))
    } else if let Some(ending) = ending(&program, &images, &together)? {
        found.notes.push(ending.note().to_owned());
        Features::None("its outputs are no logits, which a last layer makes of features".to_owned())
    } else {
        last_layer::find(&program, bytes, device, &images, &output).unwrap_or_else(|error| {
            Features::None(format!(
                "its last layer cannot be looked for: {}",
                reason_of(&error)
            ))
        })
    };
    match features {
        Features::Given(place, layer) => {
            program.layout.features = Some((place, layer.width()));
            found.last_layer = Some((layer.to_last_layer()?, layer.name));
        }
        Features::Before(changed, layer) => {
            // What has a gradient must keep it.
            if no_gradient(&changed, &two).is_some() == found.no_gradient.is_some() {
                program = *changed;
                found.last_layer = Some((layer.to_last_layer()?, layer.name));
            } else {
                found.no_features = Some("its gradient is lost where features are taken from it".to_owned());
            }
        }
        Features::Told(features, why) => {
            program.layout.features = Some(features);
            found.no_last_layer = Some(why);
        }
        Features::None(why) => found.no_features = Some(why),
    }
    program.found = Arc::new(found);
    Ok(program)
}

/// The last step after which its outputs are no logits any more, if there is one.
fn ending(program: &TorchScript, images: &Tensor, together: &Tensor) -> Result<Option<Ending>, TchError> {
    let Some(ending) = Ending::of(together)? else {
        return Ok(None);
    };
    // Logits that happen to look so grow with what the network is shown.
    let bright = tch::no_grad(|| program.given(&images.f_mul_scalar(40.0)?));
    let confirmed = bright.ok().filter(|given| is_finite(given).unwrap_or(false));
    let again = confirmed.map(|given| Ending::of(&given)).transpose()?;
    Ok(again.is_none_or(|again| again == Some(ending)).then_some(ending))
}

/// Any pictures will do, as long as they differ: ramps of their own slope.
fn pictures(channels: usize, height: usize, width: usize, device: Device) -> Result<Tensor, TchError> {
    let values = channels * height * width;
    let value = |i: usize| {
        let (image, at) = (i / values.max(1), i % values.max(1));
        ((at * (2 * image + 1)) % 255) as f32 / 64.0 - 2.0 * (image % 2) as f32
    };
    let all: Vec<f32> = (0..IMAGES as usize * values).map(value).collect();
    Tensor::f_from_slice(&all)?
        .f_view([IMAGES, channels as i64, height as i64, width as i64])?
        .f_to_device(device)
}

/// Why the logits have no gradient to the images; `None` where they have one.
fn no_gradient(program: &TorchScript, images: &Tensor) -> Option<String> {
    let probe = || -> Result<bool, TchError> {
        let leaf = images.f_detach()?.f_set_requires_grad(true)?;
        let sum = program.forward(&leaf)?.logits.f_sum(Kind::Float)?;
        // libtorch follows a null pointer where there is nothing to go back through.
        if !sum.requires_grad() {
            return Ok(false);
        }
        let gradients = Tensor::f_run_backward(&[sum], &[&leaf], false, false)?;
        Ok(gradients.first().is_some_and(Tensor::defined))
    };
    match tch::with_grad(probe) {
        Ok(true) => None,
        Ok(false) => Some(NO_GRADIENT.to_owned()),
        Err(error) => Some(format!(
            "its gradient to the image cannot be taken, so only ε = 0 can be scored: {}",
            reason_of(&error)
        )),
    }
}

/// A last step after which there are no logits any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Softmax,
    LogSoftmax,
    Sigmoid,
}

impl Ending {
    /// By what the values of [B, C] (or of one value an image) are.
    fn of(given: &Tensor) -> Result<Option<Self>, TchError> {
        const CLOSE: f64 = 1e-3;
        let given = given
            .f_to_kind(Kind::Double)?
            .f_view([given.size().first().copied().unwrap_or(1), -1])?;
        let (least, most) = (
            given.f_min()?.f_double_value(&[])?,
            given.f_max()?.f_double_value(&[])?,
        );
        let is_one =
            |sums: Tensor| -> Result<bool, TchError> { Ok(greatest(&sums.f_sub_scalar(1.0)?)? < CLOSE) };
        let sum = |x: &Tensor| x.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
        let classes = given.size().last().copied().unwrap_or(1);
        if (0.0..=1.0).contains(&least) && (0.0..=1.0).contains(&most) {
            let is_softmax = classes > 1 && is_one(sum(&given)?)?;
            return Ok(Some(if is_softmax { Self::Softmax } else { Self::Sigmoid }));
        }
        let is_log = classes > 1 && most <= 0.0 && is_one(sum(&given.f_exp()?)?)?;
        Ok(is_log.then_some(Self::LogSoftmax))
    }

    fn note(self) -> &'static str {
        match self {
            Self::Softmax => {
                "it ends in a softmax: its rows sum to 1, as probabilities do and logits do not. Every detector takes them for \
                 logits, and its scores are then wrong; save the network without its softmax"
            }
            Self::LogSoftmax => {
                "it ends in a log-softmax: softmax scores are right, but energy and max logit say nothing of such rows; save \
                 the network without its last step"
            }
            Self::Sigmoid => {
                "all its outputs lie between 0 and 1, as after a sigmoid, and logits do not. Every detector takes them for \
                 logits, and its scores are then wrong; save the network without its sigmoid"
            }
        }
    }
}

fn is_same_for_all(given: &Tensor) -> Result<bool, TchError> {
    let first = given.f_narrow(0, 0, 1)?;
    Ok(greatest(&given.f_sub(&first)?)? == 0.0)
}
