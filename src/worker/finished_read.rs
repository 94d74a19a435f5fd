//! One read as a report needs it.

use super::compare::is_meeting;
use super::replay::replayed;
use crate::edit::tools::Square;
use crate::report::{ReportRules, Who};
use crate::space::SlicePlane;
use crate::study::{ExamRecord, ReadError, ReadHeader, ReadView, ReaderCode, Study};
use crate::volume::{Labels, LayerKind};

/// One read: its labels if it is finished, else why it is not.
pub(super) struct Finished {
    /// Whether a model's proposals were on screen.
    pub assisted: bool,
    /// Whether it began with a consensus.
    pub meeting: bool,
    /// Slices of the exam.
    pub slices: usize,
    /// Sealed, or every slice done.
    pub state: String,
    /// Seconds that the reader spent on it.
    pub seconds: u64,
    /// Its metaphysis squares,
    pub squares: Vec<Square>,
    /// the plane they lie in,
    pub plane: SlicePlane,
    /// and its bone layer.
    pub bone: Labels,
    /// Its labels and, of an assisted read, where a model drew last.
    pub labels: Result<(Labels, Option<Labels>), String>,
}

/// Opens a read. One that is damaged, or is not what was sealed, stands in the way of the whole report: left out, it would change
/// every figure.
pub(super) fn finished(
    study: &Study,
    record: &ExamRecord,
    reader: &ReaderCode,
    number: u32,
    rules: &ReportRules,
) -> Result<Finished, String> {
    let damaged = |error: ReadError| error.to_string();
    let (header, view) = study.intact_read(reader, &record.exam, number).map_err(|e| e.to_string())?;
    let grid = &header.grid;
    let sealed = view.sealed().map_err(damaged)?;
    let slices = grid.shape()[header.slice_axis];
    let state = view.state().map_err(damaged)?;
    let done = state.done_count(LayerKind::Marrow);
    let words = match (&sealed, done >= slices) {
        (Some(time), _) => format!("sealed {time}"),
        (None, true) => "every slice marked done, not sealed".to_owned(),
        (None, false) => String::new(),
    };
    let meeting = is_meeting(&view);
    let labels = if rules.of_assisted && !header.assisted && !meeting {
        Err("an independent read, in a report of assisted reads".to_owned())
    } else if words.is_empty() {
        Err(format!("{done} of {slices} slices done and not sealed"))
    } else {
        let from_model = if header.assisted { drawn_by_model(&header, &view)? } else { None };
        Ok((state.marrow, from_model))
    };
    Ok(Finished {
        assisted: header.assisted,
        meeting,
        slices,
        state: words,
        seconds: view.active_seconds().map_err(damaged)?,
        squares: view.squares().map_err(damaged)?,
        plane: SlicePlane::new(grid.world_from_voxel(), grid.shape(), header.slice_axis),
        bone: state.bone,
        labels,
    })
}

/// Ones where a model's proposal changed the marrow last; none where no proposal was taken over.
fn drawn_by_model(header: &ReadHeader, view: &ReadView) -> Result<Option<Labels>, String> {
    let read = replayed(header, view, |_| ())?;
    let (codes, kinds) = read.provenance_map(LayerKind::Marrow);
    let mut drawn = Labels::empty(codes.grid().clone());
    codes
        .for_each_labelled(|voxel, code| drawn.set(voxel, u8::from(kinds.get(usize::from(code) - 1).is_some_and(|k| k.model().is_some()))));
    Ok((drawn.counts().labelled() > 0).then_some(drawn))
}

impl Finished {
    /// Who votes depends on which kind of read the report is of.
    pub fn who(&self, reader: &ReaderCode, rules: &ReportRules) -> Who {
        match (self.meeting, self.assisted == rules.of_assisted) {
            (true, _) => Who::Meeting,
            (false, true) => Who::Reader(reader.to_string()),
            (false, false) => Who::Assisted(reader.to_string()),
        }
    }
}
