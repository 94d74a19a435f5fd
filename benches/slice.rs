//! Changing slice, on the CPU's side: `cargo bench --bench slice [-- --rounds 300] [--training]`.
//!
//! 512 × 512 × 60 voxels with two layers: the command, cutting grey values and both layers out, for the large pane; and the
//! CPU twin's picture of 900 × 900 device pixels, which a graphics card draws instead where there is one. Aim: below 4 ms for
//! the first, also with `--training`: while a model trains in the same process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot run says why and stops")]

#[path = "support/desk.rs"]
mod desk;
#[path = "support/load.rs"]
mod load;

use desk::{figures, open_session, rounds};
use load::Training;
use osteon::gpu::{OverlayStyle, SliceImage, SliceLabels, SliceView, twin};
use osteon::session::{Command, ViewCommand};
use osteon::volume::LayerKind;
use std::time::Instant;

fn main() {
    let mut session = open_session();
    let _training = Training::wanted();
    let (mut cuts, mut pictures) = (Vec::new(), Vec::new());
    for round in 0..rounds(300) {
        let started = Instant::now();
        session.apply(Command::View(ViewCommand::Slice((round * 7) % 60)), desk::NOW);
        let exam = session.exam().unwrap();
        let (plane, slice) = (*exam.plane(), exam.view().slice);
        let image = SliceImage::extract(exam.image(), &plane, slice).unwrap();
        let layers = [LayerKind::Marrow, LayerKind::Bone].map(|l| SliceLabels::extract(exam.layers().labels(l), &plane, slice).unwrap());
        cuts.push(started.elapsed());
        if round % 10 == 0 {
            let started = Instant::now();
            let window = exam.view().window;
            let view = SliceView::new([900, 900]).fitted(plane.size(), [1.0, 1.0]).windowed(window.lower(), window.upper());
            let styles = [OverlayStyle::paint(session.scheme(LayerKind::Marrow)), OverlayStyle::bone_outline([230, 232, 234, 255])];
            let drawn = twin::render(&view, &image, &[(&layers[0], &styles[0]), (&layers[1], &styles[1])]);
            assert_eq!(drawn.len(), 900 * 900);
            pictures.push(started.elapsed());
        }
    }
    figures("slice change", &mut cuts, 4.0);
    figures("picture by the CPU twin", &mut pictures, 40.0);
}
