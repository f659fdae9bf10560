//! One image file as RGB, or why not.
use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, ImageReader, Limits};

use super::error::DatasetError;
use super::files::OpenFile;
use super::image::{MAX_PIXELS, Raster};

/// No image file is larger.
const MAX_FILE: u64 = 1 << 28;

fn corrupt(path: &Path, why: impl ToString) -> DatasetError {
    DatasetError::CorruptImage {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let file = match OpenFile::open(path) {
        Err(DatasetError::Malformed { why, .. }) => return Err(corrupt(path, why)),
        other => other?,
    };
    if file.len > MAX_FILE {
        return Err(corrupt(
            path,
            format!("{} bytes; at most {MAX_FILE} are read", file.len),
        ));
    }
    let mut bytes = vec![0; file.len as usize];
    file.read_at(&mut bytes, 0).map(|()| bytes)
}

/// RGB as Pillow's `convert("RGB")` makes it: alpha is dropped, grey repeated.
pub(super) fn image(path: &Path) -> Result<Raster<u8>, DatasetError> {
    let bytes = read(path)?;
    let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| corrupt(path, error))?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(16 * MAX_PIXELS as u64);
    reader.limits(limits);
    if reader.format() == Some(ImageFormat::Jpeg) && !is_whole_jpeg(&bytes) {
        return Err(corrupt(path, "the JPEG breaks off before its end"));
    }
    let decoded = reader.decode().map_err(|error| corrupt(path, error))?.into_rgb8();
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    if width.saturating_mul(height) > MAX_PIXELS || width == 0 || height == 0 {
        let why = format!("{height}×{width} pixels; at most {MAX_PIXELS} in all are taken");
        return Err(corrupt(path, why));
    }
    Ok(Raster::interleaved(height, width, decoded.as_raw()))
}

/// Height and width, from the header alone.
pub(super) fn size(path: &Path) -> Result<(usize, usize), DatasetError> {
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let reader = reader.map_err(|source| DatasetError::io(path, source))?;
    let (width, height) = reader.into_dimensions().map_err(|error| corrupt(path, error))?;
    Ok((height as usize, width as usize))
}

/// Whether a JPEG has its end: the decoder would fill up what is missing with grey and say nothing.
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    let mut at = 2;
    // From marker to marker up to the scan; a thumbnail's end lies within a marker's segment and does not count.
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        match marker {
            0xff => at += 1,
            0xda => {
                return bytes
                    .get(at + 2..)
                    .unwrap_or_default()
                    .windows(2)
                    .any(|pair| pair == [0xff, 0xd9]);
            }
            _ => at += 2 + length,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::folder::tests::paint;
    use super::*;

    #[test]
    fn alpha_is_dropped_and_grey_repeated() {
        let root = tempfile::tempdir().unwrap();
        let rgba = ::image::RgbaImage::from_pixel(2, 1, ::image::Rgba([10, 20, 30, 0]));
        rgba.save(root.path().join("0.png")).unwrap();
        ::image::GrayImage::from_pixel(2, 1, ::image::Luma([77]))
            .save(root.path().join("1.png"))
            .unwrap();
        assert_eq!(
            image(&root.path().join("0.png")).unwrap().samples,
            [10, 10, 20, 20, 30, 30]
        );
        assert_eq!(image(&root.path().join("1.png")).unwrap().samples, [77; 6]);
        assert_eq!(size(&root.path().join("1.png")).unwrap(), (1, 2));
    }

    #[test]
    fn a_corrupt_image_is_named() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        paint(&path("0.png"), 8, 8, [1, 2, 3]);
        let whole = fs::read(path("0.png")).unwrap();
        fs::write(path("1.png"), &whole[..whole.len() / 2]).unwrap();
        fs::write(path("2.png"), b"no image").unwrap();
        fs::write(path("3.png"), b"").unwrap();
        let noise: Vec<u8> = (0..64 * 64 * 3u32)
            .map(|i| (i.wrapping_mul(2654435761) >> 24) as u8)
            .collect();
        ::image::RgbImage::from_raw(64, 64, noise)
            .unwrap()
            .save(path("4.jpg"))
            .unwrap();
        let jpeg = fs::read(path("4.jpg")).unwrap();
        fs::write(path("5.jpg"), &jpeg[..jpeg.len() * 2 / 3]).unwrap();
        // A header that promises 2 × 10^9 pixels.
        let mut vast = whole.clone();
        vast[16..24].copy_from_slice(&[0, 0, 0xb0, 0, 0, 0, 0xb0, 0]);
        fs::write(path("6.png"), &vast).unwrap();
        assert!(image(&path("0.png")).is_ok() && image(&path("4.jpg")).is_ok());
        for (name, why) in [
            ("1.png", ""),
            ("2.png", ""),
            ("3.png", "the file is empty"),
            ("5.jpg", "the JPEG breaks off before its end"),
            ("6.png", ""),
        ] {
            let error = image(&path(name)).unwrap_err();
            assert!(matches!(error, DatasetError::CorruptImage { .. }), "{error}");
            let error = error.to_string();
            assert!(
                error.contains(name) && error.contains(why),
                "{error} lacks {name} or {why}"
            );
        }
    }
}
