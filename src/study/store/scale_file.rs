//! `results/standard-scale.json`: the study's standard scale of grey values and the exams it was learnt from.

use crate::io::{SaveError, atomic_write};
use crate::study::Layout;
use crate::volume::{LANDMARK_PERCENTS, Standard};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The file for a scale learnt from certain images; learnt from others, it counts as absent and is made anew.
pub struct ScaleFile {
    path: PathBuf,
    /// `exam/sequence` of each image.
    images: Vec<String>,
}

impl ScaleFile {
    /// The study's file, for these images (`exam/sequence`).
    #[must_use]
    pub fn new(layout: &Layout, images: Vec<String>) -> Self {
        Self { path: layout.results().join("standard-scale.json"), images }
    }

    /// The scale, if the file holds one that was learnt from just these images.
    #[must_use]
    pub fn load(&self) -> Option<Standard> {
        let value: Value = serde_json::from_slice(&std::fs::read(&self.path).ok()?).ok()?;
        let same = value.get("images")?.as_array()?.iter().map(Value::as_str).eq(self.images.iter().map(|n| Some(n.as_str())));
        let places: Vec<f32> = value.get("places")?.as_array()?.iter().filter_map(Value::as_f64).map(|v| v as f32).collect();
        let standard = Standard::from_values(places.try_into().ok()?)?;
        (same && value.get("percents") == Some(&json!(LANDMARK_PERCENTS))).then_some(standard)
    }

    /// Writes the scale.
    ///
    /// # Errors
    /// If the file cannot be written; an older one stays.
    pub fn save(&self, standard: &Standard) -> Result<(), SaveError> {
        let text = json!({
            "method": "Nyul & Udupa: percentiles of what is brighter than air, ends at 0 and 1000, mean places",
            "percents": LANDMARK_PERCENTS, "places": standard.values(), "images": self.images,
        });
        atomic_write(&self.path, |file| file.write_all(format!("{text:#}\n").as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{GreySummary, Landmarks};

    #[test]
    fn a_scale_is_read_back_for_the_same_images_only() {
        let home = tempfile::tempdir().unwrap();
        let layout = Layout::new(home.path());
        std::fs::create_dir_all(layout.results()).unwrap();
        let values: Vec<f32> = (0..900_u32).map(|n| (n.wrapping_mul(7919) % 613) as f32 + 1.0).collect();
        let standard = Standard::learn(&[Landmarks::of(&GreySummary::of(&values)).unwrap()]).unwrap();
        let file = |images: &[&str]| ScaleFile::new(&layout, images.iter().map(|&i| i.to_owned()).collect());
        assert_eq!(file(&["K-001/water"]).load(), None);
        file(&["K-001/water"]).save(&standard).unwrap();
        assert_eq!(file(&["K-001/water"]).load(), Some(standard));
        assert_eq!(file(&["K-001/water", "K-002/water"]).load(), None);
        std::fs::write(layout.results().join("standard-scale.json"), "{").unwrap();
        assert_eq!(file(&["K-001/water"]).load(), None);
    }
}
