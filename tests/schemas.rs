//! The JSON Schemas that editors check sessions and cards by, beside what this program reads and refuses.
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use odin_core::benchmarks::BenchmarkCard;
use odin_core::networks::NetworkCard;
use odin_core::session::{Session, session_schema};
use odin_datasets::DatasetCard;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options()
        .build(schema)
        .expect("the schema is one itself")
}

fn of<T: JsonSchema>() -> Validator {
    let generator = SchemaSettings::draft2020_12().into_generator();
    validator(&generator.into_root_schema_for::<T>().to_value())
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML that JSON can hold")
}

/// The YAML files of a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder of the repository");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect()
}

fn assert_all_fit(folder: &str, validator: &Validator) {
    let files = files(folder);
    assert!(files.len() >= 4, "{folder} has its files");
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file of the repository");
        let value = yaml(&text);
        let wrong: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    }
}

#[test]
fn what_is_shipped_fits_its_schema() {
    assert_all_fit("sessions", &validator(&session_schema()));
    assert_all_fit("models", &of::<NetworkCard>());
    assert_all_fit("data", &of::<DatasetCard>());
    assert_all_fit("data/benchmarks", &of::<BenchmarkCard>());
    let printed = std::fs::read_to_string(root().join("docs/session.schema.json")).expect("in docs/");
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(
        printed,
        session_schema(),
        "the schema in docs/ is the one that is meant here"
    );
}

const SESSION: &str = "version: 2\nname: s\ndefaults: {temperature: 10, magnitude: 0, device: cpu, batch: auto}\nqueues:\n\
                       - name: q\n  jobs:\n  - {network: n, dataset: d}\n";

/// What docs/sessions.md says is refused, as far as a schema can say it: rules between keys it cannot.
#[test]
fn what_sessions_refuse_the_schema_refuses() {
    let validator = validator(&session_schema());
    let fits = |text: &str| validator.is_valid(&yaml(text));
    let reads = |text: &str| Session::parse(text, Path::new("s.yaml")).is_ok();
    assert!(fits(SESSION) && reads(SESSION));
    for (was, is) in [
        ("name: s", "nmae: s"),
        ("name: q", "nmae: q"),
        ("queues:", "queus:"),
        ("dataset: d", "datset: d"),
        ("dataset: d", "dataset: [d]"),
        ("dataset: d", "dataset: d, seed: -1"),
        ("dataset: d", "dataset: d, skip: few"),
        ("dataset: d", "dataset: d, sweep: {temperatures: []}"),
        ("dataset: d", "dataset: d, sweep: {metric: fpr96}"),
        ("temperature: 10", "temperature: warm"),
        ("temperature: 10", "temperature: 0"),
        ("temperature: 10", "temperature: -1"),
        ("magnitude: 0", "magnitude: -0.1"),
        ("device: cpu", "device: 7"),
        ("batch: auto", "batch: 0"),
        ("batch: auto", "batch: all"),
        ("batch: auto", "limit: 0"),
        ("version: 2", "version: two"),
    ] {
        let text = SESSION.replacen(was, is, 1);
        assert!(!reads(&text), "{is} is read");
        assert!(!fits(&text), "{is} fits the schema");
    }
}

#[test]
fn what_cards_refuse_the_schemas_refuse() {
    let networks = of::<NetworkCard>();
    let network = "title: t\narchitecture: {kind: densenet-bc, depth: 10, growth: 4}\nclasses: 3\nweights: w.pth\n\
                   in_dataset: d\nnormalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}\n";
    let sets = of::<DatasetCard>();
    let set = "title: t\nsource: {format: uniform, count: 2, size: [32, 32]}\n";
    for (validator, card, changes) in [
        (
            &networks,
            network,
            &[
                ("title: t", "titel: t"),
                ("kind: densenet-bc", "kind: densenet"),
                ("growth: 4", "width: 4"),
                ("classes: 3", "classes: some"),
                ("weights: w.pth\n", ""),
            ][..],
        ),
        (
            &sets,
            set,
            &[
                ("title: t", "titel: t"),
                ("format: uniform", "format: noise"),
                ("size: [32, 32]", "size: 32"),
                ("count: 2, ", ""),
            ],
        ),
    ] {
        assert!(validator.is_valid(&yaml(card)));
        for (was, is) in changes {
            let text = card.replacen(was, is, 1);
            assert!(!validator.is_valid(&yaml(&text)), "{was} -> {is} fits the schema");
        }
    }
}
