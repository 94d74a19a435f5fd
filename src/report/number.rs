//! Numbers as they stand in tables and drawings.

/// A number with so many digits after the point, with a minus sign where one belongs; never −0.
pub(super) fn fixed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// The same; a dash where it is undefined.
pub(super) fn or_dash(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |v| fixed(v, digits))
}

/// `0.71 to 0.91`: a dash between numbers would look like a minus.
pub(super) fn range(low: f64, high: f64, digits: usize) -> String {
    format!("{} to {}", fixed(low, digits), fixed(high, digits))
}

/// A p value: three digits, `< 0.001` below.
pub(super) fn p_value(p: Option<f64>) -> String {
    match p {
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        other => or_dash(other, 3),
    }
}

/// A position in a drawing: two digits at most, the same on every machine.
pub(super) fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A whole number with thin spaces between groups of three digits.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `an exam`, `a side`.
pub(super) fn one(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}

/// `1 exam`, `2 exams`.
pub(super) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!((fixed(-0.001, 2), fixed(-1.25, 2), fixed(0.5, 3)), ("0.00".into(), "\u{2212}1.25".into(), "0.500".into()));
        assert_eq!((or_dash(None, 2), p_value(Some(0.0001)), p_value(Some(0.04))), ("–".into(), "< 0.001".into(), "0.040".into()));
        assert_eq!((place(-0.001), place(12.50), place(3.0)), ("0".into(), "12.5".into(), "3".into()));
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!((counted(1, "exam"), counted(0, "exam")), ("1 exam".into(), "0 exams".into()));
    }
}
