//! Which numbers of a recipe and of the changes to slices make sense: what lies beyond would be cut to something else in silence, or
//! leave nothing of the image.

use super::{Augmentation, Recipe, RecipeStep};
use crate::volume::Standard;
use std::ops::RangeInclusive;

/// Sequences that a model can have, the fat image among them.
const SEQUENCES: usize = 8;

impl Recipe {
    /// # Errors
    /// One sentence that names the first step, counted from 1, with a number outside its range.
    pub fn check(&self) -> Result<(), String> {
        let mut steps = self.steps.iter().enumerate();
        steps.try_for_each(|(at, step)| step.check().map_err(|why| format!("step {} of the recipe, {why}", at + 1)))
    }
}

impl RecipeStep {
    fn check(&self) -> Result<(), String> {
        match self {
            Self::RemoveBias { sigma_fraction } => within("`remove_bias`: `sigma_fraction`", *sigma_fraction, 0.001..=1.0),
            Self::Clahe { tiles, clip } => {
                within("`clahe`: `tiles`", *tiles as f64, 1.0..=64.0)?;
                // There are 256 grey values: none can count for more.
                within("`clahe`: `clip`", *clip, 1.0..=256.0)
            }
            Self::Median4 => Ok(()),
            Self::PercentileScale { low, high } => {
                within("`percentile_scale`: `low`", *low, 0.0..=100.0)?;
                within("`percentile_scale`: `high`", *high, 0.0..=100.0)?;
                if low < high {
                    Ok(())
                } else {
                    Err(format!("`percentile_scale`: `low` is {low}, but must be below `high`, which is {high}"))
                }
            }
            Self::FatReference { fat } => within("`fat_reference`: `fat`", *fat as f64, 0.0..=(SEQUENCES - 1) as f64),
            Self::Standardise { places } => {
                let wrong = places.iter().any(|places| Standard::from_values(*places).is_none());
                if wrong || places.len() > SEQUENCES {
                    return Err("`standardise`: `places` must rise for every sequence; leave them out, and they are learnt".to_owned());
                }
                Ok(())
            }
        }
    }
}

impl Augmentation {
    /// # Errors
    /// One sentence that names the first number outside its range.
    pub fn check(&self) -> Result<(), String> {
        let Self { flip: _, rotation_degrees, scale, elastic, gamma, bias, noise, blur, thickness } = *self;
        let numbers = [
            ("rotation_degrees", rotation_degrees, 180.0),
            ("scale", scale, 1.0),
            ("elastic", elastic, 50.0),
            ("gamma", gamma, 1.0),
            ("bias", bias, 1.0),
            ("noise", noise, 1.0),
            ("blur", blur, 10.0),
            ("thickness", thickness, 1.0),
        ];
        numbers.into_iter().try_for_each(|(name, value, most)| within(&format!("`{name}` of the augmentation"), value, 0.0..=most))
    }
}

/// No number is within no range.
fn within(what: &str, value: f64, range: RangeInclusive<f64>) -> Result<(), String> {
    let (least, most) = (range.start(), range.end());
    if range.contains(&value) { Ok(()) } else { Err(format!("{what} is {value}, but must be between {least} and {most}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::SHIPPED;

    fn why(step: RecipeStep) -> String {
        Recipe { steps: vec![RecipeStep::Median4, step] }.check().unwrap_err()
    }

    #[test]
    fn numbers_of_a_recipe_outside_their_range_are_named() {
        let scale = |low, high| why(RecipeStep::PercentileScale { low, high });
        assert_eq!(scale(99.0, 1.0), "step 2 of the recipe, `percentile_scale`: `low` is 99, but must be below `high`, which is 1");
        assert!(scale(50.0, 50.0).contains("must be below"));
        assert_eq!(scale(-5.0, 1000.0), "step 2 of the recipe, `percentile_scale`: `low` is -5, but must be between 0 and 100");
        assert!(scale(0.0, 1000.0).contains("`high` is 1000") && scale(f64::NAN, 1.0).contains("`low` is NaN"));
        assert!(why(RecipeStep::Clahe { tiles: 0, clip: 3.0 }).contains("`tiles` is 0, but must be between 1 and 64"));
        for clip in [-3.0, 0.5, 257.0, f64::NAN, f64::INFINITY] {
            assert!(why(RecipeStep::Clahe { tiles: 8, clip }).contains("`clip`"), "{clip}");
        }
        for sigma_fraction in [-1.0, 0.0, 1.5, f64::NAN, f64::INFINITY] {
            assert!(why(RecipeStep::RemoveBias { sigma_fraction }).contains("must be between 0.001 and 1"), "{sigma_fraction}");
        }
        assert!(why(RecipeStep::FatReference { fat: 8 }).contains("`fat` is 8"));
        let mut places: [f32; 11] = std::array::from_fn(|n| n as f32);
        assert_eq!(Recipe { steps: vec![RecipeStep::Standardise { places: vec![places; 2] }] }.check(), Ok(()));
        places[4] = f32::NAN;
        assert!(why(RecipeStep::Standardise { places: vec![places] }).contains("must rise"));
        for recipe in [Recipe::default(), Recipe::with_bias_removal(), Recipe::for_sequences(&["w".into(), "fat".into()])] {
            assert_eq!(recipe.check(), Ok(()));
        }
        for shipped in &SHIPPED {
            assert_eq!(shipped.load().unwrap().1.recipe.check(), Ok(()));
        }
    }

    #[test]
    fn changes_outside_their_range_are_named() {
        for usual in [Augmentation::NONE, Augmentation::for_layer("marrow"), Augmentation::for_referred("bone")] {
            assert_eq!(usual.check(), Ok(()));
        }
        let none = Augmentation::NONE;
        for (changed, name) in [
            (Augmentation { noise: -1.0, ..none }, "noise"),
            (Augmentation { noise: 1e30, ..none }, "noise"),
            (Augmentation { scale: 1e300, ..none }, "scale"),
            (Augmentation { thickness: 9.0, ..none }, "thickness"),
            (Augmentation { rotation_degrees: 181.0, ..none }, "rotation_degrees"),
            (Augmentation { elastic: f64::INFINITY, ..none }, "elastic"),
            (Augmentation { gamma: f64::NAN, ..none }, "gamma"),
            (Augmentation { bias: -0.1, ..none }, "bias"),
            (Augmentation { blur: 11.0, ..none }, "blur"),
        ] {
            let said = changed.check().unwrap_err();
            assert!(said.starts_with(&format!("`{name}` of the augmentation is ")) && said.contains("between 0 and"), "{said}");
        }
    }
}
