//! Every image once: what is named twice in one import, and what lies in the study itself, stays out.

use crate::study::Layout;
use crate::study::incoming::Incoming;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// What comes in, and what stays out with the reason.
pub(in crate::study) struct Once {
    pub volumes: Vec<Incoming>,
    pub left_out: Vec<(PathBuf, String)>,
}

/// Leaves out the study's own files, and volumes all of whose source files another one brings, too: copies, and parts of a series
/// beside the whole. Volumes of one file are different ones.
pub(in crate::study) fn once(layout: &Layout, volumes: Vec<Incoming>) -> Once {
    let root = Layout::real_place(layout.root()).ok();
    let inside = |volume: &Incoming| root.as_ref().is_some_and(|root| Layout::real_place(&volume.path).is_ok_and(|p| p.starts_with(root)));
    let (own, volumes): (Vec<_>, Vec<_>) = volumes.into_iter().partition(inside);
    let mut left_out = Vec::new();
    if !own.is_empty() {
        left_out.push((layout.root().to_owned(), format!("the study's own files are no new images ({} of them)", own.len())));
    }
    let sums: Vec<HashSet<&str>> = volumes.iter().map(|v| v.sources.iter().map(|(_, sum)| sum.as_str()).collect()).collect();
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, of_volume) in sums.iter().enumerate() {
        of_volume.iter().for_each(|sum| holders.entry(sum).or_default().push(at));
    }
    let brought_by = |at: usize| -> Option<usize> {
        let some = sums[at].iter().next()?;
        let covers = |other: &&usize| {
            let other = **other;
            let is_whole = sums[at].is_subset(&sums[other]) && (sums[at].len() < sums[other].len() || other < at);
            other != at && is_whole && volumes[at].path != volumes[other].path
        };
        holders.get(some)?.iter().find(covers).copied()
    };
    let twice: Vec<Option<PathBuf>> = (0..volumes.len()).map(|at| Some(volumes[brought_by(at)?].path.clone())).collect();
    let mut kept = Vec::new();
    for (volume, twice) in volumes.into_iter().zip(twice) {
        match twice {
            Some(other) => left_out.push((volume.path, format!("the same image comes with {}", other.display()))),
            None => kept.push(volume),
        }
    }
    Once { volumes: kept, left_out }
}
