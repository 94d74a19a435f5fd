//! An outline while it is being drawn and dragged.

use super::polygon;

/// Corners of an outline in in-plane pixels, open while being drawn, closed afterwards. Plain data: to fill it and put it
/// into the read, hand its points to [`crate::edit::ReadLayers::set_outline`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutlineDraft {
    points: Vec<[f32; 2]>,
    closed: bool,
}

/// What of an outline lies under the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The corner with this number.
    Corner(usize),
    /// The edge that starts at this corner.
    Edge(usize),
    /// The area.
    Inside,
}

impl OutlineDraft {
    /// An outline without corners.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A closed outline as it stands in the read; corners that are not finite are left out, and it stays open below 3.
    #[must_use]
    pub fn from_points(points: Vec<[f32; 2]>) -> Self {
        let mut draft = Self { points, closed: false };
        draft.points.retain(|p| is_finite(*p));
        draft.close();
        draft
    }

    /// The corners in order.
    #[must_use]
    pub fn points(&self) -> &[[f32; 2]] {
        &self.points
    }

    /// Whether the last corner is joined to the first.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Adds a corner at the end of an open outline; tells whether it did.
    pub fn add(&mut self, uv: [f32; 2]) -> bool {
        let may = !self.closed && is_finite(uv);
        if may {
            self.points.push(uv);
        }
        may
    }

    /// Adds a corner within the edge nearest to it and gives its number; `None` without an edge.
    pub fn insert_at_nearest_edge(&mut self, uv: [f32; 2]) -> Option<usize> {
        if self.points.len() < 2 || !is_finite(uv) {
            return None;
        }
        let (start, _) = polygon::nearest_edge(&self.points, self.closed, uv.map(f64::from))?;
        self.points.insert(start + 1, uv);
        Some(start + 1)
    }

    /// Moves a corner; tells whether there is one with that number.
    pub fn move_point(&mut self, number: usize, uv: [f32; 2]) -> bool {
        match self.points.get_mut(number).filter(|_| is_finite(uv)) {
            Some(point) => {
                *point = uv;
                true
            }
            None => false,
        }
    }

    /// Moves the whole outline by (u, v) pixels.
    pub fn shift(&mut self, by: [f32; 2]) {
        let moved = |p: &[f32; 2]| [p[0] + by[0], p[1] + by[1]];
        if self.points.iter().all(|p| is_finite(moved(p))) {
            self.points.iter_mut().for_each(|p| *p = moved(p));
        }
    }

    /// Removes a corner; below 3 the outline opens again. Tells whether there was one with that number.
    pub fn delete(&mut self, number: usize) -> bool {
        if number >= self.points.len() {
            return false;
        }
        self.points.remove(number);
        self.closed &= self.points.len() >= 3;
        true
    }

    /// Joins the last corner to the first; tells whether the outline is closed now (it needs 3 corners).
    pub const fn close(&mut self) -> bool {
        self.closed = self.points.len() >= 3;
        self.closed
    }

    /// Rounds the corners off once (see [`polygon::smoothed`]); only when closed.
    pub fn smooth(&mut self) {
        if self.closed {
            self.points = polygon::smoothed(&self.points);
        }
    }

    /// What lies within `reach` pixels of a position: the nearest corner first, else the nearest edge, else the area.
    #[must_use]
    pub fn hit(&self, uv: [f32; 2], reach: f32) -> Option<Hit> {
        let distance = |p: &[f32; 2]| (p[0] - uv[0]).hypot(p[1] - uv[1]);
        let corner = self.points.iter().map(distance).enumerate().filter(|c| c.1 <= reach).min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((number, _)) = corner {
            return Some(Hit::Corner(number));
        }
        let at = uv.map(f64::from);
        let edge = polygon::nearest_edge(&self.points, self.closed, at).filter(|e| e.1 <= f64::from(reach));
        let inside = (self.closed && polygon::contains(&self.points, at)).then_some(Hit::Inside);
        edge.map(|(start, _)| Hit::Edge(start)).or(inside)
    }
}

fn is_finite(uv: [f32; 2]) -> bool {
    uv.iter().all(|c| c.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square() -> OutlineDraft {
        OutlineDraft::from_points(vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    }

    #[test]
    fn drawn_corner_by_corner_and_closed() {
        let mut draft = OutlineDraft::new();
        assert!(draft.add([1.0, 1.0]) && draft.add([5.0, 1.0]) && !draft.close());
        assert!(!draft.add([f32::NAN, 1.0]));
        assert!(draft.add([5.0, 5.0]) && draft.close() && !draft.add([9.0, 9.0]));
        assert!(draft.delete(0) && !draft.is_closed() && !draft.delete(7));
        assert_eq!(draft.points(), [[5.0, 1.0], [5.0, 5.0]]);
    }

    #[test]
    fn a_corner_goes_into_the_nearest_edge_the_closing_one_too() {
        let mut draft = square();
        assert_eq!(draft.insert_at_nearest_edge([9.0, 4.0]), Some(2));
        assert_eq!(draft.insert_at_nearest_edge([0.5, 5.0]), Some(5));
        assert_eq!(draft.points().len(), 6);
        let mut open = OutlineDraft::new();
        assert_eq!(open.insert_at_nearest_edge([0.0, 0.0]), None);
        open.add([0.0, 0.0]);
        open.add([10.0, 0.0]);
        open.add([10.0, 10.0]);
        // The diagonal is not an edge while the outline is open.
        assert_eq!(open.insert_at_nearest_edge([5.0, 6.0]), Some(2));
    }

    #[test]
    fn corners_win_over_edges_and_edges_over_the_area() {
        let mut draft = square();
        assert_eq!(draft.hit([9.0, 1.0], 2.0), Some(Hit::Corner(1)));
        assert_eq!(draft.hit([0.5, 5.0], 2.0), Some(Hit::Edge(3)));
        assert_eq!(draft.hit([5.0, 5.0], 2.0), Some(Hit::Inside));
        assert_eq!(draft.hit([15.0, 5.0], 2.0), None);
        assert!(draft.move_point(1, [14.0, 1.0]) && !draft.move_point(9, [0.0, 0.0]));
        assert_eq!(draft.hit([14.0, 1.5], 1.0), Some(Hit::Corner(1)));
        draft.shift([1.0, 2.0]);
        assert_eq!(draft.points()[1], [15.0, 3.0]);
        draft.smooth();
        assert_eq!(draft.points().len(), 8);
    }
}
