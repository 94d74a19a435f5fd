//! Streams made here, whole, cut and spoilt.

use super::super::codec::Problem;
use super::decode;
use super::idct::BLOCK;
use super::test_encoder::{Coded, PROGRESSIVE, SEQUENTIAL, Script, places};
use proptest::prelude::*;

/// A picture with a ramp, waves and a little noise.
fn picture(size: (usize, usize), precision: u8, seed: u32) -> Vec<u16> {
    let highest = f64::from((1 << precision) - 1);
    let mut state = seed | 1;
    (0..size.0 * size.1)
        .map(|n| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((n % size.0) as f64, (n / size.0) as f64);
            let value = 0.5 + 0.3 * (x / 5.0).sin() + 0.2 * (y / 3.0).cos() + f64::from(state >> 24) / 2560.0;
            (value * highest).clamp(0.0, highest) as u16
        })
        .collect()
}

fn damaged(stream: &[u8], size: (usize, usize)) -> bool {
    matches!(decode(stream, size), Err(Problem::Damaged(_)))
}

fn not_read(stream: &[u8], size: (usize, usize)) -> Option<String> {
    match decode(stream, size) {
        Err(Problem::NotRead(what)) => Some(what),
        _ => None,
    }
}

/// Pixels by the formula itself (T.81 A.3.3), before rounding.
fn by_formula(coded: &Coded) -> Vec<f64> {
    let (width, height) = coded.size;
    let places = places();
    let mut out = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let block = &coded.blocks[y / 8 * width.div_ceil(8) + x / 8];
        let mut sum = 0.0;
        for (k, &place) in places.iter().enumerate() {
            let c = |n: usize| if n == 0 { 0.5_f64.sqrt() } else { 1.0 };
            let wave = |n: usize, at: usize| (((2 * at + 1) * n) as f64 * std::f64::consts::PI / 16.0).cos();
            let (v, u) = (place / 8, place % 8);
            let amount = f64::from(block[k]) * f64::from(coded.steps[k]);
            sum += c(u) * c(v) / 4.0 * amount * wave(u, x % 8) * wave(v, y % 8);
        }
        let shifted = sum + f64::from(1 << (coded.precision - 1));
        out.push(shifted.clamp(0.0, f64::from((1 << coded.precision) - 1)));
    }
    out
}

fn coded() -> impl Strategy<Value = Coded> {
    (1_usize..40, 1_usize..30, 9_u8..=12, 0_usize..5, any::<(bool, u32)>(), prop_oneof![Just(1_u16), 2_u16..60, 200_u16..600]).prop_map(
        |(width, height, precision, restart_interval, (filled, seed), step)| {
            let steps = std::array::from_fn(|k| step + k as u16 * (step / 8));
            Coded { restart_interval, filled, ..Coded::of(&picture((width, height), precision, seed), (width, height), precision, steps) }
        },
    )
}

fn script() -> impl Strategy<Value = &'static Script> {
    prop_oneof![Just(SEQUENTIAL), Just(PROGRESSIVE)]
}

proptest! {
    #[test]
    fn pixels_are_what_the_formula_says(coded in coded(), script in script()) {
        let got = decode(&coded.stream(script), coded.size).unwrap();
        prop_assert_eq!(got.len(), coded.size.0 * coded.size.1);
        for (got, expected) in got.iter().zip(by_formula(&coded)) {
            prop_assert!((f64::from(*got) - expected).abs() <= 0.5 + 1e-6, "{} for {}", got, expected);
        }
    }

    #[test]
    fn a_picture_comes_back_to_within_its_steps(size in (1_usize..40, 1_usize..30), step in 1_u16..40, seed: u32, script in script()) {
        let pixels = picture(size, 12, seed);
        let stream = Coded::of(&pixels, size, 12, [step; BLOCK]).stream(script);
        let got = decode(&stream, size).unwrap();
        // Each coefficient is off by half a step at most, and the cosines of a place add up to 8 at most.
        let bound = 4.0 * f64::from(step) + 0.5;
        for (a, b) in got.iter().zip(&pixels) {
            prop_assert!((f64::from(*a) - f64::from(*b)).abs() <= bound);
        }
    }

    #[test]
    fn spoilt_streams_end_in_an_error_or_a_picture(
        coded in coded(), script in script(), cut in any::<prop::sample::Index>(), whole: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        let mut stream = coded.stream(script);
        for (at, value) in changes {
            let at = at.index(stream.len());
            stream[at] ^= value;
        }
        if !whole {
            stream.truncate(cut.index(stream.len()));
        }
        if let Ok(pixels) = decode(&stream, coded.size) {
            prop_assert_eq!(pixels.len(), coded.size.0 * coded.size.1);
        }
    }

    #[test]
    fn any_bytes_after_a_sound_header(bytes in prop::collection::vec(any::<u8>(), 0..200), script in script(), keep in 0_usize..700) {
        let mut stream = Coded::of(&picture((17, 9), 12, 1), (17, 9), 12, [3; BLOCK]).stream(script);
        stream.truncate(keep);
        stream.extend(bytes);
        let _ = decode(&stream, (17, 9));
    }
}

#[test]
fn a_stream_that_is_cut_anywhere_is_refused() {
    let size = (20, 11);
    let coded = Coded { restart_interval: 2, ..Coded::of(&picture(size, 12, 5), size, 12, [40; BLOCK]) };
    // The end marker of a sequential stream says nothing new.
    for (script, spare) in [(SEQUENTIAL, 2), (PROGRESSIVE, 0)] {
        let stream = coded.stream(script);
        assert!(decode(&stream, size).is_ok());
        for length in 0..stream.len() - spare {
            assert!(damaged(&stream[..length], size), "{length} of {} bytes", stream.len());
        }
    }
}

#[test]
fn extremes_are_clamped_to_the_range_of_values() {
    let size = (16, 16);
    let pixels: Vec<u16> = (0..256).map(|n| if n * 7 % 3 == 0 { 4095 } else { 0 }).collect();
    let got = decode(&Coded::of(&pixels, size, 12, [90; BLOCK]).stream(PROGRESSIVE), size).unwrap();
    assert!(got.iter().all(|v| *v <= 4095) && got.contains(&0) && got.contains(&4095));
}

#[test]
fn what_is_not_read_is_refused_by_its_name() {
    let size = (8, 8);
    let stream = Coded::of(&picture(size, 12, 5), size, 12, [9; BLOCK]).stream(SEQUENTIAL);
    let sof = stream.windows(2).position(|w| w == [0xff, 0xc1]).unwrap();
    let with = |at: usize, value: u8| {
        let mut changed = stream.clone();
        changed[sof + at] = value;
        changed
    };
    assert!(not_read(&with(1, 0xc9), size).unwrap().contains("arithmetic"));
    assert!(not_read(&with(1, 0xc5), size).unwrap().contains("hierarchical"));
    assert!(not_read(&with(4, 16), size).unwrap().contains("16 bits"));
    assert!(damaged(&with(6, 9), size), "another height");
    assert!(damaged(&stream, (8, 16)));
    // Steps of 0, scans that send what was sent, and codes that overlap.
    let dqt = stream.windows(2).position(|w| w == [0xff, 0xdb]).unwrap();
    let mut changed = stream.clone();
    changed[dqt + 5] = 0;
    assert!(damaged(&changed, size));
    let twice: [(usize, usize, u8, u8); 2] = [(0, 0, 0, 0), (0, 0, 0, 0)];
    assert!(damaged(&Coded::of(&picture(size, 12, 5), size, 12, [9; BLOCK]).stream(&twice), size));
    let dht = stream.windows(2).position(|w| w == [0xff, 0xc4]).unwrap();
    changed = stream.clone();
    changed[dht + 5] = 3;
    assert!(damaged(&changed, size));
}

#[test]
fn a_short_stream_asks_for_no_memory() {
    let mut stream = Coded::of(&[0; 64], (8, 8), 12, [9; BLOCK]).stream(SEQUENTIAL);
    let sof = stream.windows(2).position(|w| w == [0xff, 0xc1]).unwrap();
    stream[sof + 5..sof + 9].copy_from_slice(&[0xff, 0xf8, 0x08, 0x00]);
    assert!(damaged(&stream, (2048, 65_528)));
}
