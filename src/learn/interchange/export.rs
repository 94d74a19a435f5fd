//! A model as one safetensors file with its card in the metadata.

use super::NOTE;
use crate::learn::{Card, Model, checkpoint};

/// The bytes of the file: weights under the names of [`crate::learn::ModelSpec`]'s net, shapes as PyTorch has them, float32.
///
/// # Errors
/// One sentence, if the model has several members, or the weights or the card cannot be written down.
pub fn export(model: &Model, card: &Card) -> Result<Vec<u8>, String> {
    if model.member_count() > 1 {
        return Err(format!(
            "the model is the mean of {} nets, which one file cannot hold; train it with one member",
            model.member_count()
        ));
    }
    let card = checkpoint::card_of(model, card, String::new());
    let text = serde_json::to_string(&card).map_err(|e| e.to_string())?;
    checkpoint::encode(model.shape(), model.parameters(), Some([(NOTE.to_owned(), text)].into()))
}
