//! Between tiles, which are blocks, and runs, which follow memory line by line.

use super::{Patch, Run};
use crate::space::VoxelBox;
use crate::volume::{Grid, Labels, TileId};
use std::collections::BTreeMap;

/// The voxels of a run in memory order.
pub(super) fn voxels_of(grid: &Grid, run: &Run) -> impl Iterator<Item = [usize; 3]> + use<> {
    let [width, height, _] = grid.shape();
    let mut next = grid.voxel(run.at as usize);
    (0..run.length).map(move |_| {
        let voxel = next;
        next[0] += 1;
        if next[0] == width {
            next[0] = 0;
            next[1] += 1;
            if next[1] == height {
                next[1] = 0;
                next[2] += 1;
            }
        }
        voxel
    })
}

/// What differs within the touched parts of tiles, in memory order although tiles are blocks: tiles are walked line by line.
pub(super) fn difference(before: &Labels, after: &Labels, touched: &BTreeMap<TileId, VoxelBox>) -> Patch {
    let grid = after.grid();
    // Tile numbers grow along i, then j, then k, so tiles of one layer, and within it of one row, stand together.
    let tiles: Vec<([usize; 3], VoxelBox)> = touched.iter().map(|(&id, &bounds)| (after.tile_box(id).lo, bounds)).collect();
    let mut lines = Vec::new();
    for layer in tiles.chunk_by(|a, b| a.0[2] == b.0[2]) {
        for k in extent(layer, 2) {
            for row in layer.chunk_by(|a, b| a.0[1] == b.0[1]) {
                for j in extent(row, 1) {
                    let on_line = row.iter().map(|t| t.1).filter(|b| (b.lo[1]..b.hi[1]).contains(&j) && (b.lo[2]..b.hi[2]).contains(&k));
                    lines.extend(on_line.map(|b| (b.lo[0]..b.hi[0], j, k)));
                }
            }
        }
    }
    Patch::from_changes(lines.into_iter().flat_map(|(columns, j, k)| {
        let start = grid.index([0, j, k]);
        columns.map(move |i| ((start + i) as u32, before.get([i, j, k]), after.get([i, j, k])))
    }))
}

fn extent(tiles: &[([usize; 3], VoxelBox)], axis: usize) -> std::ops::Range<usize> {
    let lo = tiles.iter().map(|t| t.1.lo[axis]).min().unwrap_or(0);
    lo..tiles.iter().map(|t| t.1.hi[axis]).max().unwrap_or(0)
}
