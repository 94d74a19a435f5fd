//! `osteon convert`: every volume of a file or folder as NIfTI-1, with an index.

use super::output::counted;
use super::place;
use crate::io::{IoError, Reading, Skipped, SourceVolume, Watch, atomic_write, read_path, write_raw_nifti};
use crate::study::Layout;
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Convert to NIfTI.
#[derive(Args, Debug)]
pub struct ConvertArgs {
    /// A NIfTI, DICOM, PNG or JPEG file, or a folder of them
    pub path: PathBuf,
    /// Folder for the NIfTI files and `index.json`
    pub out_dir: PathBuf,
}

/// What says which file was made of what.
const INDEX: &str = "index.json";

/// Writes every volume that can be read and says on stderr what was left out. A file that is there, be it a source, stays as it is.
///
/// # Errors
/// If a file of that name is there, or none could be written; the message is one line.
pub fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    let Reading { volumes, mut skipped } = read_path(&args.path, &Watch::quiet())?;
    let out = &args.out_dir;
    Layout::refuse_target(out)?;
    // Before anything is written: half a conversion beside an older one would be neither.
    for file in volumes.iter().map(file_name).chain([INDEX.to_owned()]) {
        place::require_free(&out.join(file), "choose another folder to convert to")?;
    }
    std::fs::create_dir_all(out)
        .with_context(|| format!("{}: the folder cannot be made; choose another one", out.display()))
        .map_err(one_line)?;
    let mut items = Vec::new();
    let mut last_error = None;
    for volume in volumes {
        match write(&volume, out) {
            Ok(item) => items.push(item),
            // A full disk will not have room for the next volume either.
            Err(error @ IoError::Save(_)) => return Err(error.into()),
            Err(error) => {
                skipped.push(Skipped { path: volume.path().into(), why: error.to_string() });
                last_error = Some(error);
            }
        }
    }
    if let (true, Some(error)) = (items.is_empty(), last_error) {
        return Err(error.into());
    }
    for s in &skipped {
        eprintln!("skipped: {}", s.why);
    }
    let written = items.len();
    let left_out: Vec<Value> = skipped.iter().map(|s| json!({"path": s.path.display().to_string(), "why": s.why})).collect();
    let index = serde_json::to_vec_pretty(&json!({"items": items, "skipped": left_out}))?;
    atomic_write(&out.join(INDEX), |w| w.write_all(&index))?;
    eprintln!("{} written to {}", counted(written, "volume"), out.display());
    Ok(())
}

fn file_name(volume: &SourceVolume) -> String {
    format!("{}.nii.gz", volume.name())
}

fn write(volume: &SourceVolume, out: &Path) -> Result<Value, IoError> {
    let file = file_name(volume);
    write_raw_nifti(&out.join(&file), volume.raw()?.as_ref())?;
    let findings: Vec<Value> = volume.findings().iter().map(|f| json!({"code": f.code.as_str(), "text": f.text})).collect();
    Ok(json!({"file": file, "source": volume.path().display().to_string(), "kind": volume.kind().as_str(), "findings": findings}))
}

/// The chain of causes on one line.
fn one_line(error: anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}
