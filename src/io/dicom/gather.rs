//! From files to volumes: series, then whatever tells the volumes of a series apart.

use super::super::finding::{Finding, FindingCode};
use super::super::raw::Dtype;
use super::super::source::{AffineSource, Plan, SourceFile, SourceKind, SourceVolume};
use super::frame::DicomFile;
use super::runs::{split_at_gaps, split_by_time};
use super::stack::{Slice, Stack};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// What slices of one volume have in common beside their series.
#[derive(Clone, Debug)]
struct Kind {
    size: (u16, u16),
    number: (Dtype, bool),
    /// Row and column direction where the place is known.
    directions: Option<[[f64; 3]; 3]>,
    spacing_um: Option<[i64; 2]>,
    echo: (Option<u32>, Option<i64>),
    image_type: String,
}

impl Kind {
    fn of(slice: &Slice) -> Self {
        let (frame, format) = (slice.frame(), &slice.file.format);
        let thousandth = |v: f64| (v * 1000.0).round() as i64;
        Self {
            size: (format.columns, format.rows),
            number: (format.dtype, slice.file.monochrome1),
            directions: if slice.has_place() { slice.directions() } else { None },
            spacing_um: frame.spacing_mm.map(|s| s.map(thousandth)),
            echo: (frame.echo_number, frame.echo_time_ms.map(thousandth)),
            image_type: frame.image_type.clone(),
        }
    }

    /// Directions may differ by rounding; all else must be equal.
    fn same(&self, other: &Self) -> bool {
        let parallel = match (&self.directions, &other.directions) {
            (None, None) => true,
            (Some(a), Some(b)) => same_directions(a, b),
            _ => false,
        };
        parallel
            && self.size == other.size
            && self.number == other.number
            && self.spacing_um == other.spacing_um
            && self.echo == other.echo
            && self.image_type == other.image_type
    }
}

fn same_directions(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> bool {
    a.iter().flatten().zip(b.iter().flatten()).all(|(x, y)| (x - y).abs() < 1e-3)
}

/// Makes volumes of files. Files that are copies of one another count once; their paths come back as the second part.
pub(in super::super) fn gather(files: Vec<DicomFile>) -> (Vec<SourceVolume>, Vec<PathBuf>) {
    let mut seen = HashSet::new();
    let mut copies = Vec::new();
    let mut copied = HashSet::new();
    let mut series: Vec<(String, Vec<Arc<DicomFile>>)> = Vec::new();
    let mut number_of: BTreeMap<String, usize> = BTreeMap::new();
    for file in files {
        if !seen.insert(file.sha256.clone()) {
            copies.push(file.path);
            copied.insert(file.sha256);
            continue;
        }
        let n = *number_of.entry(file.series.clone()).or_insert(series.len());
        if n == series.len() {
            series.push((file.series.clone(), Vec::new()));
        }
        series[n].1.push(Arc::new(file));
    }
    let mut volumes: Vec<SourceVolume> = series.into_iter().flat_map(|(_, files)| volumes_of_series(&files)).collect();
    for volume in &mut volumes {
        let twice = volume.sources.iter().filter(|s| copied.contains(&s.sha256)).count();
        if twice > 0 {
            volume
                .findings
                .push(Finding::new(FindingCode::DuplicateSlice, format!("{twice} files occur more than once; copies were left out")));
        }
    }
    (volumes, copies)
}

fn volumes_of_series(files: &[Arc<DicomFile>]) -> Vec<SourceVolume> {
    let slices = files.iter().flat_map(|file| (0..file.frames.len()).map(|number| Slice { file: Arc::clone(file), number }));
    let mut kinds: Vec<(Kind, Vec<Slice>)> = Vec::new();
    for slice in slices {
        let kind = Kind::of(&slice);
        match kinds.iter_mut().find(|(k, _)| k.same(&kind)) {
            Some((_, members)) => members.push(slice),
            None => kinds.push((kind, vec![slice])),
        }
    }
    let common = findings_of_split(&kinds);
    let echoes: BTreeSet<_> = kinds.iter().map(|(k, _)| k.echo).collect();
    let mut volumes = Vec::new();
    for (kind, members) in kinds {
        let rank = echoes.iter().position(|e| *e == kind.echo).unwrap_or(0) + 1;
        let suffix = if echoes.len() > 1 { format!("_echo{rank}") } else { String::new() };
        let mut findings = common.clone();
        if kind.directions.is_none() {
            volumes.extend(without_place(members, &findings, &suffix));
            continue;
        }
        for at_one_time in split_by_time(members, &mut findings) {
            let mut of_this_time = findings.clone();
            for part in split_at_gaps(at_one_time, &mut of_this_time) {
                let mut own = of_this_time.clone();
                if let Some(stack) = Stack::placed(part, &mut own) {
                    volumes.push(volume(stack, own, AffineSource::Dicom, &suffix));
                }
            }
        }
    }
    volumes
}

/// One volume per file: nothing says which images belong together.
fn without_place(members: Vec<Slice>, common: &[Finding], suffix: &str) -> Vec<SourceVolume> {
    let mut files: Vec<Vec<Slice>> = Vec::new();
    for slice in members {
        match files.last_mut() {
            Some(file) if Arc::ptr_eq(&file[0].file, &slice.file) => file.push(slice),
            _ => files.push(vec![slice]),
        }
    }
    let stacks = files.into_iter().filter_map(Stack::unplaced);
    stacks
        .map(|stack| {
            let size = if stack.has_pixel_size() { "" } else { "; nor how large its pixels are, so that one counts as 1 mm" };
            let text = format!("the image does not say where it lies in the patient: left and right are those of the picture{size}");
            let findings = common.iter().cloned().chain([Finding::new(FindingCode::NoGeometry, text)]).collect();
            volume(stack, findings, AffineSource::None, suffix)
        })
        .collect()
}

fn findings_of_split(kinds: &[(Kind, Vec<Slice>)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut differs = |code: FindingCode, what: &str, differ: &dyn Fn(&Kind, &Kind) -> bool| {
        if kinds.iter().any(|(k, _)| differ(k, &kinds[0].0)) {
            findings.push(Finding::new(code, format!("the series holds images of different {what}; it was split")));
        }
    };
    differs(FindingCode::MultiEcho, "echo times", &|a, b| a.echo != b.echo);
    differs(FindingCode::MixedSize, "size", &|a, b| a.size != b.size || a.spacing_um != b.spacing_um);
    differs(FindingCode::MixedImageType, "image type", &|a, b| a.image_type != b.image_type || a.number != b.number);
    differs(FindingCode::MixedOrientation, "orientation", &|a, b| match (&a.directions, &b.directions) {
        (Some(a), Some(b)) => !same_directions(a, b),
        (a, b) => a.is_some() != b.is_some(),
    });
    findings
}

fn volume(stack: Stack, mut findings: Vec<Finding>, affine_source: AffineSource, suffix: &str) -> SourceVolume {
    let file = Arc::clone(&stack.slices[0].file);
    let frame = stack.slices[0].frame().clone();
    if file.monochrome1 {
        findings.push(Finding::new(FindingCode::Monochrome1, "high values are dark (MONOCHROME1): inverted on display, not in the values"));
    }
    if file.mosaic.is_some() {
        findings.push(Finding::new(FindingCode::Mosaic, "the slices stood side by side in one picture (Siemens mosaic) and were unpacked"));
    }
    let mut acquisition = file.acquisition.clone();
    acquisition.echo_number = frame.echo_number;
    acquisition.te_ms = frame.echo_time_ms.or(acquisition.te_ms);
    acquisition.image_type = (!frame.image_type.is_empty()).then(|| frame.image_type.clone());
    let mut listed = HashSet::new();
    let used = stack.slices.iter().map(|s| &s.file).filter(|f| listed.insert(Arc::as_ptr(f)));
    let sources = used.map(|f| SourceFile { path: f.path.clone(), sha256: f.sha256.clone() }).collect();
    SourceVolume {
        name: format!("{}{suffix}", file.series_name),
        path: file.path.clone(),
        kind: SourceKind::Dicom,
        shape: stack.shape.to_vec(),
        dtype: file.format.dtype,
        world_from_voxel: stack.world_from_voxel.clone(),
        affine_source,
        findings,
        acquisition,
        identity: Some(file.identity.clone()),
        sources,
        burned_in_suspected: stack.slices.iter().any(|s| s.file.burned_in_suspected),
        damaged_beside: None,
        plan: Plan::Dicom(stack),
        kept: OnceLock::new(),
    }
}
