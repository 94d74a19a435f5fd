//! The maps of an exam that are compared: finished reads, meetings' reads, and what models make of it.

use crate::consensus::VoteError;
use crate::learn::LearnError;
use crate::study::{ExamRecord, MEETING_READER, ModelCode, Study};
use crate::volume::{Labels, LayerKind};
use crate::worker::agreed_region::AgreedRegion;
use crate::worker::counted_reads::{ReadKind, ReadPlace, reads_of_exam};
use crate::worker::message::{CompareChoice, ComparedMap, MapOf, ModelVersion, voters};
use crate::worker::propose::{load_model, refuse_test_exam};
use crate::worker::task::Task;
use std::collections::{BTreeMap, BTreeSet};

/// What there is of one exam.
pub(super) struct ExamMaps {
    /// Independent reads first, then assisted ones, readers' further reads, meetings' reads, models.
    pub maps: Vec<ComparedMap>,
    /// What was left out, one reason each.
    pub left_out: Vec<String>,
}

/// Why there are no maps.
pub(super) enum NoMaps {
    /// The person cancelled.
    Cancelled,
    /// One sentence.
    Failed(String),
}

impl ExamMaps {
    /// Maps with a vote: the first ones.
    pub fn voters(&self) -> usize {
        voters(&self.maps)
    }

    /// Why no consensus can be made; `None` from two finished reads on.
    pub fn too_few(&self) -> Option<String> {
        let voters = self.voters();
        let reads = if voters == 1 { "1 finished read".to_owned() } else { format!("{voters} finished reads") };
        let reasons: Vec<String> = std::iter::once(format!("{reads}; two are needed")).chain(self.left_out.iter().cloned()).collect();
        (voters < 2).then(|| reasons.join(", "))
    }

    /// Names as they stand in tables: assisted reads say so.
    pub fn names(&self) -> Vec<String> {
        let name = |map: &ComparedMap| match map.of {
            MapOf::Reader { assisted: true } => format!("{} (assisted)", map.name),
            MapOf::Meeting if map.name == MEETING_READER => format!("{} (meeting)", map.name),
            MapOf::Reader { .. } | MapOf::Beside | MapOf::Meeting | MapOf::Model => map.name.clone(),
        };
        self.maps.iter().map(name).collect()
    }
}

/// A mismatch of grids names readers, not numbers.
pub(super) fn vote_problem(exam: &str, names: &[String], error: &VoteError) -> String {
    let name = |reader: &usize| names.get(reader.saturating_sub(1)).map_or("?", String::as_str);
    match error {
        VoteError::Grid { reader, mismatch } => {
            format!("{exam}: the map of {} does not lie on the grid of {}: {mismatch}", name(reader), name(&1))
        }
        other => format!("{exam}: {other}"),
    }
}

/// Gathers the chosen maps of an exam. `known` holds maps of this exam that were made before: models propose only once.
pub(super) fn gather(
    task: &Task,
    study: &Study,
    record: &ExamRecord,
    choice: &CompareChoice,
    known: &[ComparedMap],
) -> Result<ExamMaps, NoMaps> {
    let FinishedReads { maps, mut region, mut left_out } = finished_reads(study, record, choice).map_err(NoMaps::Failed)?;
    let mut found = ExamMaps { maps, left_out: Vec::new() };
    if found.voters() >= 2 {
        // Models are asked only where there is something to compare them with: proposing takes seconds.
        models(task, study, record, choice, known, &mut found, &mut left_out)?;
    }
    if study.protocol().reading().within_squares {
        let voters: Vec<String> = found.maps.iter().take(found.voters()).map(|map| map.name.clone()).collect();
        region.keep(|reader| voters.iter().any(|name| name == reader));
        left_out.extend(region.is_empty().then(|| AgreedRegion::NO_SQUARE.to_owned()));
        found.maps.iter_mut().for_each(|map| region.limit(&mut map.labels));
    }
    found.left_out = left_out;
    Ok(found)
}

/// What readers made of an exam.
#[derive(Default)]
struct FinishedReads {
    maps: Vec<ComparedMap>,
    /// Squares of the reads that may vote, by the names of their maps.
    region: AgreedRegion,
    /// Who has no finished read, with the reason.
    left_out: Vec<String>,
}

/// The reads of an exam by the readers that are wanted, those that may vote first.
fn finished_reads(study: &Study, record: &ExamRecord, choice: &CompareChoice) -> Result<FinishedReads, String> {
    let mut reads = reads_of_exam(study, &record.exam)?;
    reads.retain(|read| !choice.without_readers.contains(read.reader()));
    let mut found = FinishedReads::default();
    let counts = |kind: ReadKind| reads.iter().filter(move |read| read.kind == kind && read.place == ReadPlace::Counts);
    let independent: BTreeSet<String> = counts(ReadKind::Independent).map(|read| read.reader().to_owned()).collect();
    let meeting = counts(ReadKind::Meeting).count() > 0;
    let finished: BTreeSet<String> =
        reads.iter().filter(|read| !matches!(read.place, ReadPlace::Unfinished(_))).map(|read| read.reader().to_owned()).collect();
    let mut waits = BTreeMap::new();
    for read in reads {
        let (reader, number) = (read.reader().to_owned(), read.header.number);
        let of = match (&read.place, read.kind) {
            // A meeting sees how far it is: it never votes, so that nothing hangs on its being finished.
            (ReadPlace::Unfinished(_), ReadKind::Meeting) if !meeting => {
                found.maps.retain(|map| map.of != MapOf::Meeting);
                MapOf::Meeting
            }
            (ReadPlace::Unfinished(why), _) => {
                waits.insert(reader, why.clone());
                continue;
            }
            (ReadPlace::Again, _) => MapOf::Beside,
            (ReadPlace::Counts, ReadKind::Meeting) => MapOf::Meeting,
            // Nobody votes twice: who read without a model votes with that read.
            (ReadPlace::Counts, ReadKind::Assisted) if independent.contains(&reader) => MapOf::Beside,
            (ReadPlace::Counts, kind) => MapOf::Reader { assisted: kind == ReadKind::Assisted },
        };
        let name = match (of, &read.place) {
            (MapOf::Beside, ReadPlace::Again) => format!("{reader} (read {number})"),
            (MapOf::Beside, _) => format!("{reader} (assisted)"),
            (MapOf::Meeting, _) if reader != MEETING_READER => format!("{reader} (meeting)"),
            _ => reader,
        };
        if matches!(of, MapOf::Reader { .. }) {
            let squares = read.view.squares().map_err(|e| e.to_string())?;
            found.region.add(&name, &squares, &read.plane(), read.state.bone.clone());
        }
        found.maps.push(ComparedMap { name, of, labels: read.state.marrow });
    }
    // Reading again has begun where a finished read is there: that one counts.
    waits.retain(|reader, _| !finished.contains(reader));
    found.left_out = waits.into_iter().map(|(reader, why)| format!("{reader}: {why}")).collect();
    found.maps.sort_by_key(|map| match map.of {
        MapOf::Reader { assisted: false } => 0,
        MapOf::Reader { assisted: true } => 1,
        MapOf::Beside => 2,
        MapOf::Meeting | MapOf::Model => 3,
    });
    Ok(found)
}

fn models(
    task: &Task,
    study: &Study,
    record: &ExamRecord,
    choice: &CompareChoice,
    known: &[ComparedMap],
    found: &mut ExamMaps,
    left_out: &mut Vec<String>,
) -> Result<(), NoMaps> {
    let versions = wanted_versions(study, choice).map_err(NoMaps::Failed)?;
    if versions.is_empty() {
        return Ok(());
    }
    if let Err(why) = refuse_test_exam(study, &record.exam) {
        // Sealing comes first: until then no model says anything on a test exam.
        left_out.push(why.trim_end_matches('.').to_owned());
        return Ok(());
    }
    for wanted in versions {
        let name = format!("{}/{}", wanted.model, wanted.version);
        let labels = match known.iter().find(|map| map.of == MapOf::Model && map.name == name) {
            Some(map) => Ok(map.labels.clone()),
            None => propose(task, study, record, &wanted, &name)?,
        };
        match labels {
            Ok(labels) => found.maps.push(ComparedMap { name, of: MapOf::Model, labels }),
            Err(why) => left_out.push(format!("{name}: {why}")),
        }
    }
    Ok(())
}

/// The marrow models' versions that are compared.
fn wanted_versions(study: &Study, choice: &CompareChoice) -> Result<BTreeSet<ModelVersion>, String> {
    if let Some(chosen) = &choice.models {
        return Ok(chosen.clone());
    }
    let mut current = BTreeSet::new();
    for model in study.models().map_err(|e| e.to_string())? {
        if model.as_str().starts_with(LayerKind::Marrow.word())
            && let Some(version) = study.current_version(&model).map_err(|e| e.to_string())?
        {
            current.insert(ModelVersion { model: model.to_string(), version });
        }
    }
    Ok(current)
}

/// A version that cannot propose is left out with the reason; only cancelling ends the comparison.
fn propose(task: &Task, study: &Study, record: &ExamRecord, wanted: &ModelVersion, name: &str) -> Result<Result<Labels, String>, NoMaps> {
    let mut progress = |done: usize, all: usize| {
        task.progress(format!("{name} proposes on {}", record.exam), Some(done as f32 / all.max(1) as f32));
    };
    let mut work = || -> Result<Result<Labels, LearnError>, String> {
        let code = ModelCode::new(&wanted.model).map_err(|e| e.to_string())?;
        let loaded = load_model(study, &code, wanted.version)?;
        loaded.propose_on(study, record, task, &mut progress)
    };
    match work() {
        Ok(Ok(labels)) => Ok(Ok(labels)),
        Ok(Err(LearnError::Cancelled)) => Err(NoMaps::Cancelled),
        Ok(Err(error)) => Ok(Err(error.to_string())),
        Err(why) => Ok(Err(why)),
    }
}
