//! A model as one safetensors file with its card in the metadata.

use super::NOTE;
use crate::learn::tensors::{encode, numbers_sha256};
use crate::learn::{Card, Model, checkpoint};

/// The bytes of the file: weights under the names of [`crate::learn::ModelSpec`]'s net, shapes as PyTorch has them, float32. Of a
/// model of several nets each name begins with its net's number: `net-1.`, `net-2.` and so on, members one after another and of each
/// the nets of its labels.
///
/// # Errors
/// One sentence, if the weights or the card cannot be written down.
pub fn export(model: &Model, card: &Card) -> Result<Vec<u8>, String> {
    let card = checkpoint::card_of(model, card, model.nets().iter().map(|net| numbers_sha256(net)));
    let text = serde_json::to_string(&card).map_err(|e| e.to_string())?;
    encode(model.shape(), model.nets(), Some([(NOTE.to_owned(), text)].into()))
}
