//! The invertible affine map from voxel indices to millimetres.

use super::Spacing;
use thiserror::Error;

/// `world_from_voxel`: maps a voxel index (i, j, k) to the position of the voxel **centre** in RAS+ mm. Always invertible.
#[derive(Clone, Debug, PartialEq)]
pub struct Affine {
    world_from_voxel: [[f64; 4]; 4],
    voxel_from_world: [[f64; 4]; 4],
}

/// Why a matrix is not a usable affine.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AffineError {
    /// A number is NaN or infinite.
    #[error("the affine holds a number that is not finite")]
    NotFinite,
    /// Two axes coincide, or one has no length.
    #[error("the affine cannot be inverted: two axes coincide or one has no length")]
    Singular,
}

impl Affine {
    /// Takes the upper three rows of `world_from_voxel` (the fourth is 0 0 0 1).
    ///
    /// # Errors
    /// If a number is not finite or the three axes do not span space.
    pub fn new(rows: [[f64; 4]; 3]) -> Result<Self, AffineError> {
        if rows.iter().flatten().any(|v| !v.is_finite()) {
            return Err(AffineError::NotFinite);
        }
        let world_from_voxel = [rows[0], rows[1], rows[2], [0.0, 0.0, 0.0, 1.0]];
        let voxel_from_world = invert(&rows).ok_or(AffineError::Singular)?;
        Ok(Self { world_from_voxel, voxel_from_world })
    }

    /// From the three index axes as columns (mm per voxel) and the centre of voxel (0, 0, 0) in mm.
    ///
    /// # Errors
    /// As [`Affine::new`].
    pub fn from_columns(axes: [[f64; 3]; 3], origin_mm: [f64; 3]) -> Result<Self, AffineError> {
        let row = |r: usize| [axes[0][r], axes[1][r], axes[2][r], origin_mm[r]];
        Self::new([row(0), row(1), row(2)])
    }

    /// Axes along +x, +y, +z with the given spacing and voxel (0, 0, 0) at the origin.
    #[must_use]
    pub fn from_spacing(spacing: Spacing) -> Self {
        let [a, b, c] = spacing.mm();
        let diagonal = |x: f64, y: f64, z: f64| [[x, 0.0, 0.0, 0.0], [0.0, y, 0.0, 0.0], [0.0, 0.0, z, 0.0], [0.0, 0.0, 0.0, 1.0]];
        Self { world_from_voxel: diagonal(a, b, c), voxel_from_world: diagonal(1.0 / a, 1.0 / b, 1.0 / c) }
    }

    /// The 4 × 4 matrix, row by row.
    #[must_use]
    pub const fn matrix(&self) -> [[f64; 4]; 4] {
        self.world_from_voxel
    }

    /// Column `axis` (0, 1, 2): mm travelled for one step along that voxel axis.
    #[must_use]
    pub fn column(&self, axis: usize) -> [f64; 3] {
        std::array::from_fn(|row| self.world_from_voxel[row][axis])
    }

    /// World position in mm of a (possibly fractional) voxel index.
    #[must_use]
    pub fn world(&self, voxel: [f64; 3]) -> [f64; 3] {
        transform(&self.world_from_voxel, voxel)
    }

    /// Fractional voxel index of a world position in mm.
    #[must_use]
    pub fn voxel(&self, world_mm: [f64; 3]) -> [f64; 3] {
        transform(&self.voxel_from_world, world_mm)
    }

    /// Lengths of the columns in mm.
    #[must_use]
    pub fn spacing(&self) -> Spacing {
        let length = |axis: usize| self.column(axis).iter().map(|v| v * v).sum::<f64>().sqrt();
        // An invertible matrix has no column of zero length, so `new` cannot refuse.
        Spacing::new([length(0), length(1), length(2)]).unwrap_or(Spacing::UNIT)
    }

    /// Determinant of the 3 × 3 part: negative when the voxel axes are left-handed.
    #[must_use]
    pub fn determinant(&self) -> f64 {
        let m = &self.world_from_voxel;
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    }

    /// Volume of a voxel in mm³: less than the product of its edges where the axes are not at right angles.
    #[must_use]
    pub fn voxel_mm3(&self) -> f64 {
        self.determinant().abs()
    }

    /// The largest cosine between two voxel axes: 0 where all are at right angles.
    #[must_use]
    pub fn shear(&self) -> f64 {
        let mm = self.spacing().mm();
        let cosine = |a: usize, b: usize| (0..3).map(|r| self.column(a)[r] * self.column(b)[r]).sum::<f64>() / (mm[a] * mm[b]);
        cosine(0, 1).abs().max(cosine(0, 2).abs()).max(cosine(1, 2).abs())
    }

    /// Largest distance in mm by which two maps move a corner of a grid of `shape` apart.
    #[must_use]
    pub fn corner_distance_mm(&self, other: &Self, shape: [usize; 3]) -> f64 {
        let mut worst = 0.0_f64;
        for corner in 0..8_usize {
            let at: [f64; 3] = std::array::from_fn(|a| if corner >> a & 1 == 1 { shape[a].saturating_sub(1) as f64 } else { 0.0 });
            let (p, q) = (self.world(at), other.world(at));
            worst = worst.max((0..3).map(|a| (p[a] - q[a]).powi(2)).sum::<f64>().sqrt());
        }
        worst
    }
}

fn transform(m: &[[f64; 4]; 4], p: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|r| m[r][0] * p[0] + m[r][1] * p[1] + m[r][2] * p[2] + m[r][3])
}

/// Inverse of a 3 × 4 affine by the adjugate; `None` where the axes do not span space.
fn invert(m: &[[f64; 4]; 3]) -> Option<[[f64; 4]; 4]> {
    let cofactor = |r: usize, c: usize| {
        let (r1, r2) = ((r + 1) % 3, (r + 2) % 3);
        let (c1, c2) = ((c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant: f64 = (0..3).map(|c| m[0][c] * cofactor(0, c)).sum();
    let lengths: f64 = (0..3).map(|c| (0..3).map(|r| m[r][c] * m[r][c]).sum::<f64>().sqrt()).product();
    // Relative to the product of the column lengths, the determinant is the volume spanned by unit axes.
    if !determinant.is_finite() || lengths == 0.0 || (determinant / lengths).abs() < 1e-9 {
        return None;
    }
    let mut inverse = [[0.0; 4]; 4];
    for (r, row) in inverse.iter_mut().enumerate().take(3) {
        for (c, value) in row.iter_mut().enumerate().take(3) {
            *value = cofactor(c, r) / determinant;
        }
        row[3] = -(0..3).map(|c| row[c] * m[c][3]).sum::<f64>();
    }
    inverse[3][3] = 1.0;
    inverse.iter().flatten().all(|v| v.is_finite()).then_some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_coinciding_axes_and_nan() {
        assert_eq!(Affine::from_columns([[1., 0., 0.], [1., 0., 0.], [0., 0., 1.]], [0.; 3]), Err(AffineError::Singular));
        assert_eq!(Affine::from_columns([[f64::NAN, 0., 0.], [0., 1., 0.], [0., 0., 1.]], [0.; 3]), Err(AffineError::NotFinite));
    }

    #[test]
    fn tiny_voxels_are_not_singular() {
        assert!(Affine::from_columns([[1e-6, 0., 0.], [0., 1e-6, 0.], [0., 0., 1e-6]], [0.; 3]).is_ok());
    }

    proptest! {
        #[test]
        fn voxel_undoes_world(a in -2.0..2.0f64, b in -2.0..2.0f64, t in prop::array::uniform3(-500.0..500.0f64), p in prop::array::uniform3(0.0..300.0f64)) {
            let affine = Affine::from_columns([[0.9, a * 0.1, 0.0], [0.0, -0.8, b * 0.1], [0.1, 0.0, 3.5]], t).unwrap();
            let back = affine.voxel(affine.world(p));
            for axis in 0..3 {
                prop_assert!((back[axis] - p[axis]).abs() < 1e-6);
            }
        }
    }
}
