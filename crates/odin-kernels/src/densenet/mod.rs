//! DenseNet-BC in evaluation: batch norms after a 1×1 convolution folded into it, transitions pooled before their
//! convolution, a block's channels in one buffer, and the gradient to the image by hand.
//!
//! `net` holds the weights, `workspace` the memory; `block` and `transition` are the parts, `pass` the whole.
mod block;
mod net;
mod pass;
mod transition;
mod workspace;

pub use net::{Kernel, Layer, Net, Norm, Transition};
pub use pass::{backward, forward};
pub use workspace::Workspace;

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of no pattern, uniform in −1 to 1.
    struct Noise(u64);

    impl Noise {
        fn values(&mut self, count: usize) -> Vec<f32> {
            let next = |_| {
                self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
            };
            (0..count).map(next).collect()
        }

        fn norm(&mut self, channels: usize) -> Norm {
            let values = self.values(2 * channels);
            values.chunks(2).map(|v| [1.0 + 0.3 * v[0], 0.3 * v[1]]).collect()
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
    }

    /// Two layers a block, five classes.
    fn net(growth: usize) -> Net {
        let mut noise = Noise(7);
        let start = 2 * growth;
        let stem = noise.kernel(start, 3, 9);
        let mut width = start;
        let block = |noise: &mut Noise, width: &mut usize| -> Vec<Layer> {
            let mut layer = || {
                let reduce = noise.kernel(4 * growth, *width, 1);
                let grow = noise.kernel(growth, 4 * growth, 9);
                let layer = Layer::new(noise.norm(*width), &reduce, noise.values(4 * growth), &grow);
                *width += growth;
                layer
            };
            vec![layer(), layer()]
        };
        let first = block(&mut noise, &mut width);
        let one = Transition::new(noise.norm(width), &noise.kernel(width / 2, width, 1));
        width /= 2;
        let second = block(&mut noise, &mut width);
        let two = Transition::new(noise.norm(width), &noise.kernel(width / 2, width, 1));
        width /= 2;
        let third = block(&mut noise, &mut width);
        Net {
            growth,
            stem: stem.there(),
            stem_back: stem.back(&[]),
            blocks: [first, second, third],
            transitions: [one, two],
            head: noise.norm(width),
            weight: noise.values(5 * width),
            bias: noise.values(5),
        }
    }

    #[test]
    fn both_widths_of_vectors_agree_and_the_gradient_is_that_of_the_logits() {
        let net = net(5);
        for side in [32, 37] {
            let image = Noise(3).values(3 * side * side);
            let mut spaces = [8, 16].map(|lanes| Workspace::new(&net, side, side, lanes));
            let mut logits = [[0.0; 5]; 2];
            let mut gradients = [vec![0.0; image.len()], vec![0.0; image.len()]];
            let seed = [0.3, -0.2, 0.5, -0.9, 0.3];
            let sum = |logits: &[f32; 5]| -> f64 {
                logits
                    .iter()
                    .zip(seed)
                    .map(|(&z, s): (&f32, f32)| f64::from(z) * f64::from(s))
                    .sum()
            };
            // SAFETY: arrays need no instruction set.
            unsafe {
                pass::there::<[f32; 8]>(&net, &mut spaces[0], &image, true, &mut logits[0]);
                pass::back::<[f32; 8]>(&net, &mut spaces[0], &seed, &mut gradients[0]);
                pass::there::<[f32; 16]>(&net, &mut spaces[1], &image, true, &mut logits[1]);
                pass::back::<[f32; 16]>(&net, &mut spaces[1], &seed, &mut gradients[1]);
            }
            let near = |a: &[f32], b: &[f32], share: f32| {
                let most = b.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
                a.iter().zip(b).all(|(a, b)| (a - b).abs() <= share * most)
            };
            assert!(near(&logits[0], &logits[1], 1e-5) && near(&gradients[0], &gradients[1], 1e-4));
            // A step along the gradient changes Σ seed · logits by its square.
            let square: f64 = gradients[0].iter().map(|&g| f64::from(g).powi(2)).sum();
            let step = 1e-3 / square.sqrt();
            let at = |sign: f64, space: &mut Workspace| {
                let moved = image.iter().zip(&gradients[0]);
                let moved: Vec<f32> = moved
                    .map(|(&x, &g)| x + (sign * step * f64::from(g)) as f32)
                    .collect();
                let mut logits = [0.0; 5];
                // SAFETY: as above.
                unsafe { pass::there::<[f32; 8]>(&net, space, &moved, false, &mut logits) };
                sum(&logits)
            };
            let slope = (at(1.0, &mut spaces[0]) - at(-1.0, &mut spaces[0])) / (2.0 * step);
            assert!((slope / square - 1.0).abs() < 0.02, "{slope} {square}");
        }
    }
}
