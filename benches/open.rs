//! Opening and writing beside nibabel and pydicom, in one run: `cargo bench --bench open [-- --rounds 5]`.
//!
//! Both read the same files of this machine's cache into grey values in memory; the best of the rounds counts on each side.
//! Aims: .nii.gz at least 1.5 × nibabel, a series of 200 slices at least 5 × pydicom, writing at least 2 × nibabel at the same size.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot run says why and stops")]

use osteon::io::{Watch, read_path, write_raw_nifti};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Makes the files, or measures the rival on them; prints one JSON object.
const RIVAL: &str = r#"
import json, os, sys, time
import numpy as np, nibabel as nib, pydicom
what, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
nii, out, series = os.path.join(folder, 'in.nii.gz'), os.path.join(folder, 'theirs.nii.gz'), os.path.join(folder, 'series')

def best(work):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)

def make():
    rng = np.random.default_rng(1)
    i, j, k = np.meshgrid(np.linspace(-1, 1, 512), np.linspace(-1, 1, 512), np.linspace(-1, 1, 60), indexing='ij')
    body = 900 * np.exp(-3 * (i * i + j * j)) * (1 + 0.3 * np.sin(9 * i) * np.cos(7 * j + 2 * k))
    # Rician noise; air of zeros as most scanners write it.
    noisy = np.hypot(body + rng.normal(0, 12, body.shape), rng.normal(0, 12, body.shape))
    noisy[i * i + j * j > 0.8] = 0
    image = nib.Nifti1Image(noisy.astype(np.int16), np.diag([0.5, 0.5, 3.5, 1]))
    nib.save(image, nii)
    os.makedirs(series, exist_ok=True)
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid
    uid, study = generate_uid(), generate_uid()
    for n in range(200):
        d = Dataset()
        d.file_meta = FileMetaDataset()
        d.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        d.file_meta.MediaStorageSOPClassUID = d.SOPClassUID = '1.2.840.10008.5.1.4.1.1.4'
        d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID = generate_uid()
        d.SeriesInstanceUID, d.StudyInstanceUID, d.Modality, d.InstanceNumber = uid, study, 'MR', 200 - n
        d.Rows, d.Columns, d.BitsAllocated, d.BitsStored, d.HighBit, d.PixelRepresentation = 256, 256, 16, 12, 11, 0
        d.SamplesPerPixel, d.PhotometricInterpretation = 1, 'MONOCHROME2'
        d.PixelSpacing, d.SliceThickness = [0.7, 0.7], 1
        d.ImageOrientationPatient, d.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-90, -90, float(n)]
        d.RescaleSlope, d.RescaleIntercept, d.BurnedInAnnotation = 1.5, 10, 'NO'
        d.PixelData = noisy[:256, :256, n % 60].astype(np.uint16).tobytes()
        d.save_as(os.path.join(series, f'{n * 7919 % 200:04}.dcm'), enforce_file_format=True)

def read_series():
    slices = [pydicom.dcmread(os.path.join(series, name)) for name in os.listdir(series)]
    slices.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    return np.stack([d.pixel_array.astype(np.float32) * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices], axis=-1)

if what == 'make':
    make()
    print('{}')
else:
    loaded = nib.load(nii)
    data, affine = np.asanyarray(loaded.dataobj), loaded.affine
    figures = {
        'read_s': best(lambda: np.asanyarray(nib.load(nii).dataobj)),
        'series_s': best(read_series),
        'write_s': best(lambda: nib.save(nib.Nifti1Image(data, affine), out)),
        'bytes': os.path.getsize(out),
        'checksum': int(data.astype(np.int64).sum()), 'series_checksum': float(read_series().astype(np.float64).sum()),
    }
    print(json.dumps(figures))
"#;

fn rival(what: &str, folder: &Path, rounds: usize) -> serde_json::Value {
    let rounds = rounds.to_string();
    let output = Command::new("python3").args(["-c", RIVAL, what, folder.to_str().unwrap(), &rounds]).output().expect("python3 is needed");
    assert!(output.status.success(), "nibabel, numpy and pydicom are needed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn best(rounds: usize, mut work: impl FnMut()) -> f64 {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| time(&mut work)).fold(f64::INFINITY, f64::min)
}

fn main() {
    let rounds = std::env::args().skip_while(|a| a != "--rounds").nth(1).and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    rival("make", folder.path(), 1);
    let (nii, series, ours) = (folder.path().join("in.nii.gz"), folder.path().join("series"), folder.path().join("ours.nii.gz"));
    let open = |path: &Path| read_path(path, &Watch::quiet()).unwrap().volumes.remove(0);
    let sum = |path: &Path| open(path).image(0).unwrap().values().iter().map(|v| f64::from(*v)).sum::<f64>();
    let raw = open(&nii).raw().unwrap();
    let read_s = best(rounds, || drop(open(&nii).image(0).unwrap()));
    let series_s = best(rounds, || drop(open(&series).image(0).unwrap()));
    let write_s = best(rounds, || write_raw_nifti(&ours, &raw).unwrap());
    let bytes = std::fs::metadata(&ours).unwrap().len();
    let theirs = rival("measure", folder.path(), rounds);
    let figure = |name: &str| theirs[name].as_f64().unwrap();
    // Both sides hold the same grey values.
    assert!((sum(&nii) - figure("checksum")).abs() < 1.0);
    assert!((sum(&series) / figure("series_checksum") - 1.0).abs() < 1e-6);
    let line = |what: &str, ours: f64, rival: f64, name: &str, aim: f64| {
        println!("{what:<38} {:>8.1} ms   {name} {:>8.1} ms   ratio {:>6.2} (aim {aim})", ours * 1e3, rival * 1e3, rival / ours);
    };
    line("read 512 × 512 × 60 int16 .nii.gz", read_s, figure("read_s"), "nibabel", 1.5);
    line("read a DICOM series of 200 slices", series_s, figure("series_s"), "pydicom", 5.0);
    line("write 512 × 512 × 60 int16 .nii.gz", write_s, figure("write_s"), "nibabel", 2.0);
    println!("written: {bytes} bytes, nibabel {} bytes", figure("bytes"));
}
