//! What a card does to images before a network's normalisation: grey, then pad, then resize, then crop.
use serde::{Deserialize, Serialize};

use super::image::{Image, MAX_PIXELS, Raster, Sample};
use super::resize;

/// Steps in the order in which they are taken, whatever their order in the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preprocessing {
    /// One luma plane (ITU-R 601, as Pillow's `convert("L")`), three times.
    pub grey: bool,
    /// Zeros on each side.
    pub pad: usize,
    /// Antialiased bilinear, as torchvision's `Resize` on tensors.
    pub resize: Option<Resize>,
    /// A square from the centre, as torchvision's `CenterCrop`: smaller images are padded with zeros.
    pub crop: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a side (the shorter one) or [height, width], in pixels"
)]
pub enum Resize {
    Shorter(usize),
    Exact([usize; 2]),
}

/// Larger than any side a network takes.
const MAX_SIDE: usize = 4096;

impl Preprocessing {
    pub(super) fn check(&self) -> Result<(), String> {
        let side = |what: &str, n: usize| match n {
            1..=MAX_SIDE => Ok(()),
            _ => Err(format!(
                "preprocessing.{what} must lie between 1 and {MAX_SIDE} pixels, not {n}"
            )),
        };
        match self.resize {
            Some(Resize::Shorter(s)) => side("resize", s)?,
            Some(Resize::Exact([h, w])) => side("resize", h).and_then(|()| side("resize", w))?,
            None => {}
        }
        if self.pad > 0 {
            side("pad", self.pad)?;
        }
        self.crop.map_or(Ok(()), |s| side("crop", s))
    }

    /// Height and width of what [`Self::apply`] makes of an image of this size.
    pub(super) fn output_size(&self, height: usize, width: usize) -> Result<(usize, usize), String> {
        let padded = (
            height.saturating_add(2 * self.pad),
            width.saturating_add(2 * self.pad),
        );
        let resized = match self.resize {
            None => padded,
            Some(Resize::Exact([h, w])) => (h, w),
            Some(Resize::Shorter(side)) => {
                let (h, w) = padded;
                // torchvision truncates the longer side.
                let longer = side.saturating_mul(h.max(w)) / h.min(w).max(1);
                if h <= w { (side, longer) } else { (longer, side) }
            }
        };
        for (h, w) in [padded, resized] {
            if h == 0 || w == 0 || h.saturating_mul(w) > MAX_PIXELS {
                return Err(format!(
                    "{height}×{width} pixels would become {h}×{w}, which no network takes"
                ));
            }
        }
        Ok(self.crop.map_or(resized, |side| (side, side)))
    }

    pub(super) fn apply<T: Sample>(&self, raster: Raster<T>) -> Result<Image, String> {
        self.output_size(raster.height, raster.width)?;
        let mut raster = raster;
        if self.grey {
            raster = grey(&raster);
        }
        if self.pad > 0 {
            raster = window(
                &raster,
                self.pad,
                self.pad,
                raster.height + 2 * self.pad,
                raster.width + 2 * self.pad,
            );
        }
        let resized = Self {
            pad: 0,
            crop: None,
            ..*self
        }
        .output_size(raster.height, raster.width)?;
        let image = if resized == (raster.height, raster.width) {
            raster.into_image()
        } else {
            resize::bilinear(&raster, resized.0, resized.1)
        };
        Ok(match self.crop {
            Some(side) => centre_crop(image, side),
            None => image,
        })
    }
}

fn grey<T: Sample>(raster: &Raster<T>) -> Raster<T> {
    let (red, rest) = raster.samples.split_at(raster.samples.len() / 3);
    let (green, blue) = rest.split_at(rest.len() / 2);
    let plane: Vec<T> = red
        .iter()
        .zip(green)
        .zip(blue)
        .map(|((&r, &g), &b)| T::luma(r, g, b))
        .collect();
    Raster::grey(raster.height, raster.width, &plane)
}

/// Zeros of the new size, with the image laid at (top, left).
fn window<T: Sample>(raster: &Raster<T>, top: usize, left: usize, height: usize, width: usize) -> Raster<T> {
    let mut samples = vec![T::default(); 3 * height * width];
    let rows = raster.samples.chunks_exact(raster.width);
    for (i, row) in rows.enumerate() {
        let (plane, y) = (i / raster.height, i % raster.height);
        let start = (plane * height + top + y) * width + left;
        if let Some(slot) = samples.get_mut(start..start + row.len()) {
            slot.copy_from_slice(row);
        }
    }
    Raster::planar(height, width, samples)
}

fn centre_crop(image: Image, side: usize) -> Image {
    let mut raster = Raster::planar(image.height, image.width, image.pixels);
    let short = |n: usize| side.saturating_sub(n);
    let (h, w) = (raster.height, raster.width);
    if short(h) > 0 || short(w) > 0 {
        raster = window(&raster, short(h) / 2, short(w) / 2, h.max(side), w.max(side));
    }
    // torchvision takes Python's round(): half to even.
    let margin = |n: usize| ((n - side) as f64 / 2.0).round_ties_even() as usize;
    let (top, left) = (margin(raster.height), margin(raster.width));
    let rows = raster.samples.chunks_exact(raster.width).enumerate();
    let kept = rows.filter(|(i, _)| (top..top + side).contains(&(i % raster.height)));
    let pixels = kept
        .flat_map(|(_, row)| row.iter().skip(left).take(side))
        .copied()
        .collect();
    Image {
        height: side,
        width: side,
        pixels,
    }
}
