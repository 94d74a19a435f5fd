//! What a tool that looks at more than a stroke needs to know of a read, as plain data that a worker can take along.

use super::{Block, LabelSet, PaintRule, Region, Write};
use crate::space::{SlicePlane, VoxelBox};
use crate::volume::{Image, Labels, LayerKind};

/// A read as it was when a tool was asked: the maps share their tiles with the read, the image its voxels.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The slices.
    pub plane: SlicePlane,
    /// In-plane pixel size in mm.
    pub pixel_mm: [f64; 2],
    /// Grey values on the grid of the labels.
    pub image: Image,
    /// The layer that is changed.
    pub kind: LayerKind,
    /// Its labels.
    pub layer: Labels,
    /// The bone layer.
    pub bone: Labels,
    /// Physis and vessels.
    pub exclusion: Labels,
    /// What limits painting.
    pub limits: Limits,
}

/// The rules in force, as plain data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Only over these labels.
    pub over: Option<LabelSet>,
    /// Marrow only where the bone layer has a label.
    pub inside_bone: bool,
    /// Only grey values between these, both included.
    pub band: Option<[f32; 2]>,
    /// Marrow only within the region of the metaphysis squares.
    pub region: Option<Region>,
}

impl Scene {
    /// The rule that says which voxels of the layer may be painted.
    #[must_use]
    pub fn rule(&self) -> PaintRule<'_> {
        self.limits.rule(self.kind, &self.bone, &self.exclusion, &self.image)
    }

    /// A voxel of the grid and the label it gets.
    #[must_use]
    pub fn write(&self, voxel: [usize; 3], label: u8) -> Write {
        Write { at: self.layer.grid().index(voxel) as u32, label }
    }

    /// The voxels of a slice, or of the whole grid.
    #[must_use]
    pub fn bounds(&self, scope: Scope) -> VoxelBox {
        let bounds = self.layer.grid().bounds();
        match scope {
            Scope::Slice(slice) => bounds.on_slice(self.plane.slice_axis(), slice),
            _ => bounds,
        }
    }

    /// The part of a scope that lies within `room_mm` of what `matters`; empty where nothing does.
    #[must_use]
    pub fn block_around(&self, scope: Scope, room_mm: f64, matters: impl Fn(u8) -> bool) -> Block {
        let whole = self.bounds(scope);
        let mut near = VoxelBox::EMPTY;
        self.layer.for_each_labelled(|voxel, label| {
            if matters(label) && whole.contains(voxel) {
                near.include(voxel);
            }
        });
        if near.is_empty() {
            return Block::new(self.layer.grid(), VoxelBox::EMPTY);
        }
        let mm = self.layer.grid().spacing().mm();
        for (axis, mm) in mm.into_iter().enumerate() {
            let room = (room_mm / mm).ceil() as usize + 1;
            near.lo[axis] = near.lo[axis].saturating_sub(room);
            near.hi[axis] = near.hi[axis].saturating_add(room);
        }
        Block::new(self.layer.grid(), near.intersect(&whole))
    }
}

impl Limits {
    /// The rule for a layer over these maps. What is excluded is never painted with marrow.
    #[must_use]
    pub fn rule<'a>(&'a self, kind: LayerKind, bone: &'a Labels, exclusion: &'a Labels, image: &'a Image) -> PaintRule<'a> {
        let marrow = kind == LayerKind::Marrow;
        PaintRule {
            only_over: self.over,
            inside_bone: (self.inside_bone && marrow).then(|| (bone, LabelSet::any_but_background())),
            band: self.band.map(|band| (image, band)),
            excluded: marrow.then_some(exclusion),
            region: self.region.as_ref().filter(|_| marrow).map(|region| (region, bone)),
        }
    }
}

/// How much of an exam a tool works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One slice, from 0.
    Slice(usize),
    /// All slices at once, in three dimensions.
    Exam,
}
