//! `osteon model`: weights from elsewhere, what a model's card says, weights to elsewhere.

use super::clock;
use super::plan_file::read_recipe;
use super::train::layer_and_reader;
use super::train_folder::require_model;
use crate::io::atomic_write;
use crate::learn::{Card, ImportWish, Model, checkpoint, export, import};
use crate::study::Layout;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

/// What `osteon model` does.
#[derive(Subcommand, Clone, Debug)]
pub enum ModelCommand {
    /// Take over the weights of a U-Net from PyTorch (.pt, .pth, .safetensors); nothing in the file is run
    Import(ModelImportArgs),
    /// Say what a model has learnt, from what, and how well
    Show {
        /// Folder of the model
        model: PathBuf,
    },
    /// Write weights and card as one safetensors file; of several nets, the names of their weights begin with net-1., net-2. and so on
    Export {
        /// Folder of the model
        model: PathBuf,
        /// New file
        out: PathBuf,
    },
}

/// What `osteon model import` takes.
#[derive(Args, Clone, Debug)]
pub struct ModelImportArgs {
    /// File with a state_dict of milesial's U-Net or MONAI's BasicUNet (2-D), or one that `osteon model export` wrote
    pub file: PathBuf,
    /// The model's name, layer and whose reads it learnt: marrow-R1 (not needed where the file has a card, nor may anything here
    /// contradict it)
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// New folder for the model
    #[arg(long, value_name = "MODEL_DIR")]
    pub out: PathBuf,
    /// Input sequences in the order of the net's channels: water,fat (default: water)
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub sequences: Option<Vec<String>>,
    /// Slices taken in on each side of the one to label (default: 0)
    #[arg(long)]
    pub neighbours: Option<usize>,
    /// Pixel size that it was trained at, width,height in mm (default: every image's own)
    #[arg(long, value_name = "MM,MM", value_delimiter = ',', num_args = 1)]
    pub spacing: Option<Vec<f64>>,
    /// JSON file with the steps that prepare grey values (default: the 1st and 99.5th percentile become 0 and 1)
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,
    /// Slope of the ReLU below zero (default: 0 for milesial's U-Net, 0.1 for MONAI's BasicUNet)
    #[arg(long)]
    pub leak: Option<f32>,
}

/// Larger files are no U-Net for a workstation.
const MOST_BYTES: u64 = 2 << 30;

/// # Errors
/// One sentence that names the file and says what is wrong with it.
pub fn run(command: ModelCommand) -> Result<()> {
    match command {
        ModelCommand::Import(args) => take_over(&args),
        ModelCommand::Show { model } => {
            require_model(&model)?;
            let (model, card) = checkpoint::load(&model)?;
            describe(&card, model.parameter_count()).iter().for_each(|line| println!("{line}"));
            Ok(())
        }
        ModelCommand::Export { model, out } => {
            require_model(&model)?;
            Layout::refuse_target(&out)?;
            if out.exists() {
                bail!("{} already exists; choose another name", out.display());
            }
            let (model, card) = checkpoint::load(&model)?;
            write_out(&model, &card, &out)
        }
    }
}

/// Writes a model as one file that can be taken over again.
fn write_out(model: &Model, card: &Card, out: &Path) -> Result<()> {
    let bytes = export(model, card).map_err(anyhow::Error::msg)?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("the model has {} bytes, more than `osteon model import` takes; copy its folder instead", bytes.len());
    }
    atomic_write(out, |file| file.write_all(&bytes))?;
    let nets = model.member_count() * model.spec().nets();
    let several = if nets > 1 { format!(" of {nets} nets, their names begin with net-1. to net-{nets}.") } else { String::new() };
    println!("{}: {} numbers as float32{several}, the card under `osteon_card` in its metadata", out.display(), model.parameter_count());
    Ok(())
}

fn take_over(args: &ModelImportArgs) -> Result<()> {
    let name = args.name.as_deref().map(layer_and_reader).transpose()?;
    Layout::refuse_target(&args.out)?;
    if args.out.exists() {
        bail!("{} already exists; versions of a model are never overwritten, choose another name", args.out.display());
    }
    let spacing_mm = match args.spacing.as_deref() {
        None => None,
        Some([width, height]) => Some([*width, *height]),
        Some(_) => bail!("--spacing takes two numbers, width,height in mm: 0.9,0.9"),
    };
    let wish = ImportWish {
        name: name.map(|(layer, reader)| (layer.word().to_owned(), reader.as_str().to_owned())),
        sequences: args.sequences.clone(),
        neighbours: args.neighbours,
        spacing_mm,
        recipe: args.recipe.as_deref().map(read_recipe).transpose()?,
        leak: args.leak,
        created: clock(),
    };
    let bytes = read(&args.file)?;
    let imported = import(&bytes, &wish).with_context(|| args.file.display().to_string())?;
    checkpoint::save(&imported.model, &imported.card, &args.out)?;
    println!("{}: imported from {}", args.out.display(), args.file.display());
    imported.notes.iter().for_each(|note| println!("  {note}"));
    Ok(())
}

/// Reads a whole file that is not larger than a net's weights can be.
fn read(path: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("{} cannot be read; check the path and its permissions", path.display());
    let about = std::fs::metadata(path).with_context(cannot)?;
    if !about.is_file() {
        bail!("{} is not a file; name a .pt, .pth or .safetensors file", path.display());
    }
    if about.len() > MOST_BYTES {
        bail!("{} has {} bytes, more than any U-Net for a workstation; name another file", path.display(), about.len());
    }
    std::fs::read(path).with_context(cannot)
}

/// A card in words, a line each.
fn describe(card: &Card, numbers: usize) -> Vec<String> {
    let spec = &card.spec;
    let mut lines = vec![format!("{}: {} label(s), learnt from {}", spec.layer, spec.labels, spec.labels_from)];
    if !card.label_keys.is_empty() {
        lines.push(format!("labels: {}", card.label_keys.join(", ")));
    }
    let around = if spec.neighbours == 0 { String::new() } else { format!(", each with {} slice(s) on either side", spec.neighbours) };
    lines.push(format!("sequences: {}{around}", spec.sequences.join(", ")));
    let pixels = spec.spacing_mm.map_or_else(|| "each image's own".to_owned(), |[w, h]| format!("{w} × {h} mm"));
    lines.push(format!("pixels: {pixels}"));
    let channels =
        spec.form.as_ref().map_or_else(|| format!("{} channels, doubled per level", spec.base), |f| format!("{:?} channels", f.encoder));
    let (nets, all) = match card.members_sha256.len() {
        0 => ("net".to_owned(), ""),
        more => (format!("{} nets, each", more + 1), " in all"),
    };
    lines.push(format!("{nets}: {} levels, {channels}, {numbers} numbers{all}", spec.depth));
    lines.push(format!("grey values: {}", serde_json::to_string(&card.recipe.steps).unwrap_or_default()));
    lines.push(match &card.origin {
        Some(origin) => format!("where from: {origin}; {} steps since", card.steps),
        None => format!("where from: {} steps from seed {}", card.steps, card.seed),
    });
    if let Some(parent) = &card.parent {
        lines.push(format!("went on from: {parent}"));
    }
    lines.push(format!("made: {} on {} with {} thread(s)", card.created, card.instruction_path, card.threads));
    if card.dice.is_empty() {
        lines.push("Dice on held-out cases: not measured".to_owned());
    }
    for (level, dice) in &card.dice {
        lines.push(format!("Dice on held-out cases, {level}: {}", dice.map_or_else(|| "–".to_owned(), |d| format!("{d:.3}"))));
    }
    lines.push(format!("learnt from {} exam(s); weights sha256 {}", card.data_hashes.len(), card.weights_sha256));
    lines
}
