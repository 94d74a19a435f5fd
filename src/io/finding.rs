//! What a reader of an image ought to know about how it was read.

/// What was found. The codes are part of the command line's contract (`reference/images/README.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingCode {
    /// The two affines of a NIfTI file differ by more than a tenth of a voxel.
    SformQformDisagree,
    /// A NIfTI file without orientation.
    NoAffine,
    /// A picture or DICOM image without position.
    NoGeometry,
    /// Axes not at right angles.
    Sheared,
    /// Slices stacked obliquely.
    GantryTilt,
    /// Gaps that are a multiple of the spacing.
    MissingSlice,
    /// Other uneven positions.
    IrregularSpacing,
    /// A position that occurs more often than the others.
    DuplicateSlice,
    /// All positions repeat: several volumes in one series.
    MultiVolume,
    /// A series split by orientation.
    MixedOrientation,
    /// A series split by matrix size.
    MixedSize,
    /// A series split by echo.
    MultiEcho,
    /// A series split by image type.
    MixedImageType,
    /// High values are dark.
    Monochrome1,
    /// A Siemens mosaic, left flat.
    Mosaic,
    /// NaN or infinite voxels.
    NonFinite,
    /// A single slice: its thickness is the header's.
    SingleSlice,
    /// A NIfTI header in metres or micrometres, converted to mm.
    Units,
    /// A colour picture turned grey.
    Colour,
}

impl FindingCode {
    /// The code in JSON and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SformQformDisagree => "sform-qform-disagree",
            Self::NoAffine => "no-affine",
            Self::NoGeometry => "no-geometry",
            Self::Sheared => "sheared",
            Self::GantryTilt => "gantry-tilt",
            Self::MissingSlice => "missing-slice",
            Self::IrregularSpacing => "irregular-spacing",
            Self::DuplicateSlice => "duplicate-slice",
            Self::MultiVolume => "multi-volume",
            Self::MixedOrientation => "mixed-orientation",
            Self::MixedSize => "mixed-size",
            Self::MultiEcho => "multi-echo",
            Self::MixedImageType => "mixed-image-type",
            Self::Monochrome1 => "monochrome1",
            Self::Mosaic => "mosaic",
            Self::NonFinite => "non-finite",
            Self::SingleSlice => "single-slice",
            Self::Units => "units",
            Self::Colour => "colour",
        }
    }
}

/// A finding with its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub code: FindingCode,
    /// One sentence for a person.
    pub text: String,
}

impl Finding {
    pub(super) fn new(code: FindingCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// Of voxels that are NaN or infinite; `None` where there is none.
    #[must_use]
    pub fn non_finite(voxels: usize) -> Option<Self> {
        (voxels > 0).then(|| Self::new(FindingCode::NonFinite, format!("{voxels} voxels are not numbers")))
    }
}
