//! Every figure as CSV, with all digits; an undefined figure is an empty cell.

use super::figures::{LEVEL_NAMES, UnitFigures, part_word, side_word};
use super::{Described, DiceLine};
use crate::agreement::DistanceStatus;
use std::fmt::Write as _;

/// One line per unit, map and level, against the consensus.
pub(super) fn figures_csv(units: &[UnitFigures]) -> String {
    let mut out = "exam,patient,part,side,who,role,level,estimable,dice,dice_left_out,jaccard,volume_similarity,sensitivity,specificity,\
                   precision,mcc,kappa,volume_ml,consensus_ml,staple_sensitivity,staple_specificity,distance_status,hausdorff_mm,\
                   hd95_pooled_mm,hd95_max_directed_mm,hd95_element_mm,asd_to_consensus_mm,asd_from_consensus_mm,assd_pooled_mm,\
                   assd_mean_directed_mm,surface_dice_1mm,lesions_consensus,lesions_found,lesions_marked,lesions_right\n"
        .to_owned();
    for unit in units {
        for one in &unit.against {
            for (at, level) in one.levels.iter().enumerate() {
                let (o, d) = (&level.overlap, &level.distances);
                let figures = [
                    o.dice(),
                    level.dice_left_out,
                    o.jaccard(),
                    o.volume_similarity(),
                    o.sensitivity(),
                    o.specificity(),
                    o.precision(),
                    o.mcc(),
                    o.kappa(),
                    Some(o.volume_a_ml()),
                    // As in the table of exams: a consensus on a level that nobody used has no volume.
                    unit.estimable[at].then(|| o.volume_b_ml()),
                    level.staple.map(|s| s.0),
                    level.staple.map(|s| s.1),
                ];
                let distances = [
                    d.hausdorff,
                    d.hd95_pooled,
                    d.hd95_max_directed,
                    d.hd95_element,
                    d.asd_to_consensus,
                    d.asd_from_consensus,
                    d.assd_pooled,
                    d.assd_mean_directed,
                    d.surface_dice_1mm,
                ];
                let status = match d.status {
                    DistanceStatus::Measured => "ok",
                    DistanceStatus::OneEmpty => "one_empty",
                    DistanceStatus::BothEmpty => "both_empty",
                    DistanceStatus::Sheared => "sheared",
                };
                let _ = writeln!(
                    out,
                    "{},{},{},{},{}{},{status}{},{},{},{},{}",
                    unit_cells(unit),
                    cell(&one.who.to_string()),
                    one.who.role(),
                    LEVEL_NAMES[at],
                    unit.estimable[at],
                    numbers(&figures),
                    numbers(&distances),
                    level.lesions.reference,
                    level.lesions.found,
                    level.lesions.marked,
                    level.lesions.right
                );
            }
        }
    }
    out
}

/// One line per unit and pair of maps.
pub(super) fn pairs_csv(units: &[UnitFigures]) -> String {
    let mut out = "exam,patient,part,side,a,b,dice_1,dice_2,dice_3,dice_2+3,mcc,kappa_quadratic\n".to_owned();
    for unit in units {
        for pair in &unit.pairs {
            let [d1, d2, d3, d23] = pair.dice;
            let figures = numbers(&[d1, d2, d3, d23, pair.mcc, pair.kappa_quadratic]);
            let _ = writeln!(out, "{},{},{}{figures}", unit_cells(unit), cell(&pair.a.to_string()), cell(&pair.b.to_string()));
        }
    }
    out
}

/// One line per unit: the independent readers together.
pub(super) fn exams_csv(units: &[UnitFigures]) -> String {
    let mut out = "exam,patient,part,side,slices,readers,consensus_1_ml,consensus_2_ml,consensus_3_ml,consensus_2+3_ml,undecided_voxels,\
                   fleiss,fleiss_1,fleiss_2,fleiss_3,alpha_nominal,alpha_ordinal,alpha_interval\n"
        .to_owned();
    for unit in units {
        let readers = unit.everybody.iter().filter(|who| who.role() == "independent").count();
        let volumes: Vec<Option<f64>> = unit.consensus_ml.iter().zip(unit.estimable).map(|(ml, known)| known.then_some(*ml)).collect();
        let among = &unit.among;
        let [f1, f2, f3] = among.fleiss_level;
        let figures = numbers(&[among.fleiss, f1, f2, f3, among.alpha_nominal, among.alpha_ordinal, among.alpha_interval]);
        let _ = writeln!(out, "{},{},{readers}{},{}{figures}", unit_cells(unit), unit.slices, numbers(&volumes), unit.undecided);
    }
    out
}

/// Table 1 with all digits.
pub(super) fn dice_csv(lines: &[DiceLine]) -> String {
    let mut out = "who,role,level,against,n,undefined,median,min,max,mean,mean_low,mean_high\n".to_owned();
    for line in lines {
        for (against, described) in [("consensus", &line.plain), ("left_out", &line.left_out)] {
            let Described { n, undefined, summary, interval } = described;
            let figures = numbers(&[
                summary.map(|s| s.median),
                summary.map(|s| s.min),
                summary.map(|s| s.max),
                summary.map(|s| s.mean),
                interval.map(|i| i.low),
                interval.map(|i| i.high),
            ]);
            let _ = writeln!(out, "{},{},{},{against},{n},{undefined}{figures}", cell(&line.who.to_string()), line.who.role(), line.level);
        }
    }
    out
}

fn unit_cells(unit: &UnitFigures) -> String {
    format!("{},{},{},{}", unit.exam, unit.patient, part_word(unit.part), unit.side.map_or("", side_word))
}

/// Each with a comma before it.
fn numbers(values: &[Option<f64>]) -> String {
    values.iter().map(|value| value.map_or_else(|| ",".to_owned(), |v| format!(",{v}"))).collect()
}

/// A text as one cell.
pub(super) fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
