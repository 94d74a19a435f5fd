//! Opening an exam: its images and, for a reader, their read.

use super::hub::WorkerConfig;
use super::journal::JournalMessage;
use super::message::{LoadedExam, OpenHow, Outcome, Role, Standing};
use super::pools::Pools;
use super::replay::replayed;
use super::task::Task;
use super::visits::other_visits;
use crate::edit::ReadLayers;
use crate::study::{
    ExamCode, ExamRecord, Layout, ReadError, ReadFile, ReadHeader, ReadView, ReaderCode, ReadingPlace, SacroiliacForm, SequenceRecord,
    SliceRemark, SlicesSeen, Study, StudyError, Triage,
};
use crate::volume::{Image, resample};
use crossbeam_channel::{Sender, bounded};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Which exam for whom.
pub(super) struct Wanted {
    pub root: PathBuf,
    pub exam: ExamCode,
    pub role: Role,
    pub how: OpenHow,
}

/// What opening needs beside the exam.
pub(super) struct House {
    pub pools: Arc<Pools>,
    pub config: Arc<WorkerConfig>,
    pub journal: Sender<JournalMessage>,
    pub door: Arc<Door>,
}

/// Reads are opened one after the other: two requests for the same one must not lock each other out.
pub(super) type Door = Mutex<()>;

/// Loads an exam and, for a reader, opens or begins the read.
pub(super) fn open_exam(task: &Task, house: &House, wanted: &Wanted) -> Outcome {
    match load(task, house, wanted) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(loaded) => Outcome::Exam(Box::new(loaded)),
        Err(why) => Outcome::Failed(why),
    }
}

fn load(task: &Task, house: &House, wanted: &Wanted) -> Result<LoadedExam, String> {
    let House { pools, config, journal, door } = house;
    let Wanted { root, exam, role, how } = wanted;
    let looks = role.reader().is_none() || *how == OpenHow::Look;
    let study = if looks { Study::look(root) } else { Study::open(root) }.map_err(|e| e.to_string())?;
    let record = ExamRecord::load(study.layout(), exam).map_err(|e| e.to_string())?;
    // Only this is work of the pool: the door and the journal are waited for on the task's own thread.
    let sequences = pools.reading.install(|| images(task, &record, study.layout()))?;
    let (_, image) = sequences.first().ok_or_else(|| format!("{exam} has no images; import it again"))?;
    let visits = if role.reader().is_some() { pools.reading.install(|| other_visits(task, &study, &record, image)) } else { Vec::new() };
    let reading = record.reading().map_err(|e| e.to_string())?;
    let slice_axis = record.reading_plane().map_err(|e| e.to_string())?.slice_axis();
    let (told, standing) = match role.reader() {
        None => (Told::nothing(ReadLayers::new(image.grid().clone(), slice_axis)), Standing::Looking),
        Some(reader) if *how == OpenHow::Look => look_at(&study, reader, exam, || ReadLayers::new(image.grid().clone(), slice_axis))?,
        Some(reader) => {
            let _inside = door.lock().unwrap_or_else(PoisonError::into_inner);
            if task.cancel.is_cancelled() {
                return Err("cancelled".to_owned());
            }
            // The read that was open before must be closed first: it may be the same one.
            let (done, wait) = bounded(1);
            if journal.send(JournalMessage::Release(task.id, done)).is_ok() {
                let _ = wait.recv();
            }
            let opened = open_read(&study, reader, exam, *how == OpenHow::Again, &(config.clock)())?;
            if let Some(file) = opened.file.filter(|_| !task.cancel.is_cancelled()) {
                let _ = journal.send(JournalMessage::Attach(task.id, Box::new(file)));
            }
            (opened.told, opened.standing)
        }
    };
    // Whose images they are does not matter where there is no study around them.
    let scratch = root.starts_with(&config.scratch_root);
    // That somebody looked for names is on record, but nothing a reader need know; nor is what the list of patients left open.
    let mentioned = |code: &str| !((scratch || role.reader().is_some()) && code == "no-patient") && code != "looked-at";
    let other_grid = |s: &&SequenceRecord| reading.shape != s.shape || reading.world_from_voxel != s.world_from_voxel;
    let resampled = record.sequences.iter().filter(|s| reading.is_placed() && s.is_placed()).filter(other_grid);
    let resampled = resampled.map(|s| format!("{}: shown on the grid of {}, interpolated", s.name, record.reading_sequence));
    let left_out = record.sequences.iter().filter(|s| !can_be_shown_on(s, reading));
    let left_out =
        left_out.map(|s| format!("{}: not shown, since without a place in space it cannot be laid on {}", s.name, record.reading_sequence));
    let findings = record
        .sequences
        .iter()
        .flat_map(|s| s.findings.iter().filter(|f| mentioned(&f.code)).map(|f| format!("{}: {}", s.name, f.text)))
        .chain(resampled)
        .chain(left_out)
        .collect();
    let Told { layers, remarks, seen, form, triage } = told;
    let (code, role, has_geometry) = (exam.clone(), role.clone(), reading.is_placed());
    Ok(LoadedExam { code, role, sequences, visits, layers, has_geometry, findings, standing, remarks, seen, form, triage })
}

/// Whether a sequence can be shown with the one that is read: where one of the two has no place in space, pixel on pixel or not at
/// all.
fn can_be_shown_on(sequence: &SequenceRecord, reading: &SequenceRecord) -> bool {
    sequence.is_placed() == reading.is_placed() || sequence.shape == reading.shape
}

/// The images of an exam that can be shown together, the one that is read first.
pub(super) fn images(task: &Task, record: &ExamRecord, layout: &Layout) -> Result<Vec<(String, Image)>, String> {
    let reading = record.reading().map_err(|e| e.to_string())?;
    let others = record.sequences.iter().filter(|s| s.name != record.reading_sequence && can_be_shown_on(s, reading));
    let mut images = Vec::new();
    for (at, sequence) in std::iter::once(reading).chain(others).enumerate() {
        task.progress("Opening images", Some(at as f32 / record.sequences.len() as f32));
        if task.cancel.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        let image = record.load_image(layout, &sequence.name).map_err(|e| e.to_string())?;
        // A NIfTI file cannot say that high values are dark; the finding from the import does.
        let inverted = sequence.findings.iter().any(|f| f.code == "monochrome1");
        let image = image.with_inverted_display(inverted);
        let image = match images.first() {
            Some((_, first)) if sequence.is_placed() && reading.is_placed() => on_reading_grid(image, first),
            Some((_, first)) if sequence.shape == reading.shape => image.on_grid_of(first),
            _ => image,
        };
        // Worked out here, so that the window never waits for it.
        let _ = image.greys();
        images.push((sequence.name.to_string(), image));
    }
    Ok(images)
}

/// A companion as it is shown: on the grid of the reading sequence.
pub(super) fn on_reading_grid(image: Image, reading: &Image) -> Image {
    if image.grid().same_as(reading.grid()) { image } else { resample(&image, reading.grid()) }
}

/// A read with its journal replayed.
struct Opened {
    /// Only where it may be written.
    file: Option<ReadFile>,
    standing: Standing,
    told: Told,
}

/// The reader's newest read as it is on disk, if there is one; nothing is locked.
fn look_at(study: &Study, reader: &ReaderCode, exam: &ExamCode, empty: impl FnOnce() -> ReadLayers) -> Result<(Told, Standing), String> {
    if study.layout().read_numbers(reader, exam).map_err(|e| e.to_string())?.is_empty() {
        return Ok((Told::nothing(empty()), Standing::Looking));
    }
    let (header, view) = study.view_read_for(reader, exam).map_err(|e| e.to_string())?;
    Ok((Told::by(&header, &view)?, Standing::Viewing { number: header.number, assisted: header.assisted }))
}

/// Opens the reader's latest read of the exam, or begins the first (or another one). A sealed read, and one that another
/// program writes to, is opened to be looked at.
fn open_read(study: &Study, reader: &ReaderCode, exam: &ExamCode, again: bool, time: &str) -> Result<Opened, String> {
    let begin = || study.new_read_for(reader, exam, time);
    let opened = match study.open_read_for(reader, exam, time) {
        Err(StudyError::Read(ReadError::Sealed { .. })) if again => begin(),
        other => other,
    };
    let look = || study.view_read_for(reader, exam).map_err(|e| e.to_string());
    match opened {
        Ok((header, file)) => {
            let told = Told::by(&header, &file)?;
            let standing = Standing::Writing { number: header.number, assisted: header.assisted };
            Ok(Opened { file: Some(file), standing, told })
        }
        Err(StudyError::Read(ReadError::Sealed { time, .. })) => {
            let (header, view) = look()?;
            // Written now, should the program have ended between sealing the read and writing its seal.
            study.seal_of(reader, exam, header.number).map_err(|e| e.to_string())?;
            let told = Told::by(&header, &view)?;
            Ok(Opened { file: None, standing: Standing::Sealed { number: header.number, time }, told })
        }
        Err(StudyError::Read(ReadError::Locked { owner, .. })) => {
            let (header, view) = look()?;
            let told = Told::by(&header, &view)?;
            Ok(Opened { file: None, standing: Standing::Busy { number: header.number, owner }, told })
        }
        Err(error) => Err(error.to_string()),
    }
}

/// All that a read's journal tells.
struct Told {
    layers: ReadLayers,
    remarks: BTreeMap<usize, SliceRemark>,
    seen: SlicesSeen,
    form: SacroiliacForm,
    triage: Triage,
}

impl Told {
    fn nothing(layers: ReadLayers) -> Self {
        let (form, triage) = (SacroiliacForm::default(), Triage::default());
        Self { layers, remarks: BTreeMap::new(), seen: SlicesSeen::default(), form, triage }
    }

    fn by(header: &ReadHeader, view: &ReadView) -> Result<Self, String> {
        let mut told = Self::nothing(ReadLayers::new(Arc::new(header.grid.clone()), header.slice_axis));
        let layers = replayed(header, view, |entry| {
            SliceRemark::take_in(&mut told.remarks, &entry.row);
            told.seen.take_in(&entry.row);
            told.form.take_in(&entry.row);
            told.triage.take_in(&entry.row);
        })?;
        Ok(Self { layers, ..told })
    }
}

/// Keeps where a reader left off; what cannot be kept is only a convenience lost.
pub(super) fn keep_place(root: &Path, reader: &ReaderCode, place: &ReadingPlace) -> Outcome {
    if let Err(error) = Study::open(root).and_then(|study| study.keep_place(reader, place)) {
        log::warn!("{error}");
    }
    Outcome::Done
}
