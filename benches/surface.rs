//! HD95 and ASSD of two readers of 512 × 512 × 200, against scipy (one pass for both figures) and MedPy in the same run.
//! `cargo bench --bench surface` (`-- --small` tries it on a small volume). Maps are loaded before the clock starts.
//! Aim: at least 10 × as fast, peak memory at most twice the inputs (the four readers' maps).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot run says why and stops")]

#[path = "common/readers.rs"]
mod readers;

use osteon::agreement::Comparison;
use osteon::io::read_labels_nifti;
use osteon::volume::Labels;
use readers::{best, forget_peak, measuring, ours, peak_memory, print_memory, rival, shape, write_readers};
use std::path::Path;

/// Everything painted.
const LEVEL: &[u8] = &[1, 2, 3];

const RIVAL: &str = r#"
import json, sys, time
import numpy as np, nibabel as nib
from scipy import ndimage
from medpy.metric.binary import hd95, assd
folder = sys.argv[1]
images = [nib.load(f'{folder}/reader{n}.nii.gz') for n in (1, 2)]
spacing = [float(z) for z in images[0].header.get_zooms()]
a, b = (np.asanyarray(image.dataobj) > 0 for image in images)

def surface(mask):
    return mask & ~ndimage.binary_erosion(mask)

start = time.perf_counter()
on_a, on_b = surface(a), surface(b)
to_b = ndimage.distance_transform_edt(~on_b, sampling=spacing)[on_a]
to_a = ndimage.distance_transform_edt(~on_a, sampling=spacing)[on_b]
pooled = np.concatenate([to_b, to_a])
figures = {'hd95': float(np.percentile(pooled, 95)), 'assd': float((to_b.mean() + to_a.mean()) / 2), 'surface': len(pooled)}
figures['scipy_s'] = time.perf_counter() - start
start = time.perf_counter()
figures['medpy_hd95'] = float(hd95(a, b, voxelspacing=spacing))
figures['medpy_hd95_s'] = time.perf_counter() - start
start = time.perf_counter()
figures['medpy_assd'] = float(assd(a, b, voxelspacing=spacing))
figures['medpy_assd_s'] = time.perf_counter() - start
print(json.dumps(figures))
"#;

fn measure(folder: &Path) {
    // All four are held, as they are when a study is compared.
    let maps: Vec<Labels> = (1..=readers::READERS).map(|n| read_labels_nifti(&folder.join(format!("reader{n}.nii.gz"))).unwrap()).collect();
    let with_loading = peak_memory();
    forget_peak();
    let (seconds, surface) = best(3, || Comparison::new(&maps[0], &maps[1]).unwrap().surface(LEVEL));
    let peak = peak_memory();
    let figures = serde_json::json!({
        "seconds": seconds, "hd95": surface.hd95_pooled(), "assd": surface.assd_mean_directed(), "assd_pooled": surface.assd_pooled(), "assd_pooled": surface.assd_pooled(),
        "surface": surface.surface_voxels_a().zip(surface.surface_voxels_b()).map(|(a, b)| a + b),
        "peak": peak, "peak_with_loading": with_loading.max(peak),
        "threads": std::thread::available_parallelism().map_or(1, usize::from),
    });
    println!("{figures}");
}

fn main() {
    if let Some(folder) = measuring() {
        return measure(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    write_readers(folder.path());
    let ours = ours(folder.path());
    let theirs = rival(RIVAL, folder.path());
    let (of, rival) = (|name: &str| ours[name].as_f64().unwrap(), |name: &str| theirs[name].as_f64().unwrap());
    // The header keeps spacings as 32-bit numbers. MedPy averages both lists together.
    for (name, other) in [("hd95", "hd95"), ("hd95", "medpy_hd95"), ("assd", "assd"), ("assd_pooled", "medpy_assd")] {
        assert!((of(name) / rival(other) - 1.0).abs() < 1e-5, "{name}: {} and {}", of(name), rival(other));
    }
    assert_eq!(ours["surface"], theirs["surface"], "surface voxels");
    let [i, j, k] = shape();
    println!("2 maps of {i} × {j} × {k}, {} surface voxels, {} threads", ours["surface"], ours["threads"]);
    println!("HD95 {:.3} mm and ASSD {:.3} mm: ours {:.3} s", of("hd95"), of("assd"), of("seconds"));
    println!("scipy, both in one pass: {:.1} s, ratio {:.1} (aim 10)", rival("scipy_s"), rival("scipy_s") / of("seconds"));
    let medpy = rival("medpy_hd95_s") + rival("medpy_assd_s");
    println!("MedPy: HD95 {:.1} s, ASSD {:.1} s, ratio {:.1}", rival("medpy_hd95_s"), rival("medpy_assd_s"), medpy / of("seconds"));
    print_memory(&ours, readers::READERS);
}
