use std::io::Cursor;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const LIMITS: Limits = Limits {
    entries: 10,
    bytes: 100_000,
};

/// What unpacking `bytes` leaves: the files by name, or why it was refused.
fn unpacked(archive: Archive, bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("archive");
    fs::write(&file, bytes).unwrap();
    let folder = root.path().join("deep/er/folder");
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let done = unpack(archive, &file, &folder, Some(LIMITS));
    // Whatever came of it, nothing lies outside.
    let outside: Vec<_> = fs::read_dir(root.path()).unwrap().flatten().collect();
    assert_eq!(outside.len(), 2, "{outside:?}");
    assert_eq!(fs::read_dir(root.path().join("deep/er")).unwrap().count(), 1);
    match done {
        Ok(()) => {}
        Err(UnpackError::Archive(why)) => return Err(why),
        Err(UnpackError::Here(error)) => panic!("{error}"),
    }
    let mut files = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
                files.push((name, fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    Ok(files)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A header as it is, with names that the tar crate would not write.
fn header(name: &[u8], kind: u8, size: u64) -> ::tar::Header {
    let mut header = ::tar::Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(::tar::EntryType::new(kind));
    header.set_size(size);
    header.set_mode(0o644);
    header
}

/// Entries by name, type and content, as they are.
fn tar(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = header(name.as_bytes(), *kind, content.len() as u64);
        if matches!(kind, b'1' | b'2') {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = ::zip::write::FileOptions::default().unix_permissions(*mode);
        if mode & 0o170_000 == 0o120_000 {
            writer.add_symlink(*name, "/etc/passwd", options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn refused(archive: Archive, bytes: &[u8], because: &str) {
    let why = unpacked(archive, bytes).expect_err(because);
    assert!(why.contains(because), "{why}");
}

fn files(names: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    let file = |(name, content): &(&str, &str)| ((*name).to_owned(), content.as_bytes().to_vec());
    names.iter().map(file).collect()
}

#[test]
fn files_and_folders_arrive() {
    let long = "a long name ".repeat(15);
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in [("x/./0.png", "zero"), (long.as_str(), "long"), ("x/empty", "")] {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    let packed = builder.into_inner().unwrap();
    let expected = files(&[(&long, "long"), ("x/0.png", "zero"), ("x/empty", "")]);
    assert_eq!(unpacked(Archive::Tar, &packed), Ok(expected.clone()));
    assert_eq!(unpacked(Archive::TarGz, &gzip(&packed)), Ok(expected));

    // A remark on the whole, a folder of today and one of old, a file that is there twice.
    let old = tar(&[
        ("pax", b'g', b"18 comment=abcdef\n"),
        ("./", b'5', b""),
        ("y", b'5', b""),
        ("z/", 0, b""),
        ("z/a", 0, b"first"),
        ("z/a", b'0', b"last"),
    ]);
    assert_eq!(unpacked(Archive::Tar, &old), Ok(files(&[("z/a", "last")])));

    let packed = zip(&[("x/0.png", 0o644, b"zero"), ("y\\1.png", 0o600, b"one")]);
    let expected = files(&[("x/0.png", "zero"), ("y/1.png", "one")]);
    assert_eq!(unpacked(Archive::Zip, &packed), Ok(expected));
}

#[test]
fn nothing_lands_outside() {
    for name in ["../evil", "x/../../evil", "/tmp/evil", "x/..", "..", "/"] {
        refused(
            Archive::Tar,
            &tar(&[("ok", b'0', b"fine"), (name, b'0', b"evil")]),
            "outside",
        );
        refused(Archive::Tar, &tar(&[(name, b'5', b"")]), "outside");
        refused(
            Archive::Zip,
            &zip(&[("ok", 0o644, b"fine"), (name, 0o644, b"evil")]),
            "outside",
        );
    }
    for name in ["..\\..\\evil", "\\evil"] {
        refused(Archive::Zip, &zip(&[(name, 0o644, b"evil")]), "outside");
    }
}

#[test]
fn links_and_devices_are_refused_by_name() {
    for (kind, what) in [
        (b'1', "`odd` is a link"),
        (b'2', "`odd` is a link"),
        (b'3', "`odd` is a device"),
        (b'4', "`odd` is a device"),
        (b'6', "`odd` is a device"),
        (b'Z', "`odd` is neither"),
    ] {
        refused(Archive::Tar, &tar(&[("odd", kind, b"")]), what);
    }
    // The old trick: a link to a folder outside, and then a file within.
    let trick = tar(&[("odd", b'2', b""), ("odd/evil", b'0', b"evil")]);
    refused(Archive::Tar, &trick, "`odd` is a link");
    refused(Archive::Zip, &zip(&[("odd", 0o120_777, b"")]), "`odd` is a link");
}

#[test]
fn bombs_are_defused() {
    let swollen = vec![0; LIMITS.bytes as usize + 1];
    refused(
        Archive::TarGz,
        &gzip(&tar(&[("big", b'0', &swollen)])),
        "more than 100000 bytes",
    );
    refused(
        Archive::Zip,
        &zip(&[("big", 0o644, &swollen)]),
        "more than 100000 bytes",
    );
    let half = &swollen[..LIMITS.bytes as usize / 2 + 1];
    refused(
        Archive::Tar,
        &tar(&[("a", b'0', half), ("b", b'0', half)]),
        "more than 100000 bytes",
    );
    let names: Vec<String> = (0..11).map(|n| n.to_string()).collect();
    let many: Vec<(&str, u8, &[u8])> = names.iter().map(|n| (n.as_str(), b'0', &b""[..])).collect();
    refused(Archive::Tar, &tar(&many), "more than 10 files");
    let many: Vec<(&str, u32, &[u8])> = names.iter().map(|n| (n.as_str(), 0o644, &b""[..])).collect();
    refused(Archive::Zip, &zip(&many), "more than 10 files");
    let deep = "a/".repeat(70) + "b";
    refused(Archive::Zip, &zip(&[(&deep, 0o644, b"")]), "deep");
    // A name that is larger than all that may be unpacked.
    let name = tar(&[("././@LongLink", b'L', &vec![b'a'; 2 << 20]), ("x", b'0', b"")]);
    refused(
        Archive::TarGz,
        &gzip(&name),
        "more data than the format calls for",
    );
    // A file that claims to be as large as can be.
    let mut huge = header(b"huge", b'0', u64::MAX / 4);
    huge.set_cksum();
    refused(Archive::Tar, huge.as_bytes(), "more than 100000 bytes");
}

#[test]
fn broken_archives_are_refused_wherever_they_break() {
    let content: Vec<u8> = (0..700_u32).map(|n| (n * n % 251) as u8).collect();
    let tarred = tar(&[("x/a", b'0', &content), ("x/b", b'0', &content)]);
    let gzipped = gzip(&tarred);
    let zipped = zip(&[("x/a", 0o644, &content), ("x/b", 0o644, &content)]);
    for (archive, whole, step) in [
        (Archive::Tar, &tarred[..tarred.len() - 1024], 256),
        (Archive::TarGz, &gzipped, 29),
        (Archive::Zip, &zipped, 29),
    ] {
        for len in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            assert!(
                unpacked(archive, &whole[..len]).is_err(),
                "{archive:?} cut at {len}"
            );
        }
    }
    // One wrong byte is told from a right one, or at least does not panic where only a date is concerned.
    for at in (0..zipped.len()).step_by(11) {
        let mut wrong = zipped.clone();
        wrong[at] ^= 0x55;
        let _ = unpacked(Archive::Zip, &wrong);
        let mut wrong = tarred.clone();
        wrong[at] ^= 0x55;
        let _ = unpacked(Archive::Tar, &wrong);
    }
    let mut wrong = gzipped.clone();
    let last = wrong.len() - 6;
    wrong[last] ^= 1;
    refused(Archive::TarGz, &wrong, "broken");
    refused(Archive::Zip, &tarred, "broken or truncated zip");
    refused(Archive::TarGz, &tarred, "broken or truncated tar");
    refused(Archive::Tar, &[0; 1024], "holds nothing");
}

#[test]
fn archives_are_known_by_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let kind = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        kind_of(&path).unwrap()
    };
    let packed = tar(&[("a", b'0', b"a")]);
    assert_eq!(kind(&packed), Some(Archive::Tar));
    assert_eq!(kind(&gzip(&packed)), Some(Archive::TarGz));
    assert_eq!(kind(&zip(&[("a", 0o644, b"a")])), Some(Archive::Zip));
    assert_eq!(kind(b"something else"), None);
}
