//! `study.toml`: how a protocol is written down, and read with the line of every mistake.

use super::parts::{Mistake, SplitForm, WindowForm};
use super::rules::{self, CalibrationForm, ReadingForm, ScoringForm, ToolsForm};
use super::{Assistance, Protocol, ProtocolError, ReaderRule, ReadingRules, WindowLimit, WindowRule};
use crate::study::{ReaderCode, SequenceName};
use serde::Deserialize;
use std::collections::HashSet;
use std::fmt::Write as _;
use toml::{Spanned, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    name: Spanned<String>,
    layers: LayersForm,
    #[serde(default)]
    sequences: Vec<Spanned<String>>,
    window: Option<WindowForm>,
    #[serde(default)]
    conditions: ConditionsForm,
    split: SplitForm,
    reading: Option<ReadingForm>,
    scoring: Option<ScoringForm>,
    calibration: Option<CalibrationForm>,
    tools: Option<ToolsForm>,
    #[serde(default)]
    sacroiliac: SacroiliacPart,
    #[serde(default)]
    reader: Vec<ReaderForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayersForm {
    marrow: Option<Spanned<Vec<u8>>>,
    bone: Spanned<Vec<Spanned<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionsForm {
    #[serde(default)]
    confirm: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReaderForm {
    code: Spanned<String>,
    assistance: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SacroiliacPart {
    #[serde(default)]
    form: bool,
}

impl Protocol {
    /// Reads `study.toml`; `file` is its name for messages.
    ///
    /// # Errors
    /// At the first mistake, with its line; unknown keys are mistakes.
    pub fn parse(text: &str, file: &str) -> Result<Self, ProtocolError> {
        let fail = |at: usize, problem: &str| {
            let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
            ProtocolError { file: file.to_owned(), line, problem }
        };
        let form: FileForm = toml::from_str(text).map_err(|error| fail(error.span().map_or(0, |s| s.start), error.message()))?;
        checked(form).map_err(|(at, problem)| fail(at.start, &problem))
    }

    /// The protocol as `study.toml`, with a word of explanation at each part; [`Protocol::parse`] reads it back as it was.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let text = |s: &str| Value::String(s.to_owned()).to_string();
        let list = |words: Vec<&str>| words.into_iter().map(text).collect::<Vec<_>>().join(", ");
        let mut out = format!("# The protocol of this study.\nname = {}\n\n", text(&self.name));
        out += "# Sequences by name; the first that an exam has is the one that is read.\n";
        let _ = writeln!(out, "sequences = [{}]\n", list(self.sequences.iter().map(SequenceName::as_str).collect()));
        out += "[layers]\nmarrow = [1, 2, 3]\n# Bones in order of their label, from 1.\n";
        let _ = writeln!(out, "bone = [{}]\n", list(self.bones.iter().map(String::as_str).collect()));
        out += "# rule: \"free\", \"fixed\" (with lower and upper) or \"air_black\" (with k).\n[window]\n";
        let float = |v: f32| Value::Float(v.to_string().parse().unwrap_or_else(|_| f64::from(v))).to_string();
        let _ = match self.window {
            WindowRule::Free => writeln!(out, "rule = \"free\""),
            WindowRule::Fixed { lower, upper } => {
                writeln!(out, "rule = \"fixed\"\nlower = {}\nupper = {}", float(lower), float(upper))
            }
            WindowRule::AirBlack { k } => writeln!(out, "rule = \"air_black\"\nk = {}", float(k)),
        };
        let _ = match self.window_limit {
            WindowLimit::Band(band) => {
                writeln!(out, "# Readers may move black and white by this share of the rule's width.\nband = {}\n", float(band))
            }
            limit => writeln!(out, "locked = {}\n", limit == WindowLimit::Locked),
        };
        out += "# Whether readers check a grey-scale pattern and confirm light and monitor.\n[conditions]\n";
        let _ = writeln!(out, "confirm = {}\n", self.confirm_conditions);
        out += "# Shares of the patients; drawn once, before the first proposal or training,\n# and kept in split.json.\n[split]\n";
        let share = |v: f64| Value::Float(v).to_string();
        let [train, validate, test] = self.fractions.shares().map(share);
        let _ = writeln!(out, "seed = {}\ntrain = {train}\nvalidate = {validate}\ntest = {test}\n", self.split_seed);
        out += &rules::to_toml(&self.reading, &self.scoring);
        if let Some(mark) = self.pass_mark {
            out += "\n# Dice that a reader must reach on every level of every atlas exam.\n[calibration]\n";
            let _ = writeln!(out, "pass_mark = {}", share(mark));
        }
        if self.sacroiliac {
            out += "\n# Readers fill in the form of the sacro-iliac joints.\n[sacroiliac]\nform = true\n";
        }
        if let Some(tools) = &self.tools {
            out += "\n# The tools that readers may use.\n[tools]\n";
            let _ = writeln!(out, "allowed = [{}]", list(tools.clone()));
        }
        for rule in &self.readers {
            out += "\n# assistance: \"none\", \"after_seal\" or \"from_start\".\n[[reader]]\n";
            let _ = writeln!(out, "code = {}\nassistance = {}", text(rule.code.as_str()), text(rule.assistance.word()));
        }
        out
    }
}

fn checked(form: FileForm) -> Result<Protocol, Mistake> {
    let name = form.name.as_ref().trim().to_owned();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err((form.name.span(), "the name must be one line of 1 to 200 signs".to_owned()));
    }
    if let Some(marrow) = form.layers.marrow.filter(|levels| levels.as_ref() != &[1, 2, 3]) {
        return Err((marrow.span(), "the marrow layer always has the levels [1, 2, 3]".to_owned()));
    }
    let (window, window_limit) = form.window.map_or(Ok((WindowRule::Free, WindowLimit::Free)), WindowForm::checked)?;
    let (split_seed, fractions) = form.split.checked()?;
    Ok(Protocol {
        name,
        bones: bones(form.layers.bone)?,
        sequences: sequences(form.sequences)?,
        window,
        window_limit,
        confirm_conditions: form.conditions.confirm,
        split_seed,
        fractions,
        readers: readers(form.reader)?,
        reading: form.reading.map_or(Ok(ReadingRules::default()), ReadingForm::checked)?,
        scoring: form.scoring.map(|s| s.rules()).unwrap_or_default(),
        pass_mark: form.calibration.map_or(Ok(None), |c| c.checked().map(Some))?,
        sacroiliac: form.sacroiliac.form,
        tools: form.tools.map_or(Ok(None), |t| t.checked().map(Some))?,
    })
}

fn bones(list: Spanned<Vec<Spanned<String>>>) -> Result<Vec<String>, Mistake> {
    let span = list.span();
    let list = list.into_inner();
    if list.len() > 255 {
        return Err((span, "a layer has at most 255 labels".to_owned()));
    }
    let mut seen = HashSet::new();
    for key in &list {
        let word = key.as_ref();
        let fits = (1..=32).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fits {
            return Err((key.span(), format!("the bone {word:?} must be 1 to 32 small letters, digits or _, such as femur_right")));
        }
        if !seen.insert(word.clone()) {
            return Err((key.span(), format!("the bone {word:?} is named twice")));
        }
    }
    Ok(list.into_iter().map(Spanned::into_inner).collect())
}

fn sequences(list: Vec<Spanned<String>>) -> Result<Vec<SequenceName>, Mistake> {
    let mut names = Vec::new();
    for word in list {
        let name = SequenceName::new(word.as_ref()).map_err(|e| (word.span(), e.to_string()))?;
        if names.contains(&name) {
            return Err((word.span(), format!("the sequence {name} is named twice")));
        }
        names.push(name);
    }
    Ok(names)
}

fn readers(list: Vec<ReaderForm>) -> Result<Vec<ReaderRule>, Mistake> {
    let mut rules: Vec<ReaderRule> = Vec::new();
    for form in list {
        let code = ReaderCode::new(form.code.as_ref()).map_err(|e| (form.code.span(), e.to_string()))?;
        if rules.iter().any(|rule| rule.code == code) {
            return Err((form.code.span(), format!("the reader {code} is named twice")));
        }
        let word = form.assistance.as_ref();
        let Some(assistance) = Assistance::ALL.into_iter().find(|a| a.word() == word) else {
            return Err((form.assistance.span(), format!("assistance {word:?} is not one of none, after_seal, from_start")));
        };
        rules.push(ReaderRule { code, assistance });
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::super::Fractions;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_sample_is_read_back() {
        let sample = Protocol::sample();
        assert_eq!(sample.sequences().len(), 2);
        assert_eq!(sample.readers().len(), 1);
        assert_eq!(Protocol::parse(&sample.to_toml(), "study.toml").unwrap(), sample);
        let full = self::sample();
        assert_eq!(Protocol::parse(&full.to_toml(), "study.toml").unwrap(), full);
        assert!(full.allows_tool("adopt") && !full.allows_tool("fill") && Protocol::sample().allows_tool("fill"));
    }

    /// The sample with every part that may be left out.
    fn sample() -> Protocol {
        Protocol::sample().with_pass_mark(Some(0.7)).with_tools(Some(&["brush", "eraser", "adopt"])).with_sacroiliac(true)
    }

    fn refused(from: &str, to: &str) -> ProtocolError {
        let text = sample().to_toml();
        assert!(text.contains(from), "{text}");
        let error = Protocol::parse(&text.replacen(from, to, 1), "study.toml").unwrap_err();
        assert!(!error.to_string().contains('\n') && error.to_string().starts_with("study.toml, line "), "{error}");
        error
    }

    #[test]
    fn every_mistake_has_its_line() {
        let text = sample().to_toml();
        let line_of = |part: &str| 1 + text[..text.find(part).unwrap()].matches('\n').count();
        for (from, to, word) in [
            ("locked = false", "locked = false\ncolour = 1", "colour"),
            ("rule = \"air_black\"", "rule = \"loud\"", "loud"),
            ("\"tibia_left\"", "\"Tibia left\"", "Tibia left"),
            ("\"tibia_left\"", "\"femur_left\"", "twice"),
            ("marrow = [1, 2, 3]", "marrow = [1, 2]", "levels"),
            ("code = \"R1\"", "code = \"../R1\"", "reader code"),
            ("assistance = \"from_start\"", "assistance = \"maybe\"", "maybe"),
            ("seed = 1", "seed = -1", "-1"),
            ("repeats = 0", "repeat = 0", "repeat"),
            ("k = 4.6", "k = 4,6", ""),
            ("pass_mark = 0.7", "pass_mark = 70", "share"),
            ("\"brush\"", "\"brsh\"", "brsh"),
            ("reads = 1", "reads = 0", "reads must be 1 to 20"),
            ("repeats = 0", "repeats = 10001", "repeats"),
            ("order = \"listed\"", "order = \"any\"", "any"),
            ("within_squares = false", "within_squares = 1", ""),
            ("validate = 0.1", "validate = 1.1", "validate"),
            ("test = 0.2", "test = -0.2", "test"),
            ("k = 4.6", "k = nan", "above 0"),
            ("k = 4.6", "k = 4.6\nupper = 3.0", "upper"),
            ("locked = false", "band = -0.1", "band"),
            ("locked = false", "locked = true\nband = 0.1", "no band"),
        ] {
            let error = refused(from, to);
            let expected = line_of(from) + usize::from(["colour", "upper", "no band"].contains(&word));
            assert_eq!(error.line, expected, "{error}");
            assert!(error.problem.contains(word), "{error}");
        }
        assert!(refused("train = 0.7", "train = 0.9").problem.contains("add up to 1"));
        let window = "rule = \"air_black\"\nk = 4.6";
        assert!(refused(window, "rule = \"fixed\"\nlower = 1.0").problem.contains("needs lower and upper"));
        assert!(refused(window, "rule = \"fixed\"\nlower = 1.0\nupper = 1.0").problem.contains("below upper"));
        assert!(refused(window, "rule = \"free\"\nk = 4.6").problem.contains("takes no k"));
        assert!(refused(&format!("{window}\nlocked = false"), "rule = \"free\"\nlocked = true").problem.contains("cannot be locked"));
        assert!(refused("name = ", "nome = ").problem.contains("nome"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            name in "[^\\p{C}\\s][^\\p{C}]{0,30}[^\\p{C}\\s]", seed in 0..=i64::MAX as u64, lower in -1e6_f32..0.0, upper in 0.1_f32..1e6,
            limit in prop_oneof![Just(WindowLimit::Free), Just(WindowLimit::Locked), (0.01_f32..2.0).prop_map(WindowLimit::Band)],
            confirm: bool, test in 0.0..0.5_f64, bones in prop::collection::hash_set("[a-z_]{1,20}", 0..5),
        ) {
            let protocol = Protocol {
                bones: bones.into_iter().collect(), window: WindowRule::Fixed { lower, upper }, window_limit: limit, confirm_conditions: confirm,
                split_seed: seed, fractions: Fractions::new(1.0 - test, 0.0, test).unwrap(), ..Protocol::sample()
            }.with_name(&name);
            prop_assert_eq!(Protocol::parse(&protocol.to_toml(), "x").unwrap(), protocol);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = Protocol::parse(&text, "x");
        }
    }
}
