//! Images in blocks, with what no knob changes.
use std::sync::{Arc, OnceLock};

use crate::error::Error;
use crate::evidence::{Images, Rows};
use crate::fit::{Fit, check_features};
use crate::linear::product;
use crate::log_odds::argmax;
use crate::number::{descending, make_unit};
use crate::vector;

/// Images a block: large enough for products to be fast, small enough for some blocks a thread.
const BLOCK: usize = 512;

/// Images to be scored by detectors of one [`Fit`], with what they share. Grows as images come in.
#[derive(Debug)]
pub struct Prepared {
    fit: Arc<Fit>,
    classes: Option<usize>,
    width: Option<usize>,
    len: usize,
    pub(crate) blocks: Vec<Block>,
}

impl Prepared {
    /// Without images as yet.
    pub fn new(fit: &Arc<Fit>) -> Self {
        Self {
            fit: Arc::clone(fit),
            classes: fit.classes(),
            width: fit.width(),
            len: 0,
            blocks: Vec::new(),
        }
    }

    /// Takes in more images, behind those that are there. They are the fuller blocks the more come at once.
    ///
    /// # Errors
    /// Where the arrays do not go with each other, or with those of the fit.
    pub fn push(&mut self, images: &Images) -> Result<(), Error> {
        let (count, mut width) = (images.logits.len(), self.width);
        let classes = self.classes.unwrap_or(images.logits.width());
        images.logits.check("logits of the images", count, classes)?;
        if let Some(logits) = &images.perturbed_logits {
            logits.check("logits of the perturbed images", count, classes)?;
        }
        check_features(&images.features, "features of the images", count, &mut width)?;
        check_features(
            &images.perturbed_features,
            "features of the perturbed images",
            count,
            &mut width,
        )?;
        self.classes = Some(classes);
        self.width = width;
        self.len += count;
        for first in (0..count).step_by(BLOCK) {
            let part = |rows: &Rows| rows.part(first..first + BLOCK);
            self.blocks.push(Block {
                images: Images {
                    logits: part(&images.logits),
                    features: images.features.as_ref().map(part),
                    perturbed_logits: images.perturbed_logits.as_ref().map(part),
                    perturbed_features: images.perturbed_features.as_ref().map(part),
                },
                products: OnceLock::new(),
                energies: OnceLock::new(),
                order: OnceLock::new(),
                logit_order: OnceLock::new(),
                sums: OnceLock::new(),
                centred: OnceLock::new(),
                similarities: OnceLock::new(),
                guided: OnceLock::new(),
                class_distances: [OnceLock::new(), OnceLock::new()],
                squares: OnceLock::new(),
            });
        }
        Ok(())
    }

    /// The blocks of the images from this one on.
    pub(crate) fn since(&self, first: usize) -> &[Block] {
        let mut before = 0;
        let known = self.blocks.iter().take_while(|block| {
            let is_before = before < first;
            before += if is_before { block.len() } else { 0 };
            is_before
        });
        let known = known.count();
        assert_eq!(before, first, "images are scored as they were pushed");
        &self.blocks[known..]
    }

    /// Bytes that detectors keep of the images, beside the images themselves: neighbours, products, orders.
    pub fn kept_bytes(&self) -> usize {
        self.blocks.iter().map(Block::kept_bytes).sum()
    }

    /// How many images.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the images are scored by.
    pub fn fit(&self) -> &Arc<Fit> {
        &self.fit
    }
}

/// Some images, and what detectors keep of them.
#[derive(Debug)]
pub(crate) struct Block {
    images: Images,
    products: OnceLock<Vec<f64>>,
    energies: OnceLock<Vec<f64>>,
    order: OnceLock<Vec<u16>>,
    logit_order: OnceLock<Vec<u16>>,
    sums: OnceLock<Vec<f64>>,
    /// w_ŷ·(h − μ)/‖h − μ‖ and ‖h‖₁ [N].
    pub(crate) centred: OnceLock<Vec<(f64, f64)>>,
    /// Similarities to the nearest fit images [N, K], descending.
    pub(crate) similarities: OnceLock<Vec<f64>>,
    /// Means of the 1, 2, … K greatest similarities weighted by energy [N, K].
    pub(crate) guided: OnceLock<Vec<f64>>,
    /// Squared distances to the nearest class [N]: of features as they are, and of norm 1.
    pub(crate) class_distances: [OnceLock<Vec<f64>>; 2],
    /// Sums of squares along the principal directions.
    pub(crate) squares: OnceLock<Vec<f64>>,
}

impl Block {
    /// How many images.
    pub(crate) fn len(&self) -> usize {
        self.images.logits.len()
    }

    pub(crate) fn images(&self) -> &Images {
        &self.images
    }

    fn kept_bytes(&self) -> usize {
        fn of<T>(kept: &OnceLock<Vec<T>>) -> usize {
            kept.get().map_or(0, |values| size_of_val(values.as_slice()))
        }
        let [raw, unit] = &self.class_distances;
        let floats = [
            &self.products,
            &self.energies,
            &self.sums,
            &self.similarities,
            &self.guided,
            &self.squares,
            raw,
            unit,
        ];
        let floats: usize = floats.into_iter().map(of).sum();
        floats + of(&self.order) + of(&self.logit_order) + of(&self.centred)
    }

    /// [N, C]
    pub(crate) fn logits(&self) -> &Rows {
        &self.images.logits
    }

    /// [N, D]
    pub(crate) fn features(&self) -> &Rows {
        let features = self.images.features.as_ref();
        features.expect("features are among the detector's needs, which are checked first")
    }

    /// [N, C]
    pub(crate) fn perturbed_logits(&self) -> &Rows {
        let logits = self.images.perturbed_logits.as_ref();
        logits.expect("a gradient is among the detector's needs, which are checked first")
    }

    /// [N, D]
    pub(crate) fn perturbed_features(&self) -> &Rows {
        let features = self.images.perturbed_features.as_ref();
        features.expect("a gradient is among the detector's needs, which are checked first")
    }

    /// Features of norm 1 [N, D].
    pub(crate) fn unit(&self) -> Vec<f64> {
        let mut unit = self.features().to_f64();
        unit.chunks_exact_mut(self.features().width()).for_each(make_unit);
        unit
    }

    /// Guessed classes.
    pub(crate) fn guesses(&self) -> impl Iterator<Item = usize> {
        self.logits().iter().map(argmax)
    }

    /// log Σ exp z, kept.
    pub(crate) fn energies(&self) -> impl Iterator<Item = f64> {
        let energies = self.energies.get_or_init(|| self.scaled_energies(|_| 1.0));
        energies.iter().copied()
    }

    /// log Σ exp(factor · z), with a factor for each image.
    pub(crate) fn scaled_energies(&self, factor: impl Fn(usize) -> f64) -> Vec<f64> {
        let classes = self.logits().width();
        vector::energies(self.logits().values(), classes, &vec![0.0; classes], factor)
    }

    /// W h [N, C], kept.
    pub(crate) fn products(&self, fit: &Fit) -> &[f64] {
        self.products
            .get_or_init(|| product(&self.features().to_f64(), fit.weight(), self.features().width()))
    }

    /// The places of each image's features from the greatest down [N, D], kept.
    pub(crate) fn order(&self) -> &[u16] {
        // On this thread alone: see `kept` in fit.rs.
        self.order
            .get_or_init(|| self.features().iter().flat_map(descending).collect())
    }

    /// The classes of each image's logits from the greatest down [N, C], kept; there are no more classes than labels can name.
    pub(crate) fn logit_order(&self) -> &[u16] {
        self.logit_order
            .get_or_init(|| self.logits().iter().flat_map(descending).collect())
    }

    /// The places of an image's features from the greatest down [D].
    pub(crate) fn order_of(&self, image: usize) -> &[u16] {
        let width = self.features().width();
        &self.order()[image * width..][..width]
    }

    /// Of each image the sums of its greatest 0, 16, 32, … features, then of all [N, D / 16 + 2], kept.
    fn sums(&self) -> &[f64] {
        self.sums.get_or_init(|| {
            let rows = self.features().iter().enumerate();
            rows.flat_map(|(image, features)| {
                let mut sum = 0.0;
                let order = self.order_of(image).chunks_exact(STEP);
                let sums = order.map(|places| {
                    sum = add(sum, features, places);
                    sum
                });
                let sums: Vec<f64> = sums.collect();
                let all = features.iter().map(|&h| f64::from(h)).sum();
                [0.0].into_iter().chain(sums).chain([all])
            })
            .collect()
        })
    }

    /// Σ h of an image.
    pub(crate) fn sum(&self, image: usize) -> f64 {
        let kept = self.features().width() / STEP + 2;
        self.sums()[image * kept + kept - 1]
    }

    /// Σ h / Σ of the `count` greatest. 1 where both sums are 0: an image without any activation.
    pub(crate) fn sum_ratio(&self, image: usize, count: usize) -> f64 {
        let width = self.features().width();
        let sums = &self.sums()[image * (width / STEP + 2)..];
        let features = &self.features().values()[image * width..][..width];
        let rest = &self.order_of(image)[count / STEP * STEP..count];
        let greatest = add(sums[count / STEP], features, rest);
        match self.sum(image) {
            0.0 if greatest == 0.0 => 1.0,
            all => all / greatest,
        }
    }
}

/// Features after which a sum of the greatest is kept.
const STEP: usize = 16;

/// The sum with the features at some places, one after the other: the same bits wherever the places are parted.
fn add(sum: f64, features: &[f32], places: &[u16]) -> f64 {
    let values = places
        .iter()
        .map(|&place| f64::from(features[usize::from(place)]));
    values.fold(sum, |sum, value| sum + value)
}
