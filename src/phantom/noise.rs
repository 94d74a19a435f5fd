//! Smooth random fields: value noise on a hashed lattice, the same bits for the same seed.

use rand::Rng;

/// A smooth field over space with values in −1..=1, made of random values at whole numbers, blended between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    seed: u32,
}

impl Noise {
    /// Draws a field.
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        Self { seed: rng.next_u32() }
    }

    /// The field at `p / size`; features are about `size` across.
    pub(super) fn at(self, p: [f64; 3], size: [f64; 3]) -> f64 {
        let q: [f64; 3] = std::array::from_fn(|a| p[a] / size[a]);
        // `floor` would be a library call on the oldest x86-64.
        let cell = q.map(|v| (v as i32).saturating_sub(i32::from(v < f64::from(v as i32))));
        let t: [f64; 3] = std::array::from_fn(|a| fade(q[a] - f64::from(cell[a])));
        let [i, j, k] = cell;
        let row = |dj: i32, dk: i32| {
            let left = self.lattice(i, j.wrapping_add(dj), k.wrapping_add(dk));
            left + t[0] * (self.lattice(i.wrapping_add(1), j.wrapping_add(dj), k.wrapping_add(dk)) - left)
        };
        let near = row(0, 0) + t[1] * (row(1, 0) - row(0, 0));
        let far = row(0, 1) + t[1] * (row(1, 1) - row(0, 1));
        near + t[2] * (far - near)
    }

    /// Two octaves: the field, and a third of one half as large.
    pub(super) fn rough(self, p: [f64; 3], size: [f64; 3]) -> f64 {
        let finer = Self { seed: self.seed ^ 0x9e37_79b9 };
        (self.at(p, size) + 0.45 * finer.at(p, size.map(|s| 0.47 * s))) / 1.2
    }

    fn lattice(self, i: i32, j: i32, k: i32) -> f64 {
        let mut h =
            self.seed ^ (i as u32).wrapping_mul(0x8da6_b343) ^ (j as u32).wrapping_mul(0xd816_3841) ^ (k as u32).wrapping_mul(0xcb1a_b31f);
        // Finaliser of MurmurHash3 (A. Appleby, public domain): every input bit reaches every output bit.
        h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
        h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
        f64::from(h ^ (h >> 16)) * (2.0 / 4_294_967_295.0) - 1.0
    }
}

fn fade(t: f64) -> f64 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn is_smooth_bounded_and_not_flat() {
        let noise = Noise::draw(&mut ChaCha8Rng::seed_from_u64(3));
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        for n in 0..4000 {
            let p = [f64::from(n) * 0.17, -f64::from(n) * 0.05, 3.0];
            let (here, there) = (noise.at(p, [5.0; 3]), noise.at([p[0] + 0.01, p[1], p[2]], [5.0; 3]));
            assert!((here - there).abs() < 0.02);
            lo = lo.min(here);
            hi = hi.max(here);
        }
        assert!(lo > -1.0001 && hi < 1.0001 && hi - lo > 1.0, "{lo} {hi}");
    }
}
