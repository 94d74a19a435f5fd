//! The exam on screen: images, layers, proposals, what is saved.

mod proposal;

pub use proposal::Proposal;

use super::active_time::ActiveTime;
use super::apply::PreviewKey;
use super::display::{DisplayRule, FattyMarrow, Window};
use super::draft::{Aside, Preview, Wire};
use super::measure::Measure;
use super::view_state::ViewState;
use super::{Awaited, SquareRegion, Tool};
use crate::edit::ReadLayers;
use crate::edit::tools::{LabelSet, OutlineDraft};
use crate::space::{SlicePlane, VoxelBox};
use crate::study::{ExamCode, JournalRow, SacroiliacForm, SliceRemark, SlicesSeen, Triage};
use crate::volume::{Image, LayerKind, StandardMap};
use crate::worker::message::{Dirty, DoubtMap, LoadedExam, Standing};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// What a pointer gesture on the picture is in the middle of.
#[derive(Clone, Debug, PartialEq)]
pub enum PointerState {
    /// Nothing.
    Idle,
    /// A stroke.
    Stroke {
        /// The last position.
        at: [f64; 2],
        /// The labels that it alone changes; `None` = as the rules say.
        over: Option<LabelSet>,
        /// Whether a rule kept it from something.
        barred: bool,
    },
    /// A loop drawn so far.
    Loop(Vec<[f32; 2]>),
    /// A corner of an outline is dragged: outline, or the draft, and corner.
    DragCorner {
        /// The outline; `None` = the draft.
        outline: Option<u32>,
        /// Its corner.
        corner: usize,
    },
    /// A whole outline is dragged.
    DragWhole {
        /// The outline.
        outline: u32,
        /// The last position.
        at: [f32; 2],
        /// Whether it has gone anywhere.
        moved: bool,
    },
    /// Grey values of tissue are taken.
    Sample(Vec<f32>),
    /// A metaphysis square is drawn or moved.
    Square {
        /// Its bone, where it is there already.
        bone: Option<u8>,
        /// The point that stays.
        from: [f64; 2],
        /// The point under the pointer.
        to: [f64; 2],
        /// Whether the point that stays is the second.
        turned: bool,
    },
    /// The reference is drawn: its middle and a point on its rim.
    Disc([f64; 2], [f64; 2]),
    /// Something is measured.
    Ruler(Measure),
}

/// The exam that is open.
#[derive(Debug)]
pub struct OpenExam {
    pub(super) code: ExamCode,
    pub(super) sequences: Vec<(String, Image)>,
    pub(super) visits: Vec<(ExamCode, Image)>,
    pub(super) layers: ReadLayers,
    pub(super) plane: SlicePlane,
    pub(super) has_geometry: bool,
    pub(super) findings: Vec<String>,
    pub(super) writable: bool,
    pub(super) standing: Standing,
    pub(super) remarks: BTreeMap<usize, SliceRemark>,
    /// The comment that is being written, with its slice.
    pub(super) comment_draft: Option<(usize, String)>,
    pub(super) form: SacroiliacForm,
    pub(super) triage: Triage,
    pub(super) doubt: Option<DoubtMap>,
    pub(super) doubt_shown: bool,
    pub(super) view: ViewState,
    pub(super) proposal: Option<Proposal>,
    /// A proposal on the whole exam was asked for, and the slice shown is proposed on first.
    pub(super) rest_wanted: bool,
    pub(super) pointer: PointerState,
    pub(super) draft: OutlineDraft,
    /// What is half drawn on other slices, or with other tools.
    pub(super) aside: HashMap<(usize, Tool), Aside>,
    pub(super) selected_outline: Option<u32>,
    pub(super) dragged: Option<OutlineDraft>,
    pub(super) unsaved: VecDeque<JournalRow>,
    pub(super) save_error: Option<String>,
    pub(super) dirty: Vec<Dirty>,
    pub(super) content: u64,
    pub(super) visited: Vec<bool>,
    /// Those of the slices visited that the journal knows.
    pub(super) seen: SlicesSeen,
    pub(super) rule: Option<DisplayRule>,
    pub(super) standard: Option<StandardMap>,
    pub(super) windows: Vec<Option<Window>>,
    pub(super) measures: Vec<Measure>,
    pub(super) preview: Option<(PreviewKey, Preview)>,
    pub(super) wire: Option<Wire>,
    pub(super) selected_square: Option<u8>,
    /// What squares limit painting to, where it keeps to them.
    pub(super) region: SquareRegion,
    pub(super) time: ActiveTime,
    /// Undo or redo that waits for voxels of the journal.
    pub(super) awaited: Option<Awaited>,
}

impl OpenExam {
    pub(super) fn new(loaded: LoadedExam) -> Option<Self> {
        let (_, image) = loaded.sequences.first()?;
        let grid = image.grid();
        let plane = if loaded.has_geometry {
            SlicePlane::new(grid.world_from_voxel(), grid.shape(), loaded.layers.slice_axis())
        } else {
            SlicePlane::stored_across(grid.shape(), loaded.layers.slice_axis())
        };
        let view = ViewState::for_image(image, plane.slice_count(), plane.size());
        let time = ActiveTime::after(loaded.layers.logged_seconds());
        Some(Self {
            code: loaded.code,
            writable: matches!(loaded.standing, Standing::Writing { .. }),
            standing: loaded.standing,
            remarks: loaded.remarks,
            comment_draft: None,
            form: loaded.form,
            triage: loaded.triage,
            doubt: None,
            doubt_shown: false,
            visited: (0..plane.slice_count()).map(|slice| loaded.seen.holds(slice)).collect(),
            seen: loaded.seen,
            visits: loaded.visits,
            layers: loaded.layers,
            plane,
            has_geometry: loaded.has_geometry,
            findings: loaded.findings,
            view,
            proposal: None,
            rest_wanted: false,
            pointer: PointerState::Idle,
            draft: OutlineDraft::new(),
            aside: HashMap::new(),
            selected_outline: None,
            dragged: None,
            unsaved: VecDeque::new(),
            save_error: None,
            dirty: Vec::new(),
            content: 0,
            rule: None,
            standard: None,
            windows: vec![None; loaded.sequences.len()],
            measures: Vec::new(),
            preview: None,
            wire: None,
            selected_square: None,
            region: SquareRegion::default(),
            time,
            awaited: None,
            sequences: loaded.sequences,
        })
    }

    /// Code of the exam.
    #[must_use]
    pub const fn code(&self) -> &ExamCode {
        &self.code
    }

    /// In-plane pixel size, and distance of slices, in mm.
    pub(super) fn voxel_mm(&self) -> ([f64; 2], f64) {
        let affine = self.reading_image().grid().world_from_voxel();
        (self.plane.pixel_mm(affine), affine.spacing().mm()[self.plane.slice_axis()])
    }

    /// Name and image of each sequence; the first is read.
    #[must_use]
    pub fn sequences(&self) -> &[(String, Image)] {
        &self.sequences
    }

    /// The image shown.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.sequences[self.view.sequence.min(self.sequences.len() - 1)].1
    }

    /// The image that is read (its grid carries the layers).
    #[must_use]
    pub fn reading_image(&self) -> &Image {
        &self.sequences[0].1
    }

    /// The patient's other visits, where the protocol allows a look at them.
    #[must_use]
    pub fn visits(&self) -> &[(ExamCode, Image)] {
        &self.visits
    }

    /// The layers of the read.
    #[must_use]
    pub const fn layers(&self) -> &ReadLayers {
        &self.layers
    }

    /// How slices lie on the screen.
    #[must_use]
    pub const fn plane(&self) -> &SlicePlane {
        &self.plane
    }

    /// Whether positions in mm mean anything.
    #[must_use]
    pub const fn has_geometry(&self) -> bool {
        self.has_geometry
    }

    /// Findings on import, one sentence each.
    #[must_use]
    pub fn findings(&self) -> &[String] {
        &self.findings
    }

    /// Whether the person may paint here.
    #[must_use]
    pub const fn is_writable(&self) -> bool {
        self.writable
    }

    /// The sacro-iliac form of this read.
    #[must_use]
    pub const fn form(&self) -> &SacroiliacForm {
        &self.form
    }

    /// What the reader said of a slice.
    #[must_use]
    pub fn remark(&self, slice: usize) -> Option<&SliceRemark> {
        self.remarks.get(&slice)
    }

    /// The comment that is being written, with the slice it belongs to.
    #[must_use]
    pub fn comment_draft(&self) -> Option<(usize, &str)> {
        self.comment_draft.as_ref().map(|(slice, text)| (*slice, text.as_str()))
    }

    /// Where the model is unsure, while that is shown.
    #[must_use]
    pub fn doubt(&self) -> Option<&DoubtMap> {
        self.doubt.as_ref().filter(|_| self.doubt_shown)
    }

    /// What the reader decided in triage.
    #[must_use]
    pub const fn triage(&self) -> &Triage {
        &self.triage
    }

    /// Which read it is, and whether it is sealed.
    #[must_use]
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// How it is looked at.
    #[must_use]
    pub const fn view(&self) -> &ViewState {
        &self.view
    }

    /// The proposal on the active layer.
    #[must_use]
    pub const fn proposal(&self) -> Option<&Proposal> {
        self.proposal.as_ref()
    }

    /// What the pointer is in the middle of.
    #[must_use]
    pub const fn pointer(&self) -> &PointerState {
        &self.pointer
    }

    /// Corners of the outline that is being drawn (in-plane pixels of the slice shown).
    #[must_use]
    pub fn draft(&self) -> &[[f32; 2]] {
        self.draft.points()
    }

    /// What a threshold would label on the slice shown.
    #[must_use]
    pub fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref().map(|(_, preview)| preview)
    }

    /// The livewire under way.
    #[must_use]
    pub const fn wire(&self) -> Option<&Wire> {
        self.wire.as_ref()
    }

    /// Whether something that takes several clicks is half drawn on the slice shown.
    #[must_use]
    pub fn is_drawing(&self) -> bool {
        !self.draft.points().is_empty() || self.wire.is_some()
    }

    /// Whether Enter ends something that takes several clicks, or applies what a preview shows.
    #[must_use]
    pub fn can_finish(&self) -> bool {
        self.is_drawing() || self.preview.is_some()
    }

    /// The bone whose metaphysis square was touched last.
    #[must_use]
    pub const fn selected_square(&self) -> Option<u8> {
        self.selected_square
    }

    /// Time spent on this exam.
    #[must_use]
    pub const fn time(&self) -> ActiveTime {
        self.time
    }

    /// The outline whose corners are shown for dragging.
    #[must_use]
    pub const fn selected_outline(&self) -> Option<u32> {
        self.selected_outline
    }

    /// Corners of the selected outline while one of them is dragged.
    #[must_use]
    pub fn dragged_outline(&self) -> Option<&[[f32; 2]]> {
        self.dragged.as_ref().map(OutlineDraft::points)
    }

    /// Rows that are not on disk yet.
    #[must_use]
    pub fn unsaved_rows(&self) -> usize {
        self.unsaved.len()
    }

    /// Why rows could not be saved.
    #[must_use]
    pub fn save_error(&self) -> Option<&str> {
        self.save_error.as_deref()
    }

    /// Grows whenever labels, proposal or done marks change: thumbnails and counts are made anew then.
    #[must_use]
    pub const fn content(&self) -> u64 {
        self.content
    }

    /// Whether a slice has been on screen since the exam was opened.
    #[must_use]
    pub fn visited(&self, slice: usize) -> bool {
        self.visited.get(slice).copied().unwrap_or(false)
    }

    /// The map onto the study's standard scale, where an image of this exam is shown on it.
    #[must_use]
    pub fn standard_of(&self, image: &Image) -> Option<&StandardMap> {
        self.standard.as_ref().filter(|_| std::sync::Arc::ptr_eq(image.values(), self.reading_image().values()))
    }

    /// Black and white for what is drawn of an image: its window, on the standard scale where it is shown on that.
    #[must_use]
    pub fn drawn_window(&self, image: &Image, window: Window) -> [f32; 2] {
        let ends = [window.lower(), window.upper()];
        self.standard_of(image).map_or(ends, |map| ends.map(|value| map.apply(value)))
    }

    /// The window that a sequence had when it was shown last; `None` if it was not.
    #[must_use]
    pub fn window_of(&self, sequence: usize) -> Option<Window> {
        if sequence == self.view.sequence { Some(self.view.window) } else { self.windows.get(sequence).copied().flatten() }
    }

    /// What has been measured since the exam was opened.
    #[must_use]
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The grey value of fatty marrow on the sequence that is read, and what it was taken from.
    #[must_use]
    pub fn fatty_marrow(&self) -> Option<FattyMarrow> {
        self.rule.and_then(|rule| rule.fatty_marrow())
    }

    /// World position (RAS+ mm; without geometry, voxels) of an in-plane position on a slice.
    #[must_use]
    pub fn world_mm(&self, slice: usize, uv: [f64; 2]) -> [f64; 3] {
        self.reading_image().grid().world_from_voxel().world(self.plane.voxel_at(slice as f64, uv))
    }

    /// The voxel under the pointer, if it is inside the picture.
    #[must_use]
    pub fn hovered_voxel(&self) -> Option<[usize; 3]> {
        self.voxel_at(self.view.hover_uv?.map(f64::from))
    }

    /// The voxel of an in-plane position on the slice shown, if inside the picture.
    #[must_use]
    pub fn voxel_at(&self, uv: [f64; 2]) -> Option<[usize; 3]> {
        let pixel = uv.map(f64::round);
        let size = self.plane.size();
        let inside = (0..2).all(|a| pixel[a] >= 0.0 && pixel[a] < size[a] as f64);
        inside.then(|| self.plane.voxel(self.view.slice, pixel.map(|p| p as usize)))
    }

    pub(super) fn touch(&mut self, layer: LayerKind) {
        let bounds = self.layers.take_dirty(layer);
        self.mark_dirty(layer, bounds);
    }

    pub(super) fn mark_dirty(&mut self, layer: LayerKind, bounds: VoxelBox) {
        if bounds.is_empty() {
            return;
        }
        match self.dirty.iter_mut().find(|d| d.layer == layer) {
            Some(dirty) => dirty.bounds = dirty.bounds.union(&bounds),
            None => self.dirty.push(Dirty { layer, bounds }),
        }
        self.content += 1;
    }
}
