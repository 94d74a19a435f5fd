//! RLE Lossless (DICOM PS3.5 annex G): byte planes, most significant first, each packed with PackBits.

/// Unpacks one frame of one sample per pixel into little-endian numbers of `width` bytes. `None` where the data are damaged.
pub(super) fn decode(data: &[u8], pixels: usize, width: usize) -> Option<Vec<u8>> {
    let word = |n: usize| Some(u32::from_le_bytes(data.get(4 * n..4 * n + 4)?.try_into().ok()?) as usize);
    if word(0)? != width {
        return None;
    }
    let mut out = vec![0; pixels.checked_mul(width)?];
    for plane in 0..width {
        let start = word(1 + plane)?;
        let end = if plane + 1 < width { word(2 + plane)? } else { data.len() };
        let packed = data.get(start..end)?;
        let place = width - 1 - plane;
        unpack(packed, pixels, |n, byte| out[n * width + place] = byte)?;
    }
    Some(out)
}

fn unpack(packed: &[u8], pixels: usize, mut put: impl FnMut(usize, u8)) -> Option<()> {
    let (mut at, mut done) = (0, 0);
    while done < pixels {
        let control = *packed.get(at)? as i8;
        at += 1;
        if control >= 0 {
            let run = (control as usize + 1).min(pixels - done);
            for &byte in packed.get(at..at + run)? {
                put(done, byte);
                done += 1;
            }
            at += control as usize + 1;
        } else if control != i8::MIN {
            let byte = *packed.get(at)?;
            at += 1;
            for _ in 0..(1 - isize::from(control)).min((pixels - done) as isize) {
                put(done, byte);
                done += 1;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_planes_of_runs_and_literals() {
        let mut data = vec![0_u8; 64];
        data[0] = 2;
        data[4] = 64;
        data[8] = 66;
        data.extend([0xfe, 1, 2, 10, 11, 12]); // high: 1 1 1; low: 10 11 12
        assert_eq!(decode(&data, 3, 2).unwrap(), [10, 1, 11, 1, 12, 1]);
        assert!(decode(&data, 4, 2).is_none());
        assert!(decode(&data[..20], 3, 2).is_none());
    }
}
