//! The folder of an exam that is being written: it gets its name once it is whole.

use crate::io::move_into_place;
use crate::study::{ExamCode, Layout, StudyError};
use std::fs;
use std::path::{Path, PathBuf};

/// An exam in the making; its folder is removed again unless it is finished.
#[derive(Debug)]
pub(in crate::study) struct Making {
    path: PathBuf,
}

impl Making {
    /// Begins an exam; what a program that was killed left of one of this code goes.
    pub fn begin(layout: &Layout, exam: &ExamCode) -> Result<Self, StudyError> {
        let path = layout.exam_in_the_making(exam);
        let clear = if path.exists() { fs::remove_dir_all(&path) } else { Ok(()) };
        match clear.and_then(|()| fs::create_dir_all(&path)) {
            Ok(()) => Ok(Self { path }),
            Err(cause) => Err(StudyError::NotWritable { path, cause }),
        }
    }

    /// Where its files go.
    pub fn folder(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name; from here on the exam is there. A folder of that name without a record is no exam: it was left
    /// by a program that was killed, before exams were written this way.
    pub fn finish(self, layout: &Layout, exam: &ExamCode) -> Result<(), StudyError> {
        let place = layout.exam(exam);
        let clear = if place.is_dir() && !layout.exam_record(exam).exists() { fs::remove_dir_all(&place) } else { Ok(()) };
        clear.and_then(|()| move_into_place(&self.path, &place)).map_err(|cause| StudyError::NotWritable { path: place, cause })
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // After `finish` there is nothing here any more.
        let _ = fs::remove_dir_all(&self.path);
    }
}
