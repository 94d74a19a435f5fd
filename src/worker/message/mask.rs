//! A mask made elsewhere, as plain data.

use crate::study::ExamCode;
use crate::volume::{Grid, LabelScheme, Labels, LayerKind};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which mask to read, for what.
#[derive(Clone, Debug)]
pub struct MaskRequest {
    /// NIfTI label map or DICOM segmentation.
    pub path: PathBuf,
    /// The open exam.
    pub exam: ExamCode,
    /// The layer that it becomes.
    pub layer: LayerKind,
    /// Labels of that layer.
    pub scheme: LabelScheme,
    /// Grid of the image that is read.
    pub grid: Arc<Grid>,
    /// What becomes of labels: theirs to ours; 0 leaves one out. Those not named stay as they are, or become
    /// what the names of a DICOM segmentation say.
    pub map: BTreeMap<u8, u8>,
    /// Whether a mask on another grid is resampled.
    pub resample: bool,
    /// Whether labels that are there stay where the mask is empty.
    pub add: bool,
    /// Revision of the layer when asked.
    pub base_revision: u64,
}

/// A mask on the exam's grid.
#[derive(Clone, Debug)]
pub struct MaskRead {
    /// The exam it was read for.
    pub exam: ExamCode,
    /// The layer.
    pub layer: LayerKind,
    /// Labels of that layer.
    pub labels: Labels,
    /// As asked.
    pub add: bool,
    /// Revision of the layer when asked.
    pub base_revision: u64,
}
