//! Element-wise loops compiled for wide vectors, and channel patterns for them to run over.

/// Defines a function whose loops are compiled plainly and for 256-bit and 512-bit vectors; the processor decides at
/// run time. Element-wise arithmetic gives the same bits either way, for nothing here is fused or reordered.
macro_rules! for_wide_vectors {
    ($(#[$doc:meta])* fn $name:ident $(<$element:ident>)? ($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[cfg_attr(target_arch = "x86_64", allow(unsafe_code, reason = "calls what the processor was just found to have"))]
        fn $name $(<$element: crate::learn::kernel::Element>)? ($($argument: $type),*) {
            #[inline(always)]
            fn plain $(<$element: crate::learn::kernel::Element>)? ($($argument: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn widest $(<$element: crate::learn::kernel::Element>)? ($($argument: $type),*) {
                    plain($($argument),*);
                }
                #[target_feature(enable = "avx2")]
                fn wide $(<$element: crate::learn::kernel::Element>)? ($($argument: $type),*) {
                    plain($($argument),*);
                }
                let bits = crate::learn::kernel::most_bits();
                if bits >= 512
                    && std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the features were just detected.
                    return unsafe { widest($($argument),*) };
                }
                if bits >= 256 && std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the feature was just detected.
                    return unsafe { wide($($argument),*) };
                }
            }
            plain($($argument),*);
        }
    };
}
pub(in crate::learn) use for_wide_vectors;

/// Bits of the widest vectors that these loops may use; less in tests alone.
#[cfg(not(test))]
pub const fn most_bits() -> u32 {
    512
}

#[cfg(test)]
pub fn most_bits() -> u32 {
    tests::MOST_BITS.load(std::sync::atomic::Ordering::Relaxed)
}

/// The values of each channel, repeated to a run of some 256 values, so that loops over interleaved channels are long
/// whatever the number of channels.
#[must_use]
pub fn repeat_channels(per_channel: &[f32]) -> Vec<f32> {
    per_channel.repeat(256_usize.div_ceil(per_channel.len().max(1)))
}

#[cfg(test)]
mod tests {
    use crate::learn::conv::{Extent, Value};
    use crate::learn::kernel::Bf16;
    use crate::learn::ops::{Norm, Pool2};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Of all tests: others that run meanwhile get the same bits, if this one is right.
    pub(super) static MOST_BITS: AtomicU32 = AtomicU32::new(512);

    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|i| (((i * 7919 + seed * 104_729 + i * i % 97) % 1013) as f32) / 506.0 - 1.0).collect()
    }

    /// Everything that norm and pool make of odd sizes, as bits.
    fn all_of<T: Value>(extent: Extent, channels: usize) -> Vec<u32> {
        let values = T::stored(&noise(extent.pixels() * channels, 1)).into_owned();
        let mut gradient = T::stored(&noise(values.len(), 2)).into_owned();
        let (scale, shift) = (noise(channels, 3), noise(channels, 4));
        let (mut d_scale, mut d_shift) = (vec![0.0; channels], vec![0.0; channels]);
        let norm = Norm { extent, channels, groups: 1, fixed: false, leak: 0.01 };
        let mut out = values.clone();
        let state = norm.forward(&values, &scale, &shift, &mut out);
        norm.backward(&values, &state, &scale, &mut gradient, &mut d_scale, &mut d_shift);
        let pool = Pool2 { extent, channels };
        let mut pooled = T::stored(&vec![0.0; extent.pixels() / 4 * channels]).into_owned();
        pool.forward(&out, &mut pooled);
        let mut back = gradient.clone();
        pool.backward_add(&out, &pooled, &mut back);
        let stored = [&out, &gradient, &pooled, &back].into_iter().flatten().map(|v| v.value().to_bits());
        stored.chain(d_scale.iter().chain(&d_shift).map(|v| v.to_bits())).collect()
    }

    /// On a machine with wide vectors nothing had ever run the narrow ones.
    #[test]
    fn plain_loops_and_vectors_of_every_width_give_the_same_bits() {
        let extent = Extent { batch: 2, height: 14, width: 22 };
        for channels in [1, 3, 16, 24, 33, 100] {
            let of = |bits| {
                MOST_BITS.store(bits, Ordering::Relaxed);
                let made = (all_of::<f32>(extent, channels), all_of::<Bf16>(extent, channels));
                MOST_BITS.store(512, Ordering::Relaxed);
                made
            };
            let plain = of(0);
            assert!(of(256) == plain && of(512) == plain, "{channels} channels");
        }
    }
}
