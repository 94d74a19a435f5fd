//! Siemens mosaics: the slices of a volume side by side in one picture, unpacked into frames with a place each.
//!
//! Source: the private header as NiBabel's `siemens.dicom_mosaic` documents it. The picture's position is that of a slice as
//! large as the whole mosaic around the same centre; slice k is tile k in reading order, k steps along the normal.

use super::super::error::IoError;
use super::data_set::View;
use super::frame::{Frame, PixelFormat};
use super::stack::cross;
use std::path::Path;

/// Number of images in the mosaic (group of `SIEMENS MR HEADER`).
const IMAGES: u32 = 0x0019_100a;
/// CSA image header (group of `SIEMENS CSA HEADER`).
const CSA: u32 = 0x0029_1010;
/// More slices than this no mosaic holds.
const MOST: usize = 4096;

/// How a picture is cut into slices.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Mosaic {
    /// Format of the whole picture.
    pub whole: PixelFormat,
    /// Tiles in a row.
    side: usize,
}

/// The frames of a file, those of a mosaic unpacked. Other files come back as they are.
///
/// # Errors
/// If the mosaic does not say how many slices it holds or where they lie: flat, every voxel would be in a wrong place.
pub(super) fn unpack(
    path: &Path,
    view: &View<'_>,
    format: PixelFormat,
    frames: Vec<Frame>,
) -> Result<(PixelFormat, Vec<Frame>, Option<Mosaic>), IoError> {
    let [frame] = &frames[..] else { return Ok((format, frames, None)) };
    if !frame.image_type.split('\\').any(|word| word == "MOSAIC") {
        return Ok((format, frames, None));
    }
    let refuse = |why: &str| IoError::unsupported(path, format!("a Siemens mosaic {why} is not read"));
    let csa = view.raw(CSA).unwrap_or_default();
    let counted = view.u16(IMAGES).map(usize::from).or_else(|| csa_numbers(csa, "NumberOfImagesInMosaic").first().map(|n| *n as usize));
    let count = counted.filter(|n| (1..=MOST).contains(n)).ok_or_else(|| refuse("that does not say how many slices it holds"))?;
    let side = (1..=count).find(|side| side * side >= count).unwrap_or(1);
    let (rows, columns) = (usize::from(format.rows), usize::from(format.columns));
    if !rows.is_multiple_of(side) || !columns.is_multiple_of(side) {
        return Err(refuse(&format!("of {count} slices in {columns} × {rows} pixels")));
    }
    let tile = PixelFormat { rows: (rows / side) as u16, columns: (columns / side) as u16, ..format };
    let (Some(position), Some(axes), Some([between_rows, between_columns]), Some(step)) =
        (frame.position_lps, frame.orientation_lps, frame.spacing_mm, frame.thickness_mm)
    else {
        return Err(refuse("without position, orientation or spacing"));
    };
    let along_row: [f64; 3] = std::array::from_fn(|a| axes[a]);
    let along_column: [f64; 3] = std::array::from_fn(|a| axes[a + 3]);
    // The header knows which way the slices run.
    let normal = <[f64; 3]>::try_from(csa_numbers(csa, "SliceNormalVector")).unwrap_or_else(|_| cross(along_row, along_column));
    let aside = (columns - columns / side) as f64 / 2.0 * between_columns;
    let down = (rows - rows / side) as f64 / 2.0 * between_rows;
    let slices = (0..count).map(|k| {
        let lps = std::array::from_fn(|a| position[a] + aside * along_row[a] + down * along_column[a] + k as f64 * step * normal[a]);
        Frame { position_lps: Some(lps), instance: frame.instance + k as f64 / count as f64, ..frame.clone() }
    });
    Ok((tile, slices.collect(), Some(Mosaic { whole: format, side })))
}

impl Mosaic {
    /// Copies a tile of the whole picture's bytes into `out`.
    pub fn cut(&self, whole: &[u8], tile: usize, out: &mut [u8]) {
        let width = self.whole.dtype.bytes();
        let line = usize::from(self.whole.columns) * width;
        let short = line / self.side;
        let rows = usize::from(self.whole.rows) / self.side;
        let (across, down) = (tile % self.side, tile / self.side);
        for (row, part) in out.chunks_exact_mut(short).enumerate() {
            let at = (down * rows + row) * line + across * short;
            if let Some(bytes) = whole.get(at..at + short) {
                part.copy_from_slice(bytes);
            }
        }
    }
}

/// Numbers of a named element of a CSA2 header (`SV10`); empty where there is none.
fn csa_numbers(csa: &[u8], name: &str) -> Vec<f64> {
    const NAME: usize = 64;
    const HEAD: usize = NAME + 20;
    let mut key = name.as_bytes().to_vec();
    key.push(0);
    let Some(start) = csa.windows(key.len()).position(|w| w == key) else { return Vec::new() };
    let int = |at: usize| csa.get(at..at + 4).and_then(|b| b.try_into().ok()).map(i32::from_le_bytes).and_then(|n| usize::try_from(n).ok());
    let items = int(start + NAME + 12).unwrap_or(0).min(64);
    let mut at = start + HEAD;
    let mut numbers = Vec::new();
    for _ in 0..items {
        let Some(length) = int(at + 4) else { break };
        at += 16;
        let Some(text) = at.checked_add(length).and_then(|end| csa.get(at..end)) else { break };
        let text = String::from_utf8_lossy(text);
        numbers.extend(text.trim_matches(['\0', ' ']).parse::<f64>().ok().filter(|n| n.is_finite()));
        at += length.next_multiple_of(4);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::raw::Dtype;

    #[test]
    fn tiles_are_cut_in_reading_order() {
        let whole = PixelFormat { rows: 4, columns: 6, bits_allocated: 16, bits_stored: 16, shift: 0, signed: false, dtype: Dtype::U16 };
        let mosaic = Mosaic { whole, side: 2 };
        let bytes: Vec<u8> = (0..24_u16).flat_map(u16::to_le_bytes).collect();
        let mut out = [0; 12];
        mosaic.cut(&bytes, 3, &mut out);
        let values: Vec<u16> = out.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect();
        assert_eq!(values, [15, 16, 17, 21, 22, 23]);
        // Bytes that are not there change nothing.
        mosaic.cut(&bytes[..10], 3, &mut out);
    }

    #[test]
    fn a_csa_header_gives_its_numbers_and_rubbish_none() {
        let mut csa = b"SV10....".to_vec();
        csa.extend(b"SliceNormalVector\0");
        csa.resize(8 + 64, 0);
        for n in [3_i32, 0, 0, 3, 77] {
            csa.extend(n.to_le_bytes());
        }
        for text in ["0.0\0", "-0.5\0", "1e-1"] {
            for n in [0, text.len() as i32, 77, 0] {
                csa.extend(n.to_le_bytes());
            }
            csa.extend(text.as_bytes());
            csa.resize(csa.len().next_multiple_of(4), 0);
        }
        assert_eq!(csa_numbers(&csa, "SliceNormalVector"), [0.0, -0.5, 0.1]);
        for cut in 0..csa.len() {
            assert!(csa_numbers(&csa[..cut], "SliceNormalVector").len() <= 3);
        }
        assert!(csa_numbers(&csa, "Other").is_empty());
    }
}
