//! Strokes of the brush: painting, erasing, relabelling, adopting.

use crate::edit::tools::{AdoptScope, Adoption, Brush, LabelSet, Limits, PaintRule};
use crate::edit::{CommitKind, VoxelSet};
use crate::session::{Effect, OpenExam, PointerState, Session, Tool};
use crate::volume::LayerKind;

impl Session {
    pub(super) fn begin_stroke(&mut self, uv: [f64; 2]) {
        let erase = self.tool.tool == Tool::Eraser;
        let name = if erase { self.paint_name("Erase", 0) } else { self.paint_name("Brush", self.tool.label()) };
        self.begin_gesture(CommitKind::Hand, name, uv, None);
    }

    /// The label under the pointer is the one that becomes the active label, and no other.
    pub(super) fn begin_relabelling(&mut self, uv: [f64; 2]) {
        let (layer, to) = (self.tool.layer, self.tool.label());
        let Some(exam) = &self.exam else { return };
        let from = exam.voxel_at(uv).map_or(0, |voxel| exam.layers.labels(layer).get(voxel));
        if from == 0 {
            self.info("Relabel starts on a label: put the pointer on what is to be changed.");
            return;
        }
        if from == to {
            self.info(format!("This is {} already: choose the label that it is to become.", self.label_words(to)));
            return;
        }
        let name = self.paint_name(&format!("Relabel {} as", self.label_words(from)), to);
        self.begin_gesture(CommitKind::Hand, name, uv, Some(LabelSet::of(&[from])));
    }

    pub(super) fn begin_adopting(&mut self, uv: [f64; 2]) {
        let Some(exam) = &mut self.exam else { return };
        let Some(proposal) = &exam.proposal else {
            self.info("There is no proposal to adopt: choose \"Propose slice\" first.");
            return;
        };
        let (layer, version) = (proposal.result.layer, proposal.result.model_version.clone());
        let name = format!("Adopt {version} by brush, slice {}", exam.view.slice + 1);
        if exam.layers.begin(layer, CommitKind::Adopted(version), name).is_ok() {
            exam.pointer = PointerState::Stroke { at: uv, over: None, barred: false };
            self.extend_stroke(uv);
        }
    }

    fn begin_gesture(&mut self, kind: CommitKind, name: String, uv: [f64; 2], over: Option<LabelSet>) {
        let layer = self.tool.layer;
        let Some(exam) = &mut self.exam else { return };
        if exam.layers.begin(layer, kind, name).is_ok() {
            exam.pointer = PointerState::Stroke { at: uv, over, barred: false };
            self.extend_stroke(uv);
        }
    }

    /// Ends a stroke; one that painted nothing because rules kept it from that says so.
    pub(super) fn end_stroke(&mut self, over: Option<LabelSet>, barred: bool) -> Vec<Effect> {
        let newest = |session: &Self| session.exam.as_ref().and_then(|e| e.layers.history().next_undo().map(|(row, _)| row));
        let before = newest(self);
        let effects = self.commit_gesture();
        if barred && over.is_none() && newest(self) == before {
            self.info(format!("Nothing was painted: {}.", self.barring_words()));
        }
        if let Some(exam) = self.exam.as_mut().filter(|_| self.tool.tool == Tool::AdoptBrush) {
            exam.settle_proposal();
        }
        effects
    }

    /// The rules that limit painting now, in words.
    fn barring_words(&self) -> String {
        let (rules, marrow) = (self.tool.rules, self.tool.layer == LayerKind::Marrow);
        let in_force = [
            (rules.inside_bone && marrow, "only inside bone"),
            (rules.inside_band, "only grey values of the band"),
            (rules.inside_region && marrow, "only inside the region"),
            (rules.over.is_some(), "only over chosen labels"),
        ];
        let words: Vec<&str> = in_force.iter().filter(|(on, _)| *on).map(|(_, words)| *words).collect();
        if words.is_empty() {
            "the exclusion layer lies there".to_owned()
        } else {
            format!("the stroke lies outside of what the rules allow, {}", words.join(" and "))
        }
    }

    pub(super) fn extend_stroke(&mut self, uv: [f64; 2]) {
        let (tool, limits) = (self.tool.tool, self.limits());
        let (layer, label) = (self.tool.layer, if tool == Tool::Eraser { 0 } else { self.tool.label() });
        let brush = Brush::new(f64::from(self.pressed_size_mm()) / 2.0, self.tool.shape);
        let Some(exam) = &mut self.exam else { return };
        let PointerState::Stroke { at: from, over, mut barred } = exam.pointer else { return };
        let (pixel_mm, slice_mm) = exam.voxel_mm();
        let voxels = if self.tool.three_d {
            brush.stroke_3d(&exam.plane, pixel_mm, slice_mm, exam.view.slice, [from, uv])
        } else {
            brush.stroke(&exam.plane, pixel_mm, exam.view.slice, from, uv)
        };
        let (touched, writes): (_, Vec<_>) = if tool == Tool::AdoptBrush {
            let Some(proposal) = &exam.proposal else { return };
            let layer = proposal.result.layer;
            // A brush says which voxels are meant, so it also replaces what was painted by hand.
            (layer, adoption(exam, layer, None).voxels(AdoptScope::Voxels(&voxels)).unwrap_or_default())
        } else {
            let rule = match tool {
                // What must not be painted may well be erased.
                Tool::Eraser => PaintRule { only_over: self.tool.rules.over, ..PaintRule::default() },
                _ => PaintRule { only_over: over.or(self.tool.rules.over), ..paint_rule(&limits, layer, exam) },
            };
            let painted = exam.layers.labels(layer);
            let (allowed, kept): (Vec<_>, Vec<_>) = voxels.into_iter().partition(|&v| rule.allows(painted, v));
            barred |= kept.iter().any(|&v| painted.get(v) != label);
            (layer, allowed.into_iter().map(|v| (v, label)).collect())
        };
        exam.pointer = PointerState::Stroke { at: uv, over, barred };
        for (voxel, label) in writes {
            exam.layers.write(voxel, label);
        }
        exam.touch(touched);
    }
}

/// The rules in force on a layer, over the layers as they are.
pub(super) fn paint_rule<'a>(limits: &'a Limits, layer: LayerKind, exam: &'a OpenExam) -> PaintRule<'a> {
    let (bone, exclusion) = (exam.layers.labels(LayerKind::Bone), exam.layers.labels(LayerKind::Exclusion));
    limits.rule(layer, bone, exclusion, exam.reading_image())
}

/// The proposal laid over a layer; call only where there is a proposal for it.
pub(in crate::session) fn adoption<'a>(exam: &'a OpenExam, layer: LayerKind, kept: Option<&'a VoxelSet>) -> Adoption<'a> {
    let labels = exam.layers.labels(layer);
    let (proposal, covered) = exam.proposal.as_ref().map_or((labels, &[][..]), |p| (&p.result.labels, &p.result.slices));
    let excluded = (layer == LayerKind::Marrow).then(|| exam.layers.labels(LayerKind::Exclusion));
    Adoption { labels, proposal, slice_axis: exam.plane.slice_axis(), covered: Some(covered), kept, excluded }
}
