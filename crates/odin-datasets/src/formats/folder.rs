//! A folder of images, in the order in which torchvision's `ImageFolder` takes them; decoded one at a time.
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decode;
use crate::error::DatasetError;
use crate::image::Raster;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Flat where at least half of the images lie in the folder itself, else classes.
    #[default]
    Auto,
    /// The images in the folder itself, sorted by name (0.png, 1.png, 10.png, …), without labels.
    Flat,
    /// A folder a class, sorted by name; images of folders within a class belong to it.
    Classes,
    /// As classes, but what the folders are called says nothing: no labels.
    Tree,
}

/// What to do about an image that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Corrupt {
    /// Stop, and name it.
    #[default]
    #[serde(alias = "fail")]
    Fatal,
    /// Leave it out, and note it.
    Skip,
}

impl Corrupt {
    /// Every way, in the words of the command line.
    pub const KEYS: [&str; 2] = ["skip", "fail"];
}

/// A word that does not say what to do about an image that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither `skip` nor `fail`")]
pub struct UnknownCorrupt(String);

impl std::str::FromStr for Corrupt {
    type Err = UnknownCorrupt;

    fn from_str(text: &str) -> Result<Self, UnknownCorrupt> {
        match text {
            "skip" => Ok(Self::Skip),
            "fail" | "fatal" => Ok(Self::Fatal),
            _ => Err(UnknownCorrupt(text.to_owned())),
        }
    }
}

pub(crate) struct Folder {
    root: PathBuf,
    /// Relative to the root, in order.
    files: Vec<PathBuf>,
}

/// What opening a folder or a list of files finds.
pub(crate) struct Found {
    pub folder: Folder,
    pub labels: Option<Vec<u16>>,
    /// Names of the classes; empty where nothing names them.
    pub class_names: Vec<String>,
    /// What a person should know of files and folders that were left out.
    pub notes: Vec<String>,
}

impl Folder {
    /// The images below `root`, as `layout` takes them.
    ///
    /// Where images lie both in the folder and in folders below it, [`Layout::Auto`] goes with the larger number and
    /// tells of the rest.
    #[expect(clippy::expect_used, reason = "the classes are those of the entries")]
    pub(crate) fn open(root: &Path, layout: Layout) -> Result<Found, DatasetError> {
        let mut entries = Vec::new();
        let deep = layout != Layout::Flat;
        let folders = scan(root, Path::new(""), deep, &mut Vec::new(), &mut entries)?;
        let here = |entry: &Entry| entry.folder.as_os_str().is_empty();
        let beside = entries.iter().filter(|entry| here(entry)).count();
        let below = entries.len() - beside;
        let flat = match layout {
            Layout::Flat => true,
            Layout::Auto => beside > 0 && beside >= below,
            Layout::Classes | Layout::Tree => false,
        };
        let mut notes = Vec::new();
        if flat && below > 0 {
            notes.push(format!(
                "{below} images in folders below {} are left out; `layout: classes` takes them, a class a folder",
                root.display()
            ));
            entries.retain(here);
        } else if !flat && layout != Layout::Tree && beside > 0 {
            let stray = entries
                .iter()
                .find(|entry| here(entry))
                .map(|entry| entry.name.display());
            let (images, are) = match beside {
                1 => ("image", "is"),
                _ => ("images", "are"),
            };
            notes.push(format!(
                "{beside} {images} beside the class folders in {} {are} left out{}; `layout: flat` takes images there instead",
                root.display(),
                stray.map_or(String::new(), |name| format!(" ({name})")),
            ));
            entries.retain(|entry| !here(entry));
        }
        if entries.is_empty() {
            let why = format!(
                "no images in this folder (files ending in .{})",
                decode::extensions().collect::<Vec<_>>().join(", .")
            );
            return Err(DatasetError::malformed(root, why));
        }
        // Bytes, not components: `a-b` comes before `a/b`, as where Python sorts the walk of a class.
        let bytes = |path: &Path| path.as_os_str().as_encoded_bytes().to_vec();
        entries.sort_by_cached_key(|entry| (entry.class.clone(), bytes(&entry.folder), bytes(&entry.name)));
        let (mut labels, mut class_names) = (None, Vec::new());
        if !flat && layout != Layout::Tree {
            let mut classes: Vec<&[u8]> = entries.iter().map(|entry| entry.class.as_slice()).collect();
            classes.dedup();
            let named = |class: &[u8]| String::from_utf8_lossy(class).into_owned();
            let empty: Vec<String> = folders
                .iter()
                .filter(|folder| classes.binary_search(&folder.as_slice()).is_err())
                .map(|folder| named(folder))
                .collect();
            if !empty.is_empty() {
                notes.push(format!(
                    "folders in {} without images are no classes: {}",
                    root.display(),
                    empty.join(", ")
                ));
            }
            let many = || DatasetError::malformed(root, format!("{} classes are too many", classes.len()));
            let label = |entry: &Entry| {
                let at = classes.binary_search(&entry.class.as_slice());
                u16::try_from(at.expect("every entry's class is among them")).map_err(|_| many())
            };
            labels = Some(entries.iter().map(label).collect::<Result<Vec<_>, _>>()?);
            class_names = classes.iter().map(|class| named(class)).collect();
        }
        let files = entries
            .into_iter()
            .map(|entry| entry.folder.join(entry.name))
            .collect();
        Ok(Found {
            folder: Self::of(root, files),
            labels,
            class_names,
            notes,
        })
    }

    /// Files in a given order, relative to `root`.
    pub(crate) fn of(root: &Path, files: Vec<PathBuf>) -> Self {
        Self {
            root: root.to_owned(),
            files,
        }
    }

    /// Image `index`'s path below the root.
    pub(crate) fn name(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(PathBuf::as_path)
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn path(&self, index: usize) -> PathBuf {
        self.files
            .get(index)
            .map_or_else(|| self.root.clone(), |file| self.root.join(file))
    }

    pub(crate) fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        decode::image(&self.path(index))
    }

    /// Height and width of image `index`, from its header alone.
    pub(crate) fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        decode::size(&self.path(index))
    }

    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
        for (index, name) in self.files.iter().enumerate() {
            let bytes = decode::read(&self.path(index)).or_else(|error| match error {
                // A set with corrupt files has a digest as well.
                DatasetError::CorruptImage { .. } => Ok(Vec::new()),
                other => Err(other),
            })?;
            hasher.update(name.as_os_str().as_encoded_bytes());
            hasher.update(&[0]);
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
        Ok(())
    }
}

struct Entry {
    /// The first folder below the root; empty for an image in the root itself.
    class: Vec<u8>,
    folder: PathBuf,
    name: PathBuf,
}

/// Collects the images below `root/folder`; returns the names of its folders, sorted.
fn scan(
    root: &Path,
    folder: &Path,
    deep: bool,
    above: &mut Vec<PathBuf>,
    entries: &mut Vec<Entry>,
) -> Result<Vec<Vec<u8>>, DatasetError> {
    let here = root.join(folder);
    let io = |source| DatasetError::io(&here, source);
    let real = fs::canonicalize(&here).map_err(io)?;
    let mut folders = Vec::new();
    // Links are followed, as torchvision does, but not back into a folder that leads here.
    if above.contains(&real) {
        return Ok(folders);
    }
    above.push(real);
    for entry in fs::read_dir(&here).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let bytes = name.as_encoded_bytes();
        // Hidden files are no images: macOS leaves `._0.png` beside `0.png` in archives.
        if bytes.starts_with(b".") {
            continue;
        }
        let name = PathBuf::from(&name);
        // A link that leads nowhere is passed over.
        let Ok(metadata) = fs::metadata(here.join(&name)) else {
            continue;
        };
        if metadata.is_dir() && deep {
            scan(root, &folder.join(&name), deep, above, entries)?;
            folders.push(name.as_os_str().as_encoded_bytes().to_vec());
        } else if metadata.is_file() && decode::is_image(&name) {
            let class = folder
                .components()
                .next()
                .map(|c| c.as_os_str().as_encoded_bytes().to_vec());
            entries.push(Entry {
                class: class.unwrap_or_default(),
                folder: folder.to_owned(),
                name,
            });
        }
    }
    above.pop();
    folders.sort();
    Ok(folders)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An image of one colour, encoded as the name's extension says.
    pub fn paint(path: &Path, width: u32, height: u32, rgb: [u8; 3]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::from_pixel(width, height, image::Rgb(rgb))
            .save(path)
            .unwrap();
    }

    fn names(root: &Path, layout: Layout) -> (Vec<String>, Option<Vec<u16>>, Vec<String>) {
        let found = Folder::open(root, layout).unwrap();
        let (labels, classes) = (found.labels, found.class_names);
        (
            found
                .folder
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect(),
            labels,
            classes,
        )
    }

    #[test]
    fn a_flat_folder_is_in_name_order() {
        let root = tempfile::tempdir().unwrap();
        for name in ["10.png", "2.png", "1.PNG", "0.png", "._0.png", "notes.txt"] {
            fs::write(root.path().join(name), b"?").unwrap();
        }
        paint(&root.path().join("below/3.png"), 1, 1, [0; 3]);
        let expected = ["0.png", "1.PNG", "10.png", "2.png"].map(str::to_owned).to_vec();
        assert_eq!(names(root.path(), Layout::Auto), (expected.clone(), None, vec![]));
        assert_eq!(names(root.path(), Layout::Flat).0, expected);
        assert_eq!(names(root.path(), Layout::Tree).0.len(), 5);
    }

    /// The order that torchvision 0.26's `ImageFolder` gives the same tree.
    #[test]
    fn classes_are_in_the_order_of_image_folder() {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "b/1.png",
            "a/z.jpg",
            "a/y/1.png",
            "a/y-2/1.png",
            "a/y/x/1.png",
            "a/A.png",
            "B/10.png",
            "B/9.png",
        ] {
            fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            fs::write(root.path().join(name), b"?").unwrap();
        }
        let (files, labels, classes) = names(root.path(), Layout::Auto);
        assert_eq!(classes, ["B", "a", "b"]);
        let a = ["a/A.png", "a/z.jpg", "a/y/1.png", "a/y-2/1.png", "a/y/x/1.png"];
        let order = [&["B/10.png", "B/9.png"], &a[..], &["b/1.png"]].concat();
        assert_eq!(files, order);
        assert_eq!(labels, Some(vec![0, 0, 1, 1, 1, 1, 1, 2]));
        assert_eq!(names(root.path(), Layout::Tree), (files, None, vec![]));
    }

    #[test]
    fn links_are_followed_but_not_in_circles() {
        let root = tempfile::tempdir().unwrap();
        paint(&root.path().join("a/1.png"), 1, 1, [0; 3]);
        std::os::unix::fs::symlink(root.path(), root.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink("nowhere.png", root.path().join("a/2.png")).unwrap();
        std::os::unix::fs::symlink("a", root.path().join("b")).unwrap();
        let (files, labels, _) = names(root.path(), Layout::Classes);
        assert_eq!(
            (files, labels),
            (vec!["a/1.png".into(), "b/1.png".into()], Some(vec![0, 1]))
        );
    }

    #[test]
    fn folders_without_images_are_no_classes_and_a_stray_image_hides_none() {
        let root = tempfile::tempdir().unwrap();
        let touch = |name: &str| {
            fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            fs::write(root.path().join(name), b"?").unwrap();
        };
        for name in [
            "b/1.png",
            "b/2.png",
            "a/x/1.gif",
            "__MACOSX/b/._1.png",
            "notes/read.me",
            "preview.png",
        ] {
            touch(name);
        }
        for layout in [Layout::Auto, Layout::Classes] {
            let found = Folder::open(root.path(), layout).unwrap();
            assert_eq!(found.class_names, ["a", "b"]);
            assert_eq!(found.labels, Some(vec![0, 1, 1]));
            assert!(
                found.notes[0].starts_with("1 image beside the class folders in ")
                    && found.notes[0].contains("(preview.png); `layout: flat`"),
                "{:?}",
                found.notes
            );
            assert!(
                found.notes[1].ends_with("without images are no classes: __MACOSX, notes"),
                "{:?}",
                found.notes
            );
        }
        for name in ["0.png", "1.png", "2.png"] {
            touch(name);
        }
        let found = Folder::open(root.path(), Layout::Auto).unwrap();
        assert_eq!((found.folder.len(), found.labels), (4, None));
        assert!(
            found.notes[0].starts_with("3 images in folders below "),
            "{:?}",
            found.notes
        );
        let tree = Folder::open(root.path(), Layout::Tree).unwrap();
        assert_eq!((tree.folder.len(), tree.notes.len()), (7, 0));
    }

    #[test]
    fn a_folder_without_images_says_what_it_looked_for() {
        let root = tempfile::tempdir().unwrap();
        let error = Folder::open(root.path(), Layout::Auto).err().unwrap().to_string();
        assert!(
            error.contains("no images in this folder (files ending in .jpg, .jpeg, "),
            "{error}"
        );
    }
}
