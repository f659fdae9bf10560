//! The rules on made-up sources: each finds what breaks it, with both ends, and nothing else.
use super::*;

fn manifests(name: &str, manifest: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), manifest.to_owned())])
}

fn sources(files: &[(&str, &str)]) -> Files {
    files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

fn in_circles(files: &[(&str, &str)]) -> Vec<String> {
    circles("src/", &sources(files), &[], &mut BTreeSet::new())
}

#[test]
fn a_crate_that_depends_on_one_above_is_found() {
    let core = "[dependencies]\nserde = \"1\"\nodin-metrics.workspace = true\nodin-engine.workspace = true\n";
    assert_eq!(
        crates_out_of_order(&manifests("odin-core", core)),
        ["odin-core/Cargo.toml:4 -> odin-engine"]
    );
    let tui = "[dependencies.odin-kernels]\npath = \"x\"\n[dev-dependencies]\nodin-engine.workspace = true\n";
    assert_eq!(
        crates_out_of_order(&manifests("odin-tui", tui)),
        ["odin-tui/Cargo.toml:1 -> odin-kernels"]
    );
    assert_eq!(
        crates_out_of_order(&manifests("odin-new", "")),
        ["odin-new is not in the order of the crates"]
    );
}

#[test]
fn libtorch_outside_the_engine_is_found() {
    let manifest =
        "[workspace.dependencies]\ntch = \"1\"\n[dependencies]\n# tch = \"1\"\ntorch-sys = \"1\"\n";
    assert_eq!(
        libtorch_outside_the_engine(&manifests("odin-tui", manifest)),
        ["odin-tui/Cargo.toml:5 -> torch-sys"]
    );
    let renamed = "[dependencies]\ntensors = { package = \"tch\", version = \"1\" }\n";
    assert_eq!(
        libtorch_outside_the_engine(&manifests("odin-core", renamed)),
        ["odin-core/Cargo.toml:2 -> tch"]
    );
    assert!(libtorch_outside_the_engine(&manifests("odin-engine", manifest)).is_empty());
}

#[test]
fn an_import_from_a_module_listed_before_is_found() {
    let files = sources(&[
        ("lib.rs", "pub mod top;\nmod low;\n#[cfg(test)]\nmod checks;"),
        ("top.rs", "use crate::low::Low;\npub struct Top;"),
        (
            "low.rs",
            "// use crate::top::Top;\npub struct Low;\nconst A: &str = \"crate::top::Top\";\n\
             fn f() {\n    crate::top::Top;\n}\n#[cfg(test)]\nmod tests { use crate::top::Top; }",
        ),
        ("checks.rs", "use crate::top::Top;"),
    ]);
    let wrong = ["src/low.rs:5 -> src/top.rs (crate::top::Top)"];
    assert_eq!(imports_upwards("odin-core", "src/", &files), wrong);
    assert!(
        imports_upwards("odin-other", "src/", &files).is_empty(),
        "it promises no order"
    );
}

#[test]
fn what_a_module_file_says_of_its_order_is_held() {
    let promise = "//! Each module imports\n//! only from those listed after it";
    for (said, found) in [
        (format!("{promise}."), 0),
        (format!("{promise}, here and in every folder."), 2),
    ] {
        let mut files = sources(&[
            ("a/mod.rs", "mod b;\nmod c;"),
            ("a/b.rs", "pub struct B;"),
            ("a/c.rs", "use super::{\n    b::{self, B},\n};"),
        ]);
        files.insert("lib.rs".to_owned(), format!("{said}\nmod a;"));
        assert_eq!(imports_upwards("odin-other", "src/", &files).len(), found);
        files.insert("a/mod.rs".to_owned(), format!("{promise}.\nmod b;\nmod c;"));
        let wrong = imports_upwards("odin-other", "src/", &files);
        assert!(
            wrong.contains(&"src/a/c.rs:2 -> src/a/b.rs (super::b::B)".to_owned()),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_circle_is_found_through_re_exports() {
    let files = [
        (
            "lib.rs",
            "mod a;\nmod b;\npub use a::{deep::Thing as Renamed};\npub use b::*;",
        ),
        ("a/mod.rs", "pub mod deep;"),
        ("a/deep.rs", "pub struct Thing;\nuse crate::B;"),
        ("b.rs", "pub struct B;\npub(crate) fn f(x: super::Renamed) {}"),
    ];
    let wrong =
        "src/: a b\n  src/a/deep.rs:2 -> src/b.rs (crate::B)\n  src/b.rs:2 -> src/a/deep.rs (super::Renamed)";
    assert_eq!(in_circles(&files), [wrong]);
    let mut met = BTreeSet::new();
    let known = [
        ("src/b.rs", "src/a/deep.rs", "for now"),
        ("src/a/", "src/x.rs", "gone"),
    ];
    assert!(circles("src/", &sources(&files), &known, &mut met).is_empty());
    assert_eq!(met, BTreeSet::from([0]));
}

#[test]
fn a_circle_with_the_folders_own_file_is_found() {
    let part = ("part.rs", "use super::Whole;\npub struct Part;");
    let circle = in_circles(&[
        ("lib.rs", "mod part;\nuse part::Part;\npub struct Whole(Part);"),
        part,
    ]);
    assert!(
        circle.len() == 1 && circle[0].starts_with("src/: lib part\n"),
        "{circle:?}"
    );
    assert!(
        in_circles(&[
            ("lib.rs", "mod part;\npub use part::Part;\npub struct Whole;"),
            part
        ])
        .is_empty()
    );
}
