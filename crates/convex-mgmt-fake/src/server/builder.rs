//! [`FakeBuilder`]: the deployment before the first request.

use std::sync::Arc;
use std::time::Duration;

use crate::control::Fake;
use crate::deployment::{EnvironmentVariables, register_hooks};
use crate::state::{AccessTokens, Clock, Deployment, Knobs, Plan, Shared};

/// Builds a [`Fake`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct FakeBuilder(Deployment);

impl Fake {
    /// Creates a builder of a deployment with this name and without keys.
    pub fn builder(name: impl Into<String>) -> FakeBuilder {
        FakeBuilder(Deployment::new(name.into()))
    }
}

impl FakeBuilder {
    /// Adds an admin key with all permissions, such as `happy-animal-123|01abcd`. It must name the deployment.
    pub fn admin_key(mut self, key: impl Into<String>) -> Self {
        self.0.keys.full.push(key.into());
        self
    }

    /// Adds a read-only admin key. It must name the deployment.
    pub fn read_only_key(mut self, key: impl Into<String>) -> Self {
        self.0.keys.read_only.push(key.into());
        self
    }

    /// Adds a system key, which is not subject to permissions. It must name the deployment.
    pub fn system_key(mut self, key: impl Into<String>) -> Self {
        self.0.keys.system.push(key.into());
        self
    }

    /// Adds a cloud token that permits these actions, or everything if there are none.
    pub fn token<A: Into<String>>(mut self, key: impl Into<String>, actions: impl IntoIterator<Item = A>) -> Self {
        self.0.keys.tokens.push(Some((key.into(), actions.into_iter().map(Into::into).collect())));
        self
    }

    /// Adds the JWT of an end user.
    pub fn end_user(mut self, jwt: impl Into<String>) -> Self {
        self.0.keys.end_users.push(jwt.into());
        self
    }

    /// Sets an environment variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables().values.insert(name.into(), value.into());
        self
    }

    /// Declares a variable as required by the deployed app.
    pub fn required_variable(mut self, name: impl Into<String>) -> Self {
        self.variables().required.insert(name.into());
        self
    }

    /// Declares the only values of a variable that the deployed app accepts.
    pub fn accepted_values<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.variables().accepted.insert(name.into(), values.into_iter().map(Into::into).collect());
        self
    }

    /// Declares a variable as one that the auth config of the deployed app reads.
    pub fn auth_config_variable(mut self, name: impl Into<String>) -> Self {
        self.variables().auth_config.insert(name.into());
        self
    }

    /// Sets the server's limits, intervals and page sizes. Defaults to those of the real server.
    pub fn knobs(mut self, knobs: Knobs) -> Self {
        self.0.knobs = knobs;
        self
    }

    /// Makes the deployment a cloud deployment. The default is a self-hosted one.
    pub fn plan(mut self, plan: Plan) -> Self {
        self.0.plan = Some(plan);
        self
    }

    /// Connects the deployment to a control plane, which checks the tokens that the deployment does not know.
    pub(crate) fn control_plane(
        mut self,
        tokens: Arc<dyn AccessTokens>,
        clock: Clock,
        routable_from: Duration,
    ) -> Self {
        self.0.access_tokens = Some(tokens);
        self.0.clock = clock;
        self.0.routable_from = routable_from;
        self
    }

    /// Builds the fake.
    pub fn build(mut self) -> Fake {
        register_hooks(&mut self.0);
        Fake { state: Shared::new(self.0), router: Arc::default() }
    }

    fn variables(&mut self) -> &mut EnvironmentVariables {
        self.0.topics.of()
    }
}
