//! A label map as one byte per voxel, i fastest: in memory, or row by row to and from a stream.

use super::{Labels, LabelsError, TILE, TileId, within_tile};
use crate::volume::Grid;
use std::io::{self, Read, Write};
use std::sync::Arc;

impl Labels {
    /// From one byte per voxel, i fastest.
    ///
    /// # Errors
    /// If their number is not the grid's.
    pub fn from_dense(grid: Arc<Grid>, values: &[u8]) -> Result<Self, LabelsError> {
        let wrong = LabelsError { values: values.len(), voxels: grid.voxel_count() };
        if values.len() != wrong.voxels {
            return Err(wrong);
        }
        Self::read_from(grid, &mut &*values).map_err(|_| wrong)
    }

    /// One byte per voxel, i fastest.
    #[must_use]
    pub fn to_dense(&self) -> Vec<u8> {
        let mut dense = Vec::with_capacity(self.grid.voxel_count());
        self.for_each_row(|row| dense.extend_from_slice(row));
        dense
    }

    /// Reads one byte per voxel, i fastest, and no byte more. Takes memory for what is labelled, not for the whole grid.
    ///
    /// # Errors
    /// If the stream fails or ends early.
    pub fn read_from(grid: Arc<Grid>, stream: &mut impl Read) -> io::Result<Self> {
        let [width, height, depth] = grid.shape();
        let mut labels = Self::empty(grid);
        let mut row = vec![0; width];
        for (j, k) in (0..depth).flat_map(|k| (0..height).map(move |j| (j, k))) {
            stream.read_exact(&mut row)?;
            for (part, i) in row.chunks(TILE).zip((0..width).step_by(TILE)) {
                if part.iter().any(|&label| label != 0) {
                    let number = labels.tile_number([i, j, k]);
                    let tile = labels.tiles[number].get_or_insert_with(|| Arc::new([0; TILE * TILE * TILE]));
                    let at = within_tile([i, j, k]);
                    Arc::make_mut(tile)[at..at + part.len()].copy_from_slice(part);
                }
            }
        }
        Ok(labels)
    }

    /// Writes one byte per voxel, i fastest.
    ///
    /// # Errors
    /// If the stream does not take it.
    pub fn write_to(&self, stream: &mut impl Write) -> io::Result<()> {
        let mut outcome = Ok(());
        self.for_each_row(|row| {
            if outcome.is_ok() {
                outcome = stream.write_all(row);
            }
        });
        outcome
    }

    /// Calls `visit` with the labels of every row along i, in the order of the bytes.
    pub fn for_each_row(&self, mut visit: impl FnMut(&[u8])) {
        let [width, height, depth] = self.grid.shape();
        let mut row = vec![0; width];
        for (j, k) in (0..depth).flat_map(|k| (0..height).map(move |j| (j, k))) {
            for (part, i) in row.chunks_mut(TILE).zip((0..width).step_by(TILE)) {
                match self.tile(TileId(self.tile_number([i, j, k]) as u32)) {
                    Some(tile) => {
                        let at = within_tile([i, j, k]);
                        part.copy_from_slice(&tile[at..at + part.len()]);
                    }
                    None => part.fill(0),
                }
            }
            visit(&row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    #[test]
    fn a_stream_holds_the_same_bytes_and_a_short_one_is_refused() {
        let grid = Arc::new(Grid::new([19, 33, 17], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let dense: Vec<u8> = (0..grid.voxel_count()).map(|n| if n % 3000 < 700 { (n % 7 % 4) as u8 } else { 0 }).collect();
        let labels = Labels::from_dense(Arc::clone(&grid), &dense).unwrap();
        let mut written = Vec::new();
        labels.write_to(&mut written).unwrap();
        assert_eq!(written, dense);
        written.push(9);
        let mut stream = written.as_slice();
        assert!(Labels::read_from(Arc::clone(&grid), &mut stream).unwrap().same_labels(&labels));
        assert_eq!(stream, [9], "what follows is left");
        assert!(Labels::read_from(grid, &mut &dense[1..]).is_err());
    }

    #[test]
    fn what_holds_nothing_takes_no_tile() {
        let grid = Arc::new(Grid::new([40, 40, 40], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let mut dense = vec![0; grid.voxel_count()];
        dense[grid.index([20, 3, 39])] = 2;
        let labels = Labels::from_dense(grid, &dense).unwrap();
        assert_eq!((0..labels.tile_count() as u32).filter(|&tile| labels.tile(TileId(tile)).is_some()).count(), 1);
        assert_eq!(labels.get([20, 3, 39]), 2);
    }
}
