//! Listing environment variables.

use super::variables::EnvironmentVariables;

deployment_operation! {
    /// Lists all environment variables of the deployment, in clear text and ordered by name. Built-in variables are not listed.
    ///
    /// ```
    /// use convex_mgmt::Operation;
    /// use convex_mgmt::deployment::ListEnvironmentVariables;
    ///
    /// let body = r#"{"environmentVariables":{"GREETING":"hello"}}"#;
    /// let variables = ListEnvironmentVariables::decode(&body.into())?;
    /// assert_eq!(variables.get("GREETING").map(|value| value.expose()), Some("hello"));
    /// assert!(!format!("{variables:?}").contains("hello"));
    /// # Ok::<(), convex_mgmt::DecodeError>(())
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct ListEnvironmentVariables {}

    id: "list_environment_variables",
    request: GET "/list_environment_variables",
    response: field("environmentVariables", EnvironmentVariables),
    idempotency: Safe,
    permission: "deployment:env:view",
    flags: [secret_response],
    codes: [],
}

impl ListEnvironmentVariables {
    /// Creates the request. It has no parameters.
    pub fn new() -> Self {
        Self::default()
    }
}

#[cfg(feature = "samples")]
impl crate::operation::sample::Sample for ListEnvironmentVariables {
    fn requests() -> Vec<Self> {
        vec![Self::new()]
    }

    const REMOVABLE: &'static [&'static str] = &["A"];

    fn responses() -> Vec<serde_json::Value> {
        vec![serde_json::json!({ "environmentVariables": {"A": "1"} })]
    }
}
