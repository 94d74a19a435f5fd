//! Which weights a U-Net has and how they hang together.

use crate::learn::form::NetForm;
use crate::learn::spec::{CheckedSpec, NormKind};

/// A 2-D U-Net: per level two blocks of 3×3 convolution (no bias), group norm and ReLU; max pool 2 down, transposed
/// convolution 2×2 up, joined with the encoder's output of the same level; a 1×1 head. (Ronneberger 2015, same padding.)
/// A form, where there is one, says other channels, a leak of the ReLU and a bias on the way up.
#[derive(Clone, Debug, PartialEq)]
pub struct UNetShape {
    /// Planes taken in.
    pub inputs: usize,
    /// Classes told apart.
    pub classes: usize,
    /// Channels of the first level.
    pub base: usize,
    /// Levels.
    pub depth: usize,
    /// How channels are grouped.
    pub norm: NormKind,
    /// Channels that do not simply double, and what comes with them.
    pub form: Option<NetForm>,
    /// Whether the decoder's coarser levels have heads of their own, for learning only.
    pub deep: bool,
}

/// Name and shape of one weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightInfo {
    /// Name in the weights file.
    pub name: String,
    /// Shape, as in PyTorch.
    pub shape: Vec<usize>,
}

/// Numbers of the weights of one block, and its channels.
#[derive(Clone, Copy, Debug)]
pub struct BlockAt {
    /// Weight of the convolution; scale and shift of the norm follow it.
    pub weight: usize,
    /// Channels before.
    pub inputs: usize,
    /// Channels after.
    pub outputs: usize,
}

impl UNetShape {
    /// The net of a specification.
    #[must_use]
    pub fn of(spec: &CheckedSpec) -> Self {
        let wish = spec.spec();
        Self {
            inputs: spec.channels(),
            classes: spec.net_classes(),
            base: wish.base,
            depth: wish.depth,
            norm: wish.norm,
            form: wish.form.clone(),
            deep: wish.objective.deep_supervision,
        }
    }

    /// Channels of a level of the encoder, 0 the finest.
    #[must_use]
    pub fn width(&self, level: usize) -> usize {
        self.form.as_ref().map_or(self.base << level, |form| form.encoder[level])
    }

    /// Channels of the transposed convolution that leads up to a level.
    #[must_use]
    pub fn up_width(&self, level: usize) -> usize {
        self.form.as_ref().map_or_else(|| self.width(level), |form| form.up[level])
    }

    /// Channels of a level on the way up; the coarsest level has nothing below it.
    #[must_use]
    pub fn out_width(&self, level: usize) -> usize {
        match &self.form {
            Some(form) if level + 1 < self.depth => form.decoder[level],
            _ => self.width(level),
        }
    }

    /// What values below zero are multiplied with.
    #[must_use]
    pub fn leak(&self) -> f32 {
        self.form.as_ref().map_or(0.0, |form| form.leak)
    }

    /// Whether the transposed convolutions add a bias.
    #[must_use]
    pub fn has_up_bias(&self) -> bool {
        self.form.as_ref().is_some_and(|form| form.up_bias)
    }

    /// Groups that so many channels are normalised in.
    #[must_use]
    pub fn groups(&self, channels: usize) -> usize {
        match self.norm {
            NormKind::Instance | NormKind::Batch => channels,
            NormKind::Group => (1..=8.min(channels / 2).max(1)).rev().find(|g| channels.is_multiple_of(*g)).unwrap_or(1),
        }
    }

    /// Rows and columns must be multiples of this.
    #[must_use]
    pub const fn multiple(&self) -> usize {
        1 << (self.depth - 1)
    }

    /// The two blocks of the encoder at a level.
    #[must_use]
    pub fn encoder(&self, level: usize) -> [BlockAt; 2] {
        let inputs = if level == 0 { self.inputs } else { self.width(level - 1) };
        let (first, outputs) = (6 * level, self.width(level));
        [BlockAt { weight: first, inputs, outputs }, BlockAt { weight: first + 3, inputs: outputs, outputs }]
    }

    /// Number of the weight of the transposed convolution that leads up to a level; its bias, if it has one, follows it.
    #[must_use]
    pub fn up(&self, level: usize) -> usize {
        6 * self.depth + self.weights_per_up() * (self.depth - 2 - level)
    }

    fn weights_per_up(&self) -> usize {
        7 + usize::from(self.has_up_bias())
    }

    /// The two blocks of the decoder at a level.
    #[must_use]
    pub fn decoder(&self, level: usize) -> [BlockAt; 2] {
        let (first, outputs) = (self.up(level) + 1 + usize::from(self.has_up_bias()), self.out_width(level));
        [
            BlockAt { weight: first, inputs: self.width(level) + self.up_width(level), outputs },
            BlockAt { weight: first + 3, inputs: outputs, outputs },
        ]
    }

    /// Number of the weight of the head; its bias follows it.
    #[must_use]
    pub fn head(&self) -> usize {
        6 * self.depth + self.weights_per_up() * (self.depth - 1)
    }

    /// Levels with a head of their own beside the finest, and the number of its weight; its bias follows it.
    pub fn deep_heads(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let first = self.head() + 2;
        (1..if self.deep { self.depth.saturating_sub(1) } else { 1 }).map(move |level| (level, first + 2 * (level - 1)))
    }

    /// All weights in order of their numbers.
    #[must_use]
    pub fn weights(&self) -> Vec<WeightInfo> {
        let mut all = Vec::new();
        let mut add = |name: String, shape: &[usize]| all.push(WeightInfo { name, shape: shape.to_vec() });
        let block = |add: &mut dyn FnMut(String, &[usize]), name: &str, blocks: [BlockAt; 2]| {
            for (n, at) in blocks.iter().enumerate() {
                add(format!("{name}.{n}.conv.weight"), &[at.outputs, at.inputs, 3, 3]);
                add(format!("{name}.{n}.norm.scale"), &[at.outputs]);
                add(format!("{name}.{n}.norm.shift"), &[at.outputs]);
            }
        };
        for level in 0..self.depth {
            block(&mut add, &format!("encoder.{level}"), self.encoder(level));
        }
        for level in (0..self.depth - 1).rev() {
            add(format!("up.{level}.weight"), &[self.out_width(level + 1), self.up_width(level), 2, 2]);
            if self.has_up_bias() {
                add(format!("up.{level}.bias"), &[self.up_width(level)]);
            }
            block(&mut add, &format!("decoder.{level}"), self.decoder(level));
        }
        add("head.weight".to_owned(), &[self.classes, self.out_width(0), 1, 1]);
        add("head.bias".to_owned(), &[self.classes]);
        for (level, _) in self.deep_heads() {
            add(format!("deep.{level}.weight"), &[self.classes, self.out_width(level), 1, 1]);
            add(format!("deep.{level}.bias"), &[self.classes]);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_agree() {
        let shape = UNetShape { inputs: 1, classes: 4, base: 32, depth: 4, norm: NormKind::Group, form: None, deep: false };
        let weights = shape.weights();
        let total: usize = weights.iter().map(|w| w.shape.iter().product::<usize>()).sum();
        // The count of tools/bench_unet_torch.py's net.
        assert_eq!(total, 1_926_308);
        assert_eq!(weights[shape.up(1)].name, "up.1.weight");
        assert_eq!(weights[shape.decoder(0)[1].weight].name, "decoder.0.1.conv.weight");
        assert_eq!(weights[shape.encoder(3)[0].weight].name, "encoder.3.0.conv.weight");
        assert_eq!(weights[shape.head()].name, "head.weight");
        let deep = UNetShape { deep: true, ..shape.clone() };
        assert_eq!(weights[..], deep.weights()[..weights.len()]);
        assert_eq!(
            deep.deep_heads().map(|(level, at)| (level, deep.weights()[at].name.clone())).collect::<Vec<_>>(),
            [(1, "deep.1.weight".to_owned()), (2, "deep.2.weight".to_owned())]
        );
        assert_eq!(shape.groups(32), 8);
        assert_eq!(shape.groups(6), 3);
        assert_eq!(shape.groups(3), 1);
    }

    #[test]
    fn a_form_has_its_own_channels() {
        let form = NetForm { encoder: vec![2, 2, 5], up: vec![4, 3], decoder: vec![6, 7], leak: 0.1, up_bias: true };
        let shape = UNetShape { inputs: 1, classes: 4, base: 2, depth: 3, norm: NormKind::Batch, form: Some(form), deep: false };
        let weights = shape.weights();
        let of = |number: usize| (weights[number].name.as_str(), weights[number].shape.as_slice());
        assert_eq!(of(shape.up(1)), ("up.1.weight", &[5, 3, 2, 2][..]));
        assert_eq!(of(shape.up(0) + 1), ("up.0.bias", &[4][..]));
        assert_eq!(of(shape.decoder(0)[0].weight), ("decoder.0.0.conv.weight", &[6, 6, 3, 3][..]));
        assert_eq!(of(shape.head()), ("head.weight", &[4, 6, 1, 1][..]));
        assert_eq!(weights.len(), shape.head() + 2);
    }
}
