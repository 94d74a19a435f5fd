//! The report of a study: finds the finished reads, measures them exam by exam, writes the files.

use super::agreed_region::AgreedRegion;
use super::finished_read::finished;
use super::message::{Outcome, ReportChoice, ReportWritten};
use super::propose::{LoadedModel, load_model};
use super::task::Task;
use crate::io::{atomic_write, make_folder};
use crate::learn::{Card, LearnError, checkpoint};
use crate::report::{
    ExamReads, Excluded, ModelFacts, ReadMap, ReportError, ReportFacts, ReportRules, SourceFact, UnitFigures, Who, measure, write_report,
};
use crate::study::{ExamRecord, FormRead, Layout, MEETING_READER, ModelCode, Part, ReaderCode, Split, Study, saved_tables};
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
    let study = Study::open(root).map_err(|e| e.to_string())?;
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
        self.study.require_no_lost_read(&record.exam).map_err(|e| e.to_string())?;
        for reader in self.study.layout().readers_of(&record.exam).map_err(|e| e.to_string())? {
            self.reads_of(record, &reader, rules, &mut found)?;
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

    /// The first finished read of a reader, independent and assisted apart; later ones beside it, the others with the reason.
    fn reads_of(&self, record: &ExamRecord, reader: &ReaderCode, rules: &ReportRules, found: &mut Found) -> Result<(), String> {
        let layout = self.study.layout();
        let mut first = [false; 3];
        for number in layout.read_numbers(reader, &record.exam).map_err(|e| e.to_string())? {
            let read = finished(self.study, record, reader, number, rules)?;
            found.slices = read.slices;
            let place = &mut first[if read.meeting { 2 } else { usize::from(read.assisted) }];
            let who = read.who(reader, rules);
            match read.labels {
                Ok((labels, from_model)) if *place => found.again.push(ReadMap { who, labels, from_model }),
                Ok((labels, from_model)) => {
                    *place = true;
                    if matches!(who, Who::Reader(_)) {
                        found.region.add(reader.as_str(), &read.squares, &read.plane, read.bone);
                    }
                    found.maps.push(ReadMap { who, labels, from_model });
                    found.states.push((format!("read {number}, {}", read.state), Some(read.seconds)));
                }
                Err(why) => {
                    let why = format!("read {number}: {why}");
                    found.left_out.push(Excluded { exam: record.exam.clone(), who: Some(who), why });
                }
            }
        }
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
