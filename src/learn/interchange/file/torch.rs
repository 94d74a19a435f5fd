//! A `.pt` of PyTorch since 1.6: a zip file with a pickle, and an entry of raw numbers per storage.

use super::FileError;
use super::pickle::Pickle;
use super::value::{Id, Tensor, Value};
use super::zip::Archive;
use std::collections::BTreeMap;

/// The tensors of a `.pt`; numbers are read when asked for.
pub struct TorchFile<'a> {
    archive: Archive<'a>,
    /// What all names in the archive begin with, `NAME/`.
    folder: String,
    pickle: Pickle,
    tensors: BTreeMap<String, Id>,
}

/// How the format before 1.6 begins: a pickle of a magic number.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/// No weight has a longer name, in bytes.
const LONGEST_NAME: usize = 512;

/// No net has more weights.
const MOST_TENSORS: usize = 100_000;

/// Under which names trainings keep the state_dict in a checkpoint.
const USUAL_NAMES: [&str; 6] = ["state_dict", "model_state_dict", "model", "net", "network", "weights"];

impl<'a> TorchFile<'a> {
    /// Whether bytes begin like PyTorch's older format.
    pub fn is_legacy(bytes: &[u8]) -> bool {
        bytes.starts_with(LEGACY)
    }

    /// Reads names and shapes.
    pub fn open(bytes: &'a [u8]) -> Result<Self, FileError> {
        let archive = Archive::open(bytes)?;
        let folder = archive.names().find_map(|name| name.strip_suffix("data.pkl").filter(|f| f.is_empty() || f.ends_with('/')));
        let folder = folder.ok_or(FileError::Unknown)?.to_owned();
        if archive.has(&format!("{folder}constants.pkl")) {
            return Err(FileError::Script);
        }
        let order = format!("{folder}byteorder");
        if archive.has(&order) && archive.get(&order)? != b"little" {
            return Err(FileError::damaged("its numbers are big-endian"));
        }
        let pickle = Pickle::read(archive.get(&format!("{folder}data.pkl"))?)?;
        let tensors = state_dict(&pickle)?;
        Ok(Self { archive, folder, pickle, tensors })
    }

    /// Names of the tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    fn tensor(&self, name: &str) -> Option<&Tensor> {
        match self.pickle.value(*self.tensors.get(name)?) {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// Size of a tensor along each axis.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensor(name).map(|t| t.shape.as_slice())
    }

    /// Numbers of a tensor, the last axis fastest.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>, FileError> {
        let tensor = self.tensor(name).ok_or_else(|| FileError::Missing(name.to_owned()))?;
        let storage = tensor.storage;
        let Value::Text(key) = self.pickle.value(storage.key) else { return Err(FileError::damaged("a storage has no name")) };
        let data = self.archive.get(&format!("{}data/{key}", self.folder))?;
        let width = storage.kind.bytes();
        let outside = || FileError::damaged(format!("{name} reaches beyond its numbers"));
        if storage.length.checked_mul(width).is_none_or(|bytes| bytes != data.len()) {
            return Err(outside());
        }
        let count = tensor.shape.iter().try_fold(1_usize, |n, size| n.checked_mul(*size)).ok_or_else(outside)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let reach = |last: usize, (size, stride): (&usize, &usize)| (size - 1).checked_mul(*stride)?.checked_add(last);
        let last = tensor.shape.iter().zip(&tensor.strides).try_fold(tensor.offset, reach);
        // A tensor that shows its numbers more than once could ask for any memory; weights never do.
        if count > storage.length || last.is_none_or(|last| last >= storage.length) {
            return Err(outside());
        }
        let kind = || FileError::Kind { name: name.to_owned(), kind: "int64".to_owned() };
        places(tensor, count).map(|at| storage.kind.float(&data[at * width..]).ok_or_else(kind)).collect()
    }
}

/// Where in its storage each number of a tensor lies.
fn places(tensor: &Tensor, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(|n| {
        let axes = tensor.shape.iter().zip(&tensor.strides).rev();
        axes.fold((n, tensor.offset), |(n, at), (size, stride)| (n / size, at + n % size * stride)).1
    })
}

/// The dictionary of tensors: the value itself, or what trainings keep it under.
fn state_dict(pickle: &Pickle) -> Result<BTreeMap<String, Id>, FileError> {
    let Value::Dict(root) = pickle.root() else { return Err(FileError::NoWeights) };
    let inner =
        |name: &str| root.iter().find(|(key, _)| matches!(pickle.value(*key), Value::Text(text) if text == name)).map(|(_, id)| *id);
    let usual = USUAL_NAMES.iter().filter_map(|name| inner(name)).map(|id| pickle.value(id));
    for value in usual.chain([pickle.root()]) {
        let found = tensors_of(pickle, value)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(FileError::NoWeights)
}

/// The tensors of a dictionary by name; of several under one name the last, as in Python. Names are copied last: a dictionary may
/// name one text as often as it likes.
fn tensors_of(pickle: &Pickle, value: &Value) -> Result<BTreeMap<String, Id>, FileError> {
    let Value::Dict(pairs) = value else { return Ok(BTreeMap::new()) };
    if pairs.len() > MOST_TENSORS {
        return Err(FileError::TooMuch(format!("a dictionary of {} entries", pairs.len())));
    }
    let mut named: BTreeMap<&str, Id> = BTreeMap::new();
    for (key, id) in pairs {
        let (Value::Text(name), Value::Tensor(_)) = (pickle.value(*key), pickle.value(*id)) else { continue };
        if name.len() > LONGEST_NAME {
            return Err(FileError::TooMuch(format!("a weight with a name of {} bytes", name.len())));
        }
        named.insert(name, *id);
    }
    Ok(named.into_iter().map(|(name, id)| (name.to_owned(), id)).collect())
}
