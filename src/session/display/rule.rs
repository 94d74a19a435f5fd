//! The air-black rule: air is black with a clear edge, the rest is scaled to fatty marrow, so that the same marrow gets the
//! same grey level for every reader and exam.

use super::Window;
use crate::edit::ReferencePlace;
use crate::space::SlicePlane;
use crate::volume::{Image, Labels, percentile};

/// The factor of the rule unless the protocol says otherwise.
pub const AIR_BLACK_K: f32 = 4.6;

/// Voxels of the bone layer that are looked at.
const MOST_BONE_VOXELS: usize = 1 << 16;
/// Fewer bone voxels than this say nothing about fatty marrow.
const FEWEST_BONE_VOXELS: usize = 64;
/// The part of bone or body that counts as fatty marrow where nobody placed a reference.
const FATTY_PERCENT: f64 = 20.0;

/// The grey value of fatty marrow, and what it was taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FattyMarrow {
    /// Median of the reference that the reader placed.
    Reference(f32),
    /// 20th percentile inside bone.
    Bone(f32),
    /// 20th percentile inside the body.
    Body(f32),
}

impl FattyMarrow {
    /// The grey value.
    #[must_use]
    pub const fn value(self) -> f32 {
        match self {
            Self::Reference(value) | Self::Bone(value) | Self::Body(value) => value,
        }
    }

    /// Where it comes from, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reference(_) => "placed reference",
            Self::Bone(_) => "20th percentile of bone",
            Self::Body(_) => "20th percentile of the body",
        }
    }

    /// The best that is known: the placed reference, else bone, else body.
    #[must_use]
    pub fn of(image: &Image, plane: &SlicePlane, place: Option<ReferencePlace>, bone: &Labels) -> Self {
        let reference = place.and_then(|place| percentile(&values_in(image, plane, place), 50.0)).map(Self::Reference);
        reference.or_else(|| Self::of_bone(image, bone)).unwrap_or_else(|| Self::of_body(image))
    }

    /// From the body alone.
    #[must_use]
    pub fn of_body(image: &Image) -> Self {
        Self::Body(image.greys().body_percentile(FATTY_PERCENT))
    }

    /// From a lattice of voxels with a bone label; `None` where too few have one, or the labels lie on another grid.
    fn of_bone(image: &Image, bone: &Labels) -> Option<Self> {
        let grid = image.grid();
        if !bone.grid().same_as(grid) {
            return None;
        }
        let stride = grid.voxel_count().div_ceil(MOST_BONE_VOXELS).max(1) | 1;
        let inside: Vec<f32> =
            (0..grid.voxel_count()).step_by(stride).filter(|&at| bone.get(grid.voxel(at)) != 0).map(|at| image.values()[at]).collect();
        if inside.len() < FEWEST_BONE_VOXELS { None } else { percentile(&inside, FATTY_PERCENT).map(Self::Bone) }
    }
}

/// Grey values of the voxels whose centres lie in the disc, on the slice through its middle; none where it lies outside.
pub fn values_in(image: &Image, plane: &SlicePlane, place: ReferencePlace) -> Vec<f32> {
    let grid = image.grid();
    let Some(centre) = grid.nearest_voxel(place.centre_mm()) else { return Vec::new() };
    let (slice, middle) = plane.pixel(centre);
    let pixel_mm = plane.pixel_mm(grid.world_from_voxel());
    let reach: [usize; 2] = std::array::from_fn(|a| (place.radius_mm() / pixel_mm[a]).ceil() as usize);
    let span = |a: usize| middle[a].saturating_sub(reach[a])..(middle[a] + reach[a] + 1).min(plane.size()[a]);
    // Measured from the voxel nearest to the middle, so that the smallest disc holds at least that one.
    let inside = |u: usize, v: usize| {
        let mm = |a: usize, at: usize| (at as f64 - middle[a] as f64) * pixel_mm[a];
        mm(0, u).hypot(mm(1, v)) <= place.radius_mm()
    };
    span(1)
        .flat_map(|v| span(0).map(move |u| (u, v)))
        .filter(|&(u, v)| inside(u, v))
        .map(|(u, v)| image.get(plane.voxel(slice, [u, v])))
        .collect()
}

/// The window that the protocol's rule gives for an image, and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisplayRule {
    window: Window,
    fatty: Option<FattyMarrow>,
}

impl DisplayRule {
    /// The same two grey values for every exam.
    #[must_use]
    pub fn fixed(lower: f32, upper: f32) -> Self {
        Self { window: Window::new(lower, upper), fatty: None }
    }

    /// DESIGN section 4: with air's mode a and spread s and fatty marrow f, lower = a + 2 s and upper = a + `k` (f − a).
    #[must_use]
    pub fn air_black(image: &Image, k: f32, fatty: FattyMarrow) -> Self {
        let (air, spread) = (image.greys().air(), image.greys().air_spread());
        let lower = 2.0_f32.mul_add(spread, air);
        let upper = k.mul_add(fatty.value() - air, air);
        // Fatty marrow as dark as air (a reference placed in air) gives no window; then white is the brightest value.
        let upper = if upper > lower { upper } else { image.range().1.max(lower) };
        Self { window: Window::new(lower, upper), fatty: Some(fatty) }
    }

    /// The window.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// What it is scaled to; `None` where the protocol gives two grey values.
    #[must_use]
    pub const fn fatty_marrow(&self) -> Option<FattyMarrow> {
        self.fatty
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    /// 24 × 20 × 4 voxels of 2 × 1 × 3 mm: zeros around a block of 100, in which lies a column of 40.
    fn image() -> Image {
        let grid = Arc::new(Grid::new([24, 20, 4], Affine::from_spacing(Spacing::new([2.0, 1.0, 3.0]).unwrap())).unwrap());
        let values: Vec<f32> = (0..grid.voxel_count())
            .map(|n| match grid.voxel(n) {
                [10..13, 8..12, _] => 40.0,
                [2..20, 3..18, _] => 100.0,
                _ => 0.0,
            })
            .collect();
        Image::new(grid, values).unwrap()
    }

    fn place(i: f64, j: f64, k: f64, radius: f64) -> Option<ReferencePlace> {
        ReferencePlace::new([i * 2.0, j, k * 3.0], radius)
    }

    #[test]
    fn the_window_follows_the_formula_of_the_design() {
        let image = image();
        let plane = SlicePlane::new(image.grid().world_from_voxel(), image.grid().shape(), 2);
        let bone = Labels::empty(Arc::clone(image.grid()));
        let fatty = FattyMarrow::of(&image, &plane, place(11.0, 10.0, 1.0, 2.0), &bone);
        assert_eq!(fatty, FattyMarrow::Reference(40.0));
        // The background is zero-filled: a = s = 0.
        assert_eq!(DisplayRule::air_black(&image, 4.6, fatty).window(), Window::new(0.0, 4.6 * 40.0));
        assert_eq!(DisplayRule::air_black(&image, 2.0, fatty).window(), Window::new(0.0, 80.0));
        // The same whatever is brightest elsewhere: no clipping to the image's range.
        assert!(DisplayRule::air_black(&image, 4.6, fatty).window().upper() > image.range().1);
        assert!(DisplayRule::air_black(&image, 4.6, FattyMarrow::Reference(0.0)).window().width() > 1.0);
    }

    #[test]
    fn without_a_reference_bone_counts_and_without_bone_the_body() {
        let image = image();
        let plane = SlicePlane::new(image.grid().world_from_voxel(), image.grid().shape(), 2);
        let mut bone = Labels::empty(Arc::clone(image.grid()));
        assert_eq!(FattyMarrow::of(&image, &plane, None, &bone), FattyMarrow::Body(100.0));
        for n in 0..image.grid().voxel_count() {
            let [i, j, k] = image.grid().voxel(n);
            if (10..13).contains(&i) && (7..13).contains(&j) {
                bone.set([i, j, k], 1);
            }
        }
        assert_eq!(FattyMarrow::of(&image, &plane, None, &bone), FattyMarrow::Bone(40.0));
        // A reference outside the picture counts for nothing.
        assert_eq!(FattyMarrow::of(&image, &plane, place(90.0, 0.0, 0.0, 3.0), &bone), FattyMarrow::Bone(40.0));
    }

    #[test]
    fn the_disc_is_round_in_mm_and_lies_on_one_slice() {
        let image = image();
        let plane = SlicePlane::new(image.grid().world_from_voxel(), image.grid().shape(), 2);
        // 2 mm around a voxel of 2 × 1 mm: one to each side, two up and down.
        assert_eq!(values_in(&image, &plane, place(11.0, 10.0, 1.0, 2.0).unwrap()).len(), 7);
        assert_eq!(values_in(&image, &plane, place(11.0, 10.0, 1.0, 0.1).unwrap()).len(), 1);
        assert!(values_in(&image, &plane, place(11.0, 10.0, 9.0, 2.0).unwrap()).is_empty());
    }
}
