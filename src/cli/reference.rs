//! The references in docs/ and the manual pages, made from the schemas and from the command line itself.
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::output::print;
use odin_core::benchmarks::BenchmarkCard;
use odin_core::networks::NetworkCard;
use odin_core::runs;
use odin_core::session::session_schema;
use odin_datasets::DatasetCard;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder to write into
    folder: PathBuf,
}

const SESSIONS: &str = "\
# Sessions

A session is a YAML file: queues of jobs, and how the dashboard was left. Those in `sessions/` open by their name
(`odin demo`, `odin run demo`), any other by its path. The dashboard saves with `s`: what changed
is changed where it stands, so that comments and the style of the YAML stay; where that cannot be, the Log says so. What was
not saved is kept in `NAME.yaml.unsaved` and offered when the session is opened again. How the dashboard was left (`view`)
is kept in a hidden file `.NAME.yaml.view` beside the session until it is saved.

```yaml
# yaml-language-server: $schema=../docs/session.schema.json
version: 2
name: mine
defaults: {temperature: 1000, magnitude: 0.0014, device: auto, batch: auto, skip: 0, limit: null, seed: 0}
queues:
  - name: densenet10
    device: cuda:0                       # or [cuda:0, cuda:1]: each job is split over them
    jobs:
      - {network: densenet10, dataset: Uniform}
      - {network: densenet10, dataset: SVHN, magnitude: 0.0028}
      - {network: densenet10, dataset: LSUN, sweep: {temperatures: [1, 10, 100, 1000], magnitudes: 0:0.004:21}}
view: {screen: explore, job: 0, metric: fpr95}
```

A key that is not below, a value of another type or out of range, and two queues of one name are refused with line and
column. Paths (`dataset`, `in_dataset`, `weights`) start from the folder that odin is started in; those in a card start from the
card. A file of an older version is read as it was meant, and written in this version when it is saved.

An editor that knows JSON Schema checks a session while it is written: the schema is `docs/session.schema.json`, and
`odin doctor --schema` prints it.
";

const CARDS: &str = "\
# Cards

Networks and data sets are described, not coded. A card is a YAML file: `models/NAME.yaml` for a network,
`data/NAME.yaml` for a data set, `data/benchmarks/NAME.yaml` for a [benchmark](benchmarks.md). Its name is the file's. Paths start from
the folder that holds the card; those of a benchmark from the folder of its data.
[A walk-through](your-own-network.md) makes one of each.
";

const MADE: &str = "<!-- Made by `make docs` from the types that read these files; edits belong there. -->\n";

/// Writes sessions.md, cards.md and session.schema.json into the folder.
pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let mut told = String::new();
    for (name, text) in files()? {
        let path = options.folder.join(name);
        runs::write_whole(&path, |file| std::io::Write::write_all(file, text.as_bytes()))?;
        told.push_str(&format!("{}\n", path.display()));
    }
    print(&told)
}

fn files() -> anyhow::Result<Vec<(&'static str, String)>> {
    let schema = session_schema();
    let sessions = format!("{SESSIONS}\n{MADE}{}", reference(&schema, "Session", 2));
    let network = reference(&schema_of::<NetworkCard>(), "Network card", 2);
    let dataset = reference(&schema_of::<DatasetCard>(), "Data card", 2);
    let benchmark = reference(&schema_of::<BenchmarkCard>(), "Benchmark card", 2);
    Ok(vec![
        ("sessions.md", sessions),
        (
            "cards.md",
            format!("{CARDS}\n{MADE}{network}{dataset}{benchmark}"),
        ),
        (
            "session.schema.json",
            serde_json::to_string_pretty(&schema)? + "\n",
        ),
    ])
}

/// Writes `odin.1` and a page for each command, `odin-run.1`, into the folder.
pub(super) fn manual(command: clap::Command, options: &Options) -> anyhow::Result<()> {
    std::fs::create_dir_all(&options.folder)
        .with_context(|| format!("cannot make the folder {}", options.folder.display()))?;
    clap_mangen::generate_to(command, &options.folder)
        .with_context(|| format!("cannot write the pages into {}", options.folder.display()))?;
    Ok(())
}

fn schema_of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<T>().to_value()
}

/// The schema as Markdown: a section for the root and for each type that it uses.
fn reference(schema: &Value, title: &str, level: usize) -> String {
    let mut out = String::new();
    section(&mut out, title, schema, schema, level);
    for (name, definition) in definitions(schema) {
        if has_section(definition) {
            section(&mut out, name, definition, schema, level + 1);
        }
    }
    out
}

fn definitions(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("$defs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// Objects, and choices between objects; a choice between words is told where it is used.
fn has_section(schema: &Value) -> bool {
    schema.get("properties").is_some()
        || variants(schema)
            .iter()
            .any(|variant| variant.get("properties").is_some())
}

fn variants(schema: &Value) -> Vec<&Value> {
    let of = |key: &str| schema.get(key).and_then(Value::as_array);
    of("oneOf").or(of("anyOf")).into_iter().flatten().collect()
}

fn section(out: &mut String, title: &str, schema: &Value, root: &Value, level: usize) {
    let _ = write!(out, "\n{} {title}\n", "#".repeat(level));
    describe(out, schema);
    if schema.get("properties").is_some() {
        table(out, schema, root, None);
    }
    for variant in variants(schema)
        .into_iter()
        .filter(|variant| variant.get("properties").is_some())
    {
        let tag = properties(variant).find_map(|(key, value)| Some((key, value.get("const")?.as_str()?)));
        match tag {
            Some((key, value)) => {
                let _ = write!(out, "\n**`{key}: {value}`**");
                let about = variant.get("description").and_then(Value::as_str);
                let _ = writeln!(
                    out,
                    "{}",
                    about.map_or(String::new(), |about| format!(" — {}", flat(about)))
                );
                table(out, variant, root, Some(key));
            }
            None => {
                describe(out, variant);
                table(out, variant, root, None);
            }
        }
    }
}

fn describe(out: &mut String, schema: &Value) {
    if let Some(about) = schema.get("description").and_then(Value::as_str) {
        let _ = write!(out, "\n{}\n", flat(about));
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn table(out: &mut String, schema: &Value, root: &Value, without: Option<&String>) {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let rows: Vec<_> = properties(schema)
        .filter(|(key, _)| Some(*key) != without)
        .collect();
    if rows.is_empty() {
        return;
    }
    out.push_str("\n| key | value | default | |\n|---|---|---|---|\n");
    // What must be there first.
    let (needed, rest): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|(key, _)| required.contains(&key.as_str()));
    for (key, value) in needed.iter().chain(&rest) {
        let default = match value.get("default") {
            _ if required.contains(&key.as_str()) => "**needed**".to_owned(),
            None | Some(Value::Null) => String::new(),
            Some(Value::Object(_)) => "as below".to_owned(),
            Some(Value::Array(all)) if all.len() > 4 => "the paper's".to_owned(),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(other) => format!("`{other}`"),
        };
        let about = value
            .get("description")
            .or_else(|| referred(value, root)?.get("description"));
        let about = about.and_then(Value::as_str).map(flat).unwrap_or_default();
        let _ = writeln!(
            out,
            "| `{key}` | {} | {default} | {} |",
            kind(value, root),
            about.replace('|', "\\|")
        );
    }
}

/// The definition that a value refers to.
fn referred<'a>(value: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let name = value.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    root.get("$defs")?.get(name)
}

/// What may stand there, in words.
fn kind(value: &Value, root: &Value) -> String {
    if let Some(title) = value.get("title").and_then(Value::as_str) {
        return title.to_owned();
    }
    if let Some(definition) = referred(value, root) {
        if !has_section(definition) {
            return kind(definition, root);
        }
        let name = value
            .get("$ref")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .rsplit('/')
            .next()
            .unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(constant) = value.get("const") {
        return word(constant);
    }
    if let Some(words) = value.get("enum").and_then(Value::as_array) {
        return words.iter().map(word).collect::<Vec<_>>().join(", ");
    }
    let choices = variants(value);
    if !choices.is_empty() {
        let mut kinds: Vec<String> = choices
            .into_iter()
            .map(|choice| kind(choice, root))
            .filter(|kind| kind != "null")
            .collect();
        kinds.dedup();
        let words = kinds.iter().all(|kind| kind.starts_with('`'));
        return kinds.join(if words { ", " } else { " or " });
    }
    let single = |name: &str| plain(name, value, root);
    match value.get("type") {
        Some(Value::String(name)) => single(name),
        Some(Value::Array(names)) => {
            let names: Vec<String> = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| *name != "null")
                .map(single)
                .collect();
            names.join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn plain(name: &str, value: &Value, root: &Value) -> String {
    match name {
        "array" => {
            let items = value
                .get("items")
                .map_or_else(|| "anything".to_owned(), |items| kind(items, root));
            match (value.get("minItems"), value.get("maxItems")) {
                (Some(least), Some(most)) if least == most => format!("list of {least}: {items}"),
                _ => format!("list: {items}"),
            }
        }
        "boolean" => "`true`, `false`".to_owned(),
        "integer" => match value.get("minimum").and_then(Value::as_u64) {
            Some(least) if least > 0 => format!("integer, at least {least}"),
            _ => "integer".to_owned(),
        },
        "string" => "text".to_owned(),
        other => other.to_owned(),
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}

fn flat(text: &str) -> String {
    // Links of the source's own documentation lead nowhere here.
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("[`", "`")
        .replace("`]", "`")
}

/// As [`session_schema`], as text.
pub(super) fn schema_text() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&session_schema())? + "\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_references_in_docs_are_current() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        for (name, text) in files().unwrap() {
            let there = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
            assert!(there == text, "docs/{name} is not what `make docs` writes");
        }
    }

    #[test]
    fn every_key_of_a_session_is_told_with_what_it_means() {
        let text = reference(&session_schema(), "Session", 2);
        for key in [
            "version",
            "queues",
            "temperature",
            "device",
            "limit",
            "sweep",
            "conventions",
            "positive",
        ] {
            assert!(text.contains(&format!("| `{key}` |")), "{key}");
        }
        let without: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("| `") && line.ends_with("|  |"))
            .collect();
        assert!(without.is_empty(), "keys without a word: {without:#?}");
    }
}
