//! A drawing as SVG text, the same bytes for the same strokes, that stands alone and inside a page.

use super::html::escape;
use super::number::place;
use std::fmt::Write as _;

/// Ink of axes and text.
pub(super) const INK: &str = "#1b1b1b";
/// Lines that only help the eye.
pub(super) const FAINT: &str = "#c9ccd1";
/// The paper's colours of levels 1, 2 and 3, darkened for white paper, and grey for 2+3.
pub(super) const LEVEL_COLOURS: [&str; 4] = ["#0d9488", "#2f62c9", "#b07d00", "#5f6368"];

/// A drawing under construction; sizes are CSS pixels.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text is held.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub fn line(&mut self, from: [f64; 2], to: [f64; 2], colour: &str, width: f64) {
        self.dashed(from, to, colour, width, "");
    }

    /// A line with a pattern of dashes (`4 3`), or plain where it is empty.
    pub fn dashed(&mut self, from: [f64; 2], to: [f64; 2], colour: &str, width: f64, dashes: &str) {
        let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
        let _ = writeln!(
            self.body,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{colour}\" stroke-width=\"{}\"{dashes}/>",
            place(from[0]),
            place(from[1]),
            place(to[0]),
            place(to[1]),
            place(width)
        );
    }

    /// A rectangle from its upper left corner; `fill` and `stroke` are colours or `none`.
    pub fn rect(&mut self, corner: [f64; 2], size: [f64; 2], fill: &str, opacity: f64, stroke: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\" fill-opacity=\"{}\" stroke=\"{stroke}\"/>",
            place(corner[0]),
            place(corner[1]),
            place(size[0]),
            place(size[1]),
            place(opacity)
        );
    }

    pub fn circle(&mut self, centre: [f64; 2], radius: f64, fill: &str, stroke: &str) {
        let _ = writeln!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" fill-opacity=\"0.75\" stroke=\"{stroke}\" stroke-width=\"0.8\"/>",
            place(centre[0]),
            place(centre[1]),
            place(radius)
        );
    }

    pub fn polygon(&mut self, points: &[[f64; 2]], fill: &str, stroke: &str) {
        let points: Vec<String> = points.iter().map(|[x, y]| format!("{},{}", place(*x), place(*y))).collect();
        let points = points.join(" ");
        let _ = writeln!(
            self.body,
            "<polygon points=\"{points}\" fill=\"{fill}\" fill-opacity=\"0.75\" stroke=\"{stroke}\" stroke-width=\"0.8\"/>"
        );
    }

    pub fn text(&mut self, at: [f64; 2], anchor: Anchor, size: f64, text: &str) {
        self.written(at, anchor, size, "", text);
    }

    pub fn bold(&mut self, at: [f64; 2], anchor: Anchor, size: f64, text: &str) {
        self.written(at, anchor, size, " font-weight=\"600\"", text);
    }

    /// A text that runs upwards.
    pub fn upwards(&mut self, at: [f64; 2], anchor: Anchor, size: f64, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", place(at[0]), place(at[1]));
        self.written(at, anchor, size, &turn, text);
    }

    fn written(&mut self, at: [f64; 2], anchor: Anchor, size: f64, more: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-size=\"{}\"{more}>{}</text>",
            place(at[0]),
            place(at[1]),
            place(size),
            escape(text)
        );
    }

    /// The drawing with a title for those who cannot see it.
    pub fn finish(self, title: &str) -> String {
        let (width, height) = (place(self.width), place(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             font-family=\"Helvetica, Arial, sans-serif\" fill=\"{INK}\">\n<title>{}</title>\n{}</svg>\n",
            escape(title),
            self.body
        )
    }
}
