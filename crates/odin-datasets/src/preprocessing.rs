//! What a card does to images before a network's normalisation: grey, then pad, then resize, then crop.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::{Channels, Image, MAX_PIXELS, Raster, Sample};
use super::resize;

/// Steps in the order in which they are taken, whatever their order in the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// Why the steps of a card make no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreprocessingError {
    #[error("preprocessing.{step} must lie between 1 and {MAX_SIDE} pixels, not {pixels}")]
    Side { step: &'static str, pixels: usize },
    /// Height and width before and after.
    #[error(
        "{}×{} pixels would become {}×{}, which no network takes: give the card a `resize` and a `crop`",
        .from.0, .from.1, .to.0, .to.1
    )]
    Absurd {
        from: (usize, usize),
        to: (usize, usize),
    },
}

impl Preprocessing {
    /// Whether every step makes an image.
    ///
    /// # Errors
    /// Names the step and its number of pixels where one does not.
    pub fn check(&self) -> Result<(), PreprocessingError> {
        let side = |step: &'static str, pixels: usize| match pixels {
            1..=MAX_SIDE => Ok(()),
            _ => Err(PreprocessingError::Side { step, pixels }),
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

    /// Height and width of what an image of this size becomes.
    ///
    /// # Errors
    /// Where nothing would be left of it, or more than any network takes.
    pub fn output(&self, height: usize, width: usize) -> Result<(usize, usize), PreprocessingError> {
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
        // A large photograph may be resized; padding is held as it is.
        let (h, w) = if self.pad > 0 || self.resize.is_none() {
            padded
        } else {
            resized
        };
        for (h, w) in [(h, w), resized] {
            if h == 0 || w == 0 || h.saturating_mul(w) > MAX_PIXELS {
                return Err(PreprocessingError::Absurd {
                    from: (height, width),
                    to: (h, w),
                });
            }
        }
        Ok(self.crop.map_or(resized, |side| (side, side)))
    }

    /// The image in the channels that a network takes. Colour becomes grey by luma before anything else is done.
    pub(super) fn apply<T: Sample>(
        &self,
        raster: Raster<T>,
        channels: Channels,
    ) -> Result<Image, PreprocessingError> {
        self.output(raster.height, raster.width)?;
        let (height, width) = (raster.height, raster.width);
        let mut raster = match channels {
            Channels::Grey => Raster::planar(height, width, luma(&raster)),
            Channels::Rgb if self.grey => Raster::grey(height, width, &luma(&raster)),
            Channels::Rgb => raster,
        };
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
        .output(raster.height, raster.width)?;
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

/// One plane of an image in three.
fn luma<T: Sample>(raster: &Raster<T>) -> Vec<T> {
    let (red, rest) = raster.samples.split_at(raster.samples.len() / 3);
    let (green, blue) = rest.split_at(rest.len() / 2);
    let colours = red.iter().zip(green).zip(blue);
    colours.map(|((&r, &g), &b)| T::luma(r, g, b)).collect()
}

/// Zeros of the new size, with the image laid at (top, left).
fn window<T: Sample>(raster: &Raster<T>, top: usize, left: usize, height: usize, width: usize) -> Raster<T> {
    let mut samples = vec![T::default(); raster.planes() * height * width];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        input: [usize; 2],
        preprocessing: Preprocessing,
        size: [usize; 2],
        pixels: Vec<f32>,
    }

    fn image([height, width]: [usize; 2]) -> Raster<u8> {
        let at = |i: usize| (i / (height * width), i / width % height, i % width);
        let samples = (0..3 * height * width).map(at);
        let samples = samples
            .map(|(c, y, x)| (37 * c + 11 * y + 23 * x + 7 * x * y) as u8)
            .collect();
        Raster::planar(height, width, samples)
    }

    #[test]
    fn every_step_equals_torchvision() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/torchvision.json")).unwrap();
        for case in fixture.cases {
            let raster = image(case.input);
            let [height, width] = case.input;
            assert_eq!(case.preprocessing.output(height, width), Ok(case.size.into()));
            let got = case.preprocessing.apply(raster, Channels::Rgb).unwrap();
            assert_eq!([got.height, got.width], case.size, "{:?}", case.preprocessing);
            let apart = got
                .pixels
                .iter()
                .zip(&case.pixels)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            assert!(
                got.pixels.len() == case.pixels.len() && apart < 1e-5,
                "{:?}: {apart}",
                case.preprocessing
            );
        }
    }

    #[test]
    fn bytes_and_floats_are_treated_alike() {
        let steps = Preprocessing {
            pad: 1,
            resize: Some(Resize::Shorter(5)),
            crop: Some(4),
            grey: false,
        };
        let bytes = image([9, 14]);
        let floats = Raster::planar(9, 14, bytes.samples.iter().map(|s| s.unit()).collect());
        assert_eq!(
            steps.apply(bytes, Channels::Rgb),
            steps.apply(floats, Channels::Rgb)
        );
    }

    /// The plane of a grey network is that of `grey: true`, whatever else is done; grey stays as it is.
    #[test]
    fn one_channel_is_pillows_luma() {
        let steps = Preprocessing {
            pad: 1,
            resize: Some(Resize::Shorter(5)),
            crop: Some(7),
            grey: true,
        };
        let three = steps.apply(image([9, 14]), Channels::Rgb).unwrap();
        let one = Preprocessing { grey: false, ..steps }
            .apply(image([9, 14]), Channels::Grey)
            .unwrap();
        assert_eq!((one.channels(), one.pixels.len()), (Channels::Grey, 49));
        assert_eq!(one.pixels, three.pixels[..49]);
        let bytes: Vec<u8> = (0..=255).collect();
        let grey = Preprocessing::default()
            .apply(Raster::grey(16, 16, &bytes), Channels::Grey)
            .unwrap();
        assert!(
            grey.pixels
                .iter()
                .zip(&bytes)
                .all(|(p, &b)| *p == f32::from(b) / 255.0)
        );
        // Image.new("RGB", (1, 1), (10, 200, 30)).convert("L") is 124 in Pillow.
        let green = Raster::planar(1, 1, vec![10u8, 200, 30]);
        let green = Preprocessing::default().apply(green, Channels::Grey).unwrap();
        assert_eq!((green.pixels[0] * 255.0, green.to_rgb8()), (124.0, vec![124; 3]));
    }

    #[test]
    fn a_large_photograph_may_be_resized() {
        let steps = |text: &str| serde_yaml::from_str::<Preprocessing>(text).unwrap();
        let small = steps("{resize: 32, crop: 32}");
        assert_eq!(small.output(6048, 8064), Ok((32, 32)));
        assert_eq!(small.output(12_000, 12_000), Ok((32, 32)));
        assert_eq!(steps("{resize: 32}").output(3_000, 20_000), Ok((32, 213)));
        for whole in ["{}", "{crop: 32}", "{pad: 1, resize: 32}"] {
            let error = steps(whole).output(6048, 8064).unwrap_err().to_string();
            assert!(error.contains("give the card a `resize` and a `crop`"), "{error}");
        }
    }

    #[test]
    fn steps_that_make_no_image_are_refused() {
        let steps =
            |text: &str| serde_yaml::from_str::<Preprocessing>(text).map_err(|error| error.to_string());
        assert!(
            steps("{resize: big}")
                .unwrap_err()
                .contains("expected a side (the shorter one) or [height, width]")
        );
        assert!(
            steps("{rezise: 3}")
                .unwrap_err()
                .contains("unknown field `rezise`")
        );
        for (text, expected) in [
            (
                "{resize: 0}",
                "preprocessing.resize must lie between 1 and 4096 pixels, not 0",
            ),
            ("{crop: 5000}", "preprocessing.crop must lie"),
            ("{pad: 99999999999}", "preprocessing.pad must lie"),
            ("{resize: [32, 0]}", "preprocessing.resize must lie"),
        ] {
            let error = steps(text).unwrap().check().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        // A line of one pixel's height would become 4096 × 4,096,000.
        let error = steps("{resize: 4096}")
            .unwrap()
            .apply(Raster::grey(1, 1000, &[0u8; 1000]), Channels::Rgb)
            .unwrap_err()
            .to_string();
        assert!(error.contains("which no network takes"), "{error}");
    }
}
