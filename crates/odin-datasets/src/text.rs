//! Text files as people's editors save them.

/// Why bytes are not the text that is read here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    #[error("this is text in UTF-16, as some Windows programs save it; save it as UTF-8")]
    Utf16,
    #[error("not text in UTF-8 (at byte {0}); save it as UTF-8")]
    NotUtf8(usize),
}

/// The text of a file in UTF-8, without the byte order mark that Windows programs write at its start.
///
/// # Errors
/// Where the bytes are UTF-16, or not UTF-8.
pub fn utf8(bytes: &[u8]) -> Result<&str, EncodingError> {
    let mark = |mark: &[u8]| bytes.starts_with(mark);
    // Without a mark, every other byte of Latin text is zero.
    if mark(&[0xff, 0xfe])
        || mark(&[0xfe, 0xff])
        || matches!(bytes, [0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..])
    {
        return Err(EncodingError::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| EncodingError::NotUtf8(error.valid_up_to()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_passed_over_and_utf_16_is_told() {
        assert_eq!(utf8(b"\xef\xbb\xbftitle: a"), Ok("title: a"));
        assert_eq!(utf8("title: é".as_bytes()), Ok("title: é"));
        assert_eq!(utf8(b""), Ok(""));
        for text in [&b"\xff\xfet\0"[..], b"\xfe\xff\0t", b"t\0i\0", b"\0t\0i"] {
            assert_eq!(utf8(text), Err(EncodingError::Utf16));
        }
        assert_eq!(utf8(b"caf\xe9"), Err(EncodingError::NotUtf8(3)));
    }
}
