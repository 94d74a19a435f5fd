//! Slices cut out of the exam and kept from frame to frame: only what changed is cut again.

use crate::gpu::{Layer, OverlayStyle, SliceImage, SliceLabels};
use crate::session::{OpenExam, Session};
use crate::space::SlicePlane;
use crate::views::theme;
use crate::volume::{Image, LayerKind};
use crate::worker::message::Dirty;
use std::sync::Arc;

/// What a cut belongs to. The grey values are held, so that another exam can never be taken for this one.
#[derive(Clone)]
struct Key {
    values: Arc<Vec<f32>>,
    slice: usize,
    axis: usize,
    /// Model version and number of slices, for proposals.
    tag: String,
}

impl Key {
    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values) && self.slice == other.slice && self.axis == other.axis && self.tag == other.tag
    }
}

/// The cuts of one pane.
#[derive(Default)]
pub struct Slices {
    image: Option<(Key, Arc<SliceImage>)>,
    /// Marrow, bone, exclusion, proposal, doubt.
    labels: [Option<(Key, Arc<SliceLabels>)>; 5],
    styles: Vec<(StyleKey, Arc<OverlayStyle>)>,
}

/// What a style depends on: layer (or proposal), opacity in 1/255, patterns.
type StyleKey = (usize, u8, bool);

const PROPOSAL: usize = 3;
const DOUBT: usize = 4;

impl Slices {
    /// Brings labels up to date with what changed since the last frame. To be called every frame, shown or not.
    pub fn take_dirty(&mut self, exam: &OpenExam, dirty: &[Dirty]) {
        for change in dirty {
            let slot = change.layer.number();
            if let Some((_, cut)) = &mut self.labels[slot] {
                Arc::make_mut(cut).update(exam.layers().labels(change.layer), change.bounds);
            }
            if let (Some((_, cut)), Some(proposal)) = (&mut self.labels[PROPOSAL], exam.proposal())
                && proposal.result.layer == change.layer
            {
                Arc::make_mut(cut).update_differing(&proposal.result.labels, exam.layers().labels(change.layer), change.bounds);
            }
        }
    }

    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        self.image = None;
        self.labels = Default::default();
        self.styles.clear();
    }

    /// The grey values of a slice of `plane` (through the reading grid) of any sequence of the exam.
    pub fn image(&mut self, exam: &OpenExam, image: &Image, plane: &SlicePlane, slice: usize) -> Option<Arc<SliceImage>> {
        let standard = exam.standard_of(image);
        let tag = standard.map(|map| format!("{map:?}")).unwrap_or_default();
        let key = Key { values: Arc::clone(image.values()), slice, axis: plane.slice_axis(), tag };
        if let Some((held, cut)) = &self.image
            && held.same(&key)
        {
            return Some(Arc::clone(cut));
        }
        let cut = cut_image(exam, image, plane, slice)?;
        let cut = Arc::new(match standard {
            Some(map) => SliceImage::from_values(cut.size(), cut.values().iter().map(|&v| map.apply(v)).collect()).ok()?,
            None => cut,
        });
        self.image = Some((key, Arc::clone(&cut)));
        Some(cut)
    }

    /// The layers of a slice in drawing order: where the model is unsure, marrow, proposal, exclusion, bone.
    pub fn layers(&mut self, session: &Session, exam: &OpenExam, plane: &SlicePlane, slice: usize) -> Vec<Layer> {
        let view = exam.view();
        let mut layers = Vec::new();
        if let Some(doubt) = exam.doubt().filter(|_| session.assistance_allowed()) {
            let style = self.style((PROPOSAL + LayerKind::ALL.len(), 0, false), OverlayStyle::heat);
            let cut = || SliceLabels::extract(&doubt.map, plane, slice).ok();
            if let Some(labels) = self.labels(DOUBT, exam, plane, slice, doubt.model_version.clone(), cut) {
                layers.push(Layer { labels, style });
            }
        }
        if view.shows(LayerKind::Marrow) {
            self.push_layer(&mut layers, session, exam, LayerKind::Marrow, plane, slice);
        }
        if let Some(proposal) = exam.proposal()
            && view.shows(proposal.result.layer)
            && (plane.slice_axis() != exam.plane().slice_axis() || proposal.result.slices.contains(&slice))
        {
            let tag = format!("{} {:?}", proposal.result.model_version, proposal.result.slices);
            let style = self.style((PROPOSAL + proposal.result.layer.number(), 0, false), || {
                OverlayStyle::proposal(session.scheme(proposal.result.layer))
            });
            // What is painted so already, adopted or by hand, is no suggestion any more.
            let painted = exam.layers().labels(proposal.result.layer);
            let cut = || SliceLabels::extract_differing(&proposal.result.labels, painted, plane, slice).ok();
            if let Some(labels) = self.labels(PROPOSAL, exam, plane, slice, tag, cut) {
                layers.push(Layer { labels, style });
            }
        }
        if view.shows(LayerKind::Exclusion) {
            self.push_layer(&mut layers, session, exam, LayerKind::Exclusion, plane, slice);
        }
        if view.shows(LayerKind::Bone) {
            self.push_layer(&mut layers, session, exam, LayerKind::Bone, plane, slice);
        }
        layers
    }

    fn push_layer(
        &mut self,
        layers: &mut Vec<Layer>,
        session: &Session,
        exam: &OpenExam,
        kind: LayerKind,
        plane: &SlicePlane,
        slice: usize,
    ) {
        let view = exam.view();
        let opacity = (view.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        let key = (kind.number(), opacity, view.patterns);
        let style = self.style(key, || match kind {
            LayerKind::Bone => OverlayStyle::bone_outline(theme::BONE.to_array()),
            // Hatched: it is no finding, it says where none is looked for.
            LayerKind::Exclusion => OverlayStyle::proposal(session.scheme(kind)),
            LayerKind::Marrow if view.patterns => OverlayStyle::patterned(session.scheme(kind)).with_opacity(view.opacity),
            LayerKind::Marrow => OverlayStyle::paint(session.scheme(kind)).with_opacity(view.opacity),
        });
        let cut = || SliceLabels::extract(exam.layers().labels(kind), plane, slice).ok();
        if let Some(labels) = self.labels(kind.number(), exam, plane, slice, String::new(), cut) {
            layers.push(Layer { labels, style });
        }
    }

    fn labels(
        &mut self,
        slot: usize,
        exam: &OpenExam,
        plane: &SlicePlane,
        slice: usize,
        tag: String,
        cut: impl FnOnce() -> Option<SliceLabels>,
    ) -> Option<Arc<SliceLabels>> {
        let key = Key { values: Arc::clone(exam.reading_image().values()), slice, axis: plane.slice_axis(), tag };
        if let Some((held, cut)) = &self.labels[slot]
            && held.same(&key)
        {
            return Some(Arc::clone(cut));
        }
        let cut = Arc::new(cut()?);
        self.labels[slot] = Some((key, Arc::clone(&cut)));
        Some(cut)
    }

    fn style(&mut self, key: StyleKey, make: impl FnOnce() -> OverlayStyle) -> Arc<OverlayStyle> {
        if let Some((_, style)) = self.styles.iter().find(|(held, _)| *held == key) {
            return Arc::clone(style);
        }
        // A drag of the opacity slider makes many styles; the newest few are enough.
        if self.styles.len() >= 8 {
            self.styles.remove(0);
        }
        let style = Arc::new(make());
        self.styles.push((key, Arc::clone(&style)));
        style
    }
}

/// A slice on the reading grid; a sequence on another grid is looked up through world space, nearest voxel.
fn cut_image(exam: &OpenExam, image: &Image, plane: &SlicePlane, slice: usize) -> Option<SliceImage> {
    let reading = exam.reading_image().grid();
    if image.grid().same_as(reading) || (!exam.has_geometry() && image.grid().shape() == reading.shape()) {
        return SliceImage::extract(image, plane, slice).ok();
    }
    let size = plane.size();
    let mut values = Vec::with_capacity(size[0] * size[1]);
    for v in 0..size[1] {
        for u in 0..size[0] {
            let world_mm = reading.world_from_voxel().world(plane.voxel(slice, [u, v]).map(|x| x as f64));
            values.push(image.grid().nearest_voxel(world_mm).map_or(image.range().0, |voxel| image.get(voxel)));
        }
    }
    SliceImage::from_values(size, values).ok()
}
