//! Pickles made to break the reader: each ends in one clear error, and none in a panic or a call.
use super::*;

#[test]
fn no_call_is_made_and_its_name_is_told() {
    let call = |module: &str, name: &str| Pickle::new().global(module, name).op(b"(").text("true").op(b"tR");
    for (module, name) in [
        ("posix", "system"),
        ("os", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("__builtin__", "getattr"),
        ("torch", "load"),
        ("numpy", "load"),
        ("mypackage.models", "build"),
    ] {
        let evil = call(module, name).stop();
        let named = format!("{module}.{name}");
        for bytes in [
            evil.clone(),
            checkpoint(evil.clone(), &[]),
            legacy(evil.clone(), &[], &[]),
            gzip(&evil),
            checkpoint(
                Pickle::new()
                    .dict("state_dict", |p| p.op(&evil[2..evil.len() - 1]))
                    .stop(),
                &[],
            ),
        ] {
            let error = load(&bytes).unwrap_err();
            assert!(
                matches!(&error, WeightsError::Forbidden { name, .. } if *name == named),
                "{error}"
            );
            assert!(error.to_string().contains("nothing was run"));
        }
    }
    // Other ways to the same end: by text, by NEWOBJ, INST, a persistent id, protocol 4, a rebuilt type.
    for bytes in [
        b"cposix\nsystem\n(S'true'\ntR.".to_vec(),
        Pickle::new().global("os", "system").op(b")\x81").stop(),
        Pickle::new().op(b"(ios\nsystem\n").stop(),
        Pickle::new().op(b"(").global("os", "system").op(b"o").stop(),
        Pickle::new()
            .op(b"(")
            .text("storage")
            .global("os", "system")
            .text("0")
            .text("cpu")
            .int(1)
            .op(b"tQ")
            .stop(),
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.".to_vec(),
        Pickle::new()
            .global("torch._tensor", "_rebuild_from_type_v2")
            .op(b"(")
            .global("os", "system")
            .op(b"NNNtR")
            .stop(),
        Pickle::new()
            .global("copyreg", "_reconstructor")
            .op(b"(")
            .global("os", "system")
            .op(b"NNtR")
            .stop(),
    ] {
        let error = load(&checkpoint(bytes.clone(), &[])).unwrap_err().to_string();
        assert!(error.contains(".system"), "{error}");
        assert!(load(&bytes).is_err());
    }
}

#[test]
fn damaged_pickles_end_in_an_error() {
    let whole = Pickle::new()
        .dict("w", |p| p.tensor("FloatStorage", "0", 6, 0, &[6], &[1]))
        .stop();
    for length in 0..whole.len() {
        refused(&checkpoint(whole[..length].to_vec(), &[("0", &floats(&SIX))]));
    }
    for byte in 0..=255u8 {
        for at in 2..whole.len() {
            let mut changed = whole.clone();
            changed[at] = byte;
            // Some changes are harmless; none may panic.
            let _ = load_pickle(&changed);
        }
    }
    for opcodes in [
        &b"0."[..],
        b"s.",
        b"u.",
        b"t.",
        b"h\x07.",
        b"\x81.",
        b"R.",
        b"b.",
        b"Q.",
        b"(.",
        b"e.",
        b"\x87.",
        b"a.",
    ] {
        refused(&checkpoint(Pickle::new().op(opcodes).0, &[]));
    }
}

/// Without the zip round it, which would take most of the time.
fn load_pickle(bytes: &[u8]) -> Result<(), ReadError> {
    let mut heap = odin_datasets::pickle::Heap::default();
    let (root, _) = torch::unpickle(bytes, &mut heap, &mut calls::Torch::default())?;
    let mut budget = tensor::Budget::of_file(1 << 20);
    for candidate in state_dict::find(&root, &heap)? {
        for (name, tensor) in candidate.tensors {
            if let Some(view) = tensor.source {
                tensor::build(&name, &view, &floats(&SIX), &mut budget).map(drop)?;
            }
        }
    }
    Ok(())
}

#[test]
fn bombs_are_defused() {
    // Deep nesting, without and with names.
    let deep = Pickle::new()
        .op(&vec![b']'; 1_000_000])
        .op(&vec![b'a'; 999_999])
        .stop();
    refused(&checkpoint(deep, &[]));
    let nested = (0..100_000).fold(Pickle::new(), |p, _| p.op(b"}").text("state_dict"));
    refused(&checkpoint(nested.op(b"N").op(&vec![b's'; 100_000]).stop(), &[]));
    // A billion laughs: each tuple holds the last one twice.
    let laughs = (0..100)
        .fold(Pickle::new().op(b"N"), |p, _| p.op(b"2\x86"))
        .stop();
    refused(&checkpoint(laughs, &[]));
    // Copies of a long list, over and over.
    let list = (0..10_000).fold(Pickle::new().op(b"("), |p, _| p.op(b"NN\x86"));
    let copies = (0..10_000).fold(list.op(b"t\x85q\x00"), |p, _| {
        p.global("collections", "OrderedDict").op(b"h\x00R0")
    });
    assert!(refused(&checkpoint(copies.stop(), &[])).contains("copied entries"));
    // Endless steps.
    assert!(refused(&checkpoint(Pickle::new().op(&vec![b'N'; 5_000_000]).stop(), &[])).contains("steps"));
    // A dictionary that is its own state_dict.
    refused(&checkpoint(
        Pickle::new().op(b"}q\x00").text("state_dict").op(b"h\x00s.").0,
        &[],
    ));
}

/// A module of the class `Net` with the children `a` and `b`, which are what `child` leaves on the stack.
fn module(pickle: Pickle, child: impl Fn(Pickle) -> Pickle) -> Pickle {
    let pickle = pickle
        .global("project.models", "Net")
        .op(b")\x81}")
        .text("_parameters")
        .op(b"}s");
    let pickle = child(pickle.text("_modules").op(b"}").text("a")).op(b"s");
    child(pickle.text("b")).op(b"ssb")
}

#[test]
fn modules_that_hold_each_other_without_end_are_refused() {
    // Sixty levels of two handles on the level below: 2^60 paths.
    let mut pickle = Pickle::new().op(b"Nq\x00");
    for _ in 0..30 {
        pickle = module(pickle, |p| p.op(b"h\x00")).op(b"q\x00");
    }
    let text = refused(&checkpoint(pickle.stop(), &[]));
    assert!(text.contains("made up"), "{text}");
    let own = Pickle::new()
        .global("m", "N")
        .op(b")\x81q\x00}")
        .text("_modules")
        .op(b"}")
        .text("a")
        .op(b"h\x00ssb");
    assert!(refused(&checkpoint(own.stop(), &[])).contains("nested"));
}
