//! Lesion-wise detection: which connected parts of the reference were found at all.

use super::comparison::BoxMask;

/// Parts of two maps A and B (B is the reference) that touch each other, counted as lesions.
///
/// A lesion is a part connected through faces, edges or corners (26 neighbours). One of B is found where A shares at
/// least one voxel with it; one of A is right where it shares at least one voxel with B (Carass et al., NeuroImage
/// 2017, lesion-wise rates of the ISBI challenge). A figure whose denominator is zero is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LesionDetection {
    /// Lesions of B.
    pub reference: usize,
    /// Lesions of B that A touches.
    pub found: usize,
    /// Lesions of A.
    pub marked: usize,
    /// Lesions of A that touch B.
    pub right: usize,
}

impl LesionDetection {
    /// Counts the lesions of two masks of the same box.
    pub(super) fn measure(a: &BoxMask, b: &BoxMask) -> Self {
        let ((marked, right), (reference, found)) = (touched_parts(a, b), touched_parts(b, a));
        Self { reference, found, marked, right }
    }

    /// Share of the reference's lesions that were found; `None` where it has none.
    #[must_use]
    pub fn sensitivity(&self) -> Option<f64> {
        ratio(self.found, self.reference)
    }

    /// Share of the marked lesions that are right; `None` where none was marked.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.right, self.marked)
    }

    /// Harmonic mean of sensitivity and precision; `None` where neither map has a lesion, 0 where nothing was found.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        match (self.sensitivity(), self.precision()) {
            (None, None) => None,
            (Some(s), Some(p)) if s + p > 0.0 => Some(2.0 * s * p / (s + p)),
            _ => Some(0.0),
        }
    }

    /// The lesions of several exams together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            reference: self.reference + other.reference,
            found: self.found + other.found,
            marked: self.marked + other.marked,
            right: self.right + other.right,
        }
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The number of connected parts of a mask, and of those that share a voxel with the other one.
fn touched_parts(mask: &BoxMask, other: &BoxMask) -> (usize, usize) {
    let [ni, nj, nk] = mask.shape;
    let mut left = mask.inside.clone();
    let (mut parts, mut touched) = (0, 0);
    let mut waiting = Vec::new();
    for start in 0..left.len() {
        if !left[start] {
            continue;
        }
        left[start] = false;
        waiting.push(start);
        parts += 1;
        let mut touches = false;
        while let Some(at) = waiting.pop() {
            touches |= other.inside[at];
            let [i, j, k] = [at % ni, at / ni % nj, at / (ni * nj)];
            for z in k.saturating_sub(1)..=(k + 1).min(nk - 1) {
                for y in j.saturating_sub(1)..=(j + 1).min(nj - 1) {
                    for x in i.saturating_sub(1)..=(i + 1).min(ni - 1) {
                        let next = x + ni * (y + nj * z);
                        if left[next] {
                            left[next] = false;
                            waiting.push(next);
                        }
                    }
                }
            }
        }
        touched += usize::from(touches);
    }
    (parts, touched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(shape: [usize; 3], values: &[u8]) -> BoxMask {
        BoxMask { shape, inside: values.iter().map(|v| *v != 0).collect() }
    }

    #[test]
    fn lesions_touch_or_they_do_not() {
        // The reference has two lesions (three voxels that meet at corners are one), A finds one of them and makes one up.
        let b = mask([7, 2, 1], &[1, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
        let a = mask([7, 2, 1], &[0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        let d = LesionDetection::measure(&a, &b);
        assert_eq!(d, LesionDetection { reference: 2, found: 1, marked: 2, right: 1 });
        assert_eq!((d.sensitivity(), d.precision(), d.f1()), (Some(0.5), Some(0.5), Some(0.5)));
        let none = mask([7, 2, 1], &[0; 14]);
        let (missed, made_up) = (LesionDetection::measure(&none, &b), LesionDetection::measure(&b, &none));
        assert_eq!((missed.sensitivity(), missed.precision(), missed.f1()), (Some(0.0), None, Some(0.0)));
        assert_eq!((made_up.sensitivity(), made_up.precision(), made_up.f1()), (None, Some(0.0), Some(0.0)));
        let nothing = LesionDetection::measure(&none, &none);
        assert_eq!((nothing.sensitivity(), nothing.precision(), nothing.f1()), (None, None, None));
        assert_eq!(d.plus(missed).reference, 4);
    }

    proptest! {
        #[test]
        fn swapping_the_maps_swaps_sensitivity_and_precision(a in prop::collection::vec(0..2_u8, 60), b in prop::collection::vec(0..2_u8, 60)) {
            let (a, b) = (mask([5, 4, 3], &a), mask([5, 4, 3], &b));
            let (there, back) = (LesionDetection::measure(&a, &b), LesionDetection::measure(&b, &a));
            prop_assert_eq!((there.sensitivity(), there.precision(), there.f1()), (back.precision(), back.sensitivity(), back.f1()));
            prop_assert!(there.found <= there.reference && there.right <= there.marked);
            prop_assert_eq!(there.found > 0, there.right > 0);
        }
    }
}
