//! The scanner: slice profile and blur, coil shading, noise of a magnitude image, an arbitrary scale.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One scanner's habits on one day.
#[derive(Clone, Debug)]
pub(super) struct Coil {
    scale: f64,
    noise: f64,
    leak: f64,
    bright_spot: [f64; 3],
    falloff: f64,
    blur: [f64; 2],
    seed: u64,
}

impl Coil {
    /// Draws a scanner.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let neighbour = rng.random_range(0.12..0.19);
        Self {
            scale: rng.random_range(180.0..1500.0),
            noise: rng.random_range(0.018..0.036),
            leak: rng.random_range(0.0..0.05),
            bright_spot: [rng.random_range(0.25..0.75), rng.random_range(0.3..0.7), rng.random_range(0.3..0.8)],
            falloff: rng.random_range(0.3..0.7),
            blur: [neighbour, 1.0 - 2.0 * neighbour],
            seed: rng.random(),
        }
    }

    /// Turns the signal of one slice (0 to about 1, i fastest, rows of `width`) into grey values.
    /// `channel` (0 water, 1 fat) and `slice` choose the noise; `depth` is the slice's place in the stack, 0..=1.
    pub(super) fn expose(&self, signal: &[f64], width: usize, slice: usize, depth: f64, channel: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(2 * slice as u64 + channel);
        let height = signal.len() / width.max(1);
        let blurred = self.blurred(signal, width);
        let mut grey = Vec::with_capacity(signal.len());
        for (n, &value) in blurred.iter().enumerate() {
            let at = [(n % width) as f64 / width as f64, (n / width) as f64 / height as f64, depth];
            let away: f64 = (0..3).map(|a| (at[a] - self.bright_spot[a]).powi(2)).sum();
            let shaded = value * (1.15 - self.falloff * away);
            let (re, im) = normal_pair(&mut rng);
            // Magnitude of a complex signal with equal noise in both parts: Rician.
            let magnitude = (shaded + self.noise * re).hypot(self.noise * im);
            grey.push((self.scale * magnitude).round() as f32);
        }
        grey
    }

    /// Share of the fat signal that an imperfect separation leaves in the water image.
    pub(super) const fn leak(&self) -> f64 {
        self.leak
    }

    fn blurred(&self, signal: &[f64], width: usize) -> Vec<f64> {
        let [side, middle] = self.blur;
        let pass = |from: &[f64], step: usize, first: &dyn Fn(usize) -> bool, last: &dyn Fn(usize) -> bool| -> Vec<f64> {
            (0..from.len())
                .map(|n| {
                    let before = if first(n) { from[n] } else { from[n - step] };
                    let after = if last(n) { from[n] } else { from[n + step] };
                    middle * from[n] + side * (before + after)
                })
                .collect()
        };
        let rows = pass(signal, 1, &|n| n % width == 0, &|n| n % width == width - 1);
        pass(&rows, width, &|n| n < width, &|n| n + width >= signal.len())
    }
}

/// Two independent standard normal numbers (Box and Muller).
fn normal_pair(rng: &mut ChaCha8Rng) -> (f64, f64) {
    let u: f64 = 1.0 - rng.random::<f64>();
    let angle = std::f64::consts::TAU * rng.random::<f64>();
    let radius = (-2.0 * u.ln()).sqrt();
    (radius * angle.cos(), radius * angle.sin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_is_rayleigh_and_signal_stays_in_place() {
        let coil = Coil::draw(&mut ChaCha8Rng::seed_from_u64(1));
        let grey = coil.expose(&vec![0.0; 64 * 64], 64, 3, 0.5, 0);
        let mean = grey.iter().map(|&v| f64::from(v)).sum::<f64>() / grey.len() as f64;
        let expected = coil.scale * coil.noise * (std::f64::consts::PI / 2.0).sqrt();
        assert!((mean / expected - 1.0).abs() < 0.05, "{mean} {expected}");
        assert_eq!(grey, coil.expose(&vec![0.0; 64 * 64], 64, 3, 0.5, 0));
        assert_ne!(grey, coil.expose(&vec![0.0; 64 * 64], 64, 4, 0.5, 0));
    }
}
