//! A table as HTML: caption above, numbers to the right, rules and counts at its foot.

use super::html::escape;
use std::fmt::Write as _;

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    number: bool,
    /// A sum that may be broken anywhere.
    code: bool,
    /// Between 0 and 1: how dark the cell is.
    shade: Option<f64>,
    span: usize,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), number: false, code: false, shade: None, span: 1 }
    }

    pub fn number(text: impl Into<String>) -> Self {
        Self { number: true, ..Self::text(text) }
    }

    /// A sum in letters of one width.
    pub fn code(text: impl Into<String>) -> Self {
        Self { code: true, ..Self::text(text) }
    }

    /// A number on a ground that is darker the nearer `share` is to 1.
    pub fn shaded(text: impl Into<String>, share: Option<f64>) -> Self {
        Self { shade: share, ..Self::number(text) }
    }

    pub const fn over(mut self, columns: usize) -> Self {
        self.span = columns;
        self
    }
}

/// A line of a table.
enum Row {
    /// A heading across all columns.
    Group(String),
    Cells(Vec<Cell>),
}

/// A table under construction.
pub(super) struct Table {
    caption: String,
    heads: Vec<Vec<Cell>>,
    rows: Vec<Row>,
    notes: Vec<String>,
    dense: bool,
}

impl Table {
    pub fn new(caption: impl Into<String>) -> Self {
        Self { caption: caption.into(), heads: Vec::new(), rows: Vec::new(), notes: Vec::new(), dense: false }
    }

    /// Smaller letters, for wide or long tables.
    pub const fn dense(mut self) -> Self {
        self.dense = true;
        self
    }

    pub fn head(&mut self, cells: Vec<Cell>) {
        self.heads.push(cells);
    }

    pub fn group(&mut self, text: impl Into<String>) {
        self.rows.push(Row::Group(text.into()));
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    /// A line for the foot; an empty one is left out.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.notes.push(text);
        }
    }

    fn columns(&self) -> usize {
        let width = |cells: &[Cell]| cells.iter().map(|c| c.span).sum::<usize>();
        let rows = self.rows.iter().map(|row| if let Row::Cells(cells) = row { width(cells) } else { 1 });
        rows.chain(self.heads.iter().map(|head| width(head))).max().unwrap_or(1)
    }

    pub fn to_html(&self, number: usize) -> String {
        let class = if self.dense { " class=\"dense\"" } else { "" };
        let mut out = format!("<div class=\"table\" id=\"table-{number}\">\n<table{class}>\n");
        let _ = writeln!(out, "<caption><b>Table {number}.</b> {}</caption>", escape(&self.caption));
        out += "<thead>\n";
        for head in &self.heads {
            out += &cells_html(head, "th", " scope=\"col\"");
        }
        out += "</thead>\n<tbody>\n";
        for row in &self.rows {
            match row {
                Row::Group(text) => {
                    let _ = writeln!(
                        out,
                        "<tr class=\"group\"><th colspan=\"{}\" scope=\"rowgroup\">{}</th></tr>",
                        self.columns(),
                        escape(text)
                    );
                }
                Row::Cells(cells) => out += &cells_html(cells, "td", ""),
            }
        }
        out += "</tbody>\n</table>\n";
        for note in &self.notes {
            let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
        }
        out + "</div>\n"
    }
}

fn cells_html(cells: &[Cell], tag: &str, scope: &str) -> String {
    let mut out = "<tr>".to_owned();
    for cell in cells {
        let class = match (cell.number, cell.code) {
            (true, _) => " class=\"n\"",
            (false, true) => " class=\"c\"",
            (false, false) => "",
        };
        let span = if cell.span > 1 { format!(" colspan=\"{}\"", cell.span) } else { String::new() };
        // At most 55 % of the blue, so that black letters stay readable on it.
        let shade = cell
            .shade
            .filter(|s| s.is_finite())
            .map_or_else(String::new, |share| format!(" style=\"background:rgba(47,98,201,{:.2})\"", 0.55 * share.clamp(0.0, 1.0)));
        let _ = write!(out, "<{tag}{scope}{span}{class}{shade}>{}</{tag}>", escape(&cell.text));
    }
    out + "</tr>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_span_all_columns_and_notes_follow() {
        let mut table = Table::new("Dice & more");
        table.head(vec![Cell::text("Who"), Cell::number("n").over(2)]);
        table.group("Level 1");
        table.row(vec![Cell::text("R1"), Cell::number("3"), Cell::shaded("0.5", Some(0.5))]);
        table.note("");
        table.note("Rule.");
        let html = table.to_html(4);
        assert!(html.contains("<b>Table 4.</b> Dice &amp; more") && html.contains("colspan=\"3\" scope=\"rowgroup\""), "{html}");
        assert!(html.contains("rgba(47,98,201,0.28)") && html.matches("class=\"note\"").count() == 1, "{html}");
    }
}
