//! Element-wise loops compiled for wide vectors, and channel patterns for them to run over.

/// Defines a function whose loops are compiled plainly and for 256-bit and 512-bit vectors; the processor decides at
/// run time. Element-wise arithmetic gives the same bits either way, for nothing here is fused or reordered.
macro_rules! for_wide_vectors {
    ($(#[$doc:meta])* fn $name:ident $(<$element:ident>)? ($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
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
                if std::arch::is_x86_feature_detected!("avx512bw")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the features were just detected.
                    return unsafe { widest($($argument),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the feature was just detected.
                    return unsafe { wide($($argument),*) };
                }
            }
            plain($($argument),*);
        }
    };
}
pub(in crate::learn) use for_wide_vectors;

/// The values of each channel, repeated to a run of some 256 values, so that loops over interleaved channels are long
/// whatever the number of channels.
#[must_use]
pub fn repeat_channels(per_channel: &[f32]) -> Vec<f32> {
    per_channel.repeat(256_usize.div_ceil(per_channel.len().max(1)))
}
