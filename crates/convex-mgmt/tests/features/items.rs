//! The features that add items and leave the connections of a client as they are.

#[cfg(feature = "dotenv")]
#[test]
fn parses_env_text() {
    let variables =
        convex_mgmt::deployment::environment_variables::EnvironmentVariables::from_dotenv("A=1\nB='2'\n").unwrap();
    assert_eq!(variables.len(), 2);
}

#[cfg(feature = "webhook")]
#[test]
fn verifies_and_reads_deliveries_of_webhooks() {
    use convex_mgmt::webhook::{Signature, Verifier};

    let signature = "sha256=58f17aafbf8427991629e3552fede4bc96af910638e27859edc0a83c005b97f9";
    let signature = Signature::from_values([signature]).unwrap();
    let verifier = Verifier::new(["0123456789abcdef0123456789abcdef"]).unwrap();
    let verified = verifier.verify(&signature, "{\"a\":1}\n{\"b\":2}").unwrap();
    assert_eq!(verified.read().unwrap().len(), 2);
}

#[cfg(feature = "serde-all")]
#[test]
fn requests_deserialize_and_responses_serialize() {
    use convex_mgmt::deployment::usage_limits::{UsageLimit, UsageLimitConfig};
    use serde::Deserialize;
    use serde::de::value::{Error, MapDeserializer};

    fn is_written<T: serde::Serialize>() {}
    is_written::<UsageLimit>();
    let unknown = MapDeserializer::<_, Error>::new([("metric", "functionCalls")].into_iter());
    let error = UsageLimitConfig::deserialize(unknown).unwrap_err();
    assert!(error.to_string().contains("missing field"), "{error}");
}
