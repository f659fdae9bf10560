//! Finding a data set: by the name of its card, or by the path of what holds its images.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::card::DatasetCard;
use super::decode;
use super::error::DatasetError;
use super::files::OpenFile;
use super::gzip;
use super::names::{SetNames, name_of, nearest};
use super::source::Source;
use crate::formats::cifar::{CifarKind, PIXELS};
use crate::formats::noise::Noise;

/// A data set that has a name.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    /// The folder that its card's paths start from.
    pub root: PathBuf,
    /// The card's file; `None` for what is built in.
    pub file: Option<PathBuf>,
    /// The card, or why it cannot be read.
    pub card: Result<DatasetCard, DatasetError>,
}

impl Listed {
    /// Whether the card can be read and its images are here.
    pub fn is_present(&self) -> bool {
        self.card
            .as_ref()
            .is_ok_and(|card| card.is_present(&self.root).is_ok())
    }
}

/// Every card in `roots`, by name; a card in an earlier folder hides those of the same name in later ones, and any hides
/// the noise of that name that is built in.
pub fn list(roots: &[PathBuf]) -> Vec<Listed> {
    let load = |(name, (place, root)): (String, (Place, PathBuf))| Listed {
        name,
        root,
        card: place.load(),
        file: place.file(),
    };
    cards(roots).into_iter().map(load).collect()
}

/// Where a card stands.
enum Place {
    File(PathBuf),
    BuiltIn(Box<DatasetCard>),
}

impl Place {
    fn file(self) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::BuiltIn(_) => None,
        }
    }

    fn load(&self) -> Result<DatasetCard, DatasetError> {
        match self {
            Self::File(path) => DatasetCard::load(path),
            Self::BuiltIn(card) => Ok(card.as_ref().clone()),
        }
    }
}

/// The noise of the ODIN paper, at the size of its images; it is known without a card.
fn built_in() -> [DatasetCard; 2] {
    let noise = Noise {
        count: 10_000,
        size: [32, 32],
        seed: 0,
    };
    let card = |name: &str, title: &str, source| DatasetCard {
        title: title.to_owned(),
        ..DatasetCard::new(name, source)
    };
    [
        card(
            "Gaussian",
            "Noise, every value normal with mean 0.5 and deviation 1, clamped to [0, 1]",
            Source::Gaussian(noise),
        ),
        card(
            "Uniform",
            "Noise, every value uniform over [0, 1)",
            Source::Uniform(noise),
        ),
    ]
}

/// The set called `name_or_path`, and the folder that its card's paths start from.
///
/// A card's name comes first; then a path, if there is such a file or folder; then another spelling of a name, or an alias. A
/// path is that of a card, a folder of images, a file of images (CIFAR binary, IDX, NumPy, Parquet, WebDataset) or a list of
/// image files.
///
/// # Errors
/// Where nothing is called so, with the nearest names; where the card or file of that name cannot be read.
pub fn find(name_or_path: &str, roots: &[PathBuf]) -> Result<(DatasetCard, PathBuf), DatasetError> {
    let known = cards(roots);
    if let Some((place, root)) = known.get(name_or_path) {
        return Ok((place.load()?, root.clone()));
    }
    // What lies here under this very name is meant before another name of a card.
    let path = Path::new(name_or_path);
    if !name_or_path.is_empty() && path.exists() {
        return by_path(path);
    }
    let same = |other: &str| other.to_lowercase() == name_or_path.to_lowercase();
    if let Some((_, (place, root))) = known.iter().find(|(name, _)| same(name)) {
        return Ok((place.load()?, root.clone()));
    }
    let mut names: Vec<String> = known.keys().cloned().collect();
    for (place, root) in known.values() {
        // A broken card is no reason not to find another one.
        let Ok(card) = place.load() else {
            continue;
        };
        if card.aliases.iter().any(|alias| same(alias)) {
            return Ok((card, root.clone()));
        }
        names.extend(card.aliases);
    }
    Err(DatasetError::Unknown {
        name: name_or_path.to_owned(),
        nearest: nearest(name_or_path, &names),
        known: known.into_keys().collect(),
    })
}

/// What the sets of all cards in `roots` are called. A card that cannot be read has its name alone.
pub fn set_names(roots: &[PathBuf]) -> SetNames {
    let aliases = |listed: Listed| {
        let aliases = listed.card.map(|card| card.aliases).unwrap_or_default();
        (listed.name, aliases)
    };
    SetNames::new(list(roots).into_iter().map(aliases))
}

/// The cards' names with their places and folders.
fn cards(roots: &[PathBuf]) -> BTreeMap<String, (Place, PathBuf)> {
    let mut cards = BTreeMap::new();
    for root in roots {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if let Some(name) = is_card(&path).then(|| path.file_stem()).flatten() {
                let name = name.to_string_lossy().into_owned();
                cards
                    .entry(name)
                    .or_insert_with(|| (Place::File(path), root.clone()));
            }
        }
    }
    // Noise has no paths, so that any folder would do.
    let root = roots.first().cloned().unwrap_or_default();
    for card in built_in() {
        cards
            .entry(card.name.clone())
            .or_insert_with(|| (Place::BuiltIn(Box::new(card)), root.clone()));
    }
    cards
}

fn is_card(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
        && path.is_file()
}

fn by_path(path: &Path) -> Result<(DatasetCard, PathBuf), DatasetError> {
    let absolute = std::path::absolute(path).map_err(|source| DatasetError::io(path, source))?;
    let root = absolute.parent().unwrap_or(&absolute).to_owned();
    if is_card(path) {
        return Ok((DatasetCard::load(path)?, root));
    }
    Ok((
        DatasetCard::new(name_of(&path.to_string_lossy()), guess(&absolute)?),
        root,
    ))
}

/// What a file or folder holds, by its content.
fn guess(path: &Path) -> Result<Source, DatasetError> {
    if path.is_dir() {
        if let Some(tables) = files_in(path, "parquet") {
            return Ok(parquet(tables));
        }
        if let Some(shards) = files_in(path, "tar") {
            return Ok(webdataset(shards));
        }
        return Ok(Source::Folder {
            path: path.to_owned(),
            layout: Default::default(),
            corrupt: Default::default(),
        });
    }
    let file = OpenFile::open(path)?;
    let head = if gzip::is_gzip(&file)? {
        gzip::head(&file, 4)?
    } else {
        let mut head = vec![0; file.len.min(4) as usize];
        file.read_at(&mut head, 0)?;
        head
    };
    match head.as_slice() {
        b"\x93NUM" | b"PK\x03\x04" => {
            return Ok(Source::Numpy {
                images: path.to_owned(),
                key: None,
                labels: None,
                label_key: None,
                rows: None,
            });
        }
        b"PAR1" => return Ok(parquet(vec![path.to_owned()])),
        _ => {}
    }
    if path.extension().is_some_and(|extension| extension == "tar") {
        return Ok(webdataset(vec![path.to_owned()]));
    }
    if path.extension().is_some_and(|extension| extension == "txt") {
        return Ok(Source::List {
            file: path.to_owned(),
            path: None,
            corrupt: Default::default(),
        });
    }
    // A CIFAR file may start like an IDX file, but only a CIFAR file has CIFAR's length.
    let records = |kind: CifarKind| file.len % kind.record() as u64 == 0;
    let kind = [CifarKind::Cifar10, CifarKind::Cifar100]
        .into_iter()
        .find(|kind| records(*kind));
    if let Some(kind) = kind {
        return Ok(Source::CifarBinary {
            kind,
            files: vec![path.to_owned()],
        });
    }
    if matches!(*head, [0, 0, 0x08, _]) {
        return Ok(Source::Idx {
            images: path.to_owned(),
            labels: labels_beside(path),
        });
    }
    let advice = if decode::is_image(path) {
        "one image is no data set: name its folder".to_owned()
    } else {
        format!(
            "neither a card, a folder of images, an IDX file (starts with 00 00 08), a CIFAR binary file (records of \
             {} or {} bytes), a NumPy array (.npy, .npz), a Parquet file, a WebDataset archive (.tar) nor a list of \
             images (.txt)",
            1 + PIXELS,
            2 + PIXELS
        )
    };
    Err(DatasetError::malformed(path, advice))
}

/// The files of a folder that end so, sorted; none where images lie in it.
fn files_in(folder: &Path, extension: &str) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    let ends = |path: &&PathBuf| path.extension().is_some_and(|known| known == extension) && path.is_file();
    let mut found: Vec<PathBuf> = paths.iter().filter(ends).cloned().collect();
    found.sort();
    let images = paths.iter().any(|path| decode::is_image(path));
    (!found.is_empty() && !images).then_some(found)
}

fn parquet(files: Vec<PathBuf>) -> Source {
    Source::Parquet {
        files,
        image: None,
        label: None,
        corrupt: Default::default(),
    }
}

fn webdataset(files: Vec<PathBuf>) -> Source {
    Source::Webdataset {
        files,
        corrupt: Default::default(),
    }
}

/// The labels that belong to `t10k-images-idx3-ubyte.gz` are called `t10k-labels-idx1-ubyte.gz`.
fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = name
        .replace("images", "labels")
        .replace("idx3", "idx1")
        .replace("idx4", "idx1");
    let path = images.with_file_name(&labels);
    let other = path.with_file_name(match labels.strip_suffix(".gz") {
        Some(plain) => plain.to_owned(),
        None => format!("{labels}.gz"),
    });
    (labels != name)
        .then(|| [path, other].into_iter().find(|path| path.is_file()))
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Dataset;
    use super::super::tests::data;
    use super::*;
    use crate::formats::cifar::tests::record;
    use crate::formats::folder::tests::paint;
    use crate::formats::idx::tests::{gz, idx};
    use crate::formats::numpy::tests::npy;
    use crate::formats::webdataset::tests::tar_of;

    fn error(name: &str) -> String {
        find(name, &[data()]).expect_err("should be unknown").to_string()
    }

    #[test]
    fn a_name_is_found_in_any_case_and_by_alias() {
        for name in ["fashion-mnist", "Fashion-MNIST", "FMNIST"] {
            let (card, root) = find(name, &[data()]).unwrap();
            assert_eq!((card.name.as_str(), root), ("fashion-mnist", data()));
        }
    }

    #[test]
    fn a_set_has_one_name_however_it_is_called() {
        let names = set_names(&[data()]);
        for called in ["mnist-digits", "MNIST", "digits", "/somewhere/digits/"] {
            assert_eq!(names.of(called), "mnist-digits", "{called}");
        }
        assert!(names.is_known("uniform") && names.is_known("FMNIST"));
        assert!(!names.is_known("mnits") && names.nearest("mnits").contains(&"mnist".to_owned()));
        // What has no card is called by its path.
        assert_eq!(names.of("/pictures/Holiday"), "holiday");
    }

    #[test]
    fn an_unknown_name_gets_the_nearest_known_ones() {
        assert!(
            error("unifrom").starts_with("no data set `unifrom`: did you mean Uniform?"),
            "{}",
            error("unifrom")
        );
        assert!(
            error("mnits").contains("did you mean mnist"),
            "{}",
            error("mnits")
        );
        let far = error("zzzzzzzzz");
        assert!(
            far.contains("known are") && far.contains("Gaussian") && !far.contains("did you mean"),
            "{far}"
        );
    }

    #[test]
    fn an_earlier_folder_hides_later_ones_and_a_broken_card_hides_nothing() {
        let own = tempfile::tempdir().unwrap();
        fs::write(
            own.path().join("Uniform.yaml"),
            "title: mine\nsource: {format: uniform, count: 1, size: [1, 1]}",
        )
        .unwrap();
        fs::write(own.path().join("broken.yaml"), "title: [").unwrap();
        let roots = [own.path().to_owned(), data()];
        assert_eq!(find("Uniform", &roots).unwrap().0.title, "mine");
        assert_eq!(find("fmnist", &roots).unwrap().0.name, "fashion-mnist");
        assert!(
            find("broken", &roots)
                .unwrap_err()
                .to_string()
                .contains("broken.yaml")
        );
        let listed = list(&roots);
        assert!(listed.iter().filter(|set| set.name == "Uniform").count() == 1);
        assert!(listed.iter().any(|set| set.name == "broken" && set.card.is_err()));
    }

    /// The same images as the cards that are shipped, so that scores of the two may stand side by side.
    #[test]
    fn noise_needs_no_card() {
        for name in ["Uniform", "gaussian"] {
            let (built_in, _) = find(name, &[]).unwrap();
            let (shipped, _) = find(name, &[data()]).unwrap();
            assert_eq!(
                (&built_in.source, &built_in.title),
                (&shipped.source, &shipped.title)
            );
        }
        let names: Vec<String> = list(&[]).into_iter().map(|set| set.name).collect();
        assert_eq!(names, ["Gaussian", "Uniform"]);
    }

    #[test]
    fn paths_are_known_by_what_they_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("t10k-images-idx3-ubyte.gz"), gz(&idx(&[2, 4, 4], &[0; 32]))).unwrap();
        fs::write(path("t10k-labels-idx1-ubyte"), idx(&[2], &[5, 6])).unwrap();
        fs::write(path("ten.bin"), [record(&[1], 0), record(&[2], 0)].concat()).unwrap();
        fs::write(path("hundred.bin"), record(&[1, 77], 0)).unwrap();
        paint(&path("photos/x/0.png"), 4, 4, [0; 3]);
        let open = |name: &str| {
            let (card, root) = find(path(name).to_str().unwrap(), &[data()]).unwrap();
            let set = Dataset::open(&card, &root).unwrap();
            (card.name, set.len(), set.label(0))
        };
        assert_eq!(
            open("t10k-images-idx3-ubyte.gz"),
            ("t10k-images-idx3-ubyte.gz".into(), 2, Some(5))
        );
        assert_eq!(open("ten.bin"), ("ten.bin".into(), 2, Some(1)));
        assert_eq!(open("hundred.bin"), ("hundred.bin".into(), 1, Some(77)));
        assert_eq!(open("photos"), ("photos".into(), 1, Some(0)));

        let toy = include_bytes!("fixtures/parquet/toy.parquet");
        fs::create_dir(path("hub")).unwrap();
        fs::write(path("hub/train-0.parquet"), toy).unwrap();
        fs::write(path("hub/train-1.parquet"), toy).unwrap();
        assert_eq!(open("hub"), ("hub".into(), 10, Some(0)));
        assert_eq!(open("hub/train-1.parquet").1, 5);
        let jpeg = include_bytes!("fixtures/jpeg/420.jpg");
        fs::write(path("shard.tar"), tar_of(&[("1.jpg", jpeg), ("1.cls", b"4")])).unwrap();
        assert_eq!(open("shard.tar"), ("shard.tar".into(), 1, Some(4)));
        fs::write(path("list.txt"), "photos/x/0.png 8\n").unwrap();
        assert_eq!(open("list.txt"), ("list.txt".into(), 1, Some(8)));
        fs::write(path("noise.npy"), npy("|u1", "(2, 3, 4, 3)", &[7; 72])).unwrap();
        assert_eq!(open("noise.npy"), ("noise.npy".into(), 2, None));

        fs::write(path("text"), "hello").unwrap();
        let refused = |name: &str| find(path(name).to_str().unwrap(), &[]).unwrap_err().to_string();
        assert!(
            refused("text").contains("neither a card, a folder of images, an IDX file"),
            "{}",
            refused("text")
        );
        assert!(refused("photos/x/0.png").contains("name its folder"));
        fs::write(path("none"), "").unwrap();
        assert!(refused("none").contains("the file is empty"));
    }
}
