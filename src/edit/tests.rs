//! Random gestures against a plain model: dense labels and a stack of copies.

use super::tools::{Brush, BrushShape, polygon};
use super::*;
use crate::space::{Affine, SlicePlane, Spacing, VoxelBox};
use crate::volume::{Grid, LayerKind};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const SHAPE: [usize; 3] = [37, 21, 18];

fn read(budget_bytes: usize) -> ReadLayers {
    let grid = Grid::new(SHAPE, Affine::from_spacing(Spacing::UNIT)).unwrap();
    ReadLayers::new(Arc::new(grid), 2).with_budget_bytes(budget_bytes)
}

fn plane() -> SlicePlane {
    SlicePlane::as_stored(SHAPE)
}

/// Everything that a reader can see of a read.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    labels: [Vec<u8>; 2],
    kinds: [Vec<Option<CommitKind>>; 2],
    done: [BTreeSet<usize>; 2],
    outlines: BTreeMap<u32, Outline>,
}

fn look(read: &ReadLayers) -> Look {
    let grid = read.grid();
    let kinds = |layer| (0..grid.voxel_count()).map(|n| read.provenance(layer, grid.voxel(n))).collect();
    Look {
        labels: LayerKind::ALL.map(|layer| read.labels(layer).to_dense()),
        kinds: LayerKind::ALL.map(kinds),
        done: LayerKind::ALL.map(|layer| read.done_slices(layer).into_iter().collect()),
        outlines: read.outlines().map(|o| (o.id, o.clone())).collect(),
    }
}

fn entries(read: &ReadLayers) -> Vec<(u64, String, bool)> {
    read.history().entries().map(|e| (e.row, e.name.to_owned(), e.undone)).collect()
}

/// The plain model: how the read looked after each step in force, and after those taken back.
struct Model {
    now: Look,
    before: Vec<Look>,
    undone: Vec<Look>,
}

impl Model {
    fn new_step(&mut self, next: Look) {
        self.before.push(std::mem::replace(&mut self.now, next));
        self.undone.clear();
    }

    fn undo(&mut self) -> bool {
        let Some(look) = self.before.pop() else { return false };
        self.undone.push(std::mem::replace(&mut self.now, look));
        true
    }

    fn redo(&mut self) -> bool {
        let Some(look) = self.undone.pop() else { return false };
        self.before.push(std::mem::replace(&mut self.now, look));
        true
    }
}

struct Run {
    read: ReadLayers,
    model: Model,
    rows: Vec<Row>,
    rng: ChaCha8Rng,
    dirty: [Vec<u8>; 2],
}

impl Run {
    fn new(seed: u64, budget_bytes: usize) -> Self {
        let read = read(budget_bytes);
        let now = look(&read);
        let dirty = now.labels.clone();
        let model = Model { now, before: Vec::new(), undone: Vec::new() };
        Self { read, model, rows: Vec::new(), rng: ChaCha8Rng::seed_from_u64(seed), dirty }
    }

    fn layer(&mut self) -> LayerKind {
        LayerKind::ALL[self.rng.random_range(0..2)]
    }

    fn kind(&mut self) -> CommitKind {
        match self.rng.random_range(0..6) {
            0 => CommitKind::Threshold,
            1 => CommitKind::Filled,
            2 => CommitKind::Adopted(format!("unet/{}", self.rng.random_range(1..4))),
            3 => CommitKind::Accepted("unet/1".to_owned()),
            _ => CommitKind::Hand,
        }
    }

    fn paint(&mut self, cancel: bool) {
        let (layer, kind) = (self.layer(), self.kind());
        let mut next = self.model.now.clone();
        self.read.begin(layer, kind.clone(), format!("{} {}", kind.word(), self.rows.len())).unwrap();
        assert!(self.read.begin(layer, kind.clone(), String::new()).is_err());
        let number = usize::from(layer == LayerKind::Bone);
        for _ in 0..self.rng.random_range(0..4) {
            let label = self.rng.random_range(0..4);
            let at = [0, 1].map(|a| self.rng.random_range(-3.0..SHAPE[a] as f64 + 3.0));
            let brush = Brush::new(self.rng.random_range(0.0..4.0), BrushShape::Circle);
            let slice = self.rng.random_range(0..SHAPE[2]);
            for voxel in brush.dab(&plane(), [1.0; 2], slice, at) {
                self.read.write(voxel, label);
                next.labels[number][self.read.grid().index(voxel)] = label;
            }
        }
        assert_eq!(self.read.labels(layer).to_dense(), next.labels[number]);
        if cancel {
            self.read.cancel();
            return;
        }
        let changed: Vec<usize> =
            (0..next.labels[number].len()).filter(|&n| next.labels[number][n] != self.model.now.labels[number][n]).collect();
        for &n in &changed {
            next.kinds[number][n] = Some(kind.clone());
        }
        let row = self.read.commit();
        assert_eq!(row.is_some(), !changed.is_empty());
        if let Some(row) = row {
            let RowAction::Paint { patch, .. } = &row.action else { panic!("a commit is a paint row") };
            let voxels: Vec<usize> = patch.runs().iter().flat_map(|r| (r.at..r.at + r.length).map(|n| n as usize)).collect();
            assert_eq!(voxels, changed, "runs in memory order");
            self.rows.push(row);
            self.model.new_step(next);
        }
    }

    fn mark_done(&mut self) {
        let (layer, slice, done) = (self.layer(), self.rng.random_range(0..SHAPE[2] + 1), self.rng.random());
        let mut next = self.model.now.clone();
        let slices = &mut next.done[usize::from(layer == LayerKind::Bone)];
        let changes = slice < SHAPE[2] && if done { slices.insert(slice) } else { slices.remove(&slice) };
        let row = self.read.set_done(layer, slice, done);
        assert_eq!(row.is_some(), changes);
        self.rows.extend(row);
        if changes {
            self.model.new_step(next);
        }
    }

    /// What an outline fills is checked in tests of its own; here it only has to come and go with undo, redo and replay.
    fn outline(&mut self) {
        let known: Vec<u32> = self.model.now.outlines.keys().copied().collect();
        let id = if known.is_empty() || self.rng.random() { None } else { Some(known[self.rng.random_range(0..known.len())]) };
        let corners = if id.is_some() && self.rng.random_range(0..4) == 0 { 0 } else { self.rng.random_range(1..7) };
        let points = (0..corners).map(|_| [self.rng.random_range(-3.0..40.0), self.rng.random_range(-3.0..24.0)]).collect();
        let edit = OutlineEdit { id, label: self.rng.random_range(0..4), slice: self.rng.random_range(0..SHAPE[2] + 1), points };
        if let Some(row) = self.read.set_outline(edit, &plane()) {
            self.rows.push(row);
            self.model.new_step(look(&self.read));
        }
    }

    fn undo_or_redo(&mut self, back: bool) {
        loop {
            match if back { self.read.undo() } else { self.read.redo() } {
                Undo::Row(row) => {
                    assert!(if back { self.model.undo() } else { self.model.redo() });
                    self.rows.push(row);
                    return;
                }
                Undo::NeedsPatch(row) => {
                    let patch = patch_of(&self.rows, row);
                    self.read.provide_patch(row, patch).unwrap();
                }
                Undo::Nothing => {
                    assert!(if back { self.model.before.is_empty() } else { self.model.undone.is_empty() });
                    return;
                }
            }
        }
    }

    fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0..8 => self.paint(false),
            8..10 => self.paint(true),
            10 => self.mark_done(),
            11..13 => self.outline(),
            13..17 => self.undo_or_redo(true),
            _ => self.undo_or_redo(false),
        }
        assert_eq!(look(&self.read), self.model.now);
        self.follow_dirty_boxes();
    }

    /// A copy that is brought up to date only within the dirty boxes never falls behind.
    fn follow_dirty_boxes(&mut self) {
        for (number, layer) in LayerKind::ALL.into_iter().enumerate() {
            let VoxelBox { lo, hi } = self.read.take_dirty(layer);
            for k in lo[2]..hi[2] {
                for j in lo[1]..hi[1] {
                    for i in lo[0]..hi[0] {
                        self.dirty[number][self.read.grid().index([i, j, k])] = self.read.labels(layer).get([i, j, k]);
                    }
                }
            }
            assert_eq!(self.dirty[number], self.model.now.labels[number]);
        }
    }
}

fn patch_of(rows: &[Row], number: u64) -> Arc<Patch> {
    match &rows.iter().find(|r| r.n == number).unwrap().action {
        RowAction::Paint { patch, .. } | RowAction::Outline { patch, .. } => Arc::clone(patch),
        other => panic!("row {number} has no patch: {other:?}"),
    }
}

fn replay(rows: &[Row], budget_bytes: usize) -> ReadLayers {
    let mut read = read(budget_bytes);
    for row in rows {
        let mut outcome = read.replay(row.clone());
        if let Err(ReplayError::NeedsPatch { needed, .. }) = outcome {
            read.provide_patch(needed, patch_of(rows, needed)).unwrap();
            outcome = read.replay(row.clone());
        }
        outcome.unwrap();
    }
    read
}

fn thousand_gestures(seed: u64, budget_bytes: usize) {
    let mut run = Run::new(seed, budget_bytes);
    for _ in 0..1000 {
        run.step();
    }
    assert!(run.rows.iter().enumerate().all(|(n, row)| row.n == n as u64 + 1));
    let words = |wanted: fn(&RowAction) -> bool| run.rows.iter().filter(|r| wanted(&r.action)).count();
    assert!(words(|a| matches!(a, RowAction::Undo { .. })) > 50 && words(|a| matches!(a, RowAction::Redo { .. })) > 20);
    assert!(words(|a| matches!(a, RowAction::Outline { .. })) > 20 && words(|a| matches!(a, RowAction::Done { .. })) > 5);
    for budget in [budget_bytes, usize::MAX] {
        let mut again = replay(&run.rows, budget);
        assert_eq!(look(&again), run.model.now);
        assert_eq!(entries(&again), entries(&run.read));
        assert_eq!(again.next_row(), run.read.next_row());
        assert_eq!(LayerKind::ALL.map(|l| again.revision(l)), LayerKind::ALL.map(|l| run.read.revision(l)));
        // And from there everything can be taken back to the beginning.
        let mut steps = 0;
        loop {
            match again.undo() {
                Undo::Row(_) => steps += 1,
                Undo::NeedsPatch(row) => again.provide_patch(row, patch_of(&run.rows, row)).unwrap(),
                Undo::Nothing => break,
            }
        }
        assert_eq!(steps, run.model.before.len());
        assert_eq!(look(&again), look(&read(0)));
    }
}

#[test]
fn a_thousand_random_gestures_agree_with_a_plain_model() {
    thousand_gestures(1, usize::MAX);
}

#[test]
fn so_they_do_when_hardly_a_patch_fits_into_memory() {
    thousand_gestures(2, 4000);
    thousand_gestures(3, 0);
}

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
        OutlineEdit { points: vec![[f32::NAN, 0.0]; 3], ..good.clone() },
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
        row.action.clone(),
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
