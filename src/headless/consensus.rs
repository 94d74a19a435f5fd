//! `osteon consensus`: one map out of several reads, written as NIfTI, with the rules and figures printed.

use super::agreement::{count_votes, read_labels};
use super::figures_json::{joint_json, staple_json};
use super::output::{refuse_over, write_json};
use crate::consensus::{Consensus, ConsensusOptions, JointStart, LineUp, LineUpReader, MARROW_LEVELS, Method, Region, VotePatterns};
use crate::io;
use crate::study::Layout;
use crate::volume::Labels;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// The map of all levels.
const LABELS: &str = "label.nii.gz";
/// The figures.
const FIGURES: &str = "consensus.json";

/// Arguments of `osteon consensus`.
#[derive(Clone, Debug, clap::Args)]
pub struct ConsensusArgs {
    /// Label maps on one grid, one per reader
    #[arg(required = true, value_name = "LABELS.nii.gz")]
    pub reads: Vec<PathBuf>,
    /// How the reads become one
    #[arg(long, value_parser = ["staple", "joint", "majority", "simple"])]
    pub method: String,
    /// Which voxels STAPLE looks at: the whole volume, the box around all labels, or where the readers disagree
    #[arg(long, value_name = "REGION", default_value = "whole", value_parser = ["whole", "box", "disagreement"])]
    pub region: String,
    /// Where joint STAPLE starts: 0.99 on the diagonal, or the votes without tied voxels
    #[arg(long, value_name = "START", default_value = "diagonal", value_parser = ["votes", "diagonal"])]
    pub joint_start: String,
    /// Folder for label.nii.gz and the masks and probability maps of every level
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Runs the sub-command.
///
/// # Errors
/// If a file cannot be read, grids differ or a result cannot be written.
pub fn run(args: &ConsensusArgs) -> Result<()> {
    let Some(method) = Method::from_word(&args.method) else {
        bail!("--method {}: choose staple, joint, majority or simple", args.method);
    };
    let options = options(args, method)?;
    Layout::refuse_target(&args.out)?;
    let (names, reads) = read_labels(&args.reads)?;
    let readers: Vec<&Labels> = reads.iter().collect();
    eprintln!("counting the votes of {} readers", readers.len());
    let patterns = count_votes(&readers, &args.reads)?;
    let highest = patterns.table().highest_label().max(3);
    let extra: Vec<Vec<u8>> = (4..=highest).map(|label| vec![label]).collect();
    let levels: Vec<&[u8]> = MARROW_LEVELS.into_iter().chain(extra.iter().map(Vec::as_slice)).collect();
    let consensus = Consensus::with(&patterns, method, &levels, &options);
    for file in files(&consensus) {
        refuse_over(&args.out.join(file), &args.reads)?;
    }
    std::fs::create_dir_all(&args.out).with_context(|| format!("the folder {} could not be made", args.out.display()))?;
    write_maps(&args.out, &patterns, &consensus)?;
    let line_up = LineUp::with_options(&readers, None, method, &levels, &options)?;
    write_json(&args.out.join(FIGURES), &report_json(&names, &patterns, &consensus, &line_up, &options))?;
    print!("{}", report_text(&names, &patterns, &consensus, &line_up, &options));
    Ok(())
}

/// An option that the method does not know is refused, so that nobody believes it had an effect.
fn options(args: &ConsensusArgs, method: Method) -> Result<ConsensusOptions> {
    let Some(region) = Region::from_word(&args.region) else {
        bail!("--region {}: choose whole, box or disagreement", args.region);
    };
    if region != Region::Whole && method != Method::Staple {
        bail!("--region {} is for --method staple only: leave it out", args.region);
    }
    let start = if args.joint_start == "votes" { JointStart::Votes } else { JointStart::default() };
    if start == JointStart::Votes && method != Method::Joint {
        bail!("--joint-start votes is for --method joint only: leave it out");
    }
    Ok(ConsensusOptions { region, start })
}

/// Every file of the folder: in the folder of the reads, none of them may be one of those.
fn files(consensus: &Consensus) -> Vec<String> {
    let of_levels = consensus.levels().iter().flat_map(|level| [mask_file(&level.name()), probability_file(&level.name())]);
    [LABELS.to_owned(), FIGURES.to_owned()].into_iter().chain(of_levels).collect()
}

fn mask_file(level: &str) -> String {
    format!("mask_{level}.nii.gz")
}

fn probability_file(level: &str) -> String {
    format!("probability_{level}.nii.gz")
}

fn write_maps(out: &Path, patterns: &VotePatterns, consensus: &Consensus) -> Result<()> {
    let description = format!("Osteon {} consensus", consensus.method().word());
    eprintln!("writing {}", out.display());
    io::write_labels_nifti(&out.join(LABELS), &consensus.label_map(patterns), &description)?;
    for (at, level) in consensus.levels().iter().enumerate() {
        let name = level.name();
        let mask = consensus.mask(patterns, at);
        io::write_labels_nifti(&out.join(mask_file(&name)), &mask, &format!("{description}, level {name}"))?;
        io::write_probability_nifti(&out.join(probability_file(&name)), patterns.grid(), &consensus.probability(patterns, at))?;
    }
    Ok(())
}

fn report_json(names: &[String], patterns: &VotePatterns, consensus: &Consensus, line_up: &LineUp, options: &ConsensusOptions) -> Value {
    let rows = line_up.rows.iter().map(|row| {
        let of = |reader: &LineUpReader| json!({"dice": reader.dice, "dice_left_out": reader.dice_left_out});
        let readers: Map<String, Value> = names.iter().zip(&row.readers).map(|(name, reader)| (name.clone(), of(reader))).collect();
        let figures = json!({"estimable": row.estimable, "voxels": row.consensus_voxels, "readers": readers});
        (row.name.clone(), figures)
    });
    let mut out = json!({
        "method": consensus.method().word(),
        "rule": options.rule(consensus.method()),
        "readers": names,
        "undecided": consensus.undecided_voxels(patterns.table()),
        "levels": rows.collect::<Map<_, _>>(),
        "warnings": consensus.warnings().iter().map(|w| w.in_words(names)).collect::<Vec<_>>(),
    });
    if !consensus.staple().is_empty() {
        out["staple_binary"] = consensus.staple().iter().map(|s| (s.level_name(), staple_json(s))).collect::<Map<_, _>>().into();
    }
    if let Some(starts) = consensus.joint() {
        out["staple_multilabel"] = json!({
            "diagonal": joint_json(&starts.diagonal, patterns.table()),
            "votes": joint_json(&starts.votes, patterns.table()),
            "differing_voxels": starts.differing_voxels,
        });
    }
    out
}

fn report_text(names: &[String], patterns: &VotePatterns, consensus: &Consensus, line_up: &LineUp, options: &ConsensusOptions) -> String {
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"));
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(6);
    let mut text = format!("{} readers, method {}\n", names.len(), consensus.method().word());
    for (at, row) in line_up.rows.iter().enumerate() {
        let voxels = if row.estimable { format!("{} voxels", row.consensus_voxels) } else { "not estimable (nobody used it)".to_owned() };
        text += &format!("\nlevel {}: {voxels}\n", row.name);
        if !row.estimable {
            continue;
        }
        text += &format!("  {:width$}  {:>7}  {:>10}  {:>11}  {:>11}\n", "reader", "Dice", "left out", "sensitivity", "specificity");
        for (reader, name) in names.iter().enumerate() {
            let staple = consensus.staple().get(at);
            let dice = &row.readers[reader];
            text += &format!(
                "  {name:width$}  {:>7}  {:>10}  {:>11}  {:>11}\n",
                figure(dice.dice),
                figure(dice.dice_left_out),
                figure(staple.and_then(|s| s.sensitivity()[reader])),
                figure(staple.and_then(|s| s.specificity()[reader])),
            );
        }
    }
    text += &format!("\nundecided: {} voxels\n", consensus.undecided_voxels(patterns.table()));
    for warning in consensus.warnings() {
        text += &format!("warning: {}\n", warning.in_words(names));
    }
    text + &format!(
        "rule: {}\nleft out: Dice against the consensus of the other readers (from 3 readers on)\n",
        options.rule(consensus.method())
    )
}
