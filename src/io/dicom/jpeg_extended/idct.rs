//! The inverse discrete cosine transform of 8 × 8 coefficients, exact to the precision of f64 (T.81 A.3.3).

/// Samples, or coefficients, of a block.
pub(super) const BLOCK: usize = 64;

/// The transform's cosines.
pub(super) struct Idct {
    /// `[u][x]` = C(u)/2 · cos((2x + 1)uπ/16).
    basis: [[f64; 8]; 8],
}

impl Idct {
    pub(super) fn new() -> Self {
        let mut basis = [[0.0; 8]; 8];
        for (u, row) in basis.iter_mut().enumerate() {
            let scale = if u == 0 { std::f64::consts::FRAC_1_SQRT_2 / 2.0 } else { 0.5 };
            for (x, value) in row.iter_mut().enumerate() {
                *value = scale * (((2 * x + 1) * u) as f64 * std::f64::consts::PI / 16.0).cos();
            }
        }
        Self { basis }
    }

    /// Samples by rows out of coefficients by rows (vertical frequency first).
    pub(super) fn inverse(&self, coefficients: &[f64; BLOCK]) -> [f64; BLOCK] {
        // First along rows: most rows of coefficients are nothing.
        let mut half = [0.0; BLOCK];
        for (from, to) in coefficients.as_chunks::<8>().0.iter().zip(half.as_chunks_mut::<8>().0) {
            add(&self.basis, from, |x, v| to[x] += v);
        }
        let mut out = [0.0; BLOCK];
        for (v, row) in half.as_chunks::<8>().0.iter().enumerate() {
            if row.iter().any(|value| *value != 0.0) {
                for (line, weight) in out.as_chunks_mut::<8>().0.iter_mut().zip(&self.basis[v]) {
                    for (sample, value) in line.iter_mut().zip(row) {
                        *sample += weight * value;
                    }
                }
            }
        }
        out
    }

    /// Coefficients out of samples, for tests that make streams.
    #[cfg(test)]
    pub(super) fn forward(&self, samples: &[f64; BLOCK]) -> [f64; BLOCK] {
        std::array::from_fn(|at| {
            let (v, u) = (at / 8, at % 8);
            (0..BLOCK).map(|n| samples[n] * self.basis[v][n / 8] * self.basis[u][n % 8]).sum()
        })
    }
}

/// Adds each frequency's wave to a line.
fn add(basis: &[[f64; 8]; 8], line: &[f64; 8], mut put: impl FnMut(usize, f64)) {
    for (wave, amount) in basis.iter().zip(line) {
        if *amount != 0.0 {
            for (x, value) in wave.iter().enumerate() {
                put(x, amount * value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_one_frequency_and_there_and_back() {
        let idct = Idct::new();
        let mut coefficients = [0.0; BLOCK];
        coefficients[0] = 80.0;
        assert!(idct.inverse(&coefficients).iter().all(|v| (v - 10.0).abs() < 1e-12));
        let samples: [f64; BLOCK] = std::array::from_fn(|n| ((n * 37 + 11) % 101) as f64 - 50.0);
        let back = idct.inverse(&idct.forward(&samples));
        assert!(samples.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-9));
        // Vertical frequencies come by rows.
        coefficients = [0.0; BLOCK];
        coefficients[8] = 8.0;
        let wave = idct.inverse(&coefficients);
        assert!((wave[0] - wave[7]).abs() < 1e-12 && wave[0] > 0.0 && wave[56] < 0.0);
    }
}
