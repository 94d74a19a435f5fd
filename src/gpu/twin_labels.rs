//! The labels below each device pixel of a band of rows.

use super::axis_map::{AxisMap, AxisPoint};
use super::{Contour, SliceLabels};

/// Labels per device pixel for a band of rows, one row more above and below, one column more left and right.
pub(super) struct LabelLines {
    lines: Vec<u8>,
    labelled: Vec<bool>,
    width: usize,
}

impl LabelLines {
    /// `rows` holds the band's rows and one more at each end; the image has `row_count` rows.
    pub(super) fn new(labels: &SliceLabels, contour: Contour, across: &AxisMap, rows: &[AxisPoint], row_count: usize) -> Self {
        let width = across.padded().len();
        let mut lines = vec![0; width * rows.len()];
        let mut labelled = vec![false; rows.len()];
        let (mut previous, mut gap_row) = (None, GapRow::default());
        for (n, y) in rows.iter().enumerate() {
            let (done, rest) = lines.split_at_mut(n * width);
            let line = &mut rest[..width];
            match contour {
                // Several device rows lie on one row of voxels: copy instead of looking up again.
                Contour::Voxels if n > 0 && y.pixel() == previous => {
                    line.copy_from_slice(&done[(n - 1) * width..]);
                    labelled[n] = labelled[n - 1];
                }
                Contour::Voxels => labelled[n] = voxel_line(labels, across.padded(), *y, line),
                Contour::Rounded => {
                    let (gap, down) = y.gap();
                    gap_row.read(labels, gap, [across.count(), row_count]);
                    labelled[n] = gap_row.write(across.padded(), down, line);
                }
            }
            previous = y.pixel();
        }
        Self { lines, labelled, width }
    }

    /// The lines above, at and below row `n` of the band; `None` where row `n` has no label.
    pub(super) fn around(&self, n: usize) -> Option<[&[u8]; 3]> {
        let line = |n: usize| &self.lines[n * self.width..(n + 1) * self.width];
        self.labelled[n + 1].then(|| [line(n), line(n + 1), line(n + 2)])
    }
}

fn row_of(labels: &SliceLabels, v: Option<usize>) -> &[u8] {
    v.filter(|&v| v < labels.size()[1]).map_or(&[], |v| labels.row(v))
}

fn voxel_line(labels: &SliceLabels, across: &[AxisPoint], y: AxisPoint, line: &mut [u8]) -> bool {
    let row = row_of(labels, y.pixel());
    if row.iter().all(|&l| l == 0) {
        return false;
    }
    for (label, x) in line.iter_mut().zip(across) {
        *label = x.pixel().and_then(|u| row.get(u)).copied().unwrap_or(0);
    }
    true
}

/// The labels around the gaps between pixel centres, for one gap between rows.
#[derive(Default)]
struct GapRow {
    row: Option<usize>,
    above: Vec<u8>,
    below: Vec<u8>,
    even: Vec<u16>,
    labelled: bool,
}

/// Stands for a gap whose four labels differ.
const MIXED: u16 = 256;

impl GapRow {
    /// Reads the rows around gap `row`, unless that was done last. `size` is the image's; labels beyond it do not count.
    fn read(&mut self, labels: &SliceLabels, row: usize, [width, height]: [usize; 2]) {
        if self.row.replace(row) == Some(row) {
            return;
        }
        let inside = |v: &usize| *v < height;
        let (above, below) = (row_of(labels, row.checked_sub(1).filter(inside)), row_of(labels, Some(row).filter(inside)));
        self.labelled = above.iter().chain(below).any(|&l| l != 0);
        if !self.labelled {
            return;
        }
        // One label of nothing before the first pixel, two behind the last: gap g then has places g and g + 1.
        for (padded, row) in [(&mut self.above, above), (&mut self.below, below)] {
            padded.clear();
            padded.push(0);
            padded.extend_from_slice(&row[..row.len().min(width)]);
            padded.resize(width + 3, 0);
        }
        let even = |(above, below): (&[u8], &[u8])| {
            let same = above[0] == above[1] && above[0] == below[0] && above[0] == below[1];
            if same { u16::from(above[0]) } else { MIXED }
        };
        self.even.clear();
        self.even.extend(self.above.windows(2).zip(self.below.windows(2)).map(even));
    }

    /// Writes one label per device pixel; `false` where there is none.
    fn write(&self, across: &[AxisPoint], down: f32, line: &mut [u8]) -> bool {
        if self.labelled {
            for (label, x) in line.iter_mut().zip(across) {
                let (g, right) = x.gap();
                *label = if self.even[g] == MIXED {
                    heaviest([self.above[g], self.above[g + 1], self.below[g], self.below[g + 1]], right, down)
                } else {
                    self.even[g] as u8
                };
            }
        }
        self.labelled
    }
}

/// The label with the largest bilinear weight; equal weights: the one met first. As `rounded_label_at` in overlay.wgsl.
fn heaviest(four: [u8; 4], right: f32, down: f32) -> u8 {
    let (left, up) = (1.0 - right, 1.0 - down);
    let weights = [left * up, right * up, left * down, right * down];
    let (mut best, mut label) = (-1.0, 0);
    for candidate in four {
        let sum: f32 = four.iter().zip(weights).filter(|(l, _)| **l == candidate).fold(0.0, |sum, (_, w)| sum + w);
        if sum > best {
            (best, label) = (sum, candidate);
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heavier_side_wins_and_a_corner_is_cut() {
        assert_eq!(heaviest([1, 2, 1, 2], 0.4, 0.9), 1);
        assert_eq!(heaviest([1, 2, 1, 2], 0.6, 0.1), 2);
        // A single labelled corner holds its place only within the hyperbola xy = 1/2.
        assert_eq!(heaviest([0, 0, 0, 3], 0.7, 0.7), 0);
        assert_eq!(heaviest([0, 0, 0, 3], 0.8, 0.8), 3);
    }
}
