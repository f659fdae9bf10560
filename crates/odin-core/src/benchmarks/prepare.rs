//! Makes ordinary data sets of a benchmark's sets: looks whether all that is asked for is here, and writes a data card for each set.
use std::path::{Path, PathBuf};

use super::card::{BenchmarkCard, BenchmarkError, BenchmarkSet, Group};
use crate::files;
use odin_datasets::{Corrupt, Dataset, DatasetCard, Source, nearest};

/// Which of a benchmark's sets are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// OOD sets by name, or `near` and `far`; none for all of them.
    pub sets: Vec<String>,
    /// The covariate-shifted sets too.
    pub shifted: bool,
    /// A sample of the training images: at most so many, and the seed of the sample.
    pub fit: Option<(usize, u64)>,
    /// The in-distribution images that are not reported.
    pub validation: bool,
}

/// The data cards of the sets that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub test: PathBuf,
    pub fit: Option<PathBuf>,
    pub validation: Option<PathBuf>,
    pub ood: Vec<(Group, String, PathBuf)>,
    pub shifted: Vec<(String, PathBuf)>,
}

/// The folder below `runs` for the cards of a benchmark's sets: another one for each folder of data.
pub fn cards_folder(card: &BenchmarkCard, data: &Path, runs: &Path) -> PathBuf {
    let data = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let digest = blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex();
    let short: String = digest.chars().take(8).collect();
    runs.join("benchmarks").join(format!("{}-{short}", card.name))
}

/// Writes the cards of the sets into `folder`. `data` is the folder that the benchmark's paths start from.
///
/// # Errors
/// Everything that is missing, in one error that says how to get it; a list that is none, or whose labels are none of the
/// benchmark's; a set that the benchmark does not have.
pub fn prepare(
    card: &BenchmarkCard,
    data: &Path,
    folder: &Path,
    wanted: &Wanted,
) -> Result<Prepared, BenchmarkError> {
    let data = std::path::absolute(data).map_err(|source| BenchmarkError::Io {
        path: data.to_owned(),
        source,
    })?;
    let ood = chosen(card, &wanted.sets)?;
    if wanted.shifted && card.covariate_shifted.is_empty() {
        return Err(BenchmarkError::NoShiftedSets {
            benchmark: card.name.clone(),
        });
    }
    let sets = Sets { card, data: &data };
    let parts = &card.in_distribution;
    let shifted = card.covariate_shifted.iter().filter(|_| wanted.shifted);
    let mut absent = Vec::new();
    let mut labelled: Vec<&BenchmarkSet> = vec![&parts.test];
    labelled.extend(wanted.validation.then_some(&parts.validation));
    labelled.extend(shifted.clone());
    for set in &labelled {
        absent.extend(sets.absent(set, |set| sets.check_labels(set))?);
    }
    let without_ood = absent.len();
    let mut here: Vec<&str> = Vec::new();
    for (_, set) in &ood {
        match sets.absent(set, |_| Ok(()))? {
            None => here.push(&set.name),
            Some(one) => absent.push(one),
        }
    }
    let mut fit = None;
    if let Some((limit, seed)) = wanted.fit {
        match sets.training(limit, seed)? {
            Ok(sample) => fit = Some(sample),
            Err(one) => absent.push(one),
        }
    }
    if !absent.is_empty() {
        let is_only_ood = without_ood == 0 && absent.len() + here.len() == ood.len();
        let rest = if is_only_ood { here } else { Vec::new() };
        return Err(BenchmarkError::Missing(sets.missing(&absent, &rest)));
    }
    let mut writer = Writer {
        folder,
        files: Vec::new(),
    };
    let mut test = sets.data_card(&parts.test);
    test.train = Some(sets.source(&parts.train));
    let prepared = Prepared {
        test: writer.card(&test)?,
        validation: match wanted.validation {
            true => Some(writer.card(&sets.data_card(&parts.validation))?),
            false => None,
        },
        fit: fit.map(|sample| writer.sample(sample)).transpose()?,
        ood: ood
            .iter()
            .map(|(group, set)| Ok((*group, set.name.clone(), writer.card(&sets.data_card(set))?)))
            .collect::<Result<_, BenchmarkError>>()?,
        shifted: shifted
            .map(|set| Ok((set.name.clone(), writer.card(&sets.data_card(set))?)))
            .collect::<Result<_, BenchmarkError>>()?,
    };
    files::write_together(&writer.files).map_err(|(path, source)| BenchmarkError::Io { path, source })?;
    Ok(prepared)
}

/// The OOD sets that are meant by names and groups, in the card's order.
fn chosen<'a>(
    card: &'a BenchmarkCard,
    asked: &[String],
) -> Result<Vec<(Group, &'a BenchmarkSet)>, BenchmarkError> {
    let all: Vec<(Group, &BenchmarkSet)> = card.ood_sets().collect();
    let is_meant =
        |name: &String, (group, set): &(Group, &BenchmarkSet)| *name == set.name || name == group.name();
    if let Some(unknown) = asked
        .iter()
        .find(|name| !all.iter().any(|one| is_meant(name, one)))
    {
        let groups = Group::EACH.map(|group| group.name().to_owned());
        let names = all.iter().map(|(_, set)| set.name.clone());
        let known: Vec<String> = groups.into_iter().chain(names).collect();
        return Err(BenchmarkError::NoSuchSet {
            near: nearest(unknown, &known),
            name: unknown.clone(),
            benchmark: card.name.clone(),
            known,
        });
    }
    let is_asked =
        |one: &(Group, &BenchmarkSet)| asked.is_empty() || asked.iter().any(|name| is_meant(name, one));
    Ok(all.into_iter().filter(is_asked).collect())
}

/// Something that is not here.
struct Absent<'a> {
    set: &'a BenchmarkSet,
    /// What exactly, in words.
    what: String,
    is_list: bool,
}

/// Training images to fit on: their card, and the list that names them where they are a sample.
struct Sample {
    card: DatasetCard,
    list: Option<String>,
}

struct Sets<'a> {
    card: &'a BenchmarkCard,
    data: &'a Path,
}

impl<'a> Sets<'a> {
    fn source(&self, set: &BenchmarkSet) -> Source {
        Source::List {
            file: self.data.join(&set.list),
            path: Some(self.data.join(&set.folder)),
            corrupt: Corrupt::default(),
        }
    }

    fn data_card(&self, set: &BenchmarkSet) -> DatasetCard {
        DatasetCard {
            title: format!("{}: {}", self.card.title, set.name),
            preprocessing: self.card.preprocessing_of(set),
            origin: self.card.origin.clone(),
            ..DatasetCard::new(&set.name, self.source(set))
        }
    }

    /// The set, or what keeps it from being opened.
    fn open(&self, set: &'a BenchmarkSet) -> Result<Result<Dataset, Absent<'a>>, BenchmarkError> {
        if !self.data.join(&set.list).exists() {
            return Ok(Err(Absent {
                set,
                what: format!("{}, the list of {}", set.list.display(), set.name),
                is_list: true,
            }));
        }
        if !self.data.join(&set.folder).exists() {
            return Ok(Err(Absent {
                set,
                what: format!("{}, the folder of {}", set.folder.display(), set.name),
                is_list: false,
            }));
        }
        Ok(Ok(Dataset::open(&self.data_card(set), self.data)?))
    }

    /// What is missing of a set: its list, or images that the list names. `check` sees the set where its list is here.
    fn absent(
        &self,
        set: &'a BenchmarkSet,
        check: impl Fn((&BenchmarkSet, &Dataset)) -> Result<(), BenchmarkError>,
    ) -> Result<Option<Absent<'a>>, BenchmarkError> {
        match self.open(set)? {
            Err(absent) => Ok(Some(absent)),
            Ok(open) => {
                check((set, &open))?;
                Ok(absent_images(set, &open, 0..open.len()))
            }
        }
    }

    /// Every image must have a label, and one that the networks know.
    fn check_labels(&self, (set, open): (&BenchmarkSet, &Dataset)) -> Result<(), BenchmarkError> {
        let wrong = |reason: String| {
            Err(BenchmarkError::Invalid {
                path: self.data.join(&set.list),
                reason,
            })
        };
        let Some(labels) = open.labels() else {
            return wrong("in-distribution images need labels: a line is `path label`".to_owned());
        };
        let classes = self.card.classes;
        match labels.iter().position(|&label| usize::from(label) >= classes) {
            None => Ok(()),
            Some(index) => wrong(format!(
                "{} has label {}, and {} has {classes} classes (0 to {})",
                open.image_name(index).unwrap_or_default(),
                labels.get(index).copied().unwrap_or_default(),
                self.card.name,
                classes - 1
            )),
        }
    }

    /// A sample of the training images as a list of its own, so that the images that are not in it are never read, and need not
    /// be here.
    fn training(&self, limit: usize, seed: u64) -> Result<Result<Sample, Absent<'a>>, BenchmarkError> {
        let set = &self.card.in_distribution.train;
        let open = match self.open(set)? {
            Ok(open) => open,
            Err(absent) => return Ok(Err(absent)),
        };
        self.check_labels((set, &open))?;
        let chosen = open.sample(limit, seed);
        if let Some(absent) = absent_images(set, &open, chosen.iter().copied()) {
            return Ok(Err(absent));
        }
        let mut card = self.data_card(set);
        if chosen.len() == open.len() {
            return Ok(Ok(Sample { card, list: None }));
        }
        let line = |&index: &usize| {
            let (name, label) = (open.image_name(index), open.label(index));
            format!("{} {}\n", name.unwrap_or_default(), label.unwrap_or_default())
        };
        let list = chosen.iter().map(line).collect();
        card.name = format!("{}-{limit}-{seed}", set.name);
        Ok(Ok(Sample {
            card,
            list: Some(list),
        }))
    }

    /// All that is missing, how to get it, and the sets that are here.
    fn missing(&self, absent: &[Absent], rest: &[&str]) -> String {
        let data = self.data.display().to_string();
        let mut text = format!("{}: not all of it is in {data}:", self.card.name);
        for one in absent {
            text.push_str(&format!("\n  {}", one.what));
        }
        let how = self.card.how_to_get.replace("DIR", &data);
        text.push_str(&format!("\nto get it: {how}"));
        let mut archives = Vec::new();
        let lists = self
            .card
            .lists
            .as_ref()
            .filter(|_| absent.iter().any(|one| one.is_list));
        archives.extend(lists.map(|archive| ("the lists", archive)));
        for one in absent {
            let named = one.set.archive.as_ref();
            let archive = named.and_then(|name| Some((name.as_str(), self.card.archives.get(name)?)));
            archives.extend(archive.filter(|known| !one.is_list && !archives.contains(known)));
        }
        if !archives.is_empty() {
            text.push_str("\nor from Google Drive:");
        }
        for (name, archive) in archives {
            let into = self.data.join(&archive.into);
            text.push_str(&format!(
                "\n  https://drive.google.com/file/d/{} ({name}), unpacked into {}",
                archive.google_drive,
                into.components().collect::<PathBuf>().display()
            ));
        }
        if !rest.is_empty() {
            text.push_str(&format!(
                "\nwhat is here can be scored by --sets {}",
                rest.join(",")
            ));
        }
        text
    }
}

/// Which of these images have no file.
fn absent_images<'a>(
    set: &'a BenchmarkSet,
    open: &Dataset,
    images: impl ExactSizeIterator<Item = usize>,
) -> Option<Absent<'a>> {
    let count = images.len();
    let is_absent = |index: &usize| open.image_file(*index).is_some_and(|file| !file.is_file());
    let mut absent = images.filter(is_absent);
    let first = absent.next()?;
    let name = open.image_name(first).unwrap_or_default();
    let first = set.folder.join(name).display().to_string();
    let what = match absent.count() {
        0 => format!("{first}, one of the {count} images of {}", set.name),
        more => format!("{first} and {more} more of the {count} images of {}", set.name),
    };
    Some(Absent {
        set,
        what,
        is_list: false,
    })
}

/// Gathers the files that are written together in the end.
struct Writer<'a> {
    folder: &'a Path,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Writer<'_> {
    fn card(&mut self, card: &DatasetCard) -> Result<PathBuf, BenchmarkError> {
        let path = self.folder.join(format!("{}.yaml", card.name));
        // The one thing that YAML cannot hold is a path that is no text.
        let text = serde_yaml::to_string(card).map_err(|error| BenchmarkError::Invalid {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        self.files.push((path.clone(), text.into_bytes()));
        Ok(path)
    }

    fn sample(&mut self, Sample { mut card, list }: Sample) -> Result<PathBuf, BenchmarkError> {
        if let (Some(text), Source::List { file, .. }) = (list, &mut card.source) {
            *file = self.folder.join(format!("{}.txt", card.name));
            self.files.push((file.clone(), text.into_bytes()));
        }
        self.card(&card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "\
title: t
classes: 3
networks: 1
positive: out-of-distribution
preprocessing: {resize: 8, crop: 8}
normalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}
in_distribution:
  train: {name: a-train, list: l/train.txt, folder: i, archive: a}
  validation: {name: a-val, list: l/val.txt, folder: i, archive: a}
  test: {name: a-test, list: l/test.txt, folder: i, archive: a}
near: [{name: b, list: l/b.txt, folder: i, archive: b}]
far: [{name: c, list: l/c.txt, folder: i}, {name: d, list: l/d.txt, folder: i}]
covariate_shifted: [{name: e, list: l/e.txt, folder: i, preprocessing: {crop: 8}}]
how_to_get: get DIR
lists: {google_drive: L1, into: .}
archives: {a: {google_drive: A1, into: i/a}, b: {google_drive: B1, into: i/b}}
";

    struct Tree(tempfile::TempDir, BenchmarkCard);

    impl Tree {
        /// All that the benchmark has, six images a list.
        fn whole() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("small.yaml");
            std::fs::write(&path, CARD).unwrap();
            let tree = Self(folder, BenchmarkCard::load(&path).unwrap());
            for list in ["train", "val", "test", "b", "c", "d", "e"] {
                let label = |n: usize| if "bcd".contains(list) { -1 } else { n as i64 % 3 };
                let lines: String = (0..6).map(|n| format!("{list}/{n}.png {}\n", label(n))).collect();
                tree.write(&format!("data/l/{list}.txt"), &lines);
                (0..6).for_each(|n| tree.write(&format!("data/i/{list}/{n}.png"), "no image"));
            }
            tree
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.0.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn remove(&self, path: &str) {
            let path = self.0.path().join("data").join(path);
            if path.is_dir() {
                std::fs::remove_dir_all(path).unwrap();
            } else {
                std::fs::remove_file(path).unwrap();
            }
        }

        fn prepare(&self, wanted: &Wanted) -> Result<Prepared, String> {
            let root = self.0.path();
            prepare(&self.1, &root.join("data"), &root.join("cards"), wanted)
                .map_err(|error| error.to_string())
        }
    }

    fn sets(names: &[&str]) -> Wanted {
        Wanted {
            sets: names.iter().map(|&name| name.to_owned()).collect(),
            ..Wanted::default()
        }
    }

    #[test]
    fn every_set_becomes_a_card() {
        let tree = Tree::whole();
        let wanted = Wanted {
            shifted: true,
            fit: Some((3, 7)),
            validation: true,
            ..Wanted::default()
        };
        let prepared = tree.prepare(&wanted).unwrap();
        let open = |path: &Path| {
            let card = DatasetCard::load(path).unwrap();
            Dataset::open(&card, path.parent().unwrap()).unwrap()
        };
        assert_eq!(open(&prepared.test).labels(), Some(&[0, 1, 2, 0, 1, 2][..]));
        let names: Vec<&str> = prepared.ood.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "c", "d"]);
        assert_eq!(open(&prepared.ood[0].2).labels(), None);
        assert_eq!(open(&prepared.shifted[0].1).preprocessing().resize, None);
        let fit = open(prepared.fit.as_deref().unwrap());
        assert_eq!((fit.name(), fit.len()), ("a-train-3-7", 3));
        // One of each class, as the sample of the whole has them.
        let mut labels = fit.labels().unwrap().to_vec();
        labels.sort_unstable();
        assert_eq!(labels, [0, 1, 2]);
        let all = tree
            .prepare(&Wanted {
                fit: Some((100, 0)),
                ..Wanted::default()
            })
            .unwrap();
        assert_eq!(open(all.fit.as_deref().unwrap()).len(), 6);
        assert_eq!((all.validation, all.shifted), (None, Vec::new()));
    }

    #[test]
    fn only_what_is_asked_for_must_be_here() {
        let tree = Tree::whole();
        for absent in ["i/train", "l/val.txt", "l/e.txt", "i/b", "l/d.txt"] {
            tree.remove(absent);
        }
        assert_eq!(tree.prepare(&sets(&["c"])).unwrap().ood.len(), 1);
        let all = Wanted {
            shifted: true,
            fit: Some((3, 0)),
            validation: true,
            ..Wanted::default()
        };
        let error = tree.prepare(&all).unwrap_err();
        for words in [
            "l/val.txt, the list of a-val",
            "l/e.txt, the list of e",
            "i/b/0.png and 5 more of the 6 images of b",
            "l/d.txt, the list of d",
            "2 more of the 3 images of a-train",
            "d/L1 (the lists)",
            "d/A1 (a), unpacked into",
            "d/B1 (b)",
            "to get it: get /",
        ] {
            assert!(error.contains(words), "{words}: {error}");
        }
        assert!(
            !error.contains("--sets"),
            "in-distribution images are missing too: {error}"
        );
        let error = tree.prepare(&Wanted::default()).unwrap_err();
        assert!(
            error.ends_with("what is here can be scored by --sets c"),
            "{error}"
        );
        tree.remove("i/c/4.png");
        let error = tree.prepare(&sets(&["far"])).unwrap_err();
        assert!(error.contains("i/c/4.png, one of the 6 images of c"), "{error}");
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let tree = Tree::whole();
        let refused = |list: &str, text: &str| {
            let tree = Tree::whole();
            tree.write(&format!("data/l/{list}.txt"), text);
            tree.prepare(&Wanted::default()).unwrap_err()
        };
        let label = refused("test", "test/0.png 0\ntest/1.png 3\n");
        assert!(
            label.contains("test.txt: test/1.png has label 3, and small has 3 classes (0 to 2)"),
            "{label}"
        );
        assert!(refused("test", "test/0.png -1\n").contains("need labels"));
        assert!(refused("b", "\n").contains("b.txt: names no images"));
        let unknown = tree.prepare(&sets(&["neer"])).unwrap_err();
        assert!(unknown.contains("did you mean near?"), "{unknown}");
    }
}
