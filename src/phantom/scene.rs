//! The drawn knee and how a slice of voxels samples it.

use super::anatomy::{Anatomy, Bone};
use super::knee::Side;
use super::marrow::Marrow;
use super::noise::Noise;
use super::pose::Pose;
use super::shape::coverage;
use super::soft::{Near, Soft};
use super::tissue::{Mix, Tissue};
use crate::volume::Grid;
use rand_chacha::ChaCha8Rng;

/// Offsets in mm and weights of the samples through a slice: a rounded slice profile.
const PROFILE: [(f64, f64); 3] = [(-1.15, 0.27), (0.0, 0.46), (1.15, 0.27)];

/// Everything that is drawn.
pub(super) struct Scene {
    pose: Pose,
    anatomy: Anatomy,
    soft: Soft,
    marrow: Marrow,
    grain: Noise,
}

/// What one slice shows, i fastest.
pub(super) struct Slice {
    pub(super) water: Vec<f64>,
    pub(super) fat: Vec<f64>,
    pub(super) signal: Vec<f32>,
    pub(super) marrow: Vec<bool>,
    pub(super) bone: Vec<u8>,
    pub(super) exclusion: Vec<u8>,
}

/// Weighted sums over the samples of one voxel.
#[derive(Default)]
struct Voxel {
    water: f64,
    fat: f64,
    bone: [f64; 4],
    marrow: f64,
    level: f64,
    plate: f64,
    vessel: f64,
}

impl Scene {
    /// Draws a child's knee about the middle of a grid.
    pub(super) fn draw(rng: &mut ChaCha8Rng, grid: &Grid, side: Side) -> Self {
        let half = grid.shape().map(|n| (n as f64 - 1.0) / 2.0);
        let centre_mm = grid.world_from_voxel().world(half);
        let pose = Pose::draw(rng, centre_mm, if side == Side::Right { 1.0 } else { -1.0 });
        let anatomy = Anatomy::draw(rng);
        let soft = Soft::draw(rng, anatomy.patella());
        let marrow = Marrow::draw(rng, &anatomy);
        Self { pose, anatomy, soft, marrow, grain: Noise::draw(rng) }
    }

    /// Samples one coronal slice.
    pub(super) fn slice(&self, grid: &Grid, k: usize) -> Slice {
        let [ni, nj, _] = grid.shape();
        let n = ni * nj;
        let mut slice = Slice {
            water: Vec::with_capacity(n),
            fat: Vec::with_capacity(n),
            signal: Vec::with_capacity(n),
            marrow: Vec::with_capacity(n),
            bone: Vec::with_capacity(n),
            exclusion: Vec::with_capacity(n),
        };
        for j in 0..nj {
            for i in 0..ni {
                let centre_mm = grid.world_from_voxel().world([i as f64, j as f64, k as f64]);
                let mut voxel = Voxel::default();
                for (offset_mm, weight) in PROFILE {
                    self.sample([centre_mm[0], centre_mm[1] + offset_mm, centre_mm[2]], weight, &mut voxel);
                }
                slice.push(&voxel);
            }
        }
        slice
    }

    fn sample(&self, world_mm: [f64; 3], weight: f64, voxel: &mut Voxel) {
        let p = self.pose.local(world_mm);
        let skin = self.soft.skin(p);
        if skin > 1.5 {
            return;
        }
        let distance = Bone::ALL.map(|bone| self.anatomy.distance(bone, p));
        let [femur, tibia, _, patella] = distance;
        let mut mix = Mix::default();
        let deepest = distance.iter().copied().fold(f64::INFINITY, f64::min);
        if deepest > -1.5 {
            self.soft.paint(p, skin, Near { femur, tibia, patella }, &mut mix);
        }
        for (bone, d) in Bone::ALL.into_iter().zip(distance).filter(|(_, d)| *d < 1.5) {
            self.paint_bone(bone, d, p, weight, voxel, &mut mix);
        }
        voxel.water += weight * mix.water;
        voxel.fat += weight * mix.fat;
    }

    fn paint_bone(&self, bone: Bone, d: f64, p: [f64; 3], weight: f64, voxel: &mut Voxel, mix: &mut Mix) {
        let whole = coverage(d);
        voxel.bone[bone as usize - 1] += weight * whole;
        let above = self.anatomy.above_plate(bone, p);
        mix.over(Tissue::CORTEX, whole);
        let inner = coverage(d + Anatomy::cortex_mm(bone, above));
        if inner > 0.0 {
            let graded = matches!(bone, Bone::Femur | Bone::Tibia);
            let towards_shaft = above.map_or(0.0, |h| if bone == Bone::Femur { h } else { -h });
            let level = if graded { self.marrow.at(bone, p, towards_shaft) } else { 0.0 };
            mix.over(Tissue::marrow(level, self.grain.rough(p, [2.4, 4.0, 2.8])), inner);
            voxel.marrow += if graded { weight * inner } else { 0.0 };
            voxel.level += weight * inner * level;
            let vessel = inner * coverage(self.anatomy.vessel(p));
            mix.over(Tissue::VESSEL, vessel);
            voxel.vessel += weight * vessel;
        }
        if let Some(height) = above {
            // A thin plate of sclerosis on the shaft's side keeps the bright line apart from bright marrow.
            let edge = height.abs() - self.anatomy.plate_mm(p) / 2.0;
            let plate = whole * coverage(edge);
            mix.over(Tissue::CORTEX, 0.4 * inner * coverage(edge - 0.8));
            // The fibula's plate is small and mostly cut at an angle.
            mix.over(Tissue::PLATE, if bone == Bone::Fibula { 0.5 * plate } else { plate });
            voxel.plate += weight * plate;
        }
    }
}

impl Slice {
    fn push(&mut self, voxel: &Voxel) {
        let bone = (0..4).find(|&b| voxel.bone[b] >= 0.5).map_or(0, |b| b as u8 + 1);
        let exclusion = match (bone, voxel.plate, voxel.vessel) {
            (0, ..) => 0,
            (_, plate, _) if plate >= 0.35 => 1,
            (_, _, vessel) if vessel >= 0.35 => 2,
            _ => 0,
        };
        self.water.push(voxel.water);
        self.fat.push(voxel.fat);
        self.bone.push(bone);
        self.exclusion.push(exclusion);
        self.marrow.push(voxel.marrow >= 0.6 && exclusion == 0);
        self.signal.push(if voxel.marrow > 0.05 { (voxel.level / voxel.marrow) as f32 } else { 0.0 });
    }
}
