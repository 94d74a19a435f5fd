//! Memory of an open exam and of a long day's painting, as the system counts it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{driver, open, saved};
use osteon::edit::History;
use osteon::headless::Driver;
use osteon::session::{Command, PointerCommand, Tool, ToolCommand, ViewCommand};
use osteon::space::Affine;
use osteon::volume::{Grid, Image};
use std::path::Path;
use std::sync::Arc;

const SHAPE: [usize; 3] = [512, 512, 60];
/// Strokes after which the places of [`paint`] come again, under another label.
const PLACES: usize = 780;
/// Bytes of the exam as the scanner stores it: 16 bits a voxel.
const RAW_MB: f64 = (2 * SHAPE[0] * SHAPE[1] * SHAPE[2]) as f64 / 1e6;

/// Memory of this process that is in use, in MB; `None` where the system does not say.
fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb * 1024.0 / 1e6)
}

/// A coronal image of 512 × 512 × 60 voxels with a bright cylinder.
fn write(file: &Path) {
    let affine = Affine::from_columns([[-0.5, 0.0, 0.0], [0.0, 0.0, 0.5], [0.0, 3.5, 0.0]], [128.0, -100.0, -128.0]).unwrap();
    let grid = Arc::new(Grid::new(SHAPE, affine).unwrap());
    let values = (0..grid.voxel_count()).map(|n| {
        let (i, j) = ((n % SHAPE[0]) as f32 - 256.0, (n / SHAPE[0] % SHAPE[1]) as f32 - 256.0);
        (if i.hypot(j) < 180.0 { 400.0 } else { 40.0 }) + ((n * 7919) % 31) as f32
    });
    osteon::io::write_image_nifti(file, &Image::new(grid, values.collect::<Vec<_>>()).unwrap()).unwrap();
}

/// Strokes all over the exam, each of eight dabs 40 voxels across.
fn paint(driver: &mut Driver, strokes: std::ops::Range<usize>) {
    for n in strokes {
        driver.run(Command::View(ViewCommand::Slice((n * 7) % SHAPE[2])));
        driver.run(Command::Tool(ToolCommand::Label(1 + ((n + n / PLACES) % 3) as u8)));
        let at = |step: usize| [60.0 + ((n * 37 + step * 9) % 390) as f64, 60.0 + ((n * 53) % 390) as f64];
        driver.run(Command::Pointer(PointerCommand::Down(at(0))));
        driver.run(Command::Pointer(PointerCommand::Move((1..8).map(at).collect())));
        driver.run(Command::Pointer(PointerCommand::Up));
    }
    saved(driver);
}

#[test]
fn an_open_exam_and_a_thousand_strokes_take_little_memory() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("large.nii.gz");
    write(&file);
    let Some(before) = resident_mb() else {
        eprintln!("skipped: this system does not tell how much memory is in use");
        return;
    };
    let mut driver = driver(home.path());
    open(&mut driver, &file);
    for slice in 0..SHAPE[2] {
        driver.run(Command::View(ViewCommand::Slice(slice)));
    }
    let opened = resident_mb().unwrap() - before;
    println!("open exam: {opened:.0} MB for {RAW_MB:.0} MB of raw voxels");
    assert!(opened <= 2.0 * RAW_MB + 200.0, "{opened} MB");

    driver.run(Command::Tool(ToolCommand::Choose(Tool::Brush)));
    driver.run(Command::Tool(ToolCommand::SizeMm(20.0)));
    // Where it is painted for the first time is new memory; after that it is flat.
    paint(&mut driver, 0..PLACES);
    let (first, rows) = (resident_mb().unwrap(), driver.session().exam().unwrap().layers().history().entries().len());
    paint(&mut driver, PLACES..PLACES + 1000);
    let grown = resident_mb().unwrap() - first;
    let history = driver.session().exam().unwrap().layers().history();
    assert!(history.entries().len() >= rows + 990, "{}", history.entries().len());
    println!("1,000 strokes: {grown:.1} MB more; the history holds {:.1} MB of changes", history.held_bytes() as f64 / 1e6);
    assert!(history.held_bytes() <= History::DEFAULT_BUDGET_BYTES);
    assert!(grown < 32.0, "{grown} MB");
}
