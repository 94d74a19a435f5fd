//! What a study is made of: a read (SQLite), a protocol, an exam's record, a link list.
#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::scratch;
use osteon_fuzz::study::{ExamCode, ExamRecord, Layout, LinkedSources, PatientMap, Protocol, ReadFile};
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let Some((&kind, bytes)) = data.split_first() else { return };
    match kind % 4 {
        0 | 1 => {
            let path = scratch("1.sqlite");
            if std::fs::write(&path, bytes).is_ok()
                && let Ok((_, view)) = ReadFile::open_read_only(&path)
            {
                let _ = view.state();
                let _ = view.rows();
                let _ = view.verify_chain();
                let _ = view.sealed();
            }
            let _ = std::fs::remove_file(&path);
        }
        2 => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                let _ = Protocol::parse(text, "study.toml");
                let _ = PatientMap::parse(text, Path::new("patients.csv"));
            }
        }
        _ => {
            let root = scratch("study");
            let Ok(exam) = ExamCode::new("K-001") else { return };
            let layout = Layout::new(&root);
            let record = layout.exam_record(&exam);
            if let Some(folder) = record.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            if std::fs::write(&record, bytes).is_ok() {
                let _ = ExamRecord::load(&layout, &exam);
            }
            let link = scratch("link.jsonl");
            if std::fs::write(&link, bytes).is_ok() {
                let _ = LinkedSources::read(&link, &layout);
            }
        }
    }
});
