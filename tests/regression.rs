//! A named test for every bug that was found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use osteon::session::{Window, WindowPreset};
use osteon::space::Affine;
use osteon::volume::{Grid, Image};
use std::sync::Arc;

/// A picture of one grey value once gave a window of no width, and the shader divided by zero.
#[test]
fn an_even_picture_has_a_window_with_a_width() {
    let affine = Affine::from_columns([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.0; 3]).unwrap();
    let grid = Arc::new(Grid::new([4, 4, 2], affine).unwrap());
    for value in [0.0_f32, 7.0, -3.0] {
        let image = Image::new(grid.clone(), vec![value; 32]).unwrap();
        for preset in WindowPreset::ALL {
            let window: Window = preset.window(&image);
            assert!(window.upper() > window.lower() && window.width().is_finite(), "{} of {value}", preset.name());
        }
    }
}
