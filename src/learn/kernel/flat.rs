//! Element-wise loops compiled for wide vectors, and channel patterns for them to run over.

/// Runs `body` compiled with the widest vectors that the processor has. Element-wise arithmetic gives the same bits
/// on every path, for nothing here is fused or reordered.
#[inline]
pub fn with_vectors<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn avx2<R>(body: impl FnOnce() -> R) -> R {
            body()
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the feature was just detected.
            return unsafe { avx2(body) };
        }
    }
    body()
}

/// The values of each channel, repeated to a run of some 256 values, so that loops over interleaved channels are long
/// whatever the number of channels.
#[must_use]
pub fn repeat_channels(per_channel: &[f32]) -> Vec<f32> {
    per_channel.repeat(256_usize.div_ceil(per_channel.len().max(1)))
}
