//! Boxes of voxels.

/// A half-open box of voxels: `lo[a] <= index < hi[a]`. Empty when any `hi` is not above its `lo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoxelBox {
    /// First voxel inside.
    pub lo: [usize; 3],
    /// First voxel beyond.
    pub hi: [usize; 3],
}

impl VoxelBox {
    /// A box that holds nothing and grows with [`VoxelBox::include`].
    pub const EMPTY: Self = Self { lo: [usize::MAX; 3], hi: [0; 3] };

    /// The whole of a grid.
    #[must_use]
    pub const fn whole(shape: [usize; 3]) -> Self {
        Self { lo: [0; 3], hi: shape }
    }

    /// The part on one slice across `axis`; empty where there is no such slice.
    #[must_use]
    pub fn on_slice(mut self, axis: usize, slice: usize) -> Self {
        self.hi[axis] = self.hi[axis].min(slice + 1);
        self.lo[axis] = self.lo[axis].max(slice);
        self
    }

    /// Whether no voxel is inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        (0..3).any(|a| self.hi[a] <= self.lo[a])
    }

    /// Grows to hold a voxel.
    pub fn include(&mut self, voxel: [usize; 3]) {
        for (a, &v) in voxel.iter().enumerate() {
            self.lo[a] = self.lo[a].min(v);
            self.hi[a] = self.hi[a].max(v + 1);
        }
    }

    /// The smallest box that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return *other;
        }
        if other.is_empty() {
            return *self;
        }
        Self { lo: std::array::from_fn(|a| self.lo[a].min(other.lo[a])), hi: std::array::from_fn(|a| self.hi[a].max(other.hi[a])) }
    }

    /// The part inside both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self { lo: std::array::from_fn(|a| self.lo[a].max(other.lo[a])), hi: std::array::from_fn(|a| self.hi[a].min(other.hi[a])) }
    }

    /// Whether a voxel lies inside.
    #[must_use]
    pub fn contains(&self, voxel: [usize; 3]) -> bool {
        (0..3).all(|a| voxel[a] >= self.lo[a] && voxel[a] < self.hi[a])
    }

    /// Number of voxels inside.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.is_empty() { 0 } else { (0..3).map(|a| self.hi[a] - self.lo[a]).product() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_from_nothing() {
        let mut b = VoxelBox::EMPTY;
        assert!(b.is_empty());
        assert_eq!(b.len(), 0);
        b.include([2, 3, 4]);
        b.include([1, 5, 4]);
        assert_eq!(b, VoxelBox { lo: [1, 3, 4], hi: [3, 6, 5] });
        assert_eq!(b.len(), 6);
        assert_eq!(VoxelBox::EMPTY.union(&b), b);
        assert!(b.contains([1, 3, 4]) && !b.contains([3, 3, 4]));
    }
}
