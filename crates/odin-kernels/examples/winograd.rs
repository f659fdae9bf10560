//! How fast 3×3 convolutions of ResNet-18's widths are (CIFAR stem, 16 images), as direct multiply-adds a second.
//!
//!     cargo run --release --example winograd
use std::time::Instant;

use odin_kernels::Instructions;
use odin_kernels::winograd::{Convolution, Gate, Size, Then, Workspace};

fn main() {
    for instructions in Instructions::all_of_this_cpu() {
        for (channels, side) in [(64, 32), (128, 16), (256, 8), (512, 4)] {
            let weight = |o: usize, i: usize, t: usize| ((o * 7 + i * 3 + t) % 11) as f32 * 0.01 - 0.05;
            let Some(convolution) = Convolution::new(instructions, channels, channels, weight) else {
                continue;
            };
            let size = Size {
                images: 16,
                height: side,
                width: side,
            };
            let values = 16 * side * side * channels;
            let x: Vec<f32> = (0..values).map(|i| (i % 13) as f32 - 6.0).collect();
            let (mut out, mut space) = (vec![0.0; values], Workspace::default());
            let then = Then {
                gate: Gate::Relu,
                ..Then::default()
            };
            let mut quickest = f64::INFINITY;
            for _ in 0..15 {
                let start = Instant::now();
                convolution.run(&x, size, then, &mut space, &mut out);
                quickest = quickest.min(start.elapsed().as_secs_f64());
            }
            let direct = 2.0 * (values * channels * 9) as f64;
            println!(
                "{}: {channels} channels of {side}×{side}: {:.2} ms, as {:.0} GFLOP/s of nine products ({:.0} done)",
                instructions.name(),
                1e3 * quickest,
                1e-9 * direct / quickest,
                1e-9 * direct / 2.25 / quickest
            );
        }
    }
}
