//! An image as networks take it, and as sources hold it.

/// More pixels than any image that a classifier looks at.
pub(super) const MAX_PIXELS: usize = 1 << 25;
/// More pixels than any photograph has before it is resized; a bound on what a lying header can ask for. Beyond this
/// Pillow speaks of a decompression bomb.
pub(super) const MAX_DECODED: usize = 178_956_970;

/// What the planes of an image are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// One plane.
    Grey,
    /// Red, green, blue; grey images have three equal planes.
    Rgb,
}

impl Channels {
    /// The number of planes.
    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// Planar, `[channels, height, width]`, values in [0, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    pub height: usize,
    pub width: usize,
    pub pixels: Vec<f32>,
}

impl Image {
    pub fn channels(&self) -> Channels {
        if self.pixels.len() == self.height * self.width {
            Channels::Grey
        } else {
            Channels::Rgb
        }
    }

    /// Interleaved 8-bit RGB for display: `height × width × 3` bytes.
    pub fn to_rgb8(&self) -> Vec<u8> {
        let plane = self.height.saturating_mul(self.width);
        if self.channels() == Channels::Grey {
            let byte = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            return self.pixels.iter().map(byte).flat_map(|byte| [byte; 3]).collect();
        }
        let mut out = vec![0; self.pixels.len()];
        for (i, value) in self.pixels.iter().enumerate() {
            let byte = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
            if let Some(slot) = out.get_mut((i % plane.max(1)) * 3 + i / plane.max(1)) {
                *slot = byte;
            }
        }
        out
    }
}

/// A sample of an image: a byte of a file, or a value in [0, 1] made on the fly.
pub(super) trait Sample: Copy + Default {
    fn unit(self) -> f32;
    /// ITU-R 601 luma, as Pillow's `convert("L")`.
    fn luma(r: Self, g: Self, b: Self) -> Self;
}

impl Sample for u8 {
    fn unit(self) -> f32 {
        f32::from(self) / 255.0
    }
    fn luma(r: Self, g: Self, b: Self) -> Self {
        // Pillow's fixed point; the weights sum to 65,536, so the result fits a byte.
        ((u32::from(r) * 19595 + u32::from(g) * 38470 + u32::from(b) * 7471 + 0x8000) >> 16) as u8
    }
}

impl Sample for f32 {
    fn unit(self) -> f32 {
        self
    }
    fn luma(r: Self, g: Self, b: Self) -> Self {
        0.299 * r + 0.587 * g + 0.114 * b
    }
}

/// Planes in the samples of their source: three (RGB), or one once an image was made grey.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raster<T> {
    pub height: usize,
    pub width: usize,
    pub samples: Vec<T>,
}

impl<T: Sample> Raster<T> {
    /// One plane or three, one after another.
    pub(crate) fn planar(height: usize, width: usize, samples: Vec<T>) -> Self {
        let plane = height * width;
        debug_assert!(samples.len() == 3 * plane || samples.len() == plane);
        Self {
            height,
            width,
            samples,
        }
    }

    pub(crate) fn grey(height: usize, width: usize, plane: &[T]) -> Self {
        Self::planar(height, width, [plane, plane, plane].concat())
    }

    pub(crate) fn interleaved(height: usize, width: usize, rgb: &[T]) -> Self {
        let mut samples = Vec::with_capacity(rgb.len());
        for channel in 0..3 {
            samples.extend(rgb.iter().skip(channel).step_by(3));
        }
        Self::planar(height, width, samples)
    }

    /// Planes whose columns, not rows, follow each other, as MATLAB stores them.
    pub(crate) fn column_major(height: usize, width: usize, columns: &[T]) -> Self {
        let mut samples = Vec::with_capacity(columns.len());
        for plane in columns.chunks_exact((height * width).max(1)) {
            for y in 0..height {
                samples.extend(plane.iter().skip(y).step_by(height));
            }
        }
        Self::planar(height, width, samples)
    }

    pub(crate) fn planes(&self) -> usize {
        self.samples.len() / (self.height * self.width).max(1)
    }

    pub(crate) fn into_image(self) -> Image {
        let pixels = self.samples.into_iter().map(Sample::unit).collect();
        Image {
            height: self.height,
            width: self.width,
            pixels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_agree() {
        // Two rows of three pixels; channel c of pixel i is 10 c + i.
        let planar: Vec<u8> = (0..3).flat_map(|c| (0..6).map(move |i| 10 * c + i)).collect();
        let interleaved: Vec<u8> = (0..6).flat_map(|i| (0..3).map(move |c| 10 * c + i)).collect();
        let columns: Vec<u8> = (0..3)
            .flat_map(|c| [0, 3, 1, 4, 2, 5].map(|i| 10 * c + i))
            .collect();
        let image = Raster::planar(2, 3, planar);
        assert_eq!(Raster::interleaved(2, 3, &interleaved), image);
        assert_eq!(Raster::column_major(2, 3, &columns), image);
        assert_eq!(image.into_image().to_rgb8(), interleaved);
    }

    #[test]
    fn every_byte_becomes_what_to_tensor_makes_of_it_and_comes_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let image = Raster::grey(16, 16, &bytes).into_image();
        assert_eq!(image.pixels[77], 77.0 / 255.0);
        assert!(
            image
                .to_rgb8()
                .chunks(3)
                .zip(&bytes)
                .all(|(rgb, &b)| rgb == [b, b, b])
        );
    }
}
