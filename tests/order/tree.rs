//! The modules of one crate as a tree, and which of its files import from which.
use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, Import, Module, Path};

/// The source files of a crate: path below `src/`, text.
pub type Files = BTreeMap<String, String>;

/// A module by the names on the way to it from the crate's root, which is empty.
pub type Name = Vec<String>;

pub struct Tree {
    modules: BTreeMap<Name, Module>,
    /// The file of each module that is one.
    files: BTreeMap<Name, String>,
}

/// That one file imports from another.
#[derive(Clone, Debug)]
pub struct Arrow {
    pub from: Name,
    pub to: Name,
    pub line: usize,
    /// The path as it is written.
    pub written: String,
}

impl Tree {
    pub fn new(files: &Files) -> Self {
        let mut tree = Self {
            modules: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        tree.add(files, Vec::new(), "lib.rs");
        tree
    }

    fn add(&mut self, files: &Files, name: Name, file: &str) {
        for module in source::parse(&files[file]) {
            let full: Name = name.iter().chain(&module.inner).cloned().collect();
            let folder = full.iter().map(|part| format!("{part}/")).collect::<String>();
            for child in &module.files {
                let mut below = full.clone();
                below.push(child.clone());
                let places = [format!("{folder}{child}.rs"), format!("{folder}{child}/mod.rs")];
                if let Some(place) = places.iter().find(|place| files.contains_key(*place)) {
                    self.add(files, below, place);
                }
            }
            self.modules.insert(full, module);
        }
        self.files.insert(name, file.to_owned());
    }

    pub fn files(&self) -> &BTreeMap<Name, String> {
        &self.files
    }

    /// The `mod name;` of a module in the order of its file, without those for tests.
    pub fn listed(&self, name: &Name) -> &[String] {
        &self.modules[name].files
    }

    pub fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (name, module) in &self.modules {
            let imports = module
                .imports
                .iter()
                .filter(|import| !import.only_passed_on)
                .map(|import| &import.path);
            for path in imports.chain(&module.paths) {
                let Some(to) = self.target(name, &path.segments, 0) else {
                    continue;
                };
                let (from, to) = (self.of_file(name), self.of_file(&to));
                if from != to {
                    let written = path.segments.join("::");
                    arrows.push(Arrow {
                        from,
                        to,
                        line: path.line,
                        written,
                    });
                }
            }
        }
        arrows
    }

    /// The module that `name` is written in the file of.
    fn of_file(&self, name: &Name) -> Name {
        let mut name = name.clone();
        while !self.files.contains_key(&name) {
            name.pop();
        }
        name
    }

    /// The module in which the thing is defined that `segments` mean inside of module `from`; none where it is not of
    /// this crate or stands in `from` itself.
    fn target(&self, from: &Name, segments: &[String], depth: usize) -> Option<Name> {
        let first = segments.first()?;
        let mut at = from.clone();
        let mut rest = segments;
        match first.as_str() {
            "crate" => {
                at.clear();
                rest = &segments[1..];
            }
            "self" if segments.len() > 1 => rest = &segments[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            first if segments.len() > 1 && self.child(from, first).is_some() => {}
            _ => return None,
        }
        self.descend(at, rest, depth)
    }

    fn child(&self, name: &Name, child: &str) -> Option<Name> {
        let mut below = name.clone();
        below.push(child.to_owned());
        self.modules.contains_key(&below).then_some(below)
    }

    fn descend(&self, mut at: Name, mut rest: &[String], depth: usize) -> Option<Name> {
        while let Some(below) = rest.first().and_then(|segment| self.child(&at, segment)) {
            at = below;
            rest = &rest[1..];
        }
        let Some(name) = rest.first() else { return Some(at) };
        let module = &self.modules[&at];
        if name == "*" || module.items.contains(name) || depth > 8 {
            return Some(at);
        }
        if let Some(import) = module.imports.iter().find(|import| import.name == *name) {
            return self.through(&at, import, &rest[1..], depth);
        }
        let globs = module.imports.iter().filter(|import| import.name == "*");
        let mut found = globs.filter_map(|import| self.through_glob(&at, &import.path, rest, depth));
        found.next().or(Some(at))
    }

    /// What a re-exported name means. A path of another crate has no target.
    fn through(&self, at: &Name, import: &Import, rest: &[String], depth: usize) -> Option<Name> {
        let segments: Vec<String> = import.path.segments.iter().chain(rest).cloned().collect();
        if let [child] = segments.as_slice() {
            return self.child(at, child);
        }
        self.target(at, &segments, depth + 1)
    }

    fn through_glob(&self, at: &Name, path: &Path, rest: &[String], depth: usize) -> Option<Name> {
        let module = self.target(at, &path.segments, depth + 1)?;
        let names: BTreeSet<&String> = {
            let found = &self.modules[&module];
            found
                .items
                .iter()
                .chain(found.imports.iter().map(|import| &import.name))
                .collect()
        };
        if module == *at || !names.contains(rest.first()?) {
            return None;
        }
        self.descend(module, rest, depth + 1)
    }
}
