//! The protocol of a study: what is read, by whom, under which rules.

mod file;
mod parts;
mod rules;

use super::{ReaderCode, SequenceName};
use crate::volume::LabelScheme;
use thiserror::Error;

pub use rules::{ReadingRules, ScoringRules, TOOL_WORDS};

/// A protocol that has been checked. Changes are made in `study.toml`, by a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Protocol {
    pub(super) name: String,
    pub(super) bones: Vec<String>,
    pub(super) sequences: Vec<SequenceName>,
    pub(super) window: WindowRule,
    pub(super) window_limit: WindowLimit,
    pub(super) confirm_conditions: bool,
    pub(super) split_seed: u64,
    pub(super) fractions: Fractions,
    pub(super) readers: Vec<ReaderRule>,
    pub(super) reading: ReadingRules,
    pub(super) scoring: ScoringRules,
    pub(super) pass_mark: Option<f64>,
    pub(super) tools: Option<Vec<&'static str>>,
    pub(super) sacroiliac: bool,
}

/// How grey values become brightness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WindowRule {
    /// As the reader likes.
    Free,
    /// The same two values for every exam, in the file's own scaling.
    Fixed {
        /// Shown black.
        lower: f32,
        /// Shown white.
        upper: f32,
    },
    /// From air to `k` times the way from air to fatty marrow (DESIGN section 4).
    AirBlack {
        /// The factor; 4.6 unless the protocol says otherwise.
        k: f32,
    },
}

/// How far a reader may leave the rule's window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WindowLimit {
    /// As far as they like.
    Free,
    /// Lower and upper each by at most this share of the rule's width.
    Band(f32),
    /// Not at all.
    Locked,
}

/// One reader and what they may see of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderRule {
    /// The reader's code.
    pub code: ReaderCode,
    /// When proposals are shown.
    pub assistance: Assistance,
}

/// When a reader may see a model's proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assistance {
    /// Never.
    None,
    /// Once their own read is sealed.
    AfterSeal,
    /// From the start; such reads are tagged as assisted.
    FromStart,
}

impl Assistance {
    /// Every policy, in order of how much it shows.
    pub const ALL: [Self; 3] = [Self::None, Self::AfterSeal, Self::FromStart];

    /// The word in `study.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::AfterSeal => "after_seal",
            Self::FromStart => "from_start",
        }
    }
}

/// Shares of the patients in the three parts; they add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fractions {
    pub(super) train: f64,
    pub(super) validate: f64,
    pub(super) test: f64,
}

impl Fractions {
    /// Takes the shares of the training, validation and test part; `None` unless each lies in 0 to 1, the first is above 0
    /// and they add up to 1 (within 1e-6).
    #[must_use]
    pub fn new(train: f64, validate: f64, test: f64) -> Option<Self> {
        let each = [train, validate, test].iter().all(|v| (0.0..=1.0).contains(v));
        (each && train > 0.0 && (train + validate + test - 1.0).abs() <= 1e-6).then_some(Self { train, validate, test })
    }

    /// Shares of training, validation and test.
    #[must_use]
    pub const fn shares(&self) -> [f64; 3] {
        [self.train, self.validate, self.test]
    }
}

/// Why a text is not a protocol.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{file}, line {line}: {problem}")]
pub struct ProtocolError {
    /// The file, as the person knows it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there, in one line.
    pub problem: String,
}

impl Protocol {
    /// The protocol of the demo and of `study init`: both knees after von Brandis et al. 2022, one reader.
    #[must_use]
    pub fn sample() -> Self {
        let bones = ["femur_right", "tibia_right", "femur_left", "tibia_left"];
        let codes = |words: &[&str]| words.iter().filter_map(|w| SequenceName::new(w).ok()).collect();
        let reader = ReaderCode::new("R1").map(|code| ReaderRule { code, assistance: Assistance::FromStart });
        Self {
            name: "Bone marrow signal of the knee".to_owned(),
            bones: bones.map(str::to_owned).to_vec(),
            sequences: codes(&["water", "fat"]),
            window: WindowRule::AirBlack { k: 4.6 },
            window_limit: WindowLimit::Free,
            confirm_conditions: false,
            split_seed: 1,
            fractions: Fractions { train: 0.7, validate: 0.1, test: 0.2 },
            readers: reader.into_iter().collect(),
            reading: ReadingRules::default(),
            scoring: ScoringRules::default(),
            pass_mark: None,
            tools: None,
            sacroiliac: false,
        }
    }

    /// The protocol of images that are opened without a study: one reader, helped from the start, everything to train on.
    #[must_use]
    pub fn scratch(name: &str) -> Self {
        let bones = ["femur", "tibia", "fibula", "patella"].map(str::to_owned).to_vec();
        let fractions = Fractions { train: 1.0, validate: 0.0, test: 0.0 };
        Self { bones, sequences: Vec::new(), window: WindowRule::Free, fractions, ..Self::sample() }.with_name(name)
    }

    /// The study's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same protocol under another name; line breaks become spaces.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        let one_line = name.split(|c: char| c.is_control()).collect::<Vec<_>>().join(" ").trim().to_owned();
        if !one_line.is_empty() {
            self.name = one_line.chars().take(200).collect();
        }
        self
    }

    /// The same protocol with these readers instead; a code that comes twice counts once, first come.
    #[must_use]
    pub fn with_readers(mut self, readers: Vec<ReaderRule>) -> Self {
        self.readers.clear();
        for rule in readers {
            if self.reader(&rule.code).is_none() {
                self.readers.push(rule);
            }
        }
        self
    }

    /// The same protocol with another number of reads, order or use of models.
    #[must_use]
    pub const fn with_reading(mut self, reading: ReadingRules) -> Self {
        self.reading = reading;
        self
    }

    /// The same protocol with other rules of scoring.
    #[must_use]
    pub const fn with_scoring(mut self, scoring: ScoringRules) -> Self {
        self.scoring = scoring;
        self
    }

    /// The Dice that every level of an atlas exam must reach in calibration, if the protocol asks for it.
    #[must_use]
    pub const fn pass_mark(&self) -> Option<f64> {
        self.pass_mark
    }

    /// The same protocol with another pass mark; one that is no share above 0 asks for nothing.
    #[must_use]
    pub fn with_pass_mark(mut self, mark: Option<f64>) -> Self {
        self.pass_mark = mark.filter(|m| *m > 0.0 && *m <= 1.0);
        self
    }

    /// Whether readers may use a tool, by its word in `study.toml`.
    #[must_use]
    pub fn allows_tool(&self, word: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.contains(&word))
    }

    /// The tools that readers may use; `None` = all.
    #[must_use]
    pub fn tools(&self) -> Option<&[&'static str]> {
        self.tools.as_deref()
    }

    /// The same protocol with these tools only; words that are no tool are passed over, all of them stand for no limit.
    #[must_use]
    pub fn with_tools(mut self, words: Option<&[&str]>) -> Self {
        let allowed = words.map(|words| TOOL_WORDS.into_iter().filter(|word| words.contains(word)).collect::<Vec<_>>());
        self.tools = allowed.filter(|tools| !tools.is_empty() && tools.len() < TOOL_WORDS.len());
        self
    }

    /// Whether readers fill in the sacro-iliac form.
    #[must_use]
    pub const fn sacroiliac(&self) -> bool {
        self.sacroiliac
    }

    /// The same protocol with or without that form.
    #[must_use]
    pub const fn with_sacroiliac(mut self, form: bool) -> Self {
        self.sacroiliac = form;
        self
    }

    /// The same protocol with another seed of the split.
    #[must_use]
    pub const fn with_split_seed(mut self, seed: u64) -> Self {
        self.split_seed = seed;
        self
    }

    /// How often, in which order and with whose models exams are read.
    #[must_use]
    pub const fn reading(&self) -> ReadingRules {
        self.reading
    }

    /// How masks are scored.
    #[must_use]
    pub const fn scoring(&self) -> ScoringRules {
        self.scoring
    }

    /// Keys of the bone labels in order of their value, from 1.
    #[must_use]
    pub fn bones(&self) -> &[String] {
        &self.bones
    }

    /// The labels of the bone layer.
    #[must_use]
    pub fn bone_scheme(&self) -> LabelScheme {
        LabelScheme::bones(&self.bones.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Sequences by name; the first that an exam has is the one that is read.
    #[must_use]
    pub fn sequences(&self) -> &[SequenceName] {
        &self.sequences
    }

    /// How grey values become brightness.
    #[must_use]
    pub const fn window(&self) -> WindowRule {
        self.window
    }

    /// How far readers may leave that rule.
    #[must_use]
    pub const fn window_limit(&self) -> WindowLimit {
        self.window_limit
    }

    /// The same protocol with another window rule; a free window has no limit.
    #[must_use]
    pub fn with_window(mut self, rule: WindowRule, limit: WindowLimit) -> Self {
        self.window = rule;
        self.window_limit = if rule == WindowRule::Free { WindowLimit::Free } else { limit };
        self
    }

    /// Whether readers confirm room light and monitor on a grey-scale pattern before they read.
    #[must_use]
    pub const fn confirm_conditions(&self) -> bool {
        self.confirm_conditions
    }

    /// The same protocol, with or without that confirmation.
    #[must_use]
    pub const fn with_confirmed_conditions(mut self, confirm: bool) -> Self {
        self.confirm_conditions = confirm;
        self
    }

    /// The same protocol with other shares of training, validation and test.
    #[must_use]
    pub const fn with_fractions(mut self, fractions: Fractions) -> Self {
        self.fractions = fractions;
        self
    }

    /// The seed of the split.
    #[must_use]
    pub const fn split_seed(&self) -> u64 {
        self.split_seed
    }

    /// Shares of the parts.
    #[must_use]
    pub const fn fractions(&self) -> Fractions {
        self.fractions
    }

    /// Readers in the order of the file.
    #[must_use]
    pub fn readers(&self) -> &[ReaderRule] {
        &self.readers
    }

    /// The rule for one reader, if the protocol knows them.
    #[must_use]
    pub fn reader(&self, code: &ReaderCode) -> Option<&ReaderRule> {
        self.readers.iter().find(|rule| rule.code == *code)
    }
}
