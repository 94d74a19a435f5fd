//! Codes: the short words that name exams, readers, patients, sequences and models in files and folders.

use rand::{Rng, RngExt};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Why a word is not a code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("\u{201c}{text}\u{201d} is not a {what}: use 1 to 32 letters, digits, - or _")]
pub struct CodeError {
    /// The word refused, cut to 60 characters.
    pub text: String,
    /// What it should have named.
    pub what: &'static str,
}

/// Longest code.
const LONGEST: usize = 32;

/// Defines a code that is checked when made, and read from and written to files as a plain word.
macro_rules! code {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a word of 1 to 32 ASCII letters, digits, `-` and `_`; so it is never a path.
            ///
            /// # Errors
            /// If it is anything else.
            pub fn new(text: &str) -> Result<Self, CodeError> {
                if is_code(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(CodeError { text: text.chars().filter(|c| !c.is_control()).take(60).collect(), what: $what })
                }
            }

            /// The word.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = CodeError;
            fn from_str(text: &str) -> Result<Self, CodeError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = CodeError;
            fn try_from(text: String) -> Result<Self, CodeError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> Self {
                code.0
            }
        }
    };
}

code!(
    /// One exam: `K-042`.
    ExamCode,
    "exam code"
);
code!(
    /// One patient: `P-4TQ9`.
    PatientCode,
    "patient code"
);
code!(
    /// One reader: `R1`.
    ReaderCode,
    "reader code"
);
code!(
    /// One model of a study: `marrow`.
    ModelCode,
    "model name"
);
code!(
    /// One sequence of an exam: `echo1`.
    SequenceName,
    "sequence name"
);

fn is_code(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A random exam code that `taken` does not refuse: three digits, more once half of them are used up.
pub(super) fn fresh_exam_code(rng: &mut impl Rng, taken: impl Fn(&ExamCode) -> bool) -> ExamCode {
    let mut digits = 3_usize;
    loop {
        for _ in 0..10_usize.pow(3.min(digits as u32)) {
            let number = rng.random_range(0..10_u64.pow(digits as u32));
            let code = ExamCode(format!("K-{number:0digits$}"));
            if !taken(&code) {
                return code;
            }
        }
        digits = (digits + 1).min(18);
    }
}

/// A random patient code that `taken` does not refuse: four signs out of 31 that are hard to mistake for one another.
pub(super) fn fresh_patient_code(rng: &mut impl Rng, taken: impl Fn(&PatientCode) -> bool) -> PatientCode {
    const SIGNS: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";
    let mut length = 4;
    loop {
        for _ in 0..100 {
            let word: String = (0..length).map(|_| char::from(SIGNS[rng.random_range(0..SIGNS.len())])).collect();
            let code = PatientCode(format!("P-{word}"));
            if !taken(&code) {
                return code;
            }
        }
        length = (length + 1).min(LONGEST - 2);
    }
}

/// The nearest sequence name to any text: other signs become `_`, and 28 signs are kept so that a number still fits behind.
pub(super) fn sequence_name(text: &str) -> SequenceName {
    let mut word = String::new();
    for sign in text.chars() {
        if sign.is_ascii_alphanumeric() || sign == '-' {
            word.push(sign);
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
        if word.len() >= 28 {
            break;
        }
    }
    let word = word.trim_end_matches('_');
    SequenceName(if word.is_empty() { "image".to_owned() } else { word.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;
    use std::collections::HashSet;

    #[test]
    fn paths_and_long_words_are_refused() {
        for bad in ["", "..", "a/b", "a\\b", "C:", "a b", "é", ".x", "a\n", &"x".repeat(33)] {
            let error = ExamCode::new(bad).unwrap_err().to_string();
            assert!(error.contains("exam code") && !error.contains('\n'), "{error}");
        }
        assert_eq!(ReaderCode::new("R_1-a").unwrap().as_str(), "R_1-a");
    }

    #[test]
    fn codes_stay_unique_beyond_a_thousand() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut taken = HashSet::new();
        for _ in 0..1500 {
            let code = fresh_exam_code(&mut rng, |c| taken.contains(c));
            assert!(ExamCode::new(code.as_str()).is_ok());
            assert!(taken.insert(code));
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_sequence_name(text in ".{0,80}") {
            let name = sequence_name(&text);
            prop_assert!(SequenceName::new(name.as_str()).is_ok());
        }
    }
}
