//! One synthetic knee exam: images, bones, truth.

use super::anatomy::Bone;
use super::coil::Coil;
use super::marrow::LEVEL_EDGES;
use super::scene::{Scene, Slice};
use crate::space::{Affine, AffineError, SlicePlane};
use crate::volume::{Grid, GridError, Image, ImageError, LabelScheme, Labels, LabelsError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

const PIXEL_MM: f64 = 0.9;
const SLICE_MM: f64 = 3.5;

/// Which knee of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The patient's right knee.
    Right,
    /// The patient's left knee.
    Left,
}

impl Side {
    /// The word in keys: `right`, `left`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Left => "left",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a knee could not be drawn. The sizes are fixed, so this does not happen; it is passed on rather than hidden.
#[derive(Debug, Error)]
pub enum KneeError {
    /// The affine was refused.
    #[error("the synthetic knee could not be placed in space: {0}")]
    Affine(#[from] AffineError),
    /// The shape was refused.
    #[error("the synthetic knee has no usable grid: {0}")]
    Grid(#[from] GridError),
    /// The grey values do not fit.
    #[error("the synthetic knee's image is incomplete: {0}")]
    Image(#[from] ImageError),
    /// The labels do not fit.
    #[error("the synthetic knee's labels are incomplete: {0}")]
    Labels(#[from] LabelsError),
}

/// A synthetic coronal T2-weighted Dixon exam of one knee with everything that is known about it.
#[derive(Clone, Debug)]
pub struct KneeExam {
    number: u32,
    side: Side,
    water: Image,
    fat: Image,
    bone_scheme: LabelScheme,
    bones: Labels,
    exclusion: Labels,
    truth: Labels,
    pub(super) signal: Vec<f32>,
    pub(super) marrow: Vec<bool>,
}

/// Draws exam `number` of the series `seed`: the same two numbers give the same exam.
///
/// 0.9 × 0.9 × 3.5 mm, 14 to 16 slices, i to the patient's left, j to the head, k to the front.
///
/// # Errors
/// None is expected; see [`KneeError`].
pub fn knee(seed: u64, number: u32) -> Result<KneeExam, KneeError> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from(number));
    let side = if rng.random_bool(0.5) { Side::Right } else { Side::Left };
    let shape = [rng.random_range(156..=164), rng.random_range(184..=194), rng.random_range(14..=16)];
    let grid = Arc::new(Grid::new(shape, draw_affine(&mut rng, shape, side)?)?);
    let scene = Scene::draw(&mut rng, &grid, side);
    let coil = Coil::draw(&mut rng);
    let depth = |k: usize| k as f64 / shape[2] as f64;
    let slices: Vec<Slice> = (0..shape[2]).into_par_iter().map(|k| scene.slice(&grid, k)).collect();
    let expose = |k: usize, signal: &[f64], channel| coil.expose(signal, shape[0], k, depth(k), channel);
    let leaky = |s: &Slice| -> Vec<f64> { s.water.iter().zip(&s.fat).map(|(w, f)| w + coil.leak() * f).collect() };
    let water: Vec<f32> = slices.par_iter().enumerate().flat_map_iter(|(k, s)| expose(k, &leaky(s), 0)).collect();
    let fat: Vec<f32> = slices.par_iter().enumerate().flat_map_iter(|(k, s)| expose(k, &s.fat, 1)).collect();
    let joined = |part: fn(&Slice) -> &Vec<u8>| slices.iter().flat_map(|s| part(s).iter().copied()).collect::<Vec<u8>>();
    let signal: Vec<f32> = slices.iter().flat_map(|s| s.signal.iter().copied()).collect();
    let marrow: Vec<bool> = slices.iter().flat_map(|s| s.marrow.iter().copied()).collect();
    let level = |s: f32| LEVEL_EDGES.iter().filter(|&&edge| f64::from(s) >= edge).count() as u8;
    let truth: Vec<u8> = signal.iter().zip(&marrow).map(|(&s, &m)| if m { level(s) } else { 0 }).collect();
    let keys = Bone::ALL.map(|bone| format!("{}_{side}", bone.word()));
    Ok(KneeExam {
        number,
        side,
        water: Image::new(grid.clone(), water)?,
        fat: Image::new(grid.clone(), fat)?,
        bone_scheme: LabelScheme::bones(&keys.each_ref().map(String::as_str)),
        bones: Labels::from_dense(grid.clone(), &joined(|s| &s.bone))?,
        exclusion: Labels::from_dense(grid.clone(), &joined(|s| &s.exclusion))?,
        truth: Labels::from_dense(grid, &truth)?,
        signal,
        marrow,
    })
}

impl KneeExam {
    /// The number it was drawn with.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Which knee.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// Water-only image, in which the marrow is read; whole numbers of an arbitrary scale.
    #[must_use]
    pub const fn water(&self) -> &Image {
        &self.water
    }

    /// Fat-only companion on the same grid.
    #[must_use]
    pub const fn fat(&self) -> &Image {
        &self.fat
    }

    /// Femur 1, tibia 2, fibula 3, patella 4 of this side, cortex and growth plates included.
    #[must_use]
    pub const fn bones(&self) -> &Labels {
        &self.bones
    }

    /// Names of [`KneeExam::bones`]: `femur_right` and so on.
    #[must_use]
    pub const fn bone_scheme(&self) -> &LabelScheme {
        &self.bone_scheme
    }

    /// What readers leave out: 1 growth plates, 2 vessels in the marrow.
    #[must_use]
    pub const fn exclusion(&self) -> &Labels {
        &self.exclusion
    }

    /// The marrow's levels 1, 2, 3 without noise and without a reader's hand.
    #[must_use]
    pub const fn truth(&self) -> &Labels {
        &self.truth
    }

    /// The two ends, in world mm, of the growth plate of a bone (1 femur, 2 tibia) on the slice where it is widest:
    /// what a reader marks for the metaphysis square. The first end lies more to the patient's right.
    #[must_use]
    pub fn plate_ends_mm(&self, bone: u8) -> Option<[[f64; 3]; 2]> {
        let [ni, nj, nk] = self.grid().shape();
        let mut widest: Option<[[usize; 3]; 2]> = None;
        for k in 0..nk {
            let plate = |&[i, j]: &[usize; 2]| self.exclusion.get([i, j, k]) == 1 && self.bones.get([i, j, k]) == bone;
            let columns_first = || (0..ni).flat_map(|i| (0..nj).map(move |j| [i, j]));
            let (Some(right), Some(left)) = (columns_first().find(plate), columns_first().rev().find(plate)) else { continue };
            if widest.is_none_or(|[a, b]| left[0] - right[0] > b[0] - a[0]) {
                widest = Some([right, left].map(|[i, j]| [i, j, k]));
            }
        }
        widest.map(|ends| ends.map(|v| self.grid().world_from_voxel().world(v.map(|x| x as f64))))
    }

    /// The grid that everything lies on.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        self.water.grid()
    }

    /// The coronal plane in which it was acquired and is read.
    #[must_use]
    pub fn plane(&self) -> SlicePlane {
        SlicePlane::acquisition(self.grid().world_from_voxel(), self.grid().shape())
    }
}

fn draw_affine(rng: &mut ChaCha8Rng, shape: [usize; 3], side: Side) -> Result<Affine, AffineError> {
    let lateral = if side == Side::Right { 1.0 } else { -1.0 };
    let centre = [lateral * rng.random_range(70.0..100.0), rng.random_range(-30.0..10.0), rng.random_range(-40.0..40.0)];
    let axes = [[-PIXEL_MM, 0.0, 0.0], [0.0, 0.0, PIXEL_MM], [0.0, SLICE_MM, 0.0]];
    let half = shape.map(|n| (n as f64 - 1.0) / 2.0);
    let origin: [f64; 3] = std::array::from_fn(|r| centre[r] - (0..3).map(|a| axes[a][r] * half[a]).sum::<f64>());
    // Thousandths of a mm, as a scanner writes them.
    Affine::from_columns(axes, origin.map(|v: f64| (v * 1000.0).round() / 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_numbers_give_the_same_exam_and_others_another() {
        let (a, b, c) = (knee(5, 1).unwrap(), knee(5, 1).unwrap(), knee(5, 2).unwrap());
        assert_eq!(a.water.values(), b.water.values());
        assert_eq!(a.fat.values(), b.fat.values());
        assert!(a.truth.same_labels(&b.truth) && a.bones.same_labels(&b.bones) && a.exclusion.same_labels(&b.exclusion));
        assert!(!a.grid().same_as(c.grid()));
        assert!(knee(u64::MAX, u32::MAX).is_ok());
    }

    #[test]
    fn an_exam_is_a_coronal_knee_in_whole_numbers() {
        for number in 0..3 {
            let exam = knee(9, number).unwrap();
            let [ni, nj, nk] = exam.grid().shape();
            assert!((150..170).contains(&ni) && (180..200).contains(&nj) && (14..=16).contains(&nk));
            for (is, should) in exam.grid().spacing().mm().into_iter().zip([0.9, 0.9, 3.5]) {
                assert!((is - should).abs() < 1e-9);
            }
            assert_eq!(exam.plane().letters(), ['R', 'L', 'H', 'F']);
            assert!(exam.water.values().iter().all(|v| *v >= 0.0 && v.fract() == 0.0));
            assert_eq!(exam.bone_scheme.classes()[0].key, format!("femur_{}", exam.side));
            // Volumes in ml of what is in the field of view, generously.
            let counts = exam.bones.counts();
            let ml = |bone: u8| counts.of(bone) as f64 * exam.grid().spacing().voxel_ml();
            for (bone, range) in [(1, 60.0..170.0), (2, 40.0..140.0), (3, 0.5..16.0), (4, 0.1..14.0)] {
                assert!(range.contains(&ml(bone)), "exam {number}: bone {bone} has {} ml", ml(bone));
            }
        }
    }

    #[test]
    fn levels_lie_in_graded_marrow_one_within_the_other() {
        let (mut with_three, mut threes, mut bare) = (0, 0, 0);
        for number in 0..6 {
            let exam = knee(21, number).unwrap();
            let counts = exam.truth.counts();
            assert!(counts.of(1) > counts.of(2) && counts.of(2) > counts.of(3), "exam {number}");
            assert!(counts.of(1) > 1500 && counts.of(2) > 50, "exam {number}: {} {}", counts.of(1), counts.of(2));
            with_three += usize::from(counts.of(3) > 10);
            exam.truth.for_each_labelled(|v, level| {
                assert!(matches!(exam.bones.get(v), 1 | 2) && exam.exclusion.get(v) == 0);
                if level == 3 {
                    threes += 1;
                    let around = [[v[0] - 1, v[1], v[2]], [v[0] + 1, v[1], v[2]], [v[0], v[1] - 1, v[2]], [v[0], v[1] + 1, v[2]]];
                    bare += usize::from(around.iter().any(|&n| exam.truth.get(n) == 0 && exam.marrow[exam.grid().index(n)]));
                }
            });
        }
        assert!(with_three >= 4, "{with_three} of 6 exams have level 3");
        assert!(bare * 10 < threes, "{bare} of {threes} voxels of level 3 touch plain marrow");
    }

    #[test]
    fn higher_levels_are_brighter_and_the_plate_is_found() {
        let exam = knee(3, 0).unwrap();
        let mut sums = [(0.0, 0.0); 4];
        for (n, value) in exam.water.values().iter().enumerate().filter(|(n, _)| exam.marrow[*n]) {
            let sum = &mut sums[usize::from(exam.truth.get(exam.grid().voxel(n)))];
            *sum = (sum.0 + f64::from(*value), sum.1 + 1.0);
        }
        let means = sums.map(|(sum, count)| sum / f64::max(count, 1.0));
        assert!(means[0] * 1.4 < means[1] && means[1] * 1.2 < means[2], "{means:?}");
        for bone in [1, 2] {
            let [right, left] = exam.plate_ends_mm(bone).unwrap();
            let width = (right[0] - left[0]).hypot(right[2] - left[2]);
            assert!((45.0..90.0).contains(&width), "{width}");
        }
        assert!(exam.plate_ends_mm(9).is_none());
    }
}
