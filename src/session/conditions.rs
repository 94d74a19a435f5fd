//! Reading conditions: what a reader says of room light and monitor before reading, and when.

/// How light the room is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoomLight {
    /// A reading room, about 25 to 50 lux.
    #[default]
    Dark,
    /// Dimmed, up to about 100 lux.
    Dimmed,
    /// As in an office, or daylight.
    Bright,
}

impl RoomLight {
    /// All, from dark to bright.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Dimmed, Self::Bright];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "Reading room, dark",
            Self::Dimmed => "Dimmed",
            Self::Bright => "Office light or daylight",
        }
    }
}

/// What kind of monitor it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Monitor {
    /// Calibrated for diagnosis.
    #[default]
    Diagnostic,
    /// A usual monitor.
    Office,
    /// A laptop or tablet.
    Portable,
}

impl Monitor {
    /// All, the best first.
    pub const ALL: [Self; 3] = [Self::Diagnostic, Self::Office, Self::Portable];

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Diagnostic => "Diagnostic, calibrated",
            Self::Office => "Office monitor",
            Self::Portable => "Laptop or tablet",
        }
    }
}

/// What the reader says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The room.
    pub room_light: RoomLight,
    /// The monitor.
    pub monitor: Monitor,
    /// Whether both small squares of the pattern are seen.
    pub squares_seen: bool,
}

impl Conditions {
    /// As it stands in the journal.
    #[must_use]
    pub fn text(&self) -> String {
        let seen = if self.squares_seen { "both squares seen" } else { "not both squares seen" };
        format!("room light: {}; monitor: {}; test pattern: {seen}", self.room_light.name(), self.monitor.name())
    }
}

/// The check as far as it has come in this session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionsState {
    pub(super) draft: Conditions,
    pub(super) open: bool,
    pub(super) confirmed: Option<(Conditions, String)>,
}

impl ConditionsState {
    /// What has been answered so far.
    #[must_use]
    pub const fn draft(&self) -> &Conditions {
        &self.draft
    }

    /// What was confirmed in this session, and when.
    #[must_use]
    pub fn confirmed(&self) -> Option<(&Conditions, &str)> {
        self.confirmed.as_ref().map(|(conditions, time)| (conditions, time.as_str()))
    }
}
