//! JPEG by libjpeg-turbo's own code, so that pixels equal Pillow's and PyTorch's bit for bit: the accurate inverse DCT and
//! fancy upsampling. Other decoders differ by a few levels, which moves log-odds.
//!
//! Errors leave the C code by its own `longjmp`, which stays within C: nothing unwinds through it.
use std::ffi::{CStr, c_char, c_int, c_uchar, c_ulong, c_void};
use std::io::{self, Read, Seek};
use std::ptr::NonNull;

// For the C code that it links.
use mozjpeg_sys as _;

use super::image::{MAX_DECODED, Raster};

/// Why a JPEG cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub(super) enum JpegError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the JPEG breaks off before its end")]
    Truncated,
    #[error("the JPEG has no frame of pixels")]
    NoFrame,
    #[error("the JPEG has {0} bits a sample; 8 are read")]
    Precision(u8),
    #[error("the JPEG has {0} channels; 1, 3 or 4 are read")]
    Channels(u8),
    #[error("{height}×{width} pixels; at most {MAX_DECODED} in all are taken")]
    Pixels { height: usize, width: usize },
    /// In libjpeg's words.
    #[error("a broken JPEG: {0}")]
    Codec(String),
}

/// What the frame header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub height: usize,
    pub width: usize,
    channels: u8,
}

pub(super) fn is_jpeg(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xd8, 0xff])
}

/// Goes from marker to marker to the frame header. A thumbnail's lies within a segment and is passed over.
pub(super) fn frame(reader: &mut (impl Read + Seek)) -> Result<Frame, JpegError> {
    let cut = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => JpegError::Truncated,
        _ => JpegError::Io(error),
    };
    let mut byte = || -> Result<u8, JpegError> {
        let mut byte = [0];
        reader.read_exact(&mut byte).map_err(cut)?;
        let [byte] = byte;
        Ok(byte)
    };
    if (byte()?, byte()?) != (0xff, 0xd8) {
        return Err(JpegError::NoFrame);
    }
    loop {
        let mut marker = [0; 2];
        reader.read_exact(&mut marker).map_err(cut)?;
        // Fill bytes, and what libjpeg passes over between segments.
        while marker[0] != 0xff || matches!(marker[1], 0x00 | 0xff) {
            marker[0] = marker[1];
            reader.read_exact(&mut marker[1..]).map_err(cut)?;
        }
        match marker[1] {
            0x01 | 0xd0..=0xd8 => continue,
            0xd9 | 0xda => return Err(JpegError::NoFrame),
            _ => {}
        }
        let mut length = [0; 2];
        reader.read_exact(&mut length).map_err(cut)?;
        let length = u16::from_be_bytes(length);
        // SOF0 to SOF15, without DHT, JPG and DAC.
        if matches!(marker[1], 0xc0..=0xcf) && !matches!(marker[1], 0xc4 | 0xc8 | 0xcc) {
            let mut header = [0; 6];
            reader.read_exact(&mut header).map_err(cut)?;
            let [bits, h1, h0, w1, w0, channels] = header;
            if bits != 8 {
                return Err(JpegError::Precision(bits));
            }
            return Ok(Frame {
                height: u16::from_be_bytes([h1, h0]).into(),
                width: u16::from_be_bytes([w1, w0]).into(),
                channels,
            });
        }
        reader.seek_relative(i64::from(length) - 2)?;
    }
}

/// RGB as Pillow's `convert("RGB")` makes it; grey is repeated.
pub(super) fn decode(bytes: &[u8]) -> Result<Raster<u8>, JpegError> {
    let Frame {
        height,
        width,
        channels,
    } = frame(&mut io::Cursor::new(bytes))?;
    if height == 0 || width == 0 || height.saturating_mul(width) > MAX_DECODED {
        return Err(JpegError::Pixels { height, width });
    }
    if !is_whole(bytes) {
        return Err(JpegError::Truncated);
    }
    let format = match channels {
        1 => PixelFormat::Grey,
        3 => PixelFormat::Rgb,
        4 => PixelFormat::Cmyk,
        other => return Err(JpegError::Channels(other)),
    };
    let mut pixels = vec![0; height * width * usize::from(channels)];
    Decoder::new()?.decode(bytes, &mut pixels, (height, width), format)?;
    Ok(match format {
        PixelFormat::Grey => Raster::grey(height, width, &pixels),
        PixelFormat::Rgb => Raster::interleaved(height, width, &pixels),
        PixelFormat::Cmyk => Raster::interleaved(height, width, &inverted_cmyk_to_rgb(&pixels)),
    })
}

/// Whether a JPEG has its end: libjpeg fills up what is missing with grey.
fn is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let length = usize::from(u16::from_be_bytes([high, low]));
        match marker {
            0xff => at += 1,
            0xda => {
                let scan = bytes.get(at + 2..).unwrap_or_default();
                return scan.windows(2).any(|pair| pair == [0xff, 0xd9]);
            }
            _ => at += 2 + length,
        }
    }
    false
}

/// Pillow takes every JPEG of four channels for Adobe's, whose inks are inverted, and converts in bytes.
fn inverted_cmyk_to_rgb(pixels: &[u8]) -> Vec<u8> {
    let (inks, _) = pixels.as_chunks::<4>();
    let rgb = |&[c, m, y, k]: &[u8; 4]| {
        [c, m, y].map(|ink| {
            let (white, ink) = (i32::from(k), i32::from(255 - ink));
            let product = ink * white + 128;
            (white - (((product >> 8) + product) >> 8)).clamp(0, 255) as u8
        })
    };
    inks.iter().flat_map(rgb).collect()
}

/// TurboJPEG's numbers for the layouts of pixels.
#[derive(Debug, Clone, Copy)]
enum PixelFormat {
    Rgb = 0,
    Grey = 6,
    Cmyk = 11,
}

/// Many scans over many pixels take minutes in a file made for that.
const LIMIT_SCANS: c_int = 32768;
/// TurboJPEG's severity of what did not stop it.
const WARNING: c_int = 0;

// TurboJPEG's API, whose functions `mozjpeg-sys` links and does not declare (turbojpeg.h of libjpeg-turbo 2.1).
unsafe extern "C" {
    fn tjInitDecompress() -> *mut c_void;
    fn tjDecompress2(
        handle: *mut c_void,
        jpeg: *const c_uchar,
        jpeg_size: c_ulong,
        pixels: *mut c_uchar,
        width: c_int,
        pitch: c_int,
        height: c_int,
        pixel_format: c_int,
        flags: c_int,
    ) -> c_int;
    fn tjDestroy(handle: *mut c_void) -> c_int;
    fn tjGetErrorStr2(handle: *mut c_void) -> *mut c_char;
    fn tjGetErrorCode(handle: *mut c_void) -> c_int;
}

struct Decoder(NonNull<c_void>);

impl Decoder {
    fn new() -> Result<Self, JpegError> {
        // SAFETY: takes nothing, and gives a handle of its own or null.
        let handle = unsafe { tjInitDecompress() };
        NonNull::new(handle)
            .map(Self)
            .ok_or_else(|| JpegError::Codec("no memory for its decoder".to_owned()))
    }

    /// Fills `pixels`, which are height × width × the format's channels.
    #[expect(clippy::expect_used, reason = "the sides of a JPEG have 16 bits")]
    fn decode(
        &mut self,
        jpeg: &[u8],
        pixels: &mut [u8],
        (height, width): (usize, usize),
        format: PixelFormat,
    ) -> Result<(), JpegError> {
        let channels = match format {
            PixelFormat::Grey => 1,
            PixelFormat::Rgb => 3,
            PixelFormat::Cmyk => 4,
        };
        assert_eq!(pixels.len(), height * width * channels, "room for every pixel");
        let side = |n: usize| c_int::try_from(n).expect("a JPEG's side has 16 bits");
        // SAFETY: `jpeg` is read and not kept. Rows of `width * channels` bytes are written, at most `height` of them: the
        // function scales an image down, or fails, where the file's own frame is larger than the given width and height.
        let status = unsafe {
            tjDecompress2(
                self.0.as_ptr(),
                jpeg.as_ptr(),
                jpeg.len() as c_ulong,
                pixels.as_mut_ptr(),
                side(width),
                side(width * channels),
                side(height),
                format as c_int,
                LIMIT_SCANS,
            )
        };
        if status == 0 {
            return Ok(());
        }
        // SAFETY: the handle is live; the text is the thread's or the handle's, ends in a zero, and is copied at once.
        let (code, text) = unsafe {
            let text = CStr::from_ptr(tjGetErrorStr2(self.0.as_ptr()));
            (
                tjGetErrorCode(self.0.as_ptr()),
                text.to_string_lossy().into_owned(),
            )
        };
        match code {
            WARNING if text.starts_with("Premature end") => Err(JpegError::Truncated),
            // Pillow takes what libjpeg only warns of: surplus bytes, a damaged block.
            WARNING => Ok(()),
            _ => Err(JpegError::Codec(text)),
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the handle is live and is not used again. What it returns says nothing of use here.
        unsafe { tjDestroy(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG as Pillow wrote it, and the PNG of what Pillow decoded.
    macro_rules! pair {
        ($name:literal) => {
            (
                $name,
                include_bytes!(concat!("fixtures/jpeg/", $name, ".jpg")).as_slice(),
                include_bytes!(concat!("fixtures/jpeg/", $name, ".png")).as_slice(),
            )
        };
    }

    #[test]
    fn pixels_equal_pillows() {
        for (name, jpeg, png) in [
            pair!("444"),
            pair!("422"),
            pair!("420"),
            pair!("420-progressive"),
            pair!("grey"),
            pair!("cmyk"),
        ] {
            let expected = ::image::load_from_memory(png).unwrap().into_rgb8();
            let got = decode(jpeg).unwrap();
            assert_eq!((got.height, got.width), (23, 37), "{name}");
            assert_eq!(got, Raster::interleaved(23, 37, expected.as_raw()), "{name}");
            let frame = frame(&mut io::Cursor::new(jpeg)).unwrap();
            assert_eq!((frame.height, frame.width), (23, 37), "{name}");
        }
    }

    #[test]
    fn broken_files_end_in_one_error() {
        let (_, whole, _) = pair!("420-progressive");
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length}");
        }
        // Some changes leave a picture; none may end in more than an error.
        let mut refused = 0;
        for at in 0..whole.len() {
            for change in [0x00, 0x01, 0x7f, 0xd9, 0xff] {
                let mut changed = whole.to_vec();
                changed[at] ^= change;
                if let Err(error) = decode(&changed) {
                    refused += 1;
                    assert!(!error.to_string().contains('\n'), "{error}");
                }
            }
        }
        assert!(refused > 100, "{refused}");
        let mut vast = whole.to_vec();
        let frame = vast.windows(2).position(|pair| pair == [0xff, 0xc2]).unwrap();
        vast[frame + 5..frame + 9].fill(0xff);
        let error = decode(&vast).unwrap_err().to_string();
        assert!(error.contains("65535×65535 pixels; at most 178956970"), "{error}");
    }
}
