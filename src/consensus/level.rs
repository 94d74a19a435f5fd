//! Levels and unions of levels, such as "2+3".

/// The levels that every marrow report gives: 1, 2, 3 and the union of 2 and 3.
pub const MARROW_LEVELS: [&[u8]; 4] = [&[1], &[2], &[3], &[2, 3]];

/// The name of a level in files and on screen: `2`, or `2+3` for a union.
#[must_use]
pub fn level_name(labels: &[u8]) -> String {
    labels.iter().map(u8::to_string).collect::<Vec<_>>().join("+")
}

/// The labels that a name (`2`, `2+3`) stands for; `None` if a part is not a label 1..=254.
#[must_use]
pub fn parse_level(name: &str) -> Option<Vec<u8>> {
    name.split('+').map(|part| part.trim().parse().ok().filter(|label| (1..=254).contains(label))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for level in MARROW_LEVELS {
            assert_eq!(parse_level(&level_name(level)).as_deref(), Some(level));
        }
        assert_eq!(parse_level("0"), None);
        assert_eq!(parse_level("2+"), None);
    }
}
