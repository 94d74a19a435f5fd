//! Reading conditions: what a reader says of room light and monitor before reading, and when.

/// How light the room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoomLight {
    /// A reading room, about 25 to 50 lux.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Monitor {
    /// Calibrated for diagnosis.
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

/// What the reader says. Nothing is said for them: what they have not answered is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The room.
    pub room_light: Option<RoomLight>,
    /// The monitor.
    pub monitor: Option<Monitor>,
    /// Whether both small squares of the pattern and every step of grey are seen.
    pub squares_seen: bool,
}

impl Conditions {
    /// As it stands in the journal; `None` before room and monitor are both answered.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let (room, monitor) = (self.room_light?.name(), self.monitor?.name());
        let seen = if self.squares_seen { "both squares and every step seen" } else { "not both squares and every step seen" };
        Some(format!("room light: {room}; monitor: {monitor}; test pattern: {seen}"))
    }

    /// Whether room and monitor are both answered. Not seeing the squares is an answer, too.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.room_light.is_some() && self.monitor.is_some()
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
