//! The elements that are read, as `group << 16 | element`; names as in DICOM PS3.6.

pub(super) const TRANSFER_SYNTAX: u32 = 0x0002_0010;
pub(super) const CHARACTER_SET: u32 = 0x0008_0005;
pub(super) const IMAGE_TYPE: u32 = 0x0008_0008;
pub(super) const STUDY_DATE: u32 = 0x0008_0020;
pub(super) const ACCESSION: u32 = 0x0008_0050;
pub(super) const MODALITY: u32 = 0x0008_0060;
pub(super) const MANUFACTURER: u32 = 0x0008_0070;
pub(super) const CODE_VALUE: u32 = 0x0008_0100;
pub(super) const CODING_SCHEME: u32 = 0x0008_0102;
pub(super) const SERIES_DESCRIPTION: u32 = 0x0008_103e;
pub(super) const MODEL: u32 = 0x0008_1090;
pub(super) const FRAME_TYPE: u32 = 0x0008_9007;
pub(super) const PATIENT_NAME: u32 = 0x0010_0010;
pub(super) const PATIENT_ID: u32 = 0x0010_0020;
pub(super) const BIRTH_DATE: u32 = 0x0010_0030;
pub(super) const SEX: u32 = 0x0010_0040;
pub(super) const BODY_PART: u32 = 0x0018_0015;
pub(super) const SCANNING_SEQUENCE: u32 = 0x0018_0020;
pub(super) const SEQUENCE_VARIANT: u32 = 0x0018_0021;
pub(super) const SCAN_OPTIONS: u32 = 0x0018_0022;
pub(super) const SEQUENCE_NAME: u32 = 0x0018_0024;
pub(super) const SLICE_THICKNESS: u32 = 0x0018_0050;
pub(super) const REPETITION_TIME: u32 = 0x0018_0080;
pub(super) const ECHO_TIME: u32 = 0x0018_0081;
pub(super) const INVERSION_TIME: u32 = 0x0018_0082;
pub(super) const ECHO_NUMBERS: u32 = 0x0018_0086;
pub(super) const FIELD_STRENGTH: u32 = 0x0018_0087;
pub(super) const SPACING_BETWEEN_SLICES: u32 = 0x0018_0088;
pub(super) const IMAGER_PIXEL_SPACING: u32 = 0x0018_1164;
pub(super) const FLIP_ANGLE: u32 = 0x0018_1314;
pub(super) const NOMINAL_SCANNED_PIXEL_SPACING: u32 = 0x0018_2010;
pub(super) const EFFECTIVE_ECHO_TIME: u32 = 0x0018_9082;
pub(super) const PULSE_SEQUENCE_NAME: u32 = 0x0018_9005;
pub(super) const MR_TIMING_SEQUENCE: u32 = 0x0018_9112;
pub(super) const MR_ECHO_SEQUENCE: u32 = 0x0018_9114;
pub(super) const MR_FRAME_TYPE_SEQUENCE: u32 = 0x0018_9226;
pub(super) const STUDY_UID: u32 = 0x0020_000d;
pub(super) const SERIES_UID: u32 = 0x0020_000e;
pub(super) const SERIES_NUMBER: u32 = 0x0020_0011;
pub(super) const ACQUISITION_NUMBER: u32 = 0x0020_0012;
pub(super) const INSTANCE_NUMBER: u32 = 0x0020_0013;
pub(super) const POSITION: u32 = 0x0020_0032;
pub(super) const ORIENTATION: u32 = 0x0020_0037;
pub(super) const FRAME_OF_REFERENCE: u32 = 0x0020_0052;
pub(super) const LATERALITY: u32 = 0x0020_0060;
pub(super) const IMAGE_LATERALITY: u32 = 0x0020_0062;
pub(super) const TEMPORAL_POSITION: u32 = 0x0020_0100;
pub(super) const FRAME_CONTENT_SEQUENCE: u32 = 0x0020_9111;
pub(super) const PLANE_POSITION_SEQUENCE: u32 = 0x0020_9113;
pub(super) const PLANE_ORIENTATION_SEQUENCE: u32 = 0x0020_9116;
pub(super) const TEMPORAL_POSITION_INDEX: u32 = 0x0020_9128;
pub(super) const FRAME_ACQUISITION_NUMBER: u32 = 0x0020_9156;
pub(super) const SAMPLES_PER_PIXEL: u32 = 0x0028_0002;
pub(super) const PHOTOMETRIC: u32 = 0x0028_0004;
pub(super) const NUMBER_OF_FRAMES: u32 = 0x0028_0008;
pub(super) const ROWS: u32 = 0x0028_0010;
pub(super) const COLUMNS: u32 = 0x0028_0011;
pub(super) const PIXEL_SPACING: u32 = 0x0028_0030;
pub(super) const BITS_ALLOCATED: u32 = 0x0028_0100;
pub(super) const BITS_STORED: u32 = 0x0028_0101;
pub(super) const HIGH_BIT: u32 = 0x0028_0102;
pub(super) const PIXEL_REPRESENTATION: u32 = 0x0028_0103;
pub(super) const BURNED_IN: u32 = 0x0028_0301;
pub(super) const RESCALE_INTERCEPT: u32 = 0x0028_1052;
pub(super) const RESCALE_SLOPE: u32 = 0x0028_1053;
pub(super) const SEGMENTATION_TYPE: u32 = 0x0062_0001;
pub(super) const SEGMENT_SEQUENCE: u32 = 0x0062_0002;
pub(super) const SEGMENT_NUMBER: u32 = 0x0062_0004;
pub(super) const SEGMENT_LABEL: u32 = 0x0062_0005;
pub(super) const SEGMENT_IDENTIFICATION_SEQUENCE: u32 = 0x0062_000a;
pub(super) const REFERENCED_SEGMENT: u32 = 0x0062_000b;
pub(super) const MAX_FRACTIONAL: u32 = 0x0062_000e;
pub(super) const PROPERTY_TYPE_SEQUENCE: u32 = 0x0062_000f;
pub(super) const PROPERTY_TYPE_MODIFIER_SEQUENCE: u32 = 0x0062_0011;
pub(super) const PIXEL_MEASURES_SEQUENCE: u32 = 0x0028_9110;
pub(super) const PIXEL_VALUE_SEQUENCE: u32 = 0x0028_9145;
pub(super) const SHARED_GROUPS: u32 = 0x5200_9229;
pub(super) const PER_FRAME_GROUPS: u32 = 0x5200_9230;
pub(super) const FLOAT_PIXELS: u32 = 0x7fe0_0008;
pub(super) const DOUBLE_PIXELS: u32 = 0x7fe0_0009;
pub(super) const PIXELS: u32 = 0x7fe0_0010;

/// Whether an element of implicit VR is a sequence: of those that this program looks into.
pub(super) const fn is_sequence(tag: u32) -> bool {
    matches!(
        tag,
        SHARED_GROUPS
            | PER_FRAME_GROUPS
            | MR_TIMING_SEQUENCE
            | MR_ECHO_SEQUENCE
            | MR_FRAME_TYPE_SEQUENCE
            | FRAME_CONTENT_SEQUENCE
            | PLANE_POSITION_SEQUENCE
            | PLANE_ORIENTATION_SEQUENCE
            | PIXEL_MEASURES_SEQUENCE
            | PIXEL_VALUE_SEQUENCE
            | SEGMENT_SEQUENCE
            | SEGMENT_IDENTIFICATION_SEQUENCE
            | PROPERTY_TYPE_SEQUENCE
            | PROPERTY_TYPE_MODIFIER_SEQUENCE
    )
}
