//! Rules while painting: over which labels, inside which bone, within which grey values.

use super::Region;
use crate::volume::{Image, Labels};

/// Some of the labels 0..=255; 0 is background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelSet([u64; 4]);

impl LabelSet {
    /// The set of some labels.
    #[must_use]
    pub fn of(labels: &[u8]) -> Self {
        labels.iter().fold(Self::default(), |set, &label| set.with(label))
    }

    /// Every label but background.
    #[must_use]
    pub const fn any_but_background() -> Self {
        Self([!1, !0, !0, !0])
    }

    /// With one label more.
    #[must_use]
    pub const fn with(mut self, label: u8) -> Self {
        self.0[(label >> 6) as usize] |= 1 << (label & 63);
        self
    }

    /// Without one label.
    #[must_use]
    pub const fn without(mut self, label: u8) -> Self {
        self.0[(label >> 6) as usize] &= !(1 << (label & 63));
        self
    }

    /// Whether a label belongs.
    #[must_use]
    pub const fn contains(&self, label: u8) -> bool {
        self.0[(label >> 6) as usize] >> (label & 63) & 1 == 1
    }
}

/// Which voxels a tool may write. All rules that are given must hold; the default allows everything.
///
/// Maps and images must lie on the grid of the painted layer; a voxel outside one of them is not allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaintRule<'a> {
    /// Only over voxels that now bear one of these labels.
    pub only_over: Option<LabelSet>,
    /// Only where the bone layer bears one of these labels.
    pub inside_bone: Option<(&'a Labels, LabelSet)>,
    /// Only where the grey value lies between the two, both included; a value that is NaN never does.
    pub band: Option<(&'a Image, [f32; 2])>,
    /// Never where this layer bears a label: physis, vessels.
    pub excluded: Option<&'a Labels>,
    /// Only within the region of the metaphysis squares, over this bone layer.
    pub region: Option<(&'a Region, &'a Labels)>,
}

impl PaintRule<'_> {
    /// Whether a voxel of `layer` may be written.
    #[must_use]
    pub fn allows(&self, layer: &Labels, voxel: [usize; 3]) -> bool {
        layer.grid().bounds().contains(voxel)
            && self.only_over.is_none_or(|set| set.contains(layer.get(voxel)))
            && self.inside_bone.is_none_or(|(bone, set)| bone.grid().bounds().contains(voxel) && set.contains(bone.get(voxel)))
            && self
                .band
                .is_none_or(|(image, [lower, upper])| image.grid().bounds().contains(voxel) && (lower..=upper).contains(&image.get(voxel)))
            && self.excluded.is_none_or(|map| map.grid().bounds().contains(voxel) && map.get(voxel) == 0)
            && self.region.is_none_or(|(region, bone)| bone.grid().bounds().contains(voxel) && region.contains(voxel, bone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    #[test]
    fn every_rule_given_must_hold() {
        let grid = Arc::new(Grid::new([4, 1, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let layer = Labels::from_dense(grid.clone(), &[0, 1, 2, 1]).unwrap();
        let bone = Labels::from_dense(grid.clone(), &[1, 1, 1, 0]).unwrap();
        let excluded = Labels::from_dense(grid.clone(), &[0, 0, 2, 0]).unwrap();
        let image = Image::new(grid, vec![5.0, f32::NAN, 7.0, 6.0]).unwrap();
        let allowed = |rule: PaintRule<'_>| (0..5).filter(|&i| rule.allows(&layer, [i, 0, 0])).collect::<Vec<_>>();
        let none = PaintRule::default();
        assert_eq!(allowed(none), [0, 1, 2, 3]);
        assert_eq!(allowed(PaintRule { only_over: Some(LabelSet::of(&[0, 2])), ..none }), [0, 2]);
        assert_eq!(allowed(PaintRule { inside_bone: Some((&bone, LabelSet::any_but_background())), ..none }), [0, 1, 2]);
        assert_eq!(allowed(PaintRule { band: Some((&image, [6.0, 7.0])), ..none }), [2, 3]);
        assert_eq!(allowed(PaintRule { excluded: Some(&excluded), ..none }), [0, 1, 3]);
        let all = PaintRule {
            only_over: Some(LabelSet::of(&[0, 1, 2])),
            inside_bone: Some((&bone, LabelSet::of(&[1]))),
            band: Some((&image, [5.0, 9.0])),
            excluded: Some(&excluded),
            region: None,
        };
        assert_eq!(allowed(all), [0]);
    }

    #[test]
    fn a_label_set_holds_what_was_put_in() {
        let set = LabelSet::of(&[0, 63, 64, 255]);
        assert_eq!((0..=255).filter(|&l| set.contains(l)).collect::<Vec<u8>>(), [0, 63, 64, 255]);
        assert!(!set.without(64).contains(64) && set.without(64).contains(63));
        assert!(!LabelSet::any_but_background().contains(0) && (1..=255).all(|l| LabelSet::any_but_background().contains(l)));
    }
}
