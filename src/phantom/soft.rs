//! Everything around the bones, in the knee's own space: skin, fat, muscles, joint, big vessels.

use super::noise::Noise;
use super::shape::{Course, capsule, coverage, ellipsoid, rise};
use super::tissue::{Mix, Tissue};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// One child's soft tissues.
#[derive(Clone, Debug)]
pub(super) struct Soft {
    leg: Course,
    fat_mm: f64,
    muscles: Vec<Muscle>,
    fibres: Noise,
    lumps: Noise,
    fluid: f64,
    effusion: Option<[[f64; 3]; 2]>,
    vessels: Vec<([f64; 3], [f64; 3], f64)>,
    patella_y: f64,
    cartilage: f64,
}

#[derive(Clone, Debug)]
struct Muscle {
    centre: [f64; 3],
    radii: [f64; 3],
    lean: f64,
    signal: f64,
}

/// Signed distances to the bones' surfaces at a point, in mm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) femur: f64,
    pub(super) tibia: f64,
    pub(super) patella: f64,
}

impl Soft {
    /// Draws a child's soft tissues around a patella with this centre and radii.
    pub(super) fn draw(rng: &mut ChaCha8Rng, patella: [[f64; 3]; 2]) -> Self {
        // z, centre x, centre y, half width, half depth of the leg's outline.
        let plump = rng.random_range(0.94..1.1);
        let leg = [
            [-110.0, 3.0, -14.0, 44.0, 44.0],
            [-60.0, 3.0, -13.0, 49.0, 50.0],
            [-25.0, 1.0, -7.0, 50.0, 52.0],
            [5.0, 0.0, -4.0, 52.0, 53.0],
            [35.0, 0.0, -4.0, 53.0, 55.0],
            [70.0, 1.0, -4.0, 58.0, 58.0],
            [110.0, 2.0, -4.0, 64.0, 63.0],
        ]
        .map(|[z, x, y, a, b]| [z, x, y, a * plump, b]);
        // Centre, radii, lean in x per mm of z: inner and outer vastus, hamstrings, calf, shin.
        let muscles = [
            ([-33.0, 6.0, 88.0], [17.0, 30.0, 56.0], -0.05),
            ([35.0, 4.0, 96.0], [15.0, 32.0, 58.0], 0.0),
            ([-32.0, -26.0, 70.0], [11.0, 14.0, 75.0], 0.06),
            ([-22.0, -36.0, 60.0], [13.0, 14.0, 70.0], 0.0),
            ([34.0, -30.0, 62.0], [11.0, 14.0, 62.0], -0.05),
            ([6.0, 26.0, 98.0], [24.0, 14.0, 48.0], 0.0),
            ([-24.0, -24.0, -82.0], [17.0, 24.0, 62.0], 0.03),
            ([22.0, -34.0, -72.0], [18.0, 15.0, 66.0], -0.02),
            ([8.0, -20.0, -92.0], [16.0, 13.0, 60.0], 0.0),
            ([25.0, 9.0, -92.0], [14.0, 17.0, 58.0], -0.06),
            ([38.0, -6.0, -92.0], [8.5, 15.0, 58.0], -0.08),
        ]
        .map(|(centre, radii, lean)| Muscle {
            centre: centre.map(|c| c + rng.random_range(-1.5..1.5)),
            radii: radii.map(|r| r * rng.random_range(0.93..1.05)),
            lean,
            signal: rng.random_range(0.27..0.33),
        });
        let [knee_cap, cap_radii] = patella;
        let effusion = rng.random_bool(0.4).then(|| {
            (
                [knee_cap[0], knee_cap[1] - 12.0, knee_cap[2] + cap_radii[2] + 9.0],
                [rng.random_range(10.0..16.0), rng.random_range(1.8..3.2), rng.random_range(5.0..9.0)],
            )
        });
        Self {
            leg: Course(leg.to_vec()),
            fat_mm: rng.random_range(6.0..11.0),
            muscles: muscles.to_vec(),
            fibres: Noise::draw(rng),
            lumps: Noise::draw(rng),
            fluid: rng.random_range(0.5..1.0),
            effusion: effusion.map(|(centre, radii)| [centre, radii]),
            vessels: draw_vessels(rng),
            patella_y: knee_cap[1],
            cartilage: rng.random_range(0.7..1.35),
        }
    }

    /// Signed distance in mm to the skin's surface.
    pub(super) fn skin(&self, p: [f64; 3]) -> f64 {
        self.leg.distance(p, 0.35)
    }

    /// Paints everything but bone at a point `skin` mm from the surface.
    pub(super) fn paint(&self, p: [f64; 3], skin: f64, near: Near, mix: &mut Mix) {
        mix.over(Tissue::SKIN, coverage(skin));
        mix.over(Tissue::FAT, coverage(skin + 1.7));
        if skin < -2.5 {
            let lump = self.lumps.at(p, [4.0, 6.0, 2.6]);
            mix.over(Tissue::SEPTUM, 0.5 * rise((lump - 0.45) * 3.0));
        }
        let deep = skin + self.fat_mm * (1.0 + 0.35 * self.lumps.at(p, [30.0, 30.0, 40.0]));
        if deep > 2.0 {
            return;
        }
        mix.over(Tissue::FASCIA, coverage(deep) * coverage(-deep - 1.3));
        self.paint_muscles(p, deep, mix);
        // Big vessels run at the back, small ones at the sides.
        if p[1] < -18.0 || p[0].abs() > 32.0 {
            for &(a, b, radius) in &self.vessels {
                mix.over(Tissue::VESSEL, coverage(capsule(p, a, b, radius)));
            }
        }
        self.paint_joint(p, near, mix);
    }

    fn paint_muscles(&self, p: [f64; 3], deep: f64, mix: &mut Mix) {
        for muscle in &self.muscles {
            let centre = [muscle.centre[0] + muscle.lean * (p[2] - muscle.centre[2]), muscle.centre[1], muscle.centre[2]];
            let reach: f64 = (0..3).map(|a| ((p[a] - centre[a]) / muscle.radii[a]).powi(2)).sum();
            if reach > 1.5 {
                continue;
            }
            let surface = (ellipsoid(p, centre, muscle.radii) + 1.8 * self.lumps.at(p, [13.0, 16.0, 19.0])).max(deep + 1.4);
            let cover = coverage(surface);
            if cover > 0.0 {
                let fibre = self.fibres.at(p, [2.2, 4.0, 26.0]);
                let tissue = Tissue { water: muscle.signal * (1.0 + 0.13 * fibre), ..Tissue::MUSCLE };
                // A fatty line stays where two muscles touch.
                mix.over(Tissue::FAT, 0.7 * cover);
                mix.over(tissue, coverage(surface + 0.8));
                let septum = self.lumps.at([p[0] + 0.16 * p[2], p[1], 0.0], [8.0, 9.0, 1.0]);
                mix.over(Tissue::FAT, 0.45 * coverage(surface + 0.8) * rise(1.0 - septum.abs() * 9.0));
            }
        }
    }

    fn paint_joint(&self, p: [f64; 3], near: Near, mix: &mut Mix) {
        if let Some([centre, radii]) = self.effusion {
            mix.over(Tissue::FLUID, 0.8 * coverage(ellipsoid(p, centre, radii) + 2.2 * self.lumps.at(p, [13.0, 13.0, 9.0])));
        }
        let [x, _, z] = p;
        // Tendon of the patella and quadriceps, dark, in front.
        let tendon = |from: f64, to: f64| capsule([p[0] * 0.3, p[1], p[2]], [0.5, 34.0, from], [0.0, 30.0, to], 3.0);
        if p[1] > 22.0 {
            mix.over(Tissue::TENDON, coverage(tendon(3.0, -38.0).min(tendon(42.0, 75.0))));
        }
        let gap = near.femur.max(near.tibia);
        if gap < 14.0 && z < 16.0 {
            let joint = coverage(gap - 6.5) * coverage(z - 12.0);
            mix.over(Tissue::SYNOVIUM, 0.8 * joint);
            mix.over(Tissue::MENISCUS, joint * rise((x.abs() - 17.0) / 5.0));
            let between = (near.femur - near.tibia).abs();
            mix.over(Tissue::FLUID, self.fluid * joint * coverage(0.5 * between - 0.3) * coverage(gap - 4.5));
            // The cruciates: dark bands through the notch.
            let front = capsule(p, [7.0, -8.0, 15.0], [-3.0, 8.0, -5.0], 2.6);
            let back = capsule(p, [-6.0, 2.0, 14.0], [1.0, -20.0, -8.0], 3.4);
            mix.over(Tissue::TENDON, coverage(front.min(back)));
        }
        let facing_joint = rise((17.0 - z) / 9.0);
        // The lining of the joint: a faint bright line a little off the bone.
        let lining = (near.femur.min(near.tibia) - 4.2 - self.lumps.at(p, [9.0, 9.0, 9.0])).abs() - 0.4;
        mix.over(Tissue::LINING, 0.7 * coverage(lining) * rise((34.0 - z) / 6.0) * rise((z + 18.0) / 6.0));
        let uneven = self.lumps.at(p, [11.0, 13.0, 11.0]);
        mix.over(Tissue::CARTILAGE, coverage(near.femur - self.cartilage * (2.1 + 0.9 * uneven)) * facing_joint * (0.85 + 0.15 * uneven));
        mix.over(
            Tissue::CARTILAGE,
            coverage(near.tibia - self.cartilage * (1.7 - 0.9 * uneven)) * rise((z + 10.0) / 3.0) * (0.85 - 0.15 * uneven),
        );
        let behind = rise((self.patella_y - p[1]) / 5.0);
        mix.over(Tissue::CARTILAGE, coverage(near.patella - 0.8 - 1.1 * behind - 0.8 * uneven) * (0.35 + 0.35 * behind));
        // Periosteum lies dark on the bone.
        mix.over(Tissue::TENDON, 0.6 * coverage(near.femur - 0.7) * (1.0 - facing_joint));
    }
}

/// Popliteal artery and vein at the back, geniculate branches at the sides.
fn draw_vessels(rng: &mut ChaCha8Rng) -> Vec<([f64; 3], [f64; 3], f64)> {
    let (x, y) = (rng.random_range(-3.0..3.0), rng.random_range(-27.0..-23.0));
    let mut vessels =
        vec![([x, y - 2.0, 110.0], [x + 2.0, y - 6.0, -110.0], 2.4), ([x + 5.0, y + 2.0, 110.0], [x + 5.5, y - 5.0, -110.0], 3.0)];
    for side in [-1.0, 1.0] {
        for level in [38.0, 46.0, -12.0, -34.0] {
            let at = [side * rng.random_range(38.0..42.0), rng.random_range(-16.0..14.0), level + rng.random_range(-4.0..4.0)];
            let run = [rng.random_range(-3.0..3.0), rng.random_range(4.0..14.0), rng.random_range(-7.0..7.0)];
            vessels.push((at, [at[0] + run[0], at[1] + run[1], at[2] + run[2]], rng.random_range(0.8..1.3)));
        }
    }
    vessels
}
