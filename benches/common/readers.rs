//! Four readers of one knee-sized volume, made by a seeded generator, and what both benches of agreement need around it.

use osteon::io::write_labels_nifti;
use osteon::space::{Affine, Spacing};
use osteon::volume::{Grid, Labels};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Readers of the benches.
pub const READERS: usize = 4;

/// Voxels along i, j, k; a small volume where `--small` is said, for trying the bench itself.
pub fn shape() -> [usize; 3] {
    if std::env::args().any(|a| a == "--small") { [128, 128, 40] } else { [512, 512, 200] }
}

/// Writes `reader1.nii.gz` … into a folder: about 90 lesions in three levels, which every reader draws a little otherwise
/// and now and then overlooks; borders are ragged by single voxels, as painted ones are.
pub fn write_readers(folder: &Path) -> Vec<PathBuf> {
    let shape = shape();
    let spacing = Spacing::new([0.35, 0.35, 0.8]).unwrap();
    let grid = Arc::new(Grid::new(shape, Affine::from_spacing(spacing)).unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(20_260_721);
    let extent = shape.map(|n| n as f64);
    // Centre and half axes as shares of the volume.
    let lesions: Vec<([f64; 3], [f64; 3])> = (0..90)
        .map(|_| {
            let centre = std::array::from_fn(|_| rng.random_range(0.15..0.85));
            let size = rng.random_range(0.02..0.09);
            (centre, std::array::from_fn(|_| size * rng.random_range(0.6..1.4)))
        })
        .collect();
    (0..READERS)
        .map(|reader| {
            let mut labels = Labels::empty(Arc::clone(&grid));
            for (centre, half) in &lesions {
                if rng.random_range(0.0..1.0) < 0.05 {
                    continue;
                }
                let centre: [f64; 3] = std::array::from_fn(|a| (centre[a] + rng.random_range(-0.004..0.004)) * extent[a]);
                let scale = rng.random_range(0.9..1.1);
                let half: [f64; 3] = std::array::from_fn(|a| (half[a] * scale * extent[a]).max(1.5));
                draw(&mut labels, centre, half, &mut rng);
            }
            let path = folder.join(format!("reader{}.nii.gz", reader + 1));
            write_labels_nifti(&path, &labels, "Osteon bench").unwrap();
            path
        })
        .collect()
}

/// A lesion: level 1 outside, 2 and 3 towards the middle.
fn draw(labels: &mut Labels, centre: [f64; 3], half: [f64; 3], rng: &mut ChaCha8Rng) {
    let shape = labels.grid().shape();
    let range = |a: usize| (centre[a] - half[a]).floor().max(0.0) as usize..((centre[a] + half[a]).ceil() as usize + 1).min(shape[a]);
    for k in range(2) {
        for j in range(1) {
            for i in range(0) {
                let at = [i as f64, j as f64, k as f64];
                let away = (0..3).map(|a| ((at[a] - centre[a]) / half[a]).powi(2)).sum::<f64>().sqrt();
                if away > 1.05 {
                    continue;
                }
                let ragged = away + rng.random_range(-0.02..0.02);
                let label = if ragged < 0.25 {
                    3
                } else if ragged < 0.5 {
                    2
                } else {
                    u8::from(ragged < 1.0)
                };
                if label > labels.get([i, j, k]) {
                    labels.set([i, j, k], label);
                }
            }
        }
    }
}

/// The folder after `--ours`: this process measures our side alone, so that its peak memory is its own.
pub fn measuring() -> Option<PathBuf> {
    std::env::args().skip_while(|a| a != "--ours").nth(1).map(PathBuf::from)
}

/// Runs this bench once more, for our side only.
pub fn ours(folder: &Path) -> serde_json::Value {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--ours").arg(folder);
    if std::env::args().any(|a| a == "--small") {
        command.arg("--small");
    }
    json(command)
}

/// Runs the rival's Python on the folder.
pub fn rival(script: &str, folder: &Path) -> serde_json::Value {
    let mut command = Command::new("python3");
    command.arg("-c").arg(script).arg(folder);
    json(command)
}

fn json(mut command: Command) -> serde_json::Value {
    let output = command.output().expect("python3 with SimpleITK, nibabel, scipy and medpy is needed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Seconds that some work takes, the best of `rounds`, and what it gave last.
pub fn best<T>(rounds: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut once = || {
        let start = Instant::now();
        let value = work();
        (start.elapsed().as_secs_f64(), value)
    };
    let mut found = once();
    for _ in 1..rounds {
        let (seconds, value) = once();
        found = (found.0.min(seconds), value);
    }
    found
}

/// Peak memory of this process so far in bytes (Linux); `None` elsewhere.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Lets the peak begin anew from what is held now, so that the computation is seen apart from the loading.
pub fn forget_peak() {
    // Where the system does not allow it the figure includes the loading and is too high, never too low.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Prints peak memory against the inputs, one byte a voxel.
pub fn print_memory(figures: &serde_json::Value, maps: usize) {
    let inputs = shape().iter().product::<usize>() as f64 * maps as f64;
    let of = |name: &str| {
        figures[name].as_u64().map_or_else(|| "–".to_owned(), |b| format!("{:.0} MB = {:.2} × inputs", b as f64 / 1e6, b as f64 / inputs))
    };
    println!(
        "peak memory of ours: {} while computing, {} with loading (inputs {:.0} MB, aim at most 2 ×)",
        of("peak"),
        of("peak_with_loading"),
        inputs / 1e6
    );
}
