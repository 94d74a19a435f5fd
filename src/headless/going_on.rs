//! The plan of a training that goes on from another model's weights: the net is that model's, how it is trained is the plan's.

use crate::learn::{Objective, Plan};
use crate::worker::Beginning;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::path::Path;

/// Fields of a plan that a net has once and for all.
const OF_NET: [&str; 9] = ["base", "depth", "neighbours", "norm", "spacing_mm", "independent", "flips", "smoothing_mm", "recipe"];
/// The same of its objective; the others say how it is trained.
const OF_NETS_OBJECTIVE: [&str; 3] = ["ordinal", "dropout", "deep_supervision"];

/// `own` is the plan of `file`, or the usual one where there is no file; `members` is asked for on the command line. The plan comes back
/// with the net that goes on, and with as many nets as there are unless fewer are asked for.
///
/// # Errors
/// One sentence that names the file and the field, if the file asks for another net.
pub(super) fn going_on(own: Plan, file: Option<&Path>, members: Option<usize>, from: &Beginning) -> Result<Plan> {
    let (spec, nets) = (from.model.spec().spec(), from.model.member_count());
    let theirs = own.of_net(spec, from.model.recipe());
    let given = match file {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
            let text = text.trim_start_matches('\u{feff}');
            let given: Value = serde_json::from_str(text).with_context(|| format!("{} is no plan of a training", path.display()))?;
            require_same_net(path, &given, &own, &theirs, &from.name)?;
            given
        }
        None => Value::Null,
    };
    let asked = members.or_else(|| given.get("members").map(|_| own.members));
    if let Some(fewer) = asked.filter(|asked| *asked < nets) {
        eprintln!("{} has {nets} nets: the first {fewer} of them go on, the others are left out", from.name);
    }
    let is_given = |field: &str| given.get("objective").and_then(|objective| objective.get(field)).is_some();
    let mut objective: Objective = spec.objective;
    if is_given("loss") {
        objective.loss = own.objective.loss;
    }
    if is_given("overlap") {
        objective.overlap = own.objective.overlap;
    }
    if is_given("label_smoothing") {
        objective.label_smoothing = own.objective.label_smoothing;
    }
    Ok(Plan { objective, members: asked.unwrap_or(nets), ..theirs })
}

/// Refuses a field of the net that is given and is not the one of the model that goes on.
fn require_same_net(path: &Path, given: &Value, own: &Plan, theirs: &Plan, name: &str) -> Result<()> {
    let (own, theirs) = (serde_json::to_value(own)?, serde_json::to_value(theirs)?);
    let in_objective = |plan: &Value, field: &str| plan.get("objective").and_then(|objective| objective.get(field)).cloned();
    let top = OF_NET.map(|field| (field, given.get(field).cloned(), own.get(field).cloned(), theirs.get(field).cloned()));
    let within =
        OF_NETS_OBJECTIVE.map(|field| (field, in_objective(given, field), in_objective(&own, field), in_objective(&theirs, field)));
    for (field, given, own, theirs) in top.into_iter().chain(within) {
        // A recipe that is none says nothing.
        let Some(given) = given.filter(|given| field != "recipe" || !given.is_null()) else { continue };
        if own == theirs || (field == "recipe" && own.map(without_places) == theirs.clone().map(without_places)) {
            continue;
        }
        let has = theirs.unwrap_or_default();
        bail!(
            "{}: `{field}` is {given}, but {name}, from which training goes on, has {has}; leave `{field}` out, or train without --from",
            path.display()
        );
    }
    Ok(())
}

/// A recipe without what a training learnt for it.
fn without_places(mut recipe: Value) -> Value {
    let steps = recipe.get_mut("steps").and_then(Value::as_array_mut);
    for step in steps.into_iter().flatten().filter_map(Value::as_object_mut) {
        step.remove("places");
    }
    recipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Card, LossKind, Model, ModelSpec, Recipe, RecipeStep, TrainOptions, Trainer};

    /// Three nets of two channels on a standard scale.
    fn parent() -> Beginning {
        let objective = Objective { overlap: 0.5, deep_supervision: true, ..Objective::default() };
        let spec = ModelSpec { base: 2, depth: 2, objective, ..ModelSpec::new("water", "marrow", 3, "R1") };
        let recipe = Recipe { steps: vec![RecipeStep::Standardise { places: vec![Default::default()] }] };
        let net = |seed| {
            let spec = ModelSpec { seed, ..spec.clone() }.check().unwrap();
            Trainer::new(&spec, recipe.clone(), TrainOptions::default()).unwrap().snapshot()
        };
        let model = Model::joined([1, 2, 3].map(net).to_vec()).unwrap();
        let card = Card::of(&model, 1, "");
        Beginning { name: "old".to_owned(), model, card }
    }

    fn plan(text: &str, members: Option<usize>) -> Result<Plan> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("plan.json");
        std::fs::write(&path, text).unwrap();
        going_on(serde_json::from_str(text).unwrap(), Some(&path), members, &parent())
    }

    /// Fields of the net that a plan file gave were passed over without a word.
    #[test]
    fn a_plan_that_asks_for_another_net_is_refused() {
        let net = going_on(Plan::default(), None, None, &parent()).unwrap();
        assert_eq!((net.base, net.depth, net.members, net.objective.overlap), (2, 2, 3, 0.5));
        for (field, text) in [
            ("base", r#"{"base": 16}"#),
            ("depth", r#"{"depth": 4}"#),
            ("neighbours", r#"{"neighbours": 1}"#),
            ("norm", r#"{"norm": "instance"}"#),
            ("spacing_mm", r#"{"spacing_mm": [0.5, 0.5]}"#),
            ("smoothing_mm", r#"{"smoothing_mm": 0.7}"#),
            ("ordinal", r#"{"objective": {"ordinal": true}}"#),
            ("dropout", r#"{"objective": {"dropout": 0.2}}"#),
            ("deep_supervision", r#"{"objective": {"deep_supervision": false}}"#),
            ("recipe", r#"{"recipe": {"steps": [{"step": "median4"}]}}"#),
        ] {
            let why = plan(text, None).unwrap_err().to_string();
            assert!(why.contains(&format!("plan.json: `{field}` is ")) && why.contains("but old, from which training goes on"), "{why}");
        }
        let same = r#"{"base": 2, "recipe": {"steps": [{"step": "standardise"}]}, "objective": {"deep_supervision": true}}"#;
        assert_eq!(plan(same, None).unwrap(), net);
        assert!(plan(r#"{"recipe": null}"#, None).is_ok());
    }

    #[test]
    fn how_it_is_trained_is_the_plans() {
        let given = r#"{"objective": {"loss": {"kind": "cross_entropy"}, "label_smoothing": 0.1}, "batch": 2, "members": 2}"#;
        let told = plan(given, None).unwrap();
        let expected = Objective { loss: LossKind::CrossEntropy, label_smoothing: 0.1, ..parent().model.spec().spec().objective };
        assert_eq!((told.objective, told.batch, told.members), (expected, 2, 2));
        assert_eq!(plan(given, Some(1)).unwrap().members, 1);
        assert_eq!(plan(r#"{"batch": 2}"#, None).unwrap().members, 3);
    }
}
