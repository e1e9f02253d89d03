//! Reads stored JSON field by field, so that one broken value costs nothing else.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Reads fields over the default. A field that is unknown or broken changes nothing.
pub fn from_fields<T>(fields: impl IntoIterator<Item = (String, Value)>) -> T
where
    T: Default + Serialize + DeserializeOwned,
{
    let mut read = T::default();
    for (key, value) in fields {
        let Ok(Value::Object(mut all)) = serde_json::to_value(&read) else { return read };
        all.insert(key, value);
        if let Ok(with_it) = serde_json::from_value(Value::Object(all)) {
            read = with_it;
        }
    }
    read
}

/// Reads the fields of an object. Anything else gives the default.
pub fn from_object<T>(text: &str) -> T
where
    T: Default + Serialize + DeserializeOwned,
{
    from_fields(serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default())
}
