//! Where the knee lies in the scanner: world millimetres to the knee's own space.

use super::noise::Noise;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Maps world positions into the knee's own space: x to the outer (lateral) side, y to the front, z to the head, in mm
/// of an average ten-year-old, with the joint line at z = 0. Each knee has its own size, tilt and slight deformation.
#[derive(Clone, Debug)]
pub(super) struct Pose {
    joint_mm: [f64; 3],
    lateral_sign: f64,
    size: [f64; 3],
    tilt: [f64; 3],
    warp: [Noise; 3],
    warp_mm: f64,
}

impl Pose {
    /// Draws a pose for a joint about `centre_mm`; `lateral_sign` is +1 where the outer side is the patient's right.
    pub(super) fn draw(rng: &mut ChaCha8Rng, centre_mm: [f64; 3], lateral_sign: f64) -> Self {
        let size = rng.random_range(0.84..1.06);
        Self {
            joint_mm: [
                centre_mm[0] + rng.random_range(-5.0..5.0),
                centre_mm[1] - 7.0 + rng.random_range(-2.5..2.5),
                centre_mm[2] + rng.random_range(-9.0..9.0),
            ],
            lateral_sign,
            size: [size * rng.random_range(0.95..1.06), size * rng.random_range(0.96..1.04), size * rng.random_range(0.95..1.05)],
            tilt: [rng.random_range(-0.05..0.05), rng.random_range(-0.11..0.09), rng.random_range(-0.2..0.2)],
            warp: [Noise::draw(rng), Noise::draw(rng), Noise::draw(rng)],
            warp_mm: rng.random_range(1.5..3.2),
        }
    }

    /// The knee's own coordinates of a world position.
    pub(super) fn local(&self, world_mm: [f64; 3]) -> [f64; 3] {
        let d: [f64; 3] = std::array::from_fn(|a| world_mm[a] - self.joint_mm[a]);
        let [x, y, z] = [d[0] * self.lateral_sign, d[1], d[2]];
        // Small angles: flexion about x, varus about y, turn about z, as shears (the error is below 1 %).
        let [flex, varus, turn] = self.tilt;
        let p = [x - turn * y - varus * z, y + turn * x - flex * z, z + varus * x + flex * y];
        let p: [f64; 3] = std::array::from_fn(|a| p[a] / self.size[a]);
        std::array::from_fn(|a| p[a] + self.warp_mm * self.warp[a].at(p, [38.0, 42.0, 34.0]))
    }
}
