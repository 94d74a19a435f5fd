//! Which instructions the arithmetic uses on this machine.

use std::fmt;
use std::sync::OnceLock;

/// An instruction set that the inner loops are written for. Results differ in the last bits from one to another,
/// so a model's card names the one it was trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionPath {
    /// The matrix unit on `bf16` numbers, and 512-bit vectors for the rest.
    Amx,
    /// 512-bit vectors that multiply pairs of `bf16` numbers, too.
    Avx512Bf16,
    /// 512-bit vectors with fused multiply-add.
    Avx512,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// Plain Rust: the reference that the others are tested against.
    Portable,
}

impl InstructionPath {
    /// The fastest one that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        static FASTEST: OnceLock<InstructionPath> = OnceLock::new();
        *FASTEST.get_or_init(Self::ask)
    }

    fn ask() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if super::amx::is_available() {
                return Self::Amx;
            }
            if super::x86_bf16::is_available() {
                return Self::Avx512Bf16;
            }
            if std::arch::is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Whether this processor has what it needs.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            // Whatever is slower than the fastest path is there, too.
            path => path as u8 >= Self::detect() as u8,
        }
    }

    /// The path for single precision: what multiplies `bf16` cannot multiply that.
    #[must_use]
    pub fn for_f32() -> Self {
        match Self::detect() {
            Self::Amx | Self::Avx512Bf16 => Self::Avx512,
            other => other,
        }
    }

    /// The path that is fast with `bf16` numbers, if there is one.
    #[must_use]
    pub fn for_bf16() -> Option<Self> {
        Some(Self::detect()).filter(|path| path.multiplies_bf16())
    }

    /// Whether it has instructions of its own for `bf16`.
    #[must_use]
    pub const fn multiplies_bf16(self) -> bool {
        matches!(self, Self::Amx | Self::Avx512Bf16)
    }

    /// Every path that this processor can run, fastest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let order = [Self::Amx, Self::Avx512Bf16, Self::Avx512, Self::Avx2, Self::Portable];
        let first = order.iter().position(|&p| p == Self::detect()).unwrap_or(order.len() - 1);
        order[first..].to_vec()
    }

    /// The word written into a model's card.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Amx => "amx",
            Self::Avx512Bf16 => "avx512bf16",
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// Columns that one pass of the inner loop handles (two vectors).
    pub(super) const fn panel_width(self) -> usize {
        match self {
            Self::Amx | Self::Avx512Bf16 | Self::Avx512 => 32,
            Self::Avx2 => 16,
            Self::Portable => 8,
        }
    }

    /// Rows that one pass of the inner loop handles at most.
    pub(super) const fn tile_rows(self) -> usize {
        match self {
            Self::Amx | Self::Avx512Bf16 | Self::Avx512 => 14,
            Self::Avx2 => 6,
            Self::Portable => 4,
        }
    }
}

impl fmt::Display for InstructionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
