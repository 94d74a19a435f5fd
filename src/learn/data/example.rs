//! One slice to learn from.

use crate::learn::error::LearnError;
use crate::learn::ops::IGNORE;

/// Prepared planes of one slice and the label of each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    planes: Vec<f32>,
    labels: Vec<u8>,
    size: [usize; 2],
    /// The planes as a thicker slice would show them.
    thick: Option<Vec<f32>>,
}

impl Example {
    /// The label of pixels that do not count: not done, outside the region, excluded.
    pub const IGNORE: u8 = IGNORE;

    /// `planes` are `[channel][row][column]`, `labels` are `[row][column]`, `size` is width and height in pixels.
    ///
    /// # Errors
    /// If the sizes do not fit each other, or a plane holds a value that is not finite.
    pub fn new(planes: Vec<f32>, labels: Vec<u8>, size: [usize; 2]) -> Result<Self, LearnError> {
        let pixels = size[0] * size[1];
        if pixels == 0 || labels.len() != pixels || planes.is_empty() || !planes.len().is_multiple_of(pixels) {
            let [w, h] = size;
            return Err(LearnError::Unsuited(format!("{} values and {} labels do not fill {w} × {h} pixels", planes.len(), labels.len())));
        }
        if planes.iter().any(|v| !v.is_finite()) {
            return Err(LearnError::Unsuited("it holds a grey value that is not finite".to_owned()));
        }
        Ok(Self { planes, labels, size, thick: None })
    }

    /// The same with its planes as a slice of twice the thickness would show them, for augmentation; left out if they do not
    /// suit.
    #[must_use]
    pub fn with_thick(mut self, thick: Vec<f32>) -> Self {
        self.thick = (thick.len() == self.planes.len()).then_some(thick);
        self
    }

    /// The planes of a thicker slice, where they are known.
    #[must_use]
    pub fn thick(&self) -> Option<&[f32]> {
        self.thick.as_deref()
    }

    /// Grey values, `[channel][row][column]`.
    #[must_use]
    pub fn planes(&self) -> &[f32] {
        &self.planes
    }

    /// Labels, `[row][column]`.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// Width and height in pixels.
    #[must_use]
    pub const fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Number of planes.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.planes.len() / self.labels.len()
    }

    /// Which labels occur (background too, [`Example::IGNORE`] not).
    #[must_use]
    pub fn present(&self) -> [bool; 256] {
        let mut present = [false; 256];
        self.labels.iter().for_each(|&l| present[usize::from(l)] = true);
        present[usize::from(IGNORE)] = false;
        present
    }
}
