//! Filling an area of one slice: bounded by labels, by grey values, and by walls with small gaps.

use crate::space::SlicePlane;
use crate::volume::{Image, Labels, squared_distance};

/// An area that is joined to a seed by edges (4 neighbours).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// In-plane pixel that it starts from; the area bears its label throughout.
    pub seed_uv: [usize; 2],
    /// The slice.
    pub slice: usize,
    /// How far grey values may differ from the one at the seed; `None` = only labels bound the area.
    pub tolerance: Option<f32>,
    /// The area does not pass gaps narrower than this, in mm; 0 = it passes every gap. An even number of pixels counts as one less,
    /// for none of them lies in the middle.
    pub gap_mm: f64,
}

impl Area {
    /// The voxels of the area, line by line. Empty where slice or seed lie outside, `plane` is not of the labels' grid, or the
    /// place of the seed is itself narrower than the gaps to be closed.
    #[must_use]
    pub fn voxels(&self, plane: &SlicePlane, labels: &Labels, image: &Image) -> Vec<[usize; 3]> {
        let [width, height] = plane.size();
        let shape = labels.grid().shape();
        let [u_axis, v_axis] = plane.axes();
        let fits = plane.slice_count() == shape[plane.slice_axis()] && [width, height] == [shape[u_axis], shape[v_axis]];
        let inside = self.slice < plane.slice_count() && self.seed_uv[0] < width && self.seed_uv[1] < height;
        if !fits || !inside || (self.tolerance.is_some() && image.grid().shape() != shape) {
            return Vec::new();
        }
        let voxel = |at: usize| plane.voxel(self.slice, [at % width, at / width]);
        let seed = self.seed_uv[0] + width * self.seed_uv[1];
        let wanted = labels.get(voxel(seed));
        let grey = self.tolerance.map(|tolerance| (image.get(voxel(seed)), tolerance));
        let belongs = |at: usize| {
            let near = |(value, tolerance): (f32, f32)| (image.get(voxel(at)) - value).abs() <= tolerance;
            labels.get(voxel(at)) == wanted && grey.is_none_or(near)
        };
        let free: Vec<bool> = (0..width * height).map(belongs).collect();
        let found = if self.gap_mm > 0.0 && self.gap_mm.is_finite() {
            let pixel_mm = plane.pixel_mm(labels.grid().world_from_voxel());
            without_gaps(&free, seed, [width, height], pixel_mm, self.gap_mm)
        } else {
            flood(&free, seed, width)
        };
        found.iter().enumerate().filter(|f| *f.1).map(|(at, _)| voxel(at)).collect()
    }
}

/// The pixels joined to the seed; none where the seed is not free.
fn flood(free: &[bool], seed: usize, width: usize) -> Vec<bool> {
    let mut found = vec![false; free.len()];
    if !free[seed] {
        return found;
    }
    found[seed] = true;
    let mut queue = vec![seed];
    while let Some(at) = queue.pop() {
        let (u, rows) = (at % width, free.len() / width);
        let neighbours = [
            (u > 0).then(|| at.wrapping_sub(1)),
            (u + 1 < width).then_some(at + 1),
            at.checked_sub(width),
            (at / width + 1 < rows).then_some(at + width),
        ];
        for next in neighbours.into_iter().flatten() {
            if free[next] && !found[next] {
                found[next] = true;
                queue.push(next);
            }
        }
    }
    found
}

/// The same, but walls reach half a gap's width further: what is joined then, and what lies within reach of it.
fn without_gaps(free: &[bool], seed: usize, [width, height]: [usize; 2], pixel_mm: [f64; 2], gap_mm: f64) -> Vec<bool> {
    let (shape, mm) = ([width, height, 1], [pixel_mm[0], pixel_mm[1], 1.0]);
    // The middle of a gap of n pixels (n odd) lies (n + 1) / 2 pixels from the centres of the walls' pixels.
    let reach = (gap_mm + pixel_mm[0].min(pixel_mm[1])) / 2.0;
    let limit = (reach * reach) as f32;
    let to_wall = squared_distance(free, false, shape, mm);
    let core: Vec<bool> = to_wall.iter().map(|d| *d >= limit - 1e-4).collect();
    let to_seed = |at: usize| {
        let by = [at % width, at / width].map(|c| c as f64);
        ((by[0] - (seed % width) as f64) * mm[0]).hypot((by[1] - (seed / width) as f64) * mm[1])
    };
    let start = (0..core.len()).filter(|&at| core[at] && to_seed(at) < reach).min_by(|&a, &b| to_seed(a).total_cmp(&to_seed(b)));
    let Some(start) = start else { return vec![false; free.len()] };
    let joined = flood(&core, start, width);
    let to_joined = squared_distance(&joined, true, shape, mm);
    free.iter().zip(to_joined).map(|(free, d)| *free && d < limit - 1e-4).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    #[test]
    fn stops_at_labels_and_does_not_slip_through_corners() {
        let grid = Arc::new(Grid::new([5, 4, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
        #[rustfmt::skip]
        let labels = Labels::from_dense(grid, &[
            0, 0, 1, 0, 0,
            0, 0, 1, 0, 0,
            0, 1, 0, 0, 2,
            1, 0, 0, 2, 0,
        ]).unwrap();
        let plane = SlicePlane::as_stored([5, 4, 1]);
        let image = Image::new(labels.grid().clone(), vec![0.0; 20]).unwrap();
        let flood_fill = |plane: &SlicePlane, labels: &Labels, slice: usize, seed_uv: [usize; 2]| {
            Area { seed_uv, slice, tolerance: None, gap_mm: 0.0 }.voxels(plane, labels, &image)
        };
        let left = flood_fill(&plane, &labels, 0, [0, 0]);
        assert_eq!(left, [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 2, 0]]);
        assert_eq!(flood_fill(&plane, &labels, 0, [4, 3]), [[4, 3, 0]]);
        assert_eq!(flood_fill(&plane, &labels, 0, [2, 0]).len(), 2);
        assert!(flood_fill(&plane, &labels, 0, [5, 0]).is_empty() && flood_fill(&plane, &labels, 1, [0, 0]).is_empty());
        assert!(flood_fill(&SlicePlane::as_stored([9, 9, 1]), &labels, 0, [8, 8]).is_empty());
    }

    /// A room of 9 × 9 with walls one pixel thick and a door of `door` pixels.
    fn room(door: usize) -> (Labels, Image) {
        let grid = Arc::new(Grid::new([21, 13, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let wall = |u: usize, v: usize| {
            let border = (1..=11).contains(&u) && (1..=11).contains(&v) && (u == 1 || u == 11 || v == 1 || v == 11);
            border && !(u == 11 && (6..6 + door).contains(&v))
        };
        let dense: Vec<u8> = (0..273).map(|n| u8::from(wall(n % 21, n / 21))).collect();
        let values: Vec<f32> = (0..273).map(|n| if n % 21 < 6 { 100.0 } else { 140.0 }).collect();
        (Labels::from_dense(grid.clone(), &dense).unwrap(), Image::new(grid, values).unwrap())
    }

    #[test]
    fn a_door_narrower_than_the_gap_is_closed() {
        let plane = SlicePlane::as_stored([21, 13, 1]);
        let area = |door: usize, gap_mm: f64, tolerance: Option<f32>| {
            let (labels, image) = room(door);
            Area { seed_uv: [4, 6], slice: 0, tolerance, gap_mm }.voxels(&plane, &labels, &image)
        };
        assert!(area(3, 0.0, None).len() > 100 && area(3, 3.0, None).len() > 100, "as wide as the door is wide enough");
        let closed = area(3, 3.5, None);
        // All of the room but what a disc cannot reach in its corners, and nothing outside.
        assert!((69..=84).contains(&closed.len()) && closed.iter().all(|v| v[0] <= 12), "{}", closed.len());
        assert!(area(3, 30.0, None).is_empty());
        let dark = area(0, 0.0, Some(20.0));
        assert_eq!((dark.len(), dark.iter().map(|v| v[0]).max()), (36, Some(5)));
        assert!(area(0, 0.0, Some(f32::NAN)).is_empty());
    }
}
