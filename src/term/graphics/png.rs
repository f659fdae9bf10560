//! Pixels as PNG, made quickly: plots of few colours become small all the same.
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use crate::engine::protocol::Pixels;

pub fn encode(pixels: &Pixels) -> Option<Vec<u8>> {
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::NoFilter);
    let (width, height) = (u32::from(pixels.width), u32::from(pixels.height));
    encoder
        .write_image(&pixels.rgb, width, height, ExtendedColorType::Rgb8)
        .ok()?;
    Some(png)
}
