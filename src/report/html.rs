//! The page: headings, paragraphs, numbered tables and figures, in one file that needs no other.

use super::table::Table;
use std::fmt::Write as _;

/// Letters that mean something in HTML and SVG become their entities; control signs go.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            sign if sign.is_control() => {}
            sign => out.push(sign),
        }
    }
    out
}

/// A page under construction.
#[derive(Default)]
pub(super) struct Page {
    body: String,
    tables: usize,
    /// Name and text of every figure, for files of their own.
    figures: Vec<(String, String)>,
}

impl Page {
    pub fn heading(&mut self, text: &str) {
        let _ = writeln!(self.body, "<h2>{}</h2>", escape(text));
    }

    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.body, "<p>{}</p>", escape(text));
    }

    pub fn list(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
            let _ = writeln!(self.body, "<ul>\n{items}</ul>");
        }
    }

    /// Text that stands as it is, such as a protocol.
    pub fn verbatim(&mut self, text: &str) {
        let _ = writeln!(self.body, "<pre>{}</pre>", escape(text));
    }

    pub fn table(&mut self, table: &Table) {
        self.tables += 1;
        self.body += &table.to_html(self.tables);
    }

    /// A figure with its number; `word` names its file.
    pub fn figure(&mut self, word: &str, caption: &str, svg: String) {
        let number = self.figures.len() + 1;
        let _ = writeln!(
            self.body,
            "<figure id=\"figure-{number}\">\n{svg}<figcaption><b>Figure {number}.</b> {}</figcaption>\n</figure>",
            escape(caption)
        );
        self.figures.push((format!("{word}.svg"), svg));
    }

    /// The whole file, and the figures by name.
    pub fn finish(self, title: &str, subtitle: &[String]) -> (String, Vec<(String, String)>) {
        let style = include_str!("../../assets/report.css");
        let lines: String = subtitle.iter().map(|line| format!("<p class=\"sub\">{}</p>\n", escape(line))).collect();
        let title = escape(title);
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
             <style>\n{style}</style>\n</head>\n<body>\n<main>\n<header>\n<h1>{title}</h1>\n{lines}</header>\n{}</main>\n</body>\n</html>\n",
            self.body
        );
        (page, self.figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_never_code() {
        assert_eq!(escape("<script>\"a\" & b\u{7}</script>"), "&lt;script&gt;&quot;a&quot; &amp; b&lt;/script&gt;");
    }
}
