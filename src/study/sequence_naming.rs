//! Names of an exam's sequences, made of coded words only: what the source calls a sequence may name the patient.

use super::code::sequence_name;
use super::incoming::Incoming;
use super::{Protocol, SequenceName};
use std::collections::BTreeSet;

/// Whether the words of the source may become names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// No: a name is the protocol's own, a role, the number of an echo, or `image`.
    #[default]
    Coded,
    /// Yes: for images that stay with the person who opened them.
    AsSource,
}

/// Name of each volume of a visit and what it was told from: `echo1`, `echo2` in order of their number where they are the
/// echoes of one series (whose own numbers may be 1 and 5); else the protocol's spelling where it knows the word; else the
/// role. Each name comes once.
pub(super) fn sequence_names(visit: &[Incoming], protocol: &Protocol, naming: Naming) -> Vec<(SequenceName, String)> {
    let echoes: BTreeSet<u32> = visit.iter().filter_map(|v| v.acquisition.echo_number).collect();
    let one_series = visit.iter().all(|v| v.series_uid.is_some() && v.series_uid == visit[0].series_uid);
    let by_echo = visit.len() > 1 && one_series && echoes.len() == visit.len();
    let mut names: Vec<(SequenceName, String)> = Vec::new();
    for volume in visit {
        let echo = volume.acquisition.echo_number.filter(|_| by_echo);
        let (base, told_by) = match echo {
            Some(echo) => (known(protocol, &format!("echo{}", echoes.range(..=echo).count())), "echo number".to_owned()),
            None => name_of(volume, protocol, naming),
        };
        let same = |name: &SequenceName| names.iter().any(|(n, _)| n.as_str().eq_ignore_ascii_case(name.as_str()));
        let mut name = base.clone();
        let mut number = 2;
        while same(&name) {
            // The number must not push a name of 32 signs beyond the limit.
            name = SequenceName::new(&format!("{base}-{number}")).unwrap_or_else(|_| sequence_name(&format!("image-{number}")));
            number += 1;
        }
        names.push((name, told_by));
    }
    names
}

fn name_of(volume: &Incoming, protocol: &Protocol, naming: Naming) -> (SequenceName, String) {
    let plain = sequence_name(&volume.name);
    let spelled = protocol.sequences().iter().find(|s| s.as_str().eq_ignore_ascii_case(plain.as_str()));
    match (spelled, naming, &volume.role) {
        (Some(name), _, _) => (name.clone(), "the protocol's name".to_owned()),
        (None, Naming::AsSource, _) => (plain, "the source's name".to_owned()),
        (None, Naming::Coded, Some(told)) => (known(protocol, told.role.word()), told.reason.clone()),
        (None, Naming::Coded, None) => (sequence_name("image"), String::new()),
    }
}

/// A word in the protocol's spelling where it knows it.
fn known(protocol: &Protocol, word: &str) -> SequenceName {
    let spelled = protocol.sequences().iter().find(|s| s.as_str().eq_ignore_ascii_case(word));
    spelled.cloned().unwrap_or_else(|| sequence_name(word))
}
