//! Imported nets against the numbers that PyTorch computed, layer by layer (tests/cases/interchange/make.py made them).

use super::file::{FileError, WeightsFile};
use super::*;
use crate::learn::conv::Extent;
use crate::learn::kernel::InstructionPath;
use crate::learn::net::{Batch, Tape};
use crate::learn::{Card, Model, ModelSpec, Recipe, RecipeStep, TrainOptions, Trainer};
use std::sync::atomic::AtomicBool;

/// The files of tests/cases/interchange.
macro_rules! cases {
    ($($name:literal)+) => {
        fn case(name: &str) -> Vec<u8> {
            match name {
                $($name => include_bytes!(concat!("../../../tests/cases/interchange/", $name)).to_vec(),)+
                _ => panic!("there is no case {name}"),
            }
        }
    };
}
cases!(
    "milesial.pt" "milesial.activations.safetensors" "milesial_bias.pth" "milesial_bias.activations.safetensors"
    "basic_unet.pt" "basic_unet.activations.safetensors" "basic_unet_batch.safetensors" "basic_unet_batch.activations.safetensors"
    "evil.pt" "legacy.pt" "script.pt" "make.py"
);

fn wish(sequences: &[&str]) -> ImportWish {
    let name = Some(("marrow".to_owned(), "R1".to_owned()));
    let sequences = Some(sequences.iter().map(|s| (*s).to_owned()).collect());
    ImportWish { name, sequences, created: "2026-01-01".to_owned(), ..ImportWish::default() }
}

/// `[1][channel][row][column]` as `[row][column][channel]`, with height and width.
fn channels_last(file: &WeightsFile<'_>, name: &str) -> (Vec<f32>, [usize; 2]) {
    let shape = file.shape(name).unwrap_or_else(|| panic!("{name} is missing"));
    let values = file.floats(name).unwrap();
    let (channels, plane) = (shape[1], shape[2] * shape[3]);
    ((0..values.len()).map(|n| values[n % channels * plane + n / channels]).collect(), [shape[2], shape[3]])
}

fn compare(weights: &str, sequences: &[&str]) {
    let imported = import(&case(weights), &wish(sequences)).unwrap();
    let stem = weights.split('.').next().unwrap();
    let expected = case(&format!("{stem}.activations.safetensors"));
    let expected = WeightsFile::open(&expected, "").unwrap();
    let (planes, [height, width]) = channels_last(&expected, "input");
    let model = imported.model;
    let mut tape = Tape::<f32>::new(model.shape().clone(), InstructionPath::Portable);
    let batch = Batch { extent: Extent { batch: 1, height, width }, planes: &planes, dropout: None };
    let made = tape.activations(&model.nets()[0], batch, &AtomicBool::new(false)).unwrap();
    // Every layer that the net has, and no fewer than PyTorch recorded beside the input.
    assert_eq!(made.len(), expected.names().len() - 1, "{weights}");
    for (name, ours) in made {
        let (mut theirs, _) = channels_last(&expected, &name);
        if name == "logits" && theirs.len() * 2 == ours.len() {
            theirs = theirs.iter().flat_map(|z| [0.0, *z]).collect();
        }
        assert_eq!(ours.len(), theirs.len(), "{weights} {name}");
        let largest = theirs.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        let distance = ours.iter().zip(&theirs).fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
        assert!(largest > 0.01 && distance <= 1e-5 * largest, "{weights} {name}: off by {distance} of {largest}");
    }
}

#[test]
fn every_layer_is_what_pytorch_computes() {
    compare("milesial.pt", &["water", "fat"]);
    compare("milesial_bias.pth", &["water"]);
    compare("basic_unet.pt", &["water"]);
    compare("basic_unet_batch.safetensors", &["water", "fat"]);
}

#[test]
fn what_is_taken_for_granted_is_said() {
    let milesial = import(&case("milesial_bias.pth"), &wish(&["water"])).unwrap();
    assert!(milesial.notes[0].starts_with("milesial's U-Net: 3 levels, "), "{:?}", milesial.notes);
    assert!(milesial.notes.iter().any(|n| n.contains("sigmoid")) && milesial.notes.iter().any(|n| n.contains("epsilon 1e-5")));
    assert_eq!(milesial.model.spec().spec().labels, 1);
    let basic = import(&case("basic_unet.pt"), &wish(&["water"])).unwrap();
    assert!(basic.notes.iter().any(|n| n.contains("slope 0.1")) && basic.notes.iter().any(|n| n.starts_with("instance norm")));
    assert!(basic.card.origin.as_deref().unwrap().contains("BasicUNet"));
}

#[test]
fn what_cannot_be_held_is_refused_by_name() {
    let why = |name: &str, sequences: &[&str]| import(&case(name), &wish(sequences)).unwrap_err().to_string();
    assert!(why("legacy.pt", &["water"]).contains("before version 1.6"));
    assert!(why("script.pt", &["water"]).contains("TorchScript"));
    assert!(why("evil.pt", &["water"]).contains("`builtins.print`") || why("evil.pt", &["water"]).contains("`__builtin__.print`"));
    assert!(why("milesial.pt", &["water"]).contains("takes 2 plane(s)"));
    assert!(why("milesial.activations.safetensors", &["water"]).contains("no layout that is known"));
    assert!(why("make.py", &["water"]).contains("neither"));
    assert_eq!(import(&[], &wish(&["water"])).unwrap_err().to_string(), FileError::Unknown.to_string());
}

/// A file with some of the weights of a case, and others.
fn changed(name: &str, keep: impl Fn(&str) -> bool, add: &[(&str, &[usize])]) -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView};
    let bytes = case(name);
    let file = WeightsFile::open(&bytes, "").unwrap();
    let names = file.names().into_iter().filter(|n| keep(n) && !n.ends_with("tracked"));
    let mut all: Vec<(String, Vec<usize>, Vec<u8>)> = names
        .map(|n| (n.to_owned(), file.shape(n).unwrap(), file.floats(n).unwrap().iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    all.extend(add.iter().map(|(n, shape)| ((*n).to_owned(), shape.to_vec(), vec![0; 4 * shape.iter().product::<usize>()])));
    let views = all.iter().map(|(n, shape, data)| (n.clone(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn a_net_that_is_nearly_of_the_layout_is_refused() {
    let why = |bytes: &[u8]| import(bytes, &wish(&["water", "fat"])).map(|_| ()).unwrap_err().to_string();
    let bilinear = changed("milesial.pt", |n| !n.contains(".up."), &[]);
    assert!(why(&bilinear).contains("bilinear"), "{}", why(&bilinear));
    let gated = changed("milesial.pt", |_| true, &[("up1.attention.weight", &[1, 2, 1, 1])]);
    assert!(why(&gated).contains("`up1.attention.weight`"), "{}", why(&gated));
    let normless = changed("milesial.pt", |n| !n.contains("inc.double_conv.1."), &[]);
    assert!(why(&normless).contains("`inc.double_conv.1.weight`"), "{}", why(&normless));
    let odd = changed("milesial.pt", |n| n != "up2.up.bias", &[("up2.up.bias", &[3])]);
    assert!(why(&odd).contains("`up2.up.bias` has the shape [3]"), "{}", why(&odd));
    let wide = changed("milesial.pt", |n| n != "outc.conv.weight", &[("outc.conv.weight", &[4, 3, 1, 1])]);
    assert!(why(&wide).contains("`outc.conv.weight` has the shape [4, 3, 1, 1]"), "{}", why(&wide));
    let flat = changed("milesial.pt", |n| n != "inc.double_conv.0.weight", &[("inc.double_conv.0.weight", &[2, 2, 3, 3, 3])]);
    assert!(why(&flat).contains("3-D"), "{}", why(&flat));
    // Without a bias on the way up the same net is held, too.
    assert!(import(&changed("milesial.pt", |n| n != "up2.up.bias", &[]), &wish(&["water", "fat"])).is_ok());
}

#[test]
fn what_is_exported_comes_back() {
    let imported = import(&case("basic_unet_batch.safetensors"), &wish(&["water", "fat"])).unwrap();
    let bytes = export(&imported.model, &imported.card).unwrap();
    let back = import(&bytes, &ImportWish::default()).unwrap();
    assert_eq!(back.model.nets(), imported.model.nets());
    assert_eq!(back.model.spec(), imported.model.spec());
    assert_eq!(back.card.origin, imported.card.origin);
    let mut broken = bytes;
    let at = broken.len() / 3;
    broken.truncate(at);
    assert!(import(&broken, &ImportWish::default()).unwrap_err().to_string().contains("damaged"));
}

/// Files with the same weights and another card; `change` has its text as JSON.
fn with_card(bytes: &[u8], change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let file = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let mut card = serde_json::from_str(WeightsFile::open(bytes, NOTE).unwrap().note().unwrap()).unwrap();
    change(&mut card);
    let views: Vec<_> = file.names().into_iter().map(|name| (name.to_owned(), file.tensor(name).unwrap())).collect();
    safetensors::serialize(views, Some([(NOTE.to_owned(), card.to_string())].into())).unwrap()
}

fn small(seed: u64, independent: bool) -> Model {
    let spec = ModelSpec { base: 2, depth: 2, seed, independent, ..ModelSpec::new("water", "marrow", 3, "R1") };
    Trainer::new(&spec.check().unwrap(), Recipe::default(), TrainOptions::default()).unwrap().snapshot()
}

/// A model of several nets, the default of trainings on folders, could not be exported at all.
#[test]
fn a_model_of_several_nets_goes_out_as_one_file_and_comes_back_bit_for_bit() {
    for (model, nets) in [
        (small(1, false), 1),
        (Model::joined((1..4).map(|seed| small(seed, false)).collect()).unwrap(), 3),
        (small(1, true), 3),
        (Model::joined((1..3).map(|seed| small(seed, true)).collect()).unwrap(), 6),
    ] {
        let bytes = export(&model, &Card::of(&model, 1, "2026-01-01")).unwrap();
        let file = WeightsFile::open(&bytes, NOTE).unwrap();
        let first = if nets == 1 { "head.bias".to_owned() } else { format!("net-{nets}.head.bias") };
        assert!(file.shape(&first).is_some(), "{first} of {:?}", file.names());
        assert_eq!(file.names().iter().any(|name| name.starts_with("net-")), nets > 1);
        let back = import(&bytes, &wish(&["water"])).unwrap();
        assert_eq!((back.model.nets(), back.model.spec()), (model.nets(), model.spec()));
        assert_eq!((back.model.nets().len(), back.model.member_count()), (nets, model.member_count()));
        assert_eq!(back.notes[0].contains("nets"), nets > 1, "{:?}", back.notes);
        // A net more or less than the card says is not taken.
        let fewer = with_card(&bytes, |card| card["members_sha256"] = serde_json::json!([""]));
        assert!(import(&fewer, &ImportWish::default()).is_err());
    }
}

/// A card of a later format was taken for one of this, and numbers changed within the file were not noticed.
#[test]
fn a_file_of_this_program_is_held_to_its_card() {
    let model = small(5, false);
    let bytes = export(&model, &Card::of(&model, 1, "2026-01-01")).unwrap();
    let why = |bytes: &[u8], wish: &ImportWish| import(bytes, wish).map(|_| ()).unwrap_err().to_string();
    let none = ImportWish::default();
    let later = with_card(&bytes, |card| card["format"] = 99.into());
    assert!(why(&later, &none).contains("format 99 is not 1"), "{}", why(&later, &none));
    let later = with_card(&bytes, |card| *card = serde_json::json!({"format": 2, "net": []}));
    assert!(why(&later, &none).contains("format 2 is not 1"), "{}", why(&later, &none));
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(why(&changed, &none).contains("the numbers of net 1 are not those"), "{}", why(&changed, &none));
    // Files written before cards within them had a hash.
    let before = with_card(&bytes, |card| card["weights_sha256"] = "".into());
    assert!(import(&before, &none).is_ok());
}

/// Whatever was said of a file of this program was passed over in silence.
#[test]
fn what_contradicts_the_card_of_a_file_is_refused() {
    let model = small(5, false);
    let bytes = export(&model, &Card::of(&model, 1, "2026-01-01")).unwrap();
    let none = ImportWish::default();
    let name = |layer: &str, from: &str| Some((layer.to_owned(), from.to_owned()));
    let recipe = Some(Recipe::with_bias_removal());
    for (wish, words) in [
        (ImportWish { name: name("bone", "R7"), ..none.clone() }, "--as says bone-R7, but its card says marrow-R1"),
        (ImportWish { name: name("marrow", "R7"), ..none.clone() }, "--as says marrow-R7"),
        (wish(&["water", "fat"]), "--sequences says water,fat, but its card says water"),
        (ImportWish { neighbours: Some(1), ..none.clone() }, "--neighbours says 1, but its card says 0"),
        (ImportWish { spacing_mm: Some([0.9, 0.9]), ..none.clone() }, "--spacing says 0.9,0.9, but its card says each image's own"),
        (ImportWish { recipe, ..none.clone() }, "--recipe says"),
        (ImportWish { leak: Some(0.1), ..none.clone() }, "--leak says 0.1, but its card says 0;"),
    ] {
        let said = import(&bytes, &wish).map(|_| ()).unwrap_err().to_string();
        assert!(said.starts_with(words), "{said}");
    }
    let same = ImportWish { neighbours: Some(0), recipe: Some(Recipe::default()), leak: Some(0.0), ..wish(&["water"]) };
    assert!(import(&bytes, &same).is_ok());
    // A foreign file does not say whose it is, nor does its recipe have to suit.
    let said = import(&case("basic_unet.pt"), &none).unwrap_err().to_string();
    assert!(said.contains("--as"), "{said}");
    let recipe = Some(Recipe { steps: vec![RecipeStep::FatReference { fat: 1 }] });
    let said = import(&case("basic_unet.pt"), &ImportWish { recipe, ..wish(&["water"]) }).unwrap_err().to_string();
    assert!(said.contains("takes sequence 1"), "{said}");
}

#[test]
fn a_file_cut_or_changed_anywhere_is_refused_or_read_but_never_panics() {
    let bytes = case("milesial.pt");
    for length in (0..bytes.len()).step_by(509) {
        assert!(import(&bytes[..length], &wish(&["water", "fat"])).is_err(), "{length} bytes");
    }
    for at in (0..bytes.len()).step_by(61) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x5a;
        let _ = import(&changed, &wish(&["water", "fat"]));
    }
}
