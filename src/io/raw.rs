//! Voxels as stored, with their scaling: half the memory of grey values in `f32`, and nothing rounded.

use crate::space::Affine;
use crate::volume::{Grid, Image};
use rayon::prelude::*;
use std::sync::Arc;

/// The largest volume that is taken into memory, in bytes as stored.
pub const MAX_RAW_BYTES: usize = 3 << 29;

/// Stored number type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 8 bits, unsigned.
    U8,
    /// 8 bits, signed.
    I8,
    /// 16 bits, unsigned.
    U16,
    /// 16 bits, signed.
    I16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, signed.
    I32,
    /// 64 bits, unsigned.
    U64,
    /// 64 bits, signed.
    I64,
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
}

impl Dtype {
    /// Name as numpy writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }

    /// Bytes of one number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether it is a floating-point type.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// value = stored × slope + intercept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Factor.
    pub slope: f64,
    /// Summand.
    pub intercept: f64,
}

impl Scale {
    /// Values as stored.
    pub const NONE: Self = Self { slope: 1.0, intercept: 0.0 };

    pub(super) fn of(self, stored: f64) -> f64 {
        // Also keeps NaN out of 0 × infinity where nothing is scaled.
        if self == Self::NONE { stored } else { stored * self.slope + self.intercept }
    }
}

/// Smallest, largest and mean finite scaled value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RawStats {
    /// Smallest (0 where no value is finite).
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Arithmetic mean.
    pub mean: f64,
    /// Voxels that are NaN or infinite.
    pub non_finite: usize,
}

/// A volume, or several on one grid, in the type in which the file stores it.
#[derive(Clone, Debug)]
pub struct RawVolume {
    shape: Vec<usize>,
    dtype: Dtype,
    /// Little-endian, i fastest.
    bytes: Vec<u8>,
    /// One for all, or one per slice (of all time points).
    scales: Vec<Scale>,
    world_from_voxel: Affine,
    inverted_on_display: bool,
}

/// Reads one little-endian number as f64.
macro_rules! each {
    ($bytes:expr, $dtype:expr, |$v:ident| $body:expr) => {
        match $dtype {
            Dtype::U8 => each!(@ u8, 1, $bytes, $v, $body),
            Dtype::I8 => each!(@ i8, 1, $bytes, $v, $body),
            Dtype::U16 => each!(@ u16, 2, $bytes, $v, $body),
            Dtype::I16 => each!(@ i16, 2, $bytes, $v, $body),
            Dtype::U32 => each!(@ u32, 4, $bytes, $v, $body),
            Dtype::I32 => each!(@ i32, 4, $bytes, $v, $body),
            Dtype::U64 => each!(@ u64, 8, $bytes, $v, $body),
            Dtype::I64 => each!(@ i64, 8, $bytes, $v, $body),
            Dtype::F32 => each!(@ f32, 4, $bytes, $v, $body),
            Dtype::F64 => each!(@ f64, 8, $bytes, $v, $body),
        }
    };
    (@ $t:ty, $n:literal, $bytes:expr, $v:ident, $body:expr) => {
        for &chunk in $bytes.as_chunks::<$n>().0 {
            let $v = <$t>::from_le_bytes(chunk) as f64;
            $body
        }
    };
}

impl RawVolume {
    /// `shape` has at least three axes; `scales` one entry or one per slice; `bytes` are little-endian, i fastest.
    /// `None` where these do not fit each other.
    pub(super) fn new(shape: Vec<usize>, dtype: Dtype, bytes: Vec<u8>, scales: Vec<Scale>, world_from_voxel: Affine) -> Option<Self> {
        let voxels = shape.iter().try_fold(1_usize, |n, &s| n.checked_mul(s))?;
        let slices: usize = shape.get(2..)?.iter().product();
        let fits = voxels > 0 && voxels.checked_mul(dtype.bytes())? == bytes.len() && (scales.len() == 1 || scales.len() == slices);
        fits.then_some(Self { shape, dtype, bytes, scales, world_from_voxel, inverted_on_display: false })
    }

    pub(super) fn with_inverted_display(mut self, inverted: bool) -> Self {
        self.inverted_on_display = inverted;
        self
    }

    /// Voxels along i, j, k and any further axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Stored type.
    #[must_use]
    pub const fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Stored numbers, little-endian, i fastest.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Maps voxel centres to RAS+ mm.
    #[must_use]
    pub const fn world_from_voxel(&self) -> &Affine {
        &self.world_from_voxel
    }

    /// The one scaling of all voxels, if there is one.
    #[must_use]
    pub fn uniform_scale(&self) -> Option<Scale> {
        self.scales.iter().all(|s| *s == self.scales[0]).then(|| self.scales[0])
    }

    /// Number of volumes along the axes beyond the third.
    #[must_use]
    pub fn time_points(&self) -> usize {
        self.shape[3..].iter().product()
    }

    /// Scaled values of one slice, counted through all time points.
    pub(super) fn slice_values(&self, slice: usize, mut visit: impl FnMut(f64)) {
        let bytes = self.slice_bytes();
        let scale = *self.scales.get(slice).unwrap_or(&self.scales[0]);
        let part = &self.bytes[slice * bytes..(slice + 1) * bytes];
        each!(part, self.dtype, |v| visit(scale.of(v)));
    }

    pub(super) fn slice_count(&self) -> usize {
        self.shape[2..].iter().product()
    }

    fn slice_bytes(&self) -> usize {
        self.shape[0] * self.shape[1] * self.dtype.bytes()
    }

    /// Grey values of one time point; `None` beyond the last, or where the shape is no grid.
    #[must_use]
    pub fn image(&self, time_point: usize) -> Option<Image> {
        if time_point >= self.time_points() {
            return None;
        }
        let shape = [self.shape[0], self.shape[1], self.shape[2]];
        let grid = Grid::new(shape, self.world_from_voxel.clone()).ok()?;
        // Zeros that the system hands out page by page as they are first touched: by all threads, not by one beforehand.
        let mut values = vec![0.0; grid.voxel_count()];
        let slice_bytes = self.slice_bytes();
        values.par_chunks_mut(shape[0] * shape[1]).enumerate().for_each(|(k, out)| {
            let slice = time_point * shape[2] + k;
            let scale = *self.scales.get(slice).unwrap_or(&self.scales[0]);
            fill(out, &self.bytes[slice * slice_bytes..(slice + 1) * slice_bytes], self.dtype, scale);
        });
        Some(Image::new(Arc::new(grid), values).ok()?.with_inverted_display(self.inverted_on_display))
    }

    /// One byte per voxel where the file stores just that, unscaled.
    pub(super) fn plain_bytes(&self) -> Option<&[u8]> {
        (self.dtype == Dtype::U8 && self.uniform_scale() == Some(Scale::NONE)).then_some(self.bytes.as_slice())
    }

    /// Statistics over the finite scaled values of all time points.
    #[must_use]
    pub fn stats(&self) -> RawStats {
        // Per slice and then in order, so that the sum does not depend on the threads.
        let parts: Vec<(f64, f64, f64, usize, usize)> = (0..self.slice_count())
            .into_par_iter()
            .map(|slice| {
                let (mut lo, mut hi, mut sum, mut finite, mut not) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0, 0);
                self.slice_values(slice, |v| {
                    if v.is_finite() {
                        lo = lo.min(v);
                        hi = hi.max(v);
                        sum += v;
                        finite += 1;
                    } else {
                        not += 1;
                    }
                });
                (lo, hi, sum, finite, not)
            })
            .collect();
        let count: usize = parts.iter().map(|p| p.3).sum();
        let non_finite = parts.iter().map(|p| p.4).sum();
        if count == 0 {
            return RawStats { min: 0.0, max: 0.0, mean: 0.0, non_finite };
        }
        // Dividing first keeps sums of huge values from running over.
        let mean = parts.iter().map(|p| p.2 / count as f64).sum::<f64>();
        let min = parts.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
        let max = parts.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
        RawStats { min, max, mean: mean.clamp(min, max), non_finite }
    }

    /// A type that holds every scaled value: the stored one where nothing is scaled, else a whole-number or a float type.
    #[must_use]
    pub fn value_dtype(&self, stats: &RawStats) -> Dtype {
        let whole = |s: &Scale| s.slope.fract() == 0.0 && s.intercept.fract() == 0.0;
        if self.scales.iter().all(|s| *s == Scale::NONE) || self.dtype.is_float() {
            self.dtype
        } else if self.scales.iter().all(whole) && stats.min >= f64::from(i16::MIN) && stats.max <= f64::from(i16::MAX) {
            Dtype::I16
        } else if self.scales.iter().all(whole) && stats.min >= f64::from(i32::MIN) && stats.max <= f64::from(i32::MAX) {
            Dtype::I32
        } else {
            Dtype::F32
        }
    }
}

/// Scaled values of as many stored numbers as `out` is long; simple loops that the compiler turns into vector code.
fn fill(out: &mut [f32], bytes: &[u8], dtype: Dtype, scale: Scale) {
    macro_rules! fill_from {
        ($t:ty, $n:literal) => {{
            let stored = bytes.as_chunks::<$n>().0;
            if scale == Scale::NONE {
                out.iter_mut().zip(stored).for_each(|(o, &s)| *o = <$t>::from_le_bytes(s) as f32);
            } else {
                out.iter_mut().zip(stored).for_each(|(o, &s)| *o = (<$t>::from_le_bytes(s) as f64 * scale.slope + scale.intercept) as f32);
            }
        }};
    }
    match dtype {
        Dtype::U8 => fill_from!(u8, 1),
        Dtype::I8 => fill_from!(i8, 1),
        Dtype::U16 => fill_from!(u16, 2),
        Dtype::I16 => fill_from!(i16, 2),
        Dtype::U32 => fill_from!(u32, 4),
        Dtype::I32 => fill_from!(i32, 4),
        Dtype::U64 => fill_from!(u64, 8),
        Dtype::I64 => fill_from!(i64, 8),
        Dtype::F32 => fill_from!(f32, 4),
        Dtype::F64 => fill_from!(f64, 8),
    }
}

/// Turns big-endian numbers into little-endian ones, in place.
pub(super) fn swap_bytes(bytes: &mut [u8], width: usize) {
    if width > 1 {
        bytes.chunks_exact_mut(width).for_each(<[u8]>::reverse);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Spacing;

    #[test]
    fn scales_apply_per_slice_and_sizes_must_fit() {
        let affine = Affine::from_spacing(Spacing::UNIT);
        let bytes: Vec<u8> = [1_i16, -2, 3, 4].iter().flat_map(|v| v.to_le_bytes()).collect();
        let scales = vec![Scale { slope: 2.0, intercept: 1.0 }, Scale { slope: 10.0, intercept: 0.0 }];
        let raw = RawVolume::new(vec![2, 1, 2], Dtype::I16, bytes.clone(), scales, affine.clone()).unwrap();
        assert_eq!(raw.image(0).unwrap().values().as_slice(), [3.0, -3.0, 30.0, 40.0]);
        assert!(raw.image(1).is_none());
        let stats = raw.stats();
        assert_eq!((stats.min, stats.max, stats.mean), (-3.0, 40.0, 17.5));
        assert!(RawVolume::new(vec![2, 1, 3], Dtype::I16, bytes, vec![Scale::NONE], affine).is_none());
    }
}
