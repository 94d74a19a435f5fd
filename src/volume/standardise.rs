//! Intensity standardisation: grey values of many exams brought onto one scale by landmarks of their histograms
//! (Nyúl & Udupa, *Magn Reson Med* 1999; Nyúl, Udupa & Zhang, *IEEE Trans Med Imaging* 2000).

use super::GreySummary;

/// Percentiles of the body whose grey values are the landmarks: the ends of the scale and the deciles between them.
pub const LANDMARK_PERCENTS: [f64; COUNT] = [1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.8];

const COUNT: usize = 11;
/// Where the ends of every image come to lie on the standard scale.
const SCALE: [f32; 2] = [0.0, 1000.0];

/// The landmarks of one image, rising; air counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmarks([f32; COUNT]);

impl Landmarks {
    /// Of an image; `None` where its body has no spread of grey values.
    #[must_use]
    pub fn of(greys: &GreySummary) -> Option<Self> {
        let values = LANDMARK_PERCENTS.map(|percent| greys.body_percentile(percent));
        let span = values[COUNT - 1] - values[0];
        (span.is_finite() && span > 0.0).then(|| Self(rising(values, span)))
    }

    /// The grey values at [`LANDMARK_PERCENTS`].
    #[must_use]
    pub const fn values(&self) -> &[f32; COUNT] {
        &self.0
    }
}

/// Pushes landmarks that coincide a thousandth of the span apart, so that the map has no step and can be inverted.
fn rising(mut values: [f32; COUNT], span: f32) -> [f32; COUNT] {
    for n in 1..COUNT {
        values[n] = values[n].max(values[n - 1] + span * 1e-3);
    }
    values
}

/// The standard scale: the mean place of each landmark over the images it was learnt from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standard([f32; COUNT]);

impl Standard {
    /// Learns the scale: each image's ends are laid on 0 and 1000, then each landmark's mean place is taken. `None` without
    /// images. The order of the images changes nothing beyond rounding.
    #[must_use]
    pub fn learn(images: &[Landmarks]) -> Option<Self> {
        if images.is_empty() {
            return None;
        }
        let mut sums = [0.0_f64; COUNT];
        for Landmarks(values) in images {
            let span = f64::from(values[COUNT - 1]) - f64::from(values[0]);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += (f64::from(*value) - f64::from(values[0])) / span;
            }
        }
        let width = f64::from(SCALE[1] - SCALE[0]);
        let means = sums.map(|sum| (sum / images.len() as f64).mul_add(width, f64::from(SCALE[0])) as f32);
        Some(Self(rising(means, SCALE[1] - SCALE[0])))
    }

    /// Places of the landmarks, to be kept.
    #[must_use]
    pub const fn values(&self) -> &[f32; COUNT] {
        &self.0
    }

    /// Places that were kept; `None` unless they are finite and rise.
    #[must_use]
    pub fn from_values(values: [f32; COUNT]) -> Option<Self> {
        let rises = values.iter().all(|v| v.is_finite()) && values.windows(2).all(|w| w[0] < w[1]);
        rises.then_some(Self(values))
    }
}

/// The map of one image's grey values onto the standard scale: straight between landmarks, and beyond them as between the
/// last two. It rises everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StandardMap {
    from: [f32; COUNT],
    to: [f32; COUNT],
}

impl StandardMap {
    /// From an image's landmarks to the scale.
    #[must_use]
    pub const fn new(image: &Landmarks, standard: &Standard) -> Self {
        Self { from: image.0, to: standard.0 }
    }

    /// The standard value of a grey value; what is not finite stays as it is.
    #[must_use]
    pub fn apply(&self, value: f32) -> f32 {
        along(&self.from, &self.to, value)
    }

    /// The grey value of a standard value.
    #[must_use]
    pub fn invert(&self, standard: f32) -> f32 {
        along(&self.to, &self.from, standard)
    }

    /// The grey values of this image that lie at the ends of the standard scale.
    #[must_use]
    pub fn ends(&self) -> [f32; 2] {
        SCALE.map(|end| self.invert(end))
    }
}

fn along(from: &[f32; COUNT], to: &[f32; COUNT], value: f32) -> f32 {
    if !value.is_finite() {
        return value;
    }
    let above = from.partition_point(|&f| f <= value).clamp(1, COUNT - 1);
    let part = (value - from[above - 1]) / (from[above] - from[above - 1]);
    (to[above] - to[above - 1]).mul_add(part, to[above - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A body of many greys on a ground of zeros, scaled and bent as another scanner would.
    fn image(scale: f32, bend: f32) -> Vec<f32> {
        (0..40_000_u32)
            .map(|n| {
                let x = (n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
                if n % 2 == 0 { 0.0 } else { scale * (50.0 + 400.0 * x.powf(bend)) }
            })
            .collect()
    }

    #[test]
    fn the_same_tissue_gets_the_same_value_whatever_the_scanner_made_of_it() {
        let images = [image(1.0, 1.0), image(3.0, 1.0), image(0.5, 1.4)];
        let marks: Vec<Landmarks> = images.iter().map(|v| Landmarks::of(&GreySummary::of(v)).unwrap()).collect();
        let standard = Standard::learn(&marks).unwrap();
        let spread = |at: usize, maps: bool| {
            let values: Vec<f32> = images
                .iter()
                .zip(&marks)
                .map(|(image, marks)| if maps { StandardMap::new(marks, &standard).apply(image[at]) } else { image[at] })
                .collect();
            values.iter().fold(f32::MIN, |a, &b| a.max(b)) - values.iter().fold(f32::MAX, |a, &b| a.min(b))
        };
        for at in [1_usize, 77, 501, 9_999] {
            assert!(spread(at, true) < 12.0, "{at}: {}", spread(at, true));
            assert!(spread(at, false) > 60.0);
        }
    }

    #[test]
    fn one_image_alone_keeps_its_proportions() {
        let marks = Landmarks::of(&GreySummary::of(&image(2.0, 1.0))).unwrap();
        let map = StandardMap::new(&marks, &Standard::learn(&[marks]).unwrap());
        assert!((map.apply(marks.values()[0])).abs() < 1e-2 && (map.apply(marks.values()[10]) - 1000.0).abs() < 1e-2);
        let middle = f32::midpoint(marks.values()[0], marks.values()[10]);
        assert!((map.apply(middle) - 500.0).abs() < 0.5, "{}", map.apply(middle));
        assert!((map.ends()[1] - marks.values()[10]).abs() < 0.1);
    }

    #[test]
    fn nothing_to_learn_from_is_said() {
        assert_eq!(Landmarks::of(&GreySummary::of(&[5.0; 100])), None);
        assert_eq!(Standard::learn(&[]), None);
        assert_eq!(Standard::from_values([1.0; COUNT]), None);
    }

    proptest! {
        #[test]
        fn the_map_rises_and_can_be_inverted(
            a in prop::array::uniform11(0.0_f32..1e3), b in prop::array::uniform11(0.0_f32..1e3), x in -500.0_f32..1500.0, y in -500.0_f32..1500.0,
        ) {
            let sorted = |mut v: [f32; COUNT]| { v.sort_unstable_by(f32::total_cmp); let span = (v[10] - v[0]).max(1.0); rising(v, span) };
            let standard = Standard::learn(&[Landmarks(sorted(b))]).unwrap();
            let map = StandardMap::new(&Landmarks(sorted(a)), &standard);
            prop_assert!((map.apply(x) <= map.apply(y)) == (x <= y) || (map.apply(x) - map.apply(y)).abs() < 1e-2);
            let back = map.invert(map.apply(x));
            prop_assert!((back - x).abs() <= 0.05 + x.abs() * 1e-3, "{x} {back}");
            prop_assert_eq!(Standard::from_values(*standard.values()), Some(standard));
        }
    }
}
