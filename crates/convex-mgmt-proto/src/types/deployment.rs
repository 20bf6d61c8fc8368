//! [`DeploymentType`], [`DeploymentClass`], [`Region`] and [`RequestDestination`]: the purpose, the size and the place of a cloud
//! deployment, and its services.

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
    /// The class of a cloud deployment, which sets its resources. The document does not say what the names mean.
    pub enum DeploymentClass {
        /// The class `s16`.
        S16 = "s16",
        /// The class `s256`.
        S256 = "s256",
        /// The class `d1024`.
        D1024 = "d1024",
        /// The class `d2048`.
        D2048 = "d2048",
    }
}

open_enum! {
    /// The region that hosts a deployment. A server outside the cloud may name another one, such as `local`.
    pub enum Region {
        /// AWS, North Virginia.
        AwsUsEast1 = "aws-us-east-1",
        /// AWS, Ireland.
        AwsEuWest1 = "aws-eu-west-1",
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
