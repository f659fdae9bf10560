//! 3×3 convolutions by `odin-kernels` in place of libtorch, which does more than twice the multiplications.
use std::cell::RefCell;

use odin_kernels::Instructions;
use odin_kernels::winograd::{Convolution, Size, Then, Workspace};
use tch::{Device, Kind, TchError, Tensor};

use super::outputs::values;

type Result<T> = std::result::Result<T, TchError>;

thread_local! {
    /// What a thread works in: its convolutions follow one another.
    static SPACE: RefCell<Workspace> = RefCell::default();
}

/// A convolution of stride 1 that keeps the size, and the way back through it. Threads share it.
pub(super) struct Winograd {
    forward: Convolution,
    backward: Convolution,
    bias: Vec<f32>,
}

impl Winograd {
    /// `None` where the kernels are not made for such a weight [out, in, H, W].
    pub(super) fn of(
        weight: &Tensor,
        bias: Option<&Tensor>,
        instructions: Instructions,
    ) -> Result<Option<Self>> {
        let &[outputs, inputs, 3, 3] = weight.size().as_slice() else {
            return Ok(None);
        };
        let (outputs, inputs) = (outputs as usize, inputs as usize);
        let all = values(weight)?;
        let at = |output: usize, input: usize, tap: usize| all[(output * inputs + input) * 9 + tap];
        let forward = Convolution::new(instructions, outputs, inputs, at);
        // Back, inputs and outputs change places, and the weights are turned by half a circle.
        let backward = Convolution::new(instructions, inputs, outputs, |o, i, tap| at(i, o, 8 - tap));
        let Some((forward, backward)) = forward.zip(backward) else {
            return Ok(None);
        };
        Ok(Some(Self {
            forward,
            backward,
            bias: bias.map(values).transpose()?.unwrap_or_default(),
        }))
    }

    /// Of maps [B, in, H, W].
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let then = Then {
            bias: &self.bias,
            ..Then::default()
        };
        run(&self.forward, x, then)
    }

    /// The gradient to the input, from that to the output [B, out, H, W].
    pub(super) fn backward(&self, gradient: &Tensor) -> Result<Tensor> {
        run(&self.backward, gradient, Then::default())
    }
}

fn run(convolution: &Convolution, x: &Tensor, then: Then<'_>) -> Result<Tensor> {
    let (images, _, height, width) = x.size4()?;
    let x = x.f_permute([0, 2, 3, 1])?.f_contiguous()?;
    let size = Size {
        images: images as usize,
        height: height as usize,
        width: width as usize,
    };
    let options = (Kind::Float, Device::Cpu);
    let mut out = Tensor::f_empty([images, height, width, convolution.outputs() as i64], options)?;
    let (from, to) = (memory(&x)?, memory_mut(&mut out)?);
    SPACE.with_borrow_mut(|space| convolution.run(from, size, then, space, to));
    out.f_permute([0, 3, 1, 2])
}

/// The tensor's own memory, in logical order.
fn memory(tensor: &Tensor) -> Result<&[f32]> {
    check(tensor)?;
    let start = tensor.data_ptr().cast::<f32>();
    if tensor.numel() == 0 {
        return Ok(&[]);
    }
    // SAFETY: a contiguous tensor of f32 on the CPU holds that many values from there on, for as long as it lives. Nothing writes to it
    // meanwhile: this thread alone has handles on the tensors of a pass.
    Ok(unsafe { std::slice::from_raw_parts(start, tensor.numel()) })
}

/// The same, to be written to.
fn memory_mut(tensor: &mut Tensor) -> Result<&mut [f32]> {
    check(tensor)?;
    let start = tensor.data_ptr().cast::<f32>();
    if tensor.numel() == 0 {
        return Ok(&mut []);
    }
    // SAFETY: as in `memory`; and the tensor has just been made, so that there is no other handle on it. Its values are not yet
    // set, but any bits are an f32.
    Ok(unsafe { std::slice::from_raw_parts_mut(start, tensor.numel()) })
}

fn check(tensor: &Tensor) -> Result<()> {
    match (tensor.kind(), tensor.device(), tensor.is_contiguous()) {
        (Kind::Float, Device::Cpu, true) => Ok(()),
        (kind, device, _) => Err(TchError::Kind(format!(
            "the kernels take f32 on the CPU, not {kind:?} on {device:?}"
        ))),
    }
}
