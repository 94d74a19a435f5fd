//! DICOM: an image, then the same bytes as a segmentation.
#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{io, read, scratch};

fuzz_target!(|data: &[u8]| {
    let path = scratch("a.dcm");
    if std::fs::write(&path, data).is_ok() {
        read(&path);
        let _ = io::read_seg(&path);
    }
    let _ = std::fs::remove_file(&path);
});
