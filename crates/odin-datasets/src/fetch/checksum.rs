//! Whether a file is the one that its card describes.
use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use md5::Md5;
use sha2::{Digest, Sha256};

use crate::Download;

/// What differs, with both values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    what: &'static str,
    is: String,
    should: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { what, is, should } = self;
        write!(f, "its {what} is {is} where the card says {should}")
    }
}

pub(super) fn has_sum(download: &Download) -> bool {
    download.md5.is_some() || download.sha256.is_some()
}

/// So many digits of a sum are enough to tell damage, as PyTorch's own names of files have them.
const FIRST_DIGITS: usize = 8;

/// Of SHA-256 the first digits may stand for all.
fn agrees(what: &str, is: &str, should: &str) -> bool {
    let first = match what {
        "sha256" if should.len() >= FIRST_DIGITS => is.get(..should.len()),
        _ => Some(is),
    };
    first.is_some_and(|first| first.eq_ignore_ascii_case(should))
}

/// The first thing in which the file differs from the card, if any.
pub(super) fn verify(mut file: File, download: &Download) -> io::Result<Option<Mismatch>> {
    let len = file.metadata()?.len();
    if let Some(bytes) = download.bytes.filter(|&bytes| bytes != len) {
        return Ok(Some(Mismatch {
            what: "length",
            is: format!("{len} bytes"),
            should: bytes.to_string(),
        }));
    }
    let mut md5 = download.md5.as_ref().map(|should| (Md5::new(), should));
    let mut sha256 = download.sha256.as_ref().map(|should| (Sha256::new(), should));
    if md5.is_none() && sha256.is_none() {
        return Ok(None);
    }
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = buffer.get(..n).unwrap_or_default();
        if let Some((hash, _)) = &mut md5 {
            hash.update(bytes);
        }
        if let Some((hash, _)) = &mut sha256 {
            hash.update(bytes);
        }
    }
    let sums = [
        md5.map(|(hash, should)| ("md5", hex(&hash.finalize()), should)),
        sha256.map(|(hash, should)| ("sha256", hex(&hash.finalize()), should)),
    ];
    let differs = sums
        .into_iter()
        .flatten()
        .find(|(what, is, should)| !agrees(what, is, should.trim()));
    Ok(differs.map(|(what, is, should)| Mismatch {
        what,
        is,
        should: should.clone(),
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Archive;

    #[test]
    fn both_sums_and_the_length_are_held_against_the_card() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let says = |bytes: Option<u64>, md5: &str, sha256: &str| {
            let some = |sum: &str| (!sum.is_empty()).then(|| sum.to_owned());
            let download = Download {
                urls: Vec::new(),
                bytes,
                md5: some(md5),
                sha256: some(sha256),
                into: "abc".into(),
                unpack: Archive::None,
            };
            let mismatch = verify(File::open(&path).unwrap(), &download).unwrap();
            mismatch.map(|m| m.to_string()).unwrap_or_default()
        };
        // The vectors of RFC 1321 and FIPS 180-2.
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        let sha256 = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        assert_eq!(says(None, "", ""), "");
        assert_eq!(says(Some(3), md5, sha256), "");
        assert_eq!(
            says(Some(4), md5, ""),
            "its length is 3 bytes where the card says 4"
        );
        assert_eq!(
            says(None, "00", sha256),
            format!("its md5 is {md5} where the card says 00")
        );
        assert!(says(None, md5, "00").starts_with("its sha256 is ba78"));
        assert_eq!(says(None, "", "ba7816bf"), "", "its first digits");
        assert!(
            says(None, "", "ba7816b").starts_with("its sha256 is ba78"),
            "too few"
        );
        assert!(says(None, "", "ba7816be").starts_with("its sha256 is ba78"));
        assert!(says(None, "", &format!("{sha256}0")).starts_with("its sha256 is ba78"));
        assert!(says(None, "90015098", "").starts_with("its md5 is 9001"));
    }
}
