//! The test exam: a knee seen from the front, and a read of it under way.

use osteon::edit::{CommitKind, ReadLayers, Row};
use osteon::space::{Affine, SlicePlane};
use osteon::volume::{Grid, Image, LayerKind};
use std::sync::Arc;

/// Voxels: i to the left, j upwards, k to the back.
pub const SHAPE: [usize; 3] = [160, 176, 15];

pub fn grid() -> Arc<Grid> {
    let affine = Affine::from_columns([[-0.9, 0.0, 0.0], [0.0, 0.0, 0.9], [0.0, 3.5, 0.0]], [72.0, -26.0, -79.0]).unwrap();
    Arc::new(Grid::new(SHAPE, affine).unwrap())
}

/// Signed distance to a rounded blob: below 0 inside.
fn blob(x: f64, y: f64, at: [f64; 2], radius: [f64; 2]) -> f64 {
    ((x - at[0]) / radius[0]).hypot((y - at[1]) / radius[1]) - 1.0
}

/// Femur above, tibia below, seen from the front; `j` counts upwards.
fn bone(x: f64, y: f64) -> u8 {
    let femur = blob(x, y, [80.0, 108.0], [42.0, 24.0]).min(((x - 80.0).abs() / 19.0 - 1.0).max((116.0 - y) / 60.0));
    let tibia = blob(x, y, [80.0, 66.0], [40.0, 17.0]).min(((x - 80.0).abs() / 17.0 - 1.0).max((y - 62.0) / 60.0));
    if femur < 0.0 {
        1
    } else if tibia < 0.0 {
        2
    } else {
        0
    }
}

pub fn knee(fat: bool) -> Image {
    let mut noise = 12_345_u32;
    let grid = grid();
    let values = (0..grid.voxel_count()).map(|index| {
        let [i, j, k] = grid.voxel(index);
        let (x, y) = (i as f64, j as f64);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = f64::from(noise >> 24) / 255.0 * 24.0;
        let leg = blob(x, y, [80.0, 88.0], [74.0 - (k as f64 - 7.0).abs(), 140.0]);
        let edge = [[1.5, 0.0], [-1.5, 0.0], [0.0, 1.5], [0.0, -1.5]].iter().any(|d| bone(x + d[0], y + d[1]) != bone(x, y));
        let marrow = 40.0 + 120.0 * (-(blob(x, y, [74.0, 106.0], [22.0, 12.0]).max(0.0) * 3.0)).exp();
        let water = match (leg < 0.0, bone(x, y), edge) {
            (false, ..) => 4.0,
            (true, _, true) => 420.0,
            (true, 0, _) => 90.0 + 60.0 * ((x * 0.11).sin() * (y * 0.07).cos()),
            (true, ..) => marrow,
        };
        let value = if fat && leg < 0.0 { 430.0 - water * 0.8 } else { water };
        (value + grain) as f32
    });
    let values: Vec<f32> = values.collect();
    Image::new(grid, values).unwrap()
}

/// A read under way, and the rows that made it.
pub fn layers() -> (ReadLayers, Vec<Row>) {
    let mut layers = ReadLayers::new(grid(), 2);
    let mut rows = Vec::new();
    let plane = SlicePlane::new(grid().world_from_voxel(), SHAPE, 2);
    assert_eq!(plane.size(), [SHAPE[0], SHAPE[1]]);
    rows.extend(paint(&mut layers, LayerKind::Bone, "Outline bones", |x, y, _| bone(x, y)));
    rows.extend(paint(&mut layers, LayerKind::Marrow, "Brush level 1, slice 8", |x, y, k| {
        let size = 1.0 - (k - 7.0).abs() / 9.0;
        u8::from(blob(x, y, [76.0, 108.0], [24.0 * size, 14.0 * size]) < 0.0 || blob(x, y, [90.0, 66.0], [14.0 * size, 9.0 * size]) < 0.0)
    }));
    rows.extend(paint(&mut layers, LayerKind::Marrow, "Brush level 2, slice 8", |x, y, k| {
        if (k - 7.0).abs() < 3.0 && blob(x, y, [72.0, 110.0], [9.0, 5.0]) < 0.0 { 2 } else { 255 }
    }));
    rows.extend(paint(&mut layers, LayerKind::Marrow, "Brush level 3, slice 8", |x, y, k| {
        if (k - 7.0).abs() < 2.0 && blob(x, y, [70.0, 110.0], [4.0, 2.6]) < 0.0 { 3 } else { 255 }
    }));
    for slice in 0..4 {
        rows.extend(layers.set_done(LayerKind::Marrow, slice, true));
    }
    (layers, rows)
}

/// A mask to be scored: marrow alone, and no level 3.
pub fn mask() -> ReadLayers {
    let mut layers = ReadLayers::new(grid(), 2);
    let whole = self::layers().0;
    layers.begin(LayerKind::Marrow, CommitKind::Imported, "M-07".to_owned()).unwrap();
    whole.labels(LayerKind::Marrow).for_each_labelled(|voxel, label| layers.write(voxel, label.min(2)));
    layers.commit();
    layers
}

/// Paints by a rule over the middle slices; 255 = leave as it is.
fn paint(layers: &mut ReadLayers, layer: LayerKind, name: &str, rule: impl Fn(f64, f64, f64) -> u8) -> Option<Row> {
    layers.begin(layer, CommitKind::Hand, name.to_owned()).unwrap();
    let slices = if layer == LayerKind::Bone { 0..SHAPE[2] } else { 0..9 };
    for k in slices {
        for (j, i) in (0..SHAPE[1]).flat_map(|j| (0..SHAPE[0]).map(move |i| (j, i))) {
            let label = rule(i as f64, j as f64, k as f64);
            if label != 255 {
                layers.write([i, j, k], label);
            }
        }
    }
    layers.commit()
}
