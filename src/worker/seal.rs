//! Looking at a read before it is sealed, and sealing it.

use super::message::{CheckReadRequest, Outcome, ReadChecked, SealRequest};
use crate::study::{ReadFile, Study, seal_warnings};

/// What is worth another look before sealing.
pub(super) fn check(request: &CheckReadRequest) -> Outcome {
    Outcome::ReadChecked(Box::new(ReadChecked { exam: request.exam.clone(), warnings: seal_warnings(&request.subject) }))
}

/// Seals an open read; says whether every read of the exam that the protocol asks for is sealed now.
pub(super) fn seal(request: &SealRequest, file: ReadFile) -> Result<bool, String> {
    let header = file.header();
    if header.reader != request.reader || header.exam != request.exam {
        return Err(format!("Another read than that of {} is open: open it again, then submit it.", request.exam));
    }
    let study = Study::open(&request.root).map_err(|e| e.to_string())?;
    study.seal_read(file, &request.time).map_err(|e| e.to_string())?;
    study.reads_sealed(&request.exam).map_err(|e| e.to_string())
}
