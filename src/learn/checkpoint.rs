//! A version of a model as a folder: `card.json` and `weights.safetensors` (of more nets `weights-2.safetensors` and so on).
//! The only file access of this module.

use super::net::{Parameters, UNetShape};
use super::{Card, CheckedSpec, Model, SpecError};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Name of the weights file within a version's folder.
pub const WEIGHTS_FILE: &str = "weights.safetensors";
/// Name of the card within a version's folder.
pub const CARD_FILE: &str = "card.json";
/// How a version that is being written is called.
const SAVING: &str = ".saving-";
/// Larger files are no weights of ours.
const MOST_BYTES: u64 = 4 << 30;

/// Why a version could not be written or read.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// The folder is already there: versions are never overwritten.
    #[error("{0} already exists; versions of a model are never overwritten, choose another name")]
    Exists(PathBuf),
    /// The system refused.
    #[error("{path} could not be {done}: {source}; check the disk and the folder's permissions")]
    File {
        /// File or folder.
        path: PathBuf,
        /// `read` or `written`.
        done: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The card is not one.
    #[error("{path} is not a model's card ({why}); restore it from a backup or choose another version")]
    Card {
        /// The file.
        path: PathBuf,
        /// In words.
        why: String,
    },
    /// The card's specification cannot train or predict.
    #[error("{path}: {source}")]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SpecError,
    },
    /// The weights do not belong to the card.
    #[error("{path} does not hold this model's weights ({why}); restore it from a backup or choose another version")]
    Weights {
        /// The file.
        path: PathBuf,
        /// In words, naming the weight.
        why: String,
    },
}

/// Whether a version can be written as `folder`, to be asked before a training: that nothing is there and that its parent, or what is
/// there of it, takes a folder. Leaves nothing behind.
///
/// # Errors
/// As [`save`] would say it.
pub fn require_place(folder: &Path) -> Result<(), CheckpointError> {
    if folder.exists() {
        return Err(CheckpointError::Exists(folder.to_owned()));
    }
    let parents = folder.ancestors().skip(1).map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let Some(there) = parents.into_iter().find(|p| p.exists()) else { return Ok(()) };
    let made = tempfile::Builder::new().prefix(SAVING).tempdir_in(there);
    made.and_then(tempfile::TempDir::close).map_err(failed(folder, "written"))
}

/// Writes `folder` with weights and card, whole or not at all: into a temporary folder beside it, then renamed.
/// Steps, specification, recipe and the weights' hash in the card are the model's, whatever the card says.
///
/// # Errors
/// If the folder exists or a file cannot be written.
pub fn save(model: &Model, card: &Card, folder: &Path) -> Result<(), CheckpointError> {
    if folder.exists() {
        return Err(CheckpointError::Exists(folder.to_owned()));
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // The folder asked for is named: its parent may be `.`, which says nothing.
    fs::create_dir_all(parent).map_err(failed(folder, "written"))?;
    let temporary = tempfile::Builder::new().prefix(SAVING).tempdir_in(parent).map_err(failed(folder, "written"))?;
    let encoded = model.nets().iter().map(|net| encode(model.shape(), net, None)).collect::<Result<Vec<_>, _>>();
    let weights = encoded.map_err(|why| CheckpointError::Weights { path: folder.join(WEIGHTS_FILE), why })?;
    let mut hashes = weights.iter().map(|bytes| sha256(bytes));
    let card = card_of(model, card, hashes.next().unwrap_or_default());
    let card = Card { members_sha256: hashes.collect(), ..card };
    let text = serde_json::to_vec_pretty(&card).map_err(|e| CheckpointError::Card { path: folder.join(CARD_FILE), why: e.to_string() })?;
    let files = weights.iter().enumerate().map(|(at, bytes)| (weights_file(at), bytes));
    for (name, bytes) in files.chain([(CARD_FILE.to_owned(), &text)]) {
        let path = temporary.path().join(&name);
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(failed(&path, "written"))?;
    }
    sync_folder(temporary.path())?;
    fs::rename(temporary.path(), folder).map_err(failed(folder, "written"))?;
    // Renamed away: there is nothing left for the guard to remove.
    let _ = temporary.keep();
    sync_folder(parent)
}

/// The card with what the model itself says.
pub(in crate::learn) fn card_of(model: &Model, card: &Card, weights_sha256: String) -> Card {
    let (spec, recipe) = (model.spec().spec().clone(), model.recipe().clone());
    Card { format: Card::FORMAT, spec, recipe, steps: model.steps(), weights_sha256, members_sha256: Vec::new(), ..card.clone() }
}

/// Reads a folder that [`save`] wrote.
///
/// # Errors
/// If a file is missing, damaged, or does not belong to the other.
pub fn load(folder: &Path) -> Result<(Model, Card), CheckpointError> {
    let card = load_card(folder)?;
    let card_path = folder.join(CARD_FILE);
    let spec = card.spec.clone().check().map_err(|source| CheckpointError::Spec { path: card_path, source })?;
    let hashes: Vec<&String> = std::iter::once(&card.weights_sha256).chain(&card.members_sha256).collect();
    let wrong = |why: String| CheckpointError::Weights { path: folder.join(WEIGHTS_FILE), why };
    if !hashes.len().is_multiple_of(spec.nets()) || hashes.len() / spec.nets() > Model::MOST_MEMBERS {
        return Err(wrong(format!("the card names {} files for nets of {} labels", hashes.len(), spec.nets())));
    }
    let mut nets = Vec::with_capacity(hashes.len());
    for (at, hash) in hashes.into_iter().enumerate() {
        let path = folder.join(weights_file(at));
        let bytes = read(&path)?;
        nets.push(net_of(&bytes, hash, &spec).map_err(|why| CheckpointError::Weights { path, why })?);
    }
    Ok((Model::from_parts(spec, card.recipe.clone(), nets, card.steps), card))
}

/// A model and its card from the bytes of both files; `path` says how each is called in messages.
pub(in crate::learn) fn from_bytes(card: &[u8], weights: &[u8], path: impl Fn(&str) -> PathBuf) -> Result<(Model, Card), CheckpointError> {
    let card: Card = serde_json::from_slice(card).map_err(|e| CheckpointError::Card { path: path(CARD_FILE), why: e.to_string() })?;
    let model = from_weights(weights, &card).map_err(|why| CheckpointError::Weights { path: path(WEIGHTS_FILE), why })?;
    Ok((model, card))
}

/// Name of a net's file, counted from 0.
fn weights_file(net: usize) -> String {
    if net == 0 { WEIGHTS_FILE.to_owned() } else { format!("weights-{}.safetensors", net + 1) }
}

/// A model of one net from the bytes of its weights file and its card; what is wrong, in words.
pub(in crate::learn) fn from_weights(bytes: &[u8], card: &Card) -> Result<Model, String> {
    let spec = card.spec.clone().check().map_err(|e| e.to_string())?;
    if spec.nets() > 1 {
        return Err(format!("it holds one net, and the model has one for each of {} labels", spec.nets()));
    }
    let net = net_of(bytes, &card.weights_sha256, &spec)?;
    Ok(Model::from_parts(spec, card.recipe.clone(), vec![net], card.steps))
}

/// One net's weights; an empty hash is not asked about.
fn net_of(bytes: &[u8], hash: &str, spec: &CheckedSpec) -> Result<Parameters, String> {
    if !hash.is_empty() && hash != sha256(bytes) {
        return Err("its hash is not the card's".to_owned());
    }
    decode(bytes, &UNetShape::of(spec))
}

/// Reads only the card of a version's folder.
///
/// # Errors
/// If it is missing, damaged or of a later format.
pub fn load_card(folder: &Path) -> Result<Card, CheckpointError> {
    let path = folder.join(CARD_FILE);
    let bytes = read(&path)?;
    let card: Card = serde_json::from_slice(&bytes).map_err(|e| CheckpointError::Card { path: path.clone(), why: e.to_string() })?;
    if card.format != Card::FORMAT {
        let why = format!("format {} is not {}, the one this program knows", card.format, Card::FORMAT);
        return Err(CheckpointError::Card { path, why });
    }
    Ok(card)
}

/// The bytes of a safetensors file with one member's weights.
pub(in crate::learn) fn encode(
    shape: &UNetShape,
    parameters: &Parameters,
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, String> {
    let weights = shape.weights();
    let bytes: Vec<Vec<u8>> = parameters.all().iter().map(|v| v.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let mut views = Vec::with_capacity(weights.len());
    for (info, bytes) in weights.iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, info.shape.clone(), bytes).map_err(|e| format!("{}: {e}", info.name))?;
        views.push((info.name.clone(), view));
    }
    safetensors::serialize(views, metadata).map_err(|e| e.to_string())
}

fn decode(bytes: &[u8], shape: &UNetShape) -> Result<Parameters, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let weights = shape.weights();
    let mut values = Vec::with_capacity(weights.len());
    for info in &weights {
        let name = &info.name;
        let view = file.tensor(name).map_err(|_| format!("`{name}` is missing"))?;
        if view.dtype() != Dtype::F32 || view.shape() != info.shape {
            return Err(format!("`{name}` is {:?} {:?}, but should be F32 {:?}", view.dtype(), view.shape(), info.shape));
        }
        let (fours, _) = view.data().as_chunks::<4>();
        let of_weight: Vec<f32> = fours.iter().map(|b| f32::from_le_bytes(*b)).collect();
        if of_weight.iter().any(|v| !v.is_finite()) {
            return Err(format!("`{name}` holds a value that is not finite"));
        }
        values.push(of_weight);
    }
    if let Some(extra) = file.names().into_iter().find(|n| !weights.iter().any(|w| w.name == **n)) {
        return Err(format!("`{extra}` is no weight of this net"));
    }
    Parameters::from_values(shape, values).ok_or_else(|| "a weight has another size".to_owned())
}

fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    let size = fs::metadata(path).map_err(failed(path, "read"))?.len();
    if size > MOST_BYTES {
        return Err(CheckpointError::Weights { path: path.to_owned(), why: format!("it has {size} bytes") });
    }
    fs::read(path).map_err(failed(path, "read"))
}

/// Makes names in a folder last through a power cut; only Unix can open a folder for that.
fn sync_folder(folder: &Path) -> Result<(), CheckpointError> {
    if cfg!(unix) { File::open(folder).and_then(|f| f.sync_all()).map_err(failed(folder, "written")) } else { Ok(()) }
}

fn failed(path: &Path, done: &'static str) -> impl FnOnce(std::io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |source| CheckpointError::File { path, done, source }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
