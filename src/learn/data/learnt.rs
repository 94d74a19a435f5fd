//! What a recipe learns from the training exams before it is used.

use super::Recipe;
use super::prepared::slices;
use crate::space::SlicePlane;
use crate::volume::Image;

/// The recipe with what it learns from so many training exams (its standard scales). `load` gives an exam by its number: its images
/// and slice axis. One exam at a time is in memory, so that it is asked for once per scale.
///
/// # Errors
/// What `load` says; if there is no memory for an exam, in words.
pub fn learnt_recipe(
    recipe: &Recipe,
    exams: usize,
    load: &mut dyn FnMut(usize) -> Result<(Vec<Image>, usize), String>,
) -> Result<Recipe, String> {
    if !recipe.learns() {
        return Ok(recipe.clone());
    }
    recipe.clone().learnt(exams, &mut |exam| {
        let (images, axis) = load(exam)?;
        let Some(grid) = images.first().map(Image::grid) else { return Ok(None) };
        if images.iter().any(|image| image.grid().shape() != grid.shape()) {
            return Ok(None);
        }
        let plane = SlicePlane::new(grid.world_from_voxel(), grid.shape(), axis.min(2));
        let volumes = images.iter().map(|image| slices(image, &plane)).collect::<Result<_, _>>();
        Ok(Some((volumes.map_err(|why| why.to_string())?, plane.size())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::RecipeStep;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::{Arc, Weak};

    /// All training exams were once in memory together, and their copies beside them, whatever the ceiling was.
    #[test]
    fn one_exam_at_a_time_is_in_memory() {
        let recipe = Recipe { steps: vec![RecipeStep::Median4, RecipeStep::Standardise { places: Vec::new() }] };
        let (mut asked, mut last): (Vec<usize>, Weak<Grid>) = (Vec::new(), Weak::new());
        let learnt = learnt_recipe(&recipe, 4, &mut |exam| {
            assert!(last.upgrade().is_none(), "the exam before {exam} is still in memory");
            let grid = Arc::new(Grid::new([30, 20, 4], Affine::from_spacing(Spacing::UNIT)).unwrap());
            (last, asked) = (Arc::downgrade(&grid), [&asked[..], &[exam]].concat());
            let values = (0..grid.voxel_count()).map(|n| if n % 30 < 9 { 0.0 } else { 50.0 + (n * (exam + 37) % 601) as f32 });
            Ok((vec![Image::new(grid, values.collect::<Vec<_>>()).unwrap()], 2))
        });
        assert!(!learnt.unwrap().learns());
        assert_eq!(asked, [0, 1, 2, 3]);
        let why = learnt_recipe(&recipe, 4, &mut |exam| Err(format!("{exam} is damaged"))).unwrap_err();
        assert_eq!(why, "0 is damaged");
        // What learns nothing asks for nothing.
        assert_eq!(learnt_recipe(&Recipe::default(), 4, &mut |_| Err(String::new())), Ok(Recipe::default()));
    }
}
