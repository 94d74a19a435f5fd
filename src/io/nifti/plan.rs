//! A NIfTI file whose header has been read and found sound: what it holds and how to get the voxels.

use super::super::error::IoError;
use super::super::finding::{Finding, FindingCode};
use super::super::listing::has_suffix;
use super::super::raw::{Dtype, MAX_RAW_BYTES, RawVolume, swap_bytes};
use super::super::source::AffineSource;
use super::header::{Header, LARGEST_HEADER};
use super::quaternion::rotation;
use crate::space::{Affine, Spacing};
use crate::volume::require_room;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// gzip cannot pack more than this many bytes into one (RFC 1951: 258 bytes in two bits at best, less the block's own cost).
const BEST_GZIP_RATIO: u64 = 1040;

/// Bytes behind the last voxel that are read to come to the checksum.
const MOST_BEHIND: u64 = 64 << 20;
/// Larger files are unpacked as a stream, so that packed and unpacked bytes are not in memory together.
const MOST_AT_ONCE: usize = 1 << 30;

/// A checked header.
#[derive(Debug)]
pub(in super::super) struct NiftiPlan {
    header: Header,
    /// Where the voxels are: the file itself, or the `.img` beside it.
    data_path: PathBuf,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub world_from_voxel: Affine,
    pub affine_source: AffineSource,
    pub findings: Vec<Finding>,
}

/// Reads and checks the header; a `.img` is taken for its `.hdr`.
pub(in super::super) fn plan(path: &Path) -> Result<NiftiPlan, IoError> {
    let mut head = Vec::with_capacity(LARGEST_HEADER);
    let read = open(path)?.take(LARGEST_HEADER as u64).read_to_end(&mut head);
    // A stream that breaks off after the header's first bytes is judged by what there is.
    if let (Err(e), true) = (&read, head.is_empty()) {
        return Err(match e.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                IoError::damaged(path, "this is not a NIfTI file, or its compressed data are broken at the very start")
            }
            _ => IoError::unreadable(path, e),
        });
    }
    let header = Header::parse(&head).map_err(|why| IoError::not_an_image(path, why))?;
    let shape = header.shape().map_err(|why| IoError::damaged(path, why))?;
    let dtype = header.dtype().map_err(|what| IoError::unsupported(path, what))?;
    let data_path = if header.single_file { path.to_path_buf() } else { image_of(path)? };
    check_size(path, &data_path, &header, &shape, dtype)?;
    let mut findings = Vec::new();
    let (world_from_voxel, affine_source) = place(&header, &shape, &mut findings);
    Ok(NiftiPlan { header, data_path, shape, dtype, world_from_voxel, affine_source, findings })
}

impl NiftiPlan {
    /// Reads the voxels: exactly as many bytes as the header claims, never more.
    pub fn read(&self) -> Result<RawVolume, IoError> {
        let path = &self.data_path;
        let length = self.shape.iter().product::<usize>() * self.dtype.bytes();
        require_room(length).map_err(IoError::no_memory(path))?;
        if let Some(bytes) = self.unpacked_at_once(length) {
            return self.volume(bytes);
        }
        // Zeroed memory is not touched by the system before it is written, so a broken file costs only what it holds.
        let mut bytes = vec![0_u8; length];
        let mut stream = open(path)?;
        let skipped = std::io::copy(&mut (&mut stream).take(self.header.vox_offset), &mut std::io::sink());
        let mut filled = 0;
        let mut problem = skipped.as_ref().err().map(ToString::to_string);
        while filled < length && problem.is_none() {
            match stream.read(&mut bytes[filled..]) {
                Ok(0) => problem = Some("the file ends".into()),
                Ok(n) => filled += n,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => problem = Some(e.to_string()),
            }
        }
        if let Some(problem) = problem {
            let percent = filled as f64 / length as f64 * 100.0;
            return Err(IoError::damaged(
                path,
                format!("the image is truncated or damaged after {percent:.0} % of its voxels ({problem})"),
            ));
        }
        // What packs the file keeps a checksum behind the last voxel: it is only looked at by whoever reads on.
        let checked = std::io::copy(&mut stream.take(MOST_BEHIND), &mut std::io::sink());
        // Bytes behind a whole file that are no further part of it are nobody's damage.
        let is_padding = |e: &std::io::Error| e.to_string().contains("invalid gzip header");
        if let Some(e) = checked.err().filter(|e| !is_padding(e)) {
            return Err(IoError::damaged(path, format!("its packed data do not match their checksum ({e})")));
        }
        self.volume(bytes)
    }

    fn volume(&self, mut bytes: Vec<u8>) -> Result<RawVolume, IoError> {
        if self.header.big_endian {
            swap_bytes(&mut bytes, self.dtype.bytes());
        }
        RawVolume::new(self.shape.clone(), self.dtype, bytes, vec![self.header.scale], self.world_from_voxel.clone())
            .ok_or_else(|| IoError::damaged(&self.data_path, "the header contradicts itself"))
    }

    /// The voxels of a gzip file that is whole, one member and no longer than it should be; anything else is left to the stream,
    /// which says what is wrong with it.
    fn unpacked_at_once(&self, length: usize) -> Option<Vec<u8>> {
        let skip = usize::try_from(self.header.vox_offset).ok()?;
        let total = skip.checked_add(length).filter(|total| *total <= MOST_AT_ONCE)?;
        let packed_length = std::fs::metadata(&self.data_path).ok()?.len();
        if packed_length > total as u64 + total as u64 / 2 + 4096 {
            return None;
        }
        let packed = std::fs::read(&self.data_path).ok()?;
        if packed.get(..2) != Some(&[0x1f, 0x8b]) {
            return None;
        }
        let mut bytes = vec![0_u8; total];
        let unpacked = libdeflater::Decompressor::new().gzip_decompress(&packed, &mut bytes).ok()?;
        if unpacked != total {
            return None;
        }
        bytes.drain(..skip);
        Some(bytes)
    }

    /// Bytes of the file that holds the voxels; 0 where the system does not say.
    pub fn on_disk(&self) -> u64 {
        std::fs::metadata(&self.data_path).map_or(0, |about| about.len())
    }

    /// Header and image, in this order; one file where they are one.
    pub fn files(&self, path: &Path) -> Vec<PathBuf> {
        let mut files = vec![path.to_path_buf()];
        if self.data_path != path {
            files.push(self.data_path.clone());
        }
        files
    }
}

/// The file as a stream of unpacked bytes; gzip is known by its first two bytes, not by the name.
fn open(path: &Path) -> Result<Box<dyn Read>, IoError> {
    let failed = |e: std::io::Error| IoError::unreadable(path, &e);
    let mut file = File::open(path).map_err(failed)?;
    let mut mark = Vec::with_capacity(2);
    Read::by_ref(&mut file).take(2).read_to_end(&mut mark).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(if mark == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 18, file))) } else { Box::new(file) })
}

/// The `.img` or `.img.gz` that belongs to a `.hdr`.
fn image_of(header: &Path) -> Result<PathBuf, IoError> {
    beside(header, [".hdr", ".hdr.gz"], [".img", ".img.gz"])
        .ok_or_else(|| IoError::damaged(header, "the image file (.img) that belongs to this header is not beside it"))
}

/// The `.hdr` that belongs to a `.img`, if the path is one and has one.
pub(in super::super) fn image_beside(image: &Path) -> Option<PathBuf> {
    beside(image, [".img", ".img.gz"], [".hdr", ".hdr.gz"])
}

fn beside(path: &Path, from: [&str; 2], to: [&str; 2]) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let packed = has_suffix(path, &[from[1]]);
    let stem = if packed {
        name.get(..name.len() - from[1].len())?
    } else if has_suffix(path, &[from[0]]) {
        name.get(..name.len() - 4)?
    } else {
        return None;
    };
    let order = if packed { [to[1], to[0]] } else { to };
    let spelled = order.iter().flat_map(|s| [(*s).to_string(), s.to_ascii_uppercase()]);
    spelled.map(|suffix| path.with_file_name(format!("{stem}{suffix}"))).find(|p| p.is_file())
}

/// Compares the size that the header claims with what the file can hold, before any memory is asked for.
fn check_size(path: &Path, data: &Path, header: &Header, shape: &[usize], dtype: Dtype) -> Result<(), IoError> {
    let claimed = shape.iter().try_fold(dtype.bytes(), |n, &s| n.checked_mul(s));
    let size = format!("{} voxels of {}", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × "), dtype.name());
    let Some(claimed) = claimed else {
        return Err(IoError::damaged(path, format!("the header claims {size}, more than any file can hold")));
    };
    let on_disk = std::fs::metadata(data).map_err(|e| IoError::unreadable(data, &e))?.len();
    let mut mark = [0; 2];
    let packed = File::open(data).and_then(|mut f| f.read_exact(&mut mark)).is_ok() && mark == [0x1f, 0x8b];
    let can_hold = if packed { on_disk.saturating_mul(BEST_GZIP_RATIO) } else { on_disk };
    if header.vox_offset.saturating_add(claimed as u64) > can_hold {
        return Err(IoError::damaged(path, format!("the image is truncated: the header claims {size}, the file holds {on_disk} bytes")));
    }
    if claimed > MAX_RAW_BYTES {
        return Err(IoError::too_large(path, format!("{size} are more than the {} MiB that the program takes", MAX_RAW_BYTES >> 20)));
    }
    Ok(())
}

/// sform if its code > 0, else qform, else spacing alone.
fn place(header: &Header, shape: &[usize], findings: &mut Vec<Finding>) -> (Affine, AffineSource) {
    let unit = header.mm_per_unit();
    if unit != 1.0 {
        findings.push(Finding::new(FindingCode::Units, format!("the header's lengths were multiplied by {unit} to give millimetres")));
    }
    let sform = (header.sform_code > 0).then(|| Affine::new(header.sform.map(|row| row.map(|v| v * unit))));
    let qform = (header.qform_code > 0).then(|| qform(header, unit));
    let extent = [shape[0], shape[1], shape[2]];
    if let (Some(Ok(s)), Some(Ok(q))) = (&sform, &qform) {
        let apart = s.corner_distance_mm(q, extent);
        if apart > 0.1 * s.spacing().smallest_mm() {
            findings.push(Finding::new(
                FindingCode::SformQformDisagree,
                format!("the header's two positions (sform, qform) are up to {apart:.2} mm apart; the sform is used"),
            ));
        }
    }
    let unusable = matches!(sform, Some(Err(_))) || matches!(qform, Some(Err(_)));
    if let Some(Ok(affine)) = sform {
        note_shear(&affine, findings);
        return (affine, AffineSource::Sform);
    }
    if let Some(Ok(affine)) = qform {
        if unusable {
            findings.push(Finding::new(FindingCode::NoAffine, "the header's sform cannot be inverted; the qform is used"));
        }
        return (affine, AffineSource::Qform);
    }
    let why = if unusable { "the header's orientation cannot be used" } else { "the header gives no orientation" };
    findings.push(Finding::new(FindingCode::NoAffine, format!("{why}: left and right are unknown, only the spacing is used")));
    (Affine::from_spacing(spacing(header, unit)), AffineSource::Header)
}

/// `pixdim[1..=3]` in mm; what is not a length counts as 1 mm.
fn spacing(header: &Header, unit: f64) -> Spacing {
    let mm = std::array::from_fn(|a| match (header.pixdim[a + 1] * unit).abs() {
        v if v.is_finite() && v > 0.0 => v,
        _ => 1.0,
    });
    Spacing::new(mm).unwrap_or(Spacing::UNIT)
}

fn qform(header: &Header, unit: f64) -> Result<Affine, crate::space::AffineError> {
    let r = rotation(header.quaternion);
    let mm = spacing(header, unit).mm();
    let qfac = if header.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let column = |c: usize, f: f64| std::array::from_fn(|row| r[row][c] * f);
    Affine::from_columns([column(0, mm[0]), column(1, mm[1]), column(2, mm[2] * qfac)], header.offset.map(|v| v * unit))
}

fn note_shear(affine: &Affine, findings: &mut Vec<Finding>) {
    let worst = affine.shear();
    if worst > 1e-3 {
        let degrees = worst.min(1.0).asin().to_degrees();
        findings.push(Finding::new(FindingCode::Sheared, format!("the axes are {degrees:.1}° from being at right angles")));
    }
}
