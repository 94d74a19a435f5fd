//! Nets as the bytes of one safetensors file, and back. A net alone has its weights under their own names, so that other programs
//! find what they look for; of several, each has its number before them: `net-2.head.weight`.

use super::net::{Parameters, UNetShape};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The bytes of a file with these nets, all of one shape.
///
/// # Errors
/// In words, if the format cannot hold them.
pub(in crate::learn) fn encode(
    shape: &UNetShape,
    nets: &[Arc<Parameters>],
    metadata: Option<HashMap<String, String>>,
) -> Result<Vec<u8>, String> {
    let weights = shape.weights();
    let mut all = Vec::with_capacity(weights.len() * nets.len());
    for (at, net) in nets.iter().enumerate() {
        for (info, values) in weights.iter().zip(net.all()) {
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            all.push((name(at, nets.len(), &info.name), &info.shape, bytes));
        }
    }
    let mut views = Vec::with_capacity(all.len());
    for (name, shape, bytes) in &all {
        let view = TensorView::new(Dtype::F32, (*shape).clone(), bytes).map_err(|e| format!("{name}: {e}"))?;
        views.push((name, view));
    }
    safetensors::serialize(views, metadata).map_err(|e| e.to_string())
}

/// So many nets of a shape from the bytes of a file that holds nothing else.
///
/// # Errors
/// In words that name the weight which is missing, of another kind or size, no number, or not theirs.
pub(in crate::learn) fn decode(bytes: &[u8], shape: &UNetShape, nets: usize) -> Result<Vec<Parameters>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let weights = shape.weights();
    let of_net = |net: usize| {
        let values = weights.iter().map(|info| numbers(&file, &name(net, nets, &info.name), &info.shape));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        Parameters::from_values(shape, values).ok_or_else(|| "a weight has another size".to_owned())
    };
    let found = (0..nets).map(of_net).collect::<Result<Vec<_>, _>>()?;
    let known: BTreeSet<String> = (0..nets).flat_map(|net| weights.iter().map(move |info| name(net, nets, &info.name))).collect();
    match file.names().into_iter().find(|name| !known.contains(*name)) {
        Some(extra) => Err(format!("`{extra}` is no weight of {}", if nets == 1 { "this net" } else { "these nets" })),
        None => Ok(found),
    }
}

/// SHA-256 of the numbers of a net, weight by weight, as float32 with the lowest byte first: the same however a file arranges them.
pub(in crate::learn) fn numbers_sha256(net: &Parameters) -> String {
    let mut sha = Sha256::new();
    for weight in net.all() {
        sha.update(weight.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>());
    }
    hex(&sha.finalize())
}

/// SHA-256 of a file's bytes.
pub(in crate::learn) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

/// How a weight of net number `net`, counted from 0, is called in a file of so many.
fn name(net: usize, of: usize, weight: &str) -> String {
    if of == 1 { weight.to_owned() } else { format!("net-{}.{weight}", net + 1) }
}

fn numbers(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let view = file.tensor(name).map_err(|_| format!("`{name}` is missing"))?;
    if view.dtype() != Dtype::F32 || view.shape() != shape {
        return Err(format!("`{name}` is {:?} {:?}, but should be F32 {shape:?}", view.dtype(), view.shape()));
    }
    let (fours, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = fours.iter().map(|b| f32::from_le_bytes(*b)).collect();
    if values.iter().any(|v| !v.is_finite()) {
        return Err(format!("`{name}` holds a value that is not finite"));
    }
    Ok(values)
}
