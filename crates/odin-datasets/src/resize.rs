//! Antialiased bilinear resizing, equal to torchvision's on float tensors (ATen's `upsample_bilinear2d_aa`).
use super::image::{Image, Raster, Sample};

/// For one output position, the first input position it draws on and their weights.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

fn taps(input: usize, output: usize) -> Vec<Taps> {
    let scale = input as f32 / output as f32;
    // The triangle filter is stretched when shrinking, never narrowed when enlarging.
    let support = scale.max(1.0);
    let tap = |i: usize| {
        let centre = scale * (i as f32 + 0.5);
        let first = ((centre - support + 0.5) as i64).max(0) as usize;
        let end = ((centre + support + 0.5) as usize).min(input);
        let mut weights: Vec<f32> = (first..end)
            .map(|j| (1.0 - ((j as f32 - centre + 0.5) / support).abs()).max(0.0))
            .collect();
        let total: f32 = weights.iter().sum();
        if total > 0.0 {
            weights.iter_mut().for_each(|w| *w /= total);
        }
        Taps { first, weights }
    };
    (0..output).map(tap).collect()
}

/// Rows first, then columns. Bytes are turned into [0, 1] on the way, so a large photograph is never held as f32.
pub(super) fn bilinear<T: Sample>(raster: &Raster<T>, height: usize, width: usize) -> Image {
    let across = taps(raster.width, width);
    let down = taps(raster.height, height);
    let mut pixels = Vec::with_capacity(raster.planes() * height * width);
    for plane in raster.samples.chunks_exact(raster.height * raster.width) {
        let mut narrowed = Vec::with_capacity(raster.height * width);
        let mut line = vec![0.0f32; raster.width];
        for row in plane.chunks_exact(raster.width) {
            line.iter_mut()
                .zip(row)
                .for_each(|(slot, sample)| *slot = sample.unit());
            narrowed.extend(across.iter().map(|tap| {
                tap.weights
                    .iter()
                    .zip(line.iter().skip(tap.first))
                    .map(|(w, v)| w * v)
                    .sum::<f32>()
            }));
        }
        for tap in &down {
            let start = pixels.len();
            pixels.resize(start + width, 0.0);
            let rows = narrowed.chunks_exact(width).skip(tap.first);
            for (weight, row) in tap.weights.iter().zip(rows) {
                for (out, value) in pixels.iter_mut().skip(start).zip(row) {
                    *out += weight * value;
                }
            }
        }
    }
    Image {
        height,
        width,
        pixels,
    }
}
