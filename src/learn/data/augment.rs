//! Seeded changes that make one slice into many.

use super::Example;
use super::plane::bilinear;
use crate::learn::net::normal;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How far a slice may be changed. Each change is drawn anew for each use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Mirror left and right half of the time.
    pub flip: bool,
    /// Largest rotation either way, in degrees.
    pub rotation_degrees: f64,
    /// Largest change of size as a share of it.
    pub scale: f64,
    /// Largest change of the exponent of grey values, as a natural logarithm.
    pub gamma: f64,
    /// Standard deviation of added noise, in units of the scaled grey values.
    pub noise: f64,
}

impl Augmentation {
    /// Nothing is changed.
    pub const NONE: Self = Self { flip: false, rotation_degrees: 0.0, scale: 0.0, gamma: 0.0, noise: 0.0 };

    /// The usual changes for a layer. Bones carry their side, so a slice of them is never mirrored.
    #[must_use]
    pub fn for_layer(layer: &str) -> Self {
        Self { flip: layer != "bone", rotation_degrees: 15.0, scale: 0.15, gamma: 0.25, noise: 0.03 }
    }

    /// A changed copy. Pixels that come from outside the slice are ignored by the loss.
    #[must_use]
    pub fn apply(&self, example: &Example, random: &mut ChaCha8Rng) -> Example {
        let mut between = |limit: f64| (random.random::<f64>() * 2.0 - 1.0) * limit;
        let (angle, zoom, exponent) =
            (between(self.rotation_degrees).to_radians(), between(self.scale).exp(), between(self.gamma).exp() as f32);
        let mirrored = self.flip && random.random::<bool>();
        let [width, height] = example.size();
        let pixels = width * height;
        let (cx, cy) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
        let (sin, cos) = (angle.sin() / zoom, angle.cos() / zoom);
        let still = angle == 0.0 && zoom == 1.0;
        let (mut planes, mut labels) = (vec![0.0; example.planes().len()], vec![Example::IGNORE; pixels]);
        for n in 0..pixels {
            let column = if mirrored { width - 1 - n % width } else { n % width };
            let (dx, dy) = (column as f64 - cx, (n / width) as f64 - cy);
            let (x, y) = if still { (column as f64, (n / width) as f64) } else { (cx + cos * dx - sin * dy, cy + sin * dx + cos * dy) };
            let (nearest_x, nearest_y) = (x.round(), y.round());
            if nearest_x >= 0.0 && nearest_y >= 0.0 && nearest_x < width as f64 && nearest_y < height as f64 {
                labels[n] = example.labels()[nearest_y as usize * width + nearest_x as usize];
            }
            for (plane, out) in example.planes().chunks_exact(pixels).zip(planes.chunks_exact_mut(pixels)) {
                out[n] = bilinear(plane, [width, height], 1, 0, x as f32, y as f32);
            }
        }
        for v in &mut planes {
            if exponent != 1.0 && *v > 0.0 {
                *v = v.powf(exponent);
            }
            if self.noise > 0.0 {
                *v += (normal(random) * self.noise) as f32;
            }
        }
        // Sizes are the example's own, so this cannot be refused but for values that overflow.
        Example::new(planes, labels, example.size()).unwrap_or_else(|_| example.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::SeedableRng as _;

    fn example() -> Example {
        let planes = (0..2 * 30 * 20).map(|n| (n % 31) as f32 / 31.0).collect();
        let labels = (0..600).map(|n| u8::from(n % 30 > 12)).collect();
        Example::new(planes, labels, [30, 20]).unwrap()
    }

    #[test]
    fn nothing_asked_is_nothing_done() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(Augmentation::NONE.apply(&example(), &mut random), example());
    }

    #[test]
    fn mirroring_moves_grey_values_and_labels_together_and_repeats_by_seed() {
        let flip = Augmentation { flip: true, ..Augmentation::NONE };
        let made: Vec<Example> = (0..20).map(|seed| flip.apply(&example(), &mut ChaCha8Rng::seed_from_u64(seed))).collect();
        assert_eq!(made[3], flip.apply(&example(), &mut ChaCha8Rng::seed_from_u64(3)));
        let mirrored = made.iter().find(|e| **e != example()).unwrap();
        for (row, own) in mirrored.labels().chunks(30).zip(example().labels().chunks(30)) {
            assert!(row.iter().rev().eq(own));
        }
        for (row, own) in mirrored.planes().chunks(30).zip(example().planes().chunks(30)) {
            assert!(row.iter().rev().eq(own));
        }
    }

    #[test]
    fn turned_corners_are_ignored() {
        let usual = Augmentation::for_layer("marrow");
        let made = usual.apply(&example(), &mut ChaCha8Rng::seed_from_u64(5));
        assert!(made.labels().contains(&Example::IGNORE));
        assert_eq!(made.size(), [30, 20]);
        assert!(!Augmentation::for_layer("bone").flip);
    }
}
