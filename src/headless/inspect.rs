//! `osteon inspect`: what a file or folder holds, as text or JSON (`reference/images/README.md` has the schema).

use crate::io::{RawStats, Reading, Skipped, SourceVolume, Watch, read_path};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What a file or folder holds.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// A NIfTI, DICOM, PNG or JPEG file, or a folder of them
    pub path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints every volume that can be read.
///
/// # Errors
/// If there is none; the message is one line.
pub fn run(args: &InspectArgs) -> anyhow::Result<()> {
    let Reading { volumes, mut skipped } = read_path(&args.path, &Watch::quiet())?;
    let mut items = Vec::new();
    let mut last_error = None;
    // By value, so that the voxels of one volume are let go before the next is read.
    for volume in volumes {
        match measured(&volume) {
            Ok(stats) if args.json => items.push(item(&volume, &stats)),
            Ok(stats) => {
                print!("{}", in_words(&volume, &stats));
                items.push(Value::Null);
            }
            Err(error) => {
                skipped.push(Skipped { path: volume.path().into(), why: error.to_string() });
                last_error = Some(error);
            }
        }
    }
    if let (true, Some(error)) = (items.is_empty(), last_error) {
        return Err(error.into());
    }
    if args.json {
        let skipped: Vec<Value> = skipped.iter().map(|s| json!({"path": s.path.display().to_string(), "why": s.why})).collect();
        println!("{}", json!({"items": items, "skipped": skipped}));
    } else {
        for s in &skipped {
            println!("skipped: {}", s.why);
        }
    }
    Ok(())
}

struct Measured {
    stats: RawStats,
    dtype: &'static str,
}

fn measured(volume: &SourceVolume) -> Result<Measured, crate::io::IoError> {
    let raw = volume.raw()?;
    let stats = raw.stats();
    Ok(Measured { stats, dtype: raw.value_dtype(&stats).name() })
}

fn item(volume: &SourceVolume, m: &Measured) -> Value {
    let affine = volume.world_from_voxel();
    let nifti = volume.kind() == crate::io::SourceKind::Nifti;
    let mut findings: Vec<Value> = volume.findings().iter().map(|f| json!({"code": f.code.as_str(), "text": f.text})).collect();
    let is_told = volume.findings().iter().any(|f| f.code == crate::io::FindingCode::NonFinite);
    let non_finite = crate::io::Finding::non_finite(m.stats.non_finite).filter(|_| !is_told);
    findings.extend(non_finite.map(|f| json!({"code": f.code.as_str(), "text": f.text})));
    json!({
        "path": volume.path().display().to_string(),
        "name": volume.name(),
        "kind": volume.kind().as_str(),
        "shape": volume.shape(),
        "spacing_mm": affine.spacing().mm(),
        "affine_ras": affine.matrix(),
        "affine_source": volume.affine_source().as_str(),
        // NIfTI: as stored. DICOM: a type that holds the scaled values.
        "dtype": if nifti { volume.stored_dtype().name() } else { m.dtype },
        "stats": {"min": m.stats.min, "max": m.stats.max, "mean": m.stats.mean},
        "findings": findings,
    })
}

fn in_words(volume: &SourceVolume, m: &Measured) -> String {
    let shape: Vec<String> = volume.shape().iter().map(ToString::to_string).collect();
    let [a, b, c] = volume.world_from_voxel().spacing().mm();
    let codes = crate::space::axis_codes(volume.world_from_voxel()).map(crate::space::Anatomical::letter);
    let place = if volume.has_geometry() { codes.iter().collect() } else { "unknown".to_string() };
    let mut text = format!(
        "{} ({}, {} files)\n  {} voxels of {a:.3} x {b:.3} x {c:.3} mm, axes towards {place}, {}, values {} to {}, mean {:.3}\n",
        volume.name(),
        volume.kind().as_str(),
        volume.sources().len(),
        shape.join(" x "),
        m.dtype,
        m.stats.min,
        m.stats.max,
        m.stats.mean
    );
    for finding in volume.findings() {
        text.push_str(&format!("  {}: {}\n", finding.code.as_str(), finding.text));
    }
    text
}
