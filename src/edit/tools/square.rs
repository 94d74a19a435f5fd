//! The metaphysis square of von Brandis et al. 2022: as wide as the epiphysis, on the physis, towards the shaft.

use crate::space::{Affine, SlicePlane};
use crate::volume::Labels;

/// Two points on the physis, on the slice where the epiphysis is widest. The square has their distance for a side, one side lies
/// on their line, and it extends towards the shaft; it goes through all slices. One per bone (bones carry their side).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Square {
    bone: u8,
    slice: usize,
    physis_mm: [[f64; 3]; 2],
    shaft_left: bool,
}

/// A square laid on slices: its corners in mm of the slice (u × pixel width, v × pixel height).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    bone: u8,
    start: [f64; 2],
    /// Unit vector along the physis.
    along: [f64; 2],
    /// Unit vector towards the shaft.
    up: [f64; 2],
    side: f64,
}

impl Square {
    /// A square of a bone (label not 0), set on a slice (from 0), from two points in mm (RAS+, within 100 m; rounded to
    /// 1/1024 mm, so that a text holds them exactly). `shaft_left`: whether the shaft lies to the left of the way from the first
    /// point to the second, as seen on the screen. `None` where a number is not finite or out of range.
    #[must_use]
    pub fn new(bone: u8, slice: usize, physis_mm: [[f64; 3]; 2], shaft_left: bool) -> Option<Self> {
        let sane = bone != 0 && u32::try_from(slice).is_ok() && physis_mm.iter().flatten().all(|c| c.abs() <= 1e5);
        let rounded = |mm: f64| (mm * 1024.0).round() / 1024.0;
        sane.then(|| Self { bone, slice, physis_mm: physis_mm.map(|p| p.map(rounded)), shaft_left })
    }

    /// The same from two in-plane pixel positions.
    #[must_use]
    pub fn from_uv(
        bone: u8,
        slice: usize,
        physis_uv: [[f64; 2]; 2],
        shaft_left: bool,
        plane: &SlicePlane,
        affine: &Affine,
    ) -> Option<Self> {
        Self::new(bone, slice, physis_uv.map(|uv| affine.world(plane.voxel_at(slice as f64, uv))), shaft_left)
    }

    /// Label of the bone layer.
    #[must_use]
    pub const fn bone(&self) -> u8 {
        self.bone
    }

    /// Slice that it was set on, from 0.
    #[must_use]
    pub const fn slice(&self) -> usize {
        self.slice
    }

    /// Both points in mm (RAS+).
    #[must_use]
    pub const fn physis_mm(&self) -> [[f64; 3]; 2] {
        self.physis_mm
    }

    /// Whether the shaft lies to the left of the way from the first point to the second, as seen on the screen (v down).
    #[must_use]
    pub const fn shaft_left(&self) -> bool {
        self.shaft_left
    }

    /// The square on the other side of the physis.
    #[must_use]
    pub const fn flipped(self) -> Self {
        Self { shaft_left: !self.shaft_left, ..self }
    }

    /// The two points as in-plane pixel positions.
    #[must_use]
    pub fn physis_uv(&self, plane: &SlicePlane, affine: &Affine) -> [[f64; 2]; 2] {
        self.physis_mm.map(|mm| plane.pixel_at(affine.voxel(mm)).1)
    }

    /// The square on the slices of a read; `None` where its points coincide or are no numbers.
    #[must_use]
    pub fn placed(&self, plane: &SlicePlane, affine: &Affine) -> Option<Placed> {
        let pixel_mm = plane.pixel_mm(affine);
        let [start, end] = self.physis_uv(plane, affine).map(|uv| [uv[0] * pixel_mm[0], uv[1] * pixel_mm[1]]);
        let way = [end[0] - start[0], end[1] - start[1]];
        let side = way[0].hypot(way[1]);
        if !(side.is_finite() && side > 1e-3) {
            return None;
        }
        let along = [way[0] / side, way[1] / side];
        // v runs down the screen: left of the way is (y, -x).
        let up = if self.shaft_left { [along[1], -along[0]] } else { [-along[1], along[0]] };
        Some(Placed { bone: self.bone, start, along, up, side })
    }
}

impl Placed {
    /// Label of its bone.
    #[must_use]
    pub const fn bone(&self) -> u8 {
        self.bone
    }

    /// Its side in mm.
    #[must_use]
    pub const fn side_mm(&self) -> f64 {
        self.side
    }

    /// Its four corners in mm of the slice, the two on the physis first.
    #[must_use]
    pub fn corners_mm(&self) -> [[f64; 2]; 4] {
        let at = |along: f64, up: f64| std::array::from_fn(|a| self.start[a] + along * self.along[a] + up * self.up[a]);
        [at(0.0, 0.0), at(self.side, 0.0), at(self.side, self.side), at(0.0, self.side)]
    }

    /// Where a position (in mm of the slice) lies: along the physis and towards the shaft, both in mm from the first point.
    fn place(&self, at_mm: [f64; 2]) -> [f64; 2] {
        let by = [at_mm[0] - self.start[0], at_mm[1] - self.start[1]];
        let dot = |axis: [f64; 2]| by[0] * axis[0] + by[1] * axis[1];
        [dot(self.along), dot(self.up)]
    }

    /// Whether a position (in mm of the slice) lies in the square, its border included.
    #[must_use]
    pub fn contains(&self, at_mm: [f64; 2]) -> bool {
        self.place(at_mm).iter().all(|x| (-1e-9..=self.side + 1e-9).contains(x))
    }

    /// Whether a position (in mm of the slice) lies on the epiphysis' side of the physis.
    #[must_use]
    pub fn is_epiphysis(&self, at_mm: [f64; 2]) -> bool {
        self.place(at_mm)[1] < 0.0
    }
}

/// The region of interest of the squares: of each bone with a square the epiphysis and what of it lies in the square.
/// A bone without a square belongs as a whole. Where the bone layer lacks a bone, its square alone stands for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    plane: SlicePlane,
    pixel_mm: [f64; 2],
    squares: Vec<Placed>,
    /// Bones with a square that the bone layer does not show.
    bare: Vec<Placed>,
}

impl Region {
    /// The region of some squares over a bone layer; `None` without any square.
    #[must_use]
    pub fn new<'a>(squares: impl IntoIterator<Item = &'a Square>, plane: &SlicePlane, bone: &Labels) -> Option<Self> {
        let affine = bone.grid().world_from_voxel();
        let squares: Vec<Placed> = squares.into_iter().filter_map(|s| s.placed(plane, affine)).collect();
        if squares.is_empty() {
            return None;
        }
        let counts = bone.counts();
        let bare = squares.iter().copied().filter(|s| counts.of(s.bone) == 0).collect();
        Some(Self { plane: *plane, pixel_mm: plane.pixel_mm(affine), squares, bare })
    }

    /// Whether a voxel inside the grid belongs.
    #[must_use]
    pub fn contains(&self, voxel: [usize; 3], bone: &Labels) -> bool {
        let (_, uv) = self.plane.pixel(voxel);
        let at_mm = [uv[0] as f64 * self.pixel_mm[0], uv[1] as f64 * self.pixel_mm[1]];
        match bone.get(voxel) {
            0 => self.bare.iter().any(|s| s.contains(at_mm)),
            label => self.squares.iter().find(|s| s.bone == label).is_none_or(|s| s.is_epiphysis(at_mm) || s.contains(at_mm)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Spacing;
    use crate::volume::Grid;
    use std::sync::Arc;

    fn knee() -> (SlicePlane, Affine) {
        let affine = Affine::from_columns([[-0.9, 0.0, 0.0], [0.0, 0.0, 0.5], [0.0, 3.5, 0.0]], [72.0, -26.0, -79.0]).unwrap();
        (SlicePlane::new(&affine, [40, 60, 5], 2), affine)
    }

    #[test]
    fn the_square_stands_on_the_physis_towards_the_shaft() {
        let (plane, affine) = knee();
        // From left to right, 18 mm; the shaft (of a femur) lies above, which is left of that way.
        let square = Square::from_uv(1, 2, [[10.0, 40.0], [30.0, 40.0]], true, &plane, &affine).unwrap();
        assert!(square.physis_uv(&plane, &affine).iter().flatten().zip([10.0, 40.0, 30.0, 40.0]).all(|(a, b)| (a - b).abs() < 1e-2));
        let placed = square.placed(&plane, &affine).unwrap();
        assert!((placed.side_mm() - 18.0).abs() < 1e-2);
        let expected = [[9.0, 20.0], [27.0, 20.0], [27.0, 2.0], [9.0, 2.0]];
        assert!(placed.corners_mm().iter().zip(expected).all(|(c, e)| (c[0] - e[0]).hypot(c[1] - e[1]) < 1e-2));
        assert!(placed.contains([18.0, 10.0]) && !placed.contains([18.0, 21.0]) && placed.is_epiphysis([18.0, 21.0]));
        let below = square.flipped().placed(&plane, &affine).unwrap();
        assert!(below.contains([18.0, 21.0]) && !below.contains([18.0, 10.0]));
        assert!(Square::new(1, 2, [[f64::NAN; 3]; 2], true).is_none() && Square::new(0, 2, square.physis_mm(), true).is_none());
        assert!(Square::from_uv(1, 2, [[10.0, 40.0]; 2], true, &plane, &affine).unwrap().placed(&plane, &affine).is_none());
    }

    #[test]
    fn the_region_is_epiphysis_and_bone_in_the_square() {
        let affine = Affine::from_spacing(Spacing::UNIT);
        let plane = SlicePlane::as_stored([20, 30, 2]);
        let grid = Arc::new(Grid::new([20, 30, 2], affine.clone()).unwrap());
        let bone = |i: usize, j: usize| if j < 20 { u8::from((5..15).contains(&i)) } else { 2 };
        let dense: Vec<u8> = (0..1200).map(|n| bone(n % 20, n / 20 % 30)).collect();
        let labels = Labels::from_dense(grid.clone(), &dense).unwrap();
        // A physis at v = 14 from u = 6 to 12; shaft above.
        let square = Square::from_uv(1, 0, [[6.0, 14.0], [12.0, 14.0]], true, &plane, &affine).unwrap();
        let region = Region::new([&square], &plane, &labels).unwrap();
        for n in 0..1200 {
            let voxel = grid.voxel(n);
            let [i, j, _] = voxel;
            let expected = match bone(i, j) {
                0 => false,
                1 => j > 14 || ((6..=12).contains(&i) && (8..=14).contains(&j)),
                _ => true,
            };
            assert_eq!(region.contains(voxel, &labels), expected, "{voxel:?}");
        }
        // Without a bone layer the square stands alone.
        let bare = Labels::empty(grid);
        let region = Region::new([&square], &plane, &bare).unwrap();
        assert!(region.contains([8, 10, 1], &bare) && !region.contains([8, 16, 1], &bare) && !region.contains([2, 10, 1], &bare));
        assert!(Region::new([], &plane, &bare).is_none());
    }
}
