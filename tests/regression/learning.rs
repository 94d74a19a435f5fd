//! Bugs of the learning engine.

use osteon::learn::{Arithmetic, Compute, Example, ModelSpec, Plan, Recipe, TrainOptions, Trainer};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

/// With bf16, layers of few rows whose channels are no multiple of 64 (the 96 of a net of 24) had the gradients of their last
/// channels mixed up: of nine taps four held another one's and four stayed 0.
#[test]
fn the_last_channels_of_wide_layers_learn_with_bf16_too() {
    let gradient = |arithmetic: Arithmetic| {
        let spec = ModelSpec { base: 96, depth: 1, seed: 3, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let mut trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap().on(&Compute::cpu(arithmetic));
        let planes: Vec<f32> = (0..256).map(|n| ((n * 7919) % 101) as f32 / 101.0 + (n % 16 / 8) as f32).collect();
        let example = Example::new(planes, (0..256).map(|n| u8::from(n % 16 > 7)).collect(), [16, 16]).unwrap();
        trainer.step(&[&example], &AtomicBool::new(false)).unwrap().gradient
    };
    let (single, half) = (gradient(Arithmetic::F32), gradient(Arithmetic::Bf16));
    assert!((half - single).abs() < 0.03 * single, "{half} for {single}");
}

/// The page on learning named the steps of a recipe without their fields, so that none could be written down from it.
#[test]
fn every_step_and_plan_on_the_page_about_learning_can_be_read() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/learning.md")).unwrap();
    let code = || page.split('`').skip(1).step_by(2).map(str::trim);
    let steps: BTreeSet<&str> = code().filter(|text| text.starts_with(r#"{"step":"#)).collect();
    assert_eq!(steps.len(), 6, "{steps:?}");
    for step in steps {
        let recipe = serde_json::from_str::<Recipe>(&format!(r#"{{"steps": [{step}]}}"#));
        assert!(recipe.is_ok_and(|recipe| recipe.steps.len() == 1), "{step}");
    }
    let plans: Vec<&str> = code().filter(|text| text.starts_with(r#"{"recipe":"#)).collect();
    assert_eq!(plans.len(), 2, "{plans:?}");
    for plan in plans {
        serde_json::from_str::<Plan>(plan).unwrap().check().unwrap();
    }
}
