//! Operations against plain models on a small read.

use super::*;
use crate::edit::tools::{LabelSet, Limits};
use crate::space::{Affine, SlicePlane, Spacing};
use crate::volume::{Grid, Image, Labels, LayerKind};
use proptest::prelude::*;
use std::sync::Arc;

const SHAPE: [usize; 3] = [9, 7, 5];

fn scene(layer: &[u8], bone: &[u8], exclusion: &[u8], limits: Limits) -> Scene {
    let affine = Affine::from_spacing(Spacing::new([0.8, 1.0, 3.0]).unwrap());
    let plane = SlicePlane::as_stored(SHAPE);
    let grid = Arc::new(Grid::new(SHAPE, affine.clone()).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| ((n * 37) % 101) as f32).collect();
    let labels = |dense: &[u8]| Labels::from_dense(grid.clone(), dense).unwrap();
    Scene {
        pixel_mm: plane.pixel_mm(&affine),
        plane,
        image: Image::new(grid.clone(), values).unwrap(),
        kind: LayerKind::Marrow,
        layer: labels(layer),
        bone: labels(bone),
        exclusion: labels(exclusion),
        limits,
    }
}

fn whole() -> usize {
    SHAPE.iter().product()
}

fn any_labels(most: u8) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![2 => Just(0), 1 => 0..=most], whole())
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let label = || 1_u8..4;
    prop_oneof![
        (0.0_f32..100.0, 0.0_f32..100.0, label()).prop_map(|(a, b, label)| Operation::Threshold { band: [a, b], label }),
        prop::array::uniform3(0.0_f32..100.0).prop_map(|mut from| {
            from.sort_by(f32::total_cmp);
            Operation::Levels { from }
        }),
        (label(), prop::option::of(0_usize..6)).prop_map(|(label, at)| Operation::Interpolate { label, at }),
        (0_usize..6, 0_usize..6).prop_map(|(from, to)| Operation::CopySlice { from, to }),
        (0_usize..10, 0_usize..8, 0_usize..6, label(), prop::option::of(0.0_f32..60.0), 0.0_f32..4.0)
            .prop_map(|(u, v, slice, label, tolerance, gap_mm)| Operation::Fill { seed_uv: [u, v], slice, label, tolerance, gap_mm }),
        (0.0_f32..4.0).prop_map(|spread| Operation::Grow { spread }),
        (label(), 0.0_f32..3.0).prop_map(|(label, sigma_mm)| Operation::Smooth { label, sigma_mm }),
        label().prop_map(|label| Operation::FillHoles { label }),
        (label(), 0.0_f32..30.0).prop_map(|(label, below_mm3)| Operation::RemoveIslands { label, below_mm3 }),
        (label(), -4.0_f32..4.0).prop_map(|(label, by_mm)| Operation::Margin { label, by_mm }),
    ]
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let over = prop::option::of(prop::collection::vec(0_u8..4, 1..3).prop_map(|l| LabelSet::of(&l)));
    let band = prop::option::of((0.0_f32..50.0, 40.0_f32..100.0).prop_map(|(a, b)| [a, b]));
    (over, any::<bool>(), band).prop_map(|(over, inside_bone, band)| Limits { over, inside_bone, band, region: None })
}

proptest! {
    /// Whatever is asked: nothing is painted against the rules, nothing is written that is there already, voxels come once, a slice
    /// stays a slice, and what is taken away bore the label of the operation.
    #[test]
    fn operations_keep_the_rules(
        layer in any_labels(3), bone in any_labels(1), exclusion in any_labels(1), limits in any_limits(),
        operation in any_operation(), slice in prop::option::of(0_usize..6),
    ) {
        let scene = scene(&layer, &bone, &exclusion, limits.clone());
        let scope = slice.map_or(Scope::Exam, Scope::Slice);
        let writes = operation.writes(&scene, scope, &|_| true);
        let mut seen = std::collections::BTreeSet::new();
        for &Write { at, label } in &writes {
            let at = at as usize;
            let voxel = scene.layer.grid().voxel(at);
            prop_assert!(seen.insert(at) && layer[at] != label);
            if let (Scope::Slice(slice), false) = (scope, matches!(operation, Operation::Interpolate { .. } | Operation::CopySlice { .. } | Operation::Fill { .. })) {
                prop_assert_eq!(voxel[2], slice);
            }
            if label == 0 {
                let own = match operation {
                    Operation::Smooth { label, .. } | Operation::RemoveIslands { label, .. } | Operation::Margin { label, .. } => label,
                    _ => 0,
                };
                prop_assert_eq!(layer[at], own, "only these take away, and only their own label");
                continue;
            }
            let value = scene.image.get(voxel);
            prop_assert!(exclusion[at] == 0 && (!limits.inside_bone || bone[at] != 0));
            prop_assert!(limits.over.is_none_or(|set| set.contains(layer[at])));
            prop_assert!(limits.band.is_none_or(|[lower, upper]| lower <= value && value <= upper));
        }
        // Stopped, nothing comes out.
        prop_assert!(operation.writes(&scene, scope, &|_| false).is_empty());
    }

    #[test]
    fn threshold_and_levels_agree_with_a_plain_walk(layer in any_labels(3), a in 0.0_f32..100.0, b in 0.0_f32..100.0, slice in 0_usize..5) {
        let none = vec![0; whole()];
        let scene = scene(&layer, &none, &none, Limits::default());
        let (lower, upper) = (a.min(b), a.max(b));
        let expected = |label_of: &dyn Fn(f32) -> u8| -> Vec<Write> {
            let voxels = (0..whole()).map(|n| scene.layer.grid().voxel(n)).filter(|v| v[2] == slice);
            voxels.map(|v| (v, label_of(scene.image.get(v)))).filter(|(v, l)| *l != 0 && *l != scene.layer.get(*v)).map(|(v, l)| scene.write(v, l)).collect()
        };
        let found = Operation::Threshold { band: [lower, upper], label: 2 }.writes(&scene, Scope::Slice(slice), &|_| true);
        prop_assert_eq!(found, expected(&|v| if v >= lower && v <= upper { 2 } else { 0 }));
        let from = [lower, f32::midpoint(lower, upper), upper];
        let found = Operation::Levels { from }.writes(&scene, Scope::Slice(slice), &|_| true);
        prop_assert_eq!(found, expected(&|v| from.iter().filter(|f| v >= **f).count() as u8));
    }

    #[test]
    fn a_copied_slice_bears_what_the_other_bears(layer in any_labels(3), from in 0_usize..5, to in 0_usize..5) {
        let none = vec![0; whole()];
        let scene = scene(&layer, &none, &none, Limits::default());
        let mut after = layer.clone();
        for write in (Operation::CopySlice { from, to }).writes(&scene, Scope::Exam, &|_| true) {
            after[write.at as usize] = write.label;
        }
        let plane = SHAPE[0] * SHAPE[1];
        for n in 0..plane {
            let (there, here) = (layer[from * plane + n], layer[to * plane + n]);
            prop_assert_eq!(after[to * plane + n], if there == 0 { here } else { there });
        }
    }
}

#[test]
fn gaps_are_found_around_a_slice_or_everywhere() {
    let mut dense = vec![0; whole()];
    for slice in [0, 2, 4] {
        dense[slice * 63 + 30] = 2;
    }
    let none = vec![0; whole()];
    let scene = scene(&dense, &none, &none, Limits::default());
    let slices = |at| {
        let writes = Operation::Interpolate { label: 2, at }.writes(&scene, Scope::Exam, &|_| true);
        let voxels: Vec<[usize; 3]> = writes.iter().map(|w| scene.layer.grid().voxel(w.at as usize)).collect();
        assert!(writes.iter().all(|w| w.label == 2) && voxels.iter().all(|v| v[0] == 3 && v[1] == 3));
        voxels.iter().map(|v| v[2]).collect::<Vec<_>>()
    };
    assert_eq!((slices(Some(1)), slices(Some(2)), slices(Some(4)), slices(None)), (vec![1], vec![1, 3], vec![3], vec![1, 3]));
    assert!(Operation::Interpolate { label: 1, at: None }.writes(&scene, Scope::Exam, &|_| true).is_empty());
}

#[test]
fn what_is_quick_and_how_it_came_to_be() {
    let slice = Scope::Slice(0);
    let fill = |tolerance, gap_mm| Operation::Fill { seed_uv: [0, 0], slice: 0, label: 1, tolerance, gap_mm };
    assert!(Operation::Threshold { band: [0.0; 2], label: 1 }.is_quick(slice) && fill(None, 0.0).is_quick(slice));
    assert!(!Operation::Threshold { band: [0.0; 2], label: 1 }.is_quick(Scope::Exam) && !fill(None, 1.0).is_quick(slice));
    assert!(!fill(Some(1.0), 0.0).is_quick(slice) && !Operation::FillHoles { label: 1 }.is_quick(slice));
    assert_eq!(Operation::CopySlice { from: 0, to: 1 }.kind(), CommitKind::Copied);
    assert_eq!(Operation::Interpolate { label: 1, at: None }.kind(), CommitKind::Interpolated);
}

/// Smoothing, filling, islands and margins once heard of a cancel when all was done, after seconds on a large exam.
#[test]
fn whole_shapes_are_left_where_they_are_when_told_to_stop() {
    let shape = [64, 64, 40];
    let affine = Affine::from_spacing(Spacing::UNIT);
    let (plane, grid) = (SlicePlane::as_stored(shape), Arc::new(Grid::new(shape, affine.clone()).unwrap()));
    // A frame with holes in it and specks between.
    let label = |n: usize| u8::from(n.is_multiple_of(7) || grid.voxel(n).iter().any(|v| *v < 3));
    let dense: Vec<u8> = (0..grid.voxel_count()).map(label).collect();
    let scene = Scene {
        pixel_mm: plane.pixel_mm(&affine),
        plane,
        image: Image::new(grid.clone(), vec![0.0; dense.len()]).unwrap(),
        kind: LayerKind::Marrow,
        layer: Labels::from_dense(grid.clone(), &dense).unwrap(),
        bone: Labels::empty(grid.clone()),
        exclusion: Labels::empty(grid),
        limits: Limits::default(),
    };
    let (smooth, holes) = (Operation::Smooth { label: 1, sigma_mm: 1.0 }, Operation::FillHoles { label: 1 });
    let islands = Operation::RemoveIslands { label: 1, below_mm3: 2.0 };
    let (out, inwards) = (Operation::Margin { label: 1, by_mm: 1.0 }, Operation::Margin { label: 1, by_mm: -1.0 });
    for operation in [smooth, holes, islands, out, inwards] {
        let heard = std::cell::RefCell::new(Vec::new());
        let until = |last: usize| {
            heard.borrow_mut().clear();
            operation.writes(&scene, Scope::Exam, &|share| {
                heard.borrow_mut().push(share);
                heard.borrow().len() <= last
            })
        };
        assert!(!until(usize::MAX).is_empty(), "{operation:?}");
        let all = heard.borrow().clone();
        assert!(all.len() > 2 && all[0] < 0.5 && all.is_sorted(), "{operation:?}: {all:?}");
        for last in 0..all.len() {
            assert!(until(last).is_empty(), "{operation:?}");
            // Asked once more at the end of all: the work between is not done.
            assert!(heard.borrow().len() <= last + 2, "{operation:?}: {:?} after {last}", heard.borrow());
        }
    }
}
