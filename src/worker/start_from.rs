//! The first version of a study's model: weights that were learnt elsewhere, to train on from.

use super::done_exam::Learnt;
use super::folder::KnownCases;
use super::message::Outcome;
use super::summary::{describe, drawn_parts};
use crate::learn::{Card, Model, Shipped, checkpoint};
use crate::study::{ModelCode, Part, ReaderCode, Study};
use crate::volume::LayerKind;
use std::collections::BTreeMap;
use std::path::Path;

/// A model to begin with.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// What it is called as a parent: `shipped/marrow`, or the folder's name.
    pub name: String,
    /// The weights.
    pub model: Model,
    /// Their card.
    pub card: Card,
}

impl Beginning {
    /// The model that comes with the program for a layer.
    ///
    /// # Errors
    /// One sentence, if there is none.
    pub fn shipped(layer: &str) -> Result<Self, String> {
        let shipped = Shipped::for_layer(layer).ok_or_else(|| format!("No model for {layer} comes with the program."))?;
        let (model, card) = shipped.load().map_err(|e| e.to_string())?;
        Ok(Self { name: shipped.name(), model, card })
    }

    /// A model's folder.
    ///
    /// # Errors
    /// One sentence that names the file.
    pub fn folder(folder: &Path) -> Result<Self, String> {
        let (model, card) = checkpoint::load(folder).map_err(|e| e.to_string())?;
        let name = folder.file_name().map_or_else(|| folder.display().to_string(), |n| n.to_string_lossy().into_owned());
        Ok(Self { name, model, card })
    }

    /// # Errors
    /// One sentence, if training with so many sequences and labels of a layer cannot go on from this.
    pub fn require(&self, layer: &str, sequences: usize, labels: usize) -> Result<(), String> {
        let (spec, name) = (self.model.spec().spec(), &self.name);
        if spec.layer != layer {
            return Err(format!("{name} is a model for {}, not for {layer}; choose another.", spec.layer));
        }
        if spec.sequences.len() != sequences {
            let (theirs, words) = (spec.sequences.len(), spec.sequences.join(", "));
            return Err(format!("{name} takes {theirs} sequence(s) ({words}), not {sequences}; give as many in that order."));
        }
        if labels > spec.labels {
            return Err(format!("{name} knows {} label(s), but the masks hold label {labels}; train from the start.", spec.labels));
        }
        Ok(())
    }

    /// Steps that it was trained before.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.model.steps()
    }

    /// Writes on the card of what was trained further what it went on from.
    pub fn write_on(&self, card: &mut Card) {
        card.parent = Some(self.name.clone());
        card.origin = Some(self.origin());
        if card.label_keys.is_empty() {
            card.label_keys.clone_from(&self.card.label_keys);
        }
    }

    fn origin(&self) -> String {
        self.card.origin.clone().unwrap_or_else(|| format!("{}, which learnt from {}", self.name, self.card.spec.labels_from))
    }

    /// Makes this the first version of a study's model, and the current one; training goes on from it.
    ///
    /// # Errors
    /// One sentence, if the model has versions already, or the weights are for other labels or sequences than the study's.
    pub fn place(&self, study: &Study, model: &ModelCode, layer: LayerKind, reader: &str, created: &str) -> Result<u32, String> {
        let versions = study.layout().model_versions(model).map_err(|e| e.to_string())?;
        if !versions.is_empty() {
            return Err(format!("{model} has versions already and goes on from its current one; name no model to begin with."));
        }
        self.require_fit(study, layer)?;
        // Another reader's reads must not reach this one by way of a model under their name.
        let (theirs, protocol) = (&self.model.spec().spec().labels_from, study.protocol());
        if theirs != reader && !protocol.reading().others_models && protocol.readers().iter().any(|rule| rule.code.as_str() == theirs) {
            return Err(format!("{} learnt from reader {theirs}; the protocol allows that with others_models = true.", self.name));
        }
        let learnt_slices = self.learnt_here(study)?;
        let model_here = self.model.learning_from(reader, None).map_err(|e| e.to_string())?;
        // Scores on other exams say nothing about the study's.
        let mut card = Card { created: created.to_owned(), dice: BTreeMap::new(), learnt_slices, ..self.card.clone() };
        self.write_on(&mut card);
        checkpoint::save(&model_here, &card, &study.layout().model_version(model, 1)).map_err(|e| e.to_string())?;
        study.set_current_version(model, 1).map_err(|e| e.to_string())?;
        Ok(1)
    }

    /// Slices of this study's training exams that it has learnt from their files: none of them judges what goes on from it.
    ///
    /// # Errors
    /// One sentence, if it has learnt from an exam that judges in this study or that nothing may learn from.
    fn learnt_here(&self, study: &Study) -> Result<Learnt, String> {
        let (known, mut learnt) = (KnownCases::of(&self.card), self.card.learnt_slices.clone());
        if !known.tells_images() {
            return Ok(learnt);
        }
        let split = study.drawn_split().map_err(|e| e.to_string())?;
        for record in study.exams().map_err(|e| e.to_string())? {
            let mut is_known = false;
            for sequence in &record.sequences {
                let image = record.load_image(study.layout(), &sequence.name).map_err(|e| e.to_string())?;
                is_known |= known.holds_image(&image);
            }
            let slices = record.reading_plane().map_err(|e| e.to_string())?.slice_count();
            match split.part(&record.patient) {
                _ if !is_known => {}
                Some(Part::Train) => drop(learnt.insert(record.exam.to_string(), (0..slices).collect())),
                part => {
                    let (name, exam) = (&self.name, &record.exam);
                    let what = if part == Some(Part::Test) { "a test exam" } else { "an exam that judges versions" };
                    return Err(format!("{name} has learnt from {exam}, {what} of this study; begin with a model that has not."));
                }
            }
        }
        Ok(learnt)
    }

    fn require_fit(&self, study: &Study, layer: LayerKind) -> Result<(), String> {
        let (spec, name) = (self.model.spec().spec(), &self.name);
        // One of a single sequence takes what is read; one of several finds them by their names.
        let names = study.protocol().sequences();
        let here = |wanted: &String| names.iter().any(|name| name.as_str().eq_ignore_ascii_case(wanted));
        let known = spec.sequences.len() == 1 || spec.sequences.iter().all(here);
        self.require(layer.word(), if known { spec.sequences.len() } else { names.len() }, 0)?;
        if let Some(wanted) = spec.sequences.iter().find(|wanted| !known && !here(wanted)) {
            return Err(format!("{name} takes {}, but the protocol names no sequence {wanted}.", spec.sequences.join(" and ")));
        }
        let keys: Vec<String> = match layer {
            LayerKind::Marrow => (1..=3).map(|level: u8| level.to_string()).collect(),
            _ => study.protocol().bone_scheme().classes().iter().map(|class| class.key.clone()).collect(),
        };
        let same = if self.card.label_keys.is_empty() { spec.labels == keys.len() } else { self.card.label_keys == keys };
        if same {
            return Ok(());
        }
        let theirs = if self.card.label_keys.is_empty() { format!("{} label(s)", spec.labels) } else { self.card.label_keys.join(", ") };
        Err(format!("{name} knows {theirs}, but the protocol names {}; train from the start.", keys.join(", ")))
    }
}

/// Makes the shipped model of a layer the first version of a reader's model.
pub(super) fn begin_shipped(root: &Path, model: &str, layer: LayerKind, reader: &ReaderCode, created: &str) -> Outcome {
    let work = || -> Result<Outcome, String> {
        let study = Study::open(root).map_err(|e| e.to_string())?;
        let code = ModelCode::new(model).map_err(|e| e.to_string())?;
        let beginning = Beginning::shipped(layer.word())?;
        let version = beginning.place(&study, &code, layer, reader.as_str(), created)?;
        let card = checkpoint::load_card(&study.layout().model_version(&code, version)).map_err(|e| e.to_string())?;
        let parts = drawn_parts(&study)?;
        Ok(Outcome::ModelBegun { model: model.to_owned(), first: describe(model, version, &card), from: beginning.name, parts })
    };
    work().unwrap_or_else(Outcome::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Assistance, Protocol, ReaderCode, ReaderRule};

    fn rule(code: &str) -> ReaderRule {
        ReaderRule { code: ReaderCode::new(code).unwrap(), assistance: Assistance::FromStart }
    }

    #[test]
    fn a_studys_model_begins_once_and_only_with_its_own_labels() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::init(&folder.path().join("s"), "S", &Protocol::sample()).unwrap();
        let code = ModelCode::new("marrow-R1").unwrap();
        let marrow = Beginning::shipped("marrow").unwrap();
        assert_eq!(marrow.place(&study, &code, LayerKind::Marrow, "R1", "2026-01-01").unwrap(), 1);
        assert_eq!(study.current_version(&code).unwrap(), Some(1));
        let placed = Beginning::folder(&study.layout().model_version(&code, 1)).unwrap();
        assert_eq!((placed.card.parent.as_deref(), placed.card.spec.labels_from.as_str()), (Some("shipped/marrow"), "R1"));
        assert!(placed.card.dice.is_empty() && placed.card.origin.is_some());
        let why = marrow.place(&study, &code, LayerKind::Marrow, "R1", "2026-01-01").unwrap_err();
        assert!(why.contains("versions already"), "{why}");

        let two = study.protocol().clone().with_readers(["R1", "R2"].map(rule).to_vec());
        let two = Study::init(&folder.path().join("u"), "U", &two).unwrap();
        let other = ModelCode::new("marrow-R2").unwrap();
        let why = placed.place(&two, &other, LayerKind::Marrow, "R2", "2026-01-01").unwrap_err();
        assert!(why.contains("learnt from reader R1") && two.models().unwrap().is_empty(), "{why}");

        let bone = Beginning::shipped("bone").unwrap();
        let code = ModelCode::new("bone-R1").unwrap();
        let why = bone.place(&study, &code, LayerKind::Bone, "R1", "2026-01-01").unwrap_err();
        assert!(why.contains("femur, tibia, fibula, patella") && why.contains("femur_right"), "{why}");
        assert!(marrow.place(&study, &code, LayerKind::Bone, "R1", "2026-01-01").unwrap_err().contains("not for bone"));
        let scratch = Study::init(&folder.path().join("t"), "T", &Protocol::scratch("T")).unwrap();
        assert_eq!(bone.place(&scratch, &code, LayerKind::Bone, "R1", "2026-01-01").unwrap(), 1);
        assert!(Beginning::shipped("exclusion").is_err());
    }

    #[test]
    fn training_goes_on_only_with_what_fits() {
        let marrow = Beginning::shipped("marrow").unwrap();
        assert!(marrow.require("marrow", 1, 3).is_ok());
        assert!(marrow.require("marrow", 2, 3).unwrap_err().contains("1 sequence(s)"));
        assert!(marrow.require("marrow", 1, 4).unwrap_err().contains("label 4"));
    }
}
