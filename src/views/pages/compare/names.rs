//! Names of readers, models, methods and maps as they stand on screen.

use crate::consensus::{JointStart, Method, Region};
use crate::session::ShownMap;
use crate::views::theme;
use crate::worker::message::{ComparedMap, MapOf};
use egui::Color32;

/// Name of a method in a list.
pub const fn method(method: Method) -> &'static str {
    match method {
        Method::Staple => "STAPLE per level",
        Method::Joint => "Joint STAPLE",
        Method::Majority => "Majority",
        Method::Simple => "SIMPLE",
    }
}

/// Name of a method within a sentence.
pub const fn method_short(method: Method) -> &'static str {
    match method {
        Method::Staple => "STAPLE",
        Method::Joint => "joint STAPLE",
        Method::Majority => "majority",
        Method::Simple => "SIMPLE",
    }
}

/// Name of a region in a list.
pub const fn region(region: Region) -> &'static str {
    match region {
        Region::Whole => "Whole volume",
        Region::BoundingBox => "Box around labels",
        Region::Disagreement => "Disputed voxels",
    }
}

/// Name of a start in a list.
pub fn start(start: JointStart) -> String {
    match start {
        JointStart::Votes => "Votes without ties".to_owned(),
        JointStart::Diagonal(on) => format!("{on} on the diagonal"),
    }
}

/// What a map is of, on its button and in the picture's corner; `level` is the name of the level looked at.
pub fn shown(shown: &ShownMap, level: &str) -> String {
    match shown {
        ShownMap::Consensus => "Consensus".to_owned(),
        ShownMap::Probability => format!("Probability {level}"),
        ShownMap::Disagreement => "Disagreement".to_owned(),
        ShownMap::Entropy => "Entropy".to_owned(),
        ShownMap::Map(name) => name.clone(),
    }
}

/// A map's name in a narrow column: a model's version alone.
pub fn narrow(map: &ComparedMap) -> String {
    match map.of {
        MapOf::Model => map.name.rsplit('/').next().map_or_else(|| map.name.clone(), |version| format!("v{version}")),
        MapOf::Meeting => "meet.".to_owned(),
        // In a column for `R1` there is room for `R1 r2` and `R1 a`, not for more.
        MapOf::Beside => map.name.replace(" (read ", " r").replace(" (assisted", " a").replace(')', ""),
        MapOf::Reader { .. } => map.name.clone(),
    }
}

/// Models stand in the model's colour.
pub const fn colour(map: &ComparedMap) -> Color32 {
    match map.of {
        MapOf::Model => theme::ACCENT,
        MapOf::Reader { .. } | MapOf::Beside | MapOf::Meeting => theme::STRONG,
    }
}

/// What is to be said of a map besides its name.
pub const fn remark(map: &ComparedMap) -> &'static str {
    match map.of {
        MapOf::Reader { assisted: true } => "assisted read",
        MapOf::Reader { assisted: false } => "independent read",
        MapOf::Beside => "a further read of the same reader; it has no vote",
        MapOf::Meeting => "a consensus meeting's read; it has no vote",
        MapOf::Model => "a model's version; it has no vote",
    }
}
