//! A model as one safetensors file with its card in the metadata.

use super::NOTE;
use crate::learn::{Card, Model, checkpoint};

/// The bytes of the file: weights under the names of [`crate::learn::ModelSpec`]'s net, shapes as PyTorch has them, float32.
///
/// # Errors
/// One sentence, if the model has several nets, or the weights or the card cannot be written down.
pub fn export(model: &Model, card: &Card) -> Result<Vec<u8>, String> {
    let [net] = model.nets() else {
        return Err(format!(
            "the model is made of {} nets, which one file cannot hold; train it with one member, not `independent`",
            model.nets().len()
        ));
    };
    let card = checkpoint::card_of(model, card, String::new());
    let text = serde_json::to_string(&card).map_err(|e| e.to_string())?;
    checkpoint::encode(model.shape(), net, Some([(NOTE.to_owned(), text)].into()))
}
