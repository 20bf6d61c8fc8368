//! [`Body`]: writes types with secrets into a request's body, although they have no public `Serialize`.

use serde::{Serialize, Serializer};

/// A crate-private `Serialize` for types with secrets. They implement the public one only with the feature `serde-all`, so that a
/// secret does not get into a log or a file by accident.
pub(crate) trait Body {
    /// Serializes the value, with secrets in clear text.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A wrapper that serializes a [`Body`] into a request.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: Body> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Declares a struct of a request's body with secrets. Its `serde` attributes follow the docs. They apply to [`Body`], and with
/// the feature `serde-all` also to the public derives.
macro_rules! secret_body {
    (
        $(#[doc = $doc:expr])*
        #[derive($($derive:ident),+)]
        $(#[serde($($serde:tt)*)])*
        pub struct $name:ident {
            $(
                $(#[doc = $field_doc:expr])*
                $(#[serde($($field_serde:tt)*)])*
                pub $field:ident: $content:ty,
            )+
        }
    ) => {
        $(#[doc = $doc])*
        #[derive($($derive),+)]
        #[cfg_attr(feature = "serde-all", derive(serde::Deserialize, serde::Serialize))]
        $(#[cfg_attr(feature = "serde-all", serde($($serde)*))])*
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[doc = $field_doc])*
                $(#[cfg_attr(feature = "serde-all", serde($($field_serde)*))])*
                pub $field: $content,
            )+
        }

        const _: () = {
            type Public = $name;

            #[derive(serde::Serialize)]
            #[serde(remote = "Public")]
            $(#[serde($($serde)*)])*
            struct Fields {
                $( $(#[serde($($field_serde)*)])* $field: $content, )+
            }

            impl crate::request::secret_body::Body for $name {
                fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    Fields::serialize(self, serializer)
                }
            }
        };
    };
}

pub(crate) use secret_body;

#[cfg(all(test, not(feature = "serde-all")))]
mod tests {
    use std::marker::PhantomData;

    use crate::deployment::environment_variables::{EnvironmentVariableChange, EnvironmentVariables};
    use crate::deployment::log_streams::{
        AxiomUpdate, DatadogUpdate, LogStream, LogStreamUpdate, NewAxiom, NewDatadog, NewLogStream,
        NewPostHogErrorTracking, NewPostHogLogs, NewSentry, NewWebhook, PostHogErrorTrackingUpdate, PostHogLogsUpdate,
        SentryUpdate, WebhookUpdate,
    };
    use crate::deployment::usage_limits::UsageLimitConfig;
    use crate::deployment::{CreateLogStream, UpdateEnvironmentVariables, UpdateLogStream};
    use crate::management::UpdateDefaultEnvironmentVariables;
    use crate::management::access_tokens::{CreatedPersonalAccessToken, CreatedTeamAccessToken, TokenSelector};
    use crate::management::default_environment_variables::{
        DefaultEnvironmentVariable, DefaultEnvironmentVariableChange, DefaultEnvironmentVariables,
    };
    use crate::management::deploy_keys::CreatedDeployKey;
    use crate::management::preview_deploy_keys::CreatedPreviewDeployKey;
    use crate::types::Secret;

    struct Probe<T>(PhantomData<T>);

    /// The fallback of method resolution, for every type without `Serialize`.
    trait NotSerializable {
        fn is_serializable(&self) -> bool {
            false
        }
    }

    impl<T> NotSerializable for &Probe<T> {}

    impl<T: serde::Serialize> Probe<T> {
        fn is_serializable(&self) -> bool {
            true
        }
    }

    macro_rules! is_serializable {
        ($($name:ty),+ $(,)?) => { [ $( (stringify!($name), (&Probe::<$name>(PhantomData)).is_serializable()) ),+ ] };
    }

    /// `cargo xtask api` finds all such types. This test is faster.
    #[test]
    fn types_with_secrets_are_not_serializable() {
        for (name, can) in is_serializable![
            Secret,
            AxiomUpdate,
            CreateLogStream,
            CreatedDeployKey,
            CreatedPersonalAccessToken,
            CreatedPreviewDeployKey,
            CreatedTeamAccessToken,
            DatadogUpdate,
            DefaultEnvironmentVariable,
            DefaultEnvironmentVariableChange,
            DefaultEnvironmentVariables,
            EnvironmentVariableChange,
            EnvironmentVariables,
            LogStream,
            LogStreamUpdate,
            NewAxiom,
            NewDatadog,
            NewLogStream,
            NewPostHogErrorTracking,
            NewPostHogLogs,
            NewSentry,
            NewWebhook,
            PostHogErrorTrackingUpdate,
            PostHogLogsUpdate,
            SentryUpdate,
            UpdateDefaultEnvironmentVariables,
            TokenSelector,
            UpdateEnvironmentVariables,
            UpdateLogStream,
            WebhookUpdate,
        ] {
            assert!(!can, "{name}");
        }
        // The probe recognizes a serializable type.
        assert_eq!(is_serializable![UsageLimitConfig], [("UsageLimitConfig", true)]);
    }
}
