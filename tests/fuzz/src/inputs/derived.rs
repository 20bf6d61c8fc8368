//! Seeds of the target `replies` that are derived from the samples of every operation.

use convex_mgmt_proto::samples::{SAMPLES, Samples};
use serde_json::{Value, json};

use super::response::ResponseInput;

/// Returns seeds for every operation, with their names: each sample response, the first one cut off in the middle, and the
/// first one with values of other types.
pub(super) fn responses() -> Vec<(String, Vec<u8>)> {
    SAMPLES.iter().flat_map(of_operation).collect()
}

fn of_operation(samples: &Samples) -> Vec<(String, Vec<u8>)> {
    let responses = (samples.responses)();
    let mut bodies: Vec<(String, Vec<u8>)> =
        responses.iter().enumerate().map(|(at, body)| (format!("sample-{at}"), text(body))).collect();
    if let Some(first) = responses.first() {
        let mut cut_off = text(first);
        cut_off.truncate(cut_off.len() / 2);
        bodies.push(("cut-off".to_owned(), cut_off));
        bodies.push(("other-types".to_owned(), text(&with_other_types(first.clone()))));
    } else if samples.meta.empty_response {
        bodies.push(("sample-0".to_owned(), Vec::new()));
        bodies.push(("cut-off".to_owned(), b"{".to_vec()));
    }
    let meta = samples.meta;
    let seed = |(name, body): (String, Vec<u8>)| {
        (format!("{}-{}-{name}", meta.api, meta.id), [ResponseInput::head(meta, 200, 1).into_bytes(), body].concat())
    };
    bodies.into_iter().map(seed).collect()
}

fn text(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

/// Replaces all numbers and Booleans with text, which an error about them could show. Without any, it replaces all texts with
/// a number.
fn with_other_types(mut body: Value) -> Value {
    if !replace(&mut body, &|value| value.is_number() || value.is_boolean(), &json!("made-up")) {
        replace(&mut body, &Value::is_string, &json!(7));
    }
    body
}

/// Returns `true` if a value was replaced.
fn replace(value: &mut Value, is_replaced: &dyn Fn(&Value) -> bool, with: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().fold(false, |found, item| replace(item, is_replaced, with) | found),
        Value::Object(fields) => {
            fields.values_mut().fold(false, |found, item| replace(item, is_replaced, with) | found)
        }
        _ if is_replaced(value) => {
            *value = with.clone();
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plant::resembles_canary;

    /// Without such seeds a fuzzer would have to guess the fields of each response.
    #[test]
    fn every_operation_has_seeds_that_it_reads_and_one_that_it_rejects() {
        for samples in SAMPLES {
            let seeds = of_operation(samples);
            let read = |name: &str| {
                let seeds = seeds.iter().filter(|(seed, _)| seed.contains(name));
                let inputs = seeds.map(|(seed, bytes)| (seed, bytes, ResponseInput::parse(bytes)));
                let read = inputs.map(|(seed, bytes, input)| {
                    assert_eq!(input.samples.meta.to_string(), samples.meta.to_string(), "{seed}");
                    assert!(!resembles_canary(bytes), "{seed}");
                    (samples.read)(input.response).is_ok()
                });
                read.collect::<Vec<_>>()
            };
            let meta = samples.meta;
            assert!(read("-sample-").iter().all(|read| *read), "{meta} does not read a sample of its responses");
            assert!(!read("-sample-").is_empty(), "{meta} has no sample of a response");
            assert_eq!(read("-cut-off"), [false], "{meta} reads a response that is cut off");
        }
    }

    #[test]
    fn values_get_another_type() {
        assert_eq!(
            with_other_types(json!({"a": [1, "b"], "c": true, "d": null})),
            json!({"a": ["made-up", "b"], "c": "made-up", "d": null})
        );
        assert_eq!(with_other_types(json!(["a", {"b": "c"}])), json!([7, {"b": 7}]));
    }
}
