//! Signal of tissues in the water-only and the fat-only image, 1 being about free fluid and pure fat.

/// What a tissue gives in the two images of a T2-weighted Dixon pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tissue {
    pub(super) water: f64,
    pub(super) fat: f64,
}

impl Tissue {
    pub(super) const SKIN: Self = Self { water: 0.42, fat: 0.2 };
    pub(super) const FAT: Self = Self { water: 0.105, fat: 1.0 };
    pub(super) const SEPTUM: Self = Self { water: 0.16, fat: 0.8 };
    pub(super) const FASCIA: Self = Self { water: 0.2, fat: 0.55 };
    pub(super) const MUSCLE: Self = Self { water: 0.3, fat: 0.1 };
    pub(super) const TENDON: Self = Self { water: 0.06, fat: 0.08 };
    pub(super) const MENISCUS: Self = Self { water: 0.1, fat: 0.06 };
    pub(super) const SYNOVIUM: Self = Self { water: 0.26, fat: 0.45 };
    pub(super) const LINING: Self = Self { water: 0.4, fat: 0.4 };
    pub(super) const FLUID: Self = Self { water: 1.05, fat: 0.02 };
    pub(super) const CARTILAGE: Self = Self { water: 0.74, fat: 0.06 };
    pub(super) const VESSEL: Self = Self { water: 0.85, fat: 0.1 };
    pub(super) const CORTEX: Self = Self { water: 0.02, fat: 0.05 };
    pub(super) const PLATE: Self = Self { water: 0.88, fat: 0.1 };

    /// Marrow whose field (see [`super::marrow`]) is `level`; `grain` in −1..=1 is its trabecular texture.
    pub(super) fn marrow(level: f64, grain: f64) -> Self {
        let water = 0.1 + 0.165 * level + 0.014 * level * level;
        Self { water: water * (1.0 + 0.07 * grain), fat: ((0.84 - 0.17 * level) * (1.0 + 0.06 * grain)).max(0.05) }
    }
}

/// The signal of a point while tissues are laid over each other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix {
    pub(super) water: f64,
    pub(super) fat: f64,
}

impl Mix {
    /// Lays a tissue over what is there, covering the share `cover` (0..=1).
    pub(super) fn over(&mut self, tissue: Tissue, cover: f64) {
        self.water += cover * (tissue.water - self.water);
        self.fat += cover * (tissue.fat - self.fat);
    }
}
