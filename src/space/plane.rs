//! How a voxel slice lies on the screen: which voxel axis runs to the right, which down, and what letters stand at the edges.

use super::{Affine, Anatomical, axis_codes};

/// The three anatomical planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaneKind {
    /// Seen from the front: patient's right on the left of the screen, head up.
    Coronal,
    /// Seen from the patient's left: front on the left of the screen, head up.
    Sagittal,
    /// Seen from the feet: patient's right on the left of the screen, front up.
    Axial,
}

impl PlaneKind {
    /// Word for the corner of a pane.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coronal => "Coronal",
            Self::Sagittal => "Sagittal",
            Self::Axial => "Axial",
        }
    }
}

/// A stack of voxel slices seen by radiological convention.
///
/// `u` runs to the right of the screen and `v` down; both are voxel axes, each perhaps reversed.
/// In-plane pixel (0, 0) is the top left one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlicePlane {
    kind: PlaneKind,
    slice_axis: usize,
    u_axis: usize,
    v_axis: usize,
    u_reversed: bool,
    v_reversed: bool,
    right: Anatomical,
    down: Anatomical,
    shape: [usize; 3],
}

impl SlicePlane {
    /// The stack across voxel axis `slice_axis` (0, 1 or 2) of a grid of `shape`.
    #[must_use]
    pub fn new(affine: &Affine, shape: [usize; 3], slice_axis: usize) -> Self {
        let codes = axis_codes(affine);
        let kind = match codes[slice_axis].world_axis() {
            0 => PlaneKind::Sagittal,
            1 => PlaneKind::Coronal,
            _ => PlaneKind::Axial,
        };
        let (right, down) = match kind {
            PlaneKind::Coronal => (Anatomical::Left, Anatomical::Inferior),
            PlaneKind::Sagittal => (Anatomical::Posterior, Anatomical::Inferior),
            PlaneKind::Axial => (Anatomical::Left, Anatomical::Posterior),
        };
        let axis_along = |wanted: Anatomical| (0..3).find(|&a| codes[a].world_axis() == wanted.world_axis()).unwrap_or(0);
        let (u_axis, v_axis) = (axis_along(right), axis_along(down));
        Self { kind, slice_axis, u_axis, v_axis, u_reversed: codes[u_axis] != right, v_reversed: codes[v_axis] != down, right, down, shape }
    }

    /// A picture without position: shown as stored (i to the right, j down), never mirrored.
    #[must_use]
    pub const fn as_stored(shape: [usize; 3]) -> Self {
        Self::stored_across(shape, 2)
    }

    /// The same across any voxel axis: the other two to the right and down, in their order.
    #[must_use]
    pub const fn stored_across(shape: [usize; 3], slice_axis: usize) -> Self {
        let (u_axis, v_axis) = match slice_axis {
            0 => (1, 2),
            1 => (0, 2),
            _ => (0, 1),
        };
        Self {
            kind: PlaneKind::Axial,
            slice_axis,
            u_axis,
            v_axis,
            u_reversed: false,
            v_reversed: false,
            right: Anatomical::Left,
            down: Anatomical::Posterior,
            shape,
        }
    }

    /// The acquisition plane: across the axis with the largest spacing, where the voxels are at least 1.2 times as
    /// long as wide; else across the axis with the fewest slices; in doubt the last one.
    #[must_use]
    pub fn acquisition(affine: &Affine, shape: [usize; 3]) -> Self {
        let spacing = affine.spacing().mm();
        let longest = (0..3).max_by(|&a, &b| spacing[a].total_cmp(&spacing[b])).unwrap_or(2);
        let others = (0..3).filter(|&a| a != longest).map(|a| spacing[a]).fold(0.0, f64::max);
        let fewest = (0..3).min_by_key(|&a| (shape[a], std::cmp::Reverse(a))).unwrap_or(2);
        Self::new(affine, shape, if spacing[longest] >= 1.2 * others { longest } else { fewest })
    }

    /// Coronal, sagittal or axial, whichever is nearest.
    #[must_use]
    pub const fn kind(&self) -> PlaneKind {
        self.kind
    }

    /// The voxel axis that the slices are stacked along.
    #[must_use]
    pub const fn slice_axis(&self) -> usize {
        self.slice_axis
    }

    /// Number of slices.
    #[must_use]
    pub const fn slice_count(&self) -> usize {
        self.shape[self.slice_axis]
    }

    /// Width and height of a slice in voxels.
    #[must_use]
    pub const fn size(&self) -> [usize; 2] {
        [self.shape[self.u_axis], self.shape[self.v_axis]]
    }

    /// Voxel axes that run along the screen's width and height.
    #[must_use]
    pub const fn axes(&self) -> [usize; 2] {
        [self.u_axis, self.v_axis]
    }

    /// Whether `u` and `v` run against their voxel axes.
    #[must_use]
    pub const fn reversed(&self) -> [bool; 2] {
        [self.u_reversed, self.v_reversed]
    }

    /// Pixel size in mm along the screen's width and height.
    #[must_use]
    pub fn pixel_mm(&self, affine: &Affine) -> [f64; 2] {
        let spacing = affine.spacing().mm();
        [spacing[self.u_axis], spacing[self.v_axis]]
    }

    /// Letters at the edges: left, right, top, bottom.
    #[must_use]
    pub const fn letters(&self) -> [char; 4] {
        [self.right.opposite().letter(), self.right.letter(), self.down.opposite().letter(), self.down.letter()]
    }

    /// Voxel at in-plane pixel (u, v) of a slice; all must be inside the grid.
    #[must_use]
    pub const fn voxel(&self, slice: usize, uv: [usize; 2]) -> [usize; 3] {
        let mut at = [0; 3];
        at[self.slice_axis] = slice;
        at[self.u_axis] = if self.u_reversed { self.shape[self.u_axis] - 1 - uv[0] } else { uv[0] };
        at[self.v_axis] = if self.v_reversed { self.shape[self.v_axis] - 1 - uv[1] } else { uv[1] };
        at
    }

    /// Fractional voxel index of a fractional pixel position (pixel centres are whole numbers).
    #[must_use]
    pub fn voxel_at(&self, slice: f64, uv: [f64; 2]) -> [f64; 3] {
        let mut at = [0.0; 3];
        at[self.slice_axis] = slice;
        at[self.u_axis] = if self.u_reversed { self.shape[self.u_axis] as f64 - 1.0 - uv[0] } else { uv[0] };
        at[self.v_axis] = if self.v_reversed { self.shape[self.v_axis] as f64 - 1.0 - uv[1] } else { uv[1] };
        at
    }

    /// Fractional slice number and pixel of a fractional voxel index: the inverse of [`SlicePlane::voxel_at`].
    #[must_use]
    pub fn pixel_at(&self, voxel: [f64; 3]) -> (f64, [f64; 2]) {
        let along = |axis: usize, reversed: bool| if reversed { self.shape[axis] as f64 - 1.0 - voxel[axis] } else { voxel[axis] };
        (voxel[self.slice_axis], [along(self.u_axis, self.u_reversed), along(self.v_axis, self.v_reversed)])
    }

    /// Slice number and pixel (u, v) of a voxel: the inverse of [`SlicePlane::voxel`].
    #[must_use]
    pub const fn pixel(&self, voxel: [usize; 3]) -> (usize, [usize; 2]) {
        let u = if self.u_reversed { self.shape[self.u_axis] - 1 - voxel[self.u_axis] } else { voxel[self.u_axis] };
        let v = if self.v_reversed { self.shape[self.v_axis] - 1 - voxel[self.v_axis] } else { voxel[self.v_axis] };
        (voxel[self.slice_axis], [u, v])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coronal() -> (Affine, [usize; 3]) {
        (Affine::from_columns([[-0.9, 0., 0.], [0., 0., 0.9], [0., 3.5, 0.]], [0.; 3]).unwrap(), [4, 6, 3])
    }

    #[test]
    fn coronal_knee_has_right_on_the_left_and_head_up() {
        let (affine, shape) = coronal();
        let plane = SlicePlane::acquisition(&affine, shape);
        assert_eq!(plane.kind(), PlaneKind::Coronal);
        assert_eq!(plane.letters(), ['R', 'L', 'H', 'F']);
        assert_eq!(plane.slice_axis(), 2);
        // i runs to the left, j to the head: top left pixel is i = 0 (right), j = last (head).
        assert_eq!(plane.voxel(1, [0, 0]), [0, 5, 1]);
    }

    #[test]
    fn pixel_undoes_voxel_on_every_axis_and_sign() {
        for signs in 0..8 {
            let s = |b: usize| if signs >> b & 1 == 1 { -1.0 } else { 1.0 };
            let affine = Affine::from_columns([[0., s(0), 0.], [0., 0., s(1)], [s(2), 0., 0.]], [0.; 3]).unwrap();
            for axis in 0..3 {
                let plane = SlicePlane::new(&affine, [3, 4, 5], axis);
                for v in 0..plane.size()[1] {
                    for u in 0..plane.size()[0] {
                        let voxel = plane.voxel(1, [u, v]);
                        assert_eq!(plane.pixel(voxel), (1, [u, v]));
                        assert_eq!(plane.pixel_at(voxel.map(|x| x as f64)), (1.0, [u as f64, v as f64]));
                        // Moving right on the screen moves the way the right-hand letter says.
                        if u + 1 < plane.size()[0] {
                            let p = affine.world(voxel.map(|x| x as f64));
                            let q = affine.world(plane.voxel(1, [u + 1, v]).map(|x| x as f64));
                            let world_axis = plane.right.world_axis();
                            assert_eq!(q[world_axis] > p[world_axis], plane.right.is_positive());
                        }
                    }
                }
            }
        }
    }
}
