//! PNG and JPEG pictures: grey values without a place in the patient.

use super::error::{IoError, one_line};
use super::finding::{Finding, FindingCode};
use super::guard::guarded;
use super::raw::{Dtype, RawVolume, Scale};
use crate::space::{Affine, Spacing};
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use std::path::{Path, PathBuf};

/// Memory that unpacking one picture may take.
const MAX_ALLOC: u64 = 1 << 29;

/// A picture whose header has been read.
#[derive(Debug)]
pub(super) struct PicturePlan {
    path: PathBuf,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub findings: Vec<Finding>,
}

/// Axes of a picture that has no position: i = column, j = row, as if it were an axial slice seen from the feet (columns to
/// the patient's left, rows to the back), so that every program shows it as it is stored. The place is arbitrary, which the
/// finding `no-geometry` says.
pub(super) fn picture_affine(spacing: Spacing) -> Affine {
    let [x, y, z] = spacing.mm();
    Affine::from_columns([[-x, 0.0, 0.0], [0.0, -y, 0.0], [0.0, 0.0, z]], [0.0; 3]).unwrap_or_else(|_| Affine::from_spacing(spacing))
}

/// Reads the header of a picture.
pub(super) fn plan(path: &Path) -> Result<PicturePlan, IoError> {
    let damaged = || IoError::damaged(path, "the picture's header cannot be read");
    let (size, colour) = guarded(|| {
        let decoder = reader(path)?.into_decoder().map_err(|e| IoError::damaged(path, one_line(&e.to_string())))?;
        Ok::<_, IoError>((decoder.dimensions(), decoder.color_type()))
    })
    .ok_or_else(damaged)??;
    let deep = colour.bytes_per_pixel() / colour.channel_count() > 1;
    let mut findings = vec![Finding::new(
        FindingCode::NoGeometry,
        "a picture says neither where its pixels lie nor how large they are: a pixel counts as 1 mm, and left and right are the picture's",
    )];
    if colour.has_color() {
        findings.push(Finding::new(FindingCode::Colour, "the colours of the picture were turned into grey values"));
    }
    let shape = vec![size.0 as usize, size.1 as usize, 1];
    if shape.contains(&0) {
        return Err(damaged());
    }
    Ok(PicturePlan { path: path.into(), shape, dtype: if deep { Dtype::U16 } else { Dtype::U8 }, findings })
}

impl PicturePlan {
    /// Unpacks the picture: i = column, j = row.
    pub fn read(&self) -> Result<RawVolume, IoError> {
        let path = &self.path;
        let decoded = guarded(|| reader(path)?.decode().map_err(|e| IoError::damaged(path, one_line(&e.to_string()))))
            .ok_or_else(|| IoError::damaged(path, "the picture cannot be unpacked"))??;
        let bytes = match self.dtype {
            Dtype::U16 => decoded.into_luma16().into_raw().into_iter().flat_map(u16::to_le_bytes).collect(),
            _ => match decoded {
                DynamicImage::ImageLuma8(grey) => grey.into_raw(),
                other => other.into_luma8().into_raw(),
            },
        };
        RawVolume::new(self.shape.clone(), self.dtype, bytes, vec![Scale::NONE], picture_affine(Spacing::UNIT))
            .ok_or_else(|| IoError::damaged(path, "the picture has another size than its header says"))
    }
}

fn reader(path: &Path) -> Result<ImageReader<std::io::BufReader<std::fs::File>>, IoError> {
    let failed = |e: std::io::Error| IoError::unreadable(path, &e);
    let mut reader = ImageReader::open(path).map_err(failed)?.with_guessed_format().map_err(failed)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    Ok(reader)
}
