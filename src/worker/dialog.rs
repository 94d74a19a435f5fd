//! The system's file dialog, on a thread of its own.

use super::message::{Outcome, PickPurpose};
use super::task::Task;
use std::time::{Duration, Instant};

/// A dialog that "was answered" faster than this cannot have been on screen.
const SHORTEST_ANSWER: Duration = Duration::from_millis(600);

pub(super) fn pick(task: &Task, purpose: PickPurpose) -> Outcome {
    let started = Instant::now();
    let dialog = rfd::FileDialog::new();
    let path = match purpose {
        PickPurpose::OpenFolder => dialog.set_title("Open a study or a folder of images").pick_folder(),
        PickPurpose::NewStudy => dialog.set_title("New or empty folder for a study").pick_folder(),
        PickPurpose::OpenFile => dialog.set_title("Open an image").pick_file(),
        PickPurpose::Import => dialog.set_title("Import a folder of images").pick_folder(),
        PickPurpose::ImportLink => {
            dialog.set_title("The coordinator's link list, outside the study").set_file_name("link.jsonl").save_file()
        }
        PickPurpose::ImportPatients => dialog.set_title("Table of exams and patients").add_filter("CSV", &["csv"]).pick_file(),
        PickPurpose::Packets => dialog.set_title("Folder for packets and code map, outside the study").pick_folder(),
        PickPurpose::PacketReturn => dialog.set_title("Folder for the reads that go back").pick_folder(),
        PickPurpose::PacketMerge => dialog.set_title("File that came back").pick_file(),
        PickPurpose::Covariates => dialog.set_title("Age and slices with signal").add_filter("CSV", &["csv"]).pick_file(),
        PickPurpose::NewScoreKey => {
            dialog.set_title("Key of the scoring session, outside the study").set_file_name("score.key.json").save_file()
        }
        PickPurpose::ScoreKey => dialog.set_title("Key of the scoring session").add_filter("Key", &["json"]).pick_file(),
        PickPurpose::AuditTrail => dialog.set_title("File for the audit trail").set_file_name("audit.csv").save_file(),
        PickPurpose::ImportMask => dialog.set_title("Import a mask").pick_file(),
        PickPurpose::Export | PickPurpose::ExportNnUnet | PickPurpose::ExportBids => {
            dialog.set_title("Export masks to a folder").pick_folder()
        }
    };
    if task.cancel.is_cancelled() {
        return Outcome::Cancelled;
    }
    Outcome::Picked { purpose, path, dialog_shown: started.elapsed() > SHORTEST_ANSWER }
}
