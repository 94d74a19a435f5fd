//! A dab of the brush, from the pointer to the slice on screen: `cargo bench --bench brush [-- --rounds 300] [--training]`.
//!
//! 512 × 512 × 60 voxels with both layers painted; the brush is 40 voxels across. Counted is what the window's thread does:
//! the command, the voxels through the recorder, the dirty box, the labels of the slice. The journal is written elsewhere.
//! Aim: below 2 ms, also with `--training`: while a model trains in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot run says why and stops")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/load.rs"]
mod load;

use desk::{figures, open_session, rounds};
use load::Training;
use osteon::gpu::SliceLabels;
use osteon::session::{Command, PointerCommand, Tool, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;
use std::time::Instant;

fn main() {
    let mut session = open_session();
    let _training = Training::wanted();
    let rounds = rounds(300);
    session.apply(Command::Tool(ToolCommand::Choose(Tool::Brush)), desk::NOW);
    session.apply(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)), desk::NOW);
    // 40 voxels of 0.5 mm.
    session.apply(Command::Tool(ToolCommand::SizeMm(20.0)), desk::NOW);
    session.apply(Command::View(ViewCommand::Slice(30)), desk::NOW);
    let exam = session.exam().unwrap();
    let mut shown = SliceLabels::extract(exam.layers().labels(LayerKind::Marrow), exam.plane(), 30).unwrap();
    session.take_dirty();
    let (mut dabs, mut ends) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let label = 1 + (round % 3) as u8;
        session.apply(Command::Tool(ToolCommand::Label(label)), desk::NOW);
        let at = |step: usize| [60.0 + ((round * 37 + step * 6) % 390) as f64, 60.0 + ((round * 53) % 390) as f64];
        session.apply(Command::Pointer(PointerCommand::Down(at(0))), desk::NOW);
        for step in 1..8 {
            let started = Instant::now();
            session.apply(Command::Pointer(PointerCommand::Move(vec![at(step)])), desk::NOW);
            for change in session.take_dirty() {
                shown.update(session.exam().unwrap().layers().labels(change.layer), change.bounds);
            }
            dabs.push(started.elapsed());
        }
        let started = Instant::now();
        session.apply(Command::Pointer(PointerCommand::Up), desk::NOW);
        ends.push(started.elapsed());
    }
    figures("dab of 40 voxels", &mut dabs, 2.0);
    figures("end of a stroke of 8 dabs", &mut ends, 8.0);
}
