//! Why weights from elsewhere cannot be taken over.

use super::file::FileError;
use crate::learn::SpecError;
use thiserror::Error;

/// What is wrong, to be read after the file's name.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Names of no known layout.
    #[error(
        "its weights are of no layout that is known (one is called `{0}`); known are milesial's U-Net, MONAI's BasicUNet and files that `osteon model export` wrote"
    )]
    UnknownLayout(String),
    /// A known layout with something that the net here cannot hold.
    #[error("{0}, which the net of this program cannot hold; the weights cannot be used here")]
    Unheld(String),
    /// A weight of another shape than its neighbours ask for.
    #[error("its weight `{name}` has the shape {found:?} but should have {expected:?}; check that the file is whole")]
    Shape {
        /// The weight.
        name: String,
        /// As in the file.
        found: Vec<usize>,
        /// As it must be.
        expected: Vec<usize>,
    },
    /// A weight that is no number.
    #[error("its weight `{0}` holds a value that is not finite; its training broke, take an earlier one")]
    NotFinite(String),
    /// Another number of input planes than was said.
    #[error(
        "its net takes {inputs} plane(s), but {sequences} sequence(s) with {neighbours} neighbour(s) give {given}; name as many sequences, or neighbours, as it was trained with"
    )]
    Inputs {
        /// Planes that the net takes.
        inputs: usize,
        /// Sequences said.
        sequences: usize,
        /// Neighbours said.
        neighbours: usize,
        /// Planes that these give.
        given: usize,
    },
    /// What was said about the model cannot be.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// Nobody says what it learnt.
    #[error("it does not say what it learnt, nor from whom; say it by --as with layer and reader, such as marrow-R1")]
    NoName,
    /// A recipe that its sequences do not suit.
    #[error("{0}; mend the recipe, or name other sequences")]
    Recipe(String),
    /// What was said is not what the card says.
    #[error("{option} says {said}, but its card says {card}; leave {option} out, for a file that this program wrote knows it")]
    Contradiction {
        /// The option.
        option: &'static str,
        /// What it says.
        said: String,
        /// What the card says.
        card: String,
    },
    /// Weights within a file of this program that are not its card's.
    #[error("it does not hold the weights of the model's card in it ({0}); export it again")]
    Weights(String),
    /// A card of this program that cannot be read.
    #[error("the model's card in it cannot be read ({0}); export it again")]
    Card(String),
}
