//! A file of named weights, whatever its format.

use super::FileError;
use super::torch::TorchFile;
use super::value::Kind;
use super::zip::Archive;
use safetensors::tensor::{Dtype, SafeTensors};

/// Names, shapes and numbers of a file.
pub struct WeightsFile<'a> {
    format: Format<'a>,
    note: Option<String>,
}

enum Format<'a> {
    Safetensors(SafeTensors<'a>),
    Torch(TorchFile<'a>),
}

impl<'a> WeightsFile<'a> {
    /// Reads names and shapes; `note` is the entry of a safetensors file's metadata to be kept.
    ///
    /// # Errors
    /// [`FileError`], to be read after the file's name.
    pub fn open(bytes: &'a [u8], note: &str) -> Result<Self, FileError> {
        if Archive::is_one(bytes) {
            return Ok(Self { format: Format::Torch(TorchFile::open(bytes)?), note: None });
        }
        if TorchFile::is_legacy(bytes) {
            return Err(FileError::Legacy);
        }
        let file = SafeTensors::deserialize(bytes).map_err(|why| match why {
            // A header's length and its first letter, so it was meant as one.
            _ if bytes.get(8) == Some(&b'{') => FileError::damaged(why.to_string()),
            _ => FileError::Unknown,
        })?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|why| FileError::damaged(why.to_string()))?;
        let note = metadata.metadata().as_ref().and_then(|m| m.get(note).cloned());
        Ok(Self { format: Format::Safetensors(file), note })
    }

    /// The entry of the metadata that was asked for.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Names of all tensors, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = match &self.format {
            Format::Safetensors(file) => file.names(),
            Format::Torch(file) => file.names().collect(),
        };
        names.sort_unstable();
        names
    }

    /// Size of a tensor along each axis, if it is there.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<Vec<usize>> {
        match &self.format {
            Format::Safetensors(file) => file.tensor(name).ok().map(|view| view.shape().to_vec()),
            Format::Torch(file) => file.shape(name).map(<[usize]>::to_vec),
        }
    }

    /// Numbers of a tensor, the last axis fastest; never more than the file itself holds.
    ///
    /// # Errors
    /// If it is missing, damaged or no tensor of floats.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>, FileError> {
        let file = match &self.format {
            Format::Torch(file) => return file.floats(name),
            Format::Safetensors(file) => file,
        };
        let view = file.tensor(name).map_err(|_| FileError::Missing(name.to_owned()))?;
        let kind = match view.dtype() {
            Dtype::F32 => Kind::F32,
            Dtype::F16 => Kind::F16,
            Dtype::BF16 => Kind::BF16,
            Dtype::F64 => Kind::F64,
            other => return Err(FileError::Kind { name: name.to_owned(), kind: format!("{other:?}") }),
        };
        Ok(view.data().chunks_exact(kind.bytes()).filter_map(|b| kind.float(b)).collect())
    }
}
