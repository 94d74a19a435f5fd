//! `osteon agreement`: consensus and agreement figures of several reads, as JSON (schema: `reference/agreement/README.md`).

use super::figures_json::{cohen_json, counts_json, joint_json, level_json, staple_json};
use super::output::{is_stdout, require_target, write_json};
use crate::agreement::{AlphaMetric, Comparison, Ratings};
use crate::consensus::{
    Consensus, JointOptions, JointStaple, JointStart, Method, VotePatterns, compare_starts, joint_staple, level_name, majority,
};
use crate::io;
use crate::volume::Labels;
use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The groups of figures that `--only` can name.
const GROUPS: [&str; 5] = ["majority", "staple_binary", "staple_multilabel", "pairs", "agreement"];
/// What readers are compared with beside each other, by the names in `pairs`.
const CONSENSUSES: [&str; 3] = ["majority", "staple_multilabel", "staple_binary"];

/// Arguments of `osteon agreement`.
#[derive(Clone, Debug, clap::Args)]
pub struct AgreementArgs {
    /// Label maps on one grid, one per reader; a reader is named by the file's stem, or by its path where that is another's
    #[arg(required = true, value_name = "LABELS.nii.gz")]
    pub reads: Vec<PathBuf>,
    /// Where the figures go; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub json: PathBuf,
    /// Only these groups: majority, staple_binary, staple_multilabel, pairs, agreement
    #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Where joint STAPLE starts: the votes without tied voxels, or 0.99 on the diagonal
    #[arg(long, value_name = "START", default_value = "votes", value_parser = ["votes", "diagonal"])]
    pub joint_start: String,
}

/// Runs the sub-command.
///
/// # Errors
/// If a file cannot be read, grids differ, a group is unknown or the result cannot be written.
pub fn run(args: &AgreementArgs) -> Result<()> {
    if let Some(unknown) = args.only.iter().find(|group| !GROUPS.contains(&group.as_str())) {
        bail!("--only {unknown}: there is no such group; choose from {}", GROUPS.join(", "));
    }
    let wanted = |group: &str| args.only.is_empty() || args.only.iter().any(|name| name == group);
    require_target(&args.json, &args.reads)?;
    let (names, reads) = read_labels(&args.reads)?;
    let readers: Vec<&Labels> = reads.iter().collect();
    eprintln!("counting the votes of {} readers", readers.len());
    let patterns = count_votes(&readers, &args.reads)?;
    let case = CaseFigures::new(&names, &reads, &patterns, &args.joint_start);
    let mut out = Map::new();
    out.insert("case".to_owned(), json!(if is_stdout(&args.json) { "stdout".to_owned() } else { stem(&args.json) }));
    out.insert("readers".to_owned(), json!(names));
    if wanted("majority") {
        out.insert("majority".to_owned(), case.majority());
    }
    if wanted("staple_binary") {
        out.insert("staple_binary".to_owned(), case.staple_binary());
    }
    if wanted("staple_multilabel") {
        out.insert("staple_multilabel".to_owned(), joint_json(case.joint(), patterns.table()));
    }
    if wanted("pairs") {
        eprintln!("measuring surfaces");
        out.insert("pairs".to_owned(), case.pairs()?);
    }
    if wanted("agreement") {
        out.insert("agreement".to_owned(), case.agreement()?);
    }
    let warnings = case.warnings();
    for warning in &warnings {
        eprintln!("warning: {warning}");
    }
    out.insert("warnings".to_owned(), json!(warnings));
    out.insert("rules".to_owned(), json!([Method::Majority.rule(), Method::Staple.rule(), joint_rule(&args.joint_start)]));
    write_json(&args.json, &Value::Object(out))
}

fn joint_rule(start: &str) -> String {
    let from = if start == "votes" { "the votes without tied voxels" } else { "0.99 on the diagonal" };
    format!("joint STAPLE from {from}, stopped when no entry changes by 1e-5, label = most probable, not unique: undecided (255)")
}

/// The name of a file without its folder and without `.nii.gz`, `.nii` or `.json`.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    for ending in [".nii.gz", ".nii", ".json"] {
        if let Some(stem) = name.strip_suffix(ending) {
            return stem.to_owned();
        }
    }
    name
}

/// Readers' names (see [`reader_names`]) and maps.
pub(super) fn read_labels(paths: &[PathBuf]) -> Result<(Vec<String>, Vec<Labels>)> {
    let names = reader_names(paths)?;
    // The error of `io` names the file.
    let maps: Result<Vec<Labels>> = paths.iter().map(|path| Ok(io::read_labels_nifti(path)?)).collect();
    Ok((names, maps?))
}

/// Names under which figures are kept, each once: stems; the whole path where two stems are the same or a stem is the name of a
/// consensus, which readers are compared with under that name.
fn reader_names(paths: &[PathBuf]) -> Result<Vec<String>> {
    // `a.nii.gz` and `./a.nii.gz` are one file; one that is not there is told of when it is read.
    let places: Vec<PathBuf> = paths.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect();
    if let Some(at) = (0..places.len()).find(|&at| places[..at].contains(&places[at])) {
        bail!("{} is named twice; name the file of each reader once", paths[at].display());
    }
    let stems: Vec<String> = paths.iter().map(|path| stem(path)).collect();
    let is_taken = |stem: &String| stems.iter().filter(|s| *s == stem).count() > 1 || CONSENSUSES.contains(&stem.as_str());
    let name = |(path, stem): (&PathBuf, &String)| if is_taken(stem) { path.display().to_string() } else { stem.clone() };
    let names: Vec<String> = paths.iter().zip(&stems).map(name).collect();
    // A path without a folder and an ending that is cut off is its own stem.
    if let Some(at) = (0..names.len()).find(|&at| names[..at].contains(&names[at]) || CONSENSUSES.contains(&names[at].as_str())) {
        bail!("{}: its name in the figures would be that of something else; rename the file", paths[at].display());
    }
    Ok(names)
}

/// Counts votes; an error names the files.
pub(super) fn count_votes(readers: &[&Labels], paths: &[PathBuf]) -> Result<VotePatterns> {
    let named = || paths.iter().enumerate().map(|(n, path)| format!("read {} = {}", n + 1, path.display())).collect::<Vec<_>>().join(", ");
    VotePatterns::count(readers).with_context(|| format!("these reads cannot be compared ({})", named()))
}

/// Everything that several groups need, worked out when the first of them asks.
struct CaseFigures<'a> {
    names: &'a [String],
    reads: &'a [Labels],
    patterns: &'a VotePatterns,
    levels: Vec<Vec<u8>>,
    start: JointStart,
    staple: OnceLock<Consensus>,
    joint: OnceLock<JointStaple>,
}

impl<'a> CaseFigures<'a> {
    fn new(names: &'a [String], reads: &'a [Labels], patterns: &'a VotePatterns, start: &str) -> Self {
        let highest = patterns.table().highest_label().max(3);
        let levels: Vec<Vec<u8>> = (1..=highest).map(|label| vec![label]).chain([vec![2, 3]]).collect();
        let start = if start == "votes" { JointStart::Votes } else { JointStart::default() };
        Self { names, reads, patterns, levels, start, staple: OnceLock::new(), joint: OnceLock::new() }
    }

    fn staple(&self) -> &Consensus {
        let levels = || self.levels.iter().map(Vec::as_slice).collect::<Vec<_>>();
        self.staple.get_or_init(|| Consensus::of(self.patterns, Method::Staple, &levels()))
    }

    fn joint(&self) -> &JointStaple {
        let options = JointOptions { start: self.start, ..JointOptions::default() };
        self.joint.get_or_init(|| joint_staple(self.patterns.table(), &options))
    }

    /// What a person should know of what was worked out: readers no better than chance, levels that nobody used, starts
    /// that matter.
    fn warnings(&self) -> Vec<String> {
        let staple = self.staple.get().map_or(&[][..], Consensus::warnings);
        let mut warnings: Vec<String> = staple.iter().map(|w| w.in_words(self.names)).collect();
        if self.joint.get().is_some() {
            let starts = compare_starts(self.patterns.table(), &JointOptions::default());
            warnings.extend(starts.warning().map(|w| w.in_words(self.names)));
        }
        warnings
    }

    fn majority(&self) -> Value {
        let map = self.patterns.paint(&majority(self.patterns.table()));
        let hash = Sha256::digest(map.to_dense()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        json!({"label_counts": counts_json(&map.counts()), "undecided": map.counts().of(255), "sha256": hash})
    }

    fn staple_binary(&self) -> Value {
        self.staple().staple().iter().map(|staple| (staple.level_name(), staple_json(staple))).collect::<Map<_, _>>().into()
    }

    /// Every reader against every later one, then every reader against each consensus.
    fn pairs(&self) -> Result<Value> {
        let mut jobs: Vec<(String, &Labels, Reference)> = Vec::new();
        for (at, name) in self.names.iter().enumerate() {
            for other in at + 1..self.names.len() {
                jobs.push((format!("{name}|{}", self.names[other]), &self.reads[at], Reference::One(&self.reads[other])));
            }
        }
        let majority = self.patterns.paint(&majority(self.patterns.table()));
        let joint = self.patterns.paint(&self.joint().pattern_labels());
        let masks: Vec<Labels> = (0..self.levels.len()).map(|at| self.staple().mask(self.patterns, at)).collect();
        for (name, map) in self.names.iter().zip(self.reads) {
            let references = [Reference::One(&majority), Reference::One(&joint), Reference::PerLevel(&masks)];
            jobs.extend(CONSENSUSES.iter().zip(references).map(|(consensus, against)| (format!("{name}|{consensus}"), map, against)));
        }
        let figures: Result<Vec<(String, Value)>> =
            jobs.into_par_iter().map(|(name, map, reference)| Ok((name, pair_json(map, &reference, &self.levels)?))).collect();
        Ok(figures?.into_iter().collect::<Map<_, _>>().into())
    }

    fn agreement(&self) -> Result<Value> {
        let labels = usize::from(self.patterns.table().highest_label().max(3)) + 1;
        let (mut cohen, mut mcc, mut confusion) = (Map::new(), Map::new(), Map::new());
        for (at, name) in self.names.iter().enumerate() {
            for other in at + 1..self.names.len() {
                let pair = format!("{name}|{}", self.names[other]);
                let matrix = Comparison::new(&self.reads[at], &self.reads[other])?.confusion(labels);
                cohen.insert(pair.clone(), cohen_json(&matrix));
                mcc.insert(pair.clone(), json!(matrix.mcc()));
                confusion.insert(pair, json!(matrix.rows().collect::<Vec<_>>()));
            }
        }
        let mut out = json!({"cohen": cohen, "mcc_multiclass": mcc, "confusion": confusion});
        if self.names.len() > 1 {
            let table = self.patterns.table();
            let mut ratings = Ratings::new(labels);
            for (pattern, &voxels) in table.voxels().iter().enumerate() {
                ratings.add(table.votes(pattern).iter().map(|label| usize::from(*label)), voxels);
            }
            out["fleiss"] = json!(ratings.fleiss_kappa());
            for label in 1..labels {
                out[format!("fleiss_label_{label}")] = json!(ratings.binary(label).fleiss_kappa());
            }
            for (word, metric) in
                [("nominal", AlphaMetric::Nominal), ("ordinal", AlphaMetric::Ordinal), ("interval", AlphaMetric::Interval)]
            {
                out[format!("krippendorff_{word}")] = json!(ratings.krippendorff_alpha(metric));
            }
        }
        Ok(out)
    }
}

/// What a reader is compared with.
enum Reference<'a> {
    One(&'a Labels),
    PerLevel(&'a [Labels]),
}

fn pair_json(map: &Labels, reference: &Reference, levels: &[Vec<u8>]) -> Result<Value> {
    let whole = match reference {
        Reference::One(other) => Some(Comparison::new(map, other)?),
        Reference::PerLevel(_) => None,
    };
    let mut out = Map::new();
    for (at, level) in levels.iter().enumerate() {
        let figures = match (&whole, reference) {
            (None, Reference::PerLevel(masks)) => level_json(&Comparison::new(map, &masks[at])?, level, &[1]),
            (Some(comparison), _) => level_json(comparison, level, level),
            (None, Reference::One(_)) => continue,
        };
        out.insert(level_name(level), figures);
    }
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Result<Vec<String>> {
        reader_names(&paths.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn no_reader_takes_the_name_of_another_or_of_a_consensus() {
        assert_eq!(names(&["a/R1.nii.gz", "R2.nii"]).unwrap(), ["R1", "R2"]);
        assert_eq!(names(&["a/R1.nii.gz", "b/R1.nii.gz", "R2.nii"]).unwrap(), ["a/R1.nii.gz", "b/R1.nii.gz", "R2"]);
        assert_eq!(names(&["majority.nii.gz", "x/staple_binary.nii"]).unwrap(), ["majority.nii.gz", "x/staple_binary.nii"]);
        let refused = |paths: &[&str]| names(paths).unwrap_err().to_string();
        assert_eq!(refused(&["R1.nii", "R2.nii", "R1.nii"]), "R1.nii is named twice; name the file of each reader once");
        assert!(refused(&["R1.nii", "majority"]).starts_with("majority: its name in the figures"));
    }
}
