//! Which net a study's training is about, and the memory that it needs.

use super::memory_plan::{MemoryNeeds, largest};
use super::message::TrainRequest;
use super::training_data::TrainingData;
use crate::learn::{CheckedSpec, Example, Model, ModelSpec, Objective};
use crate::volume::LayerKind;

/// The specification of a training from fresh weights. `before` is the current version, if there is one: the net stays what it was
/// unless another is asked for.
///
/// # Errors
/// One sentence, if what is asked for cannot train.
pub(super) fn first_spec(
    request: &TrainRequest,
    labels: u8,
    sequences: Vec<String>,
    before: Option<&ModelSpec>,
) -> Result<CheckedSpec, String> {
    let mut spec = ModelSpec::new("", request.layer.word(), usize::from(labels), request.reader.as_str());
    let was = before.unwrap_or(&spec);
    (spec.base, spec.neighbours, spec.independent) = (
        request.net.base.unwrap_or(was.base),
        request.net.neighbours.unwrap_or(was.neighbours),
        request.net.independent.unwrap_or(was.independent),
    );
    spec.sequences = sequences;
    spec.seed = request.seed;
    spec.objective = Objective::BESIDE_READER;
    spec.smoothing_mm = if request.layer == LayerKind::Marrow { ModelSpec::USUAL_SMOOTHING_MM } else { 0.0 };
    spec.check().map_err(|e| e.to_string())
}

/// # Errors
/// One sentence, if another net is wished for than that of the version which the training goes on from.
pub(super) fn require_same_net(request: &TrainRequest, version: u32, spec: &CheckedSpec) -> Result<(), String> {
    let (wish, spec) = (request.net, spec.spec());
    let (base, neighbours) = (wish.base.unwrap_or(spec.base), wish.neighbours.unwrap_or(spec.neighbours));
    let independent = wish.independent.unwrap_or(spec.independent);
    if (base, neighbours, independent) == (spec.base, spec.neighbours, spec.independent) {
        return Ok(());
    }
    let words = |base, neighbours, independent| {
        format!("{base} channels with {neighbours} neighbouring slices{}", if independent { ", one net per label" } else { "" })
    };
    Err(format!(
        "{} goes on from version {version}, a net of {}: leave out what asks for {}.",
        request.model,
        words(spec.base, spec.neighbours, spec.independent),
        words(base, neighbours, independent)
    ))
}

/// What is known before the first step.
pub(super) fn needs(data: &TrainingData, model: &Model) -> MemoryNeeds {
    MemoryNeeds {
        data_bytes: data.bytes,
        parameters: model.parameter_count() as u64,
        largest: largest(data.examples.iter().map(Example::size)),
        looked_at: largest(data.held_out.iter().map(|held| held.exam.prepared.slices.size())),
        otherwise: "mark fewer slices done",
    }
}
