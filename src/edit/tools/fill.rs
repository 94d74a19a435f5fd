//! Filling an area of one slice.

use crate::space::SlicePlane;
use crate::volume::Labels;

/// The voxels of a slice that are joined to the seed pixel by edges (4 neighbours) and bear the seed's label; other labels
/// stop it. Line by line. Empty where slice or seed lie outside or `plane` is not of the labels' grid.
#[must_use]
pub fn flood_fill(plane: &SlicePlane, labels: &Labels, slice: usize, seed_uv: [usize; 2]) -> Vec<[usize; 3]> {
    let [width, height] = plane.size();
    let shape = labels.grid().shape();
    let [u_axis, v_axis] = plane.axes();
    let fits = plane.slice_count() == shape[plane.slice_axis()] && [width, height] == [shape[u_axis], shape[v_axis]];
    if !fits || slice >= plane.slice_count() || seed_uv[0] >= width || seed_uv[1] >= height {
        return Vec::new();
    }
    let wanted = labels.get(plane.voxel(slice, seed_uv));
    let mut found = vec![false; width * height];
    found[seed_uv[0] + width * seed_uv[1]] = true;
    let mut queue = vec![seed_uv];
    while let Some([u, v]) = queue.pop() {
        let neighbours = [[u.wrapping_sub(1), v], [u + 1, v], [u, v.wrapping_sub(1)], [u, v + 1]];
        for uv in neighbours.into_iter().filter(|n| n[0] < width && n[1] < height) {
            let at = uv[0] + width * uv[1];
            if !found[at] && labels.get(plane.voxel(slice, uv)) == wanted {
                found[at] = true;
                queue.push(uv);
            }
        }
    }
    let pixels = found.iter().enumerate().filter(|f| *f.1).map(|(n, _)| [n % width, n / width]);
    pixels.map(|uv| plane.voxel(slice, uv)).collect()
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
        let left = flood_fill(&plane, &labels, 0, [0, 0]);
        assert_eq!(left, [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 2, 0]]);
        assert_eq!(flood_fill(&plane, &labels, 0, [4, 3]), [[4, 3, 0]]);
        assert_eq!(flood_fill(&plane, &labels, 0, [2, 0]).len(), 2);
        assert!(flood_fill(&plane, &labels, 0, [5, 0]).is_empty() && flood_fill(&plane, &labels, 1, [0, 0]).is_empty());
        assert!(flood_fill(&SlicePlane::as_stored([9, 9, 1]), &labels, 0, [8, 8]).is_empty());
    }
}
