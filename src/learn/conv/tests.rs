//! Every convolution against a naive loop in f64, on odd sizes and channels, on every instruction path.

use super::*;
use crate::learn::kernel::InstructionPath;
use proptest::prelude::*;

fn noise(n: usize, seed: usize) -> Vec<f32> {
    (0..n).map(|i| (((i * 7919 + seed * 104_729 + i * i % 97) % 1013) as f32) / 506.0 - 1.0).collect()
}

fn close(ours: &[f32], naive: &[f64]) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.len(), naive.len());
    for (n, (a, b)) in ours.iter().zip(naive).enumerate() {
        prop_assert!((f64::from(*a) - b).abs() < 2e-4 * (1.0 + b.abs()), "value {n}: {a} for {b}");
    }
    Ok(())
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
    fn conv3_is_the_naive_sum(batch in 1..3usize, height in 1..12usize, width in 1..40usize, first in 1..20usize, second in 0..9usize, outputs in 1..40usize) {
        let e = Extent { batch, height, width };
        let inputs = first + second;
        let (x, w, dy) = (noise(e.pixels() * inputs, 1), noise(outputs * inputs * 9, 2), noise(e.pixels() * outputs, 3));
        let split = |from: usize, to: usize| -> Vec<f32> { x.chunks(inputs).flat_map(|p| p[from..to].to_vec()).collect() };
        let (a, b) = (split(0, first), split(first, inputs));
        let mut sources = vec![Source { values: &a, channels: first }];
        if second > 0 {
            sources.push(Source { values: &b, channels: second });
        }
        let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        products3(e, inputs, outputs, |o, i, k| {
            y[o] += f64::from(x[i]) * f64::from(w[k]);
            dx[i] += f64::from(dy[o]) * f64::from(w[k]);
            dw[k] += f64::from(dy[o]) * f64::from(x[i]);
        });
        for path in InstructionPath::available() {
            let conv = Conv3 { path, extent: e, inputs, outputs };
            let (mut out, mut gradient) = (vec![9.0; y.len()], vec![9.0; w.len()]);
            conv.forward(&sources, &w, &mut out);
            close(&out, &y)?;
            let parts: Vec<_> = [(0, first), (first, second)].into_iter().filter(|s| s.1 > 0).collect();
            let mut outs: Vec<Vec<f32>> = parts.iter().map(|part| vec![9.0; e.pixels() * part.1]).collect();
            conv.input_gradient(&dy, &w, &mut outs);
            for (&(at, channels), out) in parts.iter().zip(&outs) {
                let naive: Vec<f64> = dx.chunks(inputs).flat_map(|p| p[at..at + channels].to_vec()).collect();
                close(out, &naive)?;
            }
            conv.weight_gradient(&sources, &dy, &mut Vec::new(), &mut gradient);
            close(&gradient, &dw)?;
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
            let up = Up2 { path, extent: e, inputs, outputs };
            let (mut out, mut back, mut gradient) = (vec![9.0; y.len()], vec![9.0; x.len()], vec![9.0; w.len()]);
            up.forward(&x, &w, &mut out);
            close(&out, &y)?;
            up.input_gradient(&dy, &w, &mut back);
            close(&back, &dx)?;
            up.weight_gradient(&x, &dy, &mut Vec::new(), &mut gradient);
            close(&gradient, &dw)?;
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
            let (mut out, mut back, mut gradient, mut bias_gradient) = (vec![9.0; y.len()], vec![9.0; x.len()], vec![9.0; w.len()], vec![9.0; outputs]);
            point.forward(&x, &w, &bias, &mut out);
            close(&out, &y)?;
            point.input_gradient(&dy, &w, &mut back);
            close(&back, &dx)?;
            point.weight_gradient(&x, &dy, &mut Vec::new(), &mut gradient, &mut bias_gradient);
            close(&gradient, &dw)?;
            close(&bias_gradient, &db)?;
        }
    }
}
