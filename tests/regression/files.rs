//! Files in and out: DICOM SEG, series with gaps, BIDS names, empty masks.
