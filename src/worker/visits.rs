//! The patient's other visits, to be looked at beside the exam where the protocol allows it.

use super::task::Task;
use crate::study::{ExamCode, ExamRecord, SequenceRecord, Side, Study};
use crate::volume::{Grid, Image, resample};
use std::sync::Arc;

/// Visits beside an exam at most: each takes as much memory as the exam's reading sequence.
const MOST_VISITS: usize = 3;
/// Two visits whose middles lie further apart than this share of the exam's length along any axis were not placed alike in the
/// scanner; they are laid middle on middle.
const FAR: f64 = 0.25;

/// The reading sequence of each other visit of the same side, on the grid of `reading`; none unless the protocol allows it.
/// Visits are linked in world space. Nothing in a study says which visit came first: dates are not kept.
pub(super) fn other_visits(task: &Task, study: &Study, record: &ExamRecord, reading: &Image) -> Vec<(ExamCode, Image)> {
    if !study.protocol().reading().other_visits {
        return Vec::new();
    }
    let records = match study.exams() {
        Ok(records) => records,
        Err(error) => {
            log::warn!("{error}");
            return Vec::new();
        }
    };
    let others = records.into_iter().filter(|r| r.exam != record.exam && r.patient == record.patient && same_side(r.side, record.side));
    let mut visits = Vec::new();
    for other in others.take(MOST_VISITS) {
        if task.cancel.is_cancelled() {
            break;
        }
        let placed = other.reading().is_ok_and(SequenceRecord::is_placed);
        match other.load_image(study.layout(), &other.reading_sequence) {
            Ok(image) if placed => {
                let shown = beside(&image, reading);
                let _ = shown.greys();
                visits.push((other.exam, shown));
            }
            Ok(_) => log::warn!("{} has no place in space and is not shown beside {}", other.exam, record.exam),
            // What cannot be read of another visit does not keep this one from being read.
            Err(error) => log::warn!("{error}"),
        }
    }
    visits
}

/// Left and right never belong beside each other.
fn same_side(a: Side, b: Side) -> bool {
    a == b || [a, b].iter().any(|side| matches!(side, Side::Both | Side::Unknown))
}

/// A visit on the grid of the exam: by world space, or middle on middle where the two lie far apart.
fn beside(image: &Image, reading: &Image) -> Image {
    let middle = |grid: &Grid| grid.world_from_voxel().world(grid.shape().map(|n| (n as f64 - 1.0) / 2.0));
    let (here, there) = (middle(reading.grid()), middle(image.grid()));
    let (shape, spacing) = (reading.grid().shape(), reading.grid().spacing().mm());
    let away: [f64; 3] = std::array::from_fn(|a| there[a] - here[a]);
    let far = (0..3).any(|axis| {
        let column = reading.grid().world_from_voxel().column(axis);
        let along: f64 = (0..3).map(|a| away[a] * column[a]).sum::<f64>() / spacing[axis];
        along.abs() > FAR * shape[axis] as f64 * spacing[axis]
    });
    if !far {
        return resample(image, reading.grid());
    }
    let columns = std::array::from_fn(|axis| reading.grid().world_from_voxel().column(axis));
    let origin = reading.grid().world_from_voxel().world([0.0; 3]);
    let moved = crate::space::Affine::from_columns(columns, std::array::from_fn(|a| origin[a] + away[a]));
    // Seen from where the other visit was; then it is taken for the exam's own place.
    let seen = moved.ok().and_then(|affine| Grid::new(shape, affine).ok()).map(|grid| resample(image, &Arc::new(grid)));
    let inverted = image.inverted_on_display();
    seen.and_then(|seen| Image::new(Arc::clone(reading.grid()), Arc::clone(seen.values())).ok())
        .map_or_else(|| resample(image, reading.grid()), |seen| seen.with_inverted_display(inverted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Affine;

    /// A ball in the middle of a grid that begins at `x` mm.
    fn ball(x: f64) -> Image {
        let affine = Affine::from_columns([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]], [x, 0.0, 0.0]).unwrap();
        let grid = Arc::new(Grid::new([21, 21, 5], affine).unwrap());
        let value = |n: usize| {
            let [i, j, k] = grid.voxel(n).map(|v| v as f32);
            if (i - 10.0).hypot(j - 10.0).hypot(3.0 * (k - 2.0)) < 6.0 { 100.0 } else { 1.0 }
        };
        Image::new(grid.clone(), (0..grid.voxel_count()).map(value).collect::<Vec<f32>>()).unwrap()
    }

    #[test]
    fn visits_are_linked_in_world_space_unless_they_lie_far_apart() {
        let here = ball(0.0);
        let near = beside(&ball(3.0), &here);
        assert_eq!((near.get([13, 10, 2]), near.get([5, 10, 2])), (100.0, 1.0));
        let far = beside(&ball(300.0), &here);
        assert!(far.grid().same_as(here.grid()));
        assert_eq!((far.get([10, 10, 2]), far.get([15, 10, 2]), far.get([17, 10, 2])), (100.0, 100.0, 1.0));
    }

    #[test]
    fn left_is_never_laid_beside_right() {
        assert!(!same_side(Side::Left, Side::Right));
        assert!(same_side(Side::Left, Side::Left) && same_side(Side::Unknown, Side::Right) && same_side(Side::Both, Side::Left));
    }
}
