//! Single cases: outlines, rows that do not follow, what counts as changed by hand.

use super::common::{entries, look, plane, read};
use crate::edit::tools::polygon;
use crate::edit::{CommitKind, OutlineEdit, Patch, ReadLayers, ReplayError, Row, RowAction, Undo};
use crate::space::SlicePlane;
use crate::volume::LayerKind;
use std::sync::Arc;

fn stroke(read: &mut ReadLayers, kind: CommitKind, columns: std::ops::Range<usize>, label: u8) -> Row {
    read.begin(LayerKind::Marrow, kind, "stroke".to_owned()).unwrap();
    columns.for_each(|i| read.write([i, 3, 4], label));
    read.commit().unwrap()
}

#[test]
fn changed_by_hand_leaves_out_the_model_what_came_before_and_what_was_undone() {
    for budget in [usize::MAX, 0] {
        let mut read = read(budget);
        stroke(&mut read, CommitKind::Hand, 0..3, 1);
        let base = read.revision(LayerKind::Marrow);
        stroke(&mut read, CommitKind::Threshold, 10..12, 2);
        stroke(&mut read, CommitKind::Adopted("m/1".to_owned()), 20..25, 2);
        stroke(&mut read, CommitKind::Hand, 21..22, 0);
        stroke(&mut read, CommitKind::Hand, 30..33, 1);
        assert!(matches!(read.undo(), Undo::Row(_)));
        let line = read.grid().index([0, 3, 4]);
        let changed = |read: &ReadLayers, since| {
            let set = read.changed_by_hand_since(LayerKind::Marrow, since);
            (0..read.grid().voxel_count()).filter(|&n| set.contains(n)).map(|n| n - line).collect::<Vec<_>>()
        };
        assert_eq!(changed(&read, base), [10, 11, 21]);
        assert_eq!(changed(&read, 0), [0, 1, 2, 10, 11, 21]);
        assert!(read.changed_by_hand_since(LayerKind::Bone, 0).is_empty());
        // Doing it again after the proposal's revision is the reader's hand, too.
        let late = read.revision(LayerKind::Marrow);
        if budget > 0 {
            assert!(matches!(read.redo(), Undo::Row(_)));
            assert_eq!(changed(&read, late), [30, 31, 32]);
        }
    }
}

#[test]
fn an_outline_clears_what_it_alone_had_filled() {
    let mut read = read(usize::MAX);
    let square = |u: f32, side: f32| vec![[u, 2.5], [u + side, 2.5], [u + side, 2.5 + side], [u, 2.5 + side]];
    let outline = |id, label, points| OutlineEdit { id, label, slice: 5, points };
    let bone = |read: &ReadLayers, i| read.labels(LayerKind::Bone).get([i, 4, 5]);
    read.begin(LayerKind::Bone, CommitKind::Hand, "by hand".to_owned()).unwrap();
    read.write([3, 4, 5], 1);
    read.commit().unwrap();
    read.set_outline(outline(None, 1, square(1.5, 6.0)), &plane()).unwrap();
    read.set_outline(outline(None, 2, square(5.5, 6.0)), &plane()).unwrap();
    assert_eq!((1..13).map(|i| bone(&read, i)).collect::<Vec<_>>(), [0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0]);
    let ids: Vec<u32> = read.outlines().map(|o| o.id).collect();
    // The second goes: the first gets back what it had there. Then the first goes: the voxel painted by hand stays.
    let before = look(&read);
    let gone = read.set_outline(outline(Some(ids[1]), 0, Vec::new()), &plane()).unwrap();
    assert!(matches!(&gone.action, RowAction::Outline { label: 2, points, before, .. } if points.is_empty() && before.len() == 4));
    assert_eq!((1..13).map(|i| bone(&read, i)).collect::<Vec<_>>(), [0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    read.set_outline(outline(Some(ids[0]), 0, Vec::new()), &plane()).unwrap();
    assert_eq!((1..13).map(|i| bone(&read, i)).collect::<Vec<_>>(), [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(read.outlines().count(), 0);
    for _ in 0..2 {
        assert!(matches!(read.undo(), Undo::Row(_)));
    }
    assert_eq!(look(&read), before);
}

#[test]
fn an_outline_that_makes_no_sense_changes_nothing() {
    let mut read = read(usize::MAX);
    let points = vec![[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]];
    let good = OutlineEdit { id: None, label: 1, slice: 0, points: points.clone() };
    assert!(polygon::pixels_inside(&points, [37, 21]).len() > 20);
    for bad in [
        OutlineEdit { id: Some(7), ..good.clone() },
        OutlineEdit { label: 0, ..good.clone() },
        OutlineEdit { slice: 18, ..good.clone() },
        OutlineEdit { points: points[..2].to_vec(), ..good.clone() },
        OutlineEdit { points: Vec::new(), ..good.clone() },
        OutlineEdit { points: vec![[f32::NAN, 0.0]; 3], ..good },
    ] {
        assert_eq!(read.set_outline(bad, &plane()), None);
    }
    assert_eq!(read.set_outline(good.clone(), &SlicePlane::as_stored([40, 21, 18])), None);
    read.begin(LayerKind::Bone, CommitKind::Hand, "open".to_owned()).unwrap();
    assert_eq!(read.set_outline(good.clone(), &plane()), None);
    assert_eq!((read.undo(), read.redo(), read.set_done(LayerKind::Bone, 0, true)), (Undo::Nothing, Undo::Nothing, None));
    read.cancel();
    let row = read.set_outline(good.clone(), &plane()).unwrap();
    let RowAction::Outline { id, .. } = row.action else { panic!("an outline row") };
    assert_eq!(read.set_outline(OutlineEdit { id: Some(id), ..good }, &plane()), None);
    assert_eq!(read.next_row(), 2);
}

#[test]
fn rows_that_do_not_follow_are_refused_and_change_nothing() {
    let mut read = read(usize::MAX);
    let row = stroke(&mut read, CommitKind::Hand, 0..3, 1);
    let before = look(&read);
    let paint = |patch| RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch: Arc::new(patch) };
    let line = 37 * (3 + 21 * 4);
    let outline = |slice, points: Vec<[f32; 2]>, before: Vec<[f32; 2]>| RowAction::Outline {
        id: u32::MAX,
        label: 1,
        slice,
        points,
        before,
        patch: Arc::default(),
    };
    let nonsense = [
        row.action,
        paint(Patch::from_changes([(line, 1, 2), (line + 3, 1, 2)])),
        paint(Patch::from_changes([(u32::MAX - 1, 0, 2)])),
        RowAction::Done { layer: LayerKind::Bone, slice: 18, done: true },
        RowAction::Done { layer: LayerKind::Bone, slice: 0, done: false },
        RowAction::Undo { row: 2 },
        RowAction::Redo { row: 1 },
        outline(18, vec![[0.0; 2]; 3], Vec::new()),
        outline(0, vec![[0.0; 2]; 3], vec![[0.0; 2]]),
        outline(0, vec![[f32::INFINITY; 2]; 3], Vec::new()),
        outline(0, Vec::new(), Vec::new()),
        outline(0, vec![[0.0; 2]; 2], Vec::new()),
    ];
    for action in nonsense {
        assert!(read.replay(Row { n: 2, name: String::new(), action: action.clone() }).is_err(), "{action:?}");
        assert_eq!((look(&read), read.next_row(), entries(&read).len()), (before.clone(), 2, 1));
    }
    let late = Row { n: 3, name: String::new(), action: RowAction::Undo { row: 1 } };
    assert_eq!(read.replay(late.clone()), Err(ReplayError::Number { expected: 2, found: 3 }));
    assert_eq!(read.replay(Row { n: 2, ..late }), Ok(()));
    assert!(matches!(read.redo(), Undo::Row(Row { n: 3, .. })));
}

#[test]
fn the_content_of_a_slice_is_its_dense_labels() {
    let mut read = read(usize::MAX);
    stroke(&mut read, CommitKind::Hand, 5..9, 3);
    let bytes = read.content_hash_input(LayerKind::Marrow, 4);
    assert_eq!(bytes, read.labels(LayerKind::Marrow).to_dense()[4 * 37 * 21..5 * 37 * 21]);
    assert_eq!(bytes.iter().filter(|&&b| b == 3).count(), 4);
    assert!(read.content_hash_input(LayerKind::Marrow, 18).is_empty());
}
