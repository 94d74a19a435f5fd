//! Codes, names and folders given by a slip of the pen, which commands once took for others.

use super::{osteon, refused};
use crate::common::{ball, ball_study, files};
use osteon::io::write_image_nifti;
use osteon::study::{ExamCode, NewPlan, ReaderCode, ScoreSource, Study, new_score_session};
use osteon::volume::Labels;
use std::fs;
use std::path::Path;

const NOW: &str = "2026-11-21T10:00:00Z";

/// Any code but 1 counted as negative: a table coded 1 and 2, or with a 9 for what was not seen, gave figures that were none.
#[test]
fn codes_other_than_0_and_1_are_refused_with_file_and_row() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let wrong = |file: &str, text: &str, expected: &str| {
        fs::write(at(file), text).unwrap();
        let said = refused(home.path(), &["stats", &at("")]);
        assert!(said.contains(file) && said.contains(expected) && said.contains("is neither 0 nor 1"), "{said}");
        fs::remove_file(at(file)).unwrap();
    };
    wrong("binary_scores.csv", "y_true,score\n1,0.2\n2,0.9\n1,0.4\n", "row 3, column y_true: 2");
    wrong("halfslices.csv", "patient,r1,r2\nP1,0,1\nP1,1,9\n", "row 3, column r2: 9");
    fs::write(at("halfslices.csv"), "patient,r1,r2\nP1,0,1\nP1,1,0\nP2,1,1\n").unwrap();
    assert!(osteon(home.path(), &["stats", &at("")]).0);
}
