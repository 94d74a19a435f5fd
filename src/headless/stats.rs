//! `osteon stats`: agreement figures of tables of ratings, as JSON (schema: `reference/agreement/expected/tables.json`).

use super::figures_json::cohen_json;
use super::output::{require_target, write_json};
use crate::agreement::{AlphaMetric, BlandAltman, ConfusionMatrix, Icc, KappaWeight, Overlap, Ratings, Roc, Summary};
use crate::agreement::{concordance, kendall_tau_b, mean, paired_t_p, pearson, spearman, wilcoxon_p};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `osteon stats`.
#[derive(Clone, Debug, clap::Args)]
pub struct StatsArgs {
    /// Folder with classification.csv, binary_scores.csv, ratings.csv, paired.csv, dice_table.csv, halfslices.csv, ordinal_*.csv
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the figures go; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub json: PathBuf,
}

/// Runs the sub-command: every table that the folder holds is computed.
///
/// # Errors
/// If the folder holds none of the tables, one of them is malformed, or the result cannot be written.
pub fn run(args: &StatsArgs) -> Result<()> {
    type Maker = fn(&Table) -> Result<Value>;
    const TABLES: [(&str, Maker); 8] = [
        ("classification", classification),
        ("binary_scores", binary_scores),
        ("ratings", ratings),
        ("paired", paired),
        ("dice_table", dice_table),
        ("halfslices", halfslices),
        ("ordinal_missing", ordinal_missing),
        ("ordinal_full", ordinal_full),
    ];
    let table = |name: &str| args.folder.join(format!("{name}.csv"));
    require_target(&args.json, TABLES.map(|(name, _)| table(name)))?;
    let mut out = Map::new();
    for (name, make) in TABLES {
        let path = table(name);
        if path.exists() {
            eprintln!("{name}");
            let table = Table::read(&path)?;
            out.insert(name.to_owned(), make(&table).with_context(|| format!("{} does not hold the table it should", path.display()))?);
        }
    }
    if out.is_empty() {
        let names: Vec<String> = TABLES.iter().map(|(name, _)| format!("{name}.csv")).collect();
        bail!("{} holds none of the tables {}", args.folder.display(), names.join(", "));
    }
    write_json(&args.json, &Value::Object(out))
}

/// A table of cells with a line of column names.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let cells = |line: &str| line.split(',').map(|cell| cell.trim().trim_matches('"').to_owned()).collect::<Vec<_>>();
        let names = cells(lines.next().unwrap_or_default());
        let rows: Vec<Vec<String>> = lines.map(cells).collect();
        if let Some(at) = rows.iter().position(|row| row.len() != names.len()) {
            bail!("{}: row {} has {} cells, the first line has {}", path.display(), at + 2, rows[at].len(), names.len());
        }
        Ok(Self { names, rows })
    }

    fn place(&self, name: &str) -> Result<usize> {
        self.names.iter().position(|n| n == name).with_context(|| format!("there is no column {name}"))
    }

    /// Numbers of a column; `None` where a cell is `NA` or empty.
    fn numbers(&self, column: usize) -> Result<Vec<Option<f64>>> {
        self.rows.iter().enumerate().map(|(row, cells)| number(&cells[column]).with_context(|| format!("row {}", row + 2))).collect()
    }

    /// Numbers of a column that may not miss any.
    fn complete(&self, name: &str) -> Result<Vec<f64>> {
        self.numbers(self.place(name)?)?.into_iter().collect::<Option<_>>().with_context(|| format!("column {name} misses a value"))
    }

    /// Column of categories 0, 1, 2 …
    fn categories(&self, name: &str) -> Result<Vec<usize>> {
        let whole = |v: f64| (v >= 0.0 && v.fract() == 0.0 && v < 256.0).then_some(v as usize);
        self.complete(name)?
            .into_iter()
            .map(whole)
            .collect::<Option<_>>()
            .with_context(|| format!("column {name} holds more than categories 0 to 255"))
    }

    /// Column of calls: 1 is positive, 0 negative. Any other code would count as negative without a word.
    fn calls(&self, name: &str) -> Result<Vec<bool>> {
        let one = |(row, value): (usize, f64)| match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            other => bail!("row {}, column {name}: {other} is neither 0 nor 1; code what is negative as 0 and positive as 1", row + 2),
        };
        self.complete(name)?.into_iter().enumerate().map(one).collect()
    }

    /// Columns whose names are a prefix and a number (`r1`, `r2`, …), in order.
    fn numbered(&self, prefix: char) -> Vec<usize> {
        let is = |name: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.parse::<u32>().is_ok());
        (0..self.names.len()).filter(|&at| is(&self.names[at])).collect()
    }
}

fn number(cell: &str) -> Result<Option<f64>> {
    if cell.is_empty() || cell.eq_ignore_ascii_case("na") {
        return Ok(None);
    }
    let value: f64 = cell.parse().ok().filter(|v: &f64| v.is_finite()).with_context(|| format!("{cell:?} is not a number"))?;
    Ok(Some(value))
}

fn classification(table: &Table) -> Result<Value> {
    let (truth, predicted) = (table.categories("y_true")?, table.categories("y_pred")?);
    let size = truth.iter().chain(&predicted).max().map_or(0, |m| m + 1);
    let matrix = ConfusionMatrix::from_pairs(size, truth.iter().copied().zip(predicted));
    let each = |f: &dyn Fn(usize) -> Option<f64>| (0..size).map(f).collect::<Vec<_>>();
    let areas = auc_one_against_rest(table, &truth, size)?;
    let support: Vec<u64> = (0..size).map(|c| matrix.row_sum(c)).collect();
    let defined: Vec<(f64, f64)> = areas.iter().zip(&support).filter_map(|(a, s)| Some(((*a)?, *s as f64))).collect();
    let weight: f64 = defined.iter().map(|(_, s)| s).sum();
    let weighted = (weight > 0.0).then(|| defined.iter().map(|(a, s)| a * s).sum::<f64>() / weight);
    Ok(json!({
        "n": matrix.total(), "confusion": matrix.rows().collect::<Vec<_>>(),
        "accuracy": matrix.accuracy(), "balanced_accuracy": matrix.balanced_accuracy(),
        "precision": each(&|c| matrix.precision(c)), "recall": each(&|c| matrix.recall(c)), "f1": each(&|c| matrix.f1(c)),
        "support": support, "f1_macro": matrix.f1_macro(), "f1_micro": matrix.f1_micro(), "f1_weighted": matrix.f1_weighted(),
        "kappa": matrix.kappa(KappaWeight::Plain), "kappa_linear": matrix.kappa(KappaWeight::Linear),
        "kappa_quadratic": matrix.kappa(KappaWeight::Quadratic), "mcc": matrix.mcc(),
        "auc_ovr": areas, "auc_ovr_macro": mean(&defined.iter().map(|(a, _)| *a).collect::<Vec<_>>()), "auc_ovr_weighted": weighted,
    }))
}

fn auc_one_against_rest(table: &Table, truth: &[usize], size: usize) -> Result<Vec<Option<f64>>> {
    let area = |category: usize| -> Result<Option<f64>> {
        let scores = table.complete(&format!("p{category}"))?;
        Ok(Roc::of(truth.iter().map(|t| *t == category).zip(scores)).map(|roc| roc.auc()))
    };
    (0..size).map(area).collect()
}

fn binary_scores(table: &Table) -> Result<Value> {
    let truth = table.calls("y_true")?;
    let scores = table.complete("score")?;
    let roc = Roc::of(truth.iter().copied().zip(scores.iter().copied())).context("both kinds of units are needed")?;
    let count = |is: bool, called: bool| truth.iter().zip(&scores).filter(|(t, s)| **t == is && (**s > 0.5) == called).count() as u64;
    let (tn, fp, fn_, tp) = (count(false, false), count(false, true), count(true, false), count(true, true));
    let called = Overlap::new(tp, fp, fn_, tn, 1.0);
    let curve = roc.curve();
    let threshold = |t: f64| if t.is_finite() { json!(t) } else { json!("inf") };
    Ok(json!({
        "auc": roc.auc(), "delong_var": roc.delong_variance(), "delong_ci95": roc.delong_interval(),
        "average_precision": roc.average_precision(),
        "fpr": curve.iter().map(|p| p.false_positive_rate).collect::<Vec<_>>(),
        "tpr": curve.iter().map(|p| p.true_positive_rate).collect::<Vec<_>>(),
        "thresholds": curve.iter().map(|p| threshold(p.threshold)).collect::<Vec<_>>(),
        "at_score_gt_0_5": {
            "confusion_tn_fp_fn_tp": [tn, fp, fn_, tp], "f1": called.f1(), "mcc": called.mcc(), "kappa": called.kappa(),
            "sensitivity": called.sensitivity(), "specificity": called.specificity(), "ppv": called.precision(),
        },
    }))
}

fn ratings(table: &Table) -> Result<Value> {
    let columns: Result<Vec<Vec<Option<f64>>>> = table.numbered('r').into_iter().map(|column| table.numbers(column)).collect();
    let columns = columns?;
    // A subject with a missing rating is left out as a whole.
    let rows: Vec<Vec<f64>> = (0..table.rows.len()).filter_map(|row| columns.iter().map(|column| column[row]).collect()).collect();
    icc_json(&rows)
}

fn icc_json(rows: &[Vec<f64>]) -> Result<Value> {
    let icc = Icc::of(rows).context("at least two subjects and two raters are needed")?;
    Ok(json!({
        "ms_rows": icc.ms_rows, "ms_cols": icc.ms_cols, "ms_error": icc.ms_error, "ms_within": icc.ms_within,
        "icc11": icc.icc11(), "icc21": icc.icc21(), "icc31": icc.icc31(),
        "icc1k": icc.icc1k(), "icc2k": icc.icc2k(), "icc3k": icc.icc3k(),
        "icc31_ci": icc.icc31_limits(), "icc21_ci": icc.icc21_limits(), "df_v": icc.icc21_df(), "F_rows": icc.f_rows(),
    }))
}

fn paired(table: &Table) -> Result<Value> {
    let (a, b) = (table.numbers(table.place("a")?)?, table.numbers(table.place("b")?)?);
    let pairs: Vec<(f64, f64)> = a.into_iter().zip(b).filter_map(|(a, b)| a.zip(b)).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
    let ba = BlandAltman::of(&pairs).context("at least two pairs are needed")?;
    Ok(json!({
        "bland_altman_a_minus_b": {
            "n": ba.n, "bias": ba.bias, "sd": ba.sd, "loa_low": ba.low, "loa_high": ba.high, "bias_ci": ba.bias_interval,
            "loa_se": ba.limit_se, "loa_low_ci": ba.low_interval, "loa_high_ci": ba.high_interval,
        },
        "pearson": pearson(&a, &b), "spearman": spearman(&a, &b), "kendall_tau_b": kendall_tau_b(&a, &b),
        "concordance_ccc_lin": concordance(&a, &b),
        "wilcoxon_signed_rank_exact_p": wilcoxon_p(&differences), "paired_t_p": paired_t_p(&differences),
    }))
}

fn dice_table(table: &Table) -> Result<Value> {
    let mut out = Map::new();
    for column in table.numbered('r') {
        let values: Vec<f64> = table.numbers(column)?.into_iter().flatten().collect();
        let summary = Summary::of(&values).map_or(Value::Null, |s| {
            json!({
                "n": s.n, "mean": s.mean, "sd": s.sd, "median": s.median, "min": s.min, "max": s.max,
                "q1_type7": s.quartiles_type7[0], "q3_type7": s.quartiles_type7[1],
                "iqr_type7": s.quartiles_type7[1] - s.quartiles_type7[0],
                "q1_type6": s.quartiles_type6[0], "q3_type6": s.quartiles_type6[1],
            })
        });
        out.insert(table.names[column].clone(), summary);
    }
    Ok(out.into())
}

fn halfslices(table: &Table) -> Result<Value> {
    let patients: Vec<&str> = {
        let column = table.place("patient")?;
        table.rows.iter().map(|row| row[column].as_str()).collect()
    };
    let mut raters: Vec<(String, Vec<bool>)> = Vec::new();
    for column in table.numbered('r') {
        let name = &table.names[column];
        raters.push((name.clone(), table.calls(name)?));
    }
    let readers = raters.len();
    let votes: Vec<usize> = (0..patients.len()).map(|row| raters.iter().filter(|(_, calls)| calls[row]).count()).collect();
    raters.push(("consensus_strict".to_owned(), votes.iter().map(|v| 2 * v > readers).collect()));
    raters.push(("consensus_ge_half".to_owned(), votes.iter().map(|v| 2 * v >= readers).collect()));
    let by_patient: Vec<(String, Vec<bool>)> = raters.iter().map(|(name, calls)| (name.clone(), patient_calls(&patients, calls))).collect();
    let patient_count = by_patient.first().map_or(0, |(_, calls)| calls.len());
    let strict = (0..patient_count).filter(|&p| 2 * by_patient[..readers].iter().filter(|(_, calls)| calls[p]).count() > readers).count();
    let positive = |all: &[(String, Vec<bool>)]| -> Map<String, Value> {
        all.iter().map(|(name, calls)| (name.clone(), json!(calls.iter().filter(|c| **c).count()))).collect()
    };
    let mut positive_patients = positive(&by_patient);
    positive_patients.insert("vote_of_patient_calls_strict".to_owned(), json!(strict));
    Ok(json!({
        "decision_rule": "patient positive when >= 2 half-slices are positive",
        "vote_ties": votes.iter().filter(|v| 2 * **v == readers).count(),
        "mcc_halfslice": pairwise_mcc(&raters), "mcc_patient": pairwise_mcc(&by_patient),
        "positive_halfslices": positive(&raters), "positive_patients": positive_patients,
        "fleiss_halfslice": binary_fleiss(&raters[..readers]), "fleiss_patient": binary_fleiss(&by_patient[..readers]),
    }))
}

/// A patient is positive when at least two half-slices are. Patients in order of their names.
fn patient_calls(patients: &[&str], calls: &[bool]) -> Vec<bool> {
    let mut positive: BTreeMap<&str, usize> = BTreeMap::new();
    for (patient, call) in patients.iter().zip(calls) {
        *positive.entry(patient).or_default() += usize::from(*call);
    }
    positive.into_values().map(|n| n >= 2).collect()
}

fn pairwise_mcc(raters: &[(String, Vec<bool>)]) -> Value {
    let mut out = Map::new();
    for (at, (name, calls)) in raters.iter().enumerate() {
        for (other, others) in &raters[at + 1..] {
            let pairs = calls.iter().zip(others).map(|(a, b)| (usize::from(*a), usize::from(*b)));
            out.insert(format!("{name}|{other}"), json!(ConfusionMatrix::from_pairs(2, pairs).mcc()));
        }
    }
    out.into()
}

fn binary_fleiss(raters: &[(String, Vec<bool>)]) -> Option<f64> {
    let mut ratings = Ratings::new(2);
    for unit in 0..raters.first()?.1.len() {
        ratings.add(raters.iter().map(|(_, calls)| usize::from(calls[unit])), 1);
    }
    ratings.fleiss_kappa()
}

/// Coder × unit: one list of ratings per unit, `None` where missing.
fn coders(table: &Table) -> Result<Vec<Vec<Option<usize>>>> {
    let whole = |v: Option<f64>| match v {
        None => Ok(None),
        Some(v) if v >= 0.0 && v.fract() == 0.0 && v < 256.0 => Ok(Some(v as usize)),
        Some(v) => bail!("{v} is not a category 0 to 255"),
    };
    table.numbered('u').into_iter().map(|column| table.numbers(column)?.into_iter().map(whole).collect()).collect()
}

fn krippendorff_json(units: &[Vec<Option<usize>>]) -> (Ratings, Value) {
    let highest = units.iter().flatten().flatten().max().map_or(0, |m| m + 1);
    let mut ratings = Ratings::new(highest);
    for unit in units {
        ratings.add(unit.iter().flatten().copied(), 1);
    }
    let alpha = |metric| ratings.krippendorff_alpha(metric);
    let figures = json!({
        "nominal": alpha(AlphaMetric::Nominal), "ordinal": alpha(AlphaMetric::Ordinal),
        "interval": alpha(AlphaMetric::Interval), "ratio": alpha(AlphaMetric::Ratio),
    });
    (ratings, figures)
}

fn ordinal_missing(table: &Table) -> Result<Value> {
    Ok(json!({"krippendorff": krippendorff_json(&coders(table)?).1}))
}

fn ordinal_full(table: &Table) -> Result<Value> {
    let units = coders(table)?;
    let names: Vec<&String> = table.rows.iter().map(|row| &row[0]).collect();
    let (ratings, krippendorff) = krippendorff_json(&units);
    let size = units.iter().flatten().flatten().max().map_or(0, |m| m + 1);
    let mut cohen = Map::new();
    for (at, name) in names.iter().enumerate() {
        for other in at + 1..names.len() {
            let pairs = units.iter().filter_map(|unit| unit[at].zip(unit[other]));
            cohen.insert(format!("{name}|{}", names[other]), cohen_json(&ConfusionMatrix::from_pairs(size, pairs)));
        }
    }
    let complete: Vec<Vec<f64>> = units.iter().filter_map(|unit| unit.iter().map(|v| v.map(|v| v as f64)).collect()).collect();
    Ok(json!({"krippendorff": krippendorff, "fleiss": ratings.fleiss_kappa(), "cohen": cohen, "icc": icc_json(&complete)?}))
}
