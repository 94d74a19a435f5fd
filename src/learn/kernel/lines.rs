//! Memory that begins with a cache line: a tile's row is one, and one that lies across two takes twice the time to load.

use super::{Bf16, STEP};

#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([Bf16; STEP]);

/// A list of numbers that begins with a cache line.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    lines: Vec<Line>,
    length: usize,
}

impl Lines {
    /// None yet.
    pub const EMPTY: Self = Self { lines: Vec::new(), length: 0 };

    /// Makes room; new values are zero, old ones hold anything.
    pub fn resize(&mut self, length: usize) {
        self.lines.resize(length.div_ceil(STEP), Line([Bf16::default(); STEP]));
        self.length = length;
    }

    /// Makes room for zeros.
    pub fn resize_zeroed(&mut self, length: usize) {
        self.lines.clear();
        self.resize(length);
    }
}

impl std::ops::Deref for Lines {
    type Target = [Bf16];

    fn deref(&self) -> &[Bf16] {
        &bytemuck::cast_slice(&self.lines)[..self.length]
    }
}

impl std::ops::DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [Bf16] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.length]
    }
}

/// The results of a product of two by two tiles, row by row.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Results(pub [f32; STEP * STEP]);

impl Results {
    /// Zeros.
    pub const ZERO: Self = Self([0.0; STEP * STEP]);
}
