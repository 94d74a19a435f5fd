//! A session with one large exam, without files and workers, and how figures are printed.
#![allow(dead_code, reason = "each bench uses a part of it")]

use osteon::edit::{CommitKind, ReadLayers};
use osteon::session::{Command, Effect, Session, StudyCommand};
use osteon::space::Affine;
use osteon::study::{Assistance, ExamCode, Part, Protocol, ReaderCode, ReaderRule};
use osteon::volume::{Grid, Image, LayerKind};
use osteon::worker::message::{Event, ExamSummary, LoadedExam, Outcome, Request, RequestId, Role, Standing, StudySummary};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The time in every command.
pub const NOW: &str = "2026-11-21T10:00:00Z";
/// Voxels of the exam; `--small` makes it a sixteenth.
pub fn shape() -> [usize; 3] {
    if std::env::args().any(|a| a == "--small") { [128, 128, 60] } else { [512, 512, 60] }
}

/// The number after `--rounds`, else `usual`.
pub fn rounds(usual: usize) -> usize {
    let arguments: Vec<String> = std::env::args().collect();
    arguments.iter().position(|a| a == "--rounds").and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(usual)
}

/// Prints median, 95th percentile and maximum in ms, and whether the median is below the aim.
pub fn figures(what: &str, times: &mut [Duration], aim_ms: f64) {
    times.sort_unstable();
    let ms = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    let verdict = if ms(0.5) < aim_ms { "met" } else { "MISSED" };
    println!("{what}: median {:.3} ms, p95 {:.3} ms, max {:.3} ms (aim {aim_ms} ms: {verdict})", ms(0.5), ms(0.95), ms(1.0));
}

/// Reader R1 with a coronal exam on which every slice has marrow and bone labels.
pub fn open_session() -> Session {
    let shape = shape();
    let affine = Affine::from_columns([[-0.5, 0.0, 0.0], [0.0, 0.0, 0.5], [0.0, 3.5, 0.0]], [128.0, -100.0, -128.0]).unwrap();
    let grid = Arc::new(Grid::new(shape, affine).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| ((n * 7919) % 971) as f32).collect();
    let image = Image::new(Arc::clone(&grid), values).unwrap();
    let mut layers = ReadLayers::new(Arc::clone(&grid), 2);
    for (layer, reach) in [(LayerKind::Bone, 0.4), (LayerKind::Marrow, 0.2)] {
        layers.begin(layer, CommitKind::Hand, "made".to_owned()).unwrap();
        for k in 0..shape[2] {
            for j in 0..shape[1] {
                for i in 0..shape[0] {
                    let off = |at: usize, n: usize| at as f64 / n as f64 - 0.5;
                    if off(i, shape[0]).hypot(off(j, shape[1])) < reach {
                        layers.write([i, j, k], 1 + (k % 2) as u8);
                    }
                }
            }
        }
        layers.commit();
    }
    let reader = ReaderCode::new("R1").unwrap();
    let rule = ReaderRule { code: reader.clone(), assistance: Assistance::None };
    let code = ExamCode::new("K-001").unwrap();
    let summary = StudySummary {
        root: "/nowhere".into(),
        protocol: Protocol::sample().with_readers(vec![rule]),
        exams: vec![ExamSummary {
            code: code.clone(),
            part: Some(Part::Train),
            sequences: vec!["water".to_owned()],
            slices: shape[2],
            done: BTreeMap::new(),
            painted: BTreeSet::new(),
            accepted: std::collections::BTreeSet::new(),
            refused: BTreeMap::new(),
            seconds: BTreeMap::new(),
            sealed: BTreeSet::new(),
            reads_sealed: false,
        }],
        models: BTreeMap::new(),
        current: BTreeMap::new(),
        packet: None,
        places: std::collections::BTreeMap::new(),
        protocol_text: String::new(),
        atlas: osteon::worker::message::AtlasSummary::default(),
        scratch: false,
        errors: Vec::new(),
        remarks: Vec::new(),
    };
    let mut session = Session::new(1);
    session.absorb(Event::Ended { id: RequestId(0), outcome: Outcome::Study(Box::new(summary)) });
    let role = Role::Reader(reader);
    let effects = session.apply(Command::Study(StudyCommand::ChooseRole(role.clone())), NOW);
    let id = effects.iter().find_map(|e| if let Effect::Work(id, Request::OpenExam { .. }) = e { Some(*id) } else { None });
    let sequences = vec![("water".to_owned(), image)];
    let loaded = LoadedExam::new(code, role, sequences, layers, Standing::Writing { number: 1, assisted: false });
    session.absorb(Event::Ended { id: id.unwrap(), outcome: Outcome::Exam(Box::new(loaded)) });
    assert!(session.exam().is_some_and(osteon::session::OpenExam::is_writable));
    session
}
