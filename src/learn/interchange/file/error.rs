//! Why a file of weights cannot be read.

use thiserror::Error;

/// What is wrong with a file, to be read after its name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FileError {
    /// Nothing known.
    #[error("it is neither a safetensors file nor a zipped .pt of PyTorch; save the model's state_dict with torch.save or safetensors")]
    Unknown,
    /// PyTorch's format before 1.6.
    #[error("it is in PyTorch's format from before version 1.6; open it there and save it again with torch.save")]
    Legacy,
    /// A program.
    #[error("it is a TorchScript program and not weights; save the model's state_dict instead")]
    Script,
    /// A pickle that names what no state_dict needs.
    #[error("it names `{0}`, which no state_dict needs and which is not run; save the model's state_dict alone")]
    Foreign(String),
    /// A pickle with an operation that no state_dict needs.
    #[error("its pickle uses operation 0x{0:02x}, which no state_dict needs; save the model's state_dict alone")]
    Operation(u8),
    /// More of something than a state_dict has.
    #[error("it holds {0}, as no state_dict does; save the model's state_dict alone")]
    TooMuch(String),
    /// No dictionary of tensors.
    #[error("it holds no state_dict; save the model's state_dict with torch.save")]
    NoWeights,
    /// A weight that is not there.
    #[error("it has no weight `{0}`; check that it is of the layout that you expect")]
    Missing(String),
    /// Numbers of a kind that weights do not have.
    #[error("its weight `{name}` is of kind {kind}; save it as float32, float16, bfloat16 or float64")]
    Kind {
        /// The weight.
        name: String,
        /// What it is.
        kind: String,
    },
    /// Not whole.
    #[error("it is damaged ({0}); copy or save it again")]
    Damaged(String),
}

impl FileError {
    /// A damaged file.
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }
}
