//! Contrast-limited adaptive histogram equalisation of one slice (Zuiderveld 1994).

const BINS: usize = 256;

/// Spreads grey values evenly within each of `tiles` × `tiles` parts, blending between their centres, and brings them to
/// 0..=1. No grey value may count for more than `clip` times its even share, which keeps noise in air from growing.
pub fn clahe(values: &mut [f32], size: [usize; 2], tiles: usize, clip: f64) {
    let [width, height] = size;
    let tiles = [tiles.clamp(1, width), tiles.clamp(1, height)];
    let (low, high) = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
        values.fill(0.0);
        return;
    }
    let bin = |v: f32| (((v - low) / (high - low) * BINS as f32) as usize).min(BINS - 1);
    let maps: Vec<Vec<f32>> = (0..tiles[0] * tiles[1])
        .map(|tile| {
            let (tx, ty) = (tile % tiles[0], tile / tiles[0]);
            let mut counts = vec![0.0_f64; BINS];
            for y in ty * height / tiles[1]..(ty + 1) * height / tiles[1] {
                for v in &values[y * width + tx * width / tiles[0]..y * width + (tx + 1) * width / tiles[0]] {
                    counts[bin(*v)] += 1.0;
                }
            }
            cumulated(counts, clip)
        })
        .collect();
    // Position of a pixel among the centres of tiles: the two nearest and the share of the second.
    let between = |at: usize, axis: usize| {
        let place = ((at as f32 + 0.5) * tiles[axis] as f32 / size[axis] as f32 - 0.5).clamp(0.0, (tiles[axis] - 1) as f32);
        (place as usize, (place as usize + 1).min(tiles[axis] - 1), place.fract())
    };
    for y in 0..height {
        let (y0, y1, fy) = between(y, 1);
        for x in 0..width {
            let (x0, x1, fx) = between(x, 0);
            let value = &mut values[y * width + x];
            let at = bin(*value);
            let of = |tx: usize, ty: usize| maps[ty * tiles[0] + tx][at];
            let upper = of(x0, y0) + (of(x1, y0) - of(x0, y0)) * fx;
            let lower = of(x0, y1) + (of(x1, y1) - of(x0, y1)) * fx;
            *value = upper + (lower - upper) * fy;
        }
    }
}

/// The share of values up to the middle of each bin, after what lies above the limit was spread over all bins.
fn cumulated(mut counts: Vec<f64>, clip: f64) -> Vec<f32> {
    let total: f64 = counts.iter().sum();
    let limit = clip.max(1.0) * total / BINS as f64;
    let excess: f64 = counts.iter().map(|c| (c - limit).max(0.0)).sum();
    let mut sum = 0.0;
    counts.iter_mut().for_each(|c| *c = c.min(limit) + excess / BINS as f64);
    counts
        .iter()
        .map(|c| {
            sum += c;
            ((sum - c / 2.0) / total.max(1.0)) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_of_a_dim_part_grows_and_order_is_kept_within_a_tile() {
        let size = [64, 64];
        // Left half: a faint pattern at 10 of 1000; right half: bright.
        let raw: Vec<f32> =
            (0..4096).map(|n| if n % 64 < 32 { 10.0 + 30.0 * (n % 5) as f32 / 4.0 } else { 500.0 + (n % 501) as f32 }).collect();
        let mut out = raw.clone();
        clahe(&mut out, size, 2, 4.0);
        assert!(out.iter().all(|v| (0.0..=1.0).contains(v)));
        let spread = |v: &[f32]| v[1284] - v[1280];
        assert!(raw[1284] > raw[1280] && spread(&out) > 1.2 * spread(&raw) / 1000.0, "{} {}", spread(&out), spread(&raw));
        let mut one = raw.clone();
        clahe(&mut one, size, 1, 1e9);
        for (a, b) in [(0, 40), (1, 3), (7, 60)] {
            assert_eq!(raw[a].total_cmp(&raw[b]), one[a].total_cmp(&one[b]));
        }
        let mut flat = vec![7.0; 4096];
        clahe(&mut flat, size, 8, 2.0);
        assert!(flat.iter().all(|v| *v == 0.0));
        clahe(&mut [1.0, 2.0], [2, 1], 8, 2.0);
    }
}
