use crate::networks::Architecture;

fn card(rest: &str) -> Result<Architecture, String> {
    serde_yaml::from_str(&format!("{{kind: resnet, {rest}}}")).map_err(|error| error.to_string())
}

fn trained_values(rest: &str, classes: usize) -> i64 {
    let all = card(rest).unwrap().parameters(classes).unwrap();
    let trained = all.iter().filter(|p| p.role.is_trained());
    trained.map(|p| p.shape.iter().product::<i64>()).sum()
}

#[test]
fn sizes_are_those_of_the_papers() {
    for (rest, classes, expected) in [
        ("depth: 18", 1000, 11_689_512),
        ("depth: 34", 1000, 21_797_672),
        ("depth: 50", 1000, 25_557_032),
        ("depth: 101", 1000, 44_549_160),
        ("depth: 152", 1000, 60_192_808),
        ("depth: 50, group-width: 128", 1000, 68_883_240),
        ("depth: 50, groups: 32, group-width: 4", 1000, 25_028_904),
        ("depth: 20", 10, 269_722),
        ("depth: 18, stem: cifar", 10, 11_173_962),
    ] {
        assert_eq!(trained_values(rest, classes), expected, "{rest}");
    }
}

#[test]
fn a_network_is_written_in_one_way() {
    for (given, written, title) in [
        ("depth: 50", "depth: 50", "ResNet-50"),
        ("block: basic, layers: [3, 3, 3]", "depth: 20", "CIFAR ResNet-20"),
        (
            "depth: 18, stem: cifar, width: 64, shortcut: b",
            "depth: 18, stem: cifar",
            "ResNet-18 (CIFAR stem)",
        ),
        (
            "block: bottleneck, layers: [1, 1, 1, 1], groups: 32, group-width: 4, channels: 1",
            "block: bottleneck, layers: [1, 1, 1, 1], groups: 32, group-width: 4, channels: 1",
            "ResNet-14 (bottleneck blocks [1, 1, 1, 1], 32 groups of width 4, grey)",
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
        ("depth: 19", "depth 19"),
        ("depth: 18, layers: [2, 2, 2, 2]", "`block` and `layers`"),
        ("layers: [2, 2, 2, 2]", "`block` and `layers`"),
        ("block: basic, layers: [2, 2]", "three numbers or four"),
        ("depth: 18, groups: 2", "basic"),
        ("depth: 50, width: 0", "width"),
        ("depth: 50, channels: 2", "2 channels"),
        ("depth: 50, width: 8, group-width: 4", "group-width"),
        ("depth: 50, dept: 3", "dept"),
        ("block: basic, layers: [0, 2, 2]", "layers"),
    ] {
        let error = refused(rest);
        assert!(error.contains(telling), "{rest}: {error}");
    }
}

#[test]
fn images_of_any_size_fit() {
    let network = card("depth: 18").unwrap();
    assert_eq!(network.least_input(), (1, 1));
    assert!(network.accepts(33, 500).is_ok() && network.accepts(4097, 32).is_err());
}
