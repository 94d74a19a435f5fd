//! Areas of the marching-cubes facets between eight neighbouring voxels.

/// A corner or an edge's middle, in steps of half a voxel.
type Point = [i32; 3];

/// Corners of the six faces of a cube in turn; corner c lies at (c & 1, c >> 1 & 1, c >> 2 & 1).
const FACES: [[usize; 4]; 6] = [[0, 1, 3, 2], [4, 5, 7, 6], [0, 1, 5, 4], [2, 3, 7, 6], [0, 2, 6, 4], [1, 3, 7, 5]];

/// Area in mm² of the facets for each of the 256 ways in which eight voxels belong to a map (bit c: corner c).
///
/// Facets pass through the middles of the edges between a voxel inside and one outside. The fewer of the two kinds of
/// voxels are cut off one by one where a face is ambiguous, so a map and its complement have the same surface.
pub(super) fn element_areas_mm2(spacing_mm: [f64; 3]) -> Vec<f64> {
    let [x, y, z] = spacing_mm;
    let scale = [y * z, x * z, x * y];
    let area = |normal: &[f64; 3]| (0..3).map(|axis| (normal[axis] * scale[axis]).powi(2)).sum::<f64>().sqrt();
    (0..=255_u8).map(|code| facets(code).iter().map(area).sum()).collect()
}

/// Area vectors of all facets, for voxels of unit size.
fn facets(code: u8) -> Vec<[f64; 3]> {
    let code = if code.count_ones() > 4 { !code } else { code };
    let mut segments = Vec::new();
    for face in FACES {
        let inside: [bool; 4] = std::array::from_fn(|at| code >> face[at] & 1 == 1);
        for start in 0..4 {
            // A run of inside corners begins here: the facet cuts the edge before it and the edge after it.
            if inside[start] && !inside[(start + 3) % 4] {
                let length = (1..4).take_while(|step| inside[(start + step) % 4]).count();
                let last = (start + length) % 4;
                segments.push((middle(face[(start + 3) % 4], face[start]), middle(face[last], face[(last + 1) % 4])));
            }
        }
    }
    let mut normals = Vec::new();
    while let Some((first, mut end)) = segments.pop() {
        let mut polygon = vec![first];
        while end != first {
            polygon.push(end);
            let Some(at) = segments.iter().position(|(a, b)| *a == end || *b == end) else { break };
            let (a, b) = segments.swap_remove(at);
            end = if a == end { b } else { a };
        }
        normals.extend(triangulate(&polygon).1);
    }
    normals
}

fn middle(a: usize, b: usize) -> Point {
    let at = |c: usize| [c & 1, c >> 1 & 1, c >> 2 & 1];
    std::array::from_fn(|axis| (at(a)[axis] + at(b)[axis]) as i32)
}

/// The triangles of a polygon with the largest total area (at most six corners: at most 14 ways), with that area.
fn triangulate(polygon: &[Point]) -> (f64, Vec<[f64; 3]>) {
    let n = polygon.len();
    if n < 3 {
        return (0.0, Vec::new());
    }
    let mut best = (f64::NEG_INFINITY, Vec::new());
    for apex in 1..n - 1 {
        let normal = area_vector(polygon[0], polygon[apex], polygon[n - 1]);
        let (left, right) = (triangulate(&polygon[..=apex]), triangulate(&polygon[apex..]));
        let area = normal.iter().map(|v| v * v).sum::<f64>().sqrt() + left.0 + right.0;
        if area > best.0 + 1e-12 {
            best = (area, [vec![normal], left.1, right.1].concat());
        }
    }
    best
}

/// Half the cross product of two sides, in voxels of unit size.
fn area_vector(p: Point, q: Point, r: Point) -> [f64; 3] {
    let side = |to: Point| -> [f64; 3] { std::array::from_fn(|axis| f64::from(to[axis] - p[axis]) / 2.0) };
    let (u, v) = (side(q), side(r));
    std::array::from_fn(|a| 0.5 * (u[(a + 1) % 3] * v[(a + 2) % 3] - u[(a + 2) % 3] * v[(a + 1) % 3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_facets() {
        let areas = element_areas_mm2([1.0, 2.0, 3.0]);
        // A flat wall between k and k + 1, one voxel of 1 × 2 mm.
        assert!((areas[0b0000_1111] - 2.0).abs() < 1e-12);
        assert!((areas[0b0101_0101] - 6.0).abs() < 1e-12);
        let unit = element_areas_mm2([1.0; 3]);
        assert!((unit[1] - 3.0_f64.sqrt() / 8.0).abs() < 1e-12);
        assert!((unit[3] - 0.5_f64.sqrt()).abs() < 1e-12);
        // Three in a corner: a half square and a trapezium.
        assert!((unit[7] - (0.5 + 3.0 * 3.0_f64.sqrt() / 8.0)).abs() < 1e-12);
        for code in 0..256 {
            assert!((unit[code] - unit[255 - code]).abs() < 1e-12 || (code as u8).count_ones() == 4);
            assert_eq!(unit[code] == 0.0, code == 0 || code == 255);
        }
    }
}
