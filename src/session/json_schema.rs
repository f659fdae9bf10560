//! The JSON Schema of a session file, for editors: derived from the types that read it, so that it says what they take.
use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::schema::Session;
use super::values::{Batch, Limit, Values};
use crate::units::{Device, Devices, Magnitude, Series, Temperature};

/// The schema of a session file (JSON Schema, draft 2020-12).
pub fn session_schema() -> Value {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Session>();
    let mut schema = schema.to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), "odin session".into());
    }
    schema
}

macro_rules! schema_of {
    ($type:ty, |$generator:ident| $schema:expr) => {
        impl JsonSchema for $type {
            schema_of!(@body $type, $generator, $schema);
        }
    };
    (@body $type:ty, $generator:ident, $schema:expr) => {
        fn schema_name() -> Cow<'static, str> {
            stringify!($type).into()
        }
        fn inline_schema() -> bool {
            true
        }
        fn json_schema($generator: &mut SchemaGenerator) -> Schema {
            $schema
        }
    };
}

schema_of!(
    Temperature,
    |_g| json_schema!({"type": "number", "exclusiveMinimum": 0})
);
schema_of!(
    Magnitude,
    |_g| json_schema!({"type": "number", "minimum": 0, "maximum": 1})
);
schema_of!(
    Device,
    |_g| json_schema!({"type": "string", "pattern": "^(auto|cpu|cuda(:[0-9]+)?)$"})
);
schema_of!(Devices, |generator| {
    let one = generator.subschema_for::<Device>();
    json_schema!({"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": Devices::MAX}]})
});
schema_of!(
    Batch,
    |_g| json_schema!({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]})
);
schema_of!(
    Limit,
    |_g| json_schema!({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 1}]})
);

impl<T: JsonSchema> JsonSchema for Values<T> {
    schema_of!(@body Values<T>, generator, {
        let one = generator.subschema_for::<T>();
        json_schema!({"anyOf": [
            {"type": "array", "items": one, "minItems": 1, "maxItems": Series::MAX},
            {"type": "string", "description": "a,b,c or FROM:TO:COUNT"},
        ]})
    });
}
