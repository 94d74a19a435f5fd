//! How large a training step may be, so that the memory the person allows is kept.

use crate::learn::CheckedSpec;

/// Bytes that a step needs per pixel of its batch and per channel of the first level: activations of both halves of the net
/// with their gradients. Measured with `osteon bench unet` (3.1 KB a pixel at 32 channels), rounded up.
const BYTES_PER_PIXEL_AND_CHANNEL: u64 = 104;
/// The same for looking at a whole slice, which the held-out ones are judged by while the training keeps what its steps need: 24
/// measured with bf16 by `osteon propose` on slices of 1024², at most twice that in single precision, rounded up.
const LOOK_BYTES: u64 = 52;
/// Copies of the weights that a training holds: weights, last good ones, running mean, gradients, two moments, best version, the one
/// looked at, the one gone on from.
const WEIGHT_COPIES: u64 = 9;
/// Batches and sides of crops that are smaller than usual, one after the other.
const SMALLER: [(usize, usize); 6] = [(4, 160), (4, 128), (2, 128), (2, 96), (1, 96), (1, 64)];
const MB: u64 = 1 << 20;

/// The size of a step and what the training needs with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoryPlan {
    /// Slices per step.
    pub batch: usize,
    /// Largest part of a slice that a step is taken on, in pixels.
    pub crop: [usize; 2],
    /// What the training needs, in MB.
    pub needed_mb: u32,
    /// How many times it was made smaller than wished for.
    pub reduced: usize,
}

/// A step as it would be with memory enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StepSize {
    /// Slices per step.
    pub batch: usize,
    /// Largest part of a slice, in pixels.
    pub crop: [usize; 2],
}

/// The largest width and the largest height of these; 0 of none.
pub(super) fn largest(sizes: impl Iterator<Item = [usize; 2]>) -> [usize; 2] {
    sizes.fold([0, 0], |most, size| [most[0].max(size[0]), most[1].max(size[1])])
}

impl StepSize {
    /// What a training in a study takes.
    pub const USUAL: Self = Self { batch: 4, crop: [192, 192] };

    /// This one and all smaller ones, the largest first.
    fn and_smaller(self) -> Vec<Self> {
        let pixels = |s: &Self| s.batch * s.crop[0] * s.crop[1];
        let smaller = SMALLER.iter().map(|&(batch, side)| Self { batch, crop: [side; 2] });
        std::iter::once(self).chain(smaller.filter(|s| pixels(s) < pixels(&self))).collect()
    }
}

/// What is known before the first step.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemoryNeeds {
    /// Bytes of slices held in memory.
    pub data_bytes: u64,
    /// Numbers that the model learns.
    pub parameters: u64,
    /// Width and height of the largest slice to learn from.
    pub largest: [usize; 2],
    /// The same of the slices that are looked at whole; none: 0.
    pub looked_at: [usize; 2],
    /// What else than raising the ceiling would help, for a person: `mark fewer slices done`.
    pub otherwise: &'static str,
}

impl MemoryPlan {
    /// `2 slices of at most 128 × 128 pixels`.
    pub fn words(&self) -> String {
        format!("{} slices of at most {} × {} pixels", self.batch, self.crop[0], self.crop[1])
    }

    /// The largest step that keeps the ceiling, at least `reduced` times smaller than wished for.
    ///
    /// # Errors
    /// One sentence, if even the smallest step would not.
    pub fn new(ceiling_mb: u32, spec: &CheckedSpec, needs: MemoryNeeds, wish: StepSize, reduced: usize) -> Result<Self, String> {
        let fixed = needs.data_bytes + needs.parameters * 4 * WEIGHT_COPIES;
        let multiple = 1_usize << spec.spec().depth.saturating_sub(1).min(8);
        let pixels = |size: [usize; 2]| size.map(|length| length.next_multiple_of(multiple) as u64).iter().product::<u64>();
        let look = pixels(needs.looked_at) * spec.spec().base as u64 * LOOK_BYTES;
        // None was tried yet.
        let mut needed_mb = 0;
        for (n, size) in wish.and_smaller().into_iter().enumerate().skip(reduced) {
            let crop: [usize; 2] = std::array::from_fn(|a| needs.largest[a].min(size.crop[a]).max(1));
            let step = pixels(crop) * size.batch as u64 * spec.spec().base as u64 * BYTES_PER_PIXEL_AND_CHANNEL;
            needed_mb = u32::try_from((fixed + look + step).div_ceil(MB)).unwrap_or(u32::MAX).max(1);
            if needed_mb <= ceiling_mb {
                return Ok(Self { batch: size.batch, crop, needed_mb, reduced: n });
            }
        }
        if needed_mb == 0 {
            return Err(format!("There is no memory for even the smallest step: close other programs, or {}.", needs.otherwise));
        }
        let data_mb = needs.data_bytes.div_ceil(MB);
        Err(format!(
            "Training needs about {needed_mb} MB ({data_mb} MB of it for slices), more than the {ceiling_mb} MB allowed: raise the memory \
             ceiling, or {}.",
            needs.otherwise
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::ModelSpec;
    use proptest::prelude::*;

    fn spec(base: usize) -> CheckedSpec {
        ModelSpec { base, ..ModelSpec::new("water", "marrow", 3, "R1") }.check().unwrap()
    }

    const NEEDS: MemoryNeeds =
        MemoryNeeds { data_bytes: 100 << 20, parameters: 2_000_000, largest: [512, 512], looked_at: [512, 512], otherwise: "fewer" };

    #[test]
    fn a_step_shrinks_until_it_fits_and_the_refusal_says_what_to_do() {
        let usual = MemoryPlan::new(4000, &spec(32), NEEDS, StepSize::USUAL, 0).unwrap();
        assert_eq!((usual.batch, usual.crop, usual.reduced), (4, [192, 192], 0));
        let small = MemoryPlan::new(700, &spec(32), NEEDS, StepSize::USUAL, 0).unwrap();
        assert!(small.needed_mb <= 700 && small.reduced > 0, "{small:?}");
        let again = MemoryPlan::new(4000, &spec(32), NEEDS, StepSize::USUAL, usual.reduced + 1).unwrap();
        assert!(again.needed_mb < usual.needed_mb);
        let refusal = MemoryPlan::new(120, &spec(32), NEEDS, StepSize::USUAL, 0).unwrap_err();
        assert!(refusal.contains("120 MB allowed") && refusal.contains("raise the memory ceiling"), "{refusal}");
        let none = MemoryPlan::new(4000, &spec(32), NEEDS, StepSize::USUAL, 99).unwrap_err();
        assert!(none.contains("no memory for even the smallest step"), "{none}");
        // A plan's own size is the first one tried, larger ones than it never.
        let own = StepSize { batch: 2, crop: [120, 90] };
        let plan = MemoryPlan::new(8000, &spec(32), NEEDS, own, 0).unwrap();
        assert_eq!((plan.batch, plan.crop), (own.batch, own.crop));
        let smaller = MemoryPlan::new(8000, &spec(32), NEEDS, own, 1).unwrap();
        assert!(smaller.batch * smaller.crop[0] * smaller.crop[1] < 2 * 120 * 90 && smaller.needed_mb < plan.needed_mb, "{smaller:?}");
        // Slices that are looked at whole need memory, too.
        let wide = MemoryNeeds { looked_at: [2048, 2048], ..NEEDS };
        assert!(MemoryPlan::new(4000, &spec(32), wide, StepSize::USUAL, 0).is_err());
    }

    proptest! {
        #[test]
        fn no_plan_is_over_its_ceiling(
            ceiling in 0_u32..8000, base in 2_usize..129, data in 0_u64..(4 << 30), width in 0_usize..2000, height in 0_usize..2000,
        ) {
            let needs = MemoryNeeds { data_bytes: data, parameters: 1 << 20, largest: [width, height], looked_at: [height, width], otherwise: "" };
            if let Ok(plan) = MemoryPlan::new(ceiling, &spec(base), needs, StepSize::USUAL, 0) {
                prop_assert!(plan.needed_mb <= ceiling && plan.batch > 0 && plan.crop.iter().all(|c| (1..=192).contains(c)));
            }
        }
    }
}
