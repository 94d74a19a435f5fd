//! Every convolution against a naive loop in f64, on odd sizes and channels, on every instruction path.

use super::*;
use crate::learn::kernel::{Bf16, Element as _, InstructionPath};
use proptest::prelude::*;

/// Numbers that `bf16` holds exactly, so that both kinds of storage are given the same problem.
fn noise(n: usize, seed: usize) -> Vec<f32> {
    let value = |i: usize| (((i * 7919 + seed * 104_729 + i * i % 97) % 1013) as f32) / 506.0 - 1.0;
    (0..n).map(|i| Bf16::of(value(i)).value()).collect()
}

fn close<T: Value>(ours: &[T], naive: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.len(), naive.len());
    // Products are exact and sums are `f32` in both; storing as `bf16` rounds once, by at most 2^-8 of the value.
    let rounding = if size_of::<T>() == 2 { 1.0 / 256.0 } else { 0.0 };
    for (n, (a, b)) in ours.iter().zip(naive).enumerate() {
        let distance = (f64::from(a.value()) - b).abs();
        prop_assert!(distance < 2e-4 * (1.0 + b.abs()) + rounding * b.abs(), "value {n}: {a:?} for {b}");
    }
    Ok(())
}

fn stored<T: Value>(values: &[f32]) -> Vec<T> {
    T::stored(values).into_owned()
}

/// The paths that have code of their own for `bf16`.
fn bf16_paths() -> Vec<InstructionPath> {
    InstructionPath::available().into_iter().filter(|p| p.multiplies_bf16() || *p == InstructionPath::Portable).collect()
}

/// What a 3×3 convolution of `x` must give: `y` forward, `dx` and `dw` backward from `dy`.
struct Case3<'a> {
    extent: Extent,
    inputs: usize,
    first: usize,
    w: &'a [f32],
    x: &'a [f32],
    dy: &'a [f32],
    y: &'a [f64],
    dx: &'a [f64],
    dw: &'a [f64],
}

impl Case3<'_> {
    fn check<T: Value>(&self, path: InstructionPath) -> Result<(), TestCaseError> {
        let (e, inputs, first) = (self.extent, self.inputs, self.first);
        let part = |from: usize, to: usize| stored::<T>(&self.x.chunks(inputs).flat_map(|p| p[from..to].to_vec()).collect::<Vec<_>>());
        let (a, b, dy) = (part(0, first), part(first, inputs), stored::<T>(self.dy));
        let mut sources = vec![Source { values: &a[..], channels: first }];
        if inputs > first {
            sources.push(Source { values: &b, channels: inputs - first });
        }
        let conv = Conv3 { path, extent: e, inputs, outputs: self.y.len() / e.pixels() };
        let nine = T::of(9.0);
        let (mut out, mut gradient) = (vec![nine; self.y.len()], vec![9.0; self.w.len()]);
        conv.forward(&sources, self.w, &mut out);
        close(&out, self.y)?;
        let mut outs: Vec<Vec<T>> = sources.iter().map(|s| vec![nine; s.values.len()]).collect();
        conv.input_gradient(&dy, self.w, &mut outs);
        for (out, (from, to)) in outs.iter().zip([(0, first), (first, inputs)]) {
            close(out, &self.dx.chunks(inputs).flat_map(|p| p[from..to].to_vec()).collect::<Vec<_>>())?;
        }
        conv.weight_gradient(&sources, &dy, &mut Vec::new(), &mut gradient);
        close(&gradient, self.dw)
    }
}

/// Calls `visit(output value, input value, weight)` with the flat numbers of every product of a 3×3 convolution.
fn products3(e: Extent, inputs: usize, outputs: usize, mut visit: impl FnMut(usize, usize, usize)) {
    for b in 0..e.batch {
        for y in 0..e.height {
            for x in 0..e.width {
                for tap in 0..9 {
                    let (yy, xx) = (y as isize + tap as isize / 3 - 1, x as isize + tap as isize % 3 - 1);
                    if yy < 0 || xx < 0 || yy >= e.height as isize || xx >= e.width as isize {
                        continue;
                    }
                    let (out, from) = ((b * e.height + y) * e.width + x, (b * e.height + yy as usize) * e.width + xx as usize);
                    for co in 0..outputs {
                        for ci in 0..inputs {
                            visit(out * outputs + co, from * inputs + ci, (co * inputs + ci) * 9 + tap);
                        }
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn conv3_is_the_naive_sum(batch in 1..3usize, height in 1..12usize, width in 1..40usize, first in 1..20usize, second in 0..9usize, outputs in prop_oneof![1..40usize, 64..130usize]) {
        // Many outputs are shared out in blocks where rows are few.
        let e = if outputs < 64 { Extent { batch, height, width } } else { Extent { batch: 1, height: height.min(3), width: width.min(9) } };
        let inputs = first + second;
        let (x, w, dy) = (noise(e.pixels() * inputs, 1), noise(outputs * inputs * 9, 2), noise(e.pixels() * outputs, 3));
        let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        products3(e, inputs, outputs, |o, i, k| {
            y[o] += f64::from(x[i]) * f64::from(w[k]);
            dx[i] += f64::from(dy[o]) * f64::from(w[k]);
            dw[k] += f64::from(dy[o]) * f64::from(x[i]);
        });
        let case = Case3 { extent: e, inputs, first, w: &w, x: &x, dy: &dy, y: &y, dx: &dx, dw: &dw };
        for path in InstructionPath::available() {
            case.check::<f32>(path)?;
        }
        for path in bf16_paths() {
            case.check::<Bf16>(path)?;
        }
    }

    #[test]
    fn up2_and_point_are_the_naive_sums(batch in 1..3usize, height in 1..7usize, width in 1..20usize, inputs in 1..36usize, outputs in 1..20usize) {
        let e = Extent { batch, height, width };
        let x = noise(e.pixels() * inputs, 1);
        let (w, dy) = (noise(inputs * outputs * 4, 2), noise(4 * e.pixels() * outputs, 3));
        let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        for (pixel, n) in (0..e.pixels()).flat_map(|p| (0..4 * inputs * outputs).map(move |n| (p, n))) {
            let (ci, co, a, b) = (n / 4 / outputs, n / 4 % outputs, n / 2 % 2, n % 2);
            let (row, column) = (pixel / width, pixel % width);
            let o = ((2 * row + a) * 2 * width + 2 * column + b) * outputs + co;
            let i = pixel * inputs + ci;
            y[o] += f64::from(x[i]) * f64::from(w[n]);
            dx[i] += f64::from(dy[o]) * f64::from(w[n]);
            dw[n] += f64::from(dy[o]) * f64::from(x[i]);
        }
        for path in InstructionPath::available() {
            check_up2::<f32>(Up2 { path, extent: e, inputs, outputs }, [&x, &w, &dy], [&y, &dx, &dw])?;
        }
        for path in bf16_paths() {
            check_up2::<Bf16>(Up2 { path, extent: e, inputs, outputs }, [&x, &w, &dy], [&y, &dx, &dw])?;
        }

        let (w, bias, dy) = (noise(inputs * outputs, 4), noise(outputs, 5), noise(e.pixels() * outputs, 6));
        let (mut y, mut dx, mut dw, mut db) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()], vec![0.0; outputs]);
        for (pixel, co) in (0..e.pixels()).flat_map(|p| (0..outputs).map(move |co| (p, co))) {
            let g = f64::from(dy[pixel * outputs + co]);
            y[pixel * outputs + co] += f64::from(bias[co]);
            db[co] += g;
            for ci in 0..inputs {
                y[pixel * outputs + co] += f64::from(x[pixel * inputs + ci]) * f64::from(w[co * inputs + ci]);
                dx[pixel * inputs + ci] += g * f64::from(w[co * inputs + ci]);
                dw[co * inputs + ci] += g * f64::from(x[pixel * inputs + ci]);
            }
        }
        for path in InstructionPath::available() {
            let point = Point { path, pixels: e.pixels(), inputs, outputs };
            check_point::<f32>(point, [&x, &w, &bias, &dy], [&y, &dx, &dw, &db])?;
            check_point::<Bf16>(point, [&x, &w, &bias, &dy], [&y, &dx, &dw, &db])?;
        }
    }
}

fn check_up2<T: Value>(up: Up2, [x, w, dy]: [&[f32]; 3], [y, dx, dw]: [&[f64]; 3]) -> Result<(), TestCaseError> {
    let (x, dy, nine) = (stored::<T>(x), stored::<T>(dy), T::of(9.0));
    let (mut out, mut back, mut gradient) = (vec![nine; y.len()], vec![nine; x.len()], vec![9.0; w.len()]);
    up.forward(&x, w, &mut out);
    close(&out, y)?;
    up.input_gradient(&dy, w, &mut back);
    close(&back, dx)?;
    up.weight_gradient(&x, &dy, &mut Vec::new(), &mut gradient);
    close(&gradient, dw)
}

fn check_point<T: Value>(point: Point, [x, w, bias, dy]: [&[f32]; 4], [y, dx, dw, db]: [&[f64]; 4]) -> Result<(), TestCaseError> {
    let x = stored::<T>(x);
    let (mut out, mut back, mut gradient) = (vec![9.0; y.len()], vec![T::of(9.0); x.len()], vec![9.0; w.len()]);
    let mut bias_gradient = vec![9.0; bias.len()];
    point.forward(&x, w, bias, &mut out);
    close(&out, y)?;
    point.input_gradient(dy, w, &mut back);
    close(&back, dx)?;
    point.weight_gradient(&x, dy, &mut Vec::new(), &mut gradient, &mut bias_gradient);
    close(&gradient, dw)?;
    close(&bias_gradient, db)
}
