//! [`Place`]: the deployment that a program uses.

use std::error::Error;

use convex_mgmt::{Credential, DeploymentApi, Endpoint};
use convex_mgmt_fake::{Fake, FakeServer, Fault, Plan, Value};

/// The key of the embedded deployment. Made up.
const KEY: &str = "happy-animal-123|01c0ffee";

/// A real deployment, or an embedded one in memory, which a thread of its own serves.
pub(crate) struct Place {
    pub(crate) endpoint: Endpoint<DeploymentApi>,
    /// Serves until the end of the program.
    embedded: Option<FakeServer>,
}

impl Place {
    /// Uses the deployment of the variables `CONVEX_URL` and `CONVEX_DEPLOY_KEY`, or starts an embedded one.
    pub(crate) fn from_env() -> Result<Self, Box<dyn Error>> {
        let Ok(url) = std::env::var("CONVEX_URL") else { return Self::embedded() };
        let key = std::env::var("CONVEX_DEPLOY_KEY").map_err(|_| "CONVEX_URL requires CONVEX_DEPLOY_KEY")?;
        Ok(Self { endpoint: Endpoint::new(&url, &Credential::parse(&key)?)?, embedded: None })
    }

    fn embedded() -> Result<Self, Box<dyn Error>> {
        let fake = Fake::builder("happy-animal-123").admin_key(KEY).plan(Plan::default()).variable("GREETING", "hi");
        let fake = fake.build();
        for name in ["ada", "grace"] {
            let document = Value::document(serde_json::json!({ "name": name }));
            fake.commit(|tables| tables.insert("", "users", document.clone()));
        }
        // The first call of a program is repeated.
        fake.fault(Fault::status(503));
        let server = fake.serve_in_background("127.0.0.1:0")?;
        let endpoint = Endpoint::new(&server.url(), &Credential::parse(KEY)?)?;
        Ok(Self { endpoint, embedded: Some(server) })
    }

    /// Returns the line of the deployment for the output of a program.
    pub(crate) fn headline(&self) -> String {
        let kind = if self.embedded.is_some() { " (embedded, in memory)" } else { "" };
        format!("deployment: {}{kind}\n", self.endpoint.url())
    }
}
