//! A row of the journal, and the columns it is stored in.

use crate::edit::tools::Square;
use crate::edit::{CommitKind, Patch, ReferencePlace, Row, RowAction};
use crate::volume::LayerKind;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// A row with when, by whom and under which window it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// What happened.
    pub row: Row,
    /// When, RFC 3339.
    pub time: String,
    /// Code of the reader.
    pub reader: String,
    /// Lower and upper grey value of the window in force.
    pub window: Option<[f32; 2]>,
}

/// The columns of a row, in the order of the table.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::study) struct StoredRow {
    pub n: u64,
    pub time: String,
    pub reader: String,
    pub name: String,
    pub action: String,
    pub layer: Option<String>,
    pub kind: Option<String>,
    pub model: Option<String>,
    pub window: Option<[f32; 2]>,
    pub body: String,
    pub runs: Option<Vec<u8>>,
}

/// What an action needs beyond layer, kind and runs.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    slice: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Vec<[f32; 2]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Vec<[f32; 2]>>,
    /// World position in mm and radius in mm.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<[f64; 4]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place_before: Option<[f64; 4]>,
    /// Slice, 1 where the shaft lies left (else 0), and both points in mm.
    #[serde(skip_serializing_if = "Option::is_none")]
    square: Option<[f64; 8]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    square_before: Option<[f64; 8]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl StoredRow {
    /// Topic of a note and what it says, on one line; `None` for every other row.
    pub fn note(&self) -> Option<[String; 2]> {
        let body: Body = serde_json::from_str(&self.body).ok().filter(|_| self.action == "note")?;
        let text = body.text.filter(|text| !text.is_empty())?;
        Some([body.topic.unwrap_or_default(), text.lines().map(str::trim).collect::<Vec<_>>().join("; ")])
    }

    /// The columns of a row for a grid of `voxel_count` voxels; says in words why a row makes no sense.
    pub fn encode(entry: &JournalRow, voxel_count: usize) -> Result<Self, String> {
        let row = &entry.row;
        if i64::try_from(row.n).is_err() {
            return Err("its number is too large".to_owned());
        }
        if entry.window.is_some_and(|w| w.iter().any(|v| !v.is_finite())) {
            return Err("its window is not two numbers".to_owned());
        }
        let mut body = Body::default();
        let (mut layer, mut kind, mut model, mut runs) = (None, None, None, None);
        let action = match &row.action {
            RowAction::Paint { layer: on, kind: how, patch } => {
                (layer, kind, model) = (Some(*on), Some(how.word()), how.model().map(str::to_owned));
                runs = Some(packed(patch, voxel_count)?);
                "paint"
            }
            RowAction::Done { layer: on, slice, done } => {
                (layer, body.slice, body.done) = (Some(*on), Some(*slice), Some(*done));
                "done"
            }
            RowAction::Undo { row: target } | RowAction::Redo { row: target } => {
                if *target == 0 || *target >= row.n {
                    return Err(format!("it names row {target}, which is not before it"));
                }
                body.row = Some(*target);
                if matches!(row.action, RowAction::Undo { .. }) { "undo" } else { "redo" }
            }
            RowAction::Outline { id, label, slice, points, before, patch } => {
                if points.iter().chain(before).flatten().any(|v| !v.is_finite()) {
                    return Err("its outline has a corner that is nowhere".to_owned());
                }
                (body.id, body.label, body.slice) = (Some(*id), Some(*label), Some(*slice));
                (body.points, body.before) = (Some(points.clone()), Some(before.clone()));
                (layer, runs) = (Some(LayerKind::Bone), Some(packed(patch, voxel_count)?));
                "outline"
            }
            RowAction::Reference { place, before } => {
                (body.place, body.place_before) = (place.map(four), before.map(four));
                "reference"
            }
            RowAction::Square { bone, square, before } => {
                (layer, body.label) = (Some(LayerKind::Bone), Some(*bone));
                (body.square, body.square_before) = (square.as_deref().map(eight), before.as_deref().map(eight));
                "square"
            }
            RowAction::Note { topic, text } => {
                (body.topic, body.text) = (Some(topic.clone()), Some(text.clone()));
                "note"
            }
        };
        Ok(Self {
            n: row.n,
            time: entry.time.clone(),
            reader: entry.reader.clone(),
            name: row.name.clone(),
            action: action.to_owned(),
            layer: layer.map(|l| l.word().to_owned()),
            kind: kind.map(str::to_owned),
            model,
            window: entry.window,
            body: serde_json::to_string(&body).map_err(|e| e.to_string())?,
            runs,
        })
    }

    /// The row that the columns hold; says in words what is wrong.
    pub fn decode(&self, voxel_count: usize) -> Result<JournalRow, String> {
        let body: Body = serde_json::from_str(&self.body).map_err(|e| format!("its body cannot be understood ({e})"))?;
        let incomplete = || format!("its action {:?} is incomplete or unknown", self.action);
        let layer = self.layer.as_deref().and_then(LayerKind::from_word);
        let patch = || match &self.runs {
            Some(runs) => unpacked(runs, voxel_count).map(Arc::new),
            None => Err(incomplete()),
        };
        let action = match self.action.as_str() {
            "paint" => RowAction::Paint {
                layer: layer.ok_or_else(incomplete)?,
                kind: self.kind.as_deref().and_then(|w| CommitKind::from_word(w, self.model.as_deref())).ok_or_else(incomplete)?,
                patch: patch()?,
            },
            "done" => RowAction::Done {
                layer: layer.ok_or_else(incomplete)?,
                slice: body.slice.ok_or_else(incomplete)?,
                done: body.done.ok_or_else(incomplete)?,
            },
            "undo" => RowAction::Undo { row: body.row.ok_or_else(incomplete)? },
            "redo" => RowAction::Redo { row: body.row.ok_or_else(incomplete)? },
            "outline" => RowAction::Outline {
                id: body.id.ok_or_else(incomplete)?,
                label: body.label.ok_or_else(incomplete)?,
                slice: body.slice.ok_or_else(incomplete)?,
                points: body.points.ok_or_else(incomplete)?,
                before: body.before.ok_or_else(incomplete)?,
                patch: patch()?,
            },
            "reference" => RowAction::Reference {
                place: body.place.map(|p| place(p).ok_or_else(incomplete)).transpose()?,
                before: body.place_before.map(|p| place(p).ok_or_else(incomplete)).transpose()?,
            },
            "square" => {
                let bone = body.label.ok_or_else(incomplete)?;
                let of = |numbers: Option<[f64; 8]>| numbers.map(|n| square_of(bone, n).map(Box::new).ok_or_else(incomplete)).transpose();
                RowAction::Square { bone, square: of(body.square)?, before: of(body.square_before)? }
            }
            "note" => RowAction::Note { topic: body.topic.ok_or_else(incomplete)?, text: body.text.ok_or_else(incomplete)? },
            _ => return Err(incomplete()),
        };
        Ok(JournalRow {
            row: Row { n: self.n, name: self.name.clone(), action },
            time: self.time.clone(),
            reader: self.reader.clone(),
            window: self.window,
        })
    }

    /// Every column with its length before it, so that no two rows have the same bytes: what the chain hashes.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut field = |content: Option<&[u8]>| {
            bytes.push(u8::from(content.is_some()));
            let content = content.unwrap_or_default();
            bytes.extend((content.len() as u64).to_le_bytes());
            bytes.extend(content);
        };
        field(Some(&self.n.to_le_bytes()));
        for text in [&self.time, &self.reader, &self.name, &self.action] {
            field(Some(text.as_bytes()));
        }
        for text in [&self.layer, &self.kind, &self.model] {
            field(text.as_ref().map(String::as_bytes));
        }
        field(self.window.map(|[lower, upper]| [lower.to_le_bytes(), upper.to_le_bytes()].concat()).as_deref());
        field(Some(self.body.as_bytes()));
        field(self.runs.as_deref());
        bytes
    }
}

const fn four(place: ReferencePlace) -> [f64; 4] {
    let [x, y, z] = place.centre_mm();
    [x, y, z, place.radius_mm()]
}

fn place([x, y, z, radius]: [f64; 4]) -> Option<ReferencePlace> {
    ReferencePlace::new([x, y, z], radius)
}

/// A square as its numbers.
fn eight(square: &Square) -> [f64; 8] {
    let [[a, b, c], [d, e, f]] = square.physis_mm();
    [square.slice() as f64, f64::from(u8::from(square.shaft_left())), a, b, c, d, e, f]
}

/// The square of eight numbers; `None` where they make no sense.
fn square_of(bone: u8, [slice, left, a, b, c, d, e, f]: [f64; 8]) -> Option<Square> {
    let whole = slice.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&slice);
    if whole && (left == 0.0 || left == 1.0) { Square::new(bone, slice as usize, [[a, b, c], [d, e, f]], left == 1.0) } else { None }
}

/// The patch's bytes, deflated where that makes them smaller; the first byte tells (0 plain, 1 deflated).
fn packed(patch: &Patch, voxel_count: usize) -> Result<Vec<u8>, String> {
    if patch.runs().last().is_some_and(|run| u64::from(run.at) + u64::from(run.length) > voxel_count as u64) {
        return Err("it changes voxels outside the image".to_owned());
    }
    let plain = patch.to_bytes();
    let mut packed = vec![1];
    packed.extend(deflated(&plain).map_err(|e| e.to_string())?);
    if packed.len() > plain.len() {
        packed.splice(.., std::iter::once(0).chain(plain));
    }
    Ok(packed)
}

fn unpacked(bytes: &[u8], voxel_count: usize) -> Result<Patch, String> {
    // A run takes at most 12 bytes and covers a voxel or more: no honest patch is larger, however well it was deflated.
    let limit = voxel_count.saturating_mul(12);
    let plain = match bytes.split_first() {
        Some((0, plain)) => plain.to_vec(),
        Some((1, rest)) => inflated(rest, limit).ok_or("its runs cannot be unpacked")?,
        _ => return Err("its runs are missing".to_owned()),
    };
    Patch::from_bytes(&plain, voxel_count).map_err(|e| e.to_string())
}

/// Deflates fast: the disk is waited for, not the ratio.
fn deflated(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Inflates to at most `limit` bytes; `None` where there are more or the bytes are no deflate stream.
fn inflated(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    DeflateDecoder::new(bytes).take(limit as u64 + 1).read_to_end(&mut plain).ok()?;
    (plain.len() <= limit).then_some(plain)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const VOXELS: usize = 4096;

    fn any_patch() -> impl Strategy<Value = Arc<Patch>> {
        prop::collection::btree_map(0_u32..VOXELS as u32, (0_u8..4, 0_u8..4), 0..150)
            .prop_map(|changes| Arc::new(Patch::from_changes(changes.into_iter().map(|(at, (b, a))| (at, b, a)))))
    }

    fn any_kind() -> impl Strategy<Value = CommitKind> {
        prop_oneof![
            Just(CommitKind::Hand),
            Just(CommitKind::Threshold),
            Just(CommitKind::Filled),
            Just(CommitKind::Interpolated),
            Just(CommitKind::Copied),
            Just(CommitKind::Consensus),
            Just(CommitKind::Imported),
            ".{0,12}".prop_map(CommitKind::Adopted),
            ".{0,12}".prop_map(CommitKind::Accepted)
        ]
    }

    fn any_points() -> impl Strategy<Value = Vec<[f32; 2]>> {
        prop::collection::vec(prop::array::uniform2(-1e4_f32..1e4), 0..20)
    }

    fn any_square() -> impl Strategy<Value = (usize, [[f64; 3]; 2], bool)> {
        let mm = || prop::array::uniform3(-9e4_f64..9e4);
        (0_usize..4000, mm(), mm(), any::<bool>()).prop_map(|(slice, p, q, left)| (slice, [p, q], left))
    }

    fn any_action() -> impl Strategy<Value = RowAction> {
        let layer = || prop_oneof![Just(LayerKind::Marrow), Just(LayerKind::Bone), Just(LayerKind::Exclusion)];
        let place = || {
            let place = (prop::array::uniform3(-1e3_f64..1e3), 0.1_f64..100.0);
            prop::option::of(place.prop_map(|(centre, radius)| ReferencePlace::new(centre, radius).unwrap()))
        };
        prop_oneof![
            (layer(), any_kind(), any_patch()).prop_map(|(layer, kind, patch)| RowAction::Paint { layer, kind, patch }),
            (layer(), any::<u32>(), any::<bool>()).prop_map(|(layer, slice, done)| RowAction::Done { layer, slice, done }),
            (place(), place()).prop_map(|(place, before)| RowAction::Reference { place, before }),
            (1_u8.., prop::option::of(any_square()), prop::option::of(any_square())).prop_map(|(bone, a, b)| {
                let of = |s: Option<(usize, [[f64; 3]; 2], bool)>| s.and_then(|(slice, mm, left)| Square::new(bone, slice, mm, left));
                RowAction::Square { bone, square: of(a).map(Box::new), before: of(b).map(Box::new) }
            }),
            (".{0,12}", ".{0,40}").prop_map(|(topic, text)| RowAction::Note { topic, text }),
            (1_u64..50).prop_map(|row| RowAction::Undo { row }),
            (1_u64..50).prop_map(|row| RowAction::Redo { row }),
            (any::<u32>(), any::<u8>(), any::<u32>(), any_points(), any_points(), any_patch())
                .prop_map(|(id, label, slice, points, before, patch)| RowAction::Outline { id, label, slice, points, before, patch }),
        ]
    }

    fn any_row() -> impl Strategy<Value = JournalRow> {
        (50_u64..1 << 40, ".{0,30}", any_action(), ".{0,30}", prop::option::of(prop::array::uniform2(-1e6_f32..1e6)))
            .prop_map(|(n, name, action, time, window)| JournalRow { row: Row { n, name, action }, time, reader: "R1".into(), window })
    }

    proptest! {
        #[test]
        fn columns_hold_the_whole_row(row in any_row()) {
            prop_assert_eq!(StoredRow::encode(&row, VOXELS).unwrap().decode(VOXELS).unwrap(), row);
        }

        #[test]
        fn different_rows_have_different_bytes(a in any_row(), b in any_row()) {
            let bytes = |row| StoredRow::encode(row, VOXELS).unwrap().canonical_bytes();
            prop_assert_eq!(bytes(&a) == bytes(&b), a == b);
        }

        #[test]
        fn no_columns_make_it_panic(action in "paint|done|undo|redo|outline|reference|note|x", body in "\\{\"(row|slice|id)\":[0-9]{0,3}\\}|.{0,20}", runs in prop::option::of(prop::collection::vec(any::<u8>(), 0..40))) {
            let row = StoredRow { n: 3, time: String::new(), reader: String::new(), name: String::new(), action, layer: Some("bone".into()), kind: Some("hand".into()), model: None, window: None, body, runs };
            let _ = row.decode(VOXELS);
        }
    }

    #[test]
    fn rows_that_make_no_sense_are_refused() {
        let row =
            |action| JournalRow { row: Row { n: 5, name: String::new(), action }, time: String::new(), reader: "R1".into(), window: None };
        let outside = Arc::new(Patch::from_changes([(10, 0, 1)]));
        let nowhere =
            RowAction::Outline { id: 1, label: 1, slice: 0, points: vec![[f32::NAN, 0.0]], before: vec![], patch: Arc::default() };
        for bad in [
            row(RowAction::Undo { row: 5 }),
            row(RowAction::Redo { row: 0 }),
            row(RowAction::Paint { layer: LayerKind::Bone, kind: CommitKind::Hand, patch: outside }),
            row(nowhere),
            JournalRow { window: Some([0.0, f32::INFINITY]), ..row(RowAction::Undo { row: 1 }) },
        ] {
            assert!(StoredRow::encode(&bad, 10).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_deflate_bomb_is_cut_off() {
        let bomb = deflated(&vec![0; 1 << 20]).unwrap();
        assert!(inflated(&bomb, 1 << 10).is_none());
        assert_eq!(inflated(&bomb, 1 << 20).unwrap().len(), 1 << 20);
    }
}
