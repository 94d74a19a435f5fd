//! Outlines of bones: setting one fills it, changing or removing it clears what it alone had filled.

use super::history::Change;
use super::tools::polygon;
use super::{CommitKind, Outline, ReadLayers, Row, RowAction};
use crate::space::SlicePlane;
use crate::volume::LayerKind;
use std::sync::Arc;

/// A wish to set, change or remove a closed outline.
#[derive(Clone, Debug, PartialEq)]
pub struct OutlineEdit {
    /// The outline to change; `None` makes a new one.
    pub id: Option<u32>,
    /// Label of the bone layer, not 0.
    pub label: u8,
    /// Slice number from 0.
    pub slice: usize,
    /// At least 3 corners as in-plane pixel positions (u, v), pixel centres whole numbers; empty removes the outline.
    pub points: Vec<[f32; 2]>,
}

impl ReadLayers {
    /// Sets, changes or removes an outline and fills it in the bone layer (see [`polygon::pixels_inside`]).
    ///
    /// Voxels of its former shape go back to background, or to the label of the latest other outline around them,
    /// where they still bear its label and were filled, not painted by hand (provenance Filled).
    ///
    /// `None`, and nothing happens, where a gesture is open, `plane` is not the stack of this read's slices, the outline to
    /// change does not exist, the label is 0, the slice lies outside, there are one or two corners, a corner is not finite,
    /// or nothing would change.
    pub fn set_outline(&mut self, edit: OutlineEdit, plane: &SlicePlane) -> Option<Row> {
        if self.gesture_open() || !self.is_acquisition(plane) {
            return None;
        }
        let former = match edit.id {
            Some(id) => Some(self.state.outlines.get(&id)?.clone()),
            None => None,
        };
        let now = if edit.points.is_empty() {
            former.clone().map(|o| Outline { points: Vec::new(), ..o })?
        } else {
            let id = former.as_ref().map_or(self.next_outline, |o| o.id);
            Outline { id, label: edit.label, slice: edit.slice, points: edit.points }
        };
        let corners = now.points.len();
        let usable = now.label != 0 && now.slice < plane.slice_count() && (corners == 0 || corners >= 3);
        if !usable || now.points.iter().flatten().any(|c| !c.is_finite()) || former.as_ref() == Some(&now) || now.id == u32::MAX {
            return None;
        }
        Some(self.draw(former, now, plane))
    }

    fn draw(&mut self, former: Option<Outline>, now: Outline, plane: &SlicePlane) -> Row {
        let what = match (&former, now.points.is_empty()) {
            (_, true) => "Outline removed",
            (None, _) => "Outline",
            (Some(_), _) => "Outline changed",
        };
        let name = format!("{what}, slice {}", now.slice + 1);
        let cleared = former.as_ref().map(|f| self.cleared_by(f, plane)).unwrap_or_default();
        let recorder = self.state.layer_mut(LayerKind::Bone);
        // No gesture is open, so this begins; and were it not so, nothing would be written.
        let begun = recorder.begin(CommitKind::Filled, name.clone());
        if begun.is_ok() {
            for (voxel, label) in cleared {
                recorder.write(voxel, label);
            }
            for uv in polygon::pixels_inside(&now.points, plane.size()) {
                recorder.write(plane.voxel(now.slice, uv), now.label);
            }
        }
        let (patch, kinds_before) = recorder.commit().map_or_else(Default::default, |c| (c.patch, c.kinds_before));
        let id = now.id;
        self.next_outline = self.next_outline.max(id + 1);
        let before = former.as_ref().map_or_else(Vec::new, |o| o.points.clone());
        let (label, slice, points) = (now.label, now.slice as u32, now.points.clone());
        let action = RowAction::Outline { id, label, slice, points, before, patch: Arc::clone(&patch) };
        let now = (!now.points.is_empty()).then_some(now);
        self.state.set_outline(id, now.clone());
        self.push(name, LayerKind::Bone, Change::Outline { id, now, former, kinds_before }, patch, action)
    }

    /// The voxels that only `former` had filled, with the labels they get without it.
    fn cleared_by(&self, former: &Outline, plane: &SlicePlane) -> Vec<([usize; 3], u8)> {
        let bone = self.state.layer(LayerKind::Bone);
        let others: Vec<&Outline> = self.outlines().filter(|o| o.id != former.id && o.slice == former.slice).collect();
        let without = |uv: [usize; 2]| {
            let around = others.iter().rev().find(|o| polygon::contains(&o.points, uv.map(|c| c as f64)));
            around.map_or(0, |o| o.label)
        };
        let pixels = polygon::pixels_inside(&former.points, plane.size()).into_iter();
        pixels
            .map(|uv| (plane.voxel(former.slice, uv), uv))
            .filter(|&(voxel, _)| bone.labels().get(voxel) == former.label && bone.provenance(voxel) == Some(&CommitKind::Filled))
            .map(|(voxel, uv)| (voxel, without(uv)))
            .collect()
    }

    /// Whether a plane's slices are this read's: same axis, same size. Guards against voxels outside the grid.
    fn is_acquisition(&self, plane: &SlicePlane) -> bool {
        let shape = self.state.grid.shape();
        let [u_axis, v_axis] = plane.axes();
        plane.slice_axis() == self.state.slice_axis
            && plane.slice_count() == self.state.slice_count()
            && plane.size() == [shape[u_axis], shape[v_axis]]
    }
}
