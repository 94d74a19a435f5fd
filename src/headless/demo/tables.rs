//! The demo's tables: Dice per level before and after each training, readers against the consensus.

use super::hand::Effort;
use super::run::Round;
use crate::io::atomic_write;
use crate::worker::message::CompareTable;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

type Dice = [(String, Option<f64>)];

/// Writes `rounds.csv`, `agreement.csv` and `summary.json`; returns the summary for the screen.
pub(super) fn write(out: &Path, rounds: &[Round], compare: &CompareTable, paint: Effort, scores: &str) -> Result<String> {
    std::fs::create_dir_all(out)?;
    let text = on_screen(rounds, compare, paint)? + scores;
    let save = |name: &str, content: &str| atomic_write(&out.join(name), |w| w.write_all(content.as_bytes()));
    save("rounds.csv", &rounds_csv(rounds)?)?;
    save("agreement.csv", &agreement_csv(compare)?)?;
    save("summary.json", &format!("{:#}\n", summary_json(rounds, compare)))?;
    save("summary.txt", &text)?;
    Ok(text)
}

/// Undefined figures are shown as a dash and never counted.
fn figure(dice: Option<f64>) -> String {
    dice.map_or_else(|| "–".to_owned(), |d| format!("{d:.3}"))
}

/// Mean of level 1 and the union 2+3, where both are defined.
pub(super) fn headline(dice: &Dice) -> Option<f64> {
    let of = |name: &str| dice.iter().find(|(n, _)| n == name).and_then(|(_, d)| *d);
    Some(f64::midpoint(of("1")?, of("2+3")?))
}

fn on_screen(rounds: &[Round], compare: &CompareTable, paint: Effort) -> Result<String> {
    let mut text = String::new();
    writeln!(text, "\nThe model against reader 1 on {}", rounds.first().map_or("nothing", |r| &r.version.held_out))?;
    writeln!(text, "{:<34} {:>7} {:>7} {:>7} {:>7}   {:>10}", "Dice per level", "1", "2", "3", "2+3", "mean 1,2+3")?;
    let mut line = |label: String, dice: &Dice| -> Result<()> {
        write!(text, "{label:<34}")?;
        for (_, d) in dice {
            write!(text, " {:>7}", figure(*d))?;
        }
        writeln!(text, "   {:>10}", figure(headline(dice)))?;
        Ok(())
    };
    for round in rounds {
        let number = round.version.summary.version;
        if let Some(before) = &round.version.before {
            line(format!("before retraining (version {})", number - 1), before)?;
        }
        let what = if round.version.before.is_some() { "after retraining" } else { "after the first training" };
        line(format!("{what} (version {number})"), &round.version.summary.dice)?;
    }
    for round in rounds {
        let kept = if round.version.made_current { "" } else { ", kept but not made current: no better than before" };
        let cost = round
            .correction
            .map_or_else(String::new, |c| format!("; correcting the proposals before it took {} strokes, {} voxels", c.strokes, c.voxels));
        writeln!(
            text,
            "Version {}: {} slices, {:.0} s, loss {:.3}{cost}{kept}",
            round.version.summary.version, round.slices, round.seconds, round.version.loss
        )?;
    }
    writeln!(text, "Painting the held-out exams from nothing took {} strokes, {} voxels", paint.strokes, paint.voxels)?;
    for exam in &compare.exams {
        writeln!(text, "\n{}: {} readers, {} undecided voxels in the majority", exam.exam, exam.readers.len(), exam.undecided)?;
        writeln!(text, "{:<20} {:<20} {:>7} {:>7} {:>7} {:>7}", "who", "against", "1", "2", "3", "2+3")?;
        for line in &exam.lines {
            write!(text, "{:<20} {:<20}", line.who, line.against)?;
            for dice in &line.dice {
                write!(text, " {:>7}", figure(*dice))?;
            }
            writeln!(text)?;
        }
        for warning in &exam.warnings {
            writeln!(text, "note: {warning}")?;
        }
    }
    for (exam, why) in &compare.left_out {
        writeln!(text, "{exam} is not compared: {why}")?;
    }
    for rule in &compare.rules {
        writeln!(text, "Rule. {rule}")?;
    }
    Ok(text)
}

fn rounds_csv(rounds: &[Round]) -> Result<String> {
    let mut text = String::from("version,when,slices,seconds,level_1,level_2,level_3,level_2+3\n");
    for round in rounds {
        let tables = [round.version.before.as_deref().map(|d| ("before", d)), Some(("after", round.version.summary.dice.as_slice()))];
        for (when, dice) in tables.into_iter().flatten() {
            write!(text, "{},{when},{},{:.1}", round.version.summary.version, round.slices, round.seconds)?;
            for (_, d) in dice {
                write!(text, ",{}", d.map_or_else(String::new, |d| format!("{d:.6}")))?;
            }
            text.push('\n');
        }
    }
    Ok(text)
}

fn agreement_csv(compare: &CompareTable) -> Result<String> {
    let mut text = String::from("exam,who,against,level_1,level_2,level_3,level_2+3\n");
    for exam in &compare.exams {
        for line in &exam.lines {
            write!(text, "{},{},{}", exam.exam, line.who, line.against)?;
            for dice in &line.dice {
                write!(text, ",{}", dice.map_or_else(String::new, |d| format!("{d:.6}")))?;
            }
            text.push('\n');
        }
    }
    Ok(text)
}

fn summary_json(rounds: &[Round], compare: &CompareTable) -> Value {
    let table = |dice: &Dice| -> Value { dice.iter().map(|(n, d)| (n.clone(), json!(d))).collect::<serde_json::Map<_, _>>().into() };
    let rounds: Vec<Value> = rounds
        .iter()
        .map(|r| {
            json!({
                "version": r.version.summary.version, "slices": r.slices, "held_out": r.version.held_out,
                "before": r.version.before.as_deref().map(table), "after": table(&r.version.summary.dice),
                "mean_1_and_2+3": headline(&r.version.summary.dice), "made_current": r.version.made_current,
                "corrected_strokes": r.correction.map(|c| c.strokes), "corrected_voxels": r.correction.map(|c| c.voxels),
            })
        })
        .collect();
    let exams: Vec<Value> = compare
        .exams
        .iter()
        .map(|e| {
            let lines: Vec<Value> = e.lines.iter().map(|l| json!({"who": l.who, "against": l.against, "dice": l.dice})).collect();
            json!({"exam": e.exam, "readers": e.readers, "undecided": e.undecided, "lines": lines, "warnings": e.warnings})
        })
        .collect();
    json!({"rounds": rounds, "agreement": exams, "rules": compare.rules})
}
