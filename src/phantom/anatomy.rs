//! The bones of the knee and their growth plates, in the knee's own space (see [`super::pose::Pose`]).

use super::noise::Noise;
use super::shape::{Course, blend, capsule, clip, ellipsoid};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A bone, numbered as in the bone layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bone {
    Femur = 1,
    Tibia = 2,
    Fibula = 3,
    Patella = 4,
}

impl Bone {
    /// In order of label.
    pub(super) const ALL: [Self; 4] = [Self::Femur, Self::Tibia, Self::Fibula, Self::Patella];

    /// The word in keys.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Femur => "femur",
            Self::Tibia => "tibia",
            Self::Fibula => "fibula",
            Self::Patella => "patella",
        }
    }
}

/// One child's bones.
#[derive(Clone, Debug)]
pub(super) struct Anatomy {
    femur: Course,
    tibia: Course,
    fibula: Course,
    condyles: [[[f64; 3]; 2]; 2],
    patella: [[f64; 3]; 2],
    plates: [Plate; 3],
    ripple: Noise,
    vessels: Vec<([f64; 3], [f64; 3], f64)>,
    plate_mm: f64,
}

/// The mid-surface of a growth plate: a height over (x, y).
#[derive(Clone, Debug)]
struct Plate {
    height: f64,
    peak: f64,
    droop: f64,
    wave: f64,
    phase: f64,
    noise: Noise,
}

impl Plate {
    fn draw(rng: &mut ChaCha8Rng, height: f64, peak: f64, droop: f64, wave: f64) -> Self {
        Self {
            height: height + rng.random_range(-1.5..1.5),
            peak: peak * rng.random_range(0.7..1.3),
            droop: droop * rng.random_range(0.6..1.4),
            wave: wave * rng.random_range(0.6..1.4),
            phase: rng.random_range(0.0..std::f64::consts::TAU),
            noise: Noise::draw(rng),
        }
    }

    /// Height of the plate above (x, y), in mm.
    fn at(&self, x: f64, y: f64) -> f64 {
        let bump = self.peak * (-(x / 9.0).powi(2) - (y / 30.0).powi(2)).exp();
        let waves = self.wave * (0.21 * x + self.phase).sin() + 1.3 * self.noise.rough([x, y, 0.0], [8.5, 12.0, 1.0]);
        self.height + bump - self.droop * x * x + waves - 0.002 * y * y
    }
}

impl Anatomy {
    /// Draws a child's bones.
    pub(super) fn draw(rng: &mut ChaCha8Rng) -> Self {
        let mut vary = |v: f64, share: f64| v * rng.random_range(1.0 - share..1.0 + share);
        let (wide, slim, plateau, shin, flare) = (vary(1.0, 0.06), vary(1.0, 0.13), vary(1.0, 0.06), vary(1.0, 0.12), vary(1.0, 0.1));
        // z, centre x, centre y, half width, half depth: an average child, by eye from anatomy books.
        let femur = [
            [14.0, 0.0, 1.0, 33.0 * wide, 21.0],
            [24.0, 0.0, 1.0, 37.0 * wide, 23.0],
            [34.0, 0.0, 0.0, 34.5 * wide, 21.5],
            [44.0, 0.5, 0.0, 27.0 * wide * flare, 18.5],
            [58.0, 2.0, 0.0, 19.5 * slim, 15.5],
            [76.0, 4.0, 1.0, 14.5 * slim, 13.5],
            [110.0, 8.0, 3.0, 13.0 * slim, 13.0],
        ];
        let tibia = [
            [-110.0, -1.0, 1.0, 10.5 * shin, 11.5],
            [-75.0, -1.0, 1.0, 12.0 * shin, 13.0],
            [-54.0, -1.0, 2.0, 15.0 * shin, 16.5],
            [-38.0, -0.5, 2.0, 22.5 * plateau * flare, 20.0],
            [-26.0, 0.0, 0.5, 31.5 * plateau, 22.0],
            [-16.0, 0.0, -1.0, 35.5 * plateau, 23.0],
            [-4.0, 0.0, -1.0, 34.0 * plateau, 22.0],
        ];
        let fibula = [
            [-110.0, 25.0, -12.0, 5.0, 5.0],
            [-55.0, 29.0, -13.0, 5.5, 5.5],
            [-38.0, 31.5, -14.0, 8.5, 8.5],
            [-26.0, 32.5, -14.5, 10.0, 10.0],
            [-18.0, 32.5, -14.5, 7.5, 8.0],
        ];
        let condyles = [
            [[-19.5 * vary(wide, 0.05), -4.0, vary(18.5, 0.04)], [vary(17.0, 0.05), 26.0, vary(17.0, 0.05)]],
            [[19.5 * vary(wide, 0.05), -3.5, vary(19.5, 0.04)], [vary(16.5, 0.05), 26.0, vary(16.5, 0.05)]],
        ];
        let patella = [[2.0, 34.5, vary(22.0, 0.2)], [vary(19.0, 0.08), 8.5, vary(19.0, 0.08)]];
        let plates =
            [Plate::draw(rng, 34.0, 4.0, 0.0035, 0.9), Plate::draw(rng, -21.0, -0.8, -0.0012, 1.1), Plate::draw(rng, -27.0, 1.2, 0.0, 0.3)];
        let mut anatomy = Self {
            femur: Course(femur.to_vec()),
            tibia: Course(tibia.to_vec()),
            fibula: Course(fibula.to_vec()),
            condyles,
            patella,
            plates,
            ripple: Noise::draw(rng),
            vessels: Vec::new(),
            plate_mm: rng.random_range(1.4..2.4),
        };
        anatomy.vessels = anatomy.draw_vessels(rng);
        anatomy
    }

    /// A few vessels inside the marrow, short and steep, as a reader would leave out.
    fn draw_vessels(&self, rng: &mut ChaCha8Rng) -> Vec<([f64; 3], [f64; 3], f64)> {
        let count = rng.random_range(2..6);
        (0..count)
            .map(|_| {
                let (x, y) = (rng.random_range(-18.0..18.0), rng.random_range(-12.0..14.0));
                let at_femur = rng.random_bool(0.6);
                let root = if at_femur { self.plates[0].at(x, y) + 6.0 } else { self.plates[1].at(x, y) - 6.0 };
                let reach = rng.random_range(5.0..14.0) * if at_femur { 1.0 } else { -1.0 };
                let sway = [rng.random_range(-4.0..4.0), rng.random_range(-5.0..5.0)];
                ([x, y, root], [x + sway[0], y + sway[1], root + reach], rng.random_range(0.7..1.1))
            })
            .collect()
    }

    /// Signed distance in mm to the surface of a bone, negative inside.
    pub(super) fn distance(&self, bone: Bone, p: [f64; 3]) -> f64 {
        // Only near the surface does it matter.
        let rippled = |d: f64| if d.abs() < 4.0 { d + 0.8 * self.ripple.at(p, [8.0, 10.0, 8.0]) } else { d };
        match bone {
            Bone::Femur => {
                // Far below and far above only "far" matters.
                if p[2] < -6.0 {
                    return 2.0 - p[2];
                }
                let shaft = clip(self.femur.distance(p, 0.25), 23.0 - p[2], 14.0);
                if p[2] > 52.0 {
                    return rippled(shaft);
                }
                let [medial, lateral] = self.condyles.map(|[centre, radii]| ellipsoid(p, centre, radii));
                let bridge = ellipsoid(p, [0.0, 8.0, 22.0], [25.0, 13.5, 15.5]);
                rippled(blend(blend(blend(medial, lateral, 2.0), bridge, 5.0), shaft, 8.0))
            }
            Bone::Tibia => {
                if p[2] > 9.0 {
                    return p[2] + 2.0;
                }
                let plateau = p[2] - self.plateau(p[0], p[1]);
                let spine =
                    capsule(p, [-4.5, -2.0, -9.0], [-4.0, -1.0, 1.0], 2.6).min(capsule(p, [5.0, -3.0, -9.0], [4.5, -3.0, 0.0], 2.4));
                rippled(blend(clip(self.tibia.distance(p, 0.2), plateau, 5.0), spine, 4.0))
            }
            Bone::Fibula if p[2] > -10.0 || p[0] < 12.0 => 7.0,
            Bone::Fibula => clip(self.fibula.distance(p, 0.0), p[2] + 17.0, 8.0),
            Bone::Patella if p[1] < 20.0 => 6.0,
            Bone::Patella => rippled(ellipsoid(p, self.patella[0], self.patella[1])),
        }
    }

    /// Height of the tibia's upper surface: two shallow dishes.
    fn plateau(&self, x: f64, y: f64) -> f64 {
        let dish = (-((x.abs() - 19.0) / 11.0).powi(2) - ((y + 2.0) / 18.0).powi(2)).exp();
        -4.0 - 1.8 * dish - 0.06 * y.min(0.0).abs()
    }

    /// Height of a point above the growth plate of its bone, in mm; `None` for the patella.
    pub(super) fn above_plate(&self, bone: Bone, p: [f64; 3]) -> Option<f64> {
        let plate = match bone {
            Bone::Femur => &self.plates[0],
            Bone::Tibia => &self.plates[1],
            Bone::Fibula => &self.plates[2],
            Bone::Patella => return None,
        };
        Some(p[2] - plate.at(p[0], p[1]))
    }

    /// Thickness in mm of the growth plates at a point: thin in a child whose plates are about to close, uneven in all.
    pub(super) fn plate_mm(&self, p: [f64; 3]) -> f64 {
        self.plate_mm * (1.0 + 0.4 * self.ripple.at([p[0], p[1], 0.0], [6.0, 7.0, 1.0]))
    }

    /// Height of a bone's growth plate over (x, y); only femur and tibia carry graded marrow.
    pub(super) fn plate_height(&self, bone: Bone, x: f64, y: f64) -> f64 {
        self.plates[if bone == Bone::Femur { 0 } else { 1 }].at(x, y)
    }

    /// Thickness of the cortex in mm: thin at the epiphysis, thick at the shaft.
    pub(super) fn cortex_mm(bone: Bone, above_plate: Option<f64>) -> f64 {
        let towards_shaft = match (bone, above_plate) {
            (Bone::Femur, Some(h)) => h,
            (_, Some(h)) => -h,
            (_, None) => 0.0,
        };
        let shaft = if bone == Bone::Fibula { 1.2 } else { 2.3 };
        0.8 + shaft * super::shape::rise((towards_shaft - 10.0) / 35.0)
    }

    /// Signed distance in mm to the nearest vessel inside the marrow.
    pub(super) fn vessel(&self, p: [f64; 3]) -> f64 {
        self.vessels.iter().map(|&(a, b, r)| capsule(p, a, b, r)).fold(f64::INFINITY, f64::min)
    }

    /// Centre and radii of the patella.
    pub(super) const fn patella(&self) -> [[f64; 3]; 2] {
        self.patella
    }
}
