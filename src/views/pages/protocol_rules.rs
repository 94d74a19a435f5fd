//! The part of the protocol's form that is about the screen: window, light, tools, calibration, the sacro-iliac form.

use crate::study::{Protocol, TOOL_WORDS, WindowLimit, WindowRule};
use crate::views::theme;
use crate::views::widgets::{heading, named, quiet};
use egui::{Checkbox, DragValue, RichText, Ui};

/// Draws it; the changed protocol, if something was changed.
pub fn screen_rules_ui(ui: &mut Ui, protocol: &Protocol) -> Option<Protocol> {
    let mut next = protocol.clone();
    heading(ui, "Window");
    next = window_ui(ui, next);
    ui.add_space(theme::PADDING);
    heading(ui, "Room and monitor");
    let mut confirm = next.confirm_conditions();
    if ui.add(Checkbox::new(&mut confirm, "Readers check a grey-scale pattern and confirm light and monitor before they read")).changed() {
        next = next.with_confirmed_conditions(confirm);
    }
    ui.add_space(theme::PADDING);
    heading(ui, "Tools that readers may use");
    next = tools_ui(ui, next);
    ui.add_space(theme::PADDING);
    heading(ui, "Calibration and forms");
    next = calibration_ui(ui, next);
    (next != *protocol).then_some(next)
}

pub(super) fn number(ui: &mut Ui, words: &str, value: &mut f64, range: std::ops::RangeInclusive<f64>, speed: f64) -> bool {
    ui.horizontal(|ui| {
        let response = named(ui.add(DragValue::new(value).range(range).speed(speed).max_decimals(3)), words);
        ui.label(RichText::new(words).color(theme::TEXT));
        response.changed()
    })
    .inner
}

fn window_ui(ui: &mut Ui, protocol: Protocol) -> Protocol {
    let (mut rule, mut limit) = (protocol.window(), protocol.window_limit());
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::CHOICE_GAP;
        let rules = [
            ("free", WindowRule::Free),
            ("fixed", WindowRule::Fixed { lower: 0.0, upper: 1000.0 }),
            ("air black", WindowRule::AirBlack { k: 4.6 }),
        ];
        for (words, usual) in rules {
            let same = std::mem::discriminant(&rule) == std::mem::discriminant(&usual);
            if ui.radio(same, words).clicked() && !same {
                rule = usual;
            }
        }
    });
    match &mut rule {
        WindowRule::Free => quiet(ui, "Readers choose the window as they like."),
        WindowRule::Fixed { lower, upper } => {
            let (mut low, mut high) = (f64::from(*lower), f64::from(*upper));
            number(ui, "shown black", &mut low, -1e6..=1e6, 1.0);
            number(ui, "shown white", &mut high, -1e6..=1e6, 1.0);
            if low < high {
                (*lower, *upper) = (low as f32, high as f32);
            }
        }
        WindowRule::AirBlack { k } => {
            let mut factor = f64::from(*k);
            if number(ui, "times from air to fatty marrow", &mut factor, 0.1..=100.0, 0.01) {
                *k = factor as f32;
            }
        }
    }
    if rule != WindowRule::Free {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::CHOICE_GAP;
            let limits =
                [("readers may change it", WindowLimit::Free), ("within a band", WindowLimit::Band(0.1)), ("locked", WindowLimit::Locked)];
            for (words, usual) in limits {
                let same = std::mem::discriminant(&limit) == std::mem::discriminant(&usual);
                if ui.radio(same, words).clicked() && !same {
                    limit = usual;
                }
            }
        });
        if let WindowLimit::Band(band) = &mut limit {
            let mut share = f64::from(*band);
            if number(ui, "of the rule's width, each way", &mut share, 0.01..=2.0, 0.01) {
                *band = share as f32;
            }
        }
    }
    if (rule, limit) == (protocol.window(), protocol.window_limit()) { protocol } else { protocol.with_window(rule, limit) }
}

fn tools_ui(ui: &mut Ui, protocol: Protocol) -> Protocol {
    let mut allowed: Vec<&str> = TOOL_WORDS.into_iter().filter(|word| protocol.allows_tool(word)).collect();
    let before = allowed.len();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::CHOICE_GAP;
        for word in TOOL_WORDS {
            let mut on = allowed.contains(&word);
            if ui.add(Checkbox::new(&mut on, word)).changed() {
                allowed.retain(|w| *w != word);
                if on {
                    allowed.push(word);
                }
            }
        }
    });
    if before == allowed.len() || allowed.is_empty() { protocol } else { protocol.with_tools(Some(&allowed)) }
}

fn calibration_ui(ui: &mut Ui, protocol: Protocol) -> Protocol {
    let mut next = protocol;
    let mut asked = next.pass_mark().is_some();
    if ui.add(Checkbox::new(&mut asked, "Readers calibrate on the atlas before they read")).changed() {
        next = next.with_pass_mark(asked.then_some(0.7));
    }
    if let Some(mut mark) = next.pass_mark()
        && number(ui, "Dice on every level of every atlas exam", &mut mark, 0.01..=1.0, 0.005)
    {
        next = next.with_pass_mark(Some(mark));
    }
    let mut form = next.sacroiliac();
    if ui.add(Checkbox::new(&mut form, "Readers fill in the form of the sacro-iliac joints")).changed() {
        next = next.with_sacroiliac(form);
    }
    next
}
