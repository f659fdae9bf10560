//! The text of a file, with what is wrong where it is none.
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::error::{SessionError, TextError};

/// Bytes that no session exceeds; a longer file was named by mistake.
const MAX_FILE: u64 = 1 << 20;

/// What editors of Windows put before UTF-8. YAML allows it.
pub(super) const BOM: char = '\u{feff}';

/// The text of a file, without its byte order mark.
pub(super) fn read(path: &Path) -> Result<String, SessionError> {
    let mut text = read_as_is(path)?;
    if text.starts_with(BOM) {
        text.drain(..BOM.len_utf8());
    }
    Ok(text)
}

/// The text of a file to its last byte.
pub(super) fn read_as_is(path: &Path) -> Result<String, SessionError> {
    let failed = |cause| SessionError::Read {
        path: path.to_owned(),
        cause,
    };
    let no_text = |cause| SessionError::NoText {
        path: path.to_owned(),
        cause,
    };
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(no_text(TextError::NoFile));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(no_text(TextError::TooLong));
    }
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    String::from_utf8(bytes).map_err(|_| {
        no_text(if is_utf16 {
            TextError::Utf16
        } else {
            TextError::NotUtf8
        })
    })
}

/// A text for a terminal: characters that would command it, or turn its writing round, are spelled out.
pub(super) fn harmless(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}
