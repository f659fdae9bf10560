//! A DenseNet-BC-100-12 with random weights scores one image of noise: logits, the gradient to the image, and how long.
//!
//!     cargo run --release --example densenet
use std::time::Instant;

use odin_kernels::Instructions;
use odin_kernels::densenet::{Kernel, Layer, Net, Norm, Transition, Workspace, backward, forward};

/// Stands in for a file of weights.
struct Random(u64);

impl Random {
    /// Uniform in −1 to 1.
    fn value(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn values(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.value()).collect()
    }

    fn norm(&mut self, channels: usize) -> Norm {
        let slope_and_shift = |_| [1.0 + 0.3 * self.value(), 0.3 * self.value()];
        (0..channels).map(slope_and_shift).collect()
    }

    fn kernel(&mut self, outputs: usize, inputs: usize, taps: usize) -> Kernel {
        let scale = (3.0 / (inputs * taps) as f32).sqrt();
        let values = self.values(outputs * inputs * taps);
        Kernel {
            outputs,
            inputs,
            taps,
            values: values.iter().map(|v| v * scale).collect(),
        }
    }

    fn layer(&mut self, inputs: usize, growth: usize) -> Layer {
        let reduce = self.kernel(4 * growth, inputs, 1);
        let grow = self.kernel(growth, 4 * growth, 9);
        Layer::new(self.norm(inputs), &reduce, self.values(4 * growth), &grow)
    }

    fn net(&mut self, growth: usize, layers: usize, classes: usize) -> Net {
        let stem = self.kernel(2 * growth, 3, 9);
        let mut width = stem.outputs;
        let block = |random: &mut Self, width: &mut usize| {
            let mut layer = |_| {
                *width += growth;
                random.layer(*width - growth, growth)
            };
            (0..layers).map(&mut layer).collect::<Vec<Layer>>()
        };
        let first = block(self, &mut width);
        let one = Transition::new(self.norm(width), &self.kernel(width / 2, width, 1));
        width /= 2;
        let second = block(self, &mut width);
        let two = Transition::new(self.norm(width), &self.kernel(width / 2, width, 1));
        width /= 2;
        let third = block(self, &mut width);
        Net {
            growth,
            stem: stem.packed(),
            stem_back: stem.transposed(&[]),
            blocks: [first, second, third],
            transitions: [one, two],
            head: self.norm(width),
            weight: self.values(classes * width),
            bias: self.values(classes),
        }
    }
}

fn main() {
    let mut random = Random(1);
    let net = random.net(12, 16, 10);
    let image = random.values(3 * 32 * 32);
    for instructions in Instructions::all_of_this_cpu() {
        let mut space = Workspace::new(&net, 32, 32, instructions);
        let (mut logits, mut gradient) = ([0.0; 10], vec![0.0; image.len()]);
        let mut quickest = f64::INFINITY;
        for _ in 0..20 {
            let start = Instant::now();
            forward(instructions, &net, &mut space, &image, true, &mut logits);
            // The gradient of the first logit; for a loss, its own gradient to the logits.
            let seed = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
            backward(instructions, &net, &mut space, &seed, &mut gradient);
            quickest = quickest.min(start.elapsed().as_secs_f64());
        }
        println!("{}: logits {logits:.4?}", instructions.name());
        println!("    gradient begins {:.6?}", &gradient[..4]);
        println!("    forward and backward {:.1} ms", 1e3 * quickest);
    }
    if Instructions::of_this_cpu().is_none() {
        println!("this CPU has neither AVX2, AVX-512 nor NEON");
    }
}
