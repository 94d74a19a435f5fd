//! What a reader decided on a model's proposal for an exam they had not read: accepted whole, or refused.

use super::error::ReadError;
use super::view::ReadView;
use crate::edit::{Row, RowAction};
use crate::volume::LayerKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One decision; a note of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageVerdict {
    layer: String,
    /// Accepted, or refused.
    pub accepted: bool,
    /// Model and version: `marrow-R1/3`.
    pub model_version: String,
}

impl TriageVerdict {
    /// What the journal calls such notes.
    pub const TOPIC: &str = "triage";

    /// A decision on a layer.
    #[must_use]
    pub fn new(layer: LayerKind, accepted: bool, model_version: &str) -> Self {
        Self { layer: layer.word().to_owned(), accepted, model_version: model_version.to_owned() }
    }

    /// The text of the journal's row.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The decisions on an exam so far, by layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triage {
    verdicts: BTreeMap<LayerKind, TriageVerdict>,
    /// Layers that the reader changed by hand since: no longer the model's work alone.
    by_hand: BTreeSet<LayerKind>,
}

impl Triage {
    /// Takes a row in; the last decision counts.
    pub fn take_in(&mut self, row: &Row) {
        match &row.action {
            RowAction::Note { topic, text } if topic == TriageVerdict::TOPIC => self.decide(serde_json::from_str(text).ok()),
            RowAction::Paint { layer, kind, .. } if kind.model().is_none() => {
                self.by_hand.insert(*layer);
            }
            _ => {}
        }
    }

    fn decide(&mut self, verdict: Option<TriageVerdict>) {
        if let Some((verdict, layer)) = verdict.and_then(|v| LayerKind::from_word(&v.layer).map(|layer| (v, layer))) {
            self.by_hand.remove(&layer);
            self.verdicts.insert(layer, verdict);
        }
    }

    /// The last decision on a layer.
    #[must_use]
    pub fn verdict(&self, layer: LayerKind) -> Option<&TriageVerdict> {
        self.verdicts.get(&layer)
    }

    /// Whether a layer holds what a model proposed and nothing of the reader's own hand since.
    #[must_use]
    pub fn is_accepted(&self, layer: LayerKind) -> bool {
        self.verdict(layer).is_some_and(|v| v.accepted) && !self.by_hand.contains(&layer)
    }
}

impl ReadView {
    /// The decisions in this read, without reading what was painted.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn triage(&self) -> Result<Triage, ReadError> {
        #[derive(Deserialize)]
        struct Note {
            topic: Option<String>,
            text: Option<String>,
        }
        let reading = |e: rusqlite::Error| ReadError::reading(&self.path, &e);
        let mut triage = Triage::default();
        let wanted = "SELECT action, layer, body FROM journal WHERE action = 'note' OR (action = 'paint' AND model IS NULL) ORDER BY n";
        let mut statement = self.connection.prepare(wanted).map_err(reading)?;
        let mut rows = statement.query([]).map_err(reading)?;
        while let Some(row) = rows.next().map_err(reading)? {
            let action: String = row.get(0).map_err(reading)?;
            if action == "note" {
                let body: String = row.get(2).map_err(reading)?;
                let note = serde_json::from_str::<Note>(&body).ok().filter(|n| n.topic.as_deref() == Some(TriageVerdict::TOPIC));
                triage.decide(note.and_then(|n| serde_json::from_str(&n.text?).ok()));
            } else if let Some(layer) = row.get::<_, Option<String>>(1).map_err(reading)?.as_deref().and_then(LayerKind::from_word) {
                triage.by_hand.insert(layer);
            }
        }
        Ok(triage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{CommitKind, Patch};
    use crate::study::{JournalRow, Protocol, ReaderCode, Study};
    use std::sync::Arc;

    fn note(accepted: bool) -> RowAction {
        let verdict = TriageVerdict::new(LayerKind::Marrow, accepted, "marrow-R1/3");
        RowAction::Note { topic: TriageVerdict::TOPIC.to_owned(), text: verdict.to_text() }
    }

    fn paint(layer: LayerKind, kind: CommitKind, at: u32) -> RowAction {
        RowAction::Paint { layer, kind, patch: Arc::new(Patch::from_changes([(at, 0, 1)])) }
    }

    #[test]
    fn the_file_says_what_the_rows_say() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::init(&folder.path().join("s"), "S", &Protocol::sample()).unwrap();
        let exam = crate::study::store::tests::one_exam(&study);
        let reader = ReaderCode::new("R1").unwrap();
        let (_, mut file) = study.open_read_for(&reader, &exam, "2026-11-21T10:00:00Z").unwrap();
        let accepted = CommitKind::Accepted("marrow-R1/3".into());
        let steps = [
            (paint(LayerKind::Marrow, CommitKind::Hand, 0), false, None),
            (note(false), false, Some(false)),
            (note(true), true, Some(true)),
            (paint(LayerKind::Marrow, accepted, 1), true, Some(true)),
            (paint(LayerKind::Bone, CommitKind::Hand, 2), true, Some(true)),
            (RowAction::Note { topic: "slice".into(), text: "x".into() }, true, Some(true)),
            // Corrected by hand: the reader's own work now.
            (paint(LayerKind::Marrow, CommitKind::Hand, 3), false, Some(true)),
        ];
        let mut followed = Triage::default();
        for (n, (action, is_accepted, verdict)) in (1..).zip(steps) {
            let row = Row { n, name: "x".into(), action };
            followed.take_in(&row);
            file.append(&JournalRow { row, time: "2026-11-21T10:00:00Z".into(), reader: "R1".into(), window: None }).unwrap();
            assert_eq!(followed.is_accepted(LayerKind::Marrow), is_accepted, "row {n}");
            assert_eq!(followed.verdict(LayerKind::Marrow).map(|v| v.accepted), verdict, "row {n}");
            let view = ReadView::open(&study.layout().read(&reader, &exam, 1)).unwrap();
            assert_eq!(view.triage().unwrap(), followed, "row {n}");
        }
    }
}
