//! What the two kinds of slice share: content stamps, pixel rectangles and the walk through a volume.

use crate::space::SlicePlane;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// A half-open rectangle of slice pixels or of device pixels: `lo[a] <= index < hi[a]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelRect {
    /// First pixel inside (x, y).
    pub lo: [usize; 2],
    /// First pixel beyond.
    pub hi: [usize; 2],
}

impl PixelRect {
    /// Everything from (0, 0).
    #[must_use]
    pub const fn whole(size: [usize; 2]) -> Self {
        Self { lo: [0; 2], hi: size }
    }

    /// Whether nothing is inside.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.hi[0] <= self.lo[0] || self.hi[1] <= self.lo[1]
    }

    /// Width and height; zero where empty.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        std::array::from_fn(|a| self.hi[a].saturating_sub(self.lo[a]))
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => *other,
            (_, true) => *self,
            _ => {
                Self { lo: std::array::from_fn(|a| self.lo[a].min(other.lo[a])), hi: std::array::from_fn(|a| self.hi[a].max(other.hi[a])) }
            }
        }
    }
}

/// Why a slice cannot be cut or built.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SliceError {
    /// The plane was made for another grid, or the slice number is too high.
    #[error("slice {slice} of this plane does not lie inside a volume of {shape:?} voxels; open the exam again")]
    Outside {
        /// Slice number from 0.
        slice: usize,
        /// Voxels of the volume.
        shape: [usize; 3],
    },
    /// Values do not fill width × height.
    #[error("{values} values do not fill a slice of {width} × {height} pixels")]
    Size {
        /// Values handed over.
        values: usize,
        /// Pixels across.
        width: usize,
        /// Pixels down.
        height: usize,
    },
}

/// A number that no other content in this run of the program has: equal stamps mean equal pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp(u64);

impl Stamp {
    /// A number never given before.
    pub(super) fn fresh() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Checks that a plane was made for a volume of `shape` and has such a slice.
pub(super) fn check_inside(plane: &SlicePlane, slice: usize, shape: [usize; 3]) -> Result<(), SliceError> {
    let [u_axis, v_axis] = plane.axes();
    let mut of_plane = [0; 3];
    of_plane[plane.slice_axis()] = plane.slice_count();
    of_plane[u_axis] = plane.size()[0];
    of_plane[v_axis] = plane.size()[1];
    if of_plane == shape && !shape.contains(&0) && slice < plane.slice_count() { Ok(()) } else { Err(SliceError::Outside { slice, shape }) }
}

/// Checks that `values` fill `size`.
pub(super) fn check_size(size: [usize; 2], values: usize) -> Result<(), SliceError> {
    if size[0].checked_mul(size[1]) == Some(values) && values > 0 {
        Ok(())
    } else {
        Err(SliceError::Size { values, width: size[0], height: size[1] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    #[test]
    fn a_plane_of_another_grid_is_refused() {
        let plane = SlicePlane::new(&Affine::from_spacing(Spacing::UNIT), [4, 5, 6], 2);
        assert_eq!(check_inside(&plane, 5, [4, 5, 6]), Ok(()));
        assert!(check_inside(&plane, 6, [4, 5, 6]).is_err());
        assert!(check_inside(&plane, 0, [4, 4, 6]).is_err());
        assert!(check_inside(&plane, 0, [4, 9, 6]).is_err());
    }

    #[test]
    fn union_ignores_what_is_empty() {
        let a = PixelRect { lo: [2, 3], hi: [4, 4] };
        let nothing = PixelRect { lo: [9, 9], hi: [9, 12] };
        assert_eq!(a.union(&nothing), a);
        assert_eq!(nothing.union(&a), a);
        assert_eq!(a.union(&PixelRect::whole([1, 1])), PixelRect { lo: [0, 0], hi: [4, 4] });
    }
}
