//! The order of the crates, of the modules of a crate, and of the files of a folder, read from the sources.
//!
//! A failure names both ends of each import that breaks the order. The cure is to move what is imported to a place below
//! both, or to pass it as an argument; a new exception needs a reason.
#![allow(unreachable_pub, reason = "no other crate imports a test")]
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[path = "order/rules.rs"]
mod rules;
#[path = "order/source.rs"]
mod source;
#[path = "order/tree.rs"]
mod tree;

use tree::{Arrow, Files, Name, Tree};

/// The crates from the bottom up: each depends only on those before it.
const CRATES: [&str; 7] = [
    "odin-metrics",
    "odin-detectors",
    "odin-kernels",
    "odin-datasets",
    "odin-core",
    "odin-engine",
    "odin-tui",
];

/// What the dashboard and the command line must never link.
const NOT_IN_TUI: [&str; 2] = ["odin-engine", "odin-kernels"];

/// The crates whose lib.rs lists its modules from the top down, whatever its comments say.
const LISTED: [&str; 3] = ["odin-core", "odin-engine", "odin-tui"];

/// Imports that close a circle and stay for now: from where (a file or a folder), which file they import from, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "crates/odin-core/src/session/edit/",
        "crates/odin-core/src/session/edit/mod.rs",
        "the editor is split over files",
    ),
    (
        "crates/odin-engine/src/networks/weights/",
        "crates/odin-engine/src/networks/weights/mod.rs",
        "`ReadError` is defined at the top",
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of each crate by its name.
fn crates() -> BTreeMap<String, String> {
    let entries = fs::read_dir(root().join("crates")).expect("the workspace has crates/");
    let mut crates: BTreeMap<String, String> = entries
        .map(|entry| {
            entry
                .expect("crates/ is readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| root().join("crates").join(name).join("Cargo.toml").is_file())
        .map(|name| (name.clone(), format!("crates/{name}/")))
        .collect();
    crates.insert("odin-tui".to_owned(), String::new());
    crates
}

fn manifests() -> BTreeMap<String, String> {
    let read = |folder: String| {
        fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a crate has a manifest")
    };
    crates()
        .into_iter()
        .map(|(name, folder)| (name, read(folder)))
        .collect()
}

fn files(folder: &Path, below: &str, found: &mut Files) {
    for entry in fs::read_dir(folder).expect("a source folder is readable") {
        let path = entry.expect("a source folder is readable").path();
        let name = format!(
            "{below}{}",
            path.file_name().expect("an entry has a name").to_string_lossy()
        );
        if path.is_dir() {
            files(&path, &format!("{name}/"), found);
        } else if name.ends_with(".rs") {
            found.insert(
                name,
                fs::read_to_string(&path).expect("a source file is UTF-8 text"),
            );
        }
    }
}

/// The names in `[dependencies]` with their lines, also where a table is written for one of them or for a target.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in manifest.lines().enumerate() {
        let line = line.trim();
        let unquoted = |name: &str| name.trim().trim_matches(['"', '\'']).to_owned();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            inside = header == "dependencies"
                || (header.starts_with("target.") && header.ends_with(".dependencies"));
            if let Some(name) = header.strip_prefix("dependencies.") {
                found.push((index + 1, unquoted(name)));
            }
        } else if inside
            && !line.starts_with('#')
            && let Some((key, value)) = line.split_once('=')
        {
            found.push((index + 1, unquoted(key.split('.').next().unwrap_or_default())));
            if let Some((_, renamed)) = value.split_once("package") {
                found.push((
                    index + 1,
                    renamed.split('"').nth(1).unwrap_or_default().to_owned(),
                ));
            }
        }
    }
    found
}

fn crates_out_of_order(manifests: &BTreeMap<String, String>) -> Vec<String> {
    let place = |name: &str| CRATES.iter().position(|&known| known == name);
    let mut wrong = Vec::new();
    for (name, manifest) in manifests {
        let Some(own) = place(name) else {
            wrong.push(format!("{name} is not in the order of the crates"));
            continue;
        };
        for (line, dependency) in dependencies(manifest) {
            let upward = place(&dependency).is_some_and(|other| other >= own);
            if upward || (name == "odin-tui" && NOT_IN_TUI.contains(&dependency.as_str())) {
                wrong.push(format!("{name}/Cargo.toml:{line} -> {dependency}"));
            }
        }
    }
    wrong
}

fn libtorch_outside_the_engine(manifests: &BTreeMap<String, String>) -> Vec<String> {
    let others = manifests.iter().filter(|(name, _)| *name != "odin-engine");
    let named = others.flat_map(|(name, manifest)| {
        let dependencies = dependencies(manifest).into_iter();
        dependencies.map(move |(line, dependency)| (name, line, dependency))
    });
    named
        .filter(|(_, _, dependency)| matches!(dependency.as_str(), "tch" | "torch-sys"))
        .map(|(name, line, dependency)| format!("{name}/Cargo.toml:{line} -> {dependency}"))
        .collect()
}

/// What the comments of a module file say of the order of its modules: here, and in the folders below it.
fn promises(text: &str) -> (bool, bool) {
    let comments = text.lines().filter_map(|line| line.trim().strip_prefix("//"));
    let words: Vec<&str> = comments
        .flat_map(|line| line.trim_start_matches(['!', '/']).split_whitespace())
        .collect();
    let said = words.join(" ");
    let here = said.contains("imports only from those") || said.contains("uses only those below it");
    (
        here,
        here && (said.contains("in every folder") || said.contains("of each folder")),
    )
}

/// Which entry of a folder imports from which, and by which line.
type Steps = BTreeMap<(Option<String>, Option<String>), String>;

/// The ends of an arrow inside the innermost folder that holds both: the folder, and the two entries of it.
/// None stands for the folder's own mod.rs.
fn ends(arrow: &Arrow) -> (Name, Option<String>, Option<String>) {
    let common = arrow
        .from
        .iter()
        .zip(&arrow.to)
        .take_while(|(from, to)| from == to)
        .count();
    (
        arrow.from[..common].to_vec(),
        arrow.from.get(common).cloned(),
        arrow.to.get(common).cloned(),
    )
}

fn described(tree: &Tree, source: &str, arrow: &Arrow) -> String {
    let (from, to) = (&tree.files()[&arrow.from], &tree.files()[&arrow.to]);
    format!(
        "{source}{from}:{} -> {source}{to} ({})",
        arrow.line, arrow.written
    )
}

fn imports_upwards(name: &str, source: &str, files: &Files) -> Vec<String> {
    let tree = Tree::new(files);
    let mut ordered: BTreeSet<&Name> = BTreeSet::new();
    for (module, file) in tree.files() {
        let (here, below) = promises(&files[file]);
        if here || (module.is_empty() && LISTED.contains(&name)) {
            ordered.insert(module);
        }
        if below {
            ordered.extend(tree.files().keys().filter(|other| other.starts_with(module)));
        }
    }
    let upwards = |arrow: &Arrow| {
        let (folder, Some(from), Some(to)) = ends(arrow) else {
            return false;
        };
        let place = |name: &String| tree.listed(&folder).iter().position(|listed| listed == name);
        ordered.contains(&folder) && place(&from) > place(&to)
    };
    let arrows = tree.arrows();
    let wrong: BTreeSet<String> = arrows
        .iter()
        .filter(|arrow| upwards(arrow))
        .map(|arrow| described(&tree, source, arrow))
        .collect();
    wrong.into_iter().collect()
}

/// For each circle in a folder: the folder, the files or folders in it, and an import for each step between them.
/// An arrow of `exceptions` is left out, and the exception noted in `met`.
fn circles(
    source: &str,
    files: &Files,
    exceptions: &[(&str, &str, &str)],
    met: &mut BTreeSet<usize>,
) -> Vec<String> {
    let tree = Tree::new(files);
    let mut folders: BTreeMap<Name, Steps> = BTreeMap::new();
    for arrow in tree.arrows() {
        let file = |name: &Name| format!("{source}{}", tree.files()[name]);
        let (from, to) = (file(&arrow.from), file(&arrow.to));
        if let Some(known) = exceptions
            .iter()
            .position(|known| from.starts_with(known.0) && to == known.1)
        {
            met.insert(known);
            continue;
        }
        let (folder, from, to) = ends(&arrow);
        let steps = folders.entry(folder).or_default();
        steps
            .entry((from, to))
            .or_insert_with(|| described(&tree, source, &arrow));
    }
    let mut circles = Vec::new();
    for (folder, steps) in &folders {
        let mut reach: BTreeSet<(&Option<String>, &Option<String>)> =
            steps.keys().map(|(from, to)| (from, to)).collect();
        loop {
            let longer: BTreeSet<_> = reach
                .iter()
                .flat_map(|&(from, via)| {
                    steps
                        .keys()
                        .filter(move |(start, _)| start == via)
                        .map(move |(_, to)| (from, to))
                })
                .collect();
            let known = reach.len();
            reach.extend(longer);
            if reach.len() == known {
                break;
            }
        }
        let mut seen = BTreeSet::new();
        for &(first, _) in reach.iter().filter(|(from, to)| from == to) {
            if !seen.insert(first) {
                continue;
            }
            let members: BTreeSet<_> = reach
                .iter()
                .filter(|&&(from, to)| from == first && reach.contains(&(to, first)))
                .map(|&(_, to)| to)
                .collect();
            seen.extend(&members);
            let inside = |step: &(Option<String>, Option<String>)| {
                members.contains(&step.0) && members.contains(&step.1)
            };
            let own = if folder.is_empty() { "lib" } else { "mod" };
            let names: Vec<&str> = members
                .iter()
                .map(|member| member.as_deref().unwrap_or(own))
                .collect();
            let steps = steps.iter().filter(|(step, _)| inside(step));
            let imports: Vec<&str> = steps.map(|(_, import)| import.as_str()).collect();
            let folder = folder.join("/");
            circles.push(format!(
                "{source}{folder}: {}\n  {}",
                names.join(" "),
                imports.join("\n  ")
            ));
        }
    }
    circles
}

fn in_each_crate<T>(mut rule: impl FnMut(&str, &str, &Files) -> Vec<T>) -> Vec<T> {
    let mut found = Vec::new();
    for (name, folder) in crates() {
        let source = format!("{folder}src/");
        let mut sources = Files::new();
        files(&root().join(&source), "", &mut sources);
        found.extend(rule(&name, &source, &sources));
    }
    found
}

fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn crates_depend_on_those_below() {
    none(
        &crates_out_of_order(&manifests()),
        "a crate depends only on those before it in the order",
    );
}

#[test]
fn the_engine_alone_names_libtorch() {
    none(
        &libtorch_outside_the_engine(&manifests()),
        "only odin-engine names tch or torch-sys",
    );
}

#[test]
fn modules_import_from_those_below() {
    none(
        &in_each_crate(imports_upwards),
        "a module imports only from those listed after it",
    );
}

#[test]
fn no_folder_has_a_circle() {
    let mut met = BTreeSet::new();
    let mut wrong = in_each_crate(|_, source, files| circles(source, files, EXCEPTIONS, &mut met));
    let unmet = EXCEPTIONS
        .iter()
        .enumerate()
        .filter(|(index, _)| !met.contains(index));
    wrong.extend(
        unmet.map(|(_, known)| format!("{} -> {} is gone; take it from EXCEPTIONS", known.0, known.1)),
    );
    none(&wrong, "files and folders import from each other in a circle");
}
