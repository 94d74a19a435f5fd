//! Random gestures against a plain model: dense labels and a stack of copies.

use super::common::{Look, SHAPE, entries, look, patch_of, plane, read, replay};
use crate::edit::tools::{Brush, BrushShape};
use crate::edit::{CommitKind, OutlineEdit, ReadLayers, Row, RowAction, Undo};
use crate::space::VoxelBox;
use crate::volume::LayerKind;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

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
    dirty: [Vec<u8>; 3],
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
        LayerKind::ALL[self.rng.random_range(0..3)]
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
        let number = layer.number();
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
        self.follow_dirty_boxes();
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
        let slices = &mut next.done[layer.number()];
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
            assert_eq!(self.dirty[number], self.read.labels(layer).to_dense());
        }
    }
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
    // Further ones on demand: `OSTEON_MORE_SEEDS=200`.
    let more = std::env::var("OSTEON_MORE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(0_u64);
    for seed in 100..100 + more {
        thousand_gestures(seed, [usize::MAX, 4000, 500, 0][seed as usize % 4]);
    }
}
