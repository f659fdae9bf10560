use super::*;

fn shapes_of(architecture: &Architecture, classes: usize) -> Shapes {
    let all = architecture.parameters(classes).unwrap().into_iter();
    all.map(|parameter| (parameter.name, parameter.shape)).collect()
}

fn read(text: &str) -> Architecture {
    serde_yaml::from_str(text).unwrap()
}

#[test]
fn every_network_is_recognised_by_its_tensors() {
    for text in [
        "{kind: densenet-bc, depth: 100, growth: 12}",
        "{kind: densenet-bc, depth: 10, growth: 2}",
        "{kind: wide-resnet, depth: 28, widen: 10}",
        "{kind: wide-resnet, depth: 10, widen: 1}",
        "{kind: resnet, depth: 18}",
        "{kind: resnet, depth: 18, stem: cifar}",
        "{kind: resnet, depth: 34, channels: 1}",
        "{kind: resnet, depth: 50}",
        "{kind: resnet, depth: 50, width: 16, stem: cifar}",
        "{kind: resnet, depth: 50, group-width: 128}",
        "{kind: resnet, depth: 50, groups: 32, group-width: 4}",
        "{kind: resnet, depth: 101, groups: 32, group-width: 8}",
        "{kind: resnet, depth: 152}",
        "{kind: resnet, depth: 20}",
        "{kind: resnet, depth: 56, shortcut: b}",
        "{kind: resnet, depth: 110, width: 8}",
        "{kind: resnet, block: bottleneck, layers: [1, 1, 1, 1], width: 8, groups: 2, group-width: 16}",
        "{kind: resnet, block: basic, layers: [1, 2, 1], stem: imagenet}",
        "{kind: vit, size: b}",
        "{kind: vit, size: h, patch: 14}",
        "{kind: vit, size: s, image: [384, 384], layer-scale: true}",
        "{kind: vit, width: 128, depth: 3, heads: 2, mlp: 100, patch: 4, image: [32, 32], pool: mean, class-token: false, channels: 1}",
        "{kind: vit, size: ti, pool: mean}",
    ] {
        let architecture = read(text);
        let found = proposals(&shapes_of(&architecture, 7));
        let [one] = found.as_slice() else {
            panic!("{text}: {found:?}");
        };
        assert_eq!((one.architecture, one.classes), (architecture, Some(7)), "{text}");
        assert!(one.doubts.is_empty(), "{text}: {:?}", one.doubts);
    }
}

#[test]
fn numbers_that_round_to_the_same_channels_make_the_same_network() {
    for text in [
        "{kind: resnet, block: bottleneck, layers: [1, 1, 1, 1], width: 8, groups: 2, group-width: 12}",
        "{kind: resnet, block: bottleneck, layers: [1, 1, 1], width: 12, groups: 3, group-width: 25}",
    ] {
        let needed = read(text).parameters(4).unwrap();
        let shapes: Shapes = needed.iter().map(|p| (p.name.clone(), p.shape.clone())).collect();
        let found = proposals(&shapes).remove(0).architecture;
        assert_eq!(found.parameters(4).unwrap(), needed, "{text}: {found}");
    }
}

#[test]
fn what_is_cut_is_still_recognised_and_what_is_strange_is_said() {
    let architecture = read("{kind: resnet, depth: 50, groups: 32, group-width: 4}");
    let without = |gone: &str, changed: Option<(&str, Vec<i64>)>| -> Proposal {
        let all = architecture.parameters(10).unwrap().into_iter();
        let kept = all.filter(|p| !p.name.starts_with(gone)).map(|p| match &changed {
            Some((name, shape)) if p.name.ends_with(name) => (p.name, shape.clone()),
            _ => (p.name, p.shape),
        });
        proposals(&kept.collect()).remove(0)
    };
    assert_eq!(without("fc.", None).classes, None);
    assert_eq!(without("conv1.", None).architecture, architecture);
    assert_eq!(without("layer2.1.", None).architecture, architecture);
    let odd = without("-", Some(("conv2.weight", vec![128, 5, 3, 3])));
    assert!(odd.doubts[0].contains("no number of groups"), "{odd:?}");
    let early = without("bn1.", None);
    assert!(early.doubts[0].contains("pre-activation"), "{early:?}");
}

#[test]
fn other_tensors_are_of_no_network() {
    for names in [
        &["encoder.weight", "decoder.weight"][..],
        &["layer1.0.attention.weight", "layer1.0.mlp.weight"],
        &["layer1.0.conv1.weight"],
        &["block1.layer.0.conv1.weight"],
        &["layer99999999999999999999.0.conv1.weight"],
        &[],
    ] {
        for size in [&[][..], &[0, 0, 0, 0], &[-1, 3, 3, 3], &[i64::MAX; 4], &[4]] {
            let found = proposals(
                &names
                    .iter()
                    .map(|name| ((*name).to_owned(), size.to_vec()))
                    .collect(),
            );
            assert!(
                found.iter().all(|one| one.classes.is_none()),
                "{names:?} {size:?}: {found:?}"
            );
        }
    }
}

#[test]
fn where_names_tell_nothing_shapes_may() {
    let architecture = read("{kind: resnet, depth: 18, stem: cifar}");
    let all = architecture.parameters(10).unwrap();
    let sizes: Vec<&[i64]> = all.iter().map(|p| p.shape.as_slice()).collect();
    let found = by_shapes(&sizes).unwrap();
    assert_eq!((found.architecture, found.classes), (architecture, Some(10)));
    assert_eq!(by_shapes(&sizes[..10]), None);
    assert_eq!(by_shapes(&[&[10, 512]]), None);
    assert_eq!(by_shapes(&[]), None);
}
