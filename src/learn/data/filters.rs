//! Filters of one slice, `[row][column]`.

/// Divides by the plane's Gaussian mean (σ as a fraction of width and height), which takes slow shading out.
/// Where the mean is near zero, nothing is divided.
pub fn remove_bias(values: &mut [f32], size: [usize; 2], sigma_fraction: f64) {
    let smooth = gaussian(values, size, sigma_fraction);
    let largest = smooth.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    if largest <= 0.0 {
        return;
    }
    // Air has a tiny mean: dividing by it would lift noise to the level of tissue.
    let floor = 0.05 * largest;
    for (v, s) in values.iter_mut().zip(&smooth) {
        *v /= s.max(floor);
    }
}

/// Median of each pixel and its four neighbours (fewer at the border: the lower of the middle two).
pub fn median4(values: &mut [f32], size: [usize; 2]) {
    let [width, height] = size;
    let old = values.to_vec();
    for y in 0..height {
        for x in 0..width {
            let mut near = [f32::INFINITY; 5];
            let mut count = 0;
            let mut add = |x: usize, y: usize| {
                near[count] = old[y * width + x];
                count += 1;
            };
            add(x, y);
            if x > 0 {
                add(x - 1, y);
            }
            if x + 1 < width {
                add(x + 1, y);
            }
            if y > 0 {
                add(x, y - 1);
            }
            if y + 1 < height {
                add(x, y + 1);
            }
            near[..count].sort_by(f32::total_cmp);
            values[y * width + x] = near[(count - 1) / 2];
        }
    }
}

/// Separable Gaussian with a standard deviation in pixels along width and height, cut at 3 of it; below 0.2 it does nothing. The
/// border goes on outwards.
pub(super) fn blur(plane: &mut [f32], size: [usize; 2], sigma: [f64; 2]) {
    let [width, height] = size;
    for (steps, length, starts, sigma) in [(1, width, height, sigma[0]), (width, height, width, sigma[1])] {
        if sigma < 0.2 {
            continue;
        }
        // Nothing further away than the slice is wide matters.
        let radius = ((3.0 * sigma).ceil() as usize).min(length);
        let weights: Vec<f32> = (0..=2 * radius).map(|n| (-0.5 * ((n as f64 - radius as f64) / sigma).powi(2)).exp() as f32).collect();
        let total: f32 = weights.iter().sum();
        for start in 0..starts {
            let first = if steps == 1 { start * width } else { start };
            let line: Vec<f32> = (0..length).map(|n| plane[first + n * steps]).collect();
            for n in 0..length {
                let at = |k: usize| line[(n + k).saturating_sub(radius).min(length - 1)];
                plane[first + n * steps] = weights.iter().enumerate().map(|(k, w)| w * at(k)).sum::<f32>() / total;
            }
        }
    }
}

/// Separable Gaussian with σ = `fraction` × size along each axis, cut at 3 σ, weights renormalised at the border.
fn gaussian(values: &[f32], size: [usize; 2], fraction: f64) -> Vec<f32> {
    let [width, height] = size;
    let kernels = size.map(|n| {
        let sigma = (fraction * n as f64).max(1e-3);
        let radius = ((3.0 * sigma).ceil() as usize).min(n);
        (0..=radius).map(|d| (-0.5 * (d as f64 / sigma).powi(2)).exp() as f32).collect::<Vec<_>>()
    });
    let mut rows = vec![0.0; values.len()];
    for (row, out) in values.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        for (x, out) in out.iter_mut().enumerate() {
            let radius = kernels[0].len() - 1;
            let (mut sum, mut weights) = (0.0, 0.0);
            for (from, v) in row.iter().enumerate().take((x + radius + 1).min(width)).skip(x.saturating_sub(radius)) {
                let w = kernels[0][from.abs_diff(x)];
                sum += w * v;
                weights += w;
            }
            *out = sum / weights;
        }
    }
    let mut out = vec![0.0; values.len()];
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let radius = kernels[1].len() - 1;
        let mut weights = 0.0;
        for from in y.saturating_sub(radius)..(y + radius + 1).min(height) {
            let w = kernels[1][from.abs_diff(y)];
            weights += w;
            for (o, v) in out.iter_mut().zip(&rows[from * width..]) {
                *o += w * v;
            }
        }
        out.iter_mut().for_each(|o| *o /= weights);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_shading_goes_and_a_speck_goes() {
        let size = [60, 50];
        let mut shaded: Vec<f32> = (0..3000).map(|n| 100.0 + (n % 60) as f32).collect();
        remove_bias(&mut shaded, size, 0.05);
        assert!(shaded.iter().all(|v| (v - 1.0).abs() < 0.05));
        let mut flat = vec![3.0_f32; 3000];
        flat[1530] = 90.0;
        median4(&mut flat, size);
        assert!(flat.iter().all(|v| *v == 3.0));
    }
}
