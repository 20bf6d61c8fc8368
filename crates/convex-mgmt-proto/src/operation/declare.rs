//! The `operation!` macro: declares an operation once, for its metadata, its request, its response and its docs.

use std::borrow::Cow;

use crate::error::BuildError;
use crate::request::RequestEncoder;

/// A value that can be part of a URL.
pub(crate) trait UrlText {
    fn url_text(&self) -> Cow<'_, str>;
}

impl UrlText for String {
    fn url_text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl UrlText for u32 {
    fn url_text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

impl UrlText for crate::types::UnixMillis {
    fn url_text(&self) -> Cow<'_, str> {
        self.0.to_string().into()
    }
}

macro_rules! text_ids {
    ($($id:ident),+) => { $(
        impl UrlText for crate::types::$id {
            fn url_text(&self) -> Cow<'_, str> {
                self.as_str().into()
            }
        }
    )+ };
}

text_ids! { LogStreamId, UsageLimitId }

/// A value of the query. `None` is left out.
pub(crate) trait QueryValue {
    fn encode(&self, name: &'static str, request: &mut RequestEncoder) -> Result<(), BuildError>;
}

impl<T: UrlText> QueryValue for T {
    fn encode(&self, name: &'static str, request: &mut RequestEncoder) -> Result<(), BuildError> {
        request.query(name, &self.url_text())
    }
}

impl<T: UrlText> QueryValue for Option<T> {
    fn encode(&self, name: &'static str, request: &mut RequestEncoder) -> Result<(), BuildError> {
        self.as_ref().map_or(Ok(()), |value| value.encode(name, request))
    }
}

/// Declares an operation once: its struct, its [`Operation`](crate::Operation), and the part of its docs that follows from
/// both. Each API wraps it in a macro of its own, which fills in what all its operations have in common.
///
/// ```text
/// /// Deletes a usage limit.                     docs and derives of the struct
/// #[derive(Clone, Debug, PartialEq, Eq)]
/// pub struct DeleteUsageLimit {
///     /// The usage limit.
///     pub id: UsageLimitId,
/// }
///
/// id: "delete_usage_limit",                      the id in the published document, with `_` for spaces
/// request: POST "/delete_usage_limit/{id}",
/// path: [id],                                    optional: the fields for the placeholders, in their order
/// query: [limit, cursor],                        optional: the fields for the query parameters of the same names
/// body: |it| it,                                 optional: the value that is serialized
/// response: empty(),                             or `object(T)`, `list(T)`, `field("name", T)`, `page("name", T)`,
///                                                `custom(T, decode_function)`
/// paging: Query,                                 optional
/// idempotency: Idempotent,
/// permission: "deployment:usageLimits:write",    optional
/// not_found: UsageLimitNotFound,                 optional
/// verify_with: ListUsageLimits,                  optional
/// flags: [secret_request, large_response],       optional: further builder methods of `OperationMeta`
/// codes: [InvalidId, UsageLimitNotFound],        besides the codes that every operation has
/// check: |it| it.config.check(),                 optional
/// ```
///
/// The struct may have one generic parameter with a bound and a default: `pub struct CreateLogStream<S: NewStream = NewLogStream>`.
/// The response may depend on it: `object(S::Created)`. The registry and the samples cover the instance with the default.
macro_rules! operation {
    (
        api: $api:ident $prefix:literal,
        credentials: [$first_class:ident $(, $class:ident)*],

        $(#[$meta:meta])*
        pub struct $name:ident $(<$generic:ident: $bound:path = $default:ty>)? { $($fields:tt)* }

        id: $id:literal,
        request: $method:ident $path:literal,
        $(path: [$($path_field:ident),+],)?
        $(query: [$($query_field:ident),+],)?
        $(body: |$sent:ident| $body:expr,)?
        response: $response:ident $response_args:tt,
        $(paging: $paging:ident,)?
        idempotency: $idempotency:ident,
        $(permission: $permission:literal,)?
        $(not_found: $not_found:ident,)?
        $(verify_with: $verify_with:ident,)?
        $(flags: [$($flag:ident),+],)?
        codes: [$($code:ident),*],
        $(check: |$checked:ident| $check:expr,)?
    ) => {
        $(#[$meta])*
        ///
        /// # Operation
        ///
        #[doc = concat!("* Request: `", stringify!($method), " ", $prefix, $path, "`")]
        #[doc = concat!("* Idempotency: ", crate::operation::declare::idempotency_text!($idempotency))]
        $(#[doc = concat!(
            "* If the object does not exist: [`", stringify!($not_found), "`](crate::ErrorCode::", stringify!($not_found), "). ",
            "If an earlier attempt may have deleted it, the call succeeds with ",
            "[`Reply::already_deleted`](crate::Reply::already_deleted)."
        )])?
        $(#[doc = concat!("* If the outcome is unknown: [`", stringify!($verify_with), "`] shows the current state.")])?
        #[doc = concat!(
            "* Credentials: ", crate::operation::declare::class_text!($first_class),
            $(", ", crate::operation::declare::class_text!($class),)*
            "."
        )]
        #[doc = concat!("* Permission of a restricted credential: ", crate::operation::declare::permission_text!($($permission)?), ".")]
        #[doc = concat!("* Response: ", crate::operation::declare::response_text!($response $response_args))]
        #[doc = concat!("* Error codes: ", crate::operation::declare::codes_text!($($code),*), ".")]
        #[non_exhaustive]
        pub struct $name $(<$generic: $bound = $default>)? { $($fields)* }

        impl $(<$generic: $bound>)? crate::operation::Operation for $name $(<$generic>)? {
            type Api = crate::metadata::$api;
            type Output = crate::operation::declare::response_type!($response $response_args);
            const META: &'static crate::metadata::OperationMeta = &crate::operation::declare::response_meta!(
                $response,
                crate::metadata::OperationMeta::new::<crate::metadata::$api>(
                    $id,
                    http::Method::$method,
                    $path,
                    crate::metadata::Idempotency::$idempotency,
                )
                .credentials(&[
                    crate::metadata::CredentialClass::$first_class,
                    $(crate::metadata::CredentialClass::$class,)*
                ])
                $(.query(&[$(stringify!($query_field)),+]))?
                $(.paging(crate::metadata::Paging::$paging))?
                $(.permission($permission))?
                $(.not_found_code(&crate::error::ErrorCode::$not_found))?
                $(.verify_with(<$verify_with as crate::operation::Operation>::META))?
                $($(.$flag())+)?
                .codes(&[$(crate::error::ErrorCode::$code),*])
            );

            $(
                fn check(&self) -> Result<(), crate::error::Violations> {
                    let $checked = self;
                    $check
                }
            )?

            fn encode(&self, request: &mut crate::request::RequestEncoder) -> Result<(), crate::error::BuildError> {
                $($(
                    let text = crate::operation::declare::UrlText::url_text(&self.$path_field);
                    request.path(stringify!($path_field), &text)?;
                )+)?
                $($(
                    crate::operation::declare::QueryValue::encode(&self.$query_field, stringify!($query_field), request)?;
                )+)?
                $(
                    let $sent = self;
                    request.json($body)?;
                )?
                let _ = request;
                Ok(())
            }

            fn decode(body: &bytes::Bytes) -> Result<Self::Output, crate::response::DecodeError> {
                crate::operation::declare::response_decode!(body, $response $response_args)
            }
        }

        crate::operation::declare::response_items! { $name, $response $response_args }

        #[cfg(all(feature = "samples", feature = "serde-all"))]
        impl crate::operation::sample::EncodeOutput for $name {
            fn encode_output(output: &Self::Output) -> serde_json::Result<String> {
                crate::operation::declare::response_encode!(output, $response $response_args)
            }
        }
    };
}

macro_rules! idempotency_text {
    (Safe) => {
        "safe. The call changes nothing and is retried."
    };
    (Idempotent) => {
        "idempotent. The call is retried, even when its outcome is unknown."
    };
    (NonIdempotent) => {
        "not idempotent. The call is retried only when the server provably did not execute it."
    };
}

macro_rules! class_text {
    (DeployKey) => {
        "deploy key"
    };
    (PersonalToken) => {
        "personal access token"
    };
    (TeamToken) => {
        "team access token"
    };
    (OAuthTeamToken) => {
        "OAuth token of a team"
    };
    (OAuthProjectToken) => {
        "OAuth token of a project"
    };
}

macro_rules! permission_text {
    () => {
        "none needed"
    };
    ($permission:literal) => {
        concat!("`", $permission, "`")
    };
}

macro_rules! codes_text {
    () => {
        "only the [general ones](crate::ErrorCode)"
    };
    ($($code:ident),+) => {
        concat!(
            $("[`", stringify!($code), "`](crate::ErrorCode::", stringify!($code), "), ",)+
            "and the [general ones](crate::ErrorCode)"
        )
    };
}

macro_rules! response_text {
    (empty()) => {
        "no body."
    };
    (list($item:ty)) => {
        concat!("a list of `", stringify!($item), "`.")
    };
    (page($name:literal, $item:ty)) => {
        concat!("a [`Page`](crate::Page) of `", stringify!($item), "`.")
    };
    (field($name:literal, $output:ty)) => {
        concat!("`", stringify!($output), "`.")
    };
    ($kind:ident($output:ty $(, $decode:path)?)) => {
        concat!("`", stringify!($output), "`.")
    };
}

macro_rules! response_type {
    (empty()) => { () };
    (list($item:ty)) => { Vec<$item> };
    (page($name:literal, $item:ty)) => { crate::operation::Page<$item> };
    (field($name:literal, $output:ty)) => { $output };
    ($kind:ident($output:ty $(, $decode:path)?)) => { $output };
}

macro_rules! response_meta {
    (empty, $meta:expr) => {
        $meta.empty_response()
    };
    ($kind:ident, $meta:expr) => {
        $meta
    };
}

macro_rules! response_decode {
    ($body:ident, empty()) => {
        crate::response::decode::nothing($body)
    };
    ($body:ident, object($output:ty)) => {
        crate::response::decode::object($body)
    };
    ($body:ident, list($item:ty)) => {
        crate::response::decode::list($body)
    };
    ($body:ident, field($name:literal, $output:ty)) => {{
        #[derive(serde::Deserialize)]
        struct Envelope {
            #[serde(rename = $name)]
            output: $output,
        }
        Ok(crate::response::decode::object::<Envelope>($body)?.output)
    }};
    ($body:ident, page($name:literal, $item:ty)) => {{
        #[derive(serde::Deserialize)]
        struct Envelope {
            #[serde(rename = $name)]
            items: Vec<$item>,
            pagination: crate::operation::paging::Pagination,
        }
        let page = crate::response::decode::object::<Envelope>($body)?;
        Ok(crate::operation::Page::new(page.items, page.pagination.next()))
    }};
    ($body:ident, custom($output:ty, $decode:path)) => {
        $decode($body)
    };
}

#[cfg(all(feature = "samples", feature = "serde-all"))]
macro_rules! response_encode {
    ($output:ident, empty()) => {{
        let () = $output;
        Ok(String::new())
    }};
    ($output:ident, field($name:literal, $type:ty)) => {
        Ok(format!("{{\"{}\":{}}}", $name, serde_json::to_string($output)?))
    };
    ($output:ident, page($name:literal, $item:ty)) => {{
        let items = serde_json::to_string(&$output.items)?;
        let pagination = crate::operation::paging::Pagination::new($output.next_cursor.clone());
        Ok(format!("{{\"{}\":{items},\"pagination\":{}}}", $name, serde_json::to_string(&pagination)?))
    }};
    ($output:ident, $kind:ident $args:tt) => {
        serde_json::to_string($output)
    };
}

macro_rules! response_items {
    ($name:ident, page($field:literal, $item:ty)) => {
        impl crate::operation::Paged for $name {
            type Item = $item;

            fn cursor(&self) -> Option<&str> {
                self.cursor.as_deref()
            }

            fn set_cursor(&mut self, cursor: String) {
                self.cursor = Some(cursor);
            }
        }
    };
    ($name:ident, $kind:ident $args:tt) => {};
}

#[cfg(all(feature = "samples", feature = "serde-all"))]
pub(crate) use response_encode;
pub(crate) use {
    class_text, codes_text, idempotency_text, operation, permission_text, response_decode, response_items,
    response_meta, response_text, response_type,
};
