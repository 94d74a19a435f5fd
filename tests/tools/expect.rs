//! What a step may change and what it must change, worked out voxel by voxel from what the reader did.

use super::plain::{Look, Plain, Step};
use osteon::edit::tools::BrushShape;
use osteon::session::{AdoptWhat, EditCommand, ShapeCommand, Tool, ToolState};
use osteon::volume::LayerKind;

/// Size of the test exam in voxels, and of a voxel in mm: 0.9 within the slice.
pub const SHAPE: [usize; 3] = [40, 44, 8];
const PIXEL_MM: f64 = 0.9;
const SLICE_MM: f64 = 3.5;

/// What the reader is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The pointer goes along these positions.
    Drag(Vec<[f64; 2]>),
    /// Enter.
    Finish,
    /// A command.
    Edit(EditCommand),
}

/// The same with all that it depends on, as it was just before.
#[derive(Clone, Debug)]
pub struct Intent {
    pub what: What,
    pub tool: ToolState,
    pub slice: usize,
    /// Grey values of the band, and from where the three levels begin.
    pub band: [f32; 2],
    pub levels: [f32; 3],
    /// Voxel under the pointer.
    pub hovered: Option<usize>,
    /// Voxel that the drag began on.
    pub began: Option<usize>,
    /// Whether a square stands alone for a bone that is not painted.
    pub bare: bool,
    /// Whether all patches are in memory, so that it is known exactly what was changed by hand.
    pub exact: bool,
}

/// The exam, as far as rules look at it.
pub struct Ground {
    pub values: Vec<f32>,
    /// In-plane pixel of each voxel.
    pub uv: Vec<[f64; 2]>,
}

pub const fn slice_of(n: usize) -> usize {
    n / (SHAPE[0] * SHAPE[1])
}

impl Intent {
    /// Checks the step that was just made.
    pub fn check(&self, ground: &Ground, plain: &Plain, step: &Step) {
        let (before, after, name) = (&*step.before, &*step.after, step.name.as_str());
        let layer = self.layer(plain, name);
        for other in LayerKind::ALL.into_iter().filter(|l| Some(*l) != layer) {
            assert!(before.changed(after, other).is_empty(), "{name} changed the layer {other}");
        }
        let is = |start: &str| name.starts_with(start);
        assert_eq!(before.done != after.done, is("Slice "), "{name} and done marks");
        assert_eq!(before.squares != after.squares, name.ends_with("the metaphysis square") || is("Take the metaphysis"), "{name}");
        assert_eq!(before.reference != after.reference, name.contains("fatty-marrow"), "{name} and the reference");
        let Some(layer) = layer else { return self.check_marks(before, after, name) };
        let changed = before.changed(after, layer);
        if is("Adopt ") {
            self.check_adoption(plain, before, after, layer, name);
            return self.check_adopting_brush(ground, plain, before, after, name);
        }
        assert_eq!(before.outlines != after.outlines, is("Outline"), "{name} and outlines");
        if before.outlines != after.outlines {
            return;
        }
        assert!(!changed.is_empty(), "{name} is a step that changed nothing");
        let (was, is_now) = (&before.labels[layer.number()], &after.labels[layer.number()]);
        let eraser = self.tool.tool == Tool::Eraser && matches!(self.what, What::Drag(_));
        for &n in changed.iter().filter(|&&n| is_now[n] != 0) {
            assert!(
                self.allows(ground, before, layer, n, was[n]),
                "{name}: {} became {} against the rules, {:?}",
                was[n],
                is_now[n],
                self.tool
            );
        }
        match &self.what {
            What::Drag(path) => match self.tool.tool {
                Tool::Brush | Tool::Eraser | Tool::Relabel => self.check_stroke(ground, before, after, layer, path, name),
                Tool::Fill => {
                    let seed = self.began.unwrap();
                    let label = self.tool.label();
                    assert!(changed.iter().all(|&n| slice_of(n) == self.slice && was[n] == was[seed] && is_now[n] == label), "{name}");
                }
                _ => assert!(changed.iter().all(|&n| slice_of(n) == self.slice && is_now[n] == self.tool.label()), "{name}"),
            },
            What::Finish => self.check_finish(ground, before, after, layer, name),
            What::Edit(EditCommand::Shape(shape)) => self.check_shape(ground, before, after, layer, *shape, name),
            What::Edit(other) => panic!("{other:?} made the step {name}"),
        }
        assert!(!eraser || changed.iter().all(|&n| is_now[n] == 0), "{name}");
    }

    fn layer(&self, plain: &Plain, name: &str) -> Option<LayerKind> {
        if name.starts_with("Slice ") || name.contains("metaphysis square") || name.contains("fatty-marrow") {
            None
        } else if name.starts_with("Adopt ") {
            plain.proposal.as_ref().map(|p| p.layer)
        } else if name.to_lowercase().contains("outline") {
            Some(LayerKind::Bone)
        } else {
            Some(self.tool.layer)
        }
    }

    /// Done marks, squares, the reference.
    fn check_marks(&self, before: &Look, after: &Look, name: &str) {
        let l = self.tool.layer.number();
        match &self.what {
            What::Edit(EditCommand::ToggleDone) => {
                let mut expected = before.done.clone();
                if expected[l].contains(&self.slice) {
                    expected[l].retain(|s| *s != self.slice);
                } else {
                    expected[l].push(self.slice);
                    expected[l].sort_unstable();
                }
                assert_eq!(after.done, expected);
            }
            What::Edit(EditCommand::AllDone) => assert_eq!(after.done[l], (0..SHAPE[2]).collect::<Vec<_>>()),
            What::Edit(EditCommand::ClearReference) => assert_eq!(after.reference, None),
            What::Edit(EditCommand::DeleteOutline) => assert_eq!(after.squares.len() + 1, before.squares.len(), "{name}"),
            What::Edit(EditCommand::FlipSquare) => {
                let turned: Vec<_> = before.squares.iter().zip(&after.squares).filter(|(b, a)| b != a).collect();
                assert!(turned.len() == 1 && turned[0].0.flipped() == *turned[0].1 && after.squares.len() == before.squares.len());
            }
            What::Drag(path) if self.tool.tool == Tool::Reference => {
                let (from, to) = (path[0], path[path.len() - 1]);
                let drawn = (from[0] - to[0]).hypot(from[1] - to[1]);
                let radius = if drawn >= 1.0 { drawn * PIXEL_MM } else { 3.0 };
                assert!((after.reference.unwrap().radius_mm() - radius).abs() < 0.01, "{:?} {path:?}", after.reference);
            }
            What::Drag(_) if self.tool.tool == Tool::Square => assert!(after.squares.len() - before.squares.len() <= 1, "{name}"),
            other => panic!("{other:?} made the step {name}"),
        }
    }

    /// Whether the rules let a voxel be painted; of the region of the squares only that it lies within bone.
    fn allows(&self, ground: &Ground, look: &Look, layer: LayerKind, n: usize, was: u8) -> bool {
        let (rules, marrow) = (self.tool.rules, layer == LayerKind::Marrow);
        let relabels = self.tool.tool == Tool::Relabel && matches!(self.what, What::Drag(_));
        let limited = marrow && (rules.inside_bone || (rules.inside_region && !look.squares.is_empty() && !self.bare));
        let over = relabels || rules.over.is_none_or(|set| set.contains(was));
        let bone = !limited || look.labels[LayerKind::Bone.number()][n] != 0;
        let band = !rules.inside_band || (self.band[0]..=self.band[1]).contains(&ground.values[n]);
        over && bone && band && (!marrow || look.labels[LayerKind::Exclusion.number()][n] == 0)
    }

    /// Whether it is known for certain that the rules let a voxel be painted.
    fn surely_allows(&self, ground: &Ground, look: &Look, layer: LayerKind, n: usize, was: u8) -> bool {
        let region = self.tool.rules.inside_region && layer == LayerKind::Marrow && !look.squares.is_empty();
        !region && self.allows(ground, look, layer, n, was)
    }

    /// Every voxel under the brush bears the label, and none beyond its rim has changed.
    fn check_stroke(&self, ground: &Ground, before: &Look, after: &Look, layer: LayerKind, path: &[[f64; 2]], name: &str) {
        let (was, is_now) = (&before.labels[layer.number()], &after.labels[layer.number()]);
        let label = if self.tool.tool == Tool::Eraser { 0 } else { self.tool.label() };
        let from = self.began.map(|n| was[n]);
        for n in 0..was.len() {
            if was[n] != is_now[n] {
                assert!(is_now[n] == label && self.reaches(path, ground.uv[n], slice_of(n), 0.9), "{name} at {:?}", ground.uv[n]);
                assert!(self.tool.tool != Tool::Relabel || Some(was[n]) == from, "{name} changed {}", was[n]);
            } else if was[n] != label && self.reaches(path, ground.uv[n], slice_of(n), -1e-6) {
                let meant = match self.tool.tool {
                    Tool::Eraser => self.tool.rules.over.is_none_or(|set| set.contains(was[n])),
                    Tool::Relabel => Some(was[n]) == from && self.surely_allows(ground, before, layer, n, was[n]),
                    _ => self.surely_allows(ground, before, layer, n, was[n]),
                };
                assert!(!meant, "{name} left out {:?} on slice {}", ground.uv[n], slice_of(n));
            }
        }
    }

    /// Whether the brush, larger by `more` mm, ever covers a pixel: looked at every quarter of a pixel along the way.
    fn reaches(&self, path: &[[f64; 2]], uv: [f64; 2], slice: usize, more: f64) -> bool {
        let away = slice.abs_diff(self.slice) as f64 * SLICE_MM;
        let radius = f64::from(self.tool.size_mm) / 2.0;
        if away > 0.0 && (!self.tool.three_d || away > radius) {
            return false;
        }
        let covers = |at: [f64; 2]| {
            let [x, y] = [0, 1].map(|a| (uv[a] - at[a]).abs() * PIXEL_MM);
            match self.tool.shape {
                BrushShape::Circle => x.hypot(y).hypot(away) <= radius + more,
                BrushShape::Square => x.max(y) <= radius + more,
            }
        };
        covers(path[0])
            || path.windows(2).any(|way| {
                let steps = ((way[1][0] - way[0][0]).hypot(way[1][1] - way[0][1]) * 4.0).ceil().max(1.0);
                (0..=steps as usize).any(|n| covers([0, 1].map(|a| (way[1][a] - way[0][a]).mul_add(n as f64 / steps, way[0][a]))))
            })
    }

    /// Threshold and levels label exactly what has the grey values; polygons stay on their slice.
    fn check_finish(&self, ground: &Ground, before: &Look, after: &Look, layer: LayerKind, name: &str) {
        let (was, is_now) = (&before.labels[layer.number()], &after.labels[layer.number()]);
        let valued = |value: f32| match self.tool.tool {
            Tool::Threshold if (self.band[0]..=self.band[1]).contains(&value) => self.tool.label(),
            Tool::Levels => self.levels.iter().filter(|from| value >= **from).count() as u8,
            _ => 0,
        };
        let by_value = matches!(self.tool.tool, Tool::Threshold | Tool::Levels);
        for n in 0..was.len() {
            let here = slice_of(n) == self.slice || (by_value && self.tool.whole_exam);
            let wanted = if by_value { valued(ground.values[n]) } else { self.tool.label() };
            if was[n] != is_now[n] {
                assert!(
                    here && is_now[n] == wanted,
                    "{name}: {} became {}, wanted {wanted}, {} {:?} here {here} {:?}",
                    was[n],
                    is_now[n],
                    ground.values[n],
                    self.levels,
                    self.tool
                );
            } else if by_value && here && wanted != 0 && was[n] != wanted {
                assert!(!self.surely_allows(ground, before, layer, n, was[n]), "{name} left out voxel {n}");
            }
        }
    }

    fn check_shape(&self, ground: &Ground, before: &Look, after: &Look, layer: LayerKind, shape: ShapeCommand, name: &str) {
        let (was, is_now) = (&before.labels[layer.number()], &after.labels[layer.number()]);
        let label = self.tool.label();
        let size = SHAPE[0] * SHAPE[1];
        let own =
            matches!(shape, ShapeCommand::Interpolate | ShapeCommand::InterpolateAll | ShapeCommand::CopyPrevious | ShapeCommand::CopyNext);
        for n in 0..was.len() {
            let changed = was[n] != is_now[n];
            if changed && !own {
                assert!(self.tool.whole_exam || slice_of(n) == self.slice, "{name} on slice {}", slice_of(n));
            }
            let fits = match shape {
                ShapeCommand::CopyPrevious | ShapeCommand::CopyNext => {
                    let from = if shape == ShapeCommand::CopyNext { n + size } else { n.wrapping_sub(size) };
                    let there = was.get(from).copied().filter(|l| *l != 0 && slice_of(n) == self.slice && *l != was[n]);
                    match there {
                        Some(l) if changed => is_now[n] == l,
                        Some(_) => !self.surely_allows(ground, before, layer, n, was[n]),
                        None => !changed,
                    }
                }
                ShapeCommand::Grow => !changed || (was[n] == 0 && was.contains(&is_now[n])),
                ShapeCommand::Interpolate | ShapeCommand::InterpolateAll | ShapeCommand::FillHoles => {
                    !changed || [was[n], is_now[n]] == [0, label]
                }
                ShapeCommand::RemoveIslands | ShapeCommand::MarginIn => !changed || [was[n], is_now[n]] == [label, 0],
                ShapeCommand::MarginOut => !changed || [was[n], is_now[n]] == [0, label],
                ShapeCommand::Smooth => !changed || [0, label].contains(&was[n]) && [0, label].contains(&is_now[n]),
            };
            assert!(fits, "{name}: voxel {n}, {} became {}", was[n], is_now[n]);
        }
    }

    /// Adopting writes where proposal and label differ, but not over the physis, nor over what was changed by hand since.
    fn check_adoption(&self, plain: &Plain, before: &Look, after: &Look, layer: LayerKind, name: &str) {
        let proposal = plain.proposal.as_ref().unwrap();
        let (was, is_now) = (&before.labels[layer.number()], &after.labels[layer.number()]);
        let physis = &before.labels[LayerKind::Exclusion.number()];
        let differs = |n: usize| was[n] != proposal.labels[n] && proposal.slices.contains(&slice_of(n));
        let may = |n: usize| !(layer == LayerKind::Marrow && proposal.labels[n] != 0 && physis[n] != 0);
        let by_hand = plain.changed_by_hand();
        let (meant, keeps): (Vec<bool>, bool) = match &self.what {
            What::Edit(EditCommand::Adopt(what)) => {
                let meant = match what {
                    AdoptWhat::All => vec![true; was.len()],
                    AdoptWhat::Slice | AdoptWhat::SliceOverHand => (0..was.len()).map(|n| slice_of(n) == self.slice).collect(),
                    AdoptWhat::Part => part(self.hovered.unwrap(), |n| proposal.labels[n], &differs),
                };
                (meant, *what != AdoptWhat::SliceOverHand)
            }
            // Which voxels a brush covers is checked with the brush; here only what becomes of them.
            What::Drag(_) => ((0..was.len()).map(|n| was[n] != is_now[n]).collect(), false),
            other => panic!("{other:?} adopted"),
        };
        for n in 0..was.len() {
            let free = meant[n] && differs(n) && may(n);
            let exactly = if free && !(keeps && by_hand[n]) { proposal.labels[n] } else { was[n] };
            // Where a patch has left memory, more counts as changed by hand.
            let fits = is_now[n] == exactly || (!self.exact && keeps && free && [was[n], proposal.labels[n]].contains(&is_now[n]));
            assert!(fits, "{name}: voxel {n} was {}, is {}, proposed {}", was[n], is_now[n], proposal.labels[n]);
        }
    }

    /// The same for the brush that adopts: every voxel under it, and none beyond.
    fn check_adopting_brush(&self, ground: &Ground, plain: &Plain, before: &Look, after: &Look, name: &str) {
        let (What::Drag(path), Some(proposal)) = (&self.what, &plain.proposal) else { return };
        let l = proposal.layer.number();
        let physis = &before.labels[LayerKind::Exclusion.number()];
        for (n, &wanted) in proposal.labels.iter().enumerate() {
            let (was, is_now) = (before.labels[l][n], after.labels[l][n]);
            let free = proposal.slices.contains(&slice_of(n)) && !(l == LayerKind::Marrow.number() && wanted != 0 && physis[n] != 0);
            if was != is_now {
                assert!(self.reaches(path, ground.uv[n], slice_of(n), 0.9), "{name} at {:?}", ground.uv[n]);
            } else if free && was != wanted {
                assert!(!self.reaches(path, ground.uv[n], slice_of(n), -1e-6), "{name} left out {:?}", ground.uv[n]);
            }
        }
    }
}

/// The voxels around one, joined by faces, that are proposed alike and differ from the labels.
fn part(seed: usize, proposed: impl Fn(usize) -> u8, differs: &dyn Fn(usize) -> bool) -> Vec<bool> {
    let [x, y, z] = SHAPE;
    let mut found = vec![false; x * y * z];
    let mut waiting = vec![seed];
    while let Some(n) = waiting.pop() {
        if found[n] || !differs(n) || proposed(n) != proposed(seed) {
            continue;
        }
        found[n] = true;
        let [i, j, k] = [n % x, n / x % y, n / (x * y)];
        for (at, size, stride) in [(i, x, 1), (j, y, x), (k, z, x * y)] {
            waiting.extend((at > 0).then(|| n - stride));
            waiting.extend((at + 1 < size).then(|| n + stride));
        }
    }
    found
}
