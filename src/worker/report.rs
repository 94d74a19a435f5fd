//! The report of a study: finds the finished reads, measures them exam by exam, writes the files.

use super::agreed_region::AgreedRegion;
use super::counted_reads::{ReadKind, ReadPlace, ReaderRead, reads_of_exam};
use super::message::{Outcome, ReportChoice, ReportWritten};
use super::propose::{LoadedModel, load_model};
use super::replay::replayed;
use super::task::Task;
use crate::io::{atomic_write, make_folder};
use crate::learn::{Card, LearnError, checkpoint};
use crate::report::{
    ExamReads, Excluded, ModelFacts, ReadMap, ReportError, ReportFacts, ReportRules, SourceFact, UnitFigures, Who, measure, write_report,
};
use crate::study::{ExamRecord, FormRead, Layout, MEETING_READER, ModelCode, Part, Split, Study, saved_tables};
use crate::volume::{Labels, LayerKind};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Writes the report of every exam that two readers or more have finished.
pub(super) fn write(task: &Task, root: &Path, choice: &ReportChoice) -> Outcome {
    match work(task, root, choice) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(written) => Outcome::Reported(Box::new(written)),
        Err(why) => Outcome::Failed(why),
    }
}

fn work(task: &Task, root: &Path, choice: &ReportChoice) -> Result<ReportWritten, String> {
    let study = Study::look(root).map_err(|e| e.to_string())?;
    choice.out.as_deref().map_or(Ok(()), Layout::refuse_target).map_err(|e| e.to_string())?;
    let rules = ReportRules {
        method: choice.method,
        by_side: choice.by_side,
        of_assisted: choice.of_assisted,
        within_squares: study.protocol().reading().within_squares,
        ..ReportRules::new(choice.seed)
    };
    let mut gathered = Gathered::open(&study, choice)?;
    let records = study.exams().map_err(|e| e.to_string())?;
    for (at, record) in records.iter().enumerate() {
        let fraction = at as f32 / records.len() as f32;
        task.progress(format!("Reading {}", record.exam), Some(fraction));
        gathered.exam(task, record, &rules, fraction)?;
        if task.cancel.is_cancelled() {
            return Err(ReportError::Cancelled.to_string());
        }
    }
    let exams = records.len() - gathered.facts.excluded.len();
    let left_out: Vec<String> = gathered.facts.excluded.iter().map(|e| format!("{}: {}", e.exam, e.why)).collect();
    if exams == 0 && gathered.facts.forms.is_empty() {
        let first = left_out.first().map_or_else(|| "the study has no exam".to_owned(), Clone::clone);
        return Err(format!(
            "There is nothing to report yet ({first}): two readers must have sealed an exam, or marked every slice of it done."
        ));
    }
    task.progress("Drawing tables and figures", Some(1.0));
    gathered.facts.exams_in_study = records.len();
    let files = write_report(&gathered.units, &gathered.facts, &rules);
    let out = choice.out.clone().unwrap_or_else(|| study.layout().results().join("report"));
    let saved = |e: crate::io::SaveError| e.to_string();
    for file in &files {
        let path: PathBuf = file.name.split('/').fold(out.clone(), |path, part| path.join(part));
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(saved)?;
        }
        atomic_write(&path, |w| w.write_all(file.text.as_bytes())).map_err(saved)?;
    }
    Ok(ReportWritten { page: out.join("report.html"), files: files.len(), exams, left_out })
}

/// What has been gathered so far: small, whatever the reads weigh.
struct Gathered<'s> {
    study: &'s Study,
    split: Split,
    models: Vec<(String, LoadedModel)>,
    units: Vec<UnitFigures>,
    facts: ReportFacts,
}

impl<'s> Gathered<'s> {
    fn open(study: &'s Study, choice: &ReportChoice) -> Result<Self, String> {
        let mut facts = ReportFacts {
            protocol: study.protocol().clone(),
            made: choice.made.clone(),
            exams_in_study: 0,
            excluded: Vec::new(),
            left_out: Vec::new(),
            models: Vec::new(),
            sources: Vec::new(),
            scores: saved_tables(study.layout()).map_err(|e| e.to_string())?,
            forms: forms_of(study)?,
        };
        let mut models = Vec::new();
        for model in study.models().map_err(|e| e.to_string())? {
            if !model.to_string().starts_with(LayerKind::Marrow.word()) {
                continue;
            }
            if let Some(version) = study.current_version(&model).map_err(|e| e.to_string())? {
                let name = format!("{model}/{version}");
                facts.models.push(model_facts(study, &model, version, &name)?);
                models.push((name, load_model(study, &model, version)?));
            }
        }
        let split = Split::load(study.layout()).map_err(|e| e.to_string())?;
        Ok(Self { study, split, models, units: Vec::new(), facts })
    }

    /// Measures one exam, or notes why not.
    fn exam(&mut self, task: &Task, record: &ExamRecord, rules: &ReportRules, fraction: f32) -> Result<(), String> {
        let mut found = Found::default();
        for read in reads_of_exam(self.study, &record.exam)? {
            found.take(read, rules)?;
        }
        let voters = found.maps.iter().filter(|map| matches!(map.who, Who::Reader(_))).count();
        if voters < 2 {
            let kind = if rules.of_assisted { "assisted" } else { "independent" };
            let why = match voters {
                0 => format!("no finished {kind} read"),
                _ => format!("one finished {kind} read; two are needed"),
            };
            self.facts.excluded.push(Excluded { exam: record.exam.clone(), who: None, why });
            self.facts.left_out.extend(found.left_out);
            return Ok(());
        }
        self.proposals(task, record, &mut found)?;
        if rules.within_squares {
            for map in found.maps.iter_mut().chain(&mut found.again) {
                found.region.limit(&mut map.labels);
            }
        }
        task.progress(format!("Measuring {}", record.exam), Some(fraction));
        for (map, (state, seconds)) in found.maps.iter().zip(&found.states) {
            self.facts.sources.push(SourceFact {
                exam: record.exam.clone(),
                who: map.who.clone(),
                state: state.clone(),
                seconds: *seconds,
                labels_sha256: labels_sum(&map.labels),
            });
        }
        self.facts.left_out.extend(found.left_out);
        let exam = ExamReads {
            exam: record.exam.clone(),
            patient: record.patient.clone(),
            part: self.split.part(&record.patient),
            side: record.side,
            slices: found.slices,
            maps: found.maps,
            again: found.again,
        };
        let stop = || task.cancel.is_cancelled();
        let mut units = measure(&exam, rules, &stop).map_err(|e| e.to_string())?;
        if rules.within_squares && found.region.is_empty() {
            units.iter_mut().for_each(|unit| unit.warnings.push(AgreedRegion::NO_SQUARE.to_owned()));
        }
        self.units.append(&mut units);
        Ok(())
    }

    /// Adds what each current model makes of the exam, where it may and did not learn from it.
    fn proposals(&mut self, task: &Task, record: &ExamRecord, found: &mut Found) -> Result<(), String> {
        if self.models.is_empty() {
            return Ok(());
        }
        let sealed = self.study.reads_sealed(&record.exam).map_err(|e| e.to_string())?;
        let why = match self.split.part(&record.patient) {
            Some(Part::Validate) => None,
            Some(Part::Test) if sealed => None,
            Some(Part::Test) => Some("a test exam of which not every read is sealed"),
            Some(Part::Train) => Some("an exam of the training part"),
            None => Some("an exam without a part in the split"),
        };
        if let Some(why) = why {
            let exclude = |(name, _): &(String, LoadedModel)| Excluded {
                exam: record.exam.clone(),
                who: Some(Who::Model(name.clone())),
                why: why.to_owned(),
            };
            found.left_out.extend(self.models.iter().map(exclude));
            return Ok(());
        }
        for (name, model) in &self.models {
            task.progress(format!("Model {name} proposes on {}", record.exam), None);
            match model.propose_on(self.study, record, task, &mut |_, _| {})? {
                Ok(labels) => {
                    found.maps.push(ReadMap { who: Who::Model(name.clone()), labels, from_model: None });
                    found.states.push(("proposed for this report".to_owned(), None));
                }
                Err(LearnError::Cancelled) => return Err(ReportError::Cancelled.to_string()),
                Err(error) => {
                    found.left_out.push(Excluded {
                        exam: record.exam.clone(),
                        who: Some(Who::Model(name.clone())),
                        why: error.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// What was found of one exam.
#[derive(Default)]
struct Found {
    maps: Vec<ReadMap>,
    /// State in words, and seconds that a reader spent.
    states: Vec<(String, Option<u64>)>,
    again: Vec<ReadMap>,
    region: AgreedRegion,
    left_out: Vec<Excluded>,
    slices: usize,
}

impl Found {
    /// The read that counts, later ones beside it, the others with the reason.
    fn take(&mut self, read: ReaderRead, rules: &ReportRules) -> Result<(), String> {
        self.slices = read.plane().slice_count();
        let (who, number) = (who_of(&read, rules), read.header.number);
        let why = match &read.place {
            _ if rules.of_assisted && read.kind == ReadKind::Independent => Some("an independent read, in a report of assisted reads"),
            ReadPlace::Unfinished(why) => Some(why.as_str()),
            ReadPlace::Counts | ReadPlace::Again => None,
        };
        if let Some(why) = why {
            self.left_out.push(Excluded { exam: read.header.exam.clone(), who: Some(who), why: format!("read {number}: {why}") });
            return Ok(());
        }
        let from_model = if read.header.assisted { drawn_by_model(&read)? } else { None };
        if read.place == ReadPlace::Again {
            self.again.push(ReadMap { who, labels: read.state.marrow, from_model });
            return Ok(());
        }
        let seconds = read.view.active_seconds().map_err(|e| e.to_string())?;
        let state = read.sealed.as_ref().map_or_else(|| "every slice marked done, not sealed".to_owned(), |time| format!("sealed {time}"));
        self.states.push((format!("read {number}, {state}"), Some(seconds)));
        if matches!(who, Who::Reader(_)) {
            let squares = read.view.squares().map_err(|e| e.to_string())?;
            self.region.add(read.reader(), &squares, &read.plane(), read.state.bone.clone());
        }
        self.maps.push(ReadMap { who, labels: read.state.marrow, from_model });
        Ok(())
    }
}

/// Who votes depends on which kind of read the report is of.
fn who_of(read: &ReaderRead, rules: &ReportRules) -> Who {
    let reader = read.reader().to_owned();
    match read.kind {
        ReadKind::Meeting => Who::Meeting,
        kind if (kind == ReadKind::Assisted) == rules.of_assisted => Who::Reader(reader),
        _ => Who::Assisted(reader),
    }
}

/// Ones where a model's proposal changed the marrow last; none where no proposal was taken over.
fn drawn_by_model(read: &ReaderRead) -> Result<Option<Labels>, String> {
    let layers = replayed(&read.header, &read.view, |_| ())?;
    let (codes, kinds) = layers.provenance_map(LayerKind::Marrow);
    let mut drawn = Labels::empty(codes.grid().clone());
    codes
        .for_each_labelled(|voxel, code| drawn.set(voxel, u8::from(kinds.get(usize::from(code) - 1).is_some_and(|k| k.model().is_some()))));
    Ok((drawn.counts().labelled() > 0).then_some(drawn))
}

/// The first complete form of each reader who read alone, exam by exam; none where the protocol does not ask for forms.
fn forms_of(study: &Study) -> Result<Vec<FormRead>, String> {
    let forms = if study.protocol().sacroiliac() { study.forms().map_err(|e| e.to_string())? } else { Vec::new() };
    let mut first: Vec<FormRead> = Vec::new();
    for read in forms {
        let known = first.iter().any(|r| r.exam == read.exam && r.reader == read.reader);
        if !known && !read.assisted && read.form.is_complete() && read.reader.as_str() != MEETING_READER {
            first.push(read);
        }
    }
    Ok(first)
}

fn labels_sum(labels: &Labels) -> String {
    Sha256::digest(labels.to_dense()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn model_facts(study: &Study, model: &ModelCode, version: u32, name: &str) -> Result<ModelFacts, String> {
    let folder = study.layout().model_version(model, version);
    let card: Card = checkpoint::load_card(&folder).map_err(|e| e.to_string())?;
    Ok(ModelFacts {
        name: name.to_owned(),
        labels_from: card.spec.labels_from.clone(),
        weights_sha256: card.weights_sha256.clone(),
        seed: card.seed,
        steps: card.steps,
        made_on: format!("{}, {} threads", card.instruction_path, card.threads),
    })
}
