//! The names of the images: from the command line, or from standard input as bytes.
use std::ffi::OsString;
use std::io::{BufRead, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// No path that a system opens comes near this.
const LONGEST: usize = 1 << 16;

/// How names on standard input are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// A line each; it may end as lines on Windows do.
    Newline,
    /// As `find -print0` and `git ls-files -z` write them: any name is possible.
    Nul,
}

/// The names in `input`, at most so many at a time. After an error there are no more.
pub(super) fn read(
    mut input: impl BufRead,
    separator: Separator,
    most: usize,
) -> impl Iterator<Item = anyhow::Result<Vec<PathBuf>>> {
    let (mut is_over, mut is_first) = (false, true);
    std::iter::from_fn(move || {
        let mut names = Vec::new();
        while !is_over && names.len() < most {
            let is_start = std::mem::take(&mut is_first);
            let name = next(&mut input, separator);
            match name.and_then(|name| if is_start { unmarked(name) } else { Ok(name) }) {
                Ok(Some(name)) if name.is_empty() => {}
                Ok(Some(name)) => names.push(OsString::from_vec(name).into()),
                Ok(None) => is_over = true,
                Err(error) => {
                    is_over = true;
                    return Some(Err(error));
                }
            }
        }
        (!names.is_empty()).then_some(Ok(names))
    })
}

fn next(input: &mut impl BufRead, separator: Separator) -> anyhow::Result<Option<Vec<u8>>> {
    let end = match separator {
        Separator::Newline => b'\n',
        Separator::Nul => 0,
    };
    let mut name = Vec::new();
    let mut bounded = input.take(LONGEST as u64 + 1);
    let read = bounded.read_until(end, &mut name).context("standard input")?;
    if read == 0 {
        return Ok(None);
    }
    let has_end = name.pop_if(|last| *last == end).is_some();
    if separator == Separator::Newline && has_end {
        name.pop_if(|last| *last == b'\r');
    }
    if name.len() > LONGEST {
        let how = match separator {
            Separator::Newline => "a line each, or with --null a NUL byte after each",
            Separator::Nul => "with --null, a NUL byte after each",
        };
        bail!("standard input: a name of more than {LONGEST} bytes; names are expected {how}");
    }
    Ok(Some(name))
}

/// The first name without the mark (BOM) that some programs put before text.
fn unmarked(name: Option<Vec<u8>>) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(name) = name else { return Ok(None) };
    let is_wide = name.starts_with(b"\xff\xfe") || name.starts_with(b"\xfe\xff");
    if is_wide && name.contains(&0) {
        bail!(
            "standard input: these names are in UTF-16, as some Windows programs write them; write them in UTF-8"
        );
    }
    let marked = name.strip_prefix(b"\xef\xbb\xbf").map(<[u8]>::to_vec);
    Ok(Some(marked.unwrap_or(name)))
}

/// Why a name is none, where what separates names was taken for a part of one: a path ends at a NUL byte.
pub(super) fn is_many(name: &Path) -> Option<&'static str> {
    let has_nul = name.as_os_str().as_encoded_bytes().contains(&0);
    has_nul.then_some("there is a NUL byte in the name; names that end in NUL bytes need --null")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn names(text: &[u8], separator: Separator) -> Vec<Vec<u8>> {
        let names = read(text, separator, 2).flat_map(|names| {
            let names = names.unwrap();
            assert!(names.len() <= 2);
            names
        });
        names.map(|name| name.as_os_str().as_bytes().to_vec()).collect()
    }

    #[test]
    fn names_are_bytes() {
        let expected: [&[u8]; 3] = [b"a b.png", b"caf\xe9.png", b"c"];
        assert_eq!(
            names(b"a b.png\ncaf\xe9.png\r\n\n\nc", Separator::Newline),
            expected
        );
        assert_eq!(names(b"a b.png\0caf\xe9.png\0\0c\0", Separator::Nul), expected);
        assert_eq!(names(b"a\nb\r\0", Separator::Nul), [b"a\nb\r"]);
        assert_eq!(
            names(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", Separator::Newline),
            [&b"a"[..], b"\xef\xbb\xbfb"]
        );
        let wide = b"\xff\xfea\0.\0p\0n\0g\0\n\0";
        let error = read(&wide[..], Separator::Newline, 2)
            .next()
            .unwrap()
            .unwrap_err();
        assert!(error.to_string().contains("UTF-16"), "{error}");
        assert!(names(b"", Separator::Newline).is_empty());
        assert!(is_many("a\0b".as_ref()).is_some() && is_many("a".as_ref()).is_none());
    }

    #[test]
    fn what_holds_no_names_is_told_in_bounded_memory() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let mut names = read(endless, Separator::Newline, 10);
        let error = names.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("--null"), "{error}");
        assert!(names.next().is_none());
        // What came before an error is worth its verdicts.
        let text = [&b"a\n"[..], &vec![b'x'; LONGEST + 1]].concat();
        let mut names = read(&text[..], Separator::Newline, 1);
        assert_eq!(names.next().unwrap().unwrap(), [PathBuf::from("a")]);
        assert!(names.next().unwrap().is_err());
    }
}
