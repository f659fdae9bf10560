//! A folder of images, in the order in which torchvision's `ImageFolder` takes them; decoded one at a time.
use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decode;
use super::error::DatasetError;
use super::image::Raster;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Flat where images lie in the folder itself, else classes.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Corrupt {
    /// Stop, and name it.
    #[default]
    Fatal,
    /// Leave it out, and note it.
    Skip,
}

pub(super) struct Folder {
    root: PathBuf,
    /// Relative to the root, in order.
    files: Vec<PathBuf>,
}

/// What opening a folder finds: the images, their labels, the names of the classes.
pub(super) type Found = (Folder, Option<Vec<u16>>, Vec<String>);

impl Folder {
    pub fn open(root: &Path, layout: Layout) -> Result<Found, DatasetError> {
        let mut entries = Vec::new();
        let classes = match layout {
            Layout::Flat => scan(root, Path::new(""), false, &mut Vec::new(), &mut entries)?,
            _ => scan(root, Path::new(""), true, &mut Vec::new(), &mut entries)?,
        };
        let flat = match layout {
            Layout::Flat => true,
            Layout::Auto => entries.iter().any(|entry| entry.folder.as_os_str().is_empty()),
            Layout::Classes | Layout::Tree => false,
        };
        match layout {
            Layout::Auto if flat => entries.retain(|entry| entry.folder.as_os_str().is_empty()),
            Layout::Classes => entries.retain(|entry| !entry.folder.as_os_str().is_empty()),
            _ => {}
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
        let labels = if flat || layout == Layout::Tree {
            None
        } else {
            let label = |entry: &Entry| {
                let at = classes
                    .binary_search(&entry.class)
                    .ok()
                    .and_then(|at| u16::try_from(at).ok());
                at.ok_or_else(|| {
                    DatasetError::malformed(root, format!("{} classes are too many", classes.len()))
                })
            };
            Some(entries.iter().map(label).collect::<Result<Vec<_>, _>>()?)
        };
        let names = classes
            .iter()
            .map(|class| String::from_utf8_lossy(class).into_owned());
        let names = if labels.is_some() {
            names.collect()
        } else {
            Vec::new()
        };
        let files = entries
            .into_iter()
            .map(|entry| entry.folder.join(entry.name))
            .collect();
        Ok((
            Self {
                root: root.to_owned(),
                files,
            },
            labels,
            names,
        ))
    }

    pub fn len(&self) -> usize {
        self.files.len()
    }

    fn path(&self, index: usize) -> PathBuf {
        self.files
            .get(index)
            .map_or_else(|| self.root.clone(), |file| self.root.join(file))
    }

    pub fn raster(&self, index: usize) -> Result<Raster<u8>, DatasetError> {
        decode::image(&self.path(index))
    }

    /// Height and width of image `index`, from its header alone.
    pub fn size(&self, index: usize) -> Result<(usize, usize), DatasetError> {
        decode::size(&self.path(index))
    }

    pub fn hash(&self, hasher: &mut blake3::Hasher) -> Result<(), DatasetError> {
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
pub(super) mod tests {
    use super::*;

    /// An image of one colour, encoded as the name's extension says.
    pub fn paint(path: &Path, width: u32, height: u32, rgb: [u8; 3]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::from_pixel(width, height, image::Rgb(rgb))
            .save(path)
            .unwrap();
    }

    fn names(root: &Path, layout: Layout) -> (Vec<String>, Option<Vec<u16>>, Vec<String>) {
        let (folder, labels, classes) = Folder::open(root, layout).unwrap();
        (
            folder
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
    fn a_folder_without_images_says_what_it_looked_for() {
        let root = tempfile::tempdir().unwrap();
        let error = Folder::open(root.path(), Layout::Auto).err().unwrap().to_string();
        assert!(
            error.contains("no images in this folder (files ending in .jpg, .jpeg, "),
            "{error}"
        );
    }
}
