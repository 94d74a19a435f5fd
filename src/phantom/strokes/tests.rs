//! Strokes repaint what they were made from.

use super::*;
use crate::phantom::{SimulatedReader, knee};
use crate::space::{Affine, Spacing};
use crate::volume::Grid;
use proptest::prelude::*;
use std::sync::Arc;

/// Paints strokes by the rule that [`SimulatedStroke`] states.
fn painted(strokes: &[SimulatedStroke], size: [usize; 2], pixel_mm: [f64; 2]) -> Vec<u8> {
    let mut canvas = vec![0; size[0] * size[1]];
    for stroke in strokes {
        for (n, pixel) in canvas.iter_mut().enumerate() {
            let at = [(n % size[0]) as f64 * pixel_mm[0], (n / size[0]) as f64 * pixel_mm[1]];
            let mm = |p: [f64; 2]| [p[0] * pixel_mm[0], p[1] * pixel_mm[1]];
            let first = mm(stroke.points[0]);
            let mut nearest = (at[0] - first[0]).hypot(at[1] - first[1]);
            for pair in stroke.points.windows(2) {
                nearest = nearest.min(from_segment(at, mm(pair[0]), mm(pair[1])));
            }
            if nearest <= stroke.radius_mm {
                *pixel = stroke.label;
            }
        }
    }
    canvas
}

fn from_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let d = [b[0] - a[0], b[1] - a[1]];
    let t = ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (d[0] * d[0] + d[1] * d[1]).max(1e-12);
    let t = t.clamp(0.0, 1.0);
    (p[0] - a[0] - t * d[0]).hypot(p[1] - a[1] - t * d[1])
}

fn dice(a: &[u8], b: &[u8], label: u8) -> Option<f64> {
    let both = a.iter().zip(b).filter(|(x, y)| **x == label && **y == label).count();
    let sum = a.iter().chain(b).filter(|x| **x == label).count();
    (sum > 0).then(|| 2.0 * both as f64 / sum as f64)
}

#[test]
fn strokes_repaint_what_a_reader_painted() {
    let exam = knee(2, 1).unwrap();
    let target = exam.read_by(SimulatedReader::One, 4);
    let plane = exam.plane();
    let [width, height] = plane.size();
    let mut strokes_in_all = 0;
    for slice in [3, 6, 7, 8, 10] {
        let strokes = exam.strokes(&target, slice);
        strokes_in_all += strokes.len();
        let wanted: Vec<u8> = (0..width * height).map(|n| target.get(plane.voxel(slice, [n % width, n / width]))).collect();
        let got = painted(&strokes, plane.size(), plane.pixel_mm(exam.grid().world_from_voxel()));
        for level in 1..=3 {
            let Some(dice) = dice(&wanted, &got, level) else { continue };
            assert!(dice >= 0.9, "slice {slice}, level {level}: Dice {dice:.3}");
        }
    }
    assert!(strokes_in_all < 5 * 90, "{strokes_in_all} strokes are no hand's");
    assert!(exam.strokes(&target, 999).is_empty());
}

#[test]
fn a_right_slice_needs_no_stroke_and_a_wrong_patch_few() {
    let exam = knee(2, 1).unwrap();
    let target = exam.read_by(SimulatedReader::One, 4);
    let plane = exam.plane();
    let empty = Labels::empty(target.grid().clone());
    let count = |start: &Labels, target: &Labels, leave| strokes_between(start, target, &plane, 7, leave).len();
    let from_empty = count(&empty, &target, 0.1);
    assert!(from_empty > 5 && count(&empty, &target, 0.3) < from_empty && from_empty < count(&empty, &target, 0.02));
    assert_eq!(count(&target, &target, 0.0), 0);
    // A wrong patch beside what is right, on an empty slice too.
    let mut start = target.clone();
    for (u, v) in (2..24).flat_map(|u| (2..24).map(move |v| (u, v))) {
        start.set(plane.voxel(7, [u, v]), 3);
    }
    let strokes = strokes_between(&start, &target, &plane, 7, 0.0);
    assert!(!strokes.is_empty() && strokes.len() < from_empty, "{} of {from_empty}", strokes.len());
    assert!(strokes.iter().all(|s| s.label == 0));
    assert!(strokes_between(&start, &empty, &plane, 7, 0.0).iter().all(|s| s.label == 0));
    assert!(strokes_between(&start, &target, &plane, 999, 0.0).is_empty());
    // Nothing is left where nothing may be.
    let [width, height] = plane.size();
    let mut canvas: Vec<u8> = (0..width * height).map(|n| start.get(plane.voxel(7, [n % width, n / width]))).collect();
    let pixel_mm = plane.pixel_mm(exam.grid().world_from_voxel());
    for stroke in &strokes {
        let stamped = painted(std::slice::from_ref(&SimulatedStroke { label: 9, ..stroke.clone() }), plane.size(), pixel_mm);
        canvas.iter_mut().zip(stamped).filter(|(_, s)| *s == 9).for_each(|(c, _)| *c = stroke.label);
    }
    assert!((0..width * height).all(|n| canvas[n] == target.get(plane.voxel(7, [n % width, n / width]))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_mask_is_painted_nearly_and_without_panic(
        cells in prop::collection::vec(0..4_u8, 7 * 6), x in 0.5..1.5_f64, y in 0.5..1.5_f64, cell in 1..4_usize,
    ) {
        // Blocks of `cell` pixels that also touch the border of the slice.
        let (width, height) = (7 * cell, 6 * cell);
        let affine = Affine::from_spacing(Spacing::new([x, y, 4.0]).unwrap());
        let mut target = Labels::empty(Arc::new(Grid::new([width, height, 1], affine.clone()).unwrap()));
        for n in 0..width * height {
            target.set([n % width, n / width, 0], cells[n % width / cell + n / width / cell * 7]);
        }
        let plane = SlicePlane::new(&affine, [width, height, 1], 2);
        let strokes = strokes_for(&target, &plane, 0);
        let wanted: Vec<u8> = (0..width * height).map(|n| target.get(plane.voxel(0, [n % width, n / width]))).collect();
        let got = painted(&strokes, plane.size(), plane.pixel_mm(&affine));
        for level in 1..=3 {
            if let Some(dice) = dice(&wanted, &got, level) {
                prop_assert!(dice >= 0.8, "level {level}: {dice}");
            }
        }
    }
}
