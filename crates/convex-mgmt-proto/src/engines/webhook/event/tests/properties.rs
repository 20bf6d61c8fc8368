//! Any spelling of an event: order of fields, unknown fields, white space, escapes and framing.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::super::*;
use super::samples;

/// The spelling of one event.
#[derive(Clone, Debug)]
struct Spelling {
    sample: usize,
    /// Sorts the fields.
    order: Vec<u32>,
    /// Names and values of fields that no topic has.
    unknown: Vec<(String, Value)>,
    /// White space around the tokens between fields.
    space: String,
    /// `true` if the first letter of each name is an escape sequence.
    escaped: bool,
}

fn spelling() -> impl Strategy<Value = Spelling> {
    let value = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON", |float| float.is_finite()).prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        Just(serde_json::json!({"topic": "console", "convex": [null, {"timestamp": "]},"}]})),
    ];
    let unknown = vec(("new_[a-z]{1,4}", value), 0..4);
    (0..samples().len(), vec(any::<u32>(), 32), unknown, "[ \t]{0,2}", any::<bool>())
        .prop_map(|(sample, order, unknown, space, escaped)| Spelling { sample, order, unknown, space, escaped })
}

impl Spelling {
    fn text(&self) -> String {
        let sample = &samples()[self.sample];
        let mut fields: Vec<(String, String)> = sample
            .as_object()
            .unwrap()
            .iter()
            .chain(self.unknown.iter().map(|(name, value)| (name, value)))
            .map(|(name, value)| (self.name(name), value.to_string()))
            .collect();
        let mut order = self.order.iter();
        fields.sort_by_cached_key(|_| order.next());
        let space = &self.space;
        let fields: Vec<String> =
            fields.into_iter().map(|(name, value)| format!("{space}{name}{space}:{space}{value}{space}")).collect();
        format!("{{{}}}", fields.join(","))
    }

    fn name(&self, name: &str) -> String {
        let (first, rest) = name.split_at(1);
        if self.escaped { format!("\"\\u{:04x}{rest}\"", first.as_bytes()[0]) } else { format!("\"{name}\"") }
    }
}

/// The events of a body, with their errors as texts.
fn kinds(body: String) -> Vec<Result<EventKind, usize>> {
    let batch = read(&Bytes::from(body)).unwrap();
    batch.into_iter().map(|event| event.map(Event::into_kind).map_err(|error| error.index())).collect()
}

proptest! {
    #[test]
    fn an_event_is_the_same_in_every_spelling_and_framing(spellings in vec(spelling(), 1..6)) {
        let texts: Vec<String> = spellings.iter().map(Spelling::text).collect();
        let samples: Vec<Event> =
            spellings.iter().map(|one| Event::parse(samples()[one.sample].to_string()).unwrap()).collect();
        for body in [format!("[{}]", texts.join(",")), texts.join("\n")] {
            let batch = read(&Bytes::from(body)).unwrap();
            prop_assert_eq!(batch.len(), texts.len());
            for ((event, text), sample) in batch.iter().zip(&texts).zip(&samples) {
                let event = event.as_ref().unwrap();
                prop_assert_eq!(event.as_str(), text);
                prop_assert_eq!(event.kind(), sample.kind());
                prop_assert_eq!(event.timestamp(), sample.timestamp());
                prop_assert_eq!(event.deployment(), sample.deployment());
                let alone = Event::parse(text.clone()).unwrap();
                prop_assert_eq!(alone.kind(), sample.kind());
            }
        }
    }

    #[test]
    fn an_event_without_a_field_is_an_error_in_its_place(
        spellings in vec(spelling(), 1..6), place in any::<prop::sample::Index>(), name in any::<prop::sample::Index>(),
    ) {
        let place = place.index(spellings.len());
        let mut texts: Vec<String> = spellings.iter().map(Spelling::text).collect();
        let mut broken = samples()[spellings[place].sample].clone();
        // Every field of these topics is required; of the others, those that all events have.
        let required = ["timestamp", "topic", "convex"];
        let name = required[name.index(3)];
        broken.as_object_mut().unwrap().remove(name);
        texts[place] = broken.to_string();
        let good: Vec<_> = spellings
            .iter()
            .enumerate()
            .map(|(index, one)| {
                let event = || Event::parse(samples()[one.sample].to_string()).unwrap().into_kind();
                if index == place { Err(index) } else { Ok(event()) }
            })
            .collect();
        prop_assert_eq!(kinds(format!("[{}]", texts.join(","))), good.clone());
        prop_assert_eq!(kinds(texts.join("\n")), good);
    }

    #[test]
    fn both_framings_of_any_json_agree(values in vec(prop_oneof![
        Just("{}".to_owned()), Just("1".to_owned()), Just("[[]]".to_owned()), Just("\"a\\n\"".to_owned()),
        spelling().prop_map(|one| one.text()),
    ], 0..6)) {
        // Lines begin with an object.
        let values: Vec<String> = std::iter::once("{}".to_owned()).chain(values).collect();
        prop_assert_eq!(kinds(format!("[{}]", values.join(" , "))), kinds(values.join("\r\n")));
    }
}
