//! The recorder on its own: what it refuses, what it remembers, how much it touches.

use crate::edit::recorder::FURTHER_MODEL;
use crate::edit::tools::{Brush, BrushShape};
use crate::edit::{ApplyError, CommitKind, Committed, KindRuns, Patch, Recorder, Run};
use crate::space::{Affine, SlicePlane, Spacing};
use crate::volume::{Grid, TileId};
use std::sync::Arc;
use std::time::Instant;

fn recorder(shape: [usize; 3]) -> Recorder {
    Recorder::new(Arc::new(Grid::new(shape, Affine::from_spacing(Spacing::UNIT)).unwrap()))
}

fn paint(recorder: &mut Recorder, kind: &CommitKind, voxels: &[[usize; 3]], label: u8) -> Option<Committed> {
    recorder.begin(kind.clone(), "paint".to_owned()).unwrap();
    voxels.iter().for_each(|&v| recorder.write(v, label));
    recorder.commit()
}

#[test]
fn a_change_that_does_not_fit_changes_nothing() {
    let mut recorder = recorder([20, 20, 2]);
    let committed = paint(&mut recorder, &CommitKind::Hand, &[[19, 19, 1], [3, 3, 0]], 2).unwrap();
    recorder.take_dirty();
    let other = Patch::from_changes([(0, 0, 1), (63, 3, 0)]);
    let mismatch = ApplyError::Mismatch { voxel: [3, 3, 0], found: 2, expected: 3 };
    assert_eq!(recorder.apply(&other, &CommitKind::Hand), Err(mismatch));
    let beyond = Patch::from_changes([(800, 0, 1)]);
    assert_eq!(recorder.apply(&beyond, &CommitKind::Hand), Err(ApplyError::Outside));
    assert_eq!(recorder.take_back(&committed.patch, &KindRuns::default()), Err(ApplyError::Provenance));
    assert_eq!((recorder.revision(), recorder.labels().get([0, 0, 0])), (1, 0));
    assert_eq!(recorder.provenance([0, 0, 0]), None);
    assert!(recorder.take_dirty().is_empty());
    recorder.begin(CommitKind::Hand, "open".to_owned()).unwrap();
    assert!(matches!(recorder.apply(&Patch::default(), &CommitKind::Hand), Err(ApplyError::GestureOpen(_))));
}

#[test]
fn writing_outside_the_grid_or_without_a_gesture_does_nothing() {
    let mut recorder = recorder([20, 20, 2]);
    recorder.write([0, 0, 0], 1);
    assert!(paint(&mut recorder, &CommitKind::Hand, &[[20, 0, 0], [usize::MAX; 3]], 1).is_none());
    assert_eq!((recorder.labels().counts().labelled(), recorder.revision(), recorder.commit()), (0, 0, None));
}

#[test]
fn more_model_versions_than_codes_still_tell_model_from_hand() {
    let mut recorder = recorder([700, 1, 1]);
    for n in 0..300 {
        paint(&mut recorder, &CommitKind::Adopted(format!("a/{n}")), &[[2 * n, 0, 0]], 1);
        paint(&mut recorder, &CommitKind::Accepted(format!("b/{n}")), &[[2 * n + 1, 0, 0]], 1);
    }
    paint(&mut recorder, &CommitKind::Interpolated, &[[650, 0, 0]], 1);
    assert_eq!(recorder.provenance([20, 0, 0]), Some(&CommitKind::Adopted("a/10".to_owned())));
    assert_eq!(recorder.provenance([598, 0, 0]), Some(&CommitKind::Adopted(FURTHER_MODEL.to_owned())));
    assert_eq!(recorder.provenance([599, 0, 0]), Some(&CommitKind::Accepted(FURTHER_MODEL.to_owned())));
    assert_eq!(recorder.provenance([650, 0, 0]), Some(&CommitKind::Interpolated));
}

#[test]
fn a_dab_touches_few_tiles() {
    let mut recorder = recorder([512, 512, 60]);
    let plane = SlicePlane::as_stored([512, 512, 60]);
    for n in 0..3_u8 {
        let before = recorder.labels().clone();
        let start = Instant::now();
        let at = [200.3 + 9.0 * f64::from(n), 250.8];
        let dab = Brush::new(20.0, BrushShape::Circle).dab(&plane, [1.0; 2], 30, at);
        let dabbed = start.elapsed();
        let voxels = dab.len();
        let committed = paint(&mut recorder, &CommitKind::Hand, &dab, n + 1).unwrap();
        let (painted, runs) = (start.elapsed(), committed.patch.runs().len());
        let copied = (0..before.tile_count()).filter(|&t| !before.shares_tile(recorder.labels(), TileId(t as u32))).count();
        println!("dab of {voxels} voxels, {runs} runs, {copied} tiles: geometry {dabbed:?}, with begin to commit {painted:?}");
        assert!((1200..1320).contains(&voxels) && copied <= 16, "{voxels} voxels, {copied} tiles");
    }
}

#[test]
fn a_whole_volume_can_be_changed_in_one_gesture() {
    let mut recorder = recorder([256, 256, 40]);
    let start = Instant::now();
    recorder.begin(CommitKind::Imported, "import".to_owned()).unwrap();
    let grid = recorder.labels().grid().clone();
    (0..grid.voxel_count()).for_each(|n| recorder.write(grid.voxel(n), 1));
    let written = start.elapsed();
    let committed = recorder.commit().unwrap();
    println!("{} voxels: written in {written:?}, with commit {:?}", committed.patch.voxel_count(), start.elapsed());
    let whole = Run { at: 0, length: grid.voxel_count() as u32, before: 0, after: 1 };
    assert_eq!(committed.patch.runs(), [whole]);
    recorder.take_back(&committed.patch, &committed.kinds_before).unwrap();
    assert_eq!((recorder.labels().counts().labelled(), recorder.provenance([0, 0, 0])), (0, None));
}
