//! The plain model of a read: whole maps and lists, copied at every step. It knows nothing of patches, tiles or journals.

use osteon::edit::tools::Square;
use osteon::edit::{Outline, ReadLayers, ReferencePlace};
use osteon::volume::LayerKind;
use std::rc::Rc;

/// All that a reader can see of a read.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub labels: [Vec<u8>; 3],
    pub outlines: Vec<Outline>,
    pub squares: Vec<Square>,
    pub reference: Option<ReferencePlace>,
    pub done: [Vec<usize>; 3],
}

impl Look {
    pub fn of(layers: &ReadLayers) -> Self {
        Self {
            labels: LayerKind::ALL.map(|layer| layers.labels(layer).to_dense()),
            outlines: layers.outlines().cloned().collect(),
            squares: layers.squares().copied().collect(),
            reference: layers.reference(),
            done: LayerKind::ALL.map(|layer| layers.done_slices(layer)),
        }
    }

    /// Voxels of a layer that differ from another look's.
    pub fn changed(&self, to: &Self, layer: LayerKind) -> Vec<usize> {
        let (a, b) = (&self.labels[layer.number()], &to.labels[layer.number()]);
        (0..a.len()).filter(|&n| a[n] != b[n]).collect()
    }
}

/// A step of the reader's.
#[derive(Clone, Debug)]
pub struct Step {
    pub row: u64,
    pub name: String,
    pub before: Rc<Look>,
    pub after: Rc<Look>,
    /// When it was done last.
    at: u64,
}

/// What a model proposes, as the plain model keeps it.
#[derive(Clone, Debug)]
pub struct Suggestion {
    pub layer: LayerKind,
    pub version: String,
    pub labels: Vec<u8>,
    pub slices: Vec<usize>,
    /// From when on hand-made changes are the reader's own.
    pub since: u64,
}

/// The looks before and after each step, in force or taken back.
pub struct Plain {
    pub now: Rc<Look>,
    pub live: Vec<Step>,
    pub undone: Vec<Step>,
    clock: u64,
    pub proposal: Option<Suggestion>,
}

impl Plain {
    pub fn new(layers: &ReadLayers) -> Self {
        Self { now: Rc::new(Look::of(layers)), live: Vec::new(), undone: Vec::new(), clock: 0, proposal: None }
    }

    /// A time after everything so far.
    pub const fn time(&self) -> u64 {
        self.clock
    }

    /// Follows the read by its list of steps alone, and compares everything that can be seen. Gives the number of new steps.
    pub fn follow(&mut self, layers: &ReadLayers) -> usize {
        let entries: Vec<_> = layers.history().entries().collect();
        let live = entries.iter().filter(|e| !e.undone).count();
        let known = |row| self.live.iter().chain(&self.undone).any(|s: &Step| s.row == row);
        let new: Vec<(u64, String)> = entries[..live].iter().filter(|e| !known(e.row)).map(|e| (e.row, e.name.to_owned())).collect();
        let look = Rc::new(Look::of(layers));
        let made = new.len();
        if made > 0 {
            // What was taken back is gone for good.
            self.undone.clear();
            self.push(new, &look);
        } else {
            while self.live.len() > live {
                let step = self.live.pop().unwrap();
                self.now = step.before.clone();
                self.undone.push(step);
            }
            while self.live.len() < live {
                let mut step = self.undone.pop().expect("a step that can be done again");
                self.clock += 1;
                step.at = self.clock;
                self.now = step.after.clone();
                self.live.push(step);
            }
        }
        let listed: Vec<(u64, &str, bool)> = entries.iter().map(|e| (e.row, e.name, e.undone)).collect();
        let expected: Vec<(u64, &str, bool)> = self
            .live
            .iter()
            .map(|s| (s.row, s.name.as_str(), false))
            .chain(self.undone.iter().rev().map(|s| (s.row, s.name.as_str(), true)))
            .collect();
        assert_eq!(listed, expected, "the list of steps");
        assert!(*look == *self.now, "the read after {:?}", self.live.last().map(|s| &s.name));
        made
    }

    /// New steps; only done marks come several at once, one slice after the other.
    fn push(&mut self, new: Vec<(u64, String)>, look: &Rc<Look>) {
        let before = self.now.clone();
        let marked: Vec<(usize, usize)> = (0..3)
            .flat_map(|l| look.done[l].iter().filter(|&s| !before.done[l].contains(s)).map(move |s| (l, *s)).collect::<Vec<_>>())
            .collect();
        let count = new.len();
        assert!(count == 1 || marked.len() == count, "{count} steps at once: {new:?}");
        for (n, (row, name)) in new.into_iter().enumerate() {
            let after = if n + 1 == count {
                look.clone()
            } else {
                let mut next = (*self.now).clone();
                next.done[marked[n].0].push(marked[n].1);
                next.done[marked[n].0].sort_unstable();
                Rc::new(next)
            };
            self.clock += 1;
            self.live.push(Step { row, name, before: self.now.clone(), after: after.clone(), at: self.clock });
            self.now = after;
        }
    }

    /// Takes a proposal in; slices of an older one of the same version stay where the new one says nothing.
    pub fn propose(&mut self, mut new: Suggestion, slice_of: impl Fn(usize) -> usize) {
        if let Some(old) = self.proposal.take().filter(|old| old.layer == new.layer && old.version == new.version) {
            for n in (0..new.labels.len()).filter(|&n| old.slices.contains(&slice_of(n)) && !new.slices.contains(&slice_of(n))) {
                new.labels[n] = old.labels[n];
            }
            new.slices.extend(old.slices.iter().filter(|s| !new.slices.contains(s)).copied().collect::<Vec<_>>());
            new.since = new.since.min(old.since);
        }
        self.proposal = Some(new);
    }

    /// For each voxel of the proposal's layer: whether the reader changed it since the proposal was made, in the steps in force
    /// before the last one.
    pub fn changed_by_hand(&self) -> Vec<bool> {
        let proposal = self.proposal.as_ref().unwrap();
        let mut changed = vec![false; proposal.labels.len()];
        for step in self.live[..self.live.len() - 1].iter().filter(|s| s.at > proposal.since && !s.name.starts_with("Adopt ")) {
            step.before.changed(&step.after, proposal.layer).into_iter().for_each(|n| changed[n] = true);
        }
        changed
    }
}
