//! Image files given one by one, each of any format and size. A file that cannot be read keeps its number, and says why.
use std::path::{Path, PathBuf};

use crate::decode;
use crate::error::DatasetError;
use crate::image::{Channels, Image};
use crate::preprocessing::{Preprocessing, Resize};

pub(crate) struct ImageFiles(Vec<ImageFile>);

struct ImageFile {
    path: PathBuf,
    /// What it was when the set was opened, or why it cannot be read.
    found: Result<Found, String>,
}

struct Found {
    content: blake3::Hash,
    preprocessing: Preprocessing,
    /// Height and width after the preprocessing.
    size: (usize, usize),
}

impl ImageFiles {
    /// Reads every file once, one at a time: its content for the digest, its header for the size.
    ///
    /// With `fit`, a height and a width, a file that the preprocessing does not bring to this size is resized to it in place
    /// of the preprocessing's steps. A size for which `refused` gives a reason makes the file unreadable.
    pub(crate) fn open(
        paths: Vec<PathBuf>,
        preprocessing: &Preprocessing,
        fit: Option<(usize, usize)>,
        refused: impl Fn(usize, usize) -> Option<String>,
    ) -> Self {
        let look = |path: &Path| {
            let found = look(path, preprocessing, fit).map_err(|error| error.reason())?;
            refused(found.size.0, found.size.1).map_or(Ok(found), Err)
        };
        let open = |path: PathBuf| ImageFile {
            found: look(&path),
            path,
        };
        Self(paths.into_iter().map(open).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn name(&self, index: usize) -> Option<String> {
        self.0.get(index).map(|file| file.path.display().to_string())
    }

    pub(crate) fn path(&self, index: usize) -> Option<&Path> {
        self.0.get(index).map(|file| file.path.as_path())
    }

    /// Height and width after the preprocessing.
    pub(crate) fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        self.found(index).map(|(_, found)| found.size)
    }

    /// After the preprocessing.
    pub(crate) fn image(&self, index: usize, channels: Channels) -> Result<Image, DatasetError> {
        let (path, found) = self.found(index)?;
        let unreadable = |why: String| DatasetError::UnreadableFile { why };
        let bytes = decode::read(path).map_err(|error| unreadable(error.reason()))?;
        if blake3::hash(&bytes) != found.content {
            return Err(unreadable("the file was changed while it was read".to_owned()));
        }
        let raster = decode::bytes(&bytes, path).map_err(|error| unreadable(error.reason()))?;
        let image = found.preprocessing.apply(raster, channels);
        image.map_err(|error| unreadable(error.to_string()))
    }

    /// By content and preprocessing: what a file is called changes no score.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) {
        for file in &self.0 {
            match &file.found {
                Ok(found) => {
                    hasher.update(format!("{:?}\n", found.preprocessing).as_bytes());
                    hasher.update(found.content.as_bytes());
                }
                Err(_) => {
                    hasher.update(b"unreadable\n");
                }
            }
        }
    }

    fn found(&self, index: usize) -> Result<(&Path, &Found), DatasetError> {
        match self.0.get(index) {
            Some(ImageFile {
                path,
                found: Ok(found),
            }) => Ok((path, found)),
            Some(ImageFile { found: Err(why), .. }) => Err(DatasetError::UnreadableFile { why: why.clone() }),
            None => Err(DatasetError::NoSuchImage {
                name: "image files".to_owned(),
                index,
                len: self.len(),
            }),
        }
    }
}

fn look(
    path: &Path,
    preprocessing: &Preprocessing,
    fit: Option<(usize, usize)>,
) -> Result<Found, DatasetError> {
    let bytes = decode::read(path)?;
    let (height, width) = decode::size_of_bytes(&bytes, path)?;
    let own = preprocessing.output(height, width);
    let (preprocessing, size) = match (own, fit) {
        (Ok(size), None) => (*preprocessing, size),
        (Ok(size), Some(fit)) if size == fit => (*preprocessing, size),
        (_, Some(fit)) => {
            let resized = Preprocessing {
                grey: preprocessing.grey,
                resize: Some(Resize::Exact([fit.0, fit.1])),
                ..Preprocessing::default()
            };
            (resized, fit)
        }
        (Err(error), None) => {
            return Err(DatasetError::UnreadableFile {
                why: error.to_string(),
            });
        }
    };
    Ok(Found {
        content: blake3::hash(&bytes),
        preprocessing,
        size,
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::sync::Arc;

    use super::*;
    use crate::formats::folder::tests::paint;
    use crate::{Dataset, Normalisation, read_image};

    fn normalisation() -> Normalisation {
        Normalisation::new([0.5; 3], [0.25; 3]).unwrap()
    }

    fn any_size(_: usize, _: usize) -> Option<String> {
        None
    }

    /// A picture in which no two pixels are alike, in the format that the name says.
    fn picture(path: &Path, side: u32) {
        let at = |x: u32, y: u32| ::image::Rgb([(x * 8) as u8, (y * 8) as u8, (x * 5 + y * 3) as u8]);
        ::image::RgbImage::from_fn(side, side, at).save(path).unwrap();
    }

    #[test]
    fn every_format_is_read_and_keeps_its_place() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["a.png", "b.gif", "c.ppm", "d.bmp", "e.tiff", "f.webp"] {
            picture(&path(name), 8);
        }
        ::image::GrayImage::from_pixel(8, 8, ::image::Luma([9]))
            .save(path("g.pgm"))
            .unwrap();
        fs::write(path("h.jpg"), include_bytes!("../fixtures/jpeg/420.jpg")).unwrap();
        // What a file is, is known by its content.
        fs::copy(path("b.gif"), path("i.png")).unwrap();
        fs::copy(path("a.png"), path("j")).unwrap();
        fs::copy(path("c.ppm"), root.path().join(OsStr::from_bytes(b"k\xe9.png"))).unwrap();
        let mut paths: Vec<PathBuf> = fs::read_dir(root.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        assert_eq!(paths.len(), 11);
        let set = Dataset::of_files(paths.clone(), &Preprocessing::default(), None, any_size);
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(set.image(index).unwrap(), read_image(path).unwrap(), "{path:?}");
        }
    }

    #[test]
    fn files_that_cannot_be_read_shift_no_other_and_say_why() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        for name in ["0.png", "2.png", "6.png"] {
            picture(&path(name), 8);
        }
        fs::write(path("1.png"), "no image").unwrap();
        let whole = fs::read(path("0.png")).unwrap();
        fs::write(path("3.png"), &whole[..whole.len() - 30]).unwrap();
        fs::create_dir(path("4.png")).unwrap();
        let jpeg = include_bytes!("../fixtures/jpeg/420.jpg");
        fs::write(path("5.jpg"), &jpeg[..jpeg.len() * 2 / 3]).unwrap();
        let names = [
            "0.png", "1.png", "2.png", "3.png", "4.png", "5.jpg", "6.png", "7.png",
        ];
        let set = Dataset::of_files(
            names.map(path).into(),
            &Preprocessing::default(),
            Some((8, 8)),
            any_size,
        );
        let set = Arc::new(set);
        assert_eq!(set.len(), 8);
        let batches = set.prefetch(vec![(0..8).collect()], normalisation(), 1).unwrap();
        let batches: Vec<_> = batches.map(Result::unwrap).collect();
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].indices, [0, 2, 6]);
        let skipped = set.skipped();
        let numbers: Vec<usize> = skipped.iter().map(|(index, _)| *index).collect();
        assert_eq!(numbers, [1, 3, 4, 5, 7]);
        for ((_, why), word) in skipped.iter().zip([
            "format",
            "",
            "not a regular file",
            "the JPEG breaks off before its end",
            "No such file",
        ]) {
            assert!(why.contains(word), "{why} lacks {word}");
            assert!(!why.contains(".png") && !why.contains("corrupt:"), "{why}");
        }
    }

    #[test]
    fn what_does_not_fit_is_resized_and_the_rest_is_as_in_a_set() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        picture(&path("own.png"), 28);
        picture(&path("other.png"), 31);
        let pad = Preprocessing {
            pad: 2,
            ..Preprocessing::default()
        };
        let paths = vec![path("own.png"), path("other.png")];
        let set = Dataset::of_files(paths.clone(), &pad, Some((32, 32)), any_size);
        assert_eq!((set.size(0).unwrap(), set.size(1).unwrap()), ((32, 32), (32, 32)));
        let own = set.image(0).unwrap();
        assert!(own.pixels[..32].iter().all(|&p| p == 0.0), "padded");
        assert!(
            set.image(1).unwrap().pixels[1..32].iter().any(|&p| p > 0.0),
            "resized"
        );
        let set = Dataset::of_files(paths.clone(), &pad, None, any_size);
        assert_eq!((set.size(0).unwrap(), set.size(1).unwrap()), ((32, 32), (35, 35)));
        let refused = |height, _| (height > 32).then(|| format!("{height} is too many"));
        let set = Dataset::of_files(paths, &pad, None, refused);
        assert!(set.image(0).is_ok());
        assert_eq!(set.image(1).unwrap_err().to_string(), "35 is too many");
    }

    #[test]
    fn a_photo_of_many_pixels_is_resized_although_it_could_not_be_padded() {
        let root = tempfile::tempdir().unwrap();
        // The header of 36 million pixels, more than what padding is done for; no pixel is decoded here.
        let path = root.path().join("photo.pgm");
        fs::write(&path, "P5\n6000 6000\n255\n").unwrap();
        let pad = Preprocessing {
            pad: 2,
            ..Preprocessing::default()
        };
        let set = Dataset::of_files(vec![path.clone()], &pad, Some((32, 32)), any_size);
        assert_eq!(set.size(0).unwrap(), (32, 32));
        let error = Dataset::of_files(vec![path], &pad, None, any_size)
            .image(0)
            .unwrap_err();
        assert!(error.to_string().contains("which no network takes"), "{error}");
    }

    #[test]
    fn the_digest_is_of_contents_and_preprocessing_not_of_names() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        paint(&path("a.png"), 4, 4, [1; 3]);
        paint(&path("b.png"), 4, 4, [2; 3]);
        fs::copy(path("a.png"), path("c.png")).unwrap();
        let digest = |names: &[&str], fit| {
            let paths = names.iter().map(|name| path(name)).collect();
            let set = Dataset::of_files(paths, &Preprocessing::default(), fit, any_size);
            set.digest().unwrap()
        };
        let of_a = digest(&["a.png"], None);
        assert_eq!(digest(&["c.png"], None), of_a);
        assert_eq!(digest(&["a.png"], Some((4, 4))), of_a);
        let others = [
            digest(&["b.png"], None),
            digest(&["a.png", "c.png"], None),
            digest(&["none.png"], None),
            digest(&["a.png"], Some((8, 8))),
        ];
        assert!(!others.contains(&of_a));
        // A file that becomes another one is not scored as what it was.
        let set = Dataset::of_files(vec![path("a.png")], &Preprocessing::default(), None, any_size);
        fs::copy(path("b.png"), path("a.png")).unwrap();
        let error = set.image(0).unwrap_err().to_string();
        assert!(error.contains("changed while it was read"), "{error}");
    }
}
