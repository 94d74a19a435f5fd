//! Outlines of masks, for hands that draw.

/// Outlines of the parts (joined by edges) of at least `smallest` pixels, along pixel edges; holes are passed over.
pub fn contours(size: [usize; 2], is: impl Fn([usize; 2]) -> bool, smallest: usize) -> Vec<Vec<[f64; 2]>> {
    let [w, h] = size;
    let mut part = vec![0_usize; w * h];
    let mut found = Vec::new();
    for seed in 0..w * h {
        if part[seed] > 0 || !is([seed % w, seed / w]) {
            continue;
        }
        let number = found.len() + 1;
        let (mut waiting, mut count) = (vec![seed], 0);
        part[seed] = number;
        while let Some(n) = waiting.pop() {
            count += 1;
            let (u, v) = (n % w, n / w);
            let near = [(u > 0, n.wrapping_sub(1)), (u + 1 < w, n + 1), (v > 0, n.wrapping_sub(w)), (v + 1 < h, n + w)];
            for (_, m) in near.into_iter().filter(|(inside, _)| *inside) {
                if part[m] == 0 && is([m % w, m / w]) {
                    part[m] = number;
                    waiting.push(m);
                }
            }
        }
        found.push((number, seed, count));
    }
    let inside =
        |number: usize, u: i64, v: i64| u >= 0 && v >= 0 && u < w as i64 && v < h as i64 && part[u as usize + v as usize * w] == number;
    found
        .into_iter()
        .filter(|(.., count)| *count >= smallest)
        .map(|(n, seed, _)| walk([(seed % w) as i64, (seed / w) as i64], |u, v| inside(n, u, v)))
        .collect()
}

/// Walks around a part with its pixels on the right hand, from the upper left corner of its first pixel.
fn walk(first: [i64; 2], inside: impl Fn(i64, i64) -> bool) -> Vec<[f64; 2]> {
    const STEPS: [[i64; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];
    // Of a corner: the pixels ahead on the left and on the right of each direction.
    const AHEAD: [[[i64; 2]; 2]; 4] = [[[0, -1], [0, 0]], [[0, 0], [-1, 0]], [[-1, 0], [-1, -1]], [[-1, -1], [0, -1]]];
    let (mut at, mut way, mut corners) = (first, 0_usize, Vec::new());
    loop {
        corners.push(at.map(|x| x as f64 - 0.5));
        at = [at[0] + STEPS[way][0], at[1] + STEPS[way][1]];
        let ahead = |side: usize| inside(at[0] + AHEAD[way][side][0], at[1] + AHEAD[way][side][1]);
        way = match (ahead(0), ahead(1)) {
            (_, false) => (way + 1) % 4,
            (false, true) => way,
            (true, true) => (way + 3) % 4,
        };
        if at == first && way == 0 {
            return corners;
        }
    }
}

/// About `count` points of an outline, evenly along it.
pub fn few(contour: &[[f64; 2]], count: usize) -> Vec<[f64; 2]> {
    let every = contour.len().div_ceil(count).max(1);
    contour.iter().step_by(every).copied().collect()
}
