//! Whether scoring sessions and their masks are what was written.

use super::plan::levels_of;
use super::{ScoreFile, ScoreItem};
use crate::io::read_labels_nifti;
use crate::study::store::reading_grid;
use crate::study::{CheckReport, ExamCode, Study, StudyError};

impl Study {
    /// Looks at every scoring session: its file, the chain of its marks and each mask; what is wrong goes into the report.
    pub(in crate::study) fn check_scores(&self, report: &mut CheckReport) -> Result<(), StudyError> {
        let layout = self.layout();
        for session in layout.score_sessions().map_err(|e| StudyError::list(layout.root().join("scores"), e))? {
            report.sessions += 1;
            let looked = ScoreFile::look(&layout.score_file(&session)).and_then(|file| {
                file.require_intact()?;
                Ok(file.plan().clone())
            });
            match looked {
                Ok(plan) => {
                    let bad = plan.items.iter().filter_map(|item| self.check_mask(&session, item).err());
                    report.problems.extend(bad.map(|e| e.to_string()));
                }
                Err(error) => report.problems.push(error.to_string()),
            }
        }
        Ok(())
    }

    /// A mask must be readable, lie on its exam's grid and hold the levels that the session was made with.
    fn check_mask(&self, session: &ExamCode, item: &ScoreItem) -> Result<(), StudyError> {
        let path = self.layout().score_mask(session, &item.code);
        let mask = read_labels_nifti(&path)?;
        let damaged = |problem: String| StudyError::Damaged { path: path.clone(), problem };
        reading_grid(&self.exam(&item.exam)?)?.require_same(mask.grid()).map_err(|e| damaged(e.to_string()))?;
        if levels_of(&mask) == item.levels {
            Ok(())
        } else {
            Err(damaged("it does not hold the levels that its session was made with".to_owned()))
        }
    }
}
