//! Where the frames of a segmentation lie: on one straight stack of slices, evenly spaced or each at a place of its own.

use super::super::super::error::IoError;
use super::super::data_set::View;
use super::super::stack::{cross, dot, unit};
use super::super::tags;
use crate::space::Affine;
use crate::volume::Grid;
use std::path::Path;

/// Slices between the first and the last frame that are still taken.
const MOST_SLICES: usize = 10_000;
/// Positions along the normal that differ by less, in slices, are one slice.
const SAME_SLICE: f64 = 0.05;
/// The same in mm, where it is not known how far slices lie apart.
const SAME_MM: f64 = 0.01;
/// A frame may lie this far from the line of the others, in pixels.
const ASIDE: f64 = 0.1;

/// Where the slices of a segmentation lie.
#[derive(Clone, Debug, PartialEq)]
pub enum SlicePlaces {
    /// Where the grid has them.
    Grid,
    /// The file does not say how far slices lie apart, or there is but one, so that nothing is known of what lies between them: the
    /// grid only counts them, and this is where the first voxel of each lies (RAS+ mm).
    Each(Vec<[f64; 3]>),
}

/// Position and segment of one frame.
pub(super) struct SegFrame {
    pub position_lps: [f64; 3],
    pub segment: u8,
}

/// A grid, where its slices lie, and the slice of each frame.
pub(super) struct LaidOut {
    pub grid: Grid,
    pub places: SlicePlaces,
    pub slices: Vec<usize>,
}

/// Position and segment of each frame.
pub(super) fn placed_frames(path: &Path, view: &View<'_>, count: usize, named: bool) -> Result<Vec<SegFrame>, IoError> {
    let shared = view.items(tags::SHARED_GROUPS).next();
    let own: Vec<View<'_>> = view.items(tags::PER_FRAME_GROUPS).collect();
    if own.len() < count {
        return Err(IoError::damaged(path, "the segmentation does not say what each of its frames shows"));
    }
    let turned = |frame: &View<'_>| {
        let of = |frame: &View<'_>| frame.items(tags::PLANE_ORIENTATION_SEQUENCE).next().and_then(|v| v.array::<6>(tags::ORIENTATION));
        of(frame).zip(of(&own[0])).is_some_and(|(a, b)| a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 1e-4))
    };
    if own.iter().take(count).any(turned) {
        return Err(IoError::unsupported(path, "a segmentation whose frames are turned against each other is not read"));
    }
    own.iter()
        .take(count)
        .map(|frame| {
            let within = |sequence: u32| frame.items(sequence).next().or_else(|| shared.and_then(|s| s.items(sequence).next()));
            let position = within(tags::PLANE_POSITION_SEQUENCE).and_then(|v| v.array(tags::POSITION));
            let segment = within(tags::SEGMENT_IDENTIFICATION_SEQUENCE).and_then(|v| v.u16(tags::REFERENCED_SEGMENT));
            let segment = segment.and_then(|s| u8::try_from(s).ok()).filter(|s| *s > 0).or((!named).then_some(1));
            match (position, segment) {
                (Some(position_lps), Some(segment)) => Ok(SegFrame { position_lps, segment }),
                (None, _) => Err(IoError::unsupported(path, "the segmentation does not say where its frames lie")),
                (_, None) => Err(IoError::unsupported(path, "a frame names no segment between 1 and 255")),
            }
        })
        .collect()
}

/// What all frames have in common; lengths in mm, LPS.
struct Planes {
    row: [f64; 3],
    column: [f64; 3],
    normal: [f64; 3],
    between_rows: f64,
    between_columns: f64,
    /// Distance along the normal from slice to slice, where the file says so.
    between_slices: Option<f64>,
}

impl Planes {
    fn of(view: &View<'_>) -> Option<Self> {
        let groups = [view.items(tags::PER_FRAME_GROUPS).next(), view.items(tags::SHARED_GROUPS).next()];
        let within = |sequence: u32| groups.into_iter().flatten().find_map(|groups| groups.items(sequence).next());
        let o: [f64; 6] = within(tags::PLANE_ORIENTATION_SEQUENCE)?.array(tags::ORIENTATION)?;
        let measures = within(tags::PIXEL_MEASURES_SEQUENCE)?;
        let [between_rows, between_columns]: [f64; 2] = measures.array(tags::PIXEL_SPACING)?;
        let (row, column) = (unit([o[0], o[1], o[2]])?, unit([o[3], o[4], o[5]])?);
        // How thick slices are does not say how far they lie apart.
        let between_slices = measures.number(tags::SPACING_BETWEEN_SLICES).filter(|s| *s > 0.0);
        Some(Self { row, column, normal: unit(cross(row, column))?, between_rows, between_columns, between_slices })
    }

    /// The step along the stack for each mm along the normal. A stack with an oblique step has its shear here.
    fn line(&self, path: &Path, frames: &[SegFrame], along: &[f64], [first, last]: [usize; 2]) -> Result<[f64; 3], IoError> {
        let (from, to) = (frames[first].position_lps, frames[last].position_lps);
        let length = along[last] - along[first];
        let line = if length > SAME_MM { std::array::from_fn(|a| (to[a] - from[a]) / length) } else { self.normal };
        let allowed = (ASIDE * self.between_rows.min(self.between_columns)).max(SAME_MM);
        for (frame, at) in frames.iter().zip(along) {
            let off: [f64; 3] = std::array::from_fn(|a| frame.position_lps[a] - from[a] - line[a] * (at - along[first]));
            let aside = dot(off, off).sqrt();
            if aside > allowed {
                let why = format!("the frames of the segmentation do not lie on one straight line (one is {aside:.2} mm aside)");
                return Err(IoError::unsupported(path, why));
            }
        }
        Ok(line)
    }
}

/// The slices from the first to the last frame, and the slice of each frame.
pub(super) fn lay_out(path: &Path, view: &View<'_>, frames: &[SegFrame], pixels: [usize; 2]) -> Result<LaidOut, IoError> {
    let nowhere = || IoError::unsupported(path, "the segmentation does not say how its frames lie");
    let planes = Planes::of(view).ok_or_else(nowhere)?;
    let along: Vec<f64> = frames.iter().map(|f| dot(f.position_lps, planes.normal)).collect();
    let by_place = |a: &usize, b: &usize| along[*a].total_cmp(&along[*b]);
    let (first, last) = ((0..frames.len()).min_by(by_place), (0..frames.len()).max_by(by_place));
    let (first, last) = first.zip(last).ok_or_else(nowhere)?;
    let line = planes.line(path, frames, &along, [first, last])?;
    let length = along[last] - along[first];
    let even = planes.between_slices.filter(|step| {
        let is_whole = |at: &f64| ((at - along[first]) / step - ((at - along[first]) / step).round()).abs() < SAME_SLICE;
        length / step > 0.5 && along.iter().all(is_whole)
    });
    let (slices, step, places): (Vec<usize>, f64, _) = if let Some(told) = even {
        let most = (length / told).round();
        let slice = |at: &f64| ((at - along[first]) / told).round() as usize;
        // What was measured from end to end is more exact than what was told.
        (along.iter().map(slice).collect(), length / most, SlicePlaces::Grid)
    } else {
        let (slices, starts) = one_by_one(frames, &along);
        (slices, 1.0, SlicePlaces::Each(starts))
    };
    let count = slices.iter().max().map_or(1, |most| most + 1);
    if count > MOST_SLICES {
        let why = format!("{count} slices between the first and the last frame are more than the program takes");
        return Err(IoError::too_large(path, why));
    }
    let axes = [ras(planes.row, planes.between_columns), ras(planes.column, planes.between_rows), ras(line, step)];
    let affine = Affine::from_columns(axes, ras(frames[first].position_lps, 1.0)).map_err(|e| IoError::damaged(path, e.to_string()))?;
    let grid = Grid::new([pixels[0], pixels[1], count], affine).map_err(|e| IoError::too_large(path, e.to_string()))?;
    Ok(LaidOut { grid, places, slices })
}

/// Each position a slice, whatever lies between: the slice of each frame, and where each begins (RAS+).
fn one_by_one(frames: &[SegFrame], along: &[f64]) -> (Vec<usize>, Vec<[f64; 3]>) {
    let mut order: Vec<usize> = (0..frames.len()).collect();
    order.sort_by(|a, b| along[*a].total_cmp(&along[*b]));
    let (mut slices, mut starts, mut reached) = (vec![0; frames.len()], Vec::new(), f64::NEG_INFINITY);
    for frame in order {
        if along[frame] - reached > SAME_MM {
            starts.push(ras(frames[frame].position_lps, 1.0));
            reached = along[frame];
        }
        slices[frame] = starts.len().saturating_sub(1);
    }
    (slices, starts)
}

/// A direction or place of DICOM's (LPS) in ours.
fn ras(v: [f64; 3], by: f64) -> [f64; 3] {
    [-v[0] * by, -v[1] * by, v[2] * by]
}
