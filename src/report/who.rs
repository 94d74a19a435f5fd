//! Whose map it is, in the order of every table.

use std::fmt;

/// A reader, a reader who was helped, a meeting, a model or the consensus; sorted in that order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// An independent read; it votes.
    Reader(String),
    /// A read made with proposals on screen; it never votes.
    Assisted(String),
    /// A read that a consensus meeting began with a consensus; it never votes.
    Meeting,
    /// A model with its version; it never votes.
    Model(String),
    /// What the independent readers agree on.
    Consensus,
}

impl Who {
    /// `independent`, `assisted`, `meeting`, `model` or `consensus`, for files.
    #[must_use]
    pub const fn role(&self) -> &'static str {
        match self {
            Self::Reader(_) => "independent",
            Self::Assisted(_) => "assisted",
            Self::Meeting => "meeting",
            Self::Model(_) => "model",
            Self::Consensus => "consensus",
        }
    }

    /// A sign that fits under a box: `R1`, `R1*` for an assisted read, `M1` for the first model of the list.
    pub(super) fn short(&self, all: &[Self]) -> String {
        match self {
            Self::Reader(code) => code.clone(),
            Self::Assisted(code) => format!("{code}*"),
            Self::Meeting => "CM".to_owned(),
            Self::Model(_) => {
                let before = all.iter().filter(|who| matches!(who, Self::Model(_))).position(|who| who == self);
                format!("M{}", before.unwrap_or(0) + 1)
            }
            Self::Consensus => "C".to_owned(),
        }
    }

    /// What the signs of [`Who::short`] stand for, where they need a word.
    pub(super) fn key(all: &[Self]) -> String {
        let mut words = Vec::new();
        if all.iter().any(|who| matches!(who, Self::Assisted(_))) {
            words.push("* = read with proposals on screen".to_owned());
        }
        if all.contains(&Self::Meeting) {
            words.push("CM = consensus meeting".to_owned());
        }
        words.extend(all.iter().filter(|who| matches!(who, Self::Model(_))).map(|who| format!("{} = {who}", who.short(all))));
        if words.is_empty() { String::new() } else { format!(" {}.", words.join("; ")) }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reader(code) => f.write_str(code),
            Self::Assisted(code) => write!(f, "{code} (assisted)"),
            Self::Meeting => f.write_str("consensus meeting"),
            Self::Model(name) => write!(f, "model {name}"),
            Self::Consensus => f.write_str("consensus"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_signs_are_explained() {
        let all = [Who::Reader("R2".into()), Who::Assisted("R1".into()), Who::Model("m/1".into()), Who::Model("m/2".into())];
        assert_eq!(all.clone().map(|who| who.short(&all)), ["R2", "R1*", "M1", "M2"]);
        assert_eq!(Who::key(&all), " * = read with proposals on screen; M1 = model m/1; M2 = model m/2.");
        assert_eq!(Who::key(&all[..1]), "");
        assert!(all.is_sorted());
    }
}
