//! The U-Net as its callers see it: it learns, repeats, stops, saves, and copes with odd sizes and bad numbers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use osteon::learn::{
    Arithmetic, Augmentation, Card, Compute, Example, LearnError, LossKind, Model, ModelSpec, Objective, OptimiserKind, Rate, Recipe,
    Sampler, StepReport, TrainOptions, Trainer, checkpoint,
};
use osteon::space::{Affine, Spacing};
use osteon::volume::{Grid, Image, Labels};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static GO: AtomicBool = AtomicBool::new(false);

fn spec(base: usize, depth: usize) -> ModelSpec {
    ModelSpec { base, depth, seed: 3, ..ModelSpec::new("water", "marrow", 3, "R1") }
}

/// A slice with a blob of each level, on tissue; levels differ in grey value and place.
fn slice(size: [usize; 2], shift: usize) -> Example {
    let [width, height] = size;
    let (mut planes, mut labels) = (Vec::new(), Vec::new());
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let level = (1..4_usize).find(|l| x.abs_diff(l * width / 4) + y.abs_diff((l * 3 + shift) * height / 13) < 3 + l % 2).unwrap_or(0);
        planes.push(0.2 + 0.2 * level as f32 + ((x * 7 + y * 13) % 11) as f32 * 0.01);
        labels.push(level as u8);
    }
    Example::new(planes, labels, size).unwrap()
}

fn trainer(base: usize, depth: usize, rate: f64) -> Trainer {
    let options = TrainOptions { rate: Rate::Constant { rate }, ..TrainOptions::default() };
    Trainer::new(&spec(base, depth).check().unwrap(), Recipe::default(), options).unwrap()
}

fn train(trainer: &mut Trainer, examples: &[Example], steps: usize) -> Vec<StepReport> {
    let batch: Vec<&Example> = examples.iter().collect();
    (0..steps).map(|_| trainer.step(&batch, &GO).unwrap()).collect()
}

#[test]
fn two_slices_with_three_levels_are_learnt_by_heart() {
    let examples = [slice([37, 30], 0), slice([32, 41], 1)];
    let mut trainer = trainer(8, 3, 5e-3);
    let reports = train(&mut trainer, &examples, 150);
    assert!(reports[0].loss > 1.5, "{}", reports[0].loss);
    assert!(reports[149].loss < 0.1, "{}", reports[149].loss);
    let model = trainer.snapshot();
    for example in &examples {
        let found = model.predict_slice(example.planes(), example.size(), &GO).unwrap();
        let wrong = found.labels.iter().zip(example.labels()).filter(|(a, b)| a != b).count();
        assert!(wrong * 100 < example.labels().len(), "{wrong} of {} pixels", example.labels().len());
        assert!(found.probability.iter().all(|p| (0.25..=1.0).contains(p)));
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_one_thread_and_on_three() {
    for (arithmetic, steps) in [(Arithmetic::F32, 6), (Arithmetic::Bf16, 3)] {
        let run = |threads: usize| bits_of_a_training(threads, &Compute::cpu(arithmetic), steps);
        let first = run(1);
        assert_eq!(first, run(1));
        assert_eq!(first, run(3));
    }
}

fn bits_of_a_training(threads: usize, compute: &Compute, steps: usize) -> (Vec<u32>, Vec<u32>) {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
        let examples: Vec<Example> = (0..6).map(|n| slice([61, 45], n)).collect();
        let mut sampler = Sampler::new(&examples, 11).unwrap();
        let mut trainer = trainer(8, 3, 2e-3).on(compute);
        let losses: Vec<u32> = (0..steps)
            .map(|_| {
                let batch = sampler.batch(&examples, 3, None, &Augmentation::for_layer("marrow"));
                trainer.step(&batch.iter().collect::<Vec<_>>(), &GO).unwrap().loss.to_bits()
            })
            .collect();
        let found = trainer.snapshot().predict_slice(examples[0].planes(), [61, 45], &GO).unwrap();
        (losses, found.probability.iter().map(|p| p.to_bits()).collect::<Vec<_>>())
    })
}

#[test]
fn a_saved_version_proposes_the_same_and_damage_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let version = folder.path().join("marrow").join("v1");
    let example = slice([33, 29], 0);
    let mut trainer = trainer(4, 3, 2e-3);
    train(&mut trainer, std::slice::from_ref(&example), 5);
    let model = trainer.snapshot();
    let card = Card { dice: [("level_3".to_owned(), None)].into(), parent: Some("v0".into()), ..Card::of(&model, 9, "2026-01-02") };
    checkpoint::save(&model, &card, &version).unwrap();
    let (loaded, read) = checkpoint::load(&version).unwrap();
    assert_eq!(read.dice, card.dice);
    assert_eq!((read.steps, read.parent.as_deref(), read.spec), (5, Some("v0"), spec(4, 3)));
    let predict = |m: &Model| m.predict_slice(example.planes(), [33, 29], &GO).unwrap();
    assert_eq!(predict(&loaded), predict(&model));
    assert_eq!(std::fs::read_dir(version.parent().unwrap()).unwrap().count(), 1, "nothing temporary is left");

    assert!(matches!(checkpoint::save(&model, &card, &version), Err(osteon::learn::CheckpointError::Exists(_))));
    let path = version.join(checkpoint::WEIGHTS_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(checkpoint::load(&version).unwrap_err().to_string().contains("hash"));
    let text = std::fs::read_to_string(version.join(checkpoint::CARD_FILE)).unwrap();
    let no_hash = text.replace(&read.weights_sha256, "").replace("\"base\": 4", "\"base\": 5");
    std::fs::write(version.join(checkpoint::CARD_FILE), no_hash).unwrap();
    let error = checkpoint::load(&version).unwrap_err().to_string();
    assert!(error.contains("`encoder.0.0.conv.weight` is F32 [4, 1, 3, 3], but should be F32 [5, 1, 3, 3]"), "{error}");

    let mut again = Trainer::resume(&loaded, TrainOptions::default()).unwrap();
    assert_eq!(train(&mut again, &[example], 1)[0].step, 6);
}

#[test]
fn several_members_and_mirror_images_are_averaged_and_saved_together() {
    let folder = tempfile::tempdir().unwrap();
    let example = slice([33, 29], 0);
    let member = |seed: u64| {
        let spec = ModelSpec { seed, ..spec(4, 3) }.check().unwrap();
        let mut trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap();
        train(&mut trainer, std::slice::from_ref(&example), 5);
        trainer.snapshot()
    };
    let prepared = |model: &Model| {
        let (image, _) = exam([20, 18, 2], [1.0, 1.0, 3.0]);
        model.probability_maps(&model.prepare(&[&image], 2).unwrap(), &GO, &mut |_, _| {}).unwrap()
    };
    let (one, two) = (member(1), member(2));
    let joined = Model::joined(vec![one.clone(), two.clone()]).unwrap();
    assert_eq!((joined.member_count(), joined.parameter_count()), (2, 2 * one.parameter_count()));
    let (p, a, b) = (prepared(&joined), prepared(&one), prepared(&two));
    for (p, (a, b)) in p.iter().flatten().zip(a.iter().flatten().zip(b.iter().flatten())) {
        assert!((p - 0.5 * (a + b)).abs() < 1e-5);
    }
    let card = Card::of(&joined, 9, "2026-01-02");
    checkpoint::save(&joined, &card, &folder.path().join("v1")).unwrap();
    let (loaded, read) = checkpoint::load(&folder.path().join("v1")).unwrap();
    assert_eq!((loaded.member_count(), read.members_sha256.len()), (2, 1));
    assert_eq!(prepared(&loaded), p);
    let path = folder.path().join("v1/weights-2.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert!(checkpoint::load(&folder.path().join("v1")).unwrap_err().to_string().contains("weights-2.safetensors"));
    assert!(Model::joined(vec![one.clone(), trainer(8, 3, 1e-3).snapshot()]).is_err());
    assert!(Model::joined(vec![one.clone(); 11]).is_err());
    assert!(Model::joined(Vec::new()).is_err());

    // The mirror image of a slice gets the mirror image of the proposal.
    let flipped = one.clone().with_flips(true).unwrap();
    let mirrored: Vec<f32> = example.planes().chunks(33).flat_map(|row| row.iter().rev().copied()).collect();
    let found = flipped.predict_slice(example.planes(), [33, 29], &GO).unwrap();
    let other = flipped.predict_slice(&mirrored, [33, 29], &GO).unwrap();
    for (row, other) in found.probability.chunks(33).zip(other.probability.chunks(33)) {
        assert!(row.iter().zip(other.iter().rev()).all(|(a, b)| (a - b).abs() < 1e-5));
    }
    assert_ne!(found, one.predict_slice(example.planes(), [33, 29], &GO).unwrap());
}

#[test]
fn every_option_learns_two_slices() {
    let kinds = [LossKind::Focal { gamma: 1.0 }, LossKind::Tversky { false_positives: 0.3, false_negatives: 0.7 }, LossKind::CrossEntropy];
    let plain = Objective::default();
    let mut objectives = kinds.map(|loss| Objective { loss, ..plain }).to_vec();
    objectives.push(Objective { ordinal: true, dropout: 0.1, deep_supervision: true, label_smoothing: 0.05, ..plain });
    let examples = [slice([37, 30], 0), slice([32, 41], 1)];
    for (n, objective) in objectives.into_iter().enumerate() {
        let spec = ModelSpec { objective, ..spec(8, 3) }.check().unwrap();
        let optimiser = if n == 0 { OptimiserKind::RmsProp } else { OptimiserKind::AdamW };
        let rate = Rate::Constant { rate: if n == 0 { 1e-3 } else { 5e-3 } };
        let mut trainer = Trainer::new(&spec, Recipe::default(), TrainOptions { rate, optimiser, ..TrainOptions::default() }).unwrap();
        let reports = train(&mut trainer, &examples, 100);
        assert!(reports[99].loss < 0.7 * reports[0].loss, "{objective:?}: {} from {}", reports[99].loss, reports[0].loss);
        let found = trainer.snapshot().predict_slice(examples[0].planes(), examples[0].size(), &GO).unwrap();
        let wrong = found.labels.iter().zip(examples[0].labels()).filter(|(a, b)| a != b).count();
        assert!(wrong * 20 < examples[0].labels().len(), "{objective:?}: {wrong} wrong");
    }
}

#[test]
fn a_step_stops_soon_after_it_is_told_and_leaves_the_weights() {
    let examples: Vec<Example> = (0..4).map(|n| slice([256, 256], n)).collect();
    let batch: Vec<&Example> = examples.iter().collect();
    let mut trainer = trainer(16, 4, 2e-3);
    let start = Instant::now();
    trainer.step(&batch, &GO).unwrap();
    let whole = start.elapsed();
    let before = trainer.snapshot().predict_slice(examples[0].planes(), [256, 256], &GO).unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let told = std::thread::spawn({
        let stop = stop.clone();
        move || {
            std::thread::sleep(whole / 4);
            stop.store(true, Ordering::Relaxed);
            Instant::now()
        }
    });
    let result = trainer.step(&batch, &stop);
    let late = told.join().unwrap().elapsed();
    assert!(matches!(result, Err(LearnError::Cancelled)), "{result:?}");
    assert!(late < whole / 2 + Duration::from_millis(100), "{late:?} after being told, a step takes {whole:?}");
    let after = trainer.snapshot().predict_slice(examples[0].planes(), [256, 256], &GO).unwrap();
    assert_eq!(before, after);
    assert!(matches!(trainer.snapshot().predict_slice(examples[0].planes(), [256, 256], &stop), Err(LearnError::Cancelled)));
}

#[test]
fn a_loss_that_is_no_number_keeps_the_last_good_weights() {
    let example = [slice([32, 32], 0)];
    let batch = [&example[0]];
    let mut trainer = trainer(4, 2, 2e-3);
    train(&mut trainer, &example, 3);
    trainer.set_learning_rate(Rate::Constant { rate: 1e38 });
    let last_good = trainer.step(&batch, &GO).unwrap().loss;
    let failed = trainer.step(&batch, &GO).expect_err("weights of 1e38 must fail");
    assert!(matches!(failed, LearnError::NotFinite { step: 5 }), "{failed}");
    let found = trainer.snapshot().predict_slice(example[0].planes(), [32, 32], &GO).unwrap();
    assert!(found.probability.iter().all(|p| p.is_finite()));
    trainer.set_learning_rate(Rate::Constant { rate: 2e-3 });
    let reports = train(&mut trainer, &example, 60);
    assert_eq!(reports[0].loss, last_good);
    assert!(reports[59].loss < 0.8 * last_good, "{} from {last_good}", reports[59].loss);
}

#[test]
fn any_size_and_any_grid_can_be_proposed_on() {
    let model = trainer(4, 4, 1e-3).snapshot();
    for size in [[1, 1], [1, 9], [17, 3], [8, 8], [33, 50]] {
        let planes = vec![0.5; size[0] * size[1]];
        assert_eq!(model.predict_slice(&planes, size, &GO).unwrap().labels.len(), planes.len());
    }
    assert!(matches!(model.predict_slice(&[0.0; 5], [2, 2], &GO), Err(LearnError::Unsuited(_))));
    let huge = vec![0.0; 4096 * 1025];
    let error = model.predict_slice(&huge, [4096, 1025], &GO).unwrap_err().to_string();
    assert!(error.contains("4096 × 1025"), "{error}");
    assert!(matches!(model.predict_slice(&[], [0, 2], &GO), Err(LearnError::Unsuited(_))));
}

/// A volume whose blobs of three grey values stand for the levels.
fn exam(shape: [usize; 3], spacing: [f64; 3]) -> (Image, Labels) {
    let grid = Arc::new(Grid::new(shape, Affine::from_spacing(Spacing::new(spacing).unwrap())).unwrap());
    let mut labels = Labels::empty(grid.clone());
    let mut values = Vec::new();
    for n in 0..grid.voxel_count() {
        let v = grid.voxel(n);
        let mm: [f64; 2] = std::array::from_fn(|a| v[a] as f64 * spacing[a]);
        let level = (1..4_u8).find(|l| (mm[0] - 8.0 * f64::from(*l)).hypot(mm[1] - 9.0 - 4.0 * f64::from(*l)) < 3.0).unwrap_or(0);
        labels.set(v, level);
        values.push(100.0 + 150.0 * f32::from(level) + (n % 13) as f32);
    }
    (Image::new(grid, values).unwrap(), labels)
}

#[test]
fn a_volume_of_another_pixel_size_is_proposed_on_its_own_grid() {
    let spec = ModelSpec { spacing_mm: Some([0.8, 0.8]), neighbours: 1, ..spec(8, 3) }.check().unwrap();
    let (image, labels) = exam([40, 38, 3], [0.8, 0.8, 3.0]);
    let mut trainer =
        Trainer::new(&spec, Recipe::default(), TrainOptions { rate: Rate::Constant { rate: 5e-3 }, ..TrainOptions::default() }).unwrap();
    let prepared = trainer.snapshot().prepare(&[&image], 2).unwrap();
    let examples: Vec<Example> = (0..3).map(|s| prepared.example(s, &labels, |v| v[0] > 0).unwrap()).collect();
    train(&mut trainer, &examples, 80);

    let (finer, truth) = exam([64, 61, 4], [0.5, 0.5, 3.0]);
    let mut heard = Vec::new();
    let found = trainer.snapshot().predict_volume(&finer, 2, Some(&[1, 3]), &GO, &mut |done, all| heard.push((done, all))).unwrap();
    assert_eq!(heard, [(0, 2), (1, 2), (2, 2)]);
    assert!(found.grid().same_as(finer.grid()));
    let (mut both, mut either) = ([0; 4], [0; 4]);
    for n in 0..truth.grid().voxel_count() {
        let v = truth.grid().voxel(n);
        if v[2] % 2 == 0 {
            assert_eq!(found.get(v), 0, "slices not asked for stay empty");
            continue;
        }
        let (a, b) = (usize::from(found.get(v)), usize::from(truth.get(v)));
        either[a] += 1;
        either[b] += 1;
        both[a] += 2 * usize::from(a == b);
    }
    for level in 1..4 {
        let dice = both[level] as f64 / either[level] as f64;
        assert!(dice > 0.8, "level {level}: {dice}");
    }
    let error = trainer.snapshot().predict_volume(&finer, 2, Some(&[4]), &GO, &mut |_, _| ()).unwrap_err();
    assert_eq!(error.to_string(), "there is no slice 4: the volume has 4 slices, counted from 0");
}

#[test]
fn bf16_learns_as_fast_as_single_precision() {
    let examples = [slice([37, 30], 0), slice([32, 41], 1)];
    let last_loss = |arithmetic: Arithmetic| {
        let mut trainer = trainer(8, 3, 5e-3).on(&Compute::cpu(arithmetic));
        train(&mut trainer, &examples, 40).iter().skip(35).map(|r| r.loss).sum::<f32>() / 5.0
    };
    let (single, half) = (last_loss(Arithmetic::F32), last_loss(Arithmetic::Bf16));
    assert!((half - single).abs() < 0.15 * single, "{half} for {single}");
}

#[test]
fn candles_operators_train_to_the_same_losses() {
    let examples = [slice([24, 20], 0), slice([24, 20], 1)];
    let losses = |compute: &Compute| -> Vec<f32> {
        let mut trainer = trainer(4, 3, 2e-3).on(compute);
        train(&mut trainer, &examples, 4).iter().map(|r| r.loss).collect()
    };
    let (ours, theirs) = (losses(&Compute::CPU), losses(&Compute::candle_cpu()));
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < 2e-2 * b, "{ours:?} {theirs:?}");
    }
}

#[test]
fn unlabelled_and_unsuited_slices_are_refused_in_words() {
    let mut trainer = trainer(4, 2, 1e-3);
    let nothing = Example::new(vec![0.0; 64], vec![Example::IGNORE; 64], [8, 8]).unwrap();
    assert!(matches!(trainer.step(&[&nothing], &GO), Err(LearnError::NothingLabelled)));
    let level9 = Example::new(vec![0.0; 64], vec![9; 64], [8, 8]).unwrap();
    let error = trainer.step(&[&level9], &GO).unwrap_err().to_string();
    assert_eq!(error, "this slice does not suit the model: it holds label 9 and the model knows labels up to 3");
    assert!(matches!(trainer.step(&[], &GO), Err(LearnError::NoExamples)));
    assert!(Example::new(vec![f32::NAN; 64], vec![0; 64], [8, 8]).is_err());
}
