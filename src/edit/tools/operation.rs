//! Everything that changes labels without a stroke: plain data in, changes out. Pure, so that it may run in a worker.

use super::morph::{smoothed, with_margin, without_holes, without_islands};
use super::{Block, Scene, Scope, between_slices, fill, grow};
use crate::edit::CommitKind;
use crate::volume::Labels;

/// A voxel by its position in memory (see [`crate::volume::Grid::index`]), and the label it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Position in memory.
    pub at: u32,
    /// The label.
    pub label: u8,
}

/// What to do; labels are those of the scene's layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Labels the grey values of a band.
    Threshold {
        /// Lowest and highest, both included.
        band: [f32; 2],
        /// The label.
        label: u8,
    },
    /// Labels 1, 2 and 3 from three grey values upwards; what is below the first stays as it is.
    Levels {
        /// From where level 1, 2 and 3 begin, in ascending order.
        from: [f32; 3],
    },
    /// Fills the gaps between painted slices (shape-based): the gap at or beside one slice, or all.
    Interpolate {
        /// The label.
        label: u8,
        /// The slice; `None` = every gap.
        at: Option<usize>,
    },
    /// Takes over what is painted on another slice.
    CopySlice {
        /// From here (from 0).
        from: usize,
        /// To here.
        to: usize,
    },
    /// Fills a connected area of a slice.
    Fill {
        /// In-plane pixel that it starts from.
        seed_uv: [usize; 2],
        /// The slice.
        slice: usize,
        /// The label.
        label: u8,
        /// How far grey values may differ from the one at the seed; `None` = only labels bound the area.
        tolerance: Option<f32>,
        /// Gaps narrower than this are closed, in mm.
        gap_mm: f32,
    },
    /// Lets labels spread into what looks like them.
    Grow {
        /// How many standard deviations grey values may lie from the mean of a label.
        spread: f32,
    },
    /// Rounds a label's border off.
    Smooth {
        /// The label.
        label: u8,
        /// Standard deviation of the Gaussian in mm.
        sigma_mm: f32,
    },
    /// Fills what a label surrounds.
    FillHoles {
        /// The label.
        label: u8,
    },
    /// Takes small parts of a label away.
    RemoveIslands {
        /// The label.
        label: u8,
        /// Parts smaller than this go.
        below_mm3: f32,
    },
    /// Makes a label larger or smaller.
    Margin {
        /// The label.
        label: u8,
        /// By so many mm; negative = smaller.
        by_mm: f32,
    },
}

impl Operation {
    /// How the voxels came to be.
    #[must_use]
    pub const fn kind(&self) -> CommitKind {
        match self {
            Self::Threshold { .. } | Self::Levels { .. } | Self::Grow { .. } => CommitKind::Threshold,
            Self::Interpolate { .. } => CommitKind::Interpolated,
            Self::CopySlice { .. } => CommitKind::Copied,
            Self::Fill { .. } | Self::Smooth { .. } | Self::FillHoles { .. } | Self::RemoveIslands { .. } | Self::Margin { .. } => {
                CommitKind::Filled
            }
        }
    }

    /// Whether one slice of 512² takes no longer than a frame may wait.
    #[must_use]
    pub const fn is_quick(&self, scope: Scope) -> bool {
        let plain = matches!(self, Self::Threshold { .. } | Self::Levels { .. }) && matches!(scope, Scope::Slice(_));
        plain || matches!(self, Self::CopySlice { .. } | Self::Fill { tolerance: None, gap_mm: ..=0.0, .. })
    }

    /// The voxels to write, each with its label, all of them different from what is there. Labels are added only where the
    /// scene's rule allows it; they are taken away (margin, islands, smoothing) wherever the operation says so.
    /// `go_on` hears how far it is and says whether to go on; where it says no, nothing is given.
    #[must_use]
    pub fn writes(&self, scene: &Scene, scope: Scope, go_on: &dyn Fn(f32) -> bool) -> Vec<Write> {
        let found = match *self {
            Self::Threshold { band, label } => by_value(scene, scope, |v| if (band[0]..=band[1]).contains(&v) { label } else { 0 }),
            Self::Levels { from } => by_value(scene, scope, |v| (0..3).rev().find(|&n| v >= from[n]).map_or(0, |n| n as u8 + 1)),
            Self::Interpolate { label, at } => interpolated(scene, label, at, go_on),
            Self::CopySlice { from, to } => copied(scene, from, to),
            Self::Fill { seed_uv, slice, label, tolerance, gap_mm } => {
                let area = fill::Area { seed_uv, slice, tolerance, gap_mm: f64::from(gap_mm) };
                area.voxels(&scene.plane, &scene.layer, &scene.image).into_iter().map(|v| scene.write(v, label)).collect()
            }
            Self::Grow { spread } => grown(scene, scope, spread, go_on),
            Self::Smooth { label, sigma_mm } => {
                let sigma = f64::from(sigma_mm);
                reshaped(scene, scope, label, 3.0 * sigma, |block, inside| smoothed(block, inside, sigma, go_on))
            }
            Self::FillHoles { label } => reshaped(scene, scope, label, 0.0, |block, inside| without_holes(block, inside, go_on)),
            Self::RemoveIslands { label, below_mm3 } => reshaped(scene, scope, label, 0.0, |block, inside| {
                without_islands(block, inside, f64::from(below_mm3) / scene.layer.grid().world_from_voxel().voxel_mm3(), go_on)
            }),
            Self::Margin { label, by_mm } => {
                let by = f64::from(by_mm);
                reshaped(scene, scope, label, by.max(0.0), |block, inside| with_margin(block, inside, by, go_on))
            }
        };
        if !go_on(1.0) {
            return Vec::new();
        }
        let rule = scene.rule();
        let mut found = found;
        let grid = scene.layer.grid();
        found.retain(|write| {
            let voxel = grid.voxel(write.at as usize);
            scene.layer.get(voxel) != write.label && (write.label == 0 || rule.allows(&scene.layer, voxel))
        });
        found
    }
}

fn by_value(scene: &Scene, scope: Scope, label: impl Fn(f32) -> u8) -> Vec<Write> {
    let mut found = Vec::new();
    let block = Block::new(scene.layer.grid(), scene.bounds(scope));
    if !scene.image.grid().bounds().contains(block.bounds().hi.map(|h| h.saturating_sub(1))) {
        return found;
    }
    block.map(|voxel| match label(scene.image.get(voxel)) {
        0 => {}
        label => found.push(scene.write(voxel, label)),
    });
    found
}

/// Cells that a reshaped label gains (over background) and loses; nothing where `shape` was stopped.
fn reshaped(scene: &Scene, scope: Scope, label: u8, room_mm: f64, shape: impl Fn(&Block, &[bool]) -> Option<Vec<bool>>) -> Vec<Write> {
    if label == 0 || !room_mm.is_finite() {
        return Vec::new();
    }
    let block = scene.block_around(scope, room_mm, |l| l == label);
    let now = block.map(|voxel| scene.layer.get(voxel));
    let inside: Vec<bool> = now.iter().map(|l| *l == label).collect();
    let Some(after) = shape(&block, &inside) else { return Vec::new() };
    let change = |cell: usize| match (now[cell], after[cell]) {
        (0, true) => Some(scene.write(block.voxel(cell), label)),
        (l, false) if l == label => Some(scene.write(block.voxel(cell), 0)),
        _ => None,
    };
    (0..block.len().min(after.len())).filter_map(change).collect()
}

/// Room that labels may grow into, in mm around what is painted.
const GROWTH_MM: f64 = 40.0;

fn grown(scene: &Scene, scope: Scope, spread: f32, go_on: &dyn Fn(f32) -> bool) -> Vec<Write> {
    let block = scene.block_around(scope, GROWTH_MM, |_| true);
    if block.is_empty() || scene.image.grid().shape() != scene.layer.grid().shape() {
        return Vec::new();
    }
    let seeds = block.map(|voxel| scene.layer.get(voxel));
    let values = block.map(|voxel| scene.image.get(voxel));
    let rule = scene.rule();
    let (lowest, highest) = scene.image.range();
    // Noise of a few thousandths of the range is in every image: flat seeds must not stand still.
    let least_sd = ((highest - lowest) * 0.004).max(f32::MIN_POSITIVE);
    let labels = grow::grown(&block, &seeds, &values, |cell| rule.allows(&scene.layer, block.voxel(cell)), spread, least_sd, go_on);
    let new = labels.iter().enumerate().filter(|(cell, label)| **label != seeds[*cell]);
    new.map(|(cell, &label)| scene.write(block.voxel(cell), label)).collect()
}

/// What another slice bears, where this one is bare of it.
fn copied(scene: &Scene, from: usize, to: usize) -> Vec<Write> {
    let (plane, slices) = (&scene.plane, scene.plane.slice_count());
    if from >= slices || to >= slices {
        return Vec::new();
    }
    let [width, height] = plane.size();
    let pixels = (0..height).flat_map(|v| (0..width).map(move |u| [u, v]));
    pixels.map(|uv| scene.write(plane.voxel(to, uv), scene.layer.get(plane.voxel(from, uv)))).filter(|w| w.label != 0).collect()
}

fn interpolated(scene: &Scene, label: u8, at: Option<usize>, go_on: &dyn Fn(f32) -> bool) -> Vec<Write> {
    let gaps = gaps(&scene.layer, scene.plane.slice_axis(), label, at);
    let mut found = Vec::new();
    for (n, &(first, last)) in gaps.iter().enumerate() {
        if !go_on(n as f32 / gaps.len() as f32) {
            return Vec::new();
        }
        let between = between_slices(&scene.plane, scene.pixel_mm, &scene.layer, label, first, last);
        found.extend(between.into_iter().filter(|&v| scene.layer.get(v) == 0).map(|v| scene.write(v, label)));
    }
    found
}

/// Pairs of painted slices with bare ones between them: all, or those at or beside a slice.
fn gaps(labels: &Labels, axis: usize, label: u8, at: Option<usize>) -> Vec<(usize, usize)> {
    let mut painted = vec![false; labels.grid().shape()[axis]];
    labels.for_each_labelled(|voxel, found| painted[voxel[axis]] |= found == label);
    let slices: Vec<usize> = (0..painted.len()).filter(|s| painted[*s]).collect();
    let pairs = slices.windows(2).map(|w| (w[0], w[1])).filter(|(a, b)| b - a > 1);
    pairs.filter(|&(a, b)| at.is_none_or(|at| (a..=b).contains(&at))).collect()
}

#[cfg(test)]
mod tests;
