//! STAPLE of three levels and joint STAPLE of 4 readers of 512 × 512 × 200, against SimpleITK in the same run.
//! `cargo bench --bench staple` (`-- --small` tries it on a small volume). Files are loaded before the clock starts on either
//! side. Ours counts votes, estimates, and paints the masks; written apart: with probabilities as one number per voxel, too.
//! Aim: at least 200 × as fast, peak memory at most twice the inputs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot run says why and stops")]

#[path = "common/readers.rs"]
mod readers;

use osteon::consensus::{JointOptions, JointStart, Staple, StapleOptions, VotePatterns, binary_staple, joint_staple};
use osteon::io::read_labels_nifti;
use osteon::volume::Labels;
use readers::{best, forget_peak, measuring, ours, peak_memory, print_memory, rival, shape, write_readers};
use std::path::Path;

const LEVELS: [&[u8]; 3] = [&[1], &[2], &[3]];

const RIVAL: &str = r#"
import json, sys, time
import SimpleITK as sitk
folder = sys.argv[1]
maps = [sitk.ReadImage(f'{folder}/reader{n}.nii.gz', sitk.sitkUInt8) for n in (1, 2, 3, 4)]
out = {'version': sitk.Version_VersionString(), 'levels': []}
total = 0.0
for level in (1, 2, 3):
    staple = sitk.STAPLEImageFilter()
    staple.SetForegroundValue(level)
    start = time.perf_counter()
    weights = staple.Execute(maps)
    total += time.perf_counter() - start
    stats = sitk.StatisticsImageFilter()
    stats.Execute(sitk.Cast(weights >= 0.5, sitk.sitkUInt8))
    out['levels'].append({'sensitivity': list(staple.GetSensitivity()), 'specificity': list(staple.GetSpecificity()),
                          'iterations': staple.GetElapsedIterations(), 'voxels': int(stats.GetSum())})
    del weights
out['staple_s'] = total
joint = sitk.MultiLabelSTAPLEImageFilter()
start = time.perf_counter()
labels = joint.Execute(maps)
out['joint_s'] = time.perf_counter() - start
shape = sitk.LabelShapeStatisticsImageFilter()
shape.Execute(labels)
out['joint_voxels'] = [shape.GetNumberOfPixels(l) if shape.HasLabel(l) else 0 for l in (1, 2, 3)]
print(json.dumps(out))
"#;

/// What one run of ours gives.
struct Run {
    staple: Vec<Staple>,
    masks: Vec<Labels>,
    joint: Labels,
}

fn run(maps: &[&Labels], joint_start: JointStart) -> Run {
    let patterns = VotePatterns::count(maps).unwrap();
    let staple: Vec<Staple> = LEVELS.iter().map(|level| binary_staple(&patterns, level, &StapleOptions::default())).collect();
    let mask = |s: &Staple| patterns.paint(&s.pattern_probability().iter().map(|w| u8::from(*w >= 0.5)).collect::<Vec<_>>());
    let masks = staple.iter().map(mask).collect();
    let joint = joint_staple(patterns.table(), &JointOptions { start: joint_start, ..JointOptions::default() });
    Run { staple, masks, joint: patterns.paint(&joint.pattern_labels()) }
}

fn measure(folder: &Path) {
    let maps: Vec<Labels> = (1..=readers::READERS).map(|n| read_labels_nifti(&folder.join(format!("reader{n}.nii.gz"))).unwrap()).collect();
    let maps: Vec<&Labels> = maps.iter().collect();
    let with_loading = peak_memory();
    forget_peak();
    let (count_s, patterns) = best(3, || VotePatterns::count(&maps).unwrap());
    let distinct = patterns.table().len();
    let (all_s, found) = best(3, || run(&maps, JointStart::Votes));
    let peak = peak_memory();
    // SimpleITK hands out W as an image; so do we when asked to.
    let (spread_s, _) = best(2, || {
        found.staple.iter().map(|s| patterns.spread(&s.pattern_probability()).iter().map(|w| f64::from(*w)).sum::<f64>()).sum::<f64>()
    });
    let levels: Vec<_> = found
        .staple
        .iter()
        .zip(&found.masks)
        .map(|(s, mask)| {
            let rates = |values: &[Option<f64>]| values.iter().map(|v| v.unwrap_or(f64::NAN)).collect::<Vec<_>>();
            serde_json::json!({
                "sensitivity": rates(s.sensitivity()), "specificity": rates(s.specificity()), "iterations": s.iterations(),
                "voxels": mask.counts().of(1),
            })
        })
        .collect();
    let joint = found.joint.counts();
    let figures = serde_json::json!({
        "count_s": count_s, "all_s": all_s, "spread_s": spread_s, "patterns": distinct, "levels": levels,
        "joint_voxels": [joint.of(1), joint.of(2), joint.of(3)], "peak": peak, "peak_with_loading": with_loading.max(peak),
        "threads": std::thread::available_parallelism().map_or(1, usize::from),
    });
    println!("{figures}");
}

/// Both sides must have worked out the same before their times are worth anything.
fn agree(ours: &serde_json::Value, theirs: &serde_json::Value) {
    for (level, (a, b)) in ours["levels"].as_array().unwrap().iter().zip(theirs["levels"].as_array().unwrap()).enumerate() {
        for rate in ["sensitivity", "specificity"] {
            for (x, y) in a[rate].as_array().unwrap().iter().zip(b[rate].as_array().unwrap()) {
                let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
                assert!((x - y).abs() < 1e-4, "level {}: {rate} {x} and {y}", level + 1);
            }
        }
        assert_eq!(a["voxels"], b["voxels"], "level {}: voxels of the consensus", level + 1);
    }
    assert_eq!(ours["joint_voxels"], theirs["joint_voxels"], "joint STAPLE");
}

fn main() {
    if let Some(folder) = measuring() {
        return measure(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    write_readers(folder.path());
    let ours = ours(folder.path());
    let theirs = rival(RIVAL, folder.path());
    agree(&ours, &theirs);
    let (of, rival) = (|name: &str| ours[name].as_f64().unwrap(), |name: &str| theirs[name].as_f64().unwrap());
    let [i, j, k] = shape();
    println!(
        "4 readers of {i} × {j} × {k}, {} vote patterns, {} threads, SimpleITK {}",
        ours["patterns"], ours["threads"], theirs["version"]
    );
    println!(
        "ours: counting {:.3} s, everything with masks {:.3} s, probabilities as images {:.3} s more",
        of("count_s"),
        of("all_s"),
        of("spread_s")
    );
    println!("SimpleITK: STAPLE of three levels {:.1} s, joint {:.1} s", rival("staple_s"), rival("joint_s"));
    let total = rival("staple_s") + rival("joint_s");
    println!("ratio {:.0} (aim 200); with probabilities as images {:.0}", total / of("all_s"), total / (of("all_s") + of("spread_s")));
    print_memory(&ours, readers::READERS);
}
