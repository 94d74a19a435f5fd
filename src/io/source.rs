//! One volume that was found in a file or a series of files.

use super::error::IoError;
use super::finding::Finding;
use super::raw::{Dtype, RawVolume};
use super::{dicom, nifti, picture};
use crate::space::Affine;
use crate::volume::{Image, require_room};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The kind of file a volume came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// NIfTI-1 or -2, single file or pair.
    Nifti,
    /// DICOM, classic or enhanced.
    Dicom,
    /// PNG or JPEG.
    Picture,
}

impl SourceKind {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nifti => "nifti",
            Self::Dicom => "dicom",
            Self::Picture => "picture",
        }
    }
}

/// Where the affine came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AffineSource {
    /// NIfTI sform.
    Sform,
    /// NIfTI qform.
    Qform,
    /// Spacing of the NIfTI header only.
    Header,
    /// DICOM position and orientation.
    Dicom,
    /// Nothing: axes are those of the picture.
    None,
}

impl AffineSource {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sform => "sform",
            Self::Qform => "qform",
            Self::Header => "header",
            Self::Dicom => "dicom",
            Self::None => "none",
        }
    }
}

/// How the image was made. Holds nothing that identifies a person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acquisition {
    /// `MR`, `CT`, `CR` …
    pub modality: Option<String>,
    /// Number of the echo.
    pub echo_number: Option<u32>,
    /// Repetition time, ms.
    pub tr_ms: Option<f64>,
    /// Echo time, ms.
    pub te_ms: Option<f64>,
    /// Inversion time, ms.
    pub ti_ms: Option<f64>,
    /// Flip angle, degrees.
    pub flip_angle_deg: Option<f64>,
    /// Field strength, tesla.
    pub field_t: Option<f64>,
    /// Maker of the scanner.
    pub vendor: Option<String>,
    /// Model of the scanner.
    pub model: Option<String>,
    /// Coded words: scanning sequence, variant, options, sequence name.
    pub sequence_words: Option<String>,
    /// Image type, as `ORIGINAL\PRIMARY\M`.
    pub image_type: Option<String>,
    /// Body part, coded.
    pub body_part: Option<String>,
    /// `R` or `L`.
    pub laterality: Option<String>,
    /// Slice thickness, mm (not the distance between slices).
    pub slice_thickness_mm: Option<f64>,
}

/// Who and which series: goes to the coordinator's link list and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Patient ID.
    pub patient_id: Option<String>,
    /// Patient name.
    pub patient_name: Option<String>,
    /// Date of birth, YYYYMMDD.
    pub birth_date: Option<String>,
    /// Sex.
    pub sex: Option<String>,
    /// Date of the study, YYYYMMDD.
    pub study_date: Option<String>,
    /// Accession number.
    pub accession: Option<String>,
    /// Study instance UID.
    pub study_uid: Option<String>,
    /// Series instance UID.
    pub series_uid: Option<String>,
    /// Frame of reference UID.
    pub frame_of_reference_uid: Option<String>,
}

/// A file that a volume was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lay.
    pub path: PathBuf,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// How to get the voxels.
#[allow(clippy::large_enum_variant, reason = "one per volume; a box would only add a hop")]
#[derive(Debug)]
pub(super) enum Plan {
    Nifti(nifti::NiftiPlan),
    Dicom(dicom::Stack),
    Picture(picture::PicturePlan),
}

/// A volume with all that its files say about it. Its voxels are in memory after a small read, and are read when asked for
/// after a large one (see [`read_path`](super::read_path)).
#[derive(Debug)]
pub struct SourceVolume {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) kind: SourceKind,
    pub(super) shape: Vec<usize>,
    pub(super) dtype: Dtype,
    pub(super) world_from_voxel: Affine,
    pub(super) affine_source: AffineSource,
    pub(super) findings: Vec<Finding>,
    pub(super) acquisition: Acquisition,
    pub(super) identity: Option<Identity>,
    pub(super) sources: Vec<SourceFile>,
    pub(super) burned_in_suspected: bool,
    /// A damaged file without which the exam is not whole.
    pub(super) damaged_beside: Option<PathBuf>,
    pub(super) plan: Plan,
    pub(super) kept: OnceLock<Arc<RawVolume>>,
}

impl SourceVolume {
    /// Short, unique within its reading, safe as a file name; never a patient's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, or the first file of the series.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Kind of file.
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        self.kind
    }

    /// Voxels along i, j, k and any further axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// A damaged DICOM file that belongs to the same exam, or that the slices missing here may be in.
    #[must_use]
    pub fn damaged_beside(&self) -> Option<&Path> {
        self.damaged_beside.as_deref()
    }

    /// Number type in the file.
    #[must_use]
    pub const fn stored_dtype(&self) -> Dtype {
        self.dtype
    }

    /// Number of volumes along the axes beyond the third.
    #[must_use]
    pub fn time_points(&self) -> usize {
        self.shape[3..].iter().product()
    }

    /// Maps voxel centres to RAS+ mm.
    #[must_use]
    pub const fn world_from_voxel(&self) -> &Affine {
        &self.world_from_voxel
    }

    /// The voxels as stored.
    ///
    /// # Errors
    /// If the file changed or is damaged.
    pub fn raw(&self) -> Result<Arc<RawVolume>, IoError> {
        if let Some(raw) = self.kept.get() {
            return Ok(Arc::clone(raw));
        }
        let raw = Arc::new(match &self.plan {
            Plan::Nifti(plan) => plan.read()?,
            Plan::Dicom(stack) => stack.read()?,
            Plan::Picture(plan) => plan.read()?,
        });
        // Several time points will be asked for one by one: unpack once.
        if self.time_points() > 1 {
            let _ = self.kept.set(Arc::clone(&raw));
        }
        Ok(raw)
    }

    /// Grey values of one time point.
    ///
    /// # Errors
    /// If the file changed or is damaged, there is no such time point, or no memory for its grey values.
    pub fn image(&self, time_point: usize) -> Result<Image, IoError> {
        let raw = self.raw()?;
        // Grey values take up to four times what the file stores, beside it.
        let bytes = self.shape[..3].iter().fold(size_of::<f32>(), |n, &s| n.saturating_mul(s));
        require_room(bytes).map_err(IoError::no_memory(&self.path))?;
        raw.image(time_point)
            .ok_or_else(|| IoError::too_large(&self.path, format!("time point {time_point} of {} cannot be shown", self.time_points())))
    }

    /// What a reader ought to know.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How it was made.
    #[must_use]
    pub const fn acquisition(&self) -> &Acquisition {
        &self.acquisition
    }

    /// Who it is of; `None` where the files do not say.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The files with their hashes.
    #[must_use]
    pub fn sources(&self) -> &[SourceFile] {
        &self.sources
    }

    /// Whether voxels have a known place in the patient.
    #[must_use]
    pub const fn has_geometry(&self) -> bool {
        !matches!(self.affine_source, AffineSource::None)
    }

    /// Where the affine came from.
    #[must_use]
    pub const fn affine_source(&self) -> AffineSource {
        self.affine_source
    }

    /// Whether names may be burnt into the pixels: a picture, or DICOM that does not deny it.
    #[must_use]
    pub const fn burned_in_suspected(&self) -> bool {
        self.burned_in_suspected
    }

    pub(super) fn raw_bytes(&self) -> usize {
        self.shape.iter().fold(self.dtype.bytes(), |n, &s| n.saturating_mul(s))
    }

    /// Reads the voxels now and keeps them.
    pub(super) fn keep(&mut self) -> Result<(), IoError> {
        let raw = self.raw()?;
        let non_finite = if raw.dtype().is_float() { raw.stats().non_finite } else { 0 };
        self.findings.extend(Finding::non_finite(non_finite));
        let _ = self.kept.set(raw);
        Ok(())
    }
}
