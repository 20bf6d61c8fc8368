//! [`DeploymentType`]: the purpose of a cloud deployment.

use super::open::open_enum;

open_enum! {
    /// What a cloud deployment is for.
    pub enum DeploymentType {
        /// A developer's.
        Dev = "dev",
        /// Production.
        Prod = "prod",
        /// A preview, such as of a branch.
        Preview = "preview",
        /// Anything else.
        Custom = "custom",
    }
}
