//! How a batch stands in a file: one record, whole or not at all.
//!
//! Little-endian: the number of images n and the bytes an image w, u32 each; n image numbers, u32; n·w bytes; the first 16
//! bytes of the BLAKE3 hash of all that.

/// At the start of every file; the digit changes with the format.
pub(super) const MAGIC: &[u8; 8] = b"odinev1\n";

const HASH: usize = 16;

/// An image's number and its bytes.
pub(super) type Entry<'a> = (u32, &'a [u8]);

/// The record of these images. All must have the same number of bytes.
pub(super) fn encode(entries: &[Entry]) -> Vec<u8> {
    let width = entries.first().map_or(0, |(_, bytes)| bytes.len());
    let mut record = Vec::with_capacity(8 + entries.len() * (4 + width) + HASH);
    record.extend((entries.len() as u32).to_le_bytes());
    record.extend((width as u32).to_le_bytes());
    record.extend(entries.iter().flat_map(|(image, _)| image.to_le_bytes()));
    for (_, bytes) in entries {
        debug_assert_eq!(bytes.len(), width);
        record.extend(*bytes);
    }
    let hash = blake3::hash(&record);
    record.extend(&hash.as_bytes()[..HASH]);
    record
}

/// Calls `each` with every image of the whole records at the start of a file, and tells how many bytes those take. What
/// follows them is torn.
pub(super) fn decode(file: &[u8], mut each: impl FnMut(u32, &[u8])) -> usize {
    let Some(mut rest) = file.strip_prefix(MAGIC) else {
        return 0;
    };
    let mut sound = MAGIC.len();
    while let Some((numbers, payload, width, length)) = split(rest) {
        for (number, bytes) in numbers.chunks_exact(4).zip(payload.chunks_exact(width.max(1))) {
            if let Ok(number) = number.try_into() {
                each(u32::from_le_bytes(number), bytes);
            }
        }
        sound += length;
        rest = rest.get(length..).unwrap_or_default();
    }
    sound
}

/// The first record: its image numbers, its payload, the bytes an image, and its length. `None` unless it is whole.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8], usize, usize)> {
    let word = |at: usize| -> Option<usize> {
        let bytes = rest.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes) as usize)
    };
    let (count, width) = (word(0)?, word(4)?);
    let payload_at = count.checked_mul(4)?.checked_add(8)?;
    let hash_at = count.checked_mul(width)?.checked_add(payload_at)?;
    let length = hash_at.checked_add(HASH)?;
    let hash = rest.get(hash_at..length)?;
    let sound = blake3::hash(rest.get(..hash_at)?).as_bytes().starts_with(hash);
    sound.then_some((
        rest.get(8..payload_at)?,
        rest.get(payload_at..hash_at)?,
        width,
        length,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend(encode(&[(7, b"ab"), (3, b"cd")]));
        file.extend(encode(&[(9, b"xyz")]));
        file
    }

    fn read(file: &[u8]) -> (Vec<(u32, Vec<u8>)>, usize) {
        let mut entries = Vec::new();
        let sound = decode(file, |image, bytes| entries.push((image, bytes.to_vec())));
        (entries, sound)
    }

    #[test]
    fn what_was_written_is_read() {
        let file = file();
        let want = [(7, b"ab".to_vec()), (3, b"cd".to_vec()), (9, b"xyz".to_vec())];
        assert_eq!(read(&file), (want.to_vec(), file.len()));
    }

    #[test]
    fn a_file_torn_or_changed_anywhere_gives_only_whole_records() {
        let file = file();
        let first = MAGIC.len() + 8 + 2 * 6 + HASH;
        for length in 0..file.len() {
            let (entries, sound) = read(&file[..length]);
            let (n, want) = match length {
                l if l < MAGIC.len() => (0, 0),
                l if l < first => (0, MAGIC.len()),
                _ => (2, first),
            };
            assert_eq!((entries.len(), sound), (n, want), "{length} bytes");
        }
        for place in 0..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 0x40;
            let (entries, sound) = read(&changed);
            assert!(sound < file.len() && entries.len() <= 2, "byte {place}");
        }
    }
}
