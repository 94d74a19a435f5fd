//! Seeded changes that make one slice into many.

use super::filters::blur;
use super::plane::{bilinear, resize};
use super::{Example, Recipe};
use crate::learn::net::normal;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How far a slice may be changed. Each change is drawn anew for each use; labels move with the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Mirror left and right half of the time.
    pub flip: bool,
    /// Largest rotation either way, in degrees.
    pub rotation_degrees: f64,
    /// Largest change of size as a share of it.
    pub scale: f64,
    /// Standard deviation of a smooth displacement, in pixels.
    pub elastic: f64,
    /// Largest change of the exponent of grey values, as a natural logarithm.
    pub gamma: f64,
    /// Standard deviation of a slow shading, as a natural logarithm; the same for all planes of a slice.
    pub bias: f64,
    /// Standard deviation of added noise, in units of the scaled grey values.
    pub noise: f64,
    /// Largest standard deviation of a Gaussian blur, in pixels.
    pub blur: f64,
    /// Largest share of a slice that its neighbours may take, as in a thicker slice.
    pub thickness: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self::NONE
    }
}

/// Points along each side between which a displacement, and a shading, is drawn.
const ELASTIC_POINTS: usize = 6;
/// See [`ELASTIC_POINTS`].
const BIAS_POINTS: usize = 3;

impl Augmentation {
    /// Nothing is changed.
    pub const NONE: Self =
        Self { flip: false, rotation_degrees: 0.0, scale: 0.0, elastic: 0.0, gamma: 0.0, bias: 0.0, noise: 0.0, blur: 0.0, thickness: 0.0 };

    /// The usual changes for a layer. Bones carry their side, so a slice of them is never mirrored.
    #[must_use]
    pub fn for_layer(layer: &str) -> Self {
        Self { flip: layer != "bone", rotation_degrees: 15.0, scale: 0.15, gamma: 0.25, noise: 0.03, ..Self::NONE }
    }

    /// The usual changes where a recipe has laid grey values on a reference that levels are read against: a change of 5 % in
    /// exponent and shading is about what is left between exams; more would blur the edges between levels.
    #[must_use]
    pub fn for_referred(layer: &str) -> Self {
        Self { gamma: 0.05, bias: 0.05, ..Self::for_layer(layer) }
    }

    /// The usual changes for a layer whose slices are prepared by this recipe.
    #[must_use]
    pub fn usual(layer: &str, recipe: &Recipe) -> Self {
        if recipe.is_referred() { Self::for_referred(layer) } else { Self::for_layer(layer) }
    }

    /// A changed copy. Pixels that come from outside the slice are ignored by the loss.
    #[must_use]
    pub fn apply(&self, example: &Example, random: &mut ChaCha8Rng) -> Example {
        let [width, height] = example.size();
        let pixels = width * height;
        let thick = self.thickened(example, random);
        let from = thick.as_deref().unwrap_or_else(|| example.planes());
        let way = Way::draw(self, example.size(), random);
        let exponent = between(self.gamma, random).exp() as f32;
        let (mut planes, mut labels) = (vec![0.0; from.len()], vec![Example::IGNORE; pixels]);
        for n in 0..pixels {
            let [x, y] = way.source(n);
            let (nearest_x, nearest_y) = (x.round(), y.round());
            if nearest_x >= 0.0 && nearest_y >= 0.0 && nearest_x < width as f64 && nearest_y < height as f64 {
                labels[n] = example.labels()[nearest_y as usize * width + nearest_x as usize];
            }
            for (plane, out) in from.chunks_exact(pixels).zip(planes.chunks_exact_mut(pixels)) {
                out[n] = bilinear(plane, [width, height], 1, 0, x as f32, y as f32);
            }
        }
        if self.blur > 0.0 {
            let sigma = random.random::<f64>() * self.blur;
            planes.chunks_exact_mut(pixels).for_each(|plane| blur(plane, [width, height], [sigma; 2]));
        }
        let shading = smooth_field(self.bias, BIAS_POINTS, [width, height], random);
        for (n, v) in planes.iter_mut().enumerate() {
            if exponent != 1.0 && *v > 0.0 {
                *v = v.powf(exponent);
            }
            if let Some(shading) = &shading {
                *v *= shading[n % pixels].exp();
            }
            if self.noise > 0.0 {
                *v += (normal(random) * self.noise) as f32;
            }
        }
        // Sizes are the example's own, so this cannot be refused but for values that overflow.
        Example::new(planes, labels, example.size()).unwrap_or_else(|_| example.clone())
    }

    /// The planes with a share of their neighbours', where the example knows them.
    fn thickened(&self, example: &Example, random: &mut ChaCha8Rng) -> Option<Vec<f32>> {
        let thick = example.thick().filter(|_| self.thickness > 0.0)?;
        let share = (random.random::<f64>() * self.thickness) as f32;
        Some(example.planes().iter().zip(thick).map(|(own, thick)| own + (thick - own) * share).collect())
    }
}

/// Where each pixel comes from.
struct Way {
    size: [usize; 2],
    mirrored: bool,
    /// Cosine and sine over the zoom; none where nothing is turned or zoomed.
    turn: Option<(f64, f64)>,
    /// Displacement along width and height per pixel.
    shift: Option<[Vec<f32>; 2]>,
}

impl Way {
    fn draw(wish: &Augmentation, size: [usize; 2], random: &mut ChaCha8Rng) -> Self {
        let angle = between(wish.rotation_degrees, random).to_radians();
        let zoom = between(wish.scale, random).exp();
        let mirrored = wish.flip && random.random::<bool>();
        let turn = (angle != 0.0 || zoom != 1.0).then(|| (angle.cos() / zoom, angle.sin() / zoom));
        let across = smooth_field(wish.elastic, ELASTIC_POINTS, size, random);
        let along = smooth_field(wish.elastic, ELASTIC_POINTS, size, random);
        Self { size, mirrored, turn, shift: across.zip(along).map(|(x, y)| [x, y]) }
    }

    fn source(&self, n: usize) -> [f64; 2] {
        let [width, height] = self.size;
        let column = if self.mirrored { width - 1 - n % width } else { n % width };
        let (mut x, mut y) = (column as f64, (n / width) as f64);
        if let Some((cos, sin)) = self.turn {
            let (cx, cy) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
            let (dx, dy) = (x - cx, y - cy);
            (x, y) = (cx + cos * dx - sin * dy, cy + sin * dx + cos * dy);
        }
        if let Some([across, along]) = &self.shift {
            (x, y) = (x + f64::from(across[n]), y + f64::from(along[n]));
        }
        [x, y]
    }
}

/// Evenly between minus and plus `limit`.
fn between(limit: f64, random: &mut ChaCha8Rng) -> f64 {
    (random.random::<f64>() * 2.0 - 1.0) * limit
}

/// A field that is normal with this deviation at `points` × `points` places and straight between them; none for 0.
fn smooth_field(deviation: f64, points: usize, size: [usize; 2], random: &mut ChaCha8Rng) -> Option<Vec<f32>> {
    (deviation > 0.0).then(|| {
        let coarse: Vec<f32> = (0..points * points).map(|_| (normal(random) * deviation) as f32).collect();
        resize(&coarse, [points, points], size, 1)
    })
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

    /// Grey values that are their own labels, so that both can be compared wherever they went.
    fn steps() -> Example {
        let labels: Vec<u8> = (0..600_usize).map(|n| u8::from((n % 30).abs_diff(14) + (n / 30).abs_diff(9) < 7)).collect();
        Example::new(labels.iter().map(|l| f32::from(*l)).collect(), labels, [30, 20]).unwrap()
    }

    fn seeded(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn nothing_asked_is_nothing_done() {
        assert_eq!(Augmentation::NONE.apply(&example(), &mut seeded(1)), example());
        assert_eq!(serde_json::from_str::<Augmentation>("{}").unwrap(), Augmentation::NONE);
    }

    #[test]
    fn mirroring_moves_grey_values_and_labels_together_and_repeats_by_seed() {
        let flip = Augmentation { flip: true, ..Augmentation::NONE };
        let made: Vec<Example> = (0..20).map(|seed| flip.apply(&example(), &mut seeded(seed))).collect();
        assert_eq!(made[3], flip.apply(&example(), &mut seeded(3)));
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
        let made = usual.apply(&example(), &mut seeded(5));
        assert!(made.labels().contains(&Example::IGNORE));
        assert_eq!(made.size(), [30, 20]);
        assert!(!Augmentation::for_layer("bone").flip);
    }

    #[test]
    fn labels_move_with_the_image_when_it_is_bent_turned_and_scaled() {
        let moving = Augmentation { flip: true, rotation_degrees: 15.0, scale: 0.15, elastic: 2.0, ..Augmentation::NONE };
        for seed in 0..20 {
            let made = moving.apply(&steps(), &mut seeded(seed));
            assert_ne!(made, steps());
            assert_eq!(made, moving.apply(&steps(), &mut seeded(seed)));
            let wrong =
                made.planes().iter().zip(made.labels()).filter(|(v, l)| **l != Example::IGNORE && (**v - f32::from(**l)).abs() > 0.76);
            assert_eq!(wrong.count(), 0, "seed {seed}");
            assert!(made.labels().contains(&1));
        }
    }

    #[test]
    fn shading_is_slow_and_shared_and_blur_keeps_the_mean() {
        let flat = Example::new(vec![1.0; 1200], vec![0; 600], [30, 20]).unwrap();
        let shaded = Augmentation { bias: 0.2, ..Augmentation::NONE }.apply(&flat, &mut seeded(2));
        assert_eq!(shaded.planes()[..600], shaded.planes()[600..]);
        assert!(shaded.planes().windows(2).take(29).all(|w| (w[0] - w[1]).abs() < 0.1));
        let spread = shaded.planes().iter().fold(0.0_f32, |m, v| m.max((v - 1.0).abs()));
        assert!((0.02..1.0).contains(&spread), "{spread}");
        let sum = |e: &Example| e.planes().iter().sum::<f32>();
        let mut softened = 0;
        for seed in 0..10 {
            let blurred = Augmentation { blur: 1.5, ..Augmentation::NONE }.apply(&steps(), &mut seeded(seed));
            assert!((sum(&blurred) - sum(&steps())).abs() < 0.01 * sum(&steps()));
            assert_eq!(blurred.labels(), steps().labels());
            softened += usize::from(blurred.planes().iter().any(|v| (0.1..0.9).contains(v)));
        }
        assert!(softened > 4, "{softened} of 10");
    }

    #[test]
    fn a_thicker_slice_takes_in_its_neighbours_where_they_are_known() {
        let thicker = Augmentation { thickness: 0.5, ..Augmentation::NONE };
        assert_eq!(thicker.apply(&steps(), &mut seeded(1)), steps());
        let known = steps().with_thick(vec![0.5; 600]);
        let made = thicker.apply(&known, &mut seeded(1));
        let inside = made.planes()[9 * 30 + 14];
        assert!((0.7..1.0).contains(&inside), "{inside}");
        assert_eq!(made.labels(), steps().labels());
    }
}
