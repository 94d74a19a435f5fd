//! Scoring sessions: made of consensus and model masks, opened, marked, locked, unblinded.

use super::agreed_region::AgreedRegion;
use super::counted_reads::{ReadKind, ReadPlace, reads_of_exam};
use super::exam::images;
use super::files::fresh_randomness;
use super::journal::JournalMessage;
use super::message::{LoadedExam, NewScores, Outcome, Role, ScoreAsk, ScoreOutcome, ScoreRequest, ScoreRowRequest, ScoreSummary, Standing};
use super::propose::{load_model, refuse_test_exam};
use super::task::Task;
use crate::consensus::{Consensus, MARROW_LEVELS, Method, UNDECIDED, VotePatterns};
use crate::edit::{CommitKind, ReadLayers};
use crate::io::read_labels_nifti;
use crate::study::{
    Covariates, ExamCode, ExamRecord, KeyPlace, ModelCode, NewPlan, ReaderCode, ScoreFile, ScorePlan, ScoreSource, ScoreState, Split,
    Study, Target, new_score_session, save_tables, score_tables,
};
use crate::volume::{Labels, LayerKind};
use crossbeam_channel::{Sender, bounded};
use rand::RngExt as _;
use std::path::PathBuf;

/// Does what is asked.
pub(super) fn score(task: &Task, journal: &Sender<JournalMessage>, request: &ScoreRequest) -> Outcome {
    // Marks that are on their way come first.
    let (done, wait) = bounded(1);
    if journal.send(JournalMessage::Barrier(done)).is_ok() {
        let _ = wait.recv();
    }
    match work(task, request) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(outcome) => outcome,
        Err(why) => Outcome::Failed(why),
    }
}

/// Writes a row; on disk when this returns.
pub(super) fn keep(request: &ScoreRowRequest) -> Outcome {
    let kept = Study::open(&request.root)
        .and_then(|study| ScoreFile::open(&study.layout().score_file(&request.session), &request.row.time))
        .and_then(|mut file| file.put(&request.row));
    Outcome::Score(Box::new(match kept {
        Ok(()) => ScoreOutcome::Kept,
        Err(error) => ScoreOutcome::NotKept(request.row.clone(), error.to_string()),
    }))
}

fn work(task: &Task, request: &ScoreRequest) -> Result<Outcome, String> {
    let study = Study::open(&request.root).map_err(|e| e.to_string())?;
    let outcome = match &request.what {
        ScoreAsk::List => list(&study)?,
        ScoreAsk::Make(new) => {
            let Some(key) = make(task, &study, new, &request.time)? else { return Ok(Outcome::Cancelled) };
            ScoreOutcome::Made(opened(&study, &new.session)?, key)
        }
        ScoreAsk::Open(session) => ScoreOutcome::Opened(opened(&study, session)?),
        ScoreAsk::Item { session, item, role } => return item_of(task, &study, session, item, role),
        ScoreAsk::Lock(session) => {
            let file = ScoreFile::open(&study.layout().score_file(session), &request.time);
            file.and_then(|mut file| file.lock(&request.time)).map_err(|e| e.to_string())?;
            ScoreOutcome::Opened(opened(&study, session)?)
        }
        ScoreAsk::Unblind { session, key, covariates } => unblind(&study, session, key.as_ref(), covariates.as_ref(), &request.time)?,
    };
    Ok(Outcome::Score(Box::new(outcome)))
}

/// Every session that can be read, with one sentence for each that cannot: one bad file keeps nobody from the others.
fn list(study: &Study) -> Result<ScoreOutcome, String> {
    let (mut sessions, mut bad) = (Vec::new(), Vec::new());
    for session in study.layout().score_sessions().map_err(|e| format!("The folder of scores cannot be listed: {e}"))? {
        match opened(study, &session) {
            Ok(found) => sessions.push(summary(session, &found.0, &found.1)),
            Err(why) => bad.push(why),
        }
    }
    Ok(ScoreOutcome::Listed(sessions, bad))
}

fn summary(session: ExamCode, plan: &ScorePlan, state: &ScoreState) -> ScoreSummary {
    let marked = |scorer: &String| state.marks.keys().filter(|(s, _, t)| s == scorer && *t == Target::Overall).count();
    ScoreSummary {
        session,
        scorers: plan.scorers.clone(),
        items: plan.items.len(),
        marked: plan.scorers.iter().map(marked).collect(),
        locked: state.locked.is_some(),
        unblinded: state.unblinded.is_some(),
    }
}

fn opened(study: &Study, session: &ExamCode) -> Result<Box<(ScorePlan, ScoreState)>, String> {
    let file = ScoreFile::look(&study.layout().score_file(session)).map_err(|e| e.to_string())?;
    let state = file.state().map_err(|e| e.to_string())?;
    Ok(Box::new((file.plan().clone(), state)))
}

/// A mask over its image, as an exam that can only be looked at, under the code of the mask.
fn item_of(task: &Task, study: &Study, session: &ExamCode, item: &ExamCode, role: &Role) -> Result<Outcome, String> {
    let file = ScoreFile::look(&study.layout().score_file(session)).map_err(|e| e.to_string())?;
    let wanted = file.plan().items.iter().find(|i| i.code == *item).ok_or_else(|| format!("{session} has no mask {item}"))?;
    if let Role::Reader(reader) = role {
        refuse_unsealed(study, reader, &wanted.exam)?;
    }
    let record = study.exam(&wanted.exam).map_err(|e| e.to_string())?;
    let sequences = images(task, &record, study.layout())?;
    let (_, image) = sequences.first().ok_or_else(|| format!("{} has no images; import it again", wanted.exam))?;
    let plane = record.reading_plane().map_err(|e| e.to_string())?;
    let path = study.layout().score_mask(session, item);
    let mask = read_labels_nifti(&path).map_err(|e| e.to_string())?;
    if image.grid().require_same(mask.grid()).is_err() {
        return Err(format!("{} does not lie on its image; make the session again", path.display()));
    }
    let mut layers = ReadLayers::new(image.grid().clone(), plane.slice_axis());
    if layers.begin(LayerKind::Marrow, CommitKind::Imported, item.to_string()).is_ok() {
        mask.for_each_labelled(|voxel, label| layers.write(voxel, label));
        layers.commit();
    }
    let has_geometry = record.reading().map_err(|e| e.to_string())?.is_placed();
    let exam = LoadedExam::new(item.clone(), role.clone(), sequences, layers, Standing::Looking);
    let loaded = LoadedExam { has_geometry, ..exam };
    Ok(Outcome::Exam(Box::new(loaded)))
}

/// A reader who has not sealed their read of an exam must not see there what a model or other readers drew.
fn refuse_unsealed(study: &Study, reader: &ReaderCode, exam: &ExamCode) -> Result<(), String> {
    if study.sealed_by(reader, exam).map_err(|e| e.to_string())? {
        return Ok(());
    }
    Err(format!(
        "Reader {reader} has not sealed a read of this exam yet: the masks of models and other readers on it stay hidden until then. The \
         coordinator and others may mark."
    ))
}

/// Where the key of the new session lies; `None` where it was cancelled.
fn make(task: &Task, study: &Study, new: &NewScores, time: &str) -> Result<Option<PathBuf>, String> {
    // Asked before the model proposes for minutes.
    study.require_new_session(&new.session).map_err(|e| e.to_string())?;
    let model = ModelCode::new(&new.model).map_err(|e| e.to_string())?;
    let version = study.current_version(&model).map_err(|e| e.to_string())?;
    let version = version.ok_or_else(|| format!("{model} has no current version: train it first, or choose another model."))?;
    let loaded = load_model(study, &model, version)?;
    let split = Split::load(study.layout()).map_err(|e| e.to_string())?;
    let trim = study.protocol().scoring().remove_outside_bone;
    let records = study.exams().map_err(|e| e.to_string())?;
    let (mut masks, mut left_out) = (Vec::new(), Vec::new());
    for (at, record) in records.iter().enumerate() {
        task.progress("Making masks to score", Some(at as f32 / records.len().max(1) as f32));
        if task.cancel.is_cancelled() {
            return Ok(None);
        }
        if !new.exams.includes(split.part(&record.patient)) {
            continue;
        }
        let agreed = match consensus(study, record)? {
            Ok(agreed) => agreed,
            Err(why) => {
                left_out.push(format!("{} is left out: {why}", record.exam));
                continue;
            }
        };
        if let Err(why) = refuse_test_exam(study, &record.exam) {
            left_out.push(why);
            continue;
        }
        if agreed.region.as_ref().is_some_and(AgreedRegion::is_empty) {
            left_out.push(format!("{}: {}", record.exam, AgreedRegion::NO_SQUARE));
        }
        let proposed = loaded.propose_on(study, record, task, &mut |_, _| {})?.map_err(|e| e.to_string())?;
        let axis = record.reading_plane().map_err(|e| e.to_string())?.slice_axis();
        let bone = agreed.bone.as_ref().filter(|_| trim);
        if trim && bone.is_none() {
            left_out.push(format!("{} is scored as it is: no reader drew bone there, so nothing could be taken out", record.exam));
        }
        for (source, labels) in [
            (ScoreSource::Consensus(agreed.how.clone()), agreed.marrow.clone()),
            (ScoreSource::Model(format!("{model}/{version}")), proposed),
        ] {
            let mut labels = bone.map_or_else(|| labels.clone(), |bone| inside(&labels, bone));
            // The consensus lies within already.
            if let Some(region) = &agreed.region {
                region.limit(&mut labels);
            }
            masks.push((record.exam.clone(), source, labels, axis));
        }
    }
    if masks.is_empty() {
        let why = left_out.first().cloned().unwrap_or_else(|| format!("the study has none of the exams asked for ({})", new.exams.name()));
        return Err(format!("There is nothing to score: {why}."));
    }
    let plan = NewPlan { session: &new.session, created: time, scorers: &new.scorers, outside_bone_removed: trim, left_out: &left_out };
    // Drawn by the system, so that nobody who marks can work the order out.
    let seed = match new.seed {
        Some(seed) => seed,
        None => fresh_randomness()?.random(),
    };
    new_score_session(study, plan, masks, seed, new.key.as_deref()).map(Some).map_err(|e| e.to_string())
}

/// What readers agree on in an exam.
pub(super) struct Agreed {
    pub(super) marrow: Labels,
    /// Where at least half of the readers drew bone; none where nobody did.
    bone: Option<Labels>,
    /// What their metaphysis squares hold, where marrow counts within it alone.
    region: Option<AgreedRegion>,
    how: String,
}

/// STAPLE per level of the sealed reads that count and that no model helped with; the reason where there are fewer than two.
pub(super) fn consensus(study: &Study, record: &ExamRecord) -> Result<Result<Agreed, String>, String> {
    let mut states: Vec<(String, crate::study::ReadState)> = Vec::new();
    let mut region = AgreedRegion::default();
    for read in reads_of_exam(study, &record.exam)? {
        if read.kind == ReadKind::Independent && read.place == ReadPlace::Counts && read.sealed.is_some() {
            let reader = read.reader().to_owned();
            region.add(&reader, &read.view.squares().map_err(|e| e.to_string())?, &read.plane(), read.state.bone.clone());
            states.push((reader, read.state));
        }
    }
    if states.len() < 2 {
        let few = if states.is_empty() { "no sealed independent read" } else { "1 sealed independent read" };
        return Ok(Err(format!("{few}, two are needed")));
    }
    // Before votes are counted, as in Compare and report: what lies outside must not weigh readers.
    let region = study.protocol().reading().within_squares.then_some(region);
    if let Some(region) = &region {
        states.iter_mut().for_each(|(_, state)| region.limit(&mut state.marrow));
    }
    let maps: Vec<&Labels> = states.iter().map(|(_, s)| s.labels(LayerKind::Marrow)).collect();
    let patterns = VotePatterns::count(&maps).map_err(|e| format!("{}: {e}", record.exam))?;
    let mut marrow = Consensus::of(&patterns, Method::Staple, &MARROW_LEVELS).label_map(&patterns);
    let mut undecided = Vec::new();
    marrow.for_each_labelled(|voxel, label| {
        if label == UNDECIDED {
            undecided.push(voxel);
        }
    });
    // A voxel that no level wins is background in a mask that people look at.
    undecided.into_iter().for_each(|voxel| marrow.set(voxel, 0));
    // Votes for bone per voxel.
    let mut votes = Labels::empty(marrow.grid().clone());
    for (_, state) in &states {
        state.labels(LayerKind::Bone).for_each_labelled(|voxel, _| votes.set(voxel, votes.get(voxel).saturating_add(1)));
    }
    let mut bone = Labels::empty(marrow.grid().clone());
    votes.for_each_labelled(|voxel, count| {
        if usize::from(count) * 2 >= states.len() {
            bone.set(voxel, 1);
        }
    });
    let readers: Vec<&str> = states.iter().map(|(r, _)| r.as_str()).collect();
    let how = format!("STAPLE per level of {}", readers.join(", "));
    Ok(Ok(Agreed { marrow, bone: (!votes.is_blank()).then_some(bone), region, how }))
}

fn inside(labels: &Labels, bone: &Labels) -> Labels {
    let mut kept = Labels::empty(labels.grid().clone());
    labels.for_each_labelled(|voxel, label| {
        if bone.get(voxel) != 0 {
            kept.set(voxel, label);
        }
    });
    kept
}

/// The tables of a locked session, also written as CSV files below `results`.
fn unblind(study: &Study, session: &ExamCode, key: Option<&PathBuf>, asked: Option<&PathBuf>, time: &str) -> Result<ScoreOutcome, String> {
    let layout = study.layout();
    let covariates = asked.map(|path| Covariates::load(path, layout.root())).transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    let mut file = ScoreFile::open(&layout.score_file(session), time).map_err(|e| e.to_string())?;
    let list_remark = asked.map(|path| covariates.remark(path, file.plan())).transpose().map_err(|e| e.to_string())?.flatten();
    let place = KeyPlace::find(layout, session, key.map(PathBuf::as_path)).map_err(|e| e.to_string())?;
    let key = file.unblind(&place.path, time).map_err(|e| e.to_string())?;
    let state = file.state().map_err(|e| e.to_string())?;
    let tables = score_tables(file.plan(), &key, &state, &covariates);
    let folder = save_tables(layout, &tables).map_err(|e| e.to_string())?;
    let remarks: Vec<String> = place.remark().into_iter().chain(list_remark).collect();
    Ok(ScoreOutcome::Tables(tables, folder, (!remarks.is_empty()).then(|| remarks.join(" "))))
}
