//! [`DeploymentType`] and [`RequestDestination`]: the purpose of a cloud deployment, and the two services of a deployment.

use super::open::open_enum;

open_enum! {
    /// The purpose of a cloud deployment.
    pub enum DeploymentType {
        /// Development by one developer.
        Dev = "dev",
        /// Production.
        Prod = "prod",
        /// A preview, for example of a branch.
        Preview = "preview",
        /// Any other purpose.
        Custom = "custom",
    }
}

open_enum! {
    /// The service of a deployment that a URL leads to.
    pub enum RequestDestination {
        /// The API, by default at a `.convex.cloud` URL.
        ConvexCloud = "convexCloud",
        /// The HTTP actions, by default at a `.convex.site` URL.
        ConvexSite = "convexSite",
    }
}
