//! Mouse and keys take turns: what came after belongs to what is there then.

use egui::Event;

/// Holds back what came after a change of hands within one frame.
///
/// Keys are taken at the start of a frame and the pointer where it is, so a frame in which somebody lifts the mouse and then
/// presses "next slice" would turn the page before the stroke. On a slow screen that is every day. Therefore a frame holds
/// either presses of keys or of buttons and wheel, in the order in which they came; the rest waits for the next frame.
#[derive(Debug, Default)]
pub struct Turns {
    waiting: Vec<Event>,
}

#[derive(Clone, Copy, PartialEq)]
enum Hand {
    Keys,
    Mouse,
}

impl Turns {
    /// Takes a frame's events and leaves those that are due; whether others wait.
    pub fn take(&mut self, events: &mut Vec<Event>) -> bool {
        self.waiting.append(events);
        let mut first = None;
        let end = self.waiting.iter().position(|event| hand(event).is_some_and(|hand| *first.get_or_insert(hand) != hand));
        events.extend(self.waiting.drain(..end.unwrap_or(self.waiting.len())));
        !self.waiting.is_empty()
    }
}

/// Whose turn an event is; moves, releases of keys and what is typed follow whatever was before.
const fn hand(event: &Event) -> Option<Hand> {
    match event {
        Event::Key { pressed: true, .. } => Some(Hand::Keys),
        Event::PointerButton { .. } | Event::MouseWheel { .. } => Some(Hand::Mouse),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Key, Modifiers, PointerButton, pos2};

    fn key(key: Key) -> Event {
        Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
    }

    fn button(pressed: bool) -> Event {
        Event::PointerButton { pos: pos2(1.0, 1.0), button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
    }

    fn moved(x: f32) -> Event {
        Event::PointerMoved(pos2(x, 1.0))
    }

    #[test]
    fn a_page_is_turned_after_the_stroke_before_it() {
        let mut turns = Turns::default();
        let stroke = [button(true), moved(2.0), button(false)];
        let keys = [key(Key::D), key(Key::PageDown)];
        let mut events: Vec<Event> = stroke.iter().chain(&keys).chain(&stroke).cloned().collect();
        assert!(turns.take(&mut events));
        assert_eq!(events, stroke);
        // What comes meanwhile goes to the end.
        let mut events = vec![moved(9.0)];
        assert!(turns.take(&mut events));
        assert_eq!(events, keys);
        let mut events = Vec::new();
        assert!(!turns.take(&mut events));
        assert_eq!(events[..3], stroke);
        assert_eq!(events[3..], [moved(9.0)]);
    }

    #[test]
    fn nothing_is_lost_or_held_for_ever() {
        let mut turns = Turns::default();
        let all: Vec<Event> = (0..60)
            .map(|n| {
                if n % 3 == 0 {
                    key(Key::B)
                } else if n % 3 == 1 {
                    button(n % 2 == 0)
                } else {
                    moved(n as f32)
                }
            })
            .collect();
        let (mut seen, mut events, mut frames) = (Vec::new(), all.clone(), 0);
        while {
            let more = turns.take(&mut events);
            seen.append(&mut events);
            frames += 1;
            more
        } {}
        assert_eq!(seen, all);
        assert_eq!(frames, 40);
    }
}
