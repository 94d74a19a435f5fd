//! Single planes: padding, cutting, resampling.

/// A plane with mirrored pixels added on the right and below, `[row][column]`.
pub fn pad<T: Copy>(values: &[T], size: [usize; 2], padded: [usize; 2], outside: Option<T>) -> Vec<T> {
    let [width, height] = size;
    let mut out = Vec::with_capacity(padded[0] * padded[1]);
    for y in 0..padded[1] {
        for x in 0..padded[0] {
            let inside = x < width && y < height;
            out.push(match outside {
                Some(value) if !inside => value,
                _ => values[mirror(y, height) * width + mirror(x, width)],
            });
        }
    }
    out
}

/// The top left part of a plane with `channels` interleaved values per pixel.
pub fn crop(values: &[f32], width: usize, channels: usize, size: [usize; 2]) -> Vec<f32> {
    values.chunks(width * channels).take(size[1]).flat_map(|row| row[..size[0] * channels].iter().copied()).collect()
}

/// Position `at` of a row of `length` pixels that is mirrored at its end, again and again.
const fn mirror(at: usize, length: usize) -> usize {
    if length < 2 {
        return 0;
    }
    let period = 2 * (length - 1);
    let at = at % period;
    if at < length { at } else { period - at }
}

/// Where pixel `at` of `to` pixels lies among `from` pixels that cover the same length.
fn position(at: usize, from: usize, to: usize) -> f32 {
    (at as f32 + 0.5) * (from as f32 / to as f32) - 0.5
}

/// The pixels of `from` that pixel `at` of `to` pixels over the same length covers, and how much of each, in parts of which `to`
/// are a whole pixel.
pub fn covered(at: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, u64)> {
    let (low, high) = (at * from, (at + 1) * from);
    (low / to..high.div_ceil(to)).map(move |n| (n, (high.min((n + 1) * to) - low.max(n * to)) as u64))
}

/// The label with the most votes; of equal ones the highest or the lowest.
pub fn elected(votes: &[(u8, u64)], highest: bool) -> u8 {
    let most = votes.iter().map(|(_, vote)| *vote).max();
    let equal = votes.iter().filter(|(_, vote)| Some(*vote) == most).map(|(label, _)| *label);
    let found = if highest { equal.max() } else { equal.min() };
    found.unwrap_or(0)
}

/// Bilinear value at a fractional position; the border goes on outwards. `channels` are interleaved.
pub fn bilinear(values: &[f32], size: [usize; 2], channels: usize, channel: usize, x: f32, y: f32) -> f32 {
    let (x, y) = (x.clamp(0.0, (size[0] - 1) as f32), y.clamp(0.0, (size[1] - 1) as f32));
    let (x0, y0) = (x as usize, y as usize);
    let (x1, y1) = ((x0 + 1).min(size[0] - 1), (y0 + 1).min(size[1] - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let at = |x: usize, y: usize| values[(y * size[0] + x) * channels + channel];
    let upper = at(x0, y0) + (at(x1, y0) - at(x0, y0)) * fx;
    let lower = at(x0, y1) + (at(x1, y1) - at(x0, y1)) * fx;
    upper + (lower - upper) * fy
}

/// A plane brought to another number of pixels over the same area; `channels` interleaved.
pub fn resize(values: &[f32], from: [usize; 2], to: [usize; 2], channels: usize) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let mut out = Vec::with_capacity(to[0] * to[1] * channels);
    for y in 0..to[1] {
        for x in 0..to[0] {
            let (px, py) = (position(x, from[0], to[0]), position(y, from[1], to[1]));
            out.extend((0..channels).map(|c| bilinear(values, from, channels, c, px, py)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_mirrors_and_cropping_undoes_it() {
        let padded = pad(&[1.0, 2.0, 3.0], [3, 1], [7, 2], None);
        assert_eq!(padded, [1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0]);
        assert_eq!(crop(&padded, 7, 1, [3, 1]), [1.0, 2.0, 3.0]);
        assert_eq!(pad(&[1_u8, 2], [2, 1], [3, 1], Some(255)), [1, 2, 255]);
    }

    #[test]
    fn every_pixel_is_covered_once() {
        for (from, to) in [(12, 12), (12, 6), (12, 5), (5, 12), (1, 4), (7, 1)] {
            let mut parts = vec![0; from];
            (0..to).flat_map(|at| covered(at, from, to)).for_each(|(n, part)| parts[n] += part);
            assert_eq!(parts, vec![to as u64; from], "{from} to {to}");
            assert!((0..to).all(|at| covered(at, from, to).map(|(_, part)| part).sum::<u64>() == from as u64));
        }
        assert_eq!([true, false].map(|highest| elected(&[(2, 4), (0, 3), (1, 4)], highest)), [2, 1]);
    }

    #[test]
    fn resizing_keeps_a_ramp() {
        let ramp: Vec<f32> = (0..40).map(|x| x as f32).collect();
        let half = resize(&ramp, [40, 1], [20, 1], 1);
        assert_eq!(&half[..3], [0.5, 2.5, 4.5]);
        let back = resize(&half, [20, 1], [40, 1], 1);
        assert!(back.iter().zip(&ramp).skip(1).take(38).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}
