//! What a wheel or a touchpad was turned by, as whole steps.

use egui::{MouseWheelUnit, Vec2};

/// Points of a touchpad's movement that count as one notch of a wheel.
const POINTS_PER_NOTCH: f32 = 40.0;

/// A notch may come in parts that do not add up to one exactly.
const ROUNDING: f32 = 1e-3;

/// Adds parts of notches up until they are steps.
#[derive(Default)]
pub struct Notches {
    rest: f32,
}

impl Notches {
    /// Notches of one event, upwards positive; parts of one from touchpads.
    #[must_use]
    pub fn of(unit: MouseWheelUnit, delta: Vec2) -> f32 {
        match unit {
            MouseWheelUnit::Line | MouseWheelUnit::Page => delta.y,
            MouseWheelUnit::Point => delta.y / POINTS_PER_NOTCH,
        }
    }

    /// Whole steps that are due after `turned` more notches.
    pub fn steps(&mut self, turned: f32) -> i32 {
        // Turning back starts afresh, so that the first notch the other way counts.
        if self.rest * turned < 0.0 && self.rest.abs() > ROUNDING {
            self.rest = 0.0;
        }
        if turned.is_finite() {
            self.rest += turned;
        }
        let whole = (self.rest + ROUNDING.copysign(self.rest)).trunc();
        self.rest -= whole;
        whole as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::vec2;

    fn steps(turns: &[(MouseWheelUnit, f32)]) -> Vec<i32> {
        let mut notches = Notches::default();
        turns.iter().map(|&(unit, y)| notches.steps(Notches::of(unit, vec2(0.0, y)))).collect()
    }

    #[test]
    fn one_notch_is_one_step() {
        let line = MouseWheelUnit::Line;
        assert_eq!(steps(&[(line, -1.0), (line, -1.0), (line, 1.0), (line, 3.0)]), [-1, -1, 1, 3]);
    }

    #[test]
    fn parts_add_up_whatever_the_rounding() {
        for parts in 2..=40 {
            for (unit, whole) in [(MouseWheelUnit::Line, 1.0), (MouseWheelUnit::Point, 40.0)] {
                let turns = vec![(unit, whole / parts as f32); parts * 100];
                let done = steps(&turns);
                assert_eq!(done.iter().sum::<i32>(), 100, "{parts}");
                assert!(done.chunks(parts).all(|notch| notch[parts - 1] == 1), "the step comes with the last part of {parts}");
            }
        }
    }

    #[test]
    fn turning_back_starts_afresh() {
        let point = MouseWheelUnit::Point;
        assert_eq!(steps(&[(point, 39.0), (point, -39.0), (point, -1.0)]), [0, 0, -1]);
    }

    #[test]
    fn a_hand_that_lies_still_turns_nothing() {
        assert_eq!(steps(&[(MouseWheelUnit::Point, 0.0), (MouseWheelUnit::Line, f32::NAN), (MouseWheelUnit::Line, 0.0)]), [0, 0, 0]);
    }
}
