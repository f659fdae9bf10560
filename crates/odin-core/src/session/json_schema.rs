//! The JSON Schema of a session file, for editors: derived from the types that read it, so that it says what they take.
use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::schema::Session;
use super::values::{Batch, Limit, Values};
use crate::units::Series;

/// The schema of a session file (JSON Schema, draft 2020-12).
pub fn session_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Session>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), "odin session".into());
    }
    schema
}

impl JsonSchema for Batch {
    fn schema_name() -> Cow<'static, str> {
        "Batch".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"title": "`auto`, or a number", "anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]})
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"title": "a number, or null", "anyOf": [{"type": "null"}, {"type": "integer", "minimum": 1}]})
    }
}

impl<T: JsonSchema> JsonSchema for Values<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Values of {}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({
            "title": "a list of numbers, `a,b,c` or `FROM:TO:COUNT`",
            "anyOf": [
                {"type": "array", "items": one, "minItems": 1, "maxItems": Series::MAX},
                {"type": "string"},
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::units::Device;

    /// Why the value does not fit the schema; as much of JSON Schema as the schema uses, and it uses no more.
    fn misfit(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
        let Value::Object(schema) = schema else {
            return if *schema == Value::Bool(true) {
                Ok(())
            } else {
                Err("nothing fits".into())
            };
        };
        let number = |value: &Value| value.as_f64().unwrap_or(f64::NAN);
        for (keyword, rule) in schema {
            let list = || rule.as_array().expect("a list");
            let fits = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
                "$ref" => {
                    let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    misfit(value, &root["$defs"][name], root)?;
                    true
                }
                "type" => {
                    let is = |name: &Value| match name.as_str().unwrap() {
                        "null" => value.is_null(),
                        "object" => value.is_object(),
                        "array" => value.is_array(),
                        "string" => value.is_string(),
                        "boolean" => value.is_boolean(),
                        "number" => value.is_number(),
                        "integer" => value.is_i64() || value.is_u64(),
                        other => panic!("type {other}"),
                    };
                    rule.as_array()
                        .map_or_else(|| is(rule), |names| names.iter().any(is))
                }
                "const" => value == rule,
                "enum" => list().contains(value),
                "anyOf" => list().iter().any(|one| misfit(value, one, root).is_ok()),
                "oneOf" => {
                    list()
                        .iter()
                        .filter(|one| misfit(value, one, root).is_ok())
                        .count()
                        == 1
                }
                "minimum" => !value.is_number() || number(value) >= number(rule),
                "maximum" => !value.is_number() || number(value) <= number(rule),
                "exclusiveMinimum" => !value.is_number() || number(value) > number(rule),
                "minItems" => value
                    .as_array()
                    .is_none_or(|all| all.len() as f64 >= number(rule)),
                "maxItems" => value
                    .as_array()
                    .is_none_or(|all| all.len() as f64 <= number(rule)),
                "pattern" => {
                    assert_eq!(rule, "^(auto|cpu|cuda(:[0-9]+)?)$");
                    value.as_str().is_none_or(|text| text.parse::<Device>().is_ok())
                }
                "items" => {
                    for one in value.as_array().into_iter().flatten() {
                        misfit(one, rule, root)?;
                    }
                    true
                }
                "properties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        match rule.get(key) {
                            Some(rule) => misfit(value, rule, root).map_err(|why| format!("{key}: {why}"))?,
                            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                                return Err(format!("unknown key {key}"));
                            }
                            None => {}
                        }
                    }
                    true
                }
                "additionalProperties" => *rule == Value::Bool(false),
                "required" => value.as_object().is_none_or(|object| {
                    list()
                        .iter()
                        .all(|key| object.contains_key(key.as_str().unwrap()))
                }),
                other => panic!("the schema uses `{other}`, which this test does not know"),
            };
            if !fits {
                return Err(format!("{keyword} {rule}, not {value}"));
            }
        }
        Ok(())
    }

    fn fits(yaml: &str) -> Result<(), String> {
        let schema = session_schema();
        let value: Value = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
        misfit(&value, &schema, &schema)
    }

    #[test]
    fn the_presets_fit_the_schema_and_are_sessions() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sessions");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // An open dashboard leaves its unsaved changes and its lock beside them.
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let session = Session::load(&path).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(fits(&text), Ok(()), "{}", path.display());
            assert!(text.starts_with("# yaml-language-server: $schema=../docs/session.schema.json\n"));
            assert_eq!(session.name, path.file_stem().unwrap().to_string_lossy());
            let unsaved = serde_yaml::to_string(&session).unwrap();
            assert_eq!(fits(&unsaved), Ok(()), "as it is saved");
            names.push((session.name.clone(), session.job_specs().len()));
        }
        names.sort();
        let expected = [("demo", 4), ("paper", 28), ("produce_score", 6), ("sweep", 2)];
        assert_eq!(names, expected.map(|(name, jobs)| (name.to_owned(), jobs)));
    }

    #[test]
    fn what_the_program_refuses_the_schema_refuses() {
        let good = "version: 2\nname: x\ndefaults: {temperature: 10, device: [cpu, 'cuda:1']}\nqueues:\n- name: q\n  jobs:\n  \
                    - {network: a, dataset: b, limit: null, batch: 4, sweep: {magnitudes: 0:0.1:3}}\nview: {screen: log}\n";
        assert_eq!(
            (
                fits(good),
                Session::parse(good, Path::new("x"))
                    .map(|_| ())
                    .map_err(|e| e.to_string())
            ),
            (Ok(()), Ok(()))
        );
        for (from, to) in [
            ("version: 2", "version: 3"),
            ("name: x\n", ""),
            ("temperature: 10", "temperature: 0"),
            ("temperature: 10", "temperature: hot"),
            ("temperature: 10", "magnitude: -0.1"),
            ("temperature: 10", "magnitude: 1.5"),
            ("temperature: 10", "tempreature: 10"),
            ("[cpu, 'cuda:1']", "[]"),
            ("[cpu, 'cuda:1']", "gpu"),
            ("batch: 4", "batch: 0"),
            ("batch: 4", "batch: big"),
            ("limit: null", "limit: 0"),
            ("limit: null", "tuned: {on: train}"),
            ("limit: null", "tuned: {images: 5}"),
            ("limit: null", "tuned: {on: id, images: 0}"),
            ("limit: null", "tuned: {on: id, metric: best}"),
            ("limit: null", "skip: -1"),
            ("network: a", "network: [a]"),
            ("network: a, ", ""),
            ("magnitudes: 0:0.1:3", "magnitudes: []"),
            ("magnitudes: 0:0.1:3", "validation: 0"),
            ("screen: log", "screen: logs"),
            ("screen: log", "mouse: maybe"),
            ("screen: log", "conventions: {aupr: macro}"),
            ("- name: q\n  jobs:", "- name: q\n  job:"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert!(
                Session::parse(&bad, Path::new("x")).is_err(),
                "the program takes {to}"
            );
            assert!(fits(&bad).is_err(), "the schema takes {to}");
        }
    }
}
