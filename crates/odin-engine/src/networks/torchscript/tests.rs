//! Small programs, each with a habit of its own (`tests/fixtures/programs/make.py`).
use std::io::Read;
use std::path::Path;

use odin_core::networks::Architecture;

use tch::{Kind, TchError, Tensor};

use super::program::{load, run};
use super::*;
use crate::networks::{Body, Network};
use odin_detectors::LastLayer;

const SIDE: usize = 16;

/// A program of the fixture.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/programs/programs.tar.gz");
    let file = std::fs::File::open(packed).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut entry = archive
        .entries()
        .unwrap()
        .map(Result::unwrap)
        .find(|entry| entry.path().unwrap().to_str() == Some(&format!("{name}.pt")))
        .unwrap();
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).unwrap();
    bytes
}

fn open(name: &str, channels: usize, classes: usize) -> Result<TorchScript, String> {
    let input = Input::Shape([channels, SIDE, SIDE]);
    super::open(&bytes(name), input, channels, classes, Device::Cpu).map_err(|error| error.to_string())
}

fn network(name: &str) -> Network {
    let input = Input::Shape([3, SIDE, SIDE]);
    Network::of_program(Architecture::Torchscript { input }, 3, open(name, 3, 3).unwrap())
}

/// Images of no pattern, in [−1, 1].
fn images(count: i64, channels: i64) -> Tensor {
    crate::networks::layers::samples::noise(&[count, channels, SIDE as i64, SIDE as i64], 7)
}

fn logits(network: &Network, images: &Tensor) -> Result<Tensor, TchError> {
    network.outputs(images).map(|outputs| outputs.logits)
}

fn gradient(network: &Network, images: &Tensor) -> Result<(Tensor, Tensor), String> {
    let weights = |logits: &Tensor| logits.f_softmax(1, Kind::Float)?.f_sub_scalar(0.5);
    network
        .outputs_and_gradient(images, &weights)
        .map(|(outputs, gradient)| (outputs.logits, gradient))
        .map_err(|error| crate::networks::reason_of(&error))
}

#[test]
fn sound_programs_are_taken_as_they_are() {
    let x = images(5, 3);
    let want = logits(&network("plain"), &x).unwrap();
    for name in ["plain", "pair", "nested", "dictionary", "list"] {
        let program = open(name, 3, 3).unwrap();
        assert!(program.found.no_gradient.is_none(), "{name}");
        assert!(
            program.found.notes.is_empty(),
            "{name}: {:?}",
            program.found.notes
        );
        let network = network(name);
        assert!(logits(&network, &x).unwrap().equal(&want), "{name}");
        let (logits, gradient) = gradient(&network, &x).unwrap();
        assert!(
            logits.allclose(&want, 1e-5, 1e-6, false) && gradient.size() == x.size(),
            "{name}"
        );
    }
}

/// W h + b.
fn through(layer: &LastLayer, features: &Tensor) -> Tensor {
    let weight = Tensor::from_slice(layer.weight.values()).view([-1, layer.weight.width() as i64]);
    features.linear(&weight, Some(&Tensor::from_slice(&layer.bias)))
}

#[test]
fn features_come_with_the_logits_where_the_last_layer_is_found() {
    let x = images(5, 3);
    let pooled = open("linear-pair", 3, 3).unwrap();
    let pooled = match run(&pooled.module, &x).unwrap() {
        tch::IValue::Tuple(parts) => match &parts[1] {
            tch::IValue::Tensor(features) => features.detach(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    for (name, layer_name, width) in [
        ("linear", "fc.weight", 4),
        ("linear-traced", "fc.weight", 4),
        ("linear-no-bias", "fc.weight", 4),
        ("linear-hidden", "last.weight", 3),
        ("linear-pair", "fc.weight", 4),
        ("linear-dictionary", "fc.weight", 4),
        ("linear-maps", "fc.weight", 4),
        ("linear-no-grad", "fc.weight", 4),
    ] {
        let network = network(name);
        assert_eq!(network.no_features(), None, "{name}");
        let layer = network.last_layer().unwrap().expect("a last layer");
        let Body::TorchScript(program) = &network.body else {
            panic!("no program")
        };
        assert_eq!(program.found.last_layer.as_ref().unwrap().1, layer_name, "{name}");
        // The program as it is, by hand.
        let untouched = load(&bytes(name), Device::Cpu).unwrap();
        let want = program
            .layout
            .pick(&run(&untouched, &x).unwrap())
            .unwrap()
            .logits
            .detach();
        let outputs = network.outputs(&x).unwrap();
        let close = |a: &Tensor, b: &Tensor| a.allclose(b, 1e-6, 1e-6, false);
        assert!(close(&outputs.logits, &want), "{name}");
        let features = outputs.features.unwrap();
        assert_eq!(
            (features.size(), layer.weight.width()),
            (vec![5, width], width as usize),
            "{name}"
        );
        assert!(close(&through(&layer, &features), &want), "{name}");
        assert!(width != 4 || close(&features, &pooled), "{name}");
        // One at a time, and larger batches.
        let alone = network.outputs(&x.narrow(0, 3, 1)).unwrap();
        assert!(
            close(&alone.features.unwrap(), &features.narrow(0, 3, 1)),
            "{name}"
        );
        let many = network.outputs(&x.repeat([7, 1, 1, 1])).unwrap();
        assert!(
            close(&many.features.unwrap().narrow(0, 30, 5), &features),
            "{name}"
        );
        if name == "linear-no-grad" {
            assert!(network.no_gradient().is_some());
            continue;
        }
        // The gradient is that of the program as it is.
        let leaf = x.copy().set_requires_grad(true);
        let z = program
            .layout
            .pick(&run(&untouched, &leaf).unwrap())
            .unwrap()
            .logits;
        let seed = |z: &Tensor| z.f_softmax(1, Kind::Float)?.f_sub_scalar(0.5);
        (&z * seed(&z.detach()).unwrap()).sum(Kind::Float).backward();
        let (outputs, gradient) = network.outputs_and_gradient(&x, &seed).unwrap();
        assert!(close(&gradient, &leaf.grad()), "{name}");
        assert!(close(&outputs.features.unwrap(), &features), "{name}");
    }
}

#[test]
fn programs_without_features_say_why_and_keep_their_logits() {
    let x = images(5, 3);
    for (name, telling) in [
        ("plain", "are not W h + b of a last layer"),
        ("pair", "are not W h + b of a last layer"),
        ("linear-shifted", "are not W h + b of a last layer"),
        ("linear-of-three", "are not W h + b of a last layer"),
        ("linear-frozen", "has no parameters"),
        ("own-gradient", "the same for every image"),
        ("softmax", "outputs are no logits"),
        ("log-softmax", "outputs are no logits"),
    ] {
        let network = network(name);
        let why = network.no_features().unwrap_or_else(|| panic!("{name}"));
        assert!(why.contains(telling) && why.lines().count() == 1, "{name}: {why}");
        assert!(network.last_layer().unwrap().is_none(), "{name}");
        let outputs = network.outputs(&x).unwrap();
        assert!(
            outputs.features.is_none() && outputs.logits.size() == [5, 3],
            "{name}"
        );
        let Body::TorchScript(program) = &network.body else {
            panic!("no program")
        };
        let untouched = load(&bytes(name), Device::Cpu).unwrap();
        let want = program.layout.pick(&run(&untouched, &x).unwrap()).unwrap().logits;
        assert!(outputs.logits.equal(&want), "{name}");
    }
    for name in ["single", "flat"] {
        let program = open(name, 3, 2).unwrap();
        assert!(
            program
                .found
                .no_features
                .as_deref()
                .unwrap()
                .contains("one logit an image")
        );
        assert!(program.forward(&x).unwrap().features.is_none());
    }
    // What it calls features is given, though nothing takes it to the logits; and so is what stands behind the logits.
    for (name, place) in [("dictionary", "output[\"features\"]"), ("nested", "output[0][1]")] {
        let told = network(name);
        assert!(told.last_layer().unwrap().is_none(), "{name}");
        assert_eq!(told.no_features(), None, "{name}");
        let Body::TorchScript(program) = &told.body else {
            panic!("no program")
        };
        let why = program.found.no_last_layer.as_deref().unwrap();
        let want = format!("its features ({place}) are there, but not the last layer");
        assert!(why.starts_with(&want), "{why}");
        assert_eq!(
            told.outputs(&x).unwrap().features.unwrap().size(),
            [5, 4],
            "{name}"
        );
    }
}

#[test]
fn a_program_without_a_gradient_is_found_out_and_never_asked_for_one() {
    let x = images(4, 3);
    for name in ["no-grad", "detached", "rounded", "constant", "own-gradient"] {
        let network = network(name);
        let why = network
            .no_gradient()
            .unwrap_or_else(|| panic!("{name}"))
            .to_owned();
        assert!(why.contains("only ε = 0"), "{why}");
        assert_eq!(logits(&network, &x).unwrap().size(), [4, 3], "{name}");
        assert_eq!(gradient(&network, &x).unwrap_err(), why, "{name}");
    }
    // One that has it for small batches alone.
    let sly = network("loses-gradient");
    assert!(sly.no_gradient().is_none() && gradient(&sly, &x).is_ok());
    assert_eq!(gradient(&sly, &images(5, 3)).unwrap_err(), NO_GRADIENT);
    assert!(gradient(&sly, &x).is_ok());
    // Gradients that were left off on this thread.
    let _off = tch::no_grad_guard();
    assert!(gradient(&network("plain"), &x).is_ok());
    assert!(open("plain", 3, 3).unwrap().found.no_gradient.is_none());
}

#[test]
fn an_output_that_is_no_logits_is_told() {
    for (name, telling) in [
        ("softmax", "ends in a softmax"),
        ("log-softmax", "log-softmax"),
        ("sigmoid", "after a sigmoid"),
        ("constant", "same for every image"),
        ("own-gradient", "same for every image"),
    ] {
        let program = open(name, 3, 3).unwrap();
        let [note] = program.found.notes.as_slice() else {
            panic!("{name}: {:?}", program.found.notes)
        };
        assert!(note.contains(telling), "{name}: {note}");
    }
    let single = open("single-sigmoid", 3, 2).unwrap();
    assert!(single.found.notes[0].contains("sigmoid"));
}

#[test]
fn one_logit_tells_two_classes_apart() {
    let x = images(4, 3);
    for name in ["single", "flat"] {
        let program = open(name, 3, 2).unwrap();
        assert!(program.found.no_gradient.is_none() && program.found.notes.is_empty());
        let z = program.given(&x).unwrap().view([-1]);
        let logits = program.forward(&x).unwrap().logits;
        assert_eq!(logits.size(), [4, 2]);
        let p = logits.softmax(1, Kind::Float).select(1, 1);
        assert!(p.allclose(&z.sigmoid(), 1e-5, 1e-6, false), "{name}");
        assert!(
            logits
                .sum_dim_intlist([1i64].as_slice(), false, Kind::Float)
                .abs()
                .max()
                .double_value(&[])
                < 1e-6
        );
        let refused = open(name, 3, 3).err().unwrap();
        assert!(refused.contains("the logits of 3 classes"), "{refused}");
    }
    assert_eq!(
        open("flat", 3, 2)
            .unwrap()
            .forward(&images(1, 3))
            .unwrap()
            .logits
            .size(),
        [1, 2]
    );
}

#[test]
fn grey_networks_take_grey_images() {
    let program = open("grey", 1, 3).unwrap();
    assert_eq!(program.forward(&images(4, 1)).unwrap().logits.size(), [4, 3]);
    let text = open("grey", 3, 3).err().unwrap();
    assert!(
        text.contains("expected input[3, 3, 16, 16] to have 1 channels"),
        "{text}"
    );
    assert!(
        text.contains("input: [1, H, W]") && text.contains("x[:, :1]"),
        "{text}"
    );
}

#[test]
fn operations_in_place_leave_the_images_alone() {
    let (x, network, plain) = (images(4, 3), network("in-place"), network("plain"));
    let before = x.copy();
    let want = logits(&network, &x).unwrap();
    let (again, through) = gradient(&network, &x).unwrap();
    assert!(x.equal(&before) && again.allclose(&want, 1e-5, 1e-6, false));
    let moved = (&x - 0.5) * 2.0;
    assert!(logits(&plain, &moved).unwrap().allclose(&want, 1e-5, 1e-6, false));
    let (_, of_moved) = gradient(&plain, &moved).unwrap();
    assert!(through.allclose(&(of_moved * 2.0), 1e-4, 1e-6, false));
}

#[test]
fn programs_that_cannot_be_scored_say_why() {
    for (name, telling) in [
        (
            "ambiguous",
            "output[0] of [3, 3], output[1] of [3, 3]; return the right one alone",
        ),
        ("no-logits", "output[\"maps\"] of [3, 4, 7, 7]"),
        ("random", "from run to run"),
        ("counting", "from run to run"),
        ("centred", "other images of the batch"),
        (
            "raises",
            "it fails on an image of 16×16: ValueError: no image pleases me",
        ),
        ("one-row", "from 3 images it makes [1, 3]"),
        ("guess", "its output is Int64, and logits are floats"),
        ("nan", "not finite"),
    ] {
        let text = open(name, 3, 3)
            .err()
            .unwrap_or_else(|| panic!("{name} was taken"));
        assert!(
            text.contains(telling) && text.lines().count() == 1,
            "{name}: {text}"
        );
    }
}

#[test]
fn what_goes_wrong_later_fails_the_pass_alone() {
    let (few, many) = (images(4, 3), images(6, 3));
    for (name, telling) in [
        ("raises-later", "ValueError: more than four is a crowd"),
        (
            "drops-images",
            "from 6 images the program makes logits of [5, 3], not [6, 3]",
        ),
    ] {
        let network = network(name);
        let failed = |result: Result<Tensor, TchError>| crate::networks::reason_of(&result.unwrap_err());
        assert_eq!(logits(&network, &few).unwrap().size(), [4, 3]);
        assert!(
            failed(logits(&network, &many)).contains(telling),
            "{}",
            failed(logits(&network, &many))
        );
        assert!(gradient(&network, &many).unwrap_err().contains(telling));
        assert!(gradient(&network, &few).is_ok());
    }
}

#[test]
fn an_output_of_another_shape_comes_with_what_to_do() {
    for (name, classes, advice) in [
        ("plain", 5, "`classes: 3`"),
        ("single", 3, "`classes: 2`"),
        ("flat", 3, "`classes: 2`"),
    ] {
        let why = open(name, 3, classes).err().unwrap();
        assert!(why.contains(advice), "{name}: {why}");
    }
}
