//! From slices of one orientation to volumes of evenly spaced slices: by time where positions repeat, at gaps where they are uneven.

use super::super::finding::{Finding, FindingCode};
use super::stack::{Slice, dot};

/// Positions nearer than this are the same, in mm.
const SAME_MM: f64 = 5e-3;

/// Splits slices of one orientation into sets in which no position repeats, each in order along the normal.
pub(super) fn split_by_time(mut slices: Vec<Slice>, findings: &mut Vec<Finding>) -> Vec<Vec<Slice>> {
    let Some([_, _, normal]) = slices.first().and_then(Slice::directions) else { return vec![slices] };
    slices.sort_by(|a, b| a.frame().instance.total_cmp(&b.frame().instance));
    // Stable, so slices of one position stay in the order of their instance numbers.
    slices.sort_by(|a, b| a.along(normal).total_cmp(&b.along(normal)));
    let mut places: Vec<Vec<Slice>> = Vec::new();
    for slice in slices {
        match places.last_mut() {
            Some(place) if same_place(&place[0], &slice, normal) => place.push(slice),
            _ => places.push(vec![slice]),
        }
    }
    let most = places.iter().map(Vec::len).max().unwrap_or(0);
    if most <= 1 {
        return vec![places.into_iter().flatten().collect()];
    }
    let complete = places.iter().filter(|p| p.len() == most).count();
    if complete == places.len() {
        findings.push(Finding::new(FindingCode::MultiVolume, format!("every slice position occurs {most} times: read as {most} volumes")));
    }
    for number in &NUMBERS {
        if number.tells_apart(&places, most, complete) {
            return by_number(places, number, complete, findings);
        }
    }
    if complete < places.len() {
        let repeated = places.iter().filter(|p| p.len() > 1).count();
        findings.push(Finding::new(
            FindingCode::DuplicateSlice,
            format!(
                "{repeated} of {} slice positions occur more than once, and nothing in the header tells the volumes apart: the n-th image of each position was taken for volume n, which need not be so",
                places.len()
            ),
        ));
    }
    by_rank(places, most)
}

/// A number of the header that may tell volumes apart.
struct Number {
    of: fn(&Slice) -> Option<f64>,
    words: &'static str,
    /// Whether it means a point in time and nothing else. Acquisitions are also counted where a volume was made in several.
    is_time: bool,
}

const NUMBERS: [Number; 2] = [
    Number { of: |s| s.frame().temporal, words: "temporal position", is_time: true },
    Number { of: |s| s.frame().acquisition_number, words: "acquisition number", is_time: false },
];

impl Number {
    /// Whether every slice has it, no position has one value twice, and there are as many values as volumes. Some positions may lack
    /// a value: one slice that is missing must not put the others of its position into the wrong volume.
    fn tells_apart(&self, places: &[Vec<Slice>], most: usize, complete: usize) -> bool {
        let mut values = Vec::new();
        for place in places {
            let mut here: Vec<f64> = place.iter().filter_map(self.of).collect();
            here.sort_unstable_by(f64::total_cmp);
            if here.len() < place.len() || here.windows(2).any(|w| w[0].total_cmp(&w[1]).is_eq()) {
                return false;
            }
            values.extend(here);
        }
        values.sort_unstable_by(f64::total_cmp);
        let sizes: Vec<usize> = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(<[f64]>::len).collect();
        // Odd slices may be one acquisition, even ones the next, and a few of them made again: neither is a volume then.
        let are_volumes = sizes.len() == most && (2 * complete > places.len() || sizes.contains(&places.len()));
        are_volumes || (self.is_time && complete < places.len() && 2 * sizes.len() <= values.len())
    }
}

/// The slices of one value make a volume, in order of the values.
fn by_number(places: Vec<Vec<Slice>>, number: &Number, complete: usize, findings: &mut Vec<Finding>) -> Vec<Vec<Slice>> {
    let all = places.len();
    let mut volumes: Vec<(f64, Vec<Slice>)> = Vec::new();
    for slice in places.into_iter().flatten() {
        let value = (number.of)(&slice).unwrap_or(f64::MAX);
        match volumes.iter_mut().find(|(v, _)| v.total_cmp(&value).is_eq()) {
            Some((_, slices)) => slices.push(slice),
            None => volumes.push((value, vec![slice])),
        }
    }
    volumes.sort_by(|a, b| a.0.total_cmp(&b.0));
    if complete < all {
        let short: Vec<String> = volumes
            .iter()
            .filter(|(_, slices)| slices.len() < all)
            .map(|(value, slices)| format!("{} of {all} slices of {} {value}", slices.len(), number.words))
            .collect();
        findings.push(Finding::new(
            FindingCode::MultiVolume,
            format!(
                "slice positions repeat: read as {} volumes by their {}; there are only {}",
                volumes.len(),
                number.words,
                listed(&short)
            ),
        ));
    }
    volumes.into_iter().map(|(_, slices)| slices).collect()
}

/// The first few of a list.
fn listed(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN { format!("{shown} and so on") } else { shown }
}

/// The n-th slice of every position, in order of the instances, makes volume n.
fn by_rank(places: Vec<Vec<Slice>>, most: usize) -> Vec<Vec<Slice>> {
    let mut volumes = vec![Vec::new(); most];
    for mut place in places {
        // Positions that differ in their last decimal are one place, and were put in its order until now.
        place.sort_by(|a, b| a.frame().instance.total_cmp(&b.frame().instance));
        for (n, slice) in place.into_iter().enumerate() {
            volumes[n].push(slice);
        }
    }
    volumes
}

fn same_place(a: &Slice, b: &Slice, normal: [f64; 3]) -> bool {
    (a.along(normal) - b.along(normal)).abs() < SAME_MM
}

/// Cuts slices in order along the normal wherever the step is not the usual one.
pub(super) fn split_at_gaps(slices: Vec<Slice>, findings: &mut Vec<Finding>) -> Vec<Vec<Slice>> {
    let Some([_, _, normal]) = slices.first().and_then(Slice::directions) else { return vec![slices] };
    if slices.len() < 3 || evenly_spaced(&slices) {
        return vec![slices];
    }
    let gaps: Vec<f64> = slices.windows(2).map(|w| w[1].along(normal) - w[0].along(normal)).collect();
    let usual = most_common(&gaps);
    let like = |gap: f64, wanted: f64| (gap - wanted).abs() <= tolerance(usual);
    let multiples = gaps.iter().all(|g| (g / usual - (g / usual).round()).abs() < 0.05 && g / usual > 0.5);
    let missing: f64 = gaps.iter().map(|g| (g / usual).round() - 1.0).sum();
    findings.push(if multiples && missing > 0.0 {
        Finding::new(
            FindingCode::MissingSlice,
            format!("{missing} slices are missing (steps of {usual:.2} mm): read as separate parts without them"),
        )
    } else {
        let (lo, hi) = gaps.iter().fold((f64::MAX, 0.0_f64), |(lo, hi), &g| (lo.min(g), hi.max(g)));
        Finding::new(
            FindingCode::IrregularSpacing,
            format!("steps between slices vary from {lo:.2} to {hi:.2} mm: read as separate even parts"),
        )
    });
    let mut parts: Vec<Vec<Slice>> = Vec::new();
    for (n, slice) in slices.into_iter().enumerate() {
        let joins = n > 0 && like(gaps[n - 1], usual);
        match parts.last_mut() {
            // Steps that are each within tolerance may still drift apart together.
            Some(part) if joins => {
                part.push(slice);
                if !evenly_spaced(part)
                    && let Some(last) = part.pop()
                {
                    parts.push(vec![last]);
                }
            }
            _ => parts.push(vec![slice]),
        }
    }
    parts
}

fn tolerance(gap_mm: f64) -> f64 {
    (0.01 * gap_mm).max(0.01)
}

/// Whether every position lies where a straight, even stack from the first to the last slice has it.
fn evenly_spaced(slices: &[Slice]) -> bool {
    let positions: Vec<[f64; 3]> = slices.iter().map(|s| s.frame().position_lps.unwrap_or_default()).collect();
    let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return true };
    let steps = (positions.len() - 1).max(1) as f64;
    let step: [f64; 3] = std::array::from_fn(|a| (last[a] - first[a]) / steps);
    let allowed = tolerance(dot(step, step).sqrt());
    positions.iter().enumerate().all(|(n, p)| {
        let off: [f64; 3] = std::array::from_fn(|a| p[a] - first[a] - step[a] * n as f64);
        dot(off, off).sqrt() <= allowed
    })
}

/// The step that most other steps agree with; of several the smallest.
fn most_common(gaps: &[f64]) -> f64 {
    let votes = |g: f64| gaps.iter().filter(|h| (**h - g).abs() <= tolerance(g)).count();
    let mut sorted = gaps.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.iter().copied().fold((0, 1.0), |best, g| if votes(g) > best.0 { (votes(g), g) } else { best }).1
}
