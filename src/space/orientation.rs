//! Names of directions in the patient.

use super::Affine;

/// A direction in the patient; RAS+ world axes run towards `R`ight, `A`nterior and `S`uperior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Anatomical {
    /// Towards the patient's right (+x in RAS).
    Right,
    /// Towards the patient's left (−x).
    Left,
    /// To the front (+y).
    Anterior,
    /// To the back (−y).
    Posterior,
    /// Towards the head (+z).
    Superior,
    /// Towards the feet (−z).
    Inferior,
}

impl Anatomical {
    /// The direction of a world axis (0, 1, 2) and sign.
    #[must_use]
    pub const fn of(world_axis: usize, positive: bool) -> Self {
        match (world_axis, positive) {
            (0, true) => Self::Right,
            (0, false) => Self::Left,
            (1, true) => Self::Anterior,
            (1, false) => Self::Posterior,
            (_, true) => Self::Superior,
            (_, false) => Self::Inferior,
        }
    }

    /// The other way.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Right => Self::Left,
            Self::Left => Self::Right,
            Self::Anterior => Self::Posterior,
            Self::Posterior => Self::Anterior,
            Self::Superior => Self::Inferior,
            Self::Inferior => Self::Superior,
        }
    }

    /// Letter for the edge of a picture: R L A P, and H (head) F (feet) as on a scanner console.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Right => 'R',
            Self::Left => 'L',
            Self::Anterior => 'A',
            Self::Posterior => 'P',
            Self::Superior => 'H',
            Self::Inferior => 'F',
        }
    }

    /// World axis 0, 1 or 2.
    #[must_use]
    pub const fn world_axis(self) -> usize {
        match self {
            Self::Right | Self::Left => 0,
            Self::Anterior | Self::Posterior => 1,
            Self::Superior | Self::Inferior => 2,
        }
    }

    /// Whether the world coordinate grows this way.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        matches!(self, Self::Right | Self::Anterior | Self::Superior)
    }
}

/// The direction each voxel axis points in, each world axis used once: the assignment with the largest sum of
/// direction cosines over all six permutations (greedy choice fails near 45° of obliquity).
#[must_use]
pub fn axis_codes(affine: &Affine) -> [Anatomical; 3] {
    const PERMUTATIONS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let spacing = affine.spacing().mm();
    let cosine = |voxel_axis: usize, world_axis: usize| affine.column(voxel_axis)[world_axis] / spacing[voxel_axis];
    let mut best = (f64::NEG_INFINITY, PERMUTATIONS[0]);
    for permutation in PERMUTATIONS {
        let score: f64 = (0..3).map(|a| cosine(a, permutation[a]).abs()).sum();
        if score > best.0 + 1e-12 {
            best = (score, permutation);
        }
    }
    std::array::from_fn(|a| Anatomical::of(best.1[a], cosine(a, best.1[a]) >= 0.0))
}

/// A world position in words for the status line: `R 3.2 · P 11.0 · S 18.4`.
#[must_use]
pub fn axis_label(world_mm: [f64; 3]) -> String {
    let part = |axis: usize, letters: [char; 2]| {
        let value = world_mm[axis];
        format!("{} {:.1}", if value >= 0.0 { letters[0] } else { letters[1] }, value.abs())
    };
    format!("{} · {} · {}", part(0, ['R', 'L']), part(1, ['A', 'P']), part(2, ['S', 'I']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_a_coronal_knee() {
        let affine = Affine::from_columns([[-0.9, 0., 0.], [0., 0., 0.9], [0., 3.5, 0.]], [0.; 3]).unwrap();
        assert_eq!(axis_codes(&affine), [Anatomical::Left, Anatomical::Superior, Anatomical::Anterior]);
    }

    #[test]
    fn every_axis_is_named_once_when_oblique() {
        let c = std::f64::consts::FRAC_1_SQRT_2;
        let affine = Affine::from_columns([[c, c, 0.], [c, -c, 0.], [0., 0., 1.]], [0.; 3]).unwrap();
        let mut axes = axis_codes(&affine).map(Anatomical::world_axis);
        axes.sort_unstable();
        assert_eq!(axes, [0, 1, 2]);
    }

    #[test]
    fn position_in_words() {
        assert_eq!(axis_label([3.2, -11.0, 18.4]), "R 3.2 · P 11.0 · S 18.4");
    }
}
