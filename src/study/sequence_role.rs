//! What kind of image a sequence is, told from its coded header words, its description and its timing.
//!
//! Vendors: Siemens appends `_W`, `_F`, `_in`, `_opp`; GE begins with `WATER:`, `FAT:`, `InPhase:`, `OutPhase:`; Philips writes
//! `W`, `F`, `IP`, `OP` into ImageType. The description itself never reaches a study: it may name the patient.

use crate::io::Acquisition;
use std::fmt;

/// Kind of a sequence; its word is the sequence's name in a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SequenceRole {
    /// Dixon, water only.
    Water,
    /// Dixon, fat only.
    Fat,
    /// Dixon, in phase.
    InPhase,
    /// Dixon, opposed phase.
    OpposedPhase,
    /// Short-tau inversion recovery.
    Stir,
    /// T1-weighted.
    T1,
    /// T1-weighted, fat suppressed.
    T1FatSat,
    /// T2-weighted.
    T2,
    /// T2-weighted, fat suppressed.
    T2FatSat,
    /// Proton density.
    Pd,
    /// Proton density, fat suppressed.
    PdFatSat,
}

impl SequenceRole {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Water,
        Self::Fat,
        Self::InPhase,
        Self::OpposedPhase,
        Self::Stir,
        Self::T1,
        Self::T1FatSat,
        Self::T2,
        Self::T2FatSat,
        Self::Pd,
        Self::PdFatSat,
    ];

    /// The word in files and on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Fat => "fat",
            Self::InPhase => "in-phase",
            Self::OpposedPhase => "opposed-phase",
            Self::Stir => "stir",
            Self::T1 => "t1",
            Self::T1FatSat => "t1-fs",
            Self::T2 => "t2",
            Self::T2FatSat => "t2-fs",
            Self::Pd => "pd",
            Self::PdFatSat => "pd-fs",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word().eq_ignore_ascii_case(word.trim()))
    }
}

impl fmt::Display for SequenceRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A role with what it was told from. A person confirms it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The role.
    pub role: SequenceRole,
    /// What it was told from, in words that hold nothing of the source's free text.
    pub reason: String,
}

/// Recognises a sequence by its coded words first, then its description, then its timing; `None` where nothing tells.
#[must_use]
pub fn recognise(description: &str, acquisition: &Acquisition) -> Option<Recognised> {
    let told = |role: Option<SequenceRole>, reason: &str| role.map(|role| Recognised { role, reason: reason.to_owned() });
    let words = words(description);
    told(by_image_type(acquisition.image_type.as_deref().unwrap_or_default()), "image type")
        .or_else(|| told(dixon_by_words(&words), "description"))
        .or_else(|| told(inversion(&words, acquisition), "inversion recovery"))
        .or_else(|| told(weighting_by_words(&words, acquisition), "description"))
        .or_else(|| told(by_timing(acquisition), "echo and repetition time"))
}

/// Words of letters or digits, in small letters; `InPhase` and `T2w` stay whole.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

fn by_image_type(image_type: &str) -> Option<SequenceRole> {
    image_type.split('\\').find_map(|value| match value.trim().to_ascii_uppercase().as_str() {
        "W" | "WATER" => Some(SequenceRole::Water),
        "F" | "FAT" => Some(SequenceRole::Fat),
        "IP" | "IN_PHASE" | "INPHASE" | "IN-PHASE" => Some(SequenceRole::InPhase),
        "OP" | "OPP_PHASE" | "OUT_PHASE" | "OUTPHASE" | "OPPOSED_PHASE" | "OUT-PHASE" => Some(SequenceRole::OpposedPhase),
        _ => None,
    })
}

fn dixon_by_words(words: &[String]) -> Option<SequenceRole> {
    // A number behind the name tells two volumes of one name apart.
    let last = words.iter().rposition(|word| !word.bytes().all(|b| b.is_ascii_digit())).unwrap_or(0);
    let next = |at: usize| words.get(at + 1).map_or("", String::as_str);
    words.iter().enumerate().find_map(|(at, word)| match word.as_str() {
        "water" | "wateronly" | "wasser" => Some(SequenceRole::Water),
        "w" if at == last && at > 0 => Some(SequenceRole::Water),
        // "fat sat" and its kin take fat away.
        "fat" | "fatonly" | "fett" if !["sat", "sup", "supp", "suppressed", "saturated"].contains(&next(at)) => Some(SequenceRole::Fat),
        "f" if at == last && at > 0 => Some(SequenceRole::Fat),
        "inphase" | "ip" => Some(SequenceRole::InPhase),
        "in" if next(at) == "phase" || (at == last && at > 0) => Some(SequenceRole::InPhase),
        "outphase" | "opposedphase" | "oop" | "op" => Some(SequenceRole::OpposedPhase),
        "opp" | "out" | "opposed" if next(at) == "phase" || next(at) == "of" || (at == last && at > 0) => Some(SequenceRole::OpposedPhase),
        _ => None,
    })
}

fn inversion(words: &[String], acquisition: &Acquisition) -> Option<SequenceRole> {
    let named = words.iter().any(|w| matches!(w.as_str(), "stir" | "tirm" | "dstir"));
    let coded = acquisition.sequence_words.as_deref().unwrap_or_default().split(['\\', ' ', '/', '+']).any(|w| w == "IR");
    let short = acquisition.ti_ms.is_some_and(|ti| (80.0..=300.0).contains(&ti));
    (named || (coded && short)).then_some(SequenceRole::Stir)
}

fn weighting_by_words(words: &[String], acquisition: &Acquisition) -> Option<SequenceRole> {
    let has = |wanted: &[&str]| words.iter().any(|w| wanted.contains(&w.as_str()));
    let fat_off = has(&["fs", "fatsat", "spir", "spair", "fatsup"])
        || words.windows(2).any(|w| w[0] == "fat" && matches!(w[1].as_str(), "sat" | "sup" | "supp" | "suppressed" | "saturated"))
        || acquisition.sequence_words.as_deref().unwrap_or_default().split(['\\', ' ', '/', '+']).any(|w| w == "FS");
    let pick = |plain: SequenceRole, without: SequenceRole| if fat_off { without } else { plain };
    if has(&["t1", "t1w", "t1wi"]) {
        Some(pick(SequenceRole::T1, SequenceRole::T1FatSat))
    } else if has(&["t2", "t2w", "t2wi"]) {
        Some(pick(SequenceRole::T2, SequenceRole::T2FatSat))
    } else if has(&["pd", "pdw", "dp", "proton"]) {
        Some(pick(SequenceRole::Pd, SequenceRole::PdFatSat))
    } else {
        None
    }
}

/// Spin echoes only: TR below 1000 ms and TE below 30 ms weigh T1, long TR with TE above 60 ms T2, with TE below 50 ms proton
/// density (Westbrook, MRI in Practice, chapter 2).
fn by_timing(acquisition: &Acquisition) -> Option<SequenceRole> {
    let spin_echo = acquisition.sequence_words.as_deref().unwrap_or_default().split(['\\', ' ', '/', '+']).any(|w| w == "SE");
    let (tr, te) = (acquisition.tr_ms?, acquisition.te_ms?);
    match (spin_echo, tr, te) {
        (true, tr, te) if tr < 1000.0 && te < 30.0 => Some(SequenceRole::T1),
        (true, tr, te) if tr > 1500.0 && te > 60.0 => Some(SequenceRole::T2),
        (true, tr, te) if tr > 1500.0 && te < 50.0 => Some(SequenceRole::Pd),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(description: &str) -> Option<SequenceRole> {
        recognise(description, &Acquisition::default()).map(|r| r.role)
    }

    #[test]
    fn names_as_scanners_write_them() {
        use SequenceRole as R;
        let table = [
            ("t2_tse_dixon_cor_W", Some(R::Water)),
            ("t2_tse_dixon_cor_F", Some(R::Fat)),
            ("t2_tse_dixon_cor_F_2", Some(R::Fat)),
            ("t2_tse_dixon_cor_in", Some(R::InPhase)),
            ("t2_tse_dixon_cor_opp", Some(R::OpposedPhase)),
            ("WATER: Cor T2 IDEAL", Some(R::Water)),
            ("FAT: Cor T2 IDEAL", Some(R::Fat)),
            ("InPhase: Ax LAVA-Flex", Some(R::InPhase)),
            ("OutPhase: Ax LAVA-Flex", Some(R::OpposedPhase)),
            ("Cor out of phase", Some(R::OpposedPhase)),
            ("COR T2 FAT SAT", Some(R::T2FatSat)),
            ("PD SPAIR TRA", Some(R::PdFatSat)),
            ("pd_tse_fs_sag", Some(R::PdFatSat)),
            ("STIR longTE cor", Some(R::Stir)),
            ("t2_tirm_cor_320", Some(R::Stir)),
            ("Ax T1 TSE", Some(R::T1)),
            ("T2W_TSE", Some(R::T2)),
            ("knee", None),
            ("W", None),
            ("in", None),
            ("", None),
        ];
        for (text, role) in table {
            assert_eq!(named(text), role, "{text}");
        }
    }

    #[test]
    fn codes_win_over_words_and_timing_comes_last() {
        let with = |image_type: &str, words: &str, timing: [f64; 3]| Acquisition {
            image_type: Some(image_type.to_owned()),
            sequence_words: Some(words.to_owned()),
            tr_ms: Some(timing[0]),
            te_ms: Some(timing[1]),
            ti_ms: (timing[2] > 0.0).then_some(timing[2]),
            ..Acquisition::default()
        };
        let of = |description: &str, a: &Acquisition| recognise(description, a).map(|r| (r.role, r.reason));
        let philips = with("ORIGINAL\\PRIMARY\\W\\W\\DERIVED", "SE", [3000.0, 80.0, 0.0]);
        assert_eq!(of("mDIXON t2 fat", &philips), Some((SequenceRole::Water, "image type".to_owned())));
        let plain = |words: &str, timing| with("ORIGINAL\\PRIMARY\\M\\ND", words, timing);
        assert_eq!(of("x", &plain("SE", [500.0, 12.0, 0.0])).map(|r| r.0), Some(SequenceRole::T1));
        assert_eq!(of("x", &plain("SE", [3500.0, 90.0, 0.0])).map(|r| r.0), Some(SequenceRole::T2));
        assert_eq!(of("x", &plain("GR", [500.0, 12.0, 0.0])), None);
        assert_eq!(of("x", &plain("SE\\IR", [4000.0, 40.0, 160.0])).map(|r| r.0), Some(SequenceRole::Stir));
    }

    #[test]
    fn words_are_read_back() {
        assert!(SequenceRole::ALL.into_iter().all(|role| SequenceRole::from_word(role.word()) == Some(role)));
    }
}
