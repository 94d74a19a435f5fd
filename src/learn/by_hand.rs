//! JSON that people write: what would be passed over in silence is refused, at every depth. Cards, which the program writes, are
//! read without this.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value from JSON that a person wrote. The types refuse most slips themselves; not fields beside a word that has none (a
/// `median4` with a `size`), nor a list where an object is meant, which would count as one with every field left out.
///
/// # Errors
/// What is wrong, with the field's name, to be read after the file's.
pub fn by_hand<T: DeserializeOwned + Serialize>(text: &str) -> Result<T, String> {
    // An editor's byte order mark is none of the text.
    let text = text.trim_start_matches('\u{feff}');
    let given: Value = serde_json::from_str(text).map_err(|why| format!("it is not JSON ({why})"))?;
    if !given.is_object() {
        return Err(format!("it is {}, but must be one object, in braces", kind(&given)));
    }
    let value: T = serde_json::from_str(text).map_err(|why| why.to_string())?;
    let understood = serde_json::to_value(&value).map_err(|why| why.to_string())?;
    require_all(&given, &understood, "")?;
    Ok(value)
}

/// Whether nothing of what was given is missing from what was understood; `at` is where both stand.
fn require_all(given: &Value, understood: &Value, at: &str) -> Result<(), String> {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => given.iter().try_for_each(|(name, value)| match understood.get(name) {
            Some(known) => require_all(value, known, &if at.is_empty() { name.clone() } else { format!("{at}.{name}") }),
            None => {
                let known: Vec<String> = understood.keys().map(|name| format!("`{name}`")).collect();
                let place = if at.is_empty() { "it".to_owned() } else { format!("`{at}`") };
                Err(format!("{place} has no field `{name}`; it takes {}", known.join(", ")))
            }
        }),
        (Value::Array(given), Value::Array(understood)) if given.len() == understood.len() => {
            let mut pairs = given.iter().zip(understood).enumerate();
            pairs.try_for_each(|(n, (given, understood))| require_all(given, understood, &format!("{at}[{n}]")))
        }
        // What no float holds has become infinite, which JSON cannot say.
        (Value::Number(number), Value::Null) => Err(format!("`{at}` is {number}, which is too large")),
        // A number may be rounded on the way, a word is itself.
        _ if kind(given) == kind(understood) && !given.is_array() => Ok(()),
        _ => Err(format!("`{at}` is {}, but must be {}", kind(given), kind(understood))),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Plan, Recipe};

    fn why(text: &str) -> String {
        by_hand::<Plan>(text).unwrap_err()
    }

    #[test]
    fn a_slip_at_any_depth_is_named() {
        for (text, field) in [
            (r#"{"bas":8}"#, "`bas`"),
            (r#"{"options":{"rate":{"kind":"cosine","peak":0.002,"step":50}}}"#, "`step`"),
            (r#"{"options":{"rate":{"kind":"constant","rate":0.002,"peak":50}}}"#, "`peak`"),
            (r#"{"recipe":{"steps":[{"step":"clahe","tiles":8,"clip":3,"clop":1}]}}"#, "`clop`"),
            (r#"{"recipe":{"steps":[{"step":"median4"},{"step":"median4","size":9}]}}"#, "`recipe.steps[1]` has no field `size`"),
            (r#"{"recipe":{"steps":[{"step":"standardise","place":[[1]]}]}}"#, "`place`"),
            (r#"{"objective":{"loss":{"kind":"dice","gamma":2}}}"#, "`objective.loss` has no field `gamma`; it takes `kind`"),
            (r#"{"objective":{"loss":{"kind":"cross_entropy","gamma":2}}}"#, "`objective.loss` has no field `gamma`"),
            (r#"{"augmentation":{"flop":true}}"#, "`flop`"),
        ] {
            assert!(why(text).contains(field), "{text}: {}", why(text));
        }
    }

    #[test]
    fn lists_for_objects_and_fields_said_twice_are_refused() {
        for text in ["[]", "[8]", "3", "null", "\"base\"", "true"] {
            assert!(why(text).contains("must be one object"), "{text}: {}", why(text));
        }
        for (text, field) in [
            (r#"{"options":[]}"#, "`options` is a list, but must be an object"),
            (r#"{"recipe":[[]]}"#, "`recipe` is a list"),
            (r#"{"objective":{"loss":["dice"]}}"#, "`objective.loss` is a list"),
            (r#"{"norm":{"group":null}}"#, "`norm` is an object, but must be a text"),
            (r#"{"base":8,"base":16}"#, "duplicate field `base`"),
            (r#"{"options":{"rate":{"kind":"cosine","peak":0.1,"peak":0.2}}}"#, "duplicate field `peak`"),
            (r#"{"objective":{"loss":{"kind":"dice","kind":"dice"}}}"#, "duplicate field `kind`"),
            (r#"{"recipe":{"steps":[{"step":"clahe","tiles":8,"clip":3,"clip":4}]}}"#, "duplicate field `clip`"),
            (r#"{"objective":{"overlap":1e39}}"#, "`objective.overlap` is 1e+39, which is too large"),
            ("", "not JSON"),
            ("{", "not JSON"),
        ] {
            assert!(why(text).contains(field), "{text}: {}", why(text));
        }
    }

    #[test]
    fn what_the_program_writes_is_read_back() {
        let plan = Plan { recipe: Some(Recipe::with_bias_removal()), ..Plan::default() };
        assert_eq!(by_hand::<Plan>(&serde_json::to_string_pretty(&plan).unwrap()), Ok(plan));
        let part: Plan = by_hand("\u{feff}{\"base\": 8, \"class_weights\": [0.1, 0.9], \"recipe\": null, \"objective\": {}}").unwrap();
        assert_eq!((part.base, part.members), (8, Plan::default().members));
        let step: Recipe = by_hand(r#"{"steps":[{"step":"standardise"},{"step":"median4"}]}"#).unwrap();
        assert!(step.learns());
    }
}
