//! NIfTI: the first byte chooses the ending, the rest is the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{io, read, scratch};

fuzz_target!(|data: &[u8]| {
    let Some((&kind, bytes)) = data.split_first() else { return };
    let path = scratch(["a.nii", "a.nii.gz", "a.hdr", "a.nii"][usize::from(kind) % 4]);
    if std::fs::write(&path, bytes).is_ok() {
        read(&path);
        let _ = io::read_labels_nifti(&path);
    }
    let _ = std::fs::remove_file(&path);
});
