//! One encoded image as RGB, or why not. Formats are known by content; names only say what is taken for an image.
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use image::{DynamicImage, ImageBuffer, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use super::error::DatasetError;
use super::files::OpenFile;
use super::image::{Image, MAX_DECODED, Raster};
use super::jpeg;

/// No image file is larger.
const MAX_FILE: u64 = 1 << 28;

const JPEG_EXTENSIONS: &[&str] = &["jpg", "jpeg", "jpe", "jfif"];

/// Every kind of image that is decoded here, but JPEG.
fn formats() -> impl Iterator<Item = ImageFormat> {
    ImageFormat::all().filter(|format| *format != ImageFormat::Jpeg && format.reading_enabled())
}

/// How the names of images end: those of all formats that are read, in lower case and without the dot.
pub(super) fn extensions() -> impl Iterator<Item = &'static str> {
    let others = formats().flat_map(|format| format.extensions_str().iter().copied());
    JPEG_EXTENSIONS.iter().copied().chain(others)
}

/// Whether a file's name says that it is an image of a format that is read.
pub fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| extensions().any(|known| known == extension))
}

fn corrupt(path: &Path, why: impl ToString) -> DatasetError {
    DatasetError::CorruptImage {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, DatasetError> {
    let file = open(path)?;
    if file.len > MAX_FILE {
        return Err(corrupt(
            path,
            format!("{} bytes; at most {MAX_FILE} are read", file.len),
        ));
    }
    let mut bytes = vec![0; file.len as usize];
    file.read_at(&mut bytes, 0).map(|()| bytes)
}

fn open(path: &Path) -> Result<OpenFile, DatasetError> {
    match OpenFile::open(path) {
        Err(DatasetError::Malformed { why, .. }) => Err(corrupt(path, why)),
        other => other,
    }
}

/// One image file, `[3, height, width]` in [0, 1], with no preprocessing.
///
/// # Errors
/// Where the file cannot be read, or is no image of a format that is read.
pub fn read_image(path: &Path) -> Result<Image, DatasetError> {
    image(path).map(Raster::into_image)
}

/// RGB as Pillow's `convert("RGB")` makes it: alpha is dropped, grey repeated.
pub(super) fn image(path: &Path) -> Result<Raster<u8>, DatasetError> {
    bytes(&read(path)?, path)
}

/// The same of bytes that lie in a larger file; `path` names them in errors.
pub(super) fn bytes(bytes: &[u8], path: &Path) -> Result<Raster<u8>, DatasetError> {
    if jpeg::is_jpeg(bytes) {
        return jpeg::decode(bytes).map_err(|error| corrupt(path, error));
    }
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| corrupt(path, error))?;
    let mut limits = Limits::default();
    // Eight bytes a pixel: colour and alpha of 16 bits.
    limits.max_alloc = Some(8 * MAX_DECODED as u64);
    reader.limits(limits);
    let decoded = rgb8(reader.decode().map_err(|error| undecoded(path, &error))?);
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    if width.saturating_mul(height) > MAX_DECODED || width == 0 || height == 0 {
        let why = format!("{height}×{width} pixels; at most {MAX_DECODED} in all are taken");
        return Err(corrupt(path, why));
    }
    Ok(Raster::interleaved(height, width, decoded.as_raw()))
}

/// Of samples of 16 bits the high byte, as Pillow takes it where there are colours. (Grey ones its `convert` cuts off at 255,
/// which makes most of an image white; they are taken so too.)
fn rgb8(image: DynamicImage) -> RgbImage {
    match image {
        DynamicImage::ImageLuma16(_)
        | DynamicImage::ImageLumaA16(_)
        | DynamicImage::ImageRgb16(_)
        | DynamicImage::ImageRgba16(_) => {
            let wide = image.into_rgb16();
            ImageBuffer::from_fn(wide.width(), wide.height(), |x, y| {
                Rgb(wide.get_pixel(x, y).0.map(|sample| (sample >> 8) as u8))
            })
        }
        other => other.into_rgb8(),
    }
}

/// Why an image is not decoded; of a format that is not read, with those that are.
fn undecoded(path: &Path, error: &ImageError) -> DatasetError {
    if !matches!(error, ImageError::Unsupported(_)) {
        return corrupt(path, error);
    }
    let read = formats().filter_map(|format| format.extensions_str().first().copied());
    let read: Vec<&str> = std::iter::once("jpeg").chain(read).collect();
    corrupt(
        path,
        format!(
            "{error}; convert it to a format that is read: {}",
            read.join(", ")
        ),
    )
}

/// Height and width of an image file, from its header alone.
///
/// # Errors
/// Where the file cannot be read, or is no image of a format that is read.
pub fn size(path: &Path) -> Result<(usize, usize), DatasetError> {
    let file = open(path)?;
    let mut head = [0; 3];
    let head = head.get_mut(..file.len.min(3) as usize).unwrap_or_default();
    file.read_at(head, 0)?;
    size_in(file.reader(), head, path)
}

/// The same of bytes that lie in a larger file; `path` names them in errors.
pub(super) fn size_of_bytes(bytes: &[u8], path: &Path) -> Result<(usize, usize), DatasetError> {
    size_in(Cursor::new(bytes), bytes, path)
}

fn size_in<R: Read + Seek>(reader: R, head: &[u8], path: &Path) -> Result<(usize, usize), DatasetError> {
    let mut reader = std::io::BufReader::new(reader);
    if jpeg::is_jpeg(head) {
        let frame = jpeg::frame(&mut reader).map_err(|error| corrupt(path, error))?;
        return Ok((frame.height, frame.width));
    }
    let reader = ImageReader::new(reader).with_guessed_format();
    let reader = reader.map_err(|error| corrupt(path, error))?;
    let (width, height) = reader
        .into_dimensions()
        .map_err(|error| undecoded(path, &error))?;
    Ok((height as usize, width as usize))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::formats::folder::tests::paint;

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
    fn of_sixteen_bits_the_high_byte_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("0.png");
        let colour = ::image::Rgb([0x12ff_u16, 0x8000, 0xfffe]);
        ::image::ImageBuffer::<::image::Rgb<u16>, Vec<u16>>::from_pixel(1, 1, colour)
            .save(&path)
            .unwrap();
        assert_eq!(image(&path).unwrap().samples, [0x12, 0x80, 0xff]);
        ::image::ImageBuffer::<::image::Luma<u16>, Vec<u16>>::from_pixel(1, 1, ::image::Luma([0x70ff]))
            .save(&path)
            .unwrap();
        assert_eq!(image(&path).unwrap().samples, [0x70; 3]);
    }

    #[test]
    fn a_format_that_is_not_read_is_told_with_those_that_are() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("0.png");
        for content in [
            &b"no image"[..],
            b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
            b"<svg/>",
        ] {
            fs::write(&path, content).unwrap();
            for error in [image(&path).unwrap_err(), size(&path).unwrap_err()] {
                let error = error.to_string();
                assert!(
                    error.contains("a format that is read: jpeg, ") && error.contains("png"),
                    "{error}"
                );
            }
        }
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
        let jpeg = include_bytes!("fixtures/jpeg/420.jpg");
        fs::write(path("4.jpg"), jpeg).unwrap();
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
