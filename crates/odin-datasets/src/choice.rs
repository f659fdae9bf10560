//! Which images of a set are taken: a sample or a slice of the file, all of it or one side of a split.
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sample::{sampling_order, slice};

/// How images are chosen where not all are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sampling {
    /// A seeded sample, stratified by label where there are labels.
    #[default]
    Sample,
    /// The first images of the file after those skipped, as papers take them.
    File,
}

impl Sampling {
    /// Every way, in the words of sessions and of the command line.
    pub const KEYS: [&str; 2] = ["sample", "file"];
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sample => "sample",
            Self::File => "file",
        })
    }
}

/// A word that names no way of choosing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no order in which images are chosen: sample or file")]
pub struct UnknownSampling(String);

impl FromStr for Sampling {
    type Err = UnknownSampling;

    fn from_str(text: &str) -> Result<Self, UnknownSampling> {
        match text {
            "sample" => Ok(Self::Sample),
            "file" => Ok(Self::File),
            _ => Err(UnknownSampling(text.to_owned())),
        }
    }
}

/// All the images that are chosen, or one side of their split in two, which share no image and no group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    #[default]
    Whole,
    /// So many images, on which something is tuned. Where images come in groups, as many whole groups as have no more images
    /// together, and one at least.
    Validation(usize),
    /// The others, which are reported.
    Report(usize),
}

/// Which images of a set are taken. The same choice takes the same images on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Choice {
    #[serde(rename = "order")]
    pub sampling: Sampling,
    /// Of the sample.
    pub seed: u64,
    /// Images passed over at the start.
    pub skip: usize,
    /// At most so many images.
    pub limit: Option<usize>,
    pub part: Part,
}

impl Choice {
    /// A seeded sample of so many images.
    pub fn sample(count: usize, seed: u64) -> Self {
        Self {
            seed,
            limit: Some(count),
            ..Self::default()
        }
    }
}

/// A choice that a set cannot give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    #[error("it has {len} images, and the first {skip} are skipped: nothing is left to score")]
    Nothing { len: usize, skip: usize },
    #[error(
        "{images} of its images are chosen, which cannot be split in {validation} to tune on and others to report on"
    )]
    TooFew { images: usize, validation: usize },
    #[error(
        "its {images} images are of one group (`groups` in its card): there is none to report on beside it"
    )]
    OneGroup { images: usize },
}

/// The images that are chosen of `len`, in the order of the set. `labels` and `groups` have an entry an image.
pub(crate) fn choose(
    labels: Option<&[u16]>,
    groups: Option<&[u32]>,
    len: usize,
    choice: &Choice,
) -> Result<Vec<usize>, ChoiceError> {
    let &Choice {
        skip, limit, part, ..
    } = choice;
    let order = match choice.sampling {
        Sampling::File => slice(len, skip, limit),
        Sampling::Sample => {
            let order = sampling_order(labels, len, choice.seed).into_iter();
            order.skip(skip).take(limit.unwrap_or(len)).collect()
        }
    };
    if order.is_empty() {
        return Err(ChoiceError::Nothing { len, skip });
    }
    let mut chosen = match part {
        Part::Whole => order,
        Part::Validation(images) => split(order, groups, images)?.0,
        Part::Report(images) => split(order, groups, images)?.1,
    };
    chosen.sort_unstable();
    Ok(chosen)
}

/// The first `validation` of `order` and the others; whole groups of them, by where each group first comes.
fn split(
    order: Vec<usize>,
    groups: Option<&[u32]>,
    validation: usize,
) -> Result<(Vec<usize>, Vec<usize>), ChoiceError> {
    let images = order.len();
    let Some(groups) = groups else {
        if validation == 0 || validation >= images {
            return Err(ChoiceError::TooFew { images, validation });
        }
        let mut first = order;
        let others = first.split_off(validation);
        return Ok((first, others));
    };
    let group = |index: &usize| groups.get(*index).copied();
    let (mut met, mut sizes) = (Vec::new(), HashMap::new());
    for group in order.iter().map(group) {
        let size = sizes.entry(group).or_insert(0usize);
        if *size == 0 {
            met.push(group);
        }
        *size += 1;
    }
    // One group is left to report on.
    met.pop();
    if met.is_empty() {
        return Err(ChoiceError::OneGroup { images });
    }
    let (mut taken, mut count) = (HashSet::new(), 0);
    for group in met {
        let size = sizes.get(&group).copied().unwrap_or_default();
        if count > 0 && count + size > validation {
            break;
        }
        taken.insert(group);
        count += size;
    }
    Ok(order.into_iter().partition(|index| taken.contains(&group(index))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(sampling: Sampling, skip: usize, limit: Option<usize>, part: Part) -> Choice {
        Choice {
            sampling,
            seed: 3,
            skip,
            limit,
            part,
        }
    }

    #[test]
    fn a_slice_is_of_the_file_and_a_sample_of_every_class() {
        let labels: Vec<u16> = (0..1000).map(|i| i / 500).collect();
        let of = |choice: &Choice| choose(Some(&labels), None, 1000, choice);
        let slice = of(&choice(Sampling::File, 700, Some(64), Part::Whole)).unwrap();
        assert!(slice.into_iter().eq(700..764));
        let sample = of(&Choice::sample(60, 0)).unwrap();
        assert_eq!(sample.iter().filter(|&&index| index < 500).count(), 30);
        assert_eq!(of(&Choice::sample(60, 0)).unwrap(), sample);
        assert_ne!(of(&Choice::sample(60, 1)).unwrap(), sample);
        let none = of(&choice(Sampling::File, 1000, None, Part::Whole));
        assert_eq!(
            none,
            Err(ChoiceError::Nothing {
                len: 1000,
                skip: 1000
            })
        );
    }

    #[test]
    fn validation_and_report_share_no_image_and_make_the_whole() {
        let labels: Vec<u16> = (0..300).map(|i| i / 100).collect();
        for sampling in [Sampling::Sample, Sampling::File] {
            for limit in [None, Some(90)] {
                let of = |part| choose(Some(&labels), None, 300, &choice(sampling, 0, limit, part)).unwrap();
                let (on, rest) = (of(Part::Validation(30)), of(Part::Report(30)));
                let mut both = [on.clone(), rest].concat();
                both.sort_unstable();
                assert_eq!((on.len(), both), (30, of(Part::Whole)));
            }
        }
        let first = choice(Sampling::File, 0, None, Part::Validation(30));
        assert!(choose(None, None, 300, &first).unwrap().into_iter().eq(0..30));
        let all = choice(Sampling::File, 0, None, Part::Validation(300));
        assert_eq!(
            choose(None, None, 300, &all),
            Err(ChoiceError::TooFew {
                images: 300,
                validation: 300
            })
        );
    }

    #[test]
    fn no_group_is_on_both_sides() {
        let groups: Vec<u32> = (0..250).map(|i| i % 11).collect();
        for (sampling, asked) in [
            (Sampling::Sample, 100),
            (Sampling::File, 100),
            (Sampling::Sample, 1),
            (Sampling::Sample, 249),
        ] {
            let of = |part| choose(None, Some(&groups), 250, &choice(sampling, 0, None, part)).unwrap();
            let (on, rest) = (of(Part::Validation(asked)), of(Part::Report(asked)));
            assert_eq!(on.len() + rest.len(), 250);
            assert!(
                on.len() <= asked.max(23) && !rest.is_empty(),
                "{asked}: {}",
                on.len()
            );
            let set = |indices: &[usize]| indices.iter().map(|&i| groups[i]).collect::<HashSet<_>>();
            assert!(set(&on).is_disjoint(&set(&rest)));
        }
        let one = choose(
            None,
            Some(&[7; 9]),
            9,
            &choice(Sampling::File, 0, None, Part::Report(4)),
        );
        assert_eq!(one, Err(ChoiceError::OneGroup { images: 9 }));
    }
}
