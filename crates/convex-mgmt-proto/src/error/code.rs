//! [`ErrorCode`]: the codes with which the server refuses, and what to do about them.

use crate::types::open::open_enum;

open_enum! {
    /// The `code` of an error answer. Match on it and on the status, never on the message. Source: convex-backend
    /// `crates/common/src/http/mod.rs`, `crates/errors/src/lib.rs` and the places that raise each.
    pub enum ErrorCode {
        /// 400: the `Convex-Client` header has no `-`.
        InvalidClientVersion = "InvalidClientVersion",
        /// 400: the client in `Convex-Client` is too old.
        ClientVersionUnsupported = "ClientVersionUnsupported",
        /// 400: the `Authorization` header is not text, or the user to act as in it cannot be read.
        HeaderParseFailure = "HeaderParseFailure",
        /// 400: the `Authorization` header is too short.
        InvalidHeaderFailure = "InvalidHeaderFailure",
        /// 400: the `Authorization` header has another scheme than `Convex` or `Bearer`.
        InvalidAdminKey = "InvalidAdminKey",
        /// 400: the body has another content type than JSON, is too large, or is not what the operation takes.
        BadJsonBody = "BadJsonBody",
        /// 400: the query cannot be read.
        BadQueryArgs = "BadQueryArgs",
        /// 400: the path cannot be read.
        BadPathArgs = "BadPathArgs",
        /// 401: the key is not one of this deployment.
        BadAdminKey = "BadAdminKey",
        /// 401: what follows `Bearer` is no JWT.
        InvalidAuthHeader = "InvalidAuthHeader",
        /// 401: no auth provider of the deployment knows the JWT.
        NoAuthProvider = "NoAuthProvider",
        /// 401: the credential is not valid.
        Unauthenticated = "Unauthenticated",
        /// 403: there is no key, or an end user's token instead of one.
        BadDeployKey = "BadDeployKey",
        /// 403: the key is valid but lacks the permission.
        OperationNotPermitted = "OperationNotPermitted",
        /// 403: a key that acts as a user cannot do this.
        SystemIdentityRequired = "SystemIdentityRequired",
        /// 408: the server saw the client go.
        ClientDisconnected = "ClientDisconnected",
        /// 421: the request reached a server that does not have the deployment. Not executed.
        MisdirectedRequest = "MisdirectedRequest",
        /// 425: the request came too early. Not executed.
        TooEarly = "TooEarly",
        /// 429: the deployment's limit of writes per time.
        TooManyWrites = "TooManyWrites",
        /// 429: too many requests at once.
        TooManyConcurrentRequests = "TooManyConcurrentRequests",
        /// 500: anything unforeseen, with an unknown outcome. With status 503: the data asked for is no longer kept.
        InternalServerError = "InternalServerError",
        /// 503: another write came between. Not executed.
        OptimisticConcurrencyControlFailure = "OptimisticConcurrencyControlFailure",
        /// 503: the server is overloaded. Not executed.
        CommitterFullError = "CommitterFullError",

        /// 400: the name of an environment variable is not `[A-Za-z_][A-Za-z0-9_]*`.
        EnvironmentVariableNameInvalid = "EnvironmentVariableNameInvalid",
        /// 400: the name of an environment variable has more than 256 bytes.
        EnvironmentVariableNameTooLong = "EnvironmentVariableNameTooLong",
        /// 400: the value of an environment variable has more than 8192 bytes.
        EnvironmentVariableValueTooLarge = "EnvironmentVariableValueTooLarge",
        /// 400: there would be more than 512 environment variables.
        EnvVarLimitMet = "EnvVarLimitMet",
        /// 400: the names and values of all environment variables would have more than 524,288 bytes.
        EnvVarTotalSizeLimitMet = "EnvVarTotalSizeLimitMet",
        /// 400: the name is built in and cannot be set.
        EnvVarNameForbidden = "EnvVarNameForbidden",
        /// 400: the deployed app declares the variable as required, so it cannot be deleted.
        RequiredEnvironmentVariable = "RequiredEnvironmentVariable",
        /// 400: the deployed app declares a validator that the value does not pass.
        InvalidEnvironmentVariable = "InvalidEnvironmentVariable",
        /// 400: the deployed app's auth config needs a variable that would be missing.
        AuthConfigMissingEnvironmentVariable = "AuthConfigMissingEnvironmentVariable",
        /// 400: the deployed app's auth config would no longer evaluate.
        InvalidAuthConfig = "InvalidAuthConfig",

        /// 400: the deployment is disabled or suspended by Convex, so it cannot be paused.
        PauseDeploymentFailed = "PauseDeploymentFailed",
        /// 400: the deployment is not paused, or is disabled or suspended by Convex.
        UnpauseDeploymentFailed = "UnpauseDeploymentFailed",

        /// 400: an id is malformed, or one of something else.
        InvalidId = "InvalidId",
        /// 400: a usage limit is 0.
        InvalidUsageLimit = "InvalidUsageLimit",
        /// 400: an enabled usage limit is below what was used already.
        UsageLimitBelowCurrentUsage = "UsageLimitBelowCurrentUsage",
        /// 400: there is a usage limit for this metric, window and type already, enabled or not.
        DuplicateUsageLimit = "DuplicateUsageLimit",
        /// 400: a dev deployment in the cloud cannot have usage limits that warn.
        UsageLimitWarningNotSupported = "UsageLimitWarningNotSupported",
        /// 404: there is no usage limit with this id.
        UsageLimitNotFound = "UsageLimitNotFound",

        /// 400: the id of a log stream is malformed.
        InvalidLogStreamId = "InvalidLogStreamId",
        /// 404: there is no log stream with this id, or it was deleted.
        LogStreamDoesntExist = "LogStreamDoesntExist",
        /// 409: there is a log stream of this kind already.
        LogStreamAlreadyExists = "LogStreamAlreadyExists",
        /// 400: there would be more than five log streams.
        LogSinkQuotaExceeded = "LogSinkQuotaExceeded",
        /// 400: the update is for another kind than the log stream is of.
        LogStreamTypeMismatch = "LogStreamTypeMismatch",
        /// 400: the log stream is of a kind that this API does not show.
        UnsupportedLogStreamType = "UnsupportedLogStreamType",
        /// 400: the log stream is no webhook, so it has no secret to rotate.
        NoSecretToRotate = "NoSecretToRotate",
        /// 400: the list of topics is empty.
        EmptyLogTopics = "EmptyLogTopics",
        /// 400: one of the topics cannot be asked for.
        InvalidLogTopic = "InvalidLogTopic",
        /// 400: the URL of a webhook is not absolute.
        InvalidWebhookUrl = "InvalidWebhookUrl",
        /// 400: the URL is none of Axiom's.
        InvalidAxiomIngestUrl = "InvalidAxiomIngestUrl",
        /// 400: the text is no data source name of Sentry's.
        InvalidSentryDsn = "InvalidSentryDsn",
        /// 400: the host of PostHog is no absolute URL.
        InvalidPostHogHost = "InvalidPostHogHost",
        /// 403: the plan does not include log streams.
        LogStreamingNotEnabled = "LogStreamingNotEnabled",
        /// 403: the plan does not include the topic `custom_audit`.
        CustomAuditLogsInLogStreamsNotEnabled = "CustomAuditLogsInLogStreamsNotEnabled",

        /// 400: the number of items asked for is not from 1 to 100.
        LimitOutOfRange = "LimitOutOfRange",
        /// 400: the cursor is none of this list, or of another start.
        InvalidCursor = "InvalidCursor",
        /// 403: the deployment keeps no audit log for reading. A self-hosted one never does.
        AuditLogsDisabled = "AuditLogsDisabled",
        /// 403: the plan does not keep the audit log for so long.
        AuditLogsTooOld = "AuditLogsTooOld",

        /// 403: the plan does not include data sync.
        StreamingExportNotEnabled = "StreamingExportNotEnabled",
        /// 400: the cursor is none of this deployment's.
        InvalidDataSyncCursor = "InvalidDataSyncCursor",
        /// 400: the cursor is older than what the server keeps: begin again without one.
        DataSyncCursorExpired = "DataSyncCursorExpired",
        /// 400: the selection has a name that nothing can have, or leaves out `_id`.
        InvalidDataSyncSelection = "InvalidDataSyncSelection",
    }
}

impl ErrorCode {
    /// What to do about it, in a sentence for a person; `None` where there is nothing to say beyond the code.
    pub fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidClientVersion | Self::ClientVersionUnsupported => {
                "the server no longer takes this version of the library: update it"
            }
            Self::HeaderParseFailure | Self::InvalidHeaderFailure | Self::InvalidAdminKey => {
                "the server cannot read the credential: check that it is a whole deploy key or admin key"
            }
            Self::BadAdminKey | Self::BadDeployKey | Self::Unauthenticated => {
                "the credential is not valid for this deployment: check that the key was made for it and not revoked"
            }
            Self::InvalidAuthHeader | Self::NoAuthProvider => {
                "the server took the credential for an end user's token: use a deploy key or admin key"
            }
            Self::OperationNotPermitted => "the credential is valid but lacks the permission for this operation",
            Self::SystemIdentityRequired => "a key that acts as a user cannot do this: use the plain key",
            Self::TooManyWrites | Self::TooManyConcurrentRequests => "send less at a time, or later",
            Self::OptimisticConcurrencyControlFailure => {
                "other writes came between; nothing was changed: write from one place at a time"
            }
            Self::CommitterFullError => "the server is overloaded; nothing was changed: try again later",
            Self::EnvironmentVariableNameInvalid => {
                "names of environment variables are letters, digits and underscores, and begin with no digit"
            }
            Self::EnvironmentVariableNameTooLong => "a name of an environment variable has 256 bytes at most",
            Self::EnvironmentVariableValueTooLarge => "a value of an environment variable has 8192 bytes at most",
            Self::EnvVarLimitMet => "a deployment has 512 environment variables at most",
            Self::EnvVarTotalSizeLimitMet => {
                "all names and values of environment variables together have 524,288 bytes at most"
            }
            Self::EnvVarNameForbidden => "CONVEX_CLOUD_URL and CONVEX_SITE_URL are built in and cannot be set",
            Self::RequiredEnvironmentVariable => {
                "the deployed app requires a variable that would be deleted: keep it, or deploy an app that does not"
            }
            Self::InvalidEnvironmentVariable => "the deployed app does not accept a value: see its declaration",
            Self::AuthConfigMissingEnvironmentVariable | Self::InvalidAuthConfig => {
                "the deployed app's auth config would no longer work: set the variables that it reads"
            }
            Self::PauseDeploymentFailed => "Convex has disabled or suspended the deployment",
            Self::UnpauseDeploymentFailed => "the deployment is not paused, or Convex has disabled or suspended it",
            Self::InvalidUsageLimit => "a usage limit is at least 1",
            Self::UsageLimitBelowCurrentUsage => "set the limit at or above what was used already, or disabled",
            Self::DuplicateUsageLimit => "update the limit that is there for this metric, window and type",
            Self::UsageLimitWarningNotSupported => "a dev deployment can have limits of the type `disable` only",
            Self::InvalidLogStreamId | Self::LogStreamDoesntExist => "list the log streams for the ids that there are",
            Self::LogStreamAlreadyExists => {
                "there is one log stream of each kind at most: update it, or delete it first"
            }
            Self::LogSinkQuotaExceeded => "a deployment has five log streams at most: delete one first",
            Self::LogStreamTypeMismatch => "send the update for the kind that the log stream is of",
            Self::NoSecretToRotate => "only webhooks have a secret to rotate",
            Self::EmptyLogTopics => "ask for all topics, or for at least one",
            Self::InvalidLogTopic => "`verification` and `exception` cannot be asked for",
            Self::InvalidWebhookUrl | Self::InvalidPostHogHost => "the URL must be absolute, with its scheme",
            Self::InvalidAxiomIngestUrl => "the URL must be exactly one of Axiom's, without `/` at the end",
            Self::InvalidSentryDsn => "a data source name is `https://KEY@HOST/PROJECT`",
            Self::LogStreamingNotEnabled => "the plan does not include log streams",
            Self::CustomAuditLogsInLogStreamsNotEnabled => "the plan does not include the topic `custom_audit`",
            Self::LimitOutOfRange => "ask for 1 to 100 items a page",
            Self::InvalidCursor => "a cursor belongs to one deployment, one list and one start: begin again without it",
            Self::AuditLogsDisabled => "the plan does not include the audit log, which self-hosted servers do not list",
            Self::AuditLogsTooOld => "begin later: the plan keeps the audit log for a limited time",
            Self::StreamingExportNotEnabled => "the plan does not include data sync",
            Self::InvalidDataSyncCursor => "the cursor is not this deployment's: begin a new sync without it",
            Self::DataSyncCursorExpired => "the cursor is too old: begin a new sync without it",
            Self::InvalidDataSyncSelection => {
                "the selection has a name that no component, table or column can have, or leaves out `_id`"
            }
            _ => return None,
        })
    }

    /// The code as text that is fit to be shown: a code is one word, so anything else from a server is not repeated.
    pub(crate) fn printable(&self) -> &str {
        let text = self.as_str();
        let word = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if word && text.starts_with(|first: char| first.is_ascii_alphabetic()) { text } else { "[unprintable code]" }
    }
}
