use crate::networks::Architecture;

fn card(rest: &str) -> Result<Architecture, String> {
    serde_yaml::from_str(&format!("{{kind: vit, {rest}}}")).map_err(|error| error.to_string())
}

fn trained_values(rest: &str, classes: usize) -> i64 {
    let all = card(rest).unwrap().parameters(classes).unwrap();
    all.iter().map(|p| p.shape.iter().product::<i64>()).sum()
}

#[test]
fn sizes_are_those_of_the_papers() {
    for (rest, expected) in [
        ("size: ti", 5_717_416),
        ("size: s", 22_050_664),
        ("size: b", 86_567_656),
        ("size: b, patch: 32", 88_224_232),
        ("size: l", 304_326_632),
        ("size: h, patch: 14", 632_045_800),
        // One position fewer and no class token.
        ("size: s, pool: mean, class-token: false", 22_050_664 - 2 * 384),
        ("size: s, layer-scale: true", 22_050_664 + 24 * 384),
    ] {
        assert_eq!(trained_values(rest, 1000), expected, "{rest}");
    }
}

#[test]
fn a_network_is_written_in_one_way() {
    for (given, written, title) in [
        (
            "size: b, patch: 16, image: [224, 224], pool: class",
            "size: b",
            "ViT-B/16",
        ),
        (
            "width: 384, depth: 12, heads: 6, mlp: 1536, patch: 8, epsilon: 1.0e-12",
            "size: s, patch: 8, epsilon: 1.0e-12",
            "ViT-S/8 (epsilon 1e-12)",
        ),
        (
            "width: 48, depth: 2, heads: 3, mlp: 96, patch: 4, image: [16, 20], pool: mean, class-token: false, \
             layer-scale: true, channels: 1",
            "width: 48, depth: 2, heads: 3, mlp: 96, patch: 4, image: [16, 20], pool: mean, class-token: false, \
             layer-scale: true, channels: 1",
            "ViT/4 (width 48, depth 2, 3 heads, perceptrons 96 wide, 16×20 pixels, mean of the tokens, no class token, \
             layer scale, grey)",
        ),
    ] {
        let network = card(given).unwrap();
        assert_eq!(network, card(written).unwrap());
        assert_eq!(network.to_string(), title);
        let text = serde_yaml::to_string(&network).unwrap();
        assert_eq!(serde_yaml::from_str::<Architecture>(&text).unwrap(), network);
        let keys = |text: &str| serde_yaml::from_str::<serde_yaml::Mapping>(text).unwrap().len();
        assert_eq!(keys(&text), 1 + keys(&format!("{{{written}}}")), "{text}");
    }
}

#[test]
fn what_no_network_is_is_refused() {
    let refused = |rest: &str| match card(rest) {
        Err(error) => error,
        Ok(network) => network.check(10).unwrap_err().to_string(),
    };
    for (rest, telling) in [
        ("size: m", "`ti`"),
        ("size: b, width: 32", "either `size`"),
        ("width: 32, depth: 2", "either `size`"),
        (
            "width: 32, depth: 2, heads: 3",
            "3 heads do not divide a width of 32",
        ),
        ("width: 32, depth: 2, heads: 0", "heads must lie between"),
        ("size: b, image: [224, 230]", "multiples of 16"),
        ("size: b, image: [0, 224]", "image must lie between"),
        ("size: b, image: [65536, 224]", "image must lie between"),
        ("size: b, patch: 0", "patch must lie between"),
        ("size: b, class-token: false", "`pool: mean`"),
        ("size: b, epsilon: -1", "epsilon"),
        ("size: b, epsilon: .nan", "epsilon"),
        ("size: b, mlp: 99999999999999", "mlp"),
        ("size: b, channels: 4", "4 channels"),
        ("size: b, dept: 3", "dept"),
    ] {
        let error = refused(rest);
        assert!(error.contains(telling), "{rest}: {error}");
    }
}

#[test]
fn images_have_the_size_on_the_card() {
    let network = card("size: ti, image: [32, 48]").unwrap();
    assert_eq!(network.least_input(), (32, 48));
    assert!(network.accepts(32, 48).is_ok());
    let error = network.accepts(48, 32).unwrap_err().to_string();
    assert!(error.contains("this network takes 32×48"), "{error}");
}
