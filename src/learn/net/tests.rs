//! Our engine against candle's, and against finite differences through a tiny whole net.

use super::*;
use crate::learn::conv::Extent;
use crate::learn::form::NetForm;
use crate::learn::kernel::{Bf16, InstructionPath};
use crate::learn::objective::{LossKind, Objective};
use crate::learn::ops::{IGNORE, Loss};
use crate::learn::spec::NormKind;
use std::sync::atomic::AtomicBool;

#[cfg(any(feature = "cuda", feature = "metal"))]
mod device;

fn noise(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| (((i * 7919 + seed * 104_729 + i * i % 97) % 1013) as f32) / 506.0 - 1.0).collect()
}

struct Case {
    shape: UNetShape,
    parameters: Parameters,
    extent: Extent,
    planes: Vec<f32>,
    labels: Vec<u8>,
    dropout: Option<Dropout>,
    objective: Objective,
}

fn case(inputs: usize, base: usize, depth: usize, norm: NormKind) -> Case {
    case_of(UNetShape { inputs, classes: 4, base, depth, norm, form: None, deep: false })
}

/// Channels that fit no rule, a leak and biases on the way up.
fn formed(norm: NormKind) -> Case {
    let form = NetForm { encoder: vec![3, 5, 4], up: vec![2, 6], decoder: vec![5, 3], leak: 0.1, up_bias: true };
    case_of(UNetShape { inputs: 2, classes: 4, base: 3, depth: 3, norm, form: Some(form), deep: false })
}

fn case_of(shape: UNetShape) -> Case {
    let inputs = shape.inputs;
    let mut parameters = Parameters::fresh(&shape, 7);
    // Norms away from 1 and 0, so that a mistake in them shows.
    for (n, values) in parameters.all_mut().iter_mut().enumerate().filter(|(_, v)| v.len() <= 64) {
        for (v, d) in values.iter_mut().zip(noise(64, n)) {
            *v += 0.2 * d;
        }
    }
    let extent = Extent { batch: 2, height: 2 * shape.multiple(), width: 3 * shape.multiple() };
    let labels = (0..extent.pixels()).map(|n| if n % 11 == 0 { IGNORE } else { (n / 5 % 4) as u8 }).collect();
    Case { planes: noise(extent.pixels() * inputs, 3), shape, parameters, extent, labels, dropout: None, objective: Objective::default() }
}

impl Case {
    fn gradients(&self, engine: &mut dyn Engine, parameters: &Parameters) -> (f64, Parameters) {
        let mut out = parameters.zeros_like();
        let batch = Batch { extent: self.extent, planes: &self.planes, dropout: self.dropout };
        let loss = Loss::new(vec![0.5, 1.0, 2.0, 3.0], self.objective);
        let loss = engine.gradients(parameters, batch, &self.labels, &loss, &mut out, &AtomicBool::new(false)).unwrap().unwrap();
        (loss, out)
    }
}

/// Both engines, every instruction path.
fn engines_agree(case: &Case) {
    let (expected, reference) = case.gradients(&mut CandleEngine::new(case.shape.clone(), candle_core::Device::Cpu), &case.parameters);
    for path in InstructionPath::available() {
        let (loss, gradients) = case.gradients(&mut Tape::<f32>::new(case.shape.clone(), path), &case.parameters);
        assert!((loss - expected).abs() < 1e-4, "{path}: {loss} for {expected}");
        for ((info, ours), theirs) in case.shape.weights().iter().zip(gradients.all()).zip(reference.all()) {
            let distance = ours.iter().zip(theirs).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
            let size = theirs.iter().map(|b| f64::from(*b).powi(2)).sum::<f64>().sqrt();
            assert!(distance < 2e-3 * size + 1e-6, "{path} {}: {distance} of {size}", info.name);
        }
    }
}

/// Along the gradient itself the slope is its length, on every instruction path.
fn slope_is_gradient(case: &Case, h: f64) {
    for path in InstructionPath::available() {
        let (_, gradients) = case.gradients(&mut Tape::<f32>::new(case.shape.clone(), path), &case.parameters);
        slopes_along(case, &gradients, h, 0.05);
    }
}

/// Compares the slope of the `f32` loss along each weight's gradient with the gradient's length: one number per weight.
fn slopes_along(case: &Case, gradients: &Parameters, h: f64, tolerance: f64) {
    let mut tape = Tape::<f32>::new(case.shape.clone(), InstructionPath::detect());
    for (number, info) in case.shape.weights().iter().enumerate() {
        let length = gradients.get(number).iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
        let mut at = |by: f64| {
            let mut moved = case.parameters.clone();
            for (v, g) in moved.get_mut(number).iter_mut().zip(gradients.get(number)) {
                *v += (by * f64::from(*g) / length) as f32;
            }
            case.gradients(&mut tape, &moved).0
        };
        let slope = (at(h) - at(-h)) / (2.0 * h);
        assert!((slope - length).abs() < tolerance * length + 1e-3, "{}: {slope} for {length}", info.name);
    }
}

/// Distance of two lists of gradients over the size of the second.
fn apart(ours: &[f32], theirs: &[f32]) -> f64 {
    let distance = ours.iter().zip(theirs).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    distance / theirs.iter().map(|b| f64::from(*b).powi(2)).sum::<f64>().sqrt().max(1e-6)
}

#[test]
fn the_bf16_gradient_is_the_slope_of_the_true_loss() {
    for (mut case, has_slopes) in [(case(1, 16, 2, NormKind::Group), true), (formed(NormKind::Instance), false)] {
        case.extent = Extent { batch: 2, height: 16, width: 24 };
        case.planes = noise(case.extent.pixels() * case.shape.inputs, 3);
        case.labels = (0..case.extent.pixels()).map(|n| (n / 5 % 4) as u8).collect();
        let bf16 = |path| case.gradients(&mut Tape::<Bf16>::new(case.shape.clone(), path), &case.parameters);
        let (expected, _) = case.gradients(&mut Tape::<f32>::new(case.shape.clone(), InstructionPath::detect()), &case.parameters);
        let (_, portable) = bf16(InstructionPath::Portable);
        let own = InstructionPath::available().into_iter().filter(|path| path.multiplies_bf16());
        for path in own.chain([InstructionPath::Portable]) {
            let (loss, gradients) = bf16(path);
            // Each stored value is off by up to 2^-8 of itself; the mean over pixels by less.
            assert!((loss - expected).abs() < 5e-3, "{path}: {loss} for {expected}");
            for ((info, a), b) in case.shape.weights().iter().zip(gradients.all()).zip(portable.all()) {
                // Sums in another order round to another `bf16` now and then.
                assert!(apart(a, b) < 0.1, "{path} {}: {}", info.name, apart(a, b));
            }
            if has_slopes {
                // Along the `bf16` gradient the `f32` loss must fall about as fast as the gradient says: errors of single
                // values, 2^-8 at each of ten layers and signs of the ReLU that turn over, are across it rather than along it.
                slopes_along(&case, &gradients, 2e-3, 0.1);
            }
        }
    }
}

/// Heads at coarser levels, dropped channels and a loss of another kind, all at once.
fn rich_case() -> Case {
    let shape = UNetShape { inputs: 1, classes: 4, base: 4, depth: 4, norm: NormKind::Group, form: None, deep: true };
    let objective =
        Objective { loss: LossKind::Tversky { false_positives: 0.3, false_negatives: 0.7 }, ordinal: true, ..Objective::default() };
    Case { dropout: Some(Dropout { share: 0.3, seed: 4 }), objective, ..case_of(shape) }
}

/// Nets that between them use every operator, on odd sizes and numbers of channels.
fn operator_cases() -> Vec<Case> {
    let plain = [(1, 4, 3, NormKind::Group), (3, 5, 2, NormKind::Instance), (2, 16, 4, NormKind::Group), (1, 6, 1, NormKind::Group)];
    let mut cases: Vec<Case> = plain.map(|(inputs, base, depth, norm)| case(inputs, base, depth, norm)).into();
    cases.extend([NormKind::Batch, NormKind::Instance].map(formed));
    cases.extend([rich_case(), Case { objective: Objective::default(), ..rich_case() }]);
    cases
}

#[test]
fn our_engine_agrees_with_candles() {
    operator_cases().iter().for_each(engines_agree);
}

#[test]
fn the_gradient_is_the_finite_difference_through_the_whole_net() {
    slope_is_gradient(&case(1, 4, 3, NormKind::Group), 2e-3);
    slope_is_gradient(&formed(NormKind::Batch), 2e-3);
    // Logarithms of "at least" bend more: a shorter way.
    slope_is_gradient(&rich_case(), 5e-4);
}

#[test]
fn dropping_channels_and_learning_at_coarser_levels_change_the_loss_only_where_asked() {
    let rich = rich_case();
    let loss = |case: &Case| case.gradients(&mut Tape::<f32>::new(case.shape.clone(), InstructionPath::detect()), &case.parameters).0;
    let whole = Case { dropout: None, ..rich_case() };
    assert!((loss(&rich) - loss(&whole)).abs() > 1e-4);
    assert_eq!(loss(&rich), loss(&rich_case()), "the same seed drops the same channels");
    let none = Case { dropout: Some(Dropout { share: 0.0, seed: 4 }), ..rich_case() };
    assert_eq!(loss(&none), loss(&whole));
    // The finest level's values do not depend on the other heads.
    let plain = case_of(UNetShape { deep: false, ..rich.shape });
    let stop = AtomicBool::new(false);
    let logits = |case: &Case| {
        Tape::<f32>::new(case.shape.clone(), InstructionPath::detect())
            .logits(&case.parameters, Batch { extent: case.extent, planes: &case.planes, dropout: None }, &stop)
            .unwrap()
    };
    assert_eq!(logits(&whole), logits(&plain));
}

#[test]
fn logits_do_not_depend_on_the_rest_of_the_batch() {
    let case = case(1, 4, 3, NormKind::Group);
    compare_alone_and_together(&case, &mut Tape::<f32>::new(case.shape.clone(), InstructionPath::detect()));
    compare_alone_and_together(&case, &mut Tape::<Bf16>::new(case.shape.clone(), InstructionPath::detect()));
}

fn compare_alone_and_together(case: &Case, tape: &mut dyn Engine) {
    let stop = AtomicBool::new(false);
    let both = tape.logits(&case.parameters, Batch { extent: case.extent, planes: &case.planes, dropout: None }, &stop).unwrap();
    let one = Extent { batch: 1, ..case.extent };
    let alone = tape.logits(&case.parameters, Batch { extent: one, planes: &case.planes[..one.pixels()], dropout: None }, &stop).unwrap();
    assert_eq!(alone, both[..alone.len()]);
}
