//! Which cases a model has learnt, by what its card says: figures on these tell how well it remembers, not how well it reads.

use super::cases::Case;
use crate::learn::Card;
use crate::volume::{Image, Labels};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

/// Values that are hashed at a time.
const AT_ONCE: usize = 1 << 14;

/// The cases that a model has learnt.
#[derive(Clone, Debug, Default)]
pub struct KnownCases {
    /// Hashes of the masks of folder trainings.
    masks: BTreeSet<String>,
    /// Hashes of the first images of folder trainings; cards of earlier programs have none.
    images: BTreeSet<String>,
    /// Codes of the exams of trainings in a study: their hashes are of slices, which no file has.
    exams: BTreeSet<String>,
}

impl KnownCases {
    /// What a card tells.
    #[must_use]
    pub fn of(card: &Card) -> Self {
        let mut known = Self { images: card.learnt_images.clone(), exams: card.learnt_slices.keys().cloned().collect(), ..Self::default() };
        for line in &card.data_hashes {
            let Some((before, hash)) = line.rsplit_once(':') else { continue };
            match before.rsplit_once(':') {
                // Exam, slices, hash.
                Some((exam, slices)) if slices.parse::<usize>().is_ok() => drop(known.exams.insert(exam.to_owned())),
                _ => drop(known.masks.insert(hash.to_owned())),
            }
        }
        known
    }

    /// Whether anything is known of images; cards of trainings in a study tell exams instead.
    pub(in crate::worker) fn tells_images(&self) -> bool {
        !self.images.is_empty()
    }

    /// Whether the model has learnt this image.
    pub(in crate::worker) fn holds_image(&self, image: &Image) -> bool {
        self.images.contains(&image_hash(image))
    }

    /// Whether the model has learnt this case: its image, one of its masks, or the exam of a study with its code.
    pub(super) fn hold(&self, case: &Case, image: &Image, masks: &[Labels]) -> bool {
        // Two masks without a label are alike and say nothing.
        let is_mask = |mask: &Labels| !mask.is_blank() && self.masks.contains(&mask_hash(mask));
        self.exams.contains(&case.name)
            || (!self.images.is_empty() && self.images.contains(&image_hash(image)))
            || (!self.masks.is_empty() && masks.iter().any(is_mask))
    }
}

/// A line of a card's hashes: which case, and what was learnt from it.
pub(super) fn data_hash(case: &Case, labels: &Labels) -> String {
    format!("{}:{}", case.name, mask_hash(labels))
}

/// The same labels in the same order give the same text.
fn mask_hash(labels: &Labels) -> String {
    short(&Sha256::digest(labels.to_dense()))
}

/// The same grey values in the same order give the same text, however the file is packed and stores them.
pub(super) fn image_hash(image: &Image) -> String {
    let mut sha = Sha256::new();
    let mut bytes = Vec::with_capacity(AT_ONCE * size_of::<f32>());
    for values in image.values().chunks(AT_ONCE) {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        sha.update(&bytes);
    }
    short(&sha.finalize())
}

fn short(digest: &[u8]) -> String {
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Model, ModelSpec, Recipe, TrainOptions, Trainer};
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    fn model() -> Model {
        let spec = ModelSpec { base: 2, depth: 1, ..ModelSpec::new("water", "marrow", 3, "R1") }.check().unwrap();
        Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap().snapshot()
    }

    #[test]
    fn a_case_is_known_by_its_image_its_mask_or_its_exam() {
        let grid = Arc::new(Grid::new([4, 3, 2], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let image = |grey: f32| Image::new(grid.clone(), vec![grey; 24]).unwrap();
        let mask = |label: u8| {
            let mut mask = Labels::empty(grid.clone());
            mask.set([1, 1, 1], label);
            mask
        };
        let case = |name: &str| Case { name: name.to_owned(), images: Vec::new(), masks: Vec::new() };
        let mut card = Card::of(&model(), 1, "");
        card.data_hashes =
            vec![data_hash(&case("a"), &mask(1)), data_hash(&case("blank"), &mask(0)), "K-001:5:0011223344556677".to_owned()];
        let old = KnownCases::of(&card);
        assert!(old.hold(&case("other"), &image(1.0), &[mask(2), mask(1)]), "another name, one of the masks");
        assert!(!old.hold(&case("a"), &image(1.0), &[mask(2)]), "a name alone says nothing");
        assert!(!old.hold(&case("b"), &image(1.0), &[mask(0)]), "nor does a mask without a label");
        assert!(old.hold(&case("K-001"), &image(1.0), &[mask(2)]));
        card.learnt_images.insert(image_hash(&image(3.0)));
        let new = KnownCases::of(&card);
        assert!(new.hold(&case("b"), &image(3.0), &[mask(3)]) && !new.hold(&case("b"), &image(4.0), &[mask(3)]));
        assert!(!KnownCases::default().hold(&case("a"), &image(3.0), &[mask(1)]));
    }
}
