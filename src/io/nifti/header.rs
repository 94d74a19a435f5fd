//! The fixed-size NIfTI header, versions 1 (348 bytes) and 2 (540 bytes), in either byte order.
//!
//! Layout: <https://nifti.nimh.nih.gov/nifti-1> (`nifti1.h`) and <https://nifti.nimh.nih.gov/nifti-2> (`nifti2.h`).

use super::super::raw::{Dtype, Scale};

/// What the header says, unchecked but for its numbers being whole where they must be.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub big_endian: bool,
    /// Header and data in one file.
    pub single_file: bool,
    /// `dim[1..=dim[0]]`.
    pub dim: Vec<i64>,
    pub datatype: i16,
    /// `pixdim[0..=3]`; the first is the handedness of the qform.
    pub pixdim: [f64; 4],
    pub vox_offset: u64,
    pub scale: Scale,
    pub spatial_unit: u8,
    pub qform_code: i32,
    pub sform_code: i32,
    /// b, c, d.
    pub quaternion: [f64; 3],
    pub offset: [f64; 3],
    pub sform: [[f64; 4]; 3],
}

/// Why bytes are not a header, in words.
pub(super) type HeaderProblem = String;

/// Size of a NIfTI-2 header, the larger one.
pub(super) const LARGEST_HEADER: usize = 540;

/// Whether the first bytes are a NIfTI (or ANALYZE) header.
pub(in super::super) fn looks_like_header(bytes: &[u8]) -> bool {
    version(bytes).is_some()
}

/// (version, big-endian): from the header size that every header begins with.
fn version(bytes: &[u8]) -> Option<(u8, bool)> {
    let first: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    match (i32::from_le_bytes(first), i32::from_be_bytes(first)) {
        (348, _) => Some((1, false)),
        (_, 348) => Some((1, true)),
        (540, _) => Some((2, false)),
        (_, 540) => Some((2, true)),
        _ => None,
    }
}

struct Bytes<'a>(&'a [u8], bool);

impl Bytes<'_> {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut out: [u8; N] = std::array::from_fn(|n| self.0[at + n]);
        if self.1 {
            out.reverse();
        }
        out
    }
    fn i16(&self, at: usize) -> i16 {
        i16::from_le_bytes(self.array(at))
    }
    fn i32(&self, at: usize) -> i32 {
        i32::from_le_bytes(self.array(at))
    }
    fn i64(&self, at: usize) -> i64 {
        i64::from_le_bytes(self.array(at))
    }
    fn f32(&self, at: usize) -> f64 {
        f64::from(f32::from_le_bytes(self.array(at)))
    }
    fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(self.array(at))
    }
}

impl Header {
    /// Parses the first bytes of an (unpacked) file.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderProblem> {
        let Some((version, big_endian)) = version(bytes) else {
            return Err("this is not a NIfTI file (its first bytes are not those of a NIfTI header)".into());
        };
        let size = if version == 1 { 348 } else { LARGEST_HEADER };
        if bytes.len() < size {
            return Err(format!("the NIfTI header is cut short after {} of {size} bytes", bytes.len()));
        }
        let b = Bytes(bytes, big_endian);
        if version == 1 { Self::parse_1(&b) } else { Self::parse_2(&b) }
    }

    fn parse_1(b: &Bytes<'_>) -> Result<Self, HeaderProblem> {
        let single_file = match &b.0[344..348] {
            b"n+1\0" => true,
            b"ni1\0" => false,
            _ => {
                return Err("this is an ANALYZE 7.5 header or not NIfTI at all: it has no NIfTI mark, so left and right are unknown".into());
            }
        };
        let dims: [i64; 8] = std::array::from_fn(|n| i64::from(b.i16(40 + 2 * n)));
        let row = |r: usize| std::array::from_fn(|c| b.f32(280 + 16 * r + 4 * c));
        Ok(Self {
            big_endian: b.1,
            single_file,
            dim: dim(&dims)?,
            datatype: b.i16(70),
            pixdim: std::array::from_fn(|n| b.f32(76 + 4 * n)),
            vox_offset: offset(b.f32(108), single_file, 352)?,
            scale: scale(b.f32(112), b.f32(116)),
            spatial_unit: b.0[123] & 7,
            qform_code: i32::from(b.i16(252)),
            sform_code: i32::from(b.i16(254)),
            quaternion: std::array::from_fn(|n| b.f32(256 + 4 * n)),
            offset: std::array::from_fn(|n| b.f32(268 + 4 * n)),
            sform: [row(0), row(1), row(2)],
        })
    }

    fn parse_2(b: &Bytes<'_>) -> Result<Self, HeaderProblem> {
        let single_file = match &b.0[4..8] {
            b"n+2\0" => true,
            b"ni2\0" => false,
            _ => return Err("this is not a NIfTI-2 file (its mark is missing)".into()),
        };
        let dims: [i64; 8] = std::array::from_fn(|n| b.i64(16 + 8 * n));
        let row = |r: usize| std::array::from_fn(|c| b.f64(400 + 32 * r + 8 * c));
        Ok(Self {
            big_endian: b.1,
            single_file,
            dim: dim(&dims)?,
            datatype: b.i16(12),
            pixdim: std::array::from_fn(|n| b.f64(104 + 8 * n)),
            vox_offset: offset(b.i64(168) as f64, single_file, 544)?,
            scale: scale(b.f64(176), b.f64(184)),
            spatial_unit: (b.i32(500) & 7) as u8,
            qform_code: b.i32(344),
            sform_code: b.i32(348),
            quaternion: std::array::from_fn(|n| b.f64(352 + 8 * n)),
            offset: std::array::from_fn(|n| b.f64(376 + 8 * n)),
            sform: [row(0), row(1), row(2)],
        })
    }

    /// At least three axes, trailing axes of one voxel beyond the third dropped.
    pub fn shape(&self) -> Result<Vec<usize>, HeaderProblem> {
        let mut shape = Vec::with_capacity(self.dim.len().max(3));
        for &n in &self.dim {
            match usize::try_from(n) {
                Ok(n) if n > 0 => shape.push(n),
                _ => return Err(format!("the header claims {n} voxels along an axis")),
            }
        }
        while shape.len() > 3 && shape.last() == Some(&1) {
            shape.pop();
        }
        shape.resize(shape.len().max(3), 1);
        Ok(shape)
    }

    /// The number type, or in words what it is instead.
    pub fn dtype(&self) -> Result<Dtype, String> {
        Ok(match self.datatype {
            2 => Dtype::U8,
            4 => Dtype::I16,
            8 => Dtype::I32,
            16 => Dtype::F32,
            64 => Dtype::F64,
            256 => Dtype::I8,
            512 => Dtype::U16,
            768 => Dtype::U32,
            1024 => Dtype::I64,
            1280 => Dtype::U64,
            1 => return Err("voxels of one bit are not read".into()),
            32 | 1792 | 2048 => return Err("complex numbers are not read as an image".into()),
            128 | 2304 => return Err("a colour image (RGB) is not read".into()),
            1536 => return Err("128-bit numbers are not read".into()),
            other => return Err(format!("data type {other} is not one of NIfTI's")),
        })
    }

    /// Millimetres per unit of the header's lengths.
    pub const fn mm_per_unit(&self) -> f64 {
        match self.spatial_unit {
            1 => 1000.0,
            3 => 0.001,
            _ => 1.0,
        }
    }
}

fn dim(dims: &[i64; 8]) -> Result<Vec<i64>, HeaderProblem> {
    match dims[0] {
        n @ 1..=7 => Ok(dims[1..=n as usize].to_vec()),
        n => Err(format!("the header claims {n} dimensions; NIfTI has 1 to 7")),
    }
}

/// Where the voxels begin. In one file they cannot overlap the header, though some writers say 0.
fn offset(claimed: f64, single_file: bool, least: u64) -> Result<u64, HeaderProblem> {
    if !claimed.is_finite() || !(0.0..9e15).contains(&claimed) {
        return Err("the header does not say where the voxels begin".into());
    }
    let claimed = claimed as u64;
    Ok(if single_file { claimed.max(least) } else { claimed })
}

/// NIfTI: a slope that is 0 or not finite means no scaling.
fn scale(slope: f64, intercept: f64) -> Scale {
    if slope == 0.0 || !slope.is_finite() {
        return Scale::NONE;
    }
    Scale { slope, intercept: if intercept.is_finite() { intercept } else { 0.0 } }
}
