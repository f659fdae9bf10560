//! The same network on the CPU's own vectors (package `odin-kernels`): one image at a time, from memory that stays in the
//! caches, and the gradient to it by hand. Twice as fast as libtorch's convolutions allow, and exact but for rounding.
use std::cell::RefCell;
use std::sync::Arc;

use odin_kernels::Instructions;
use odin_kernels::densenet::{self, Kernel, Layer, Net, Norm, Transition, Workspace};
use tch::{TchError, Tensor};

use super::super::layers::{EPSILON, Result, affine};
use super::super::outputs::{Outputs, values};
use super::super::weights::{Weights, WeightsError};
use odin_core::networks::DenseNetPlan;

type Taken<T> = std::result::Result<T, WeightsError>;

/// The weights as the kernels read them.
pub(crate) fn pack(plan: &DenseNetPlan, weights: &Weights) -> Taken<Net> {
    let block = |b: usize| -> Taken<Vec<Layer>> {
        let of = |i| layer(weights, &format!("block{b}.layer.{i}"));
        (0..plan.layers).map(of).collect()
    };
    let stem = kernel(weights, "conv1")?;
    Ok(Net {
        growth: plan.growth,
        stem: stem.packed(),
        stem_back: stem.transposed(&[]),
        blocks: [block(1)?, block(2)?, block(3)?],
        transitions: [transition(weights, "trans1")?, transition(weights, "trans2")?],
        head: norm(weights, "bn1")?,
        weight: values(&weights.get("fc.weight")?)?,
        bias: values(&weights.get("fc.bias")?)?,
    })
}

fn layer(weights: &Weights, name: &str) -> Taken<Layer> {
    let mut reduce = kernel(weights, &format!("{name}.conv1"))?;
    let (slope, shift) = affine(weights, &format!("{name}.bn2"))?;
    let rows = reduce.values.chunks_exact_mut(reduce.inputs.max(1));
    for (row, slope) in rows.zip(values(&slope)?) {
        row.iter_mut().for_each(|w| *w *= slope);
    }
    let grow = kernel(weights, &format!("{name}.conv2"))?;
    let norm = norm(weights, &format!("{name}.bn1"))?;
    Ok(Layer::new(norm, &reduce, values(&shift)?, &grow))
}

fn transition(weights: &Weights, name: &str) -> Taken<Transition> {
    let conv = kernel(weights, &format!("{name}.conv1"))?;
    Ok(Transition::new(norm(weights, &format!("{name}.bn1"))?, &conv))
}

fn kernel(weights: &Weights, name: &str) -> Taken<Kernel> {
    let tensor = weights.get(&format!("{name}.weight"))?;
    let size = tensor.size();
    let [outputs, inputs, height, width] = size.as_slice() else {
        return Err(WeightsError::Missing(format!("{name}.weight of four dimensions")));
    };
    Ok(Kernel {
        outputs: *outputs as usize,
        inputs: *inputs as usize,
        taps: (height * width) as usize,
        values: values(&tensor)?,
    })
}

/// In f32, as libtorch computes a batch norm that it does not fold: fewer activations then fall on the other side of
/// their ReLU's edge than where one is more exact than the other.
fn norm(weights: &Weights, name: &str) -> Taken<Norm> {
    let get = |part: &str| -> Taken<Vec<f32>> { Ok(values(&weights.get(&format!("{name}.{part}"))?)?) };
    let (weight, bias) = (get("weight")?, get("bias")?);
    let (mean, variance) = (get("running_mean")?, get("running_var")?);
    let all = weight.iter().zip(bias).zip(mean.iter().zip(variance));
    let one = |((weight, bias), (mean, variance)): ((&f32, f32), (&f32, f32))| {
        let slope = weight * (1.0 / (variance + EPSILON as f32).sqrt());
        [slope, bias - mean * slope]
    };
    Ok(all.map(one).collect())
}

/// A thread's own: the shared weights, and memory to work in.
pub(crate) struct Native {
    net: Arc<Net>,
    instructions: Instructions,
    spaces: RefCell<Vec<Workspace>>,
}

/// Sizes of images that memory is kept for: a comparison has two sets.
const SIZES: usize = 2;

impl Native {
    pub(crate) fn new(net: Arc<Net>, instructions: Instructions) -> Self {
        Self {
            net,
            instructions,
            spaces: RefCell::default(),
        }
    }

    /// Logits [B, C] and features [B, D] of images [B, 3, H, W].
    pub(crate) fn outputs(&self, images: &Tensor) -> Result<Outputs> {
        let mut found = Rows::new(&self.net);
        self.each(images, |image, space| {
            densenet::forward(self.instructions, &self.net, space, image, false, found.next());
            found.features.extend(space.features());
            Ok(())
        })?;
        found.outputs()
    }

    /// The same, and the gradient to the images of Σ weights ⊙ logits, with the weights a function of the logits that is
    /// held constant. It is asked image by image.
    pub(crate) fn outputs_and_gradient(
        &self,
        images: &Tensor,
        weights: &dyn Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<(Outputs, Tensor)> {
        let mut found = Rows::new(&self.net);
        let mut gradients = Vec::new();
        self.each(images, |image, space| {
            let logits = found.next();
            densenet::forward(self.instructions, &self.net, space, image, true, logits);
            let seed = weights(&Tensor::f_from_slice(logits)?.f_view([1, -1])?)?;
            let seed = values(&seed)?;
            let from = gradients.len();
            gradients.resize(from + image.len(), 0.0);
            densenet::backward(self.instructions, &self.net, space, &seed, &mut gradients[from..]);
            found.features.extend(space.features());
            Ok(())
        })?;
        let gradient = Tensor::f_from_slice(&gradients)?.f_view(images.size().as_slice())?;
        Ok((found.outputs()?, gradient))
    }

    /// Image by image, with memory for its size.
    fn each(
        &self,
        images: &Tensor,
        mut work: impl FnMut(&[f32], &mut Workspace) -> Result<()>,
    ) -> Result<()> {
        let size = images.size();
        let &[_, 3, height, width] = size.as_slice() else {
            return Err(TchError::Shape(format!(
                "images [B, 3, H, W] are needed, not {size:?}"
            )));
        };
        if height < 32 || width < 32 {
            return Err(TchError::Shape(format!(
                "images of {height}×{width} are too small for the last pool"
            )));
        }
        let (height, width) = (height as usize, width as usize);
        let mut spaces = self.spaces.borrow_mut();
        let known = spaces.iter().position(|space| space.size() == (height, width));
        let mut space = match known {
            Some(place) => spaces.remove(place),
            None => Workspace::new(&self.net, height, width, self.instructions),
        };
        for image in values(images)?.chunks_exact(3 * height * width) {
            work(image, &mut space)?;
        }
        spaces.insert(0, space);
        spaces.truncate(SIZES);
        Ok(())
    }
}

/// What came of the images so far, a row an image.
struct Rows {
    classes: usize,
    width: usize,
    logits: Vec<f32>,
    features: Vec<f32>,
}

impl Rows {
    fn new(net: &Net) -> Self {
        Self {
            classes: net.bias.len(),
            width: net.head.len(),
            logits: Vec::new(),
            features: Vec::new(),
        }
    }

    /// Room for the logits of the next image.
    fn next(&mut self) -> &mut [f32] {
        let from = self.logits.len();
        self.logits.resize(from + self.classes, 0.0);
        &mut self.logits[from..]
    }

    fn outputs(self) -> Result<Outputs> {
        let rows = |values: &[f32], width: usize| Tensor::f_from_slice(values)?.f_view([-1, width as i64]);
        Ok(Outputs {
            logits: rows(&self.logits, self.classes)?,
            features: Some(rows(&self.features, self.width)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::layers::Mode;
    use super::super::super::layers::samples::{agree, noise, off};
    use super::super::super::weights::channels_last;
    use super::super::{DenseNet, varied};
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn it_gives_the_plain_networks_logits_and_gradient() {
        let Some(instructions) = Instructions::of_this_cpu() else {
            println!("skipped: this CPU has no vectors that are known");
            return;
        };
        for growth in [6, 5] {
            let (plan, weights) = varied(growth);
            let plain = DenseNet::new(&plan, &weights).unwrap();
            let native = Native::new(Arc::new(pack(&plan, &weights).unwrap()), instructions);
            let mut offs = Vec::new();
            // 36 leaves a map of 9 of which 8 are pooled, 34 and 39 drop a row in a transition too.
            for (height, width) in [(32, 32), (36, 36), (34, 39), (63, 32)] {
                let x = noise(&[3, 3, height, width], growth as u64);
                let leaf = x.copy().set_requires_grad(true);
                let Outputs {
                    logits: want,
                    features,
                } = plain.forward(&leaf, Mode::Evaluation).unwrap();
                let features = features.unwrap().detach();
                let seed = noise(&[1, want.size()[1]], 1);
                (&want * &seed).sum(Kind::Float).backward();
                let x = channels_last(&x).unwrap();
                let (outputs, gradient) = native
                    .outputs_and_gradient(&x, &|_| Ok(seed.shallow_clone()))
                    .unwrap();
                let alone = native.outputs(&x).unwrap();
                let case = format!("growth {growth}, {height}×{width}");
                for outputs in [outputs, alone] {
                    assert!(off(&outputs.logits, &want.detach()) < 1e-5, "{case}");
                    let found = outputs.features.unwrap();
                    assert!(
                        found.size() == features.size() && off(&found, &features) < 1e-5,
                        "{case}"
                    );
                }
                offs.push(off(&gradient, &leaf.grad()));
            }
            assert!(agree(offs.clone()), "growth {growth}: {offs:?}");
        }
    }

    #[test]
    fn an_image_has_the_same_values_in_any_batch_to_the_bit() {
        let Some(instructions) = Instructions::of_this_cpu() else {
            return;
        };
        let (plan, weights) = varied(6);
        let native = Native::new(Arc::new(pack(&plan, &weights).unwrap()), instructions);
        let x = noise(&[5, 3, 32, 32], 8);
        let seed = |logits: &Tensor| logits.f_softmax(1, Kind::Float);
        let (outputs, gradient) = native.outputs_and_gradient(&x, &seed).unwrap();
        let (logits, features) = (outputs.logits, outputs.features.unwrap());
        // Another size in between takes the memory over.
        let _ = native.outputs(&noise(&[1, 3, 36, 36], 9)).unwrap();
        for i in [4, 0, 2] {
            let (recorded, way) = native.outputs_and_gradient(&x.narrow(0, i, 1), &seed).unwrap();
            assert!(way.equal(&gradient.narrow(0, i, 1)));
            for alone in [recorded, native.outputs(&x.narrow(0, i, 1)).unwrap()] {
                assert!(alone.logits.equal(&logits.narrow(0, i, 1)));
                assert!(alone.features.unwrap().equal(&features.narrow(0, i, 1)));
            }
        }
    }

    #[test]
    fn nan_stays_nan_and_small_images_are_refused() {
        let Some(instructions) = Instructions::of_this_cpu() else {
            return;
        };
        let (plan, weights) = varied(6);
        let native = Native::new(Arc::new(pack(&plan, &weights).unwrap()), instructions);
        let x = Tensor::full([1, 3, 32, 32], f64::NAN, (Kind::Float, Device::Cpu));
        let outputs = native.outputs(&x).unwrap();
        assert!(outputs.logits.isnan().all().double_value(&[]) > 0.0);
        assert!(native.outputs(&x.narrow(2, 0, 31)).is_err());
    }
}
