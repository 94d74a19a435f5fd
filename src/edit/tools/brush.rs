//! The brush: a disc or square of a size in millimetres, dabbed or drawn along a line without gaps.

use super::polygon::distance_to_segment;
use crate::space::SlicePlane;

/// The shape of a brush.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BrushShape {
    /// Round in millimetres, so an ellipse of pixels where they are not square.
    #[default]
    Circle,
    /// Upright on the slice, with sides of twice the radius.
    Square,
}

/// A brush. It paints the pixels whose centres it covers, and never less than the pixel it points at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    radius_mm: f64,
    shape: BrushShape,
}

/// Room for rounding, so that a pixel exactly on the rim belongs to the brush from every side.
const RIM: f64 = 1e-9;

impl Brush {
    /// A brush of a radius in mm; one that is negative or not finite counts as 0, a single pixel.
    #[must_use]
    pub const fn new(radius_mm: f64, shape: BrushShape) -> Self {
        let radius_mm = if radius_mm.is_finite() && radius_mm > 0.0 { radius_mm } else { 0.0 };
        Self { radius_mm, shape }
    }

    /// Half the width in mm.
    #[must_use]
    pub const fn radius_mm(&self) -> f64 {
        self.radius_mm
    }

    /// Disc or square.
    #[must_use]
    pub const fn shape(&self) -> BrushShape {
        self.shape
    }

    /// The voxels under the brush at `center_uv` on a slice; `pixel_mm` is the pixel's width and height
    /// (see [`SlicePlane::pixel_mm`]). What lies outside the slice is cut off.
    #[must_use]
    pub fn dab(&self, plane: &SlicePlane, pixel_mm: [f64; 2], slice: usize, center_uv: [f64; 2]) -> Vec<[usize; 3]> {
        self.stroke(plane, pixel_mm, slice, center_uv, center_uv)
    }

    /// The voxels that the brush sweeps over on its way from one position to another, both included: without gaps, however
    /// far apart they are. Empty where a number is not finite, a pixel has no size or the slice does not exist.
    #[must_use]
    pub fn stroke(&self, plane: &SlicePlane, pixel_mm: [f64; 2], slice: usize, from_uv: [f64; 2], to_uv: [f64; 2]) -> Vec<[usize; 3]> {
        let finite = from_uv.iter().chain(&to_uv).chain(&pixel_mm).all(|c| c.is_finite());
        if !finite || pixel_mm.iter().any(|mm| *mm <= 0.0) || slice >= plane.slice_count() {
            return Vec::new();
        }
        let size = plane.size();
        let mut mask = Mask::around(from_uv, to_uv, pixel_mm.map(|mm| self.radius_mm / mm + 1.0), size);
        let mm = |uv: [f64; 2]| [uv[0] * pixel_mm[0], uv[1] * pixel_mm[1]];
        let (from_mm, to_mm) = (mm(from_uv), mm(to_uv));
        mask.fill(|uv| {
            let at_mm = mm(uv.map(|c| c as f64));
            match self.shape {
                BrushShape::Circle => distance_to_segment(at_mm, from_mm, to_mm) <= self.radius_mm + RIM,
                BrushShape::Square => within_swept_square(at_mm, from_mm, to_mm, self.radius_mm + RIM),
            }
        });
        // A thin brush may pass between the centres: the nearest pixels along the way always belong. They lie under the
        // brush anyway where its radius is half a pixel's diagonal or more.
        mask.trace(from_uv, to_uv, size);
        mask.pixels().map(|uv| plane.voxel(slice, uv)).collect()
    }
}

impl Brush {
    /// The same through the neighbouring slices that a ball (or cube) of the brush's radius reaches, `slice_mm` apart. On the
    /// slice itself it is [`Brush::stroke`].
    #[must_use]
    pub fn stroke_3d(
        &self,
        plane: &SlicePlane,
        pixel_mm: [f64; 2],
        slice_mm: f64,
        slice: usize,
        [from_uv, to_uv]: [[f64; 2]; 2],
    ) -> Vec<[usize; 3]> {
        let mut voxels = self.stroke(plane, pixel_mm, slice, from_uv, to_uv);
        if !(slice_mm.is_finite() && slice_mm > 0.0) || slice >= plane.slice_count() {
            return voxels;
        }
        let reach = ((self.radius_mm + RIM) / slice_mm).min(plane.slice_count() as f64) as usize;
        for by in 1..=reach {
            let away_mm = by as f64 * slice_mm;
            let radius_mm = match self.shape {
                BrushShape::Circle => (self.radius_mm * self.radius_mm - away_mm * away_mm).max(0.0).sqrt(),
                BrushShape::Square => self.radius_mm,
            };
            let there = Self::new(radius_mm, self.shape);
            let slices = [slice.checked_sub(by), slice.checked_add(by)];
            for at in slices.into_iter().flatten() {
                voxels.extend(there.stroke(plane, pixel_mm, at, from_uv, to_uv));
            }
        }
        voxels
    }
}

/// Whether a square of half-width `radius` that moves from `a` to `b` ever covers `at`.
fn within_swept_square(at: [f64; 2], a: [f64; 2], b: [f64; 2], radius: f64) -> bool {
    let axis = |n: usize| time_within(a[n], b[n] - a[n], at[n] - radius, at[n] + radius);
    let ((u0, u1), (v0, v1)) = (axis(0), axis(1));
    u0.max(v0) <= u1.min(v1)
}

/// The times within 0..=1 at which `start + time × step` lies in `lo..=hi`; an empty range where there are none.
fn time_within(start: f64, step: f64, lo: f64, hi: f64) -> (f64, f64) {
    if step == 0.0 {
        return if start >= lo && start <= hi { (0.0, 1.0) } else { (1.0, 0.0) };
    }
    let (t0, t1) = ((lo - start) / step, (hi - start) / step);
    (t0.min(t1).max(0.0), t0.max(t1).min(1.0))
}

/// A box of pixels, each marked or not.
struct Mask {
    lo: [usize; 2],
    size: [usize; 2],
    marked: Vec<bool>,
}

impl Mask {
    /// The box around a segment and `reach` pixels more, cut to the slice.
    fn around(from: [f64; 2], to: [f64; 2], reach: [f64; 2], slice: [usize; 2]) -> Self {
        // `as usize` takes negative numbers to 0 and huge ones to the largest, which the slice's size then cuts.
        let lo: [usize; 2] = std::array::from_fn(|a| ((from[a].min(to[a]) - reach[a]).floor() as usize).min(slice[a]));
        let end = |a: usize| {
            let far = from[a].max(to[a]) + reach[a];
            if far < 0.0 { 0 } else { (far.ceil() as usize).saturating_add(1).min(slice[a]) }
        };
        let size: [usize; 2] = std::array::from_fn(|a| end(a).saturating_sub(lo[a]));
        Self { lo, size, marked: vec![false; size[0] * size[1]] }
    }

    fn fill(&mut self, covers: impl Fn([usize; 2]) -> bool) {
        let (lo, width) = (self.lo, self.size[0]);
        for (n, marked) in self.marked.iter_mut().enumerate() {
            *marked = covers([lo[0] + n % width, lo[1] + n / width]);
        }
    }

    /// Marks the nearest pixels along a segment; each touches the next at least by a corner.
    fn trace(&mut self, from: [f64; 2], to: [f64; 2], slice: [usize; 2]) {
        let step = [to[0] - from[0], to[1] - from[1]];
        // Only the part over the slice: a segment may reach as far as numbers go.
        let axis = |a: usize| time_within(from[a], step[a], -1.0, slice[a] as f64);
        let ((u0, u1), (v0, v1)) = (axis(0), axis(1));
        let (start, end) = (u0.max(v0), u1.min(v1));
        if start > end {
            return;
        }
        let steps = ((step[0].abs().max(step[1].abs()) * (end - start)).ceil() as usize).max(1);
        for n in 0..=steps {
            let t = start + (end - start) * n as f64 / steps as f64;
            self.mark(std::array::from_fn(|a| (from[a] + t * step[a]).round()));
        }
    }

    fn mark(&mut self, uv: [f64; 2]) {
        let inside = |a: usize| uv[a] >= self.lo[a] as f64 && uv[a] < (self.lo[a] + self.size[a]) as f64;
        if inside(0) && inside(1) {
            self.marked[uv[0] as usize - self.lo[0] + self.size[0] * (uv[1] as usize - self.lo[1])] = true;
        }
    }

    fn pixels(&self) -> impl Iterator<Item = [usize; 2]> {
        let marked = self.marked.iter().enumerate().filter(|m| *m.1);
        marked.map(|(n, _)| [self.lo[0] + n % self.size[0], self.lo[1] + n / self.size[0]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLANE: SlicePlane = SlicePlane::as_stored([60, 40, 3]);

    fn connected_by_corners(voxels: &[[usize; 3]]) -> bool {
        let mut left = voxels.to_vec();
        let Some(first) = left.pop() else { return true };
        let mut queue = vec![first];
        while let Some(at) = queue.pop() {
            let near = |v: &[usize; 3]| (0..2).all(|a| v[a].abs_diff(at[a]) <= 1);
            queue.extend(left.extract_if(.., |v| near(v)));
        }
        left.is_empty()
    }

    #[test]
    fn a_dab_covers_what_lies_within_the_radius_in_millimetres() {
        let dab = Brush::new(2.0, BrushShape::Circle).dab(&PLANE, [1.0, 0.5], 1, [20.0, 20.0]);
        // Radius 2 px across and 4 px down: the same ellipse by definition.
        let expected: Vec<_> = (0..40)
            .flat_map(|v| (0..60).map(move |u| [u, v, 1]))
            .filter(|&[u, v, _]| (u as f64 - 20.0).hypot((v as f64 - 20.0) / 2.0) <= 2.0)
            .collect();
        assert_eq!(dab, expected);
        assert_eq!(Brush::new(1.0, BrushShape::Square).dab(&PLANE, [1.0; 2], 1, [20.0, 20.0]).len(), 9);
    }

    #[test]
    fn the_smallest_brush_paints_the_nearest_pixel_and_only_inside() {
        let dot = Brush::new(0.0, BrushShape::Circle);
        assert_eq!(dot.dab(&PLANE, [0.4, 0.4], 2, [7.4, 3.6]), [[7, 4, 2]]);
        assert!(dot.dab(&PLANE, [0.4, 0.4], 2, [-0.6, 3.0]).is_empty());
        assert!(dot.dab(&PLANE, [0.4, 0.4], 3, [7.0, 3.0]).is_empty());
        assert!(dot.dab(&PLANE, [0.4, 0.4], 2, [f64::NAN, 3.0]).is_empty());
        assert_eq!(dot.stroke(&PLANE, [1.0; 2], 0, [-1e7, 5.0], [1e7, 5.0]).len(), 60);
        let wide = Brush::new(1e300, BrushShape::Square);
        assert_eq!(wide.dab(&PLANE, [1.0; 2], 0, [-1e200, 1e200]).len(), 60 * 40);
    }

    #[test]
    fn in_three_dimensions_a_dab_is_a_ball_or_a_cube() {
        let plane = SlicePlane::as_stored([40, 40, 9]);
        let ball = Brush::new(4.0, BrushShape::Circle).stroke_3d(&plane, [1.0, 0.5], 1.6, 4, [[20.0, 20.0]; 2]);
        let mut expected: Vec<[usize; 3]> = (0..9)
            .flat_map(|k| (0..40).flat_map(move |v| (0..40).map(move |u| [u, v, k])))
            .filter(|&[u, v, k]| {
                let mm = [u as f64 - 20.0, (v as f64 - 20.0) / 2.0, (k as f64 - 4.0) * 1.6];
                mm.iter().map(|d| d * d).sum::<f64>() <= 16.0
            })
            .collect();
        let mut found = ball;
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        let cube = Brush::new(2.0, BrushShape::Square).stroke_3d(&plane, [1.0; 2], 1.0, 8, [[20.0, 20.0]; 2]);
        assert_eq!(cube.len(), 25 * 3, "the stack ends at slice 8");
        assert!(Brush::new(2.0, BrushShape::Square).stroke_3d(&plane, [1.0; 2], f64::NAN, 8, [[20.0; 2]; 2]).len() == 25);
    }

    proptest! {
        #[test]
        fn fast_strokes_have_no_gaps(
            from in (0.0..59.0_f64, 0.0..39.0_f64), to in (0.0..59.0_f64, 0.0..39.0_f64), radius in 0.0..6.0_f64, square: bool,
        ) {
            let brush = Brush::new(radius, if square { BrushShape::Square } else { BrushShape::Circle });
            let (from, to) = ([from.0, from.1], [to.0, to.1]);
            let pixel_mm = [0.9, 1.3];
            let stroke = brush.stroke(&PLANE, pixel_mm, 0, from, to);
            prop_assert!(connected_by_corners(&stroke));
            // Whatever a slow hand would have painted on the way is in it.
            for n in 0..=20 {
                let t = f64::from(n) / 20.0;
                let at = [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
                let slow = Brush::new(brush.radius_mm() - 1e-6, brush.shape());
                let core = slow.dab(&PLANE, pixel_mm, 0, at);
                prop_assert!(radius < 0.8 || core.iter().all(|v| stroke.contains(v)));
            }
        }

        #[test]
        fn nothing_leaves_the_slice(from in prop::array::uniform2(-1e4..1e4_f64), to in prop::array::uniform2(-1e4..1e4_f64), radius in 0.0..30.0_f64) {
            let stroke = Brush::new(radius, BrushShape::Circle).stroke(&PLANE, [1.0; 2], 2, from, to);
            prop_assert!(stroke.iter().all(|v| v[0] < 60 && v[1] < 40 && v[2] == 2));
        }
    }
}
