//! A version of a model as a folder: `card.json` and `weights.safetensors` (of more nets `weights-2.safetensors` and so on).
//! The only file access of this module.

use super::net::{Parameters, UNetShape};
use super::tensors::{decode, encode, numbers_sha256, sha256};
use super::{Card, CheckedSpec, Model, SpecError};
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
    let encoded = model.nets().chunks(1).map(|net| encode(model.shape(), net, None)).collect::<Result<Vec<_>, _>>();
    let weights = encoded.map_err(|why| CheckpointError::Weights { path: folder.join(WEIGHTS_FILE), why })?;
    let card = card_of(model, card, weights.iter().map(|bytes| sha256(bytes)));
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

/// The card with what the model itself says, and a hash of each net.
pub(in crate::learn) fn card_of(model: &Model, card: &Card, mut hashes: impl Iterator<Item = String>) -> Card {
    let (spec, recipe) = (model.spec().spec().clone(), model.recipe().clone());
    let (weights_sha256, members_sha256) = (hashes.next().unwrap_or_default(), hashes.collect());
    Card { format: Card::FORMAT, spec, recipe, steps: model.steps(), weights_sha256, members_sha256, ..card.clone() }
}

/// Reads a folder that [`save`] wrote.
///
/// # Errors
/// If a file is missing, damaged, or does not belong to the other.
pub fn load(folder: &Path) -> Result<(Model, Card), CheckpointError> {
    let card = load_card(folder)?;
    let card_path = folder.join(CARD_FILE);
    let spec = card.spec.clone().check().map_err(|source| CheckpointError::Spec { path: card_path, source })?;
    let hashes = card.hashes();
    require_whole_members(hashes.len(), &spec).map_err(|why| CheckpointError::Weights { path: folder.join(WEIGHTS_FILE), why })?;
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
    let card = Card::read(card).map_err(|why| CheckpointError::Card { path: path(CARD_FILE), why })?;
    let spec = card.spec.clone().check().map_err(|source| CheckpointError::Spec { path: path(CARD_FILE), source })?;
    let net = require_whole_members(1, &spec).and_then(|()| net_of(weights, &card.weights_sha256, &spec));
    let net = net.map_err(|why| CheckpointError::Weights { path: path(WEIGHTS_FILE), why })?;
    Ok((Model::from_parts(spec, card.recipe.clone(), vec![net], card.steps), card))
}

/// Whether so many nets are whole members, and no more than a model can have.
fn require_whole_members(nets: usize, spec: &CheckedSpec) -> Result<(), String> {
    if nets.is_multiple_of(spec.nets()) && nets / spec.nets() <= Model::MOST_MEMBERS {
        return Ok(());
    }
    Err(format!("the card names {nets} nets, but a member has {} and a model at most {} members", spec.nets(), Model::MOST_MEMBERS))
}

/// Name of a net's file, counted from 0.
fn weights_file(net: usize) -> String {
    if net == 0 { WEIGHTS_FILE.to_owned() } else { format!("weights-{}.safetensors", net + 1) }
}

/// A model from the bytes of a file that holds all its nets, and the card from within it; what is wrong, in words.
pub(in crate::learn) fn from_one_file(bytes: &[u8], card: &Card) -> Result<Model, String> {
    let spec = card.spec.clone().check().map_err(|e| e.to_string())?;
    let hashes = card.hashes();
    require_whole_members(hashes.len(), &spec)?;
    let nets = decode(bytes, &UNetShape::of(&spec), hashes.len())?;
    let differs = nets.iter().zip(hashes).position(|(net, hash)| !hash.is_empty() && *hash != numbers_sha256(net));
    match differs {
        Some(net) => Err(format!("the numbers of net {} are not those that its card was written for", net + 1)),
        None => Ok(Model::from_parts(spec, card.recipe.clone(), nets, card.steps)),
    }
}

/// One net's weights; an empty hash is not asked about.
fn net_of(bytes: &[u8], hash: &str, spec: &CheckedSpec) -> Result<Parameters, String> {
    if !hash.is_empty() && hash != sha256(bytes) {
        return Err("its hash is not the card's".to_owned());
    }
    let mut nets = decode(bytes, &UNetShape::of(spec), 1)?;
    nets.pop().ok_or_else(|| "it holds no net".to_owned())
}

/// Reads only the card of a version's folder.
///
/// # Errors
/// If it is missing, damaged or of a later format.
pub fn load_card(folder: &Path) -> Result<Card, CheckpointError> {
    let path = folder.join(CARD_FILE);
    let bytes = read(&path)?;
    Card::read(&bytes).map_err(|why| CheckpointError::Card { path, why })
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
