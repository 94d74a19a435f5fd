//! What is said about weights from elsewhere beside the file, and whether it agrees with what the file says itself.

use super::ImportError;
use crate::learn::{Card, ModelSpec, Recipe};

/// What a person says about a file; none: what is usual for a foreign file, and what its card says for one of this program. Labels
/// and everything about the net come from the file.
#[derive(Clone, Debug, Default)]
pub struct ImportWish {
    /// The layer (`marrow` or `bone`) and whose labels it learnt; a foreign file says neither.
    pub name: Option<(String, String)>,
    /// Input sequences in the order of the net's channels; usually `water`.
    pub sequences: Option<Vec<String>>,
    /// Slices taken in on each side of the one to label; usually none.
    pub neighbours: Option<usize>,
    /// Pixel size that it was trained at, in mm; usually every image's own.
    pub spacing_mm: Option<[f64; 2]>,
    /// How grey values were prepared for it.
    pub recipe: Option<Recipe>,
    /// What values below zero are multiplied with; usually the layout's own default.
    pub leak: Option<f32>,
    /// When this happened, for the card.
    pub created: String,
}

/// The sequence of a file of which nobody says any.
const USUAL_SEQUENCE: &str = "water";

impl ImportWish {
    /// The specification of a foreign net, but for what its file says; its preparation.
    pub(super) fn of_foreign(&self) -> Result<(ModelSpec, Recipe), ImportError> {
        let (layer, labels_from) = self.name.as_ref().ok_or(ImportError::NoName)?;
        let mut spec = ModelSpec::new(USUAL_SEQUENCE, layer, 1, labels_from);
        if let Some(sequences) = &self.sequences {
            spec.sequences.clone_from(sequences);
        }
        spec.neighbours = self.neighbours.unwrap_or_default();
        spec.spacing_mm = self.spacing_mm;
        Ok((spec, self.recipe.clone().unwrap_or_default()))
    }

    /// Refuses what the card of a file contradicts: it would be passed over in silence, for the card knows better.
    pub(super) fn require_agreement(&self, card: &Card) -> Result<(), ImportError> {
        let spec = &card.spec;
        let name = |(layer, from): &(String, String)| format!("{layer}-{from}");
        let spacing = |mm: Option<[f64; 2]>| mm.map_or_else(|| "each image's own".to_owned(), |[w, h]| format!("{w},{h}"));
        let steps = |recipe: &Recipe| serde_json::to_string(recipe).unwrap_or_default();
        let leak = |leak: f32| leak.to_string();
        let known = [
            ("--as", self.name.as_ref().map(name), name(&(spec.layer.clone(), spec.labels_from.clone()))),
            ("--sequences", self.sequences.as_ref().map(|names| names.join(",")), spec.sequences.join(",")),
            ("--neighbours", self.neighbours.map(|n| n.to_string()), spec.neighbours.to_string()),
            ("--spacing", self.spacing_mm.map(|mm| spacing(Some(mm))), spacing(spec.spacing_mm)),
            ("--recipe", self.recipe.as_ref().map(steps), steps(&card.recipe)),
            ("--leak", self.leak.map(leak), leak(spec.form.as_ref().map_or(0.0, |form| form.leak))),
        ];
        let differs = known.into_iter().find_map(|(option, said, card)| said.filter(|said| *said != card).map(|said| (option, said, card)));
        differs.map_or(Ok(()), |(option, said, card)| Err(ImportError::Contradiction { option, said, card }))
    }
}
