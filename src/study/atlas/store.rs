//! `atlas/`: exams shaped like a study's, with an agreed mask and notes each. Packets carry it without what its records
//! know of scanners and sources.

use crate::io::{SourceVolume, Watch, atomic_write, read_labels_nifti, write_labels_nifti};
use crate::space::SlicePlane;
use crate::study::exam::read_bounded;
use crate::study::store::reading_grid;
use crate::study::{ExamCode, ExamRecord, ImportOptions, Layout, Study, StudyError};
use crate::volume::{Grid, Image, Labels};
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What is said of an exam of the atlas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtlasNotes {
    /// Of the exam as a whole.
    #[serde(default)]
    pub general: String,
    /// Of slices, counted from 1 as on screen.
    #[serde(default)]
    pub slices: BTreeMap<usize, String>,
}

impl AtlasNotes {
    /// Reads notes as a person writes them: a line `7: text` is about slice 7, any other line about the exam.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut notes = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let of_slice = line.split_once(':').and_then(|(n, rest)| Some((n.trim().parse::<usize>().ok()?, rest.trim())));
            let (place, text) = match of_slice {
                Some((slice, text)) => (notes.slices.entry(slice).or_default(), text),
                None => (&mut notes.general, line),
            };
            if !place.is_empty() {
                place.push(' ');
            }
            place.push_str(text);
        }
        notes
    }
}

/// An exam of the atlas, ready to be shown.
#[derive(Clone, Debug)]
pub struct AtlasExam {
    /// Its code in the atlas.
    pub code: ExamCode,
    /// The image that is read.
    pub image: Image,
    /// The plane that it is read in.
    pub plane: SlicePlane,
    /// What the readers of the atlas agreed on, on its grid.
    pub agreed: Labels,
    /// What they say of it.
    pub notes: AtlasNotes,
}

/// The atlas of a study.
#[derive(Clone, Debug)]
pub struct Atlas {
    layout: Layout,
}

impl Study {
    /// The study's atlas; it may hold nothing.
    #[must_use]
    pub fn atlas(&self) -> Atlas {
        Atlas { layout: Layout::new(self.layout().atlas()) }
    }

    /// Adds images with the mask that was agreed on, de-identified like any import.
    ///
    /// # Errors
    /// If the images are not one exam or are those of an exam that somebody has still to read, the mask does not lie on their grid, or a file cannot be written; nothing is added then.
    pub fn add_to_atlas(
        &self,
        volumes: Vec<SourceVolume>,
        mask: &Labels,
        notes: &AtlasNotes,
        options: &ImportOptions,
        rng: &mut impl Rng,
        watch: &Watch<'_>,
    ) -> Result<ExamCode, StudyError> {
        let layout = self.atlas().layout;
        let refused = |problem: &str| StudyError::Atlas { path: layout.root().to_owned(), problem: problem.to_owned() };
        fs::create_dir_all(layout.exams()).map_err(|cause| StudyError::NotWritable { path: layout.exams(), cause })?;
        // What a program that was killed left without a mask is no exam of the atlas, and must not keep its images out.
        let whole = self.atlas().codes()?;
        let present = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
        let not_whole = present.into_iter().filter(|code| !whole.contains(code)).collect();
        let options = ImportOptions { not_whole, ..options.clone() };
        let report = crate::study::import(&layout, self.protocol(), volumes, &options, rng, watch)?;
        let added = match report.exams.as_slice() {
            [imported] => self.mask_of_import(&layout, &imported.exam, mask, notes).map(|()| imported.exam.clone()),
            [] if !report.failed.is_empty() => Err(refused(&report.failed[0].1)),
            _ => Err(refused("the images are not one new exam; give the images of one visit that the atlas does not hold yet")),
        };
        if added.is_err() {
            // An exam without a mask would stand in the way of the same images later.
            for exam in &report.exams {
                let _ = fs::remove_dir_all(layout.exam(&exam.exam));
            }
        }
        added
    }

    fn mask_of_import(&self, layout: &Layout, exam: &ExamCode, mask: &Labels, notes: &AtlasNotes) -> Result<(), StudyError> {
        let record = ExamRecord::load(layout, exam)?;
        self.require_no_unread_exam(&record)?;
        put_mask(layout, exam, &reading_grid(&record)?, mask, notes)
    }
}

/// Writes what makes an exam one of the atlas; notes first, for the mask decides.
pub(super) fn put_mask(layout: &Layout, exam: &ExamCode, grid: &Grid, mask: &Labels, notes: &AtlasNotes) -> Result<(), StudyError> {
    let refused = |problem: String| StudyError::Atlas { path: layout.root().to_owned(), problem };
    if grid.require_same(mask.grid()).is_err() {
        return Err(refused("the mask does not lie on the grid of the image that is read; export it on that grid".to_owned()));
    }
    let (at_mask, at_notes) = (layout.atlas_mask(exam), layout.atlas_notes(exam));
    for folder in [&at_mask, &at_notes].into_iter().filter_map(|path| path.parent()) {
        fs::create_dir_all(folder).map_err(|cause| StudyError::NotWritable { path: folder.to_owned(), cause })?;
    }
    let text = serde_json::to_vec_pretty(notes).map_err(|e| refused(e.to_string()))?;
    atomic_write(&at_notes, |out| out.write_all(&text))?;
    Ok(write_labels_nifti(&at_mask, mask, "Osteon atlas")?)
}

impl Atlas {
    /// Where it lies; its exams lie in it as a study's do.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Exams that are whole, sorted by code: with a record and an agreed mask. What lacks one of them was left by a program that
    /// was killed.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn codes(&self) -> Result<Vec<ExamCode>, StudyError> {
        let mut codes = self.layout.exam_codes().map_err(|e| StudyError::list(self.layout.exams(), e))?;
        codes.retain(|code| self.layout.exam_record(code).is_file() && self.layout.atlas_mask(code).is_file());
        Ok(codes)
    }

    /// Their records.
    ///
    /// # Errors
    /// If the folder cannot be listed, or a record is damaged.
    pub fn records(&self) -> Result<Vec<ExamRecord>, StudyError> {
        self.codes()?.iter().map(|code| Ok(ExamRecord::load(&self.layout, code)?)).collect()
    }

    /// One exam with its mask and notes.
    ///
    /// # Errors
    /// If there is no such exam, or image, mask or notes cannot be read or do not fit each other.
    pub fn exam(&self, code: &ExamCode) -> Result<AtlasExam, StudyError> {
        let record = ExamRecord::load(&self.layout, code)?;
        let image = record.load_image(&self.layout, &record.reading_sequence)?;
        let agreed = self.agreed(code)?;
        if image.grid().require_same(agreed.grid()).is_err() {
            let problem = "the agreed mask does not lie on its image; add the exam again".to_owned();
            return Err(StudyError::Atlas { path: self.layout.atlas_mask(code), problem });
        }
        let path = self.layout.atlas_notes(code);
        let notes = if path.is_file() { parse_notes(&path)? } else { AtlasNotes::default() };
        let plane = record.reading_plane()?;
        Ok(AtlasExam { code: code.clone(), image, plane, agreed, notes })
    }

    /// The agreed mask of an exam.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn agreed(&self, code: &ExamCode) -> Result<Labels, StudyError> {
        Ok(read_labels_nifti(&self.layout.atlas_mask(code)).map_err(crate::study::ExamError::from)?)
    }
}

fn parse_notes(path: &Path) -> Result<AtlasNotes, StudyError> {
    serde_json::from_slice(&read_bounded(path)?).map_err(|e| StudyError::Damaged { path: path.to_owned(), problem: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_written_as_a_person_writes() {
        let notes = AtlasNotes::parse("Mild oedema.\n7: level 2 behind the physis\n\n7 : not level 3\nRatio 2:1 is no slice\n");
        assert_eq!(notes.general, "Mild oedema. Ratio 2:1 is no slice");
        assert_eq!(notes.slices, BTreeMap::from([(7, "level 2 behind the physis not level 3".to_owned())]));
    }
}
