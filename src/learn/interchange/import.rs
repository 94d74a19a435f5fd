//! From weights in a foreign layout to a model of this program that gives the same numbers.

use super::file::WeightsFile;
use super::layout::{BlockNames, Found, Layout};
use super::{ImportError, ImportWish, NOTE};
use crate::learn::form::NetForm;
use crate::learn::net::{Parameters, UNetShape};
use crate::learn::{Card, Model, ModelSpec, NormKind, checkpoint};
use std::collections::{BTreeMap, BTreeSet};

/// A model out of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The model.
    pub model: Model,
    /// Its card.
    pub card: Card,
    /// What was found and what was taken for granted, a sentence each.
    pub notes: Vec<String>,
}

/// PyTorch's default, which no file says.
const EPSILON: f64 = 1e-5;

/// Takes a model out of the bytes of a file; its numbers are those that PyTorch computes in evaluation.
///
/// # Errors
/// If the file cannot be read, has no known layout, or a layout that the net here cannot hold; if what is said does not fit it.
pub fn import(bytes: &[u8], wish: &ImportWish) -> Result<Imported, ImportError> {
    let file = WeightsFile::open(bytes, NOTE)?;
    if let Some(card) = file.note() {
        return own(bytes, card, wish);
    }
    let found = Found::in_file(&file)?;
    let (spec, recipe) = wish.of_foreign()?;
    recipe.require(spec.sequences.len()).map_err(ImportError::Recipe)?;
    let mut reader = Reader { file: &file, used: BTreeSet::new() };
    let (spec, values, mut notes) = foreign(&mut reader, &found, spec, wish.leak)?;
    reader.refuse_unused(&found.prefix)?;
    let checked = spec.check()?;
    let shape = UNetShape::of(&checked);
    let mut all = Vec::new();
    for info in shape.weights() {
        let (name, weight) = values.get(&info.name).ok_or_else(|| ImportError::Unheld(format!("it has no {}", info.name)))?;
        if weight.shape != info.shape {
            return Err(ImportError::Shape { name: name.clone(), found: weight.shape.clone(), expected: info.shape });
        }
        if weight.values.iter().any(|v| !v.is_finite()) {
            return Err(ImportError::NotFinite(name.clone()));
        }
        all.push(weight.values.clone());
    }
    let parameters = Parameters::from_values(&shape, all).ok_or_else(|| ImportError::Unheld("its weights do not add up".to_owned()))?;
    let model = Model::from_parts(checked, recipe, vec![parameters], 0);
    let word = found.layout.word();
    notes.insert(0, format!("{word}: {} levels, {} numbers", found.depth, model.parameter_count()));
    let card = Card { origin: Some(format!("imported weights in the layout of {word}")), ..Card::of(&model, 0, &wish.created) };
    Ok(Imported { model, card, notes })
}

/// A file of this program: everything is in it.
fn own(bytes: &[u8], card: &str, wish: &ImportWish) -> Result<Imported, ImportError> {
    let card = Card::read(card.as_bytes()).map_err(ImportError::Card)?;
    wish.require_agreement(&card)?;
    let model = checkpoint::from_one_file(bytes, &card).map_err(ImportError::Weights)?;
    let nets = model.nets().len();
    let several = if nets > 1 { format!(", {nets} nets") } else { String::new() };
    Ok(Imported { model, notes: vec![format!("a file that this program wrote{several}")], card })
}

/// A weight and its shape, as our net wants it.
struct Weight {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// Weights by our name, each with the name in the file.
type Weights = BTreeMap<String, (String, Weight)>;

/// Reads weights and remembers which.
struct Reader<'a> {
    file: &'a WeightsFile<'a>,
    used: BTreeSet<String>,
}

impl Reader<'_> {
    fn weight(&mut self, name: &str) -> Result<Weight, ImportError> {
        let values = self.file.floats(name)?;
        self.used.insert(name.to_owned());
        Ok(Weight { shape: self.file.shape(name).unwrap_or_default(), values })
    }

    /// A vector with so many numbers, if it is there.
    fn vector(&mut self, name: &str, length: usize) -> Result<Option<Vec<f32>>, ImportError> {
        if self.file.shape(name).is_none() {
            return Ok(None);
        }
        let weight = self.weight(name)?;
        if weight.shape != [length] {
            return Err(ImportError::Shape { name: name.to_owned(), found: weight.shape, expected: vec![length] });
        }
        Ok(Some(weight.values))
    }

    /// The shape of a 2-D convolution's weight.
    fn kernel(&self, name: &str) -> Result<[usize; 4], ImportError> {
        let shape = self.file.shape(name).ok_or_else(|| super::file::FileError::Missing(name.to_owned()))?;
        match <[usize; 4]>::try_from(shape.as_slice()) {
            Ok(kernel) => Ok(kernel),
            Err(_) if shape.len() == 5 => Err(ImportError::Unheld("it is a 3-D net".to_owned())),
            Err(_) => Err(ImportError::Unheld(format!("its weight `{name}` has {} axes", shape.len()))),
        }
    }

    /// Every weight of the net must have found its place: one left over would change the numbers.
    fn refuse_unused(&self, prefix: &str) -> Result<(), ImportError> {
        let left = self.file.names().into_iter().find(|name| {
            let counts = name.ends_with(".num_batches_tracked");
            name.starts_with(prefix) && !counts && !self.used.contains(*name)
        });
        left.map_or(Ok(()), |name| Err(ImportError::Unheld(format!("it has a weight `{name}` beside those of its layout"))))
    }
}

/// Specification and weights of a foreign net.
fn foreign(
    reader: &mut Reader<'_>,
    found: &Found,
    spec: ModelSpec,
    leak: Option<f32>,
) -> Result<(ModelSpec, Weights, Vec<String>), ImportError> {
    let depth = found.depth;
    let outputs = |reader: &Reader<'_>, names: &BlockNames| Ok::<_, ImportError>(reader.kernel(&format!("{}.weight", names.conv))?[0]);
    let mut form = NetForm {
        encoder: Vec::new(),
        up: Vec::new(),
        decoder: Vec::new(),
        leak: leak.unwrap_or(found.layout.usual_leak()),
        up_bias: true,
    };
    let (mut values, mut norms) = (Weights::new(), BTreeSet::new());
    for level in 0..depth {
        form.encoder.push(outputs(reader, &found.encoder_at(level, 0))?);
        for n in 0..2 {
            norms.insert(block(reader, &found.encoder_at(level, n), &format!("encoder.{level}.{n}"), &mut values)?);
        }
    }
    for level in 0..depth - 1 {
        let up = found.up_at(level);
        if reader.file.shape(&format!("{up}.weight")).is_none() {
            return Err(ImportError::Unheld(format!("it goes up without weights (bilinear) or in another way: there is no `{up}.weight`")));
        }
        form.up.push(reader.kernel(&format!("{up}.weight"))?[1]);
        values.insert(format!("up.{level}.weight"), (format!("{up}.weight"), reader.weight(&format!("{up}.weight"))?));
        let channels = form.up[level];
        let bias = reader.vector(&format!("{up}.bias"), channels)?.unwrap_or_else(|| vec![0.0; channels]);
        values.insert(format!("up.{level}.bias"), (format!("{up}.bias"), Weight { shape: vec![channels], values: bias }));
        form.decoder.push(outputs(reader, &found.decoder_at(level, 0))?);
        for n in 0..2 {
            norms.insert(block(reader, &found.decoder_at(level, n), &format!("decoder.{level}.{n}"), &mut values)?);
        }
    }
    let (classes, mut notes) = head(reader, found, &mut values)?;
    if norms.len() != 1 {
        return Err(ImportError::Unheld("it has running statistics in some norms and none in others".to_owned()));
    }
    let fixed = norms.contains(&true);
    if found.layout == Layout::BasicUnet {
        notes.push(format!("leaky ReLU: slope {} below zero, which the file does not say", form.leak));
    }
    notes.push(if fixed {
        format!("batch norm: running statistics folded into a fixed scale and shift (epsilon {EPSILON:e}, PyTorch's default)")
    } else {
        format!("instance norm (epsilon {EPSILON:e}), MONAI's default: the file does not say which norm")
    });
    let inputs = reader.kernel(&format!("{}.weight", found.encoder_at(0, 0).conv))?[1];
    let (sequences, neighbours) = (spec.sequences.len(), spec.neighbours);
    let given = sequences * (2 * neighbours + 1);
    if given != inputs {
        return Err(ImportError::Inputs { inputs, sequences, neighbours, given });
    }
    let norm = if fixed { NormKind::Batch } else { NormKind::Instance };
    let labels = classes.saturating_sub(1);
    let base = form.encoder[0];
    Ok((ModelSpec { labels, base, depth, norm, form: Some(form), ..spec }, values, notes))
}

/// Reads convolution and norm of a block; whether the norm is a fixed one.
fn block(reader: &mut Reader<'_>, names: &BlockNames, ours: &str, values: &mut Weights) -> Result<bool, ImportError> {
    let conv = format!("{}.weight", names.conv);
    let channels = reader.kernel(&conv)?[0];
    let weight = reader.weight(&conv)?;
    values.insert(format!("{ours}.conv.weight"), (conv, weight));
    let bias = reader.vector(&format!("{}.bias", names.conv), channels)?;
    let of_norm = |what: &str| format!("{}.{what}", names.norm);
    let (mean, variance) = (reader.vector(&of_norm("running_mean"), channels)?, reader.vector(&of_norm("running_var"), channels)?);
    let gain = reader.vector(&of_norm("weight"), channels)?;
    let (Some(mut scale), shift) = (gain, reader.vector(&of_norm("bias"), channels)?) else {
        return Err(super::file::FileError::Missing(of_norm("weight")).into());
    };
    let mut shift = shift.unwrap_or_else(|| vec![0.0; channels]);
    let fixed = mean.is_some();
    if fixed != variance.is_some() {
        return Err(super::file::FileError::Missing(of_norm("running_var")).into());
    }
    if let (Some(mean), Some(variance)) = (mean, variance) {
        // gain (conv + bias − mean) / √(variance + ε) + shift, as one factor and one summand.
        for c in 0..channels {
            let factor = f64::from(scale[c]) / (f64::from(variance[c]) + EPSILON).sqrt();
            let before = bias.as_ref().map_or(0.0, |b| f64::from(b[c])) - f64::from(mean[c]);
            scale[c] = factor as f32;
            shift[c] = (f64::from(shift[c]) + factor * before) as f32;
        }
    }
    // Without running statistics the norm takes each channel's own mean away, and a bias with it.
    for (what, numbers) in [("scale", scale), ("shift", shift)] {
        values.insert(format!("{ours}.norm.{what}"), (of_norm("weight"), Weight { shape: vec![channels], values: numbers }));
    }
    Ok(fixed)
}

/// Reads the head; the number of classes, background counted.
fn head(reader: &mut Reader<'_>, found: &Found, values: &mut Weights) -> Result<(usize, Vec<String>), ImportError> {
    let (name, bias_name) = (format!("{}.weight", found.head()), format!("{}.bias", found.head()));
    let [mut classes, inputs, ..] = reader.kernel(&name)?;
    let mut weight = reader.weight(&name)?;
    let mut bias = reader.vector(&bias_name, classes)?.unwrap_or_else(|| vec![0.0; classes]);
    let mut notes = Vec::new();
    if classes == 1 {
        // sigmoid(z) is the second of softmax(0, z): the background's values are zero.
        classes = 2;
        weight.shape[0] = 2;
        weight.values.splice(0..0, std::iter::repeat_n(0.0, inputs));
        bias.insert(0, 0.0);
        notes.push("one class with a sigmoid: the background is a second class whose value is zero".to_owned());
    }
    values.insert("head.weight".to_owned(), (name, weight));
    values.insert("head.bias".to_owned(), (bias_name, Weight { shape: vec![classes], values: bias }));
    Ok((classes, notes))
}
