//! Exact distances in mm on a block of voxels.

use super::Pace;

/// Squared distance in mm² from every cell of a block to the nearest one whose flag is `wanted`; infinite where there is none.
///
/// The block has `shape` cells, the first axis fastest, `mm` apart. Exact (Felzenszwalb and Huttenlocher 2012: the lower envelope
/// of parabolas, axis by axis). Empty if the number of flags is not the block's.
#[must_use]
pub fn squared_distance(flags: &[bool], wanted: bool, shape: [usize; 3], mm: [f64; 3]) -> Vec<f32> {
    squared_distance_while(flags, wanted, shape, mm, &|_| true).unwrap_or_default()
}

/// The same; `go_on` hears how far it is and says whether to go on. `None` once it says no.
#[must_use]
pub fn squared_distance_while(
    flags: &[bool],
    wanted: bool,
    shape: [usize; 3],
    mm: [f64; 3],
    go_on: &dyn Fn(f32) -> bool,
) -> Option<Vec<f32>> {
    if flags.len() != shape.iter().product::<usize>() {
        return Some(Vec::new());
    }
    let mut field: Vec<f32> = flags.iter().map(|&f| if f == wanted { 0.0 } else { f32::INFINITY }).collect();
    let strides = [1, shape[0], shape[0] * shape[1]];
    let mut line = Vec::new();
    let mut envelope = Envelope::default();
    let mut pace = Pace::new(3 * flags.len(), go_on);
    for axis in (0..3).filter(|&a| shape[a] > 1) {
        let (stride, length) = (strides[axis], shape[axis]);
        for start in (0..field.len()).filter(|at| at / stride % length == 0) {
            line.clear();
            line.extend((0..length).map(|n| field[start + n * stride]));
            envelope.lower(&line, mm[axis], |n, value| field[start + n * stride] = value);
            if !pace.goes_on(length) {
                return None;
            }
        }
    }
    Some(field)
}

/// Room for the parabolas of one line, kept from line to line.
#[derive(Default)]
struct Envelope {
    /// Position of a parabola's foot, its height, where it becomes the lowest.
    parabolas: Vec<(usize, f64, f64)>,
}

impl Envelope {
    /// Gives for every position q of a line the minimum over p of `heights[p] + (step × (q − p))²`.
    fn lower(&mut self, heights: &[f32], step: f64, mut put: impl FnMut(usize, f32)) {
        self.parabolas.clear();
        for (q, height) in heights.iter().map(|&h| f64::from(h)).enumerate().filter(|h| h.1.is_finite()) {
            let value = |p: usize, h: f64| h + (step * p as f64).powi(2);
            let mut from = f64::NEG_INFINITY;
            while let Some(&(p, h, p_from)) = self.parabolas.last() {
                from = (value(q, height) - value(p, h)) / (2.0 * step * step * (q - p) as f64);
                if from > p_from {
                    break;
                }
                self.parabolas.pop();
                from = f64::NEG_INFINITY;
            }
            self.parabolas.push((q, height, from));
        }
        let mut lowest = 0;
        for q in 0..heights.len() {
            while self.parabolas.get(lowest + 1).is_some_and(|next| next.2 <= q as f64) {
                lowest += 1;
            }
            let value = self.parabolas.get(lowest).map_or(f64::INFINITY, |&(p, h, _)| h + (step * (q as f64 - p as f64)).powi(2));
            put(q, value as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_trying_all_pairs(flags in prop::collection::vec(any::<bool>(), 7 * 6 * 3), mm in prop::array::uniform3(0.3..2.0_f64)) {
            let at = |n: usize| [n % 7, n / 7 % 6, n / 42];
            for (n, found) in squared_distance(&flags, true, [7, 6, 3], mm).into_iter().enumerate() {
                let to = |m: usize| (0..3).map(|a| ((at(n)[a] as f64 - at(m)[a] as f64) * mm[a]).powi(2)).sum::<f64>();
                let expected = (0..flags.len()).filter(|&m| flags[m]).map(to).fold(f64::INFINITY, f64::min) as f32;
                prop_assert!(found == expected || (found - expected).abs() < 1e-3, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_block_of_another_size_gives_nothing() {
        assert!(squared_distance(&[true; 5], true, [2, 2, 2], [1.0; 3]).is_empty());
        assert_eq!(squared_distance(&[false; 2], true, [2, 1, 1], [1.0; 3]), [f32::INFINITY; 2]);
    }
}
