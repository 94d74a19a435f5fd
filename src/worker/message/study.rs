//! A study and an exam as the window sees them.

use super::{AtlasSummary, Role, Standing};
use crate::edit::ReadLayers;
use crate::space::VoxelBox;
use crate::study::{ExamCode, ModelError, Part, Protocol, ReaderCode, ReadingPlace, SacroiliacForm, SliceRemark, SlicesSeen, Triage};
use crate::volume::{Image, LayerKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A study as the window needs it.
#[derive(Clone, Debug)]
pub struct StudySummary {
    /// Its folder.
    pub root: PathBuf,
    /// Its rules.
    pub protocol: Protocol,
    /// The text of `study.toml`.
    pub protocol_text: String,
    /// Its exams in the order of reading.
    pub exams: Vec<ExamSummary>,
    /// Saved versions by model.
    pub models: BTreeMap<String, Vec<VersionSummary>>,
    /// Current version by model.
    pub current: BTreeMap<String, u32>,
    /// Where readers left off.
    pub places: BTreeMap<ReaderCode, ReadingPlace>,
    /// Whose packet it came in, if it is a reader's copy.
    pub packet: Option<ReaderCode>,
    /// Its atlas, and whether this is a calibration against one.
    pub atlas: AtlasSummary,
    /// Made from images that were opened without a study.
    pub scratch: bool,
    /// What scorers found wrong with models' masks, in sessions that were unblinded.
    pub errors: Vec<ModelError>,
    /// What the person should know (findings on import, skipped files).
    pub remarks: Vec<String>,
}

/// A saved version of a model, as its card tells.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionSummary {
    /// Number from 1.
    pub version: u32,
    /// When it was made.
    pub created: String,
    /// Steps taken in all.
    pub steps: u64,
    /// Slices it was trained on.
    pub slices: usize,
    /// Of these, slices of exams accepted in triage.
    pub accepted: usize,
    /// The version that training went on from.
    pub parent: Option<u32>,
    /// What was held out, in words; empty where the card does not say.
    pub held_out: String,
    /// Dice per label on what was held out.
    pub dice: Vec<(String, Option<f64>)>,
}

/// One exam in the list.
#[derive(Clone, Debug)]
pub struct ExamSummary {
    /// Its code.
    pub code: ExamCode,
    /// Which part of the split, once drawn.
    pub part: Option<Part>,
    /// Names of its sequences; the first is read.
    pub sequences: Vec<String>,
    /// Slices of the reading sequence along its acquisition plane.
    pub slices: usize,
    /// Marrow slices done, by reader.
    pub done: BTreeMap<ReaderCode, usize>,
    /// Readers whose newest read has something painted in the marrow layer, on slices done or not.
    pub painted: BTreeSet<ReaderCode>,
    /// Readers who accepted a model's proposal for it whole, and have not changed it since.
    pub accepted: BTreeSet<ReaderCode>,
    /// Readers who refused a model's proposal for it, and whose that was: `marrow-R1/3`.
    pub refused: BTreeMap<ReaderCode, String>,
    /// Seconds that each reader spent on it in all their reads, pauses left out.
    pub seconds: BTreeMap<ReaderCode, u64>,
    /// Readers whose newest read is sealed.
    pub sealed: BTreeSet<ReaderCode>,
    /// Whether every read that the protocol asks for is sealed: before that no model proposes on a test exam.
    pub reads_sealed: bool,
}

/// An exam ready to be read.
#[derive(Debug)]
pub struct LoadedExam {
    /// Its code.
    pub code: ExamCode,
    /// For whom it was loaded.
    pub role: Role,
    /// Name and image of each sequence; the first is read.
    pub sequences: Vec<(String, Image)>,
    /// The patient's other visits on the grid of the first sequence, where the protocol allows a look at them.
    pub visits: Vec<(ExamCode, Image)>,
    /// Layers, done marks and history; empty for a coordinator.
    pub layers: ReadLayers,
    /// Whether the images have a position in space.
    pub has_geometry: bool,
    /// Findings on import, one sentence each.
    pub findings: Vec<String>,
    /// How it may be used.
    pub standing: Standing,
    /// What the reader said of slices.
    pub remarks: BTreeMap<usize, SliceRemark>,
    /// Slices that the reader has looked at.
    pub seen: SlicesSeen,
    /// The sacro-iliac form as the reader left it.
    pub form: SacroiliacForm,
    /// What the reader decided in triage.
    pub triage: Triage,
}

impl LoadedExam {
    /// An exam with a position in space, of which nothing else is known.
    #[must_use]
    pub fn new(code: ExamCode, role: Role, sequences: Vec<(String, Image)>, layers: ReadLayers, standing: Standing) -> Self {
        Self {
            code,
            role,
            sequences,
            visits: Vec::new(),
            layers,
            has_geometry: true,
            findings: Vec::new(),
            standing,
            remarks: BTreeMap::new(),
            seen: SlicesSeen::default(),
            form: SacroiliacForm::default(),
            triage: Triage::default(),
        }
    }
}

/// Voxels that changed, for the textures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirty {
    /// Layer.
    pub layer: LayerKind,
    /// Smallest box around them.
    pub bounds: VoxelBox,
}
