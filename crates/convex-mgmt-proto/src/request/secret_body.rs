//! [`Body`]: how types that hold secrets get into a request's body, though they have no `Serialize`.

use serde::{Serialize, Serializer};

/// Writes what `Serialize` would write, for types that hold secrets: they have that only with the feature `serde-all`, so
/// that a secret is not written by accident into a log or a file.
pub(crate) trait Body {
    /// Writes secrets in clear text.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A type that holds secrets, on its way into a request's body.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: Body> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Declares a struct of a request's body that holds secrets. It is written by its `serde` attributes, which stand after the
/// docs: as a [`Body`], and with the feature `serde-all` as any other type.
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
    use crate::types::Secret;

    struct Probe<T>(PhantomData<T>);

    /// Asked last, so that its answer stands for every type without `Serialize`.
    trait CannotBeWritten {
        fn can_be_written(&self) -> bool {
            false
        }
    }

    impl<T> CannotBeWritten for &Probe<T> {}

    impl<T: serde::Serialize> Probe<T> {
        fn can_be_written(&self) -> bool {
            true
        }
    }

    macro_rules! can_be_written {
        ($($name:ty),+ $(,)?) => { [ $( (stringify!($name), (&Probe::<$name>(PhantomData)).can_be_written()) ),+ ] };
    }

    /// All of them are found by `cargo xtask api`; this is the quicker look.
    #[test]
    fn types_that_hold_secrets_cannot_be_written() {
        for (name, can) in can_be_written![
            Secret,
            AxiomUpdate,
            CreateLogStream,
            DatadogUpdate,
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
            UpdateEnvironmentVariables,
            UpdateLogStream,
            WebhookUpdate,
        ] {
            assert!(!can, "{name}");
        }
        // The probe does see what can be written.
        assert_eq!(can_be_written![UsageLimitConfig], [("UsageLimitConfig", true)]);
    }
}
