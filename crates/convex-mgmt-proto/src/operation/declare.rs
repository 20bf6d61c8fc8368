//! The `operation!` macro: declares an operation once, for its metadata, its request, its response and its docs.

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
/// query: [limit, sort_by as "sortBy"],           optional: the fields for the query parameters, with `as` if their names differ;
///                                                or methods of a field: `selector.reference() as "reference"`
/// body: |it| it,                                 optional: the value that is serialized
/// body_text: |it, json| json.push(b"{}"),        optional: instead of `body`, for large bodies with secrets
/// response: empty(),                             or `object(T)`, `list(T)`, `field("name", T)`, `page("name", T)`,
///                                                `custom(T, decode_function)`
/// paging: Query,                                 optional: `Paged`, for a `page` whose request has a `cursor`
/// idempotency: Idempotent,
/// credentials: [PersonalToken],                  optional if the API's macro has credentials for all operations
/// permission: "deployment:usageLimits:write",    optional
/// not_found: UsageLimitNotFound,                 optional
/// verify_with: ListUsageLimits,                  optional
/// destroys: "the usage limit",                   optional: the loss that the call causes, as a clause
/// destroys_if: |it| it.replaces,                 optional: the requests that may cause this loss. Without it every request does
/// flags: [secret_request, large_response],       optional: further builder methods of `OperationMeta`
/// codes: [InvalidId, UsageLimitNotFound],        besides the codes that every operation has
/// check: |it| it.config.check(),                 optional
/// check_for: |it, endpoint| Ok(()),              optional: the rules that depend on the endpoint's credential
/// ```
///
/// The struct may have one generic parameter with a bound and a default: `pub struct CreateLogStream<S: NewStream = NewLogStream>`.
/// The response may depend on it: `object(S::Created)`. The registry and the samples cover the instance with the default.
macro_rules! operation {
    (
        api: $api:ident,
        $(credentials: $all_classes:tt,)?

        $(#[$meta:meta])*
        pub struct $name:ident $(<$generic:ident: $bound:path = $default:ty>)? { $($fields:tt)* }

        id: $id:literal,
        request: $method:ident $path:literal,
        $(path: [$($path_field:ident $(as $path_name:literal)?),+],)?
        $(query: [$($query_field:ident $(.$query_part:ident())? $(as $query_name:literal)?),+],)?
        $(body: |$sent:ident| $body:expr,)?
        $(body_text: |$written:ident, $text:ident| $write:expr,)?
        response: $response:ident $response_args:tt,
        $(paging: $paging:ident,)?
        idempotency: $idempotency:ident,
        $(credentials: $classes:tt,)?
        $(permission: $permission:literal,)?
        $(not_found: $not_found:ident,)?
        $(verify_with: $verify_with:ident,)?
        $(destroys: $destroys:literal,)?
        $(destroys_if: |$destroying:ident| $destroys_if:expr,)?
        $(flags: [$($flag:ident),+],)?
        codes: [$($code:ident),*],
        $(check: |$checked:ident| $check:expr,)?
        $(check_for: |$checked_for:ident, $endpoint:ident| $check_for:expr,)?
    ) => {
        $(#[$meta])*
        ///
        /// # Operation
        ///
        #[doc = concat!("* Request: `", stringify!($method), " ", crate::metadata::prefix!($api), $path, "`")]
        #[doc = concat!("* Idempotency: ", crate::operation::declare::idempotency_text!($idempotency))]
        $(#[doc = concat!(
            "* If the object does not exist: [`", stringify!($not_found), "`](crate::ErrorCode::", stringify!($not_found), "). ",
            "If an earlier attempt may have deleted it, the call succeeds with ",
            "[`Reply::already_deleted`](crate::Reply::already_deleted)."
        )])?
        $(#[doc = concat!("* If the outcome is unknown: [`", stringify!($verify_with), "`] shows the current state.")])?
        $(#[doc = concat!("* Destructive. It destroys: ", $destroys, ".")])?
        $(#[doc = crate::operation::declare::destroys_if_text!($destroying)])?
        #[doc = concat!(
            "* Credentials: ", crate::operation::declare::credentials!(text $($classes)? $($all_classes)?),
            "."
        )]
        #[doc = concat!("* Permission of a restricted credential: ", crate::operation::declare::permission_text!($api $($permission)?), ".")]
        #[doc = concat!("* Response: ", crate::operation::declare::response_text!($response $response_args))]
        #[doc = concat!("* Error codes: ", crate::operation::declare::codes_text!($api $($code),*), ".")]
        #[non_exhaustive]
        pub struct $name $(<$generic: $bound = $default>)? { $($fields)* }

        impl $(<$generic: $bound>)? crate::operation::Operation for $name $(<$generic>)? {
            type Api = crate::metadata::$api;
            type Output = crate::operation::declare::response_type!($response $response_args);
            const META: &'static crate::metadata::OperationMeta = {
                // A static, because the compiler may copy the value of a constant to each place that uses it.
                static META: crate::metadata::OperationMeta = crate::operation::declare::response_meta!(
                    $response,
                    crate::metadata::OperationMeta::new::<crate::metadata::$api>(
                        $id,
                        http::Method::$method,
                        $path,
                        crate::metadata::Idempotency::$idempotency,
                    )
                    .parsed_path(|| const {
                        http::uri::PathAndQuery::from_static(concat!(crate::metadata::prefix!($api), $path))
                    })
                    .credentials(crate::operation::declare::credentials!(list $($classes)? $($all_classes)?))
                    $(.query(&[$(crate::operation::declare::name!($query_field $($query_name)?)),+]))?
                    $(.paging(crate::metadata::Paging::$paging))?
                    $(.permission($permission))?
                    $(.not_found_code(&crate::error::ErrorCode::$not_found))?
                    $(.verify_with(<$verify_with as crate::operation::Operation>::META))?
                    $(.destroys($destroys))?
                    $($(.$flag())+)?
                    .codes(&[$(crate::error::ErrorCode::$code),*])
                );
                &META
            };

            $(
                #[inline]
                fn is_destructive(&self) -> bool {
                    let $destroying = self;
                    $destroys_if
                }
            )?

            $(
                #[inline]
                fn check(&self) -> Result<(), crate::error::Violations> {
                    let $checked = self;
                    $check
                }
            )?

            $(
                #[inline]
                fn check_for(
                    &self,
                    $endpoint: &crate::request::Endpoint<Self::Api>,
                ) -> Result<(), crate::error::Violations> {
                    let $checked_for = self;
                    $check_for
                }
            )?

            #[inline]
            fn encode(&self, request: &mut crate::request::RequestEncoder) -> Result<(), crate::error::BuildError> {
                $($(
                    let text = crate::types::url::UrlText::url_text(&self.$path_field);
                    request.path(crate::operation::declare::name!($path_field $($path_name)?), &text)?;
                )+)?
                $($(
                    if let Some(text) = crate::types::url::QueryValue::query_text(&self.$query_field$(.$query_part())?) {
                        request.query(crate::operation::declare::name!($query_field $($query_name)?), &text)?;
                    }
                )+)?
                $(
                    let $sent = self;
                    request.json($body)?;
                )?
                $(
                    let $written = self;
                    request.json_text(|$text| $write)?;
                )?
                let _ = request;
                Ok(())
            }

            #[inline]
            fn decode(body: &bytes::Bytes) -> Result<Self::Output, crate::response::DecodeError> {
                crate::operation::declare::response_decode!(body, $response $response_args)
            }
        }

        $(crate::operation::declare::paged! { $paging $name, $response $response_args })?

        #[cfg(feature = "samples")]
        impl crate::operation::sample::EncodeOutput for $name {
            #[cfg(feature = "serde-all")]
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

/// A bullet for an operation that destroys something with some of its requests only.
macro_rules! destroys_if_text {
    ($operation:ident) => {
        "* [`is_destructive`](crate::Operation::is_destructive) returns `false` for a request that destroys nothing."
    };
}

/// The name of a parameter: the name of its field, or the literal after it.
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

/// The credentials of an operation, as text or as a list. The operation's own come first and replace those of the API.
macro_rules! credentials {
    ($form:ident) => {
        compile_error!("`credentials: [...]` is missing: this API has no credentials for all operations")
    };
    (text [] $($of_the_api:tt)?) => {
        "not published"
    };
    (text [$first:ident $(, $class:ident)*] $($of_the_api:tt)?) => {
        concat!(
            crate::metadata::class_text!($first),
            $(", ", crate::metadata::class_text!($class)),*
        )
    };
    (list [$($class:ident),*] $($of_the_api:tt)?) => {
        &[$(crate::metadata::CredentialClass::$class),*]
    };
}

macro_rules! permission_text {
    (DeploymentApi) => {
        "none needed"
    };
    (ManagementApi) => {
        "not published"
    };
    ($api:ident $permission:literal) => {
        concat!("`", $permission, "`")
    };
}

macro_rules! codes_text {
    (DeploymentApi) => {
        "only the [general ones](crate::ErrorCode)"
    };
    (ManagementApi) => {
        "inferred, only the [general ones](crate::ErrorCode)"
    };
    (ManagementApi $first:ident $(, $code:ident)*) => {
        concat!("inferred, ", crate::operation::declare::codes_text!(DeploymentApi $first $(, $code)*))
    };
    (DeploymentApi $($code:ident),+) => {
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

/// Implements [`Paged`](crate::Paged) for an operation with `paging: Query`.
macro_rules! paged {
    (Query $name:ident, page($field:literal, $item:ty)) => {
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
    (Query $name:ident, $kind:ident $args:tt) => {
        compile_error!("`paging: Query` needs `response: page(...)`");
    };
    (Body $name:ident, $kind:ident $args:tt) => {};
}

#[cfg(all(feature = "samples", feature = "serde-all"))]
pub(crate) use response_encode;
pub(crate) use {
    codes_text, credentials, destroys_if_text, idempotency_text, name, operation, paged, permission_text,
    response_decode, response_meta, response_text, response_type,
};

#[cfg(test)]
#[expect(unreachable_pub, reason = "operations are public")]
mod tests;
