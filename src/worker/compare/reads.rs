//! The maps of an exam that are compared: finished reads, meetings' reads, and what models make of it.

use crate::consensus::VoteError;
use crate::edit::{CommitKind, RowAction};
use crate::learn::LearnError;
use crate::space::SlicePlane;
use crate::study::{ExamRecord, ModelCode, ReadView, Study};
use crate::volume::{Labels, LayerKind};
use crate::worker::agreed_region::AgreedRegion;
use crate::worker::message::{CompareChoice, ComparedMap, MapOf, ModelVersion, voters};
use crate::worker::propose::{load_model, refuse_test_exam};
use crate::worker::task::Task;
use std::collections::BTreeSet;

/// What there is of one exam.
pub(super) struct ExamMaps {
    /// Independent reads first, then assisted ones, then meetings' reads, then models.
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
            MapOf::Meeting => format!("{} (meeting)", map.name),
            MapOf::Reader { .. } | MapOf::Model => map.name.clone(),
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
    let mut region = study.protocol().reading().within_squares.then(AgreedRegion::default);
    let (mut maps, mut left_out) = finished_reads(study, record, region.as_mut()).map_err(NoMaps::Failed)?;
    maps.retain(|map| !choice.without_readers.contains(&map.name));
    maps.sort_by_key(|map| match map.of {
        MapOf::Reader { assisted: false } => 0,
        MapOf::Reader { assisted: true } => 1,
        MapOf::Meeting | MapOf::Model => 2,
    });
    let mut found = ExamMaps { maps, left_out: Vec::new() };
    if found.voters() >= 2 {
        // Models are asked only where there is something to compare them with: proposing takes seconds.
        models(task, study, record, choice, known, &mut found, &mut left_out)?;
    }
    if let Some(mut region) = region {
        let voters: Vec<String> = found.maps.iter().take(found.voters()).map(|map| map.name.clone()).collect();
        region.keep(|reader| voters.iter().any(|name| name == reader));
        left_out.extend(region.is_empty().then(|| AgreedRegion::NO_SQUARE.to_owned()));
        found.maps.iter_mut().for_each(|map| region.limit(&mut map.labels));
    }
    found.left_out = left_out;
    Ok(found)
}

/// The newest read of every reader who marked every marrow slice done; the others with the reason. Squares of finished reads that
/// readers made go into the region.
fn finished_reads(
    study: &Study,
    record: &ExamRecord,
    mut region: Option<&mut AgreedRegion>,
) -> Result<(Vec<ComparedMap>, Vec<String>), String> {
    let (mut finished, mut left_out): (Vec<ComparedMap>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for (header, view) in study.reads_for_comparison(&record.exam).map_err(|e| e.to_string())? {
        let state = view.state().map_err(|e| e.to_string())?;
        let reader = header.reader.to_string();
        let plane = SlicePlane::new(header.grid.world_from_voxel(), header.grid.shape(), header.slice_axis);
        let (slices, done) = (plane.slice_count(), state.done_count(LayerKind::Marrow));
        let meeting = is_meeting(&view);
        let known = finished.iter().any(|map| map.name == reader);
        if known && !meeting && done < slices {
            // Reading again has begun: the finished read counts until the new one is finished too.
            continue;
        }
        // Reads come in order of number: a newer one replaces an older one.
        finished.retain(|map| map.name != reader);
        left_out.retain(|(name, _)| *name != reader);
        if meeting {
            finished.push(ComparedMap { name: reader, of: MapOf::Meeting, labels: state.marrow });
        } else if done >= slices {
            if let Some(region) = region.as_deref_mut() {
                region.add(&reader, &view.squares().map_err(|e| e.to_string())?, &plane, state.bone);
            }
            finished.push(ComparedMap { name: reader, of: MapOf::Reader { assisted: header.assisted }, labels: state.marrow });
        } else {
            left_out.push((reader.clone(), format!("{reader} has {done} of {slices} slices done")));
        }
    }
    Ok((finished, left_out.into_iter().map(|(_, why)| why).collect()))
}

/// Whether a read was begun with a consensus: it has no vote in the next one.
pub(in crate::worker) fn is_meeting(view: &ReadView) -> bool {
    view.count() > 0 && view.row(1).is_ok_and(|row| matches!(row.row.action, RowAction::Paint { kind: CommitKind::Consensus, .. }))
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
