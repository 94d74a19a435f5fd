//! The one region of an exam that figures are limited to where the protocol says so: what most readers' metaphysis squares hold.

use crate::edit::tools::{Region, Square};
use crate::space::SlicePlane;
use crate::volume::Labels;
use std::collections::BTreeMap;

/// Regions of the reads of one exam. A voxel belongs where more than half of them hold it; reads without a square have no say.
#[derive(Default)]
pub(super) struct AgreedRegion {
    regions: BTreeMap<String, (Region, Labels)>,
}

impl AgreedRegion {
    /// Takes the squares of a reader's read in, with its bone layer; they take the place of those of an earlier read.
    pub fn add(&mut self, reader: &str, squares: &[Square], plane: &SlicePlane, bone: Labels) {
        match Region::new(squares, plane, &bone) {
            Some(region) => self.regions.insert(reader.to_owned(), (region, bone)),
            None => self.regions.remove(reader),
        };
    }

    /// Leaves only some readers a say.
    pub fn keep(&mut self, has_say: impl Fn(&str) -> bool) {
        self.regions.retain(|reader, _| has_say(reader));
    }

    /// Whether no read has a square: then the whole exam counts.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// Whether a voxel belongs.
    fn contains(&self, voxel: [usize; 3]) -> bool {
        let holding = self.regions.values().filter(|(region, bone)| region.contains(voxel, bone)).count();
        self.is_empty() || 2 * holding > self.regions.len()
    }

    /// Empties a map outside. All maps lie on the grid of the exam.
    pub fn limit(&self, map: &mut Labels) {
        let mut outside = Vec::new();
        map.for_each_labelled(|voxel, _| {
            if !self.contains(voxel) {
                outside.push(voxel);
            }
        });
        outside.into_iter().for_each(|voxel| map.set(voxel, 0));
    }

    /// What stands in the place of the limit where there is none.
    pub const NO_SQUARE: &str = "no reader set a metaphysis square: the whole exam counts";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    #[test]
    fn most_squares_decide_and_reads_without_one_have_no_say() {
        let grid = Arc::new(Grid::new([30, 30, 2], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let plane = SlicePlane::as_stored([30, 30, 2]);
        let mut bone = Labels::empty(Arc::clone(&grid));
        (0..30).for_each(|u| (0..30).for_each(|v| bone.set([u, v, 0], 1)));
        let square = |width: f64| Square::from_uv(1, 0, [[5.0, 20.0], [5.0 + width, 20.0]], true, &plane, grid.world_from_voxel()).unwrap();
        let mut map = Labels::empty(Arc::clone(&grid));
        // In the shaft: inside the squares of 10 and 20 mm, only in that of 20, in none, and in the epiphysis.
        let [near, far, none, epiphysis] = [[10, 15, 0], [22, 15, 0], [28, 15, 0], [10, 25, 0]];
        [near, far, none, epiphysis].into_iter().for_each(|voxel| map.set(voxel, 2));
        let limited = |widths: &[f64]| {
            let mut region = AgreedRegion::default();
            widths.iter().enumerate().for_each(|(n, width)| region.add(&n.to_string(), &[square(*width)], &plane, bone.clone()));
            region.add("none", &[], &plane, bone.clone());
            region.add("out", &[square(20.0)], &plane, bone.clone());
            region.keep(|reader| reader != "out");
            let mut map = map.clone();
            region.limit(&mut map);
            [near, far, none, epiphysis].map(|voxel| map.get(voxel) != 0)
        };
        assert_eq!(limited(&[]), [true; 4]);
        assert_eq!(limited(&[20.0]), [true, true, false, true]);
        assert_eq!(limited(&[10.0, 20.0]), [true, false, false, true]);
        assert_eq!(limited(&[10.0, 20.0, 20.0]), [true, true, false, true]);
    }
}
