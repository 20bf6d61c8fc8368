//! [`ErrorCode`]: the error codes of the server, each with its status, its meaning and its remedy.

use http::StatusCode;

use crate::types::open::open_enum;

/// Declares [`ErrorCode`]. A code is one entry: its text, its status, its meaning, and its remedy unless the meaning says enough.
macro_rules! error_codes {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $( $variant:ident = $text:literal, $status:literal, $description:literal $(=> $remedy:literal)?; )+
        }
    ) => {
        open_enum! {
            $(#[$meta])*
            pub enum $name {
                $( #[doc = concat!($status, ": ", $description, ".")] $variant = $text, )+
            }
        }

        impl $name {
            /// Returns the status that the server sends the code with, or `None` for a code that this version does not know.
            /// The server also sends `InternalServerError` with 503.
            pub fn status(&self) -> Option<StatusCode> {
                let status: u16 = match self {
                    $( Self::$variant => $status, )+
                    Self::_Unknown(_) => return None,
                };
                StatusCode::from_u16(status).ok()
            }

            /// Returns the meaning of the code: one clause for a person.
            pub fn description(&self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => Some($description), )+
                    Self::_Unknown(_) => None,
                }
            }

            /// Returns the next step after this code: one clause for a person. `None` if there is nothing to add to the code.
            pub fn remedy(&self) -> Option<&'static str> {
                match self {
                    $( Self::$variant => error_codes!(@remedy $($remedy)?), )+
                    Self::_Unknown(_) => None,
                }
            }
        }
    };
    (@remedy) => { None };
    (@remedy $remedy:literal) => { Some($remedy) };
}

error_codes! {
    /// The `code` of an error response. Match on it and on the status, never on the message. Source: convex-backend
    /// `crates/common/src/http/mod.rs`, `crates/errors/src/lib.rs` and the code that raises each error.
    ///
    /// Every operation may return the general codes, from `InvalidClientVersion` to `CommitterFullError`, and `InvalidIdentity`,
    /// `AccessTokenInvalid` and `SSORequired` of the Management API. The docs of an operation list the other codes that it returns.
    ///
    /// The codes from `TeamNotFound` on are those of the Management API. Its server is closed source: clients of Convex are known
    /// to handle these codes, and their statuses are inferred.
    ///
    pub enum ErrorCode {
        InvalidClientVersion = "InvalidClientVersion", 400, "the `Convex-Client` header has no `-`"
            => "the server rejects this version of the library: update it";
        ClientVersionUnsupported = "ClientVersionUnsupported", 400, "the client in `Convex-Client` is too old"
            => "the server rejects this version of the library: update it";
        HeaderParseFailure = "HeaderParseFailure", 400,
            "the `Authorization` header is not text, or the user to act as in it is malformed"
            => "the server cannot read the credential: check that it is a whole deploy key or admin key";
        InvalidHeaderFailure = "InvalidHeaderFailure", 400, "the `Authorization` header is too short"
            => "the server cannot read the credential: check that it is a whole deploy key or admin key";
        InvalidAdminKey = "InvalidAdminKey", 400, "the `Authorization` header has another scheme than `Convex` or `Bearer`"
            => "the server cannot read the credential: check that it is a whole deploy key or admin key";
        BadJsonBody = "BadJsonBody", 400,
            "the body has another content type than JSON, is too large, or does not fit the operation";
        BadQueryArgs = "BadQueryArgs", 400, "the server cannot read the query";
        BadPathArgs = "BadPathArgs", 400, "the server cannot read the path";
        BadAdminKey = "BadAdminKey", 401, "the key is not one of this deployment"
            => "the credential is not valid for this deployment: check that the key was made for it and not revoked";
        InvalidAuthHeader = "InvalidAuthHeader", 401, "the text after `Bearer` is not a JWT"
            => "the server takes the credential for an end user's token: use a deploy key or admin key";
        NoAuthProvider = "NoAuthProvider", 401, "no auth provider of the deployment knows the JWT"
            => "the server takes the credential for an end user's token: use a deploy key or admin key";
        Unauthenticated = "Unauthenticated", 401, "the credential is not valid"
            => "the credential is not valid for this deployment: check that the key was made for it and not revoked";
        BadDeployKey = "BadDeployKey", 403, "there is no key, or an end user's token instead of one"
            => "the credential is not valid for this deployment: check that the key was made for it and not revoked";
        OperationNotPermitted = "OperationNotPermitted", 403, "the key is valid but lacks the permission"
            => "the credential is valid but lacks the permission for this operation";
        SystemIdentityRequired = "SystemIdentityRequired", 403, "a key that acts as a user cannot do this"
            => "a key that acts as a user cannot do this: use the plain key";
        ClientDisconnected = "ClientDisconnected", 408, "the client closed the connection before the response";
        MisdirectedRequest = "MisdirectedRequest", 421,
            "the request reached a server that does not have the deployment. Not executed";
        TooEarly = "TooEarly", 425, "the request came too early. Not executed";
        TooManyWrites = "TooManyWrites", 429, "the deployment exceeds its rate of writes"
            => "send fewer requests at a time, or later";
        TooManyConcurrentRequests = "TooManyConcurrentRequests", 429, "too many requests at once"
            => "send fewer requests at a time, or later";
        InternalServerError = "InternalServerError", 500,
            "an unexpected error with an unknown outcome. With status 503: the requested data is no longer kept";
        OptimisticConcurrencyControlFailure = "OptimisticConcurrencyControlFailure", 503,
            "another write committed first. Not executed"
            => "other writes committed first; nothing was changed: write from one place at a time";
        CommitterFullError = "CommitterFullError", 503, "the server is overloaded. Not executed"
            => "the server is overloaded; nothing was changed: try again later";

        EnvironmentVariableNameInvalid = "EnvironmentVariableNameInvalid", 400,
            "the name of an environment variable does not match `[A-Za-z_][A-Za-z0-9_]*`"
            => "names of environment variables have letters, digits and underscores, and do not begin with a digit";
        EnvironmentVariableNameTooLong = "EnvironmentVariableNameTooLong", 400,
            "the name of an environment variable has more than 256 bytes"
            => "the name of an environment variable has at most 256 bytes";
        EnvironmentVariableValueTooLarge = "EnvironmentVariableValueTooLarge", 400,
            "the value of an environment variable has more than 8192 bytes"
            => "the value of an environment variable has at most 8192 bytes";
        EnvVarLimitMet = "EnvVarLimitMet", 400, "there would be more than 512 environment variables"
            => "a deployment has at most 512 environment variables";
        EnvVarTotalSizeLimitMet = "EnvVarTotalSizeLimitMet", 400,
            "the names and values of all environment variables would have more than 524,288 bytes"
            => "all names and values of environment variables together have at most 524,288 bytes";
        EnvVarNameForbidden = "EnvVarNameForbidden", 400, "the name is built in and cannot be set"
            => "CONVEX_CLOUD_URL and CONVEX_SITE_URL are built in and cannot be set";
        RequiredEnvironmentVariable = "RequiredEnvironmentVariable", 400,
            "the deployed app declares the variable as required, so it cannot be deleted"
            => "the deployed app requires a variable that would be deleted: keep it, or deploy an app that does not";
        InvalidEnvironmentVariable = "InvalidEnvironmentVariable", 400,
            "the deployed app declares a validator that the value does not pass"
            => "the deployed app does not accept a value: see its declaration";
        AuthConfigMissingEnvironmentVariable = "AuthConfigMissingEnvironmentVariable", 400,
            "the deployed app's auth config needs a variable that would be missing"
            => "the deployed app's auth config would no longer work: set the variables that it reads";
        InvalidAuthConfig = "InvalidAuthConfig", 400, "the deployed app's auth config would no longer evaluate"
            => "the deployed app's auth config would no longer work: set the variables that it reads";

        PauseDeploymentFailed = "PauseDeploymentFailed", 400,
            "the deployment is disabled or suspended by Convex, so it cannot be paused"
            => "Convex has disabled or suspended the deployment";
        UnpauseDeploymentFailed = "UnpauseDeploymentFailed", 400,
            "the deployment is not paused, or is disabled or suspended by Convex"
            => "the deployment is not paused, or Convex has disabled or suspended it";

        InvalidId = "InvalidId", 400, "an id is malformed, or belongs to something else";
        InvalidUsageLimit = "InvalidUsageLimit", 400, "a usage limit is 0"
            => "a usage limit is at least 1";
        UsageLimitBelowCurrentUsage = "UsageLimitBelowCurrentUsage", 400,
            "an enabled usage limit is below the current usage"
            => "set the limit at or above the current usage, or disable it";
        DuplicateUsageLimit = "DuplicateUsageLimit", 400,
            "a usage limit for this metric, window and type exists already, enabled or not"
            => "update the existing limit for this metric, window and type";
        UsageLimitWarningNotSupported = "UsageLimitWarningNotSupported", 400,
            "a dev deployment in the cloud cannot have usage limits that warn"
            => "a dev deployment can have limits of the type `disable` only";
        UsageLimitNotFound = "UsageLimitNotFound", 404, "there is no usage limit with this id";

        InvalidLogStreamId = "InvalidLogStreamId", 400, "the id of a log stream is malformed"
            => "list the log streams to find their ids";
        LogStreamDoesntExist = "LogStreamDoesntExist", 404, "there is no log stream with this id, or it was deleted"
            => "list the log streams to find their ids";
        LogStreamAlreadyExists = "LogStreamAlreadyExists", 409, "a log stream of this kind exists already"
            => "a deployment has at most one log stream of each kind: update it, or delete it first";
        LogSinkQuotaExceeded = "LogSinkQuotaExceeded", 400, "there would be more than five log streams"
            => "a deployment has at most five log streams: delete one first";
        LogStreamTypeMismatch = "LogStreamTypeMismatch", 400, "the update is for another kind of log stream"
            => "send the update for the log stream's own kind";
        UnsupportedLogStreamType = "UnsupportedLogStreamType", 400, "this API does not show log streams of this kind";
        NoSecretToRotate = "NoSecretToRotate", 400, "the log stream is not a webhook, so it has no secret to rotate"
            => "only webhooks have a secret to rotate";
        EmptyLogTopics = "EmptyLogTopics", 400, "the list of topics is empty"
            => "select all topics, or at least one";
        InvalidLogTopic = "InvalidLogTopic", 400, "a log stream cannot select one of the topics"
            => "the topics `verification` and `exception` cannot be selected";
        InvalidWebhookUrl = "InvalidWebhookUrl", 400, "the URL of a webhook is not absolute"
            => "the URL must be absolute, with its scheme";
        InvalidAxiomIngestUrl = "InvalidAxiomIngestUrl", 400, "the URL is not one of Axiom's"
            => "the URL must be exactly one of Axiom's, without `/` at the end";
        InvalidSentryDsn = "InvalidSentryDsn", 400, "the text is not a data source name of Sentry's"
            => "a data source name is `https://KEY@HOST/PROJECT`";
        InvalidPostHogHost = "InvalidPostHogHost", 400, "the host of PostHog is not an absolute URL"
            => "the URL must be absolute, with its scheme";
        LogStreamingNotEnabled = "LogStreamingNotEnabled", 403, "the plan does not include log streams"
            => "the plan does not include log streams";
        CustomAuditLogsInLogStreamsNotEnabled = "CustomAuditLogsInLogStreamsNotEnabled", 403,
            "the plan does not include the topic `custom_audit`"
            => "the plan does not include the topic `custom_audit`";

        LimitOutOfRange = "LimitOutOfRange", 400, "the number of items per page is not from 1 to 100"
            => "request 1 to 100 items per page";
        InvalidCursor = "InvalidCursor", 400, "the cursor is not one of this list, or belongs to another start of it"
            => "a cursor belongs to one list with its filters: begin again without it";
        AuditLogsDisabled = "AuditLogsDisabled", 403,
            "the deployment keeps no audit log for reading. A self-hosted one never does"
            => "the plan does not include the audit log, and a self-hosted server never lists its own";
        AuditLogsTooOld = "AuditLogsTooOld", 403, "the plan keeps the audit log for a shorter time"
            => "begin later: the plan keeps the audit log for a limited time";

        StreamingExportNotEnabled = "StreamingExportNotEnabled", 403, "the plan does not include data sync"
            => "the plan does not include data sync";
        InvalidDataSyncCursor = "InvalidDataSyncCursor", 400, "the cursor is not one of this deployment"
            => "the cursor is not one of this deployment: begin a new sync without it";
        DataSyncCursorExpired = "DataSyncCursorExpired", 400, "the cursor is older than the data that the server keeps"
            => "the cursor is too old: begin a new sync without it";
        InvalidDataSyncSelection = "InvalidDataSyncSelection", 400,
            "the selection has a name that is never valid, or leaves out `_id`"
            => "the selection has a name that no component, table or column can have, or leaves out `_id`";

        TeamNotFound = "TeamNotFound", 404, "there is no such team, or the credential does not reach it"
            => "check the id or slug of the team; get_token_details shows the team of a token";
        ProjectNotFound = "ProjectNotFound", 404, "there is no such project, or the credential does not reach it"
            => "list the projects of the team to find their ids and slugs";
        DeploymentNotFound = "DeploymentNotFound", 404, "there is no such deployment, or the credential does not reach it"
            => "list the deployments of the project to find their names";
        InvalidIdentity = "InvalidIdentity", 401, "the credential is not one of the Management API"
            => "use a personal access token, a team access token or an OAuth token";
        AccessTokenInvalid = "AccessTokenInvalid", 401, "the token is unknown, expired or revoked"
            => "create a new token in the dashboard, or by the flow that created this one";
        SSORequired = "SSORequired", 403, "the team requires single sign-on, and the token was not created with it"
            => "log in with the team's single sign-on and create a new token";
        ProjectQuotaReached = "ProjectQuotaReached", 400, "the team has as many projects as its plan includes"
            => "delete a project that is no longer needed, or upgrade the plan of the team";
        DeploymentQuotaReached = "DeploymentQuotaReached", 400, "the team has as many deployments as its plan includes"
            => "delete a deployment that is no longer needed, or upgrade the plan of the team";
        CustomRoleInUse = "CustomRoleInUse", 400, "members of the team have the custom role"
            => "give these members another role with update_team_member_role, then delete the role";
        EmailAlreadyExists = "EmailAlreadyExists", 400, "the email address belongs to a member or an invitation already"
            => "list the members and the pending invitations of the team";
        InvalidSlug = "InvalidSlug", 400, "the slug breaks the rules for slugs, or is taken"
            => "choose another slug: the form is wrong, or the slug is taken";
        InvalidTeamName = "InvalidTeamName", 400, "the name of a team breaks the rules for names"
            => "choose another name for the team";
    }
}

impl ErrorCode {
    /// Returns `true` if the server no longer accepts a cursor: begin the list or the sync again without one. The codes are
    /// `InvalidCursor`, `InvalidDataSyncCursor` and `DataSyncCursorExpired`.
    pub fn is_cursor_lost(&self) -> bool {
        matches!(self, Self::InvalidCursor | Self::InvalidDataSyncCursor | Self::DataSyncCursorExpired)
    }

    /// Returns the code in a form for logs. A code is one word of at most 64 ASCII letters, digits and `_`. Any other text may
    /// repeat what was sent, so the result for it is `[unprintable code]`.
    pub fn printable(&self) -> &str {
        let text = self.as_str();
        let word = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if word && text.starts_with(|first: char| first.is_ascii_alphabetic()) { text } else { "[unprintable code]" }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn describes_each_code_in_one_short_clause() {
        for code in ErrorCode::KNOWN {
            assert!(code.status().is_some_and(|status| status.is_client_error() || status.is_server_error()), "{code}");
            for text in [code.description(), code.remedy()].into_iter().flatten() {
                assert!(text.len() <= 120 && !text.ends_with('.') && !text.ends_with(' '), "{code}: {text}");
            }
            assert!(code.description().is_some() && code.printable() == code.as_str(), "{code}");
        }
        let texts: BTreeSet<&str> = ErrorCode::KNOWN.iter().map(ErrorCode::as_str).collect();
        assert_eq!(texts.len(), ErrorCode::KNOWN.len(), "two codes have one text");
    }

    #[test]
    fn a_remedy_fits_every_cause_of_its_code() {
        // Both APIs have lists with cursors.
        assert!(!ErrorCode::InvalidCursor.remedy().unwrap().contains("deployment"));
        // The library checks the form before it sends a slug, so the server usually means a slug that is taken.
        assert!(ErrorCode::InvalidSlug.remedy().unwrap().contains("taken"));
    }

    #[test]
    fn an_unknown_code_has_no_description() {
        let code = ErrorCode::from("Later");
        assert_eq!(
            (code.status(), code.description(), code.remedy(), code.is_cursor_lost()),
            (None, None, None, false)
        );
        assert_eq!(ErrorCode::from("two words").printable(), "[unprintable code]");
    }
}
