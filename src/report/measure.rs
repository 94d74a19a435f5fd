//! From maps to figures, one exam at a time.

use super::figures::{AgainstConsensus, AmongReaders, Distances, LEVELS, LevelFigures, PairFigures, UnitFigures};
use super::origin::by_origin;
use super::side::{part_of, sides};
use super::{ExamReads, ReadMap, ReportError, ReportRules, Who};
use crate::agreement::{AlphaMetric, Comparison, KappaWeight, Ratings};
use crate::consensus::{Consensus, JointOptions, LineUp, LineUpReader, MARROW_LEVELS, Method, VotePatterns, VoteTable, compare_starts};
use crate::study::Side;
use crate::volume::{GridMismatch, Labels};

/// Labels of the marrow layer with background.
const LABELS: usize = 4;

/// Measures an exam: one set of figures, or one per side. Needs at least one independent read; `stop` is asked between maps.
///
/// # Errors
/// If the maps do not lie on one grid or hold undecided voxels, or `stop` says so.
pub fn measure(exam: &ExamReads, rules: &ReportRules, stop: &dyn Fn() -> bool) -> Result<Vec<UnitFigures>, ReportError> {
    let mut maps: Vec<&ReadMap> = exam.maps.iter().collect();
    maps.sort_by(|a, b| a.who.cmp(&b.who));
    let Some(first) = maps.first() else { return Ok(Vec::new()) };
    if !rules.by_side {
        return Ok(vec![unit(exam, rules, None, &maps, stop)?]);
    }
    let mut units = Vec::new();
    for (side, axis, range) in sides(exam.side, first.labels.grid()) {
        let part = |labels: &Labels| part_of(labels, axis, &range).unwrap_or_else(|_| labels.clone());
        let half =
            |map: &ReadMap| ReadMap { who: map.who.clone(), labels: part(&map.labels), from_model: map.from_model.as_ref().map(part) };
        let parts: Vec<ReadMap> = maps.iter().map(|map| half(map)).collect();
        let half = ExamReads { maps: Vec::new(), again: exam.again.iter().map(half).collect(), ..exam.clone() };
        units.push(unit(&half, rules, Some(side), &parts.iter().collect::<Vec<_>>(), stop)?);
    }
    Ok(units)
}

fn unit(
    exam: &ExamReads,
    rules: &ReportRules,
    side: Option<Side>,
    maps: &[&ReadMap],
    stop: &dyn Fn() -> bool,
) -> Result<UnitFigures, ReportError> {
    let failed = |cause| ReportError::Votes { exam: exam.exam.clone(), cause };
    let go_on = || if stop() { Err(ReportError::Cancelled) } else { Ok(()) };
    let voters: Vec<&Labels> = maps.iter().filter(|m| matches!(m.who, Who::Reader(_))).map(|m| &m.labels).collect();
    let names: Vec<String> = maps.iter().filter(|m| matches!(m.who, Who::Reader(_))).map(|m| m.who.to_string()).collect();
    let patterns = VotePatterns::count(&voters).map_err(failed)?;
    let consensus = Consensus::with(&patterns, rules.method, &MARROW_LEVELS, &rules.options);
    let masks: Vec<Labels> = (0..LEVELS).map(|at| consensus.mask(&patterns, at)).collect();
    let label_map = consensus.label_map(&patterns);
    let line_up = LineUp::with_options(&voters, None, rules.method, &MARROW_LEVELS, &rules.options).map_err(failed)?;
    let mut against = Vec::new();
    for map in maps {
        go_on()?;
        let place = names.iter().position(|name| matches!(map.who, Who::Reader(_)) && *name == map.who.to_string());
        let left_out: Vec<Option<f64>> = match place {
            Some(reader) => line_up.rows.iter().map(|row| row.readers[reader].dice_left_out).collect(),
            None => {
                let with =
                    LineUp::with_options(&voters, Some(&map.labels), rules.method, &MARROW_LEVELS, &rules.options).map_err(failed)?;
                with.rows.iter().map(|row| row.model.and_then(|m: LineUpReader| m.dice_left_out)).collect()
            }
        };
        let staple = |level: usize| consensus.staple().get(level).and_then(|s| s.sensitivity()[place?].zip(s.specificity()[place?]));
        let one = against_consensus(map, &masks, &label_map, &left_out, &staple).map_err(|mismatch| grid_error(exam, mismatch))?;
        against.push(one);
    }
    let pairs = pairs(maps, &label_map, &go_on)?.map_err(|mismatch| grid_error(exam, mismatch))?;
    let again = again(exam, maps).map_err(|mismatch| grid_error(exam, mismatch))?;
    let mut warnings: Vec<String> = consensus.warnings().iter().map(|w| w.in_words(&names)).collect();
    if rules.method != Method::Joint {
        warnings.extend(compare_starts(patterns.table(), &JointOptions::default()).warning().map(|w| w.in_words(&names)));
    }
    // Of the consensus alone: overlap with itself says how large it is.
    let size = |at: usize| Comparison::new(&masks[at], &masks[at]).map_or(0.0, |c| c.overlap(&[1]).volume_b_ml());
    Ok(UnitFigures {
        exam: exam.exam.clone(),
        patient: exam.patient.clone(),
        part: exam.part,
        side,
        slices: exam.slices,
        everybody: maps.iter().map(|m| m.who.clone()).collect(),
        estimable: std::array::from_fn(|at| consensus.levels()[at].is_estimable()),
        consensus_ml: std::array::from_fn(size),
        undecided: consensus.undecided_voxels(patterns.table()),
        against,
        pairs,
        again,
        among: among(patterns.table()),
        warnings,
    })
}

fn grid_error(exam: &ExamReads, mismatch: GridMismatch) -> ReportError {
    ReportError::Votes { exam: exam.exam.clone(), cause: crate::consensus::VoteError::Grid { reader: exam.maps.len(), mismatch } }
}

fn against_consensus(
    map: &ReadMap,
    masks: &[Labels],
    label_map: &Labels,
    left_out: &[Option<f64>],
    staple: &dyn Fn(usize) -> Option<(f64, f64)>,
) -> Result<AgainstConsensus, GridMismatch> {
    let mut levels = Vec::new();
    for (at, level) in MARROW_LEVELS.iter().enumerate() {
        let comparison = Comparison::new(&map.labels, &masks[at])?;
        levels.push(LevelFigures {
            overlap: comparison.overlap_between(level, &[1]),
            dice_left_out: left_out.get(at).copied().flatten(),
            staple: staple(at),
            distances: distances(&comparison, level),
            lesions: comparison.lesions_between(level, &[1]),
        });
    }
    let confusion = Comparison::new(label_map, &map.labels)?.confusion(LABELS);
    Ok(AgainstConsensus { who: map.who.clone(), levels, confusion, by_origin: by_origin(map, masks)? })
}

fn distances(comparison: &Comparison, level: &[u8]) -> Distances {
    let surface = comparison.surface_between(level, &[1]);
    Distances {
        status: surface.status(),
        hausdorff: surface.hausdorff(),
        hd95_pooled: surface.hd95_pooled(),
        hd95_max_directed: surface.hd95_max_directed(),
        hd95_element: comparison.elements_between(level, &[1]).hd95(),
        asd_to_consensus: surface.asd_a_to_b(),
        asd_from_consensus: surface.asd_b_to_a(),
        assd_pooled: surface.assd_pooled(),
        assd_mean_directed: surface.assd_mean_directed(),
        surface_dice_1mm: surface.surface_dice(1.0),
    }
}

/// Every two maps, then every map with the consensus.
fn pairs(
    maps: &[&ReadMap],
    label_map: &Labels,
    go_on: &dyn Fn() -> Result<(), ReportError>,
) -> Result<Result<Vec<PairFigures>, GridMismatch>, ReportError> {
    let mut all: Vec<(&Who, &Labels)> = maps.iter().map(|m| (&m.who, &m.labels)).collect();
    all.push((&Who::Consensus, label_map));
    let mut pairs = Vec::new();
    for (at, (a, first)) in all.iter().enumerate() {
        for (b, second) in &all[at + 1..] {
            go_on()?;
            match pair((a, first), (b, second)) {
                Ok(pair) => pairs.push(pair),
                Err(mismatch) => return Ok(Err(mismatch)),
            }
        }
    }
    Ok(Ok(pairs))
}

fn pair((a, first): (&Who, &Labels), (b, second): (&Who, &Labels)) -> Result<PairFigures, GridMismatch> {
    let comparison = Comparison::new(first, second)?;
    let matrix = comparison.confusion(LABELS);
    Ok(PairFigures {
        a: a.clone(),
        b: b.clone(),
        dice: std::array::from_fn(|level| comparison.overlap(MARROW_LEVELS[level]).dice()),
        mcc: matrix.mcc(),
        kappa_quadratic: matrix.kappa(KappaWeight::Quadratic),
    })
}

/// Every later read against the first one of the same person.
fn again(exam: &ExamReads, maps: &[&ReadMap]) -> Result<Vec<PairFigures>, GridMismatch> {
    let firsts = exam.again.iter().filter_map(|later| Some((*maps.iter().find(|map| map.who == later.who)?, later)));
    firsts.map(|(first, later)| pair((&first.who, &first.labels), (&later.who, &later.labels))).collect()
}

fn among(table: &VoteTable) -> AmongReaders {
    if table.readers() < 2 {
        return AmongReaders::default();
    }
    let mut ratings = Ratings::new(LABELS);
    for (pattern, &voxels) in table.voxels().iter().enumerate() {
        ratings.add(table.votes(pattern).iter().map(|label| usize::from(*label)), voxels);
    }
    AmongReaders {
        fleiss: ratings.fleiss_kappa(),
        fleiss_level: std::array::from_fn(|at| ratings.binary(at + 1).fleiss_kappa()),
        alpha_nominal: ratings.krippendorff_alpha(AlphaMetric::Nominal),
        alpha_ordinal: ratings.krippendorff_alpha(AlphaMetric::Ordinal),
        alpha_interval: ratings.krippendorff_alpha(AlphaMetric::Interval),
    }
}
