//! An import that a person may look at and correct before anything is written.

use super::import::{Importer, Once, once};
use super::import_table::{ImportTable, Look, PixelBox, PlannedExam, PlannedSequence};
use super::incoming::{Incoming, Planned, SourceShape};
use super::link::LinkList;
use super::sequence_naming::{Naming, sequence_names};
use super::{ExamCode, ExamRecord, ImportReport, Layout, PacketCopy, PatientMap, Protocol, SequenceName, StudyError};
use crate::io::{IoError, SourceVolume, Watch};
use crate::volume::Image;
use rand::Rng;
use std::collections::HashSet;
use std::path::PathBuf;

/// What the person said before the sources were read.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Whose NIfTI files are whose.
    pub patients: PatientMap,
    /// The coordinator's link list, outside the study; without it, who is who is forgotten.
    pub link: Option<PathBuf>,
    /// A person has looked, and no picture shows a name.
    pub confirmed_pictures: bool,
    /// Rectangles to be blacked out in every sequence, whatever its source says of its pixels; they count as a look.
    pub masked: Vec<PixelBox>,
    /// The sequence to be read where an exam has it; else the first of the protocol's that is there.
    pub reading: Option<SequenceName>,
    /// Where names come from.
    pub naming: Naming,
    /// Exams that a program which was killed left without what makes them whole: their images may come again.
    pub not_whole: Vec<ExamCode>,
}

/// Volumes put together by visit, with the table of what would become of them.
pub struct ImportPlan {
    visits: Vec<Vec<Incoming>>,
    table: ImportTable,
    /// Damaged files whose exams are left out, and why.
    refused: Vec<(PathBuf, String)>,
    /// Images that are there or come in already, and how.
    left_out: Vec<(PathBuf, String)>,
    link: Option<PathBuf>,
    not_whole: Vec<ExamCode>,
}

impl ImportPlan {
    /// Puts volumes together: those of one DICOM study that share a frame of reference become one exam; NIfTI files are put
    /// together by the list of patients, else by their names where these end in the word of a sequence (`K1_water`, `K1_fat`); each other
    /// file is an exam. Leaves out what the study has, what comes in twice, and exams of which a file is damaged.
    ///
    /// # Errors
    /// If the study is damaged, the link list lies in it or cannot be read, the list of patients names an exam that is not there, or a
    /// rectangle covers no pixel of a picture.
    pub fn new(layout: &Layout, protocol: &Protocol, volumes: Vec<SourceVolume>, options: &ImportOptions) -> Result<Self, StudyError> {
        let incoming = volumes.into_iter().map(|volume| Incoming::new(volume, &options.patients)).collect();
        Self::of_incoming(layout, protocol, incoming, options)
    }

    pub(super) fn of_incoming(
        layout: &Layout,
        protocol: &Protocol,
        incoming: Vec<Incoming>,
        options: &ImportOptions,
    ) -> Result<Self, StudyError> {
        PacketCopy::refuse_in(layout, "images are imported")?;
        let Once { volumes: incoming, left_out } = once(layout, incoming);
        options.patients.require_all(&incoming.iter().filter_map(Incoming::listed).collect())?;
        let link = LinkList::open(options.link.as_deref(), layout)?;
        let present = sources_of(layout, &options.not_whole)?;
        let (new, old): (Vec<_>, Vec<_>) =
            incoming.into_iter().partition(|v| v.sources.is_empty() || v.sources.iter().any(|(_, sum)| !present.contains(sum)));
        let (visits, refused) = whole(visits(new), options.naming);
        let mut patients: Vec<String> = Vec::new();
        let exams = visits.iter().map(|visit| planned(visit, protocol, options, &link, &mut patients)).collect();
        let mut table = ImportTable { exams, already_there: old.into_iter().map(|v| v.path).collect() };
        if options.naming == Naming::AsSource {
            // The images stay with the person who opened them: nobody need look, and nobody did.
            table.look_all(&Look::NotNeeded);
        } else if !options.masked.is_empty() {
            table.mask_all(&options.masked);
        } else if options.confirmed_pictures {
            table.look_all(&Look::Clean);
        }
        refuse_masks_outside(&table)?;
        Ok(Self { visits, table, refused, left_out, link: options.link.clone(), not_whole: options.not_whole.clone() })
    }

    /// What would be imported.
    #[must_use]
    pub const fn table(&self) -> &ImportTable {
        &self.table
    }

    /// Damaged files, each with why the exam that it belongs to is left out. They come back as failed when the rest is imported.
    #[must_use]
    pub fn refused(&self) -> &[(PathBuf, String)] {
        &self.refused
    }

    /// Images that stay out because they come in once already, or lie in the study, each with the reason.
    #[must_use]
    pub fn left_out(&self) -> &[(PathBuf, String)] {
        &self.left_out
    }

    /// The grey values of a sequence, to be looked at.
    ///
    /// # Errors
    /// If the source cannot be read; `None` where there is no such sequence.
    #[must_use]
    pub fn image(&self, at: [usize; 2]) -> Option<Result<Image, IoError>> {
        Some((self.visits.get(at[0])?.get(at[1])?.image)())
    }

    /// Takes a person's corrections over.
    ///
    /// # Errors
    /// If the table is of another import, or gives two sequences of an exam one name; one sentence.
    pub fn correct(&mut self, table: ImportTable) -> Result<(), String> {
        let rows = |t: &ImportTable| t.exams.iter().map(|e| e.sequences.len()).collect::<Vec<_>>();
        if rows(&table) != rows(&self.table) {
            return Err("The list of images changed meanwhile: choose them again.".to_owned());
        }
        for exam in &table.exams {
            let mut names = HashSet::new();
            if let Some(twice) = exam.sequences.iter().filter(|s| s.chosen).find(|s| !names.insert(s.name.as_str().to_lowercase())) {
                return Err(format!("Two sequences of one exam are called {}: give one of them another name.", twice.name));
            }
        }
        self.table = table;
        Ok(())
    }

    /// Imports what is chosen. Each exam is there whole or not at all; a volume that cannot be read is reported and passed over.
    ///
    /// # Errors
    /// Before anything is written: if a chosen picture was not looked at, or a rectangle covers no pixel of it. Later: if the disk does not take an exam, or the
    /// person cancels; exams imported until then stay.
    pub fn carry_out(self, layout: &Layout, rng: &mut impl Rng, watch: &Watch<'_>) -> Result<ImportReport, StudyError> {
        if let Some(at) = self.table.waiting().next()
            && let Some(waiting) = self.table.sequence(at)
        {
            return Err(StudyError::BurnedIn { path: waiting.path.clone() });
        }
        refuse_masks_outside(&self.table)?;
        let mut importer = Importer::new(layout, self.link.as_deref(), &self.not_whole, self.table.already_there.clone())?;
        let total = self.visits.iter().map(Vec::len).sum();
        let mut done = 0;
        for (visit, exam) in self.visits.into_iter().zip(&self.table.exams) {
            if watch.cancelled() {
                return Err(StudyError::Cancelled);
            }
            done += visit.len();
            let mut planned = Vec::new();
            for (n, (volume, sequence)) in visit.into_iter().zip(&exam.sequences).enumerate().filter(|(_, (_, s))| s.chosen) {
                planned.push(Planned { volume, name: sequence.name.clone(), reading: n == exam.reading, look: sequence.look.clone() });
            }
            importer.take(planned, rng)?;
            watch.report(done, total);
        }
        watch.report(total, total);
        let mut report = importer.into_report();
        report.failed.extend(self.refused);
        Ok(report)
    }
}

fn refuse_masks_outside(table: &ImportTable) -> Result<(), StudyError> {
    table.masked_outside().map_or(Ok(()), |(sequence, rectangle)| {
        let ([columns, rows, _], path) = (sequence.shape, sequence.path.clone());
        Err(StudyError::MaskOutside { path, rectangle, columns, rows })
    })
}

/// Source hashes of what the study has.
fn sources_of(layout: &Layout, not_whole: &[ExamCode]) -> Result<HashSet<String>, StudyError> {
    let codes = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
    let records =
        codes.iter().filter(|code| !not_whole.contains(code)).map(|code| ExamRecord::load(layout, code)).collect::<Result<Vec<_>, _>>()?;
    Ok(records.into_iter().flat_map(|r| r.sequences).flat_map(|s| s.sources).collect())
}

/// Puts the volumes of one visit together, in the order in which each visit first appears.
fn visits(incoming: Vec<Incoming>) -> Vec<Vec<Incoming>> {
    let mut visits: Vec<Vec<Incoming>> = Vec::new();
    for volume in incoming {
        let same = |first: &Incoming| {
            let same_space = first.frame_of_reference == volume.frame_of_reference;
            first.visit.is_some() && first.visit == volume.visit && first.person.key() == volume.person.key() && same_space
        };
        match visits.iter_mut().find(|visit| same(&visit[0])) {
            Some(visit) => visit.push(volume),
            None => visits.push(vec![volume]),
        }
    }
    visits
}

/// Leaves out visits of which a file is damaged: what is left of a series would come in as pieces, and the copy that is whole as
/// another exam. Images that a person only looks at are shown as far as they go.
fn whole(visits: Vec<Vec<Incoming>>, naming: Naming) -> (Vec<Vec<Incoming>>, Vec<(PathBuf, String)>) {
    let mut refused: Vec<(PathBuf, String)> = Vec::new();
    let mut whole = Vec::new();
    for visit in visits {
        match visit.iter().find_map(|v| v.damaged_beside.clone()).filter(|_| naming != Naming::AsSource) {
            None => whole.push(visit),
            Some(path) if refused.iter().any(|(known, _)| *known == path) => {}
            Some(path) => {
                let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
                let why = format!(
                    "{name} is damaged: copy it again, or take it out of the folder to do without it; its exam is not whole and was left out"
                );
                refused.push((path, why));
            }
        }
    }
    (whole, refused)
}

fn planned(visit: &[Incoming], protocol: &Protocol, options: &ImportOptions, link: &LinkList, patients: &mut Vec<String>) -> PlannedExam {
    let names = sequence_names(visit, protocol, options.naming);
    let sequences: Vec<PlannedSequence> = visit.iter().zip(names).map(|(volume, (name, told_by))| row(volume, name, told_by)).collect();
    let key = visit.first().and_then(|first| first.person.key());
    let known_patient = key.as_deref().is_some_and(|key| link.patient(key).is_some());
    let patient = key.map(|key| {
        let at = patients.iter().position(|p| *p == key).unwrap_or_else(|| {
            patients.push(key);
            patients.len() - 1
        });
        at + 1
    });
    let wanted = options.reading.iter().chain(protocol.sequences());
    let reading = wanted.filter_map(|name| sequences.iter().position(|s| s.name == *name)).next().unwrap_or(0);
    PlannedExam { patient, known_patient, reading, sequences }
}

fn row(volume: &Incoming, name: SequenceName, told_by: String) -> PlannedSequence {
    let SourceShape { shape, spacing_mm } = volume.shape;
    PlannedSequence {
        path: volume.path.clone(),
        source_name: volume.name.clone(),
        name,
        told_by,
        chosen: true,
        look: match (volume.may_show_a_name, volume.tells_of_names) {
            (true, _) => Look::Waiting,
            (false, true) => Look::NotNeeded,
            (false, false) => Look::NotSaid,
        },
        shape,
        spacing_mm,
        tr_ms: volume.acquisition.tr_ms,
        te_ms: volume.acquisition.te_ms,
        findings: volume.findings.iter().map(|f| f.text.clone()).collect(),
    }
}

/// Imports without a person's corrections.
///
/// # Errors
/// As [`ImportPlan::new`] and [`ImportPlan::carry_out`].
pub fn import(
    layout: &Layout,
    protocol: &Protocol,
    volumes: Vec<SourceVolume>,
    options: &ImportOptions,
    rng: &mut impl Rng,
    watch: &Watch<'_>,
) -> Result<ImportReport, StudyError> {
    ImportPlan::new(layout, protocol, volumes, options)?.carry_out(layout, rng, watch)
}
