//! The same checks of the operators on the graphics device of a build made for one; skipped, in words, where none is there.

use super::*;
use crate::learn::{Compute, Example, ModelSpec, Rate, Recipe, TrainOptions, Trainer};

/// How far sums in another order, and the device's own way to multiply, may take a gradient.
const APART: f64 = 5e-3;

/// The device, or none with a word on stderr.
fn device() -> Option<Compute> {
    let (compute, notice) = Compute::best();
    if ["cuda", "metal"].contains(&compute.word()) {
        return Some(compute);
    }
    eprintln!("skipped: {}", notice.unwrap_or_else(|| "there is no graphics device".to_owned()));
    None
}

#[test]
fn losses_and_gradients_of_every_operator_are_those_of_the_processor() {
    let Some(compute) = device() else { return };
    for case in operator_cases() {
        let (expected, reference) = case.gradients(&mut Tape::<f32>::new(case.shape.clone(), InstructionPath::Portable), &case.parameters);
        let (loss, gradients) = case.gradients(compute.engine(&case.shape).as_mut(), &case.parameters);
        assert!((loss - expected).abs() < 1e-3 * expected.abs().max(1.0), "{loss} for {expected}");
        for ((info, ours), theirs) in case.shape.weights().iter().zip(gradients.all()).zip(reference.all()) {
            assert!(apart(ours, theirs) < APART, "{}: {}", info.name, apart(ours, theirs));
        }
    }
}

#[test]
fn logits_are_those_of_the_processor_alone_and_in_a_batch() {
    let Some(compute) = device() else { return };
    let (case, stop) = (case(1, 4, 3, NormKind::Group), AtomicBool::new(false));
    let logits = |engine: &mut dyn Engine, extent: Extent| {
        let batch = Batch { extent, planes: &case.planes[..extent.pixels()], dropout: None };
        engine.logits(&case.parameters, batch, &stop).unwrap()
    };
    let expected = logits(&mut Tape::<f32>::new(case.shape.clone(), InstructionPath::Portable), case.extent);
    let mut engine = compute.engine(&case.shape);
    let (both, alone) = (logits(engine.as_mut(), case.extent), logits(engine.as_mut(), Extent { batch: 1, ..case.extent }));
    assert!(apart(&both, &expected) < APART && apart(&alone, &expected[..alone.len()]) < APART);
}

#[test]
fn a_net_learns_on_the_device_as_on_the_processor() {
    let Some(compute) = device() else { return };
    let planes: Vec<f32> = (0..32 * 24).map(|n| (n % 32) as f32 / 32.0).collect();
    let example = Example::new(planes, (0..32 * 24).map(|n| u8::from(n % 32 > 20)).collect(), [32, 24]).unwrap();
    let spec = ModelSpec { base: 4, depth: 3, seed: 3, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
    let options = TrainOptions { rate: Rate::Constant { rate: 5e-3 }, ..TrainOptions::default() };
    let losses = |compute: &Compute| -> Vec<f32> {
        let mut trainer = Trainer::new(&spec, Recipe::default(), options).unwrap().on(compute);
        (0..40).map(|_| trainer.step(&[&example], &AtomicBool::new(false)).unwrap().loss).collect()
    };
    let (ours, theirs) = (losses(&Compute::CPU), losses(&compute));
    assert!((ours[0] - theirs[0]).abs() < 1e-2 * ours[0], "{ours:?} {theirs:?}");
    assert!(theirs[39] < 0.5 * theirs[0], "{theirs:?}");
}
