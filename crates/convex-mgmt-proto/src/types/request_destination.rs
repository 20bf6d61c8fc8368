//! [`RequestDestination`]: the two services of a deployment.

use super::open::open_enum;

open_enum! {
    /// Which of a deployment's two services a URL leads to.
    pub enum RequestDestination {
        /// The API, by default at a `.convex.cloud` URL.
        ConvexCloud = "convexCloud",
        /// The HTTP actions, by default at a `.convex.site` URL.
        ConvexSite = "convexSite",
    }
}
