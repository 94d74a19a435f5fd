//! The marrow's signal as a smooth field without noise: diffuse along the growth plates, focal in it, punctate in that.

use super::anatomy::{Anatomy, Bone};
use super::noise::Noise;
use super::shape::rise;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The field's values from which a level begins: 1 slight and diffuse, 2 focal and mild, 3 moderate to fluid-like.
pub(super) const LEVEL_EDGES: [f64; 3] = [0.75, 1.7, 2.6];

/// The truth behind one knee's marrow.
#[derive(Clone, Debug)]
pub(super) struct Marrow {
    diffuse: [Diffuse; 2],
    spots: Vec<Spot>,
    fray: [Noise; 2],
    grain: Noise,
}

/// How far the slight signal of a bone reaches from its growth plate, flame by flame.
#[derive(Clone, Debug)]
struct Diffuse {
    shaft_reach_mm: f64,
    joint_reach_mm: f64,
    flames: Noise,
    joint_flames: Noise,
    strength: f64,
}

/// A focal lesion: a flat-topped blob.
#[derive(Clone, Debug)]
struct Spot {
    bone: Bone,
    centre: [f64; 3],
    radii: [f64; 3],
    height: f64,
}

impl Marrow {
    /// Draws the marrow of a child with these bones.
    pub(super) fn draw(rng: &mut ChaCha8Rng, anatomy: &Anatomy) -> Self {
        let diffuse = [Diffuse::draw(rng), Diffuse::draw(rng)];
        let mut marrow = Self { diffuse, spots: Vec::new(), fray: [Noise::draw(rng), Noise::draw(rng)], grain: Noise::draw(rng) };
        let focal = rng.random_range(5..=11);
        for _ in 0..focal {
            marrow.spots.push(Spot::focal(rng, anatomy));
        }
        // Most exams have a little of level 3, some none.
        let punctate = if rng.random_bool(0.12) { 0 } else { rng.random_range(2..=6) };
        for n in 0..punctate {
            let host = marrow.spots[(n * 2) % focal].clone();
            marrow.spots.push(host.core(rng));
        }
        for _ in 0..rng.random_range(1..4) {
            marrow.spots.push(Spot::island(rng, anatomy));
        }
        marrow
    }

    /// The field at a point inside the femur or tibia, about 0 (fatty marrow) to 4 (fluid-like); see [`LEVEL_EDGES`].
    /// `towards_shaft` is the signed distance from the growth plate in mm, positive on the shaft's side.
    pub(super) fn at(&self, bone: Bone, p: [f64; 3], towards_shaft: f64) -> f64 {
        let size = [5.5, 7.0, 5.5];
        let q = [p[0] + 2.4 * self.fray[0].rough(p, size), p[1], p[2] + 2.4 * self.fray[1].rough(p, size)];
        let diffuse = self.diffuse[usize::from(bone == Bone::Tibia)].at(q, towards_shaft);
        let spots: f64 = self.spots.iter().filter(|s| s.bone == bone).map(|s| s.at(q)).sum();
        (diffuse + spots + 0.42 * self.grain.rough(p, [5.5, 8.0, 6.0])).max(0.0)
    }
}

impl Diffuse {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        Self {
            shaft_reach_mm: rng.random_range(1.0..15.0),
            joint_reach_mm: rng.random_range(-7.0..1.0),
            flames: Noise::draw(rng),
            joint_flames: Noise::draw(rng),
            strength: rng.random_range(1.2..1.5),
        }
    }

    fn at(&self, q: [f64; 3], towards_shaft: f64) -> f64 {
        // Over (x, y) with little change along the shaft: tongues that follow the vessels.
        let reach = if towards_shaft >= 0.0 {
            self.shaft_reach_mm + 19.0 * self.flames.rough([q[0], q[1], 0.12 * q[2]], [9.5, 15.0, 9.0])
        } else {
            self.joint_reach_mm + 14.0 * self.joint_flames.rough([q[0], q[1], 0.4 * q[2]], [13.0, 15.0, 9.0])
        };
        self.strength * rise((reach.min(30.0) - towards_shaft.abs()) / 9.0 + 0.5)
    }
}

impl Spot {
    fn focal(rng: &mut ChaCha8Rng, anatomy: &Anatomy) -> Self {
        let bone = if rng.random_bool(0.5) { Bone::Femur } else { Bone::Tibia };
        let (x, y) = (rng.random_range(-27.0..27.0), rng.random_range(-13.0..15.0));
        let away = if rng.random_bool(0.75) { rng.random_range(3.0..13.0) } else { rng.random_range(-8.0..-3.0) };
        let up = if bone == Bone::Femur { away } else { -away };
        let radii = [rng.random_range(4.5..9.0), rng.random_range(5.0..9.0), rng.random_range(4.0..8.0)];
        Self { bone, centre: [x, y, anatomy.plate_height(bone, x, y) + up], radii, height: rng.random_range(0.75..1.3) }
    }

    /// A bright core inside this one.
    fn core(&self, rng: &mut ChaCha8Rng) -> Self {
        let shift: [f64; 3] = std::array::from_fn(|a| self.centre[a] + self.radii[a] * rng.random_range(-0.4..0.4));
        let radii = [rng.random_range(2.2..4.2), rng.random_range(3.5..6.0), rng.random_range(2.2..4.2)];
        Self { bone: self.bone, centre: shift, radii, height: rng.random_range(1.1..2.0) }
    }

    /// A patch of slight signal away from the growth plate.
    fn island(rng: &mut ChaCha8Rng, anatomy: &Anatomy) -> Self {
        let mut spot = Self::focal(rng, anatomy);
        spot.centre[2] += if spot.bone == Bone::Femur { -16.0 } else { -12.0 };
        spot.height = rng.random_range(0.9..1.4);
        spot
    }

    fn at(&self, q: [f64; 3]) -> f64 {
        let r2: f64 = (0..3).map(|a| ((q[a] - self.centre[a]) / self.radii[a]).powi(2)).sum();
        if r2 > 4.0 { 0.0 } else { self.height * (-0.7 * r2 * r2).exp() }
    }
}
