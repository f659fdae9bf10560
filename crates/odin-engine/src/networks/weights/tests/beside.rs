//! What lies beside the weights: passed over, named, and never called.
use super::*;

const SMALL: Architecture = Architecture::DensenetBc { depth: 10, growth: 2 };

fn read_all(bytes: &[u8]) -> Result<(Weights, PassedOver), WeightsError> {
    match read(&file(bytes).path, &Wanted::Any)?.0 {
        Content::Tensors(weights, beside) => Ok((weights, beside)),
        Content::TorchScript(_) => panic!("a program"),
    }
}

/// A dictionary of one tensor w under `state_dict`, and something else beside it.
fn beside(something: impl FnOnce(Pickle) -> Pickle) -> Vec<u8> {
    let pickle = Pickle::new().op(b"}").text("other");
    let pickle = something(pickle).op(b"s").text("state_dict");
    let pickle = pickle
        .dict("w", |p| p.tensor("FloatStorage", "0", 6, 0, &[6], &[1]))
        .op(b"s");
    checkpoint(pickle.stop(), &[("0", &floats(&SIX))])
}

#[test]
fn objects_are_named_and_nothing_is_called() {
    // As deques, namespaces, enumerations and other people's classes are pickled.
    for (module, name) in [
        ("collections", "deque"),
        ("types", "SimpleNamespace"),
        ("mypackage.config", "Options"),
        ("decimal", "Decimal"),
    ] {
        let object = |p: Pickle| {
            p.global(module, name)
                .op(b"(")
                .int(5)
                .op(b"tR}")
                .text("lr")
                .int(1)
                .op(b"sb")
        };
        let (weights, passed) = read_all(&beside(object)).unwrap();
        assert_eq!(values(&weights, "w"), SIX);
        assert_eq!(passed.calls, [format!("{module}.{name}")]);
        assert!(
            passed
                .to_string()
                .contains(&format!("objects by {module}.{name}"))
        );
        // With items, as a deque has them.
        let items = |p: Pickle| p.global(module, name).op(b")R(").int(5).int(6).op(b"e");
        assert_eq!(values(&read_all(&beside(items)).unwrap().0, "w"), SIX);
    }
    // A dictionary of a class of one's own is data too.
    let own = Pickle::new().global("project", "Dictionary").op(b")R(").text("w");
    let own = own.tensor("FloatStorage", "0", 6, 0, &[6], &[1]).op(b"u").stop();
    let (weights, passed) = read_all(&checkpoint(own, &[("0", &floats(&SIX))])).unwrap();
    assert_eq!(
        (values(&weights, "w"), passed.calls),
        (SIX.to_vec(), vec!["project.Dictionary".to_owned()])
    );
    // What acts on the machine is refused wherever it stands.
    for (module, name) in [("os", "system"), ("types", "CodeType"), ("builtins", "exec")] {
        let evil = |p: Pickle| p.global(module, name).op(b"(").text("true").op(b"tR");
        let error = read_all(&beside(evil)).unwrap_err();
        assert!(matches!(error, WeightsError::Forbidden { .. }), "{error}");
    }
    // A list of names that only grows is cut.
    let many = |p: Pickle| {
        let all = (0..1000).fold(p.op(b"]("), |p, n| p.global("m", &format!("f{n}")).op(b")R"));
        all.op(b"e")
    };
    assert!(read_all(&beside(many)).unwrap().1.calls.len() < 20);
}

#[test]
fn tensors_of_other_kinds_are_passed_over() {
    let sparse = |p: Pickle| {
        p.global("torch._utils", "_rebuild_sparse_tensor")
            .op(b"(")
            .int(0)
            .op(b"tR")
    };
    let quantised = |p: Pickle| p.global("torch._utils", "_rebuild_qtensor").op(b")R");
    let eight = |p: Pickle| {
        let p = p
            .global("torch._utils", "_rebuild_tensor_v3")
            .op(b"((")
            .text("storage");
        let p = p
            .global("torch.storage", "UntypedStorage")
            .text("1")
            .text("cpu")
            .int(6)
            .op(b"tQ");
        let p = p
            .int(0)
            .ints(&[6])
            .ints(&[1])
            .op(b"\x89N")
            .global("torch", "float8_e4m3fn");
        p.op(b"tR")
    };
    let strange = |p: Pickle| p.tensor("Float6Storage", "1", 6, 0, &[6], &[1]);
    let whole = |p: Pickle| p.tensor("LongStorage", "1", 6, 0, &[6], &[1]);
    let kinds: [(&dyn Fn(Pickle) -> Pickle, &str); 5] = [
        (&sparse, "is sparse"),
        (&quantised, "is quantised"),
        (&eight, "of the kind `torch.float8"),
        (&strange, "Float6Storage"),
        (&whole, "holds integers"),
    ];
    for (tensor, telling) in kinds {
        // In the same dictionary, and in another.
        let pickle = tensor(
            Pickle::new()
                .op(b"}")
                .text("w")
                .tensor("FloatStorage", "0", 6, 0, &[6], &[1])
                .op(b"s")
                .text("other"),
        );
        let (weights, passed) =
            read_all(&checkpoint(pickle.op(b"s").stop(), &[("0", &floats(&SIX))])).unwrap();
        assert_eq!(
            (values(&weights, "w"), passed.tensors),
            (SIX.to_vec(), vec!["other".to_owned()])
        );
        assert_eq!(values(&read_all(&beside(tensor)).unwrap().0, "w"), SIX);
        // Alone it is told what it is.
        let alone = tensor(Pickle::new().op(b"}").text("w")).op(b"s").stop();
        let text = refused(&checkpoint(alone, &[]));
        assert!(text.contains("tensor w") && text.contains(telling), "{text}");
    }
}

#[test]
fn a_dictionary_is_found_in_lists_and_attributes() {
    let w = |p: Pickle| p.dict("w", |p| p.tensor("FloatStorage", "0", 6, 0, &[6], &[1]));
    for pickle in [
        w(Pickle::new().op(b"](").int(3)).op(b"e"),
        w(Pickle::new().op(b"}").int(7)).op(b"s"),
        w(Pickle::new().dict("a", |p| p.op(b"N")).text("anything").op(b"](")).op(b"es"),
        w(Pickle::new()
            .global("ema", "Average")
            .op(b")\x81}")
            .text("shadow"))
        .op(b"sb"),
    ] {
        let bytes = checkpoint(pickle.stop(), &[("0", &floats(&SIX))]);
        assert_eq!(values(&load(&bytes).unwrap(), "w"), SIX);
    }
}

#[test]
fn a_dump_of_the_pickle_module_is_told_as_such() {
    let storage = |p: Pickle| p.global("torch.storage", "_load_from_bytes").op(b"U\x03abc\x85R");
    let dump = storage(
        Pickle::new()
            .op(b"}")
            .text("w")
            .global("torch._utils", "_rebuild_tensor_v2")
            .op(b"("),
    );
    let text = refused(&dump.int(0).ints(&[1]).ints(&[1]).op(b"tRs").stop());
    assert!(
        text.contains("`pickle.dump`") && text.contains("torch.save(model.state_dict()"),
        "{text}"
    );
}

/// Weights of the small network in two files with an index.
fn sharded(folder: &std::path::Path) -> (Weights, PathBuf) {
    let weights = Weights::initial(&SMALL, 3, 4).unwrap();
    let half = weights.0.len() / 2;
    let (mut map, mut parts) = (serde_json::Map::new(), [BTreeMap::new(), BTreeMap::new()]);
    for (n, (name, tensor)) in weights.iter().enumerate() {
        let part = usize::from(n >= half);
        parts[part].insert(format!("model.{name}"), tensor.shallow_clone());
        map.insert(format!("model.{name}"), format!("part-{part}.safetensors").into());
    }
    for (n, part) in parts.into_iter().enumerate() {
        Weights(part)
            .save(&folder.join(format!("part-{n}.safetensors")), &BTreeMap::new())
            .unwrap();
    }
    let index = folder.join("model.safetensors.index.json");
    let text = serde_json::json!({"metadata": {"total_size": 1}, "weight_map": map});
    std::fs::write(&index, text.to_string()).unwrap();
    (weights, index)
}

#[test]
fn shards_are_read_by_their_index() {
    let folder = tempfile::tempdir().unwrap();
    let (weights, index) = sharded(folder.path());
    let Content::Tensors(found, beside) = read_for(&index, SMALL, 3, None).unwrap() else {
        panic!("no tensors")
    };
    assert_eq!(
        (found.digest().unwrap(), beside),
        (weights.digest().unwrap(), PassedOver::default())
    );
    let refused = || match read_for(&index, SMALL, 3, None) {
        Ok(_) => panic!("was read"),
        Err(error) => error.to_string(),
    };
    let part = folder.path().join("part-1.safetensors");
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    assert!(
        refused().contains("names part-1.safetensors: it is not a whole safetensors file"),
        "{}",
        refused()
    );
    std::fs::copy(folder.path().join("part-0.safetensors"), &part).unwrap();
    assert!(refused().contains("it lacks the tensor model."), "{}", refused());
    std::fs::remove_file(&part).unwrap();
    assert!(
        refused().contains("names part-1.safetensors, which cannot be read"),
        "{}",
        refused()
    );
    for (text, telling) in [
        (
            r#"{"weight_map": {"a": "../part-0.safetensors"}}"#,
            "no file beside it",
        ),
        (r#"{"weight_map": {"a": "/etc/passwd"}}"#, "no file beside it"),
        (r#"{"weight_map": {"a": "."}}"#, "no file beside it"),
        (r#"{"weight_map": {"a": 3}}"#, "no index of safetensors files"),
        (r#"{"a": {}}"#, "no index of safetensors files"),
    ] {
        std::fs::write(&index, text).unwrap();
        assert!(refused().contains(telling), "{}", refused());
    }
    // One shard alone says what is missing.
    let alone = read_for(&folder.path().join("part-0.safetensors"), SMALL, 3, None);
    assert!(alone.err().unwrap().to_string().contains("missing"));
    // By its name it is one of several, of which the index knows.
    let shard = folder.path().join("model-00001-of-00002.safetensors");
    std::fs::copy(folder.path().join("part-0.safetensors"), &shard).unwrap();
    let alone = read_for(&shard, SMALL, 3, None).err().unwrap().to_string();
    assert!(
        alone.contains("name their index in its place, model.safetensors.index.json"),
        "{alone}"
    );
    // Checkpoints of PyTorch have such indices too.
    std::fs::write(folder.path().join("pytorch_model.bin"), b"PK\x03\x04").unwrap();
    std::fs::write(&index, r#"{"weight_map": {"a": "pytorch_model.bin"}}"#).unwrap();
    assert!(refused().contains("safe_serialization=True"), "{}", refused());
}

#[test]
fn safetensors_may_hold_other_kinds_beside_the_weights() {
    use ::safetensors::tensor::{Dtype, TensorView};
    let weights = Weights::initial(&SMALL, 3, 4).unwrap();
    let data: Vec<_> = weights
        .iter()
        .map(|(n, t)| (n.to_owned(), t.size(), bytes_of(t).unwrap()))
        .collect();
    let floats = data.iter().map(|(name, size, bytes)| {
        let shape = size.iter().map(|&n| n as usize).collect();
        (name.clone(), TensorView::new(Dtype::F32, shape, bytes).unwrap())
    });
    let others = [
        ("step", Dtype::I64),
        ("scale", Dtype::F8_E4M3),
        ("n_averaged", Dtype::I64),
    ];
    let bytes = [0u8; 8];
    let others = others.map(|(name, kind)| {
        let shape = vec![if kind == Dtype::I64 { 1 } else { 8 }];
        (name.to_owned(), TensorView::new(kind, shape, &bytes).unwrap())
    });
    let packed = ::safetensors::serialize(floats.chain(others), None).unwrap();
    let Content::Tensors(found, beside) = read_for(&file(&packed).path, SMALL, 3, None).unwrap() else {
        panic!("no tensors")
    };
    assert_eq!(found.digest().unwrap(), weights.digest().unwrap());
    assert_eq!(beside.tensors, ["scale", "step"]);
}
