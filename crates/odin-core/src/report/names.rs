//! How runs and rows are called and grouped wherever they are shown.

/// A path by what tells it from others; a name as it is.
pub(super) fn short(name: &str) -> String {
    odin_datasets::name_of(name)
}

/// The heading over everything that was measured with this network and in-distribution set; `None` stands for the
/// set that the network's card names.
pub(super) fn group(network: &str, in_dataset: Option<&str>) -> String {
    match in_dataset {
        Some(set) => format!("{network} · {}", short(set)),
        None => network.to_owned(),
    }
}

/// A group's name without what a path or a shell reads otherwise.
pub(super) fn file_name(group: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let group = group.replace(" · ", "_");
    group.chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
}

/// The items by the name of their group. Groups come in the order of their first items, and keep the order of all.
pub(super) fn grouped<T>(items: &[T], name: impl Fn(&T) -> String) -> Vec<(String, Vec<&T>)> {
    let mut groups: Vec<(String, Vec<&T>)> = Vec::new();
    for item in items {
        let name = name(item);
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, group)) => group.push(item),
            None => groups.push((name, vec![item])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_the_order_of_what_is_in_them() {
        let all = ["b1", "a1", "b2"];
        let found = grouped(&all, |name| name.chars().take(1).collect());
        assert_eq!(
            found,
            [
                ("b".to_owned(), vec![&"b1", &"b2"]),
                ("a".to_owned(), vec![&"a1"])
            ]
        );
        assert_eq!(group("n", Some("/data/set/")), "n · set");
        assert_eq!((group("n", None), short("/")), ("n".to_owned(), String::new()));
    }
}
