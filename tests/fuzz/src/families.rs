//! Families of inputs of any size, written to make the library's work grow faster than its input.

use convex_mgmt_proto::deployment::{
    DeleteLogStream, GetCanonicalUrls, GetCurrentUsage, GetDeploymentInfo, GetLogStream, ListActiveSyncs,
    ListAuditLogEvents, ListEnvironmentVariables, ListLogStreams, ListUsageLimits,
};
use convex_mgmt_proto::{Operation, OperationMeta};

use crate::inputs::{HEADS, ResponseInput};

/// A family of inputs.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The name of the target.
    pub target: &'static str,
    /// The name of the family, in words.
    pub name: &'static str,
    /// Returns an input of about this size in bytes.
    pub input: fn(usize) -> Vec<u8>,
}

/// Writes a text, then a piece for each number until `size` is reached, and then another text.
fn many(size: usize, before: &str, piece: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let mut input = before.to_owned();
    for number in 0.. {
        if input.len() + after.len() >= size {
            break;
        }
        input.push_str(&piece(number));
    }
    (input + after).into_bytes()
}

/// Like [`many`], with the same piece each time.
fn long(size: usize, before: &str, piece: &str, after: &str) -> Vec<u8> {
    many(size, before, |_| piece.to_owned(), after)
}

/// Like [`many`], with a comma between the pieces.
fn items(size: usize, before: &str, piece: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let last = piece(usize::MAX);
    many(size, before, |number| piece(number) + ",", &(last + after))
}

/// Writes nested levels, and a text in the innermost. Both grow with `size`, so that reading each level again is quadratic.
fn deep_and_long(size: usize, before: &str, [open, close]: [&str; 2], after: &str) -> Vec<u8> {
    let levels = size / 400;
    let (open, close) = (format!("{before}{}\"", open.repeat(levels)), format!("\"{}{after}", close.repeat(levels)));
    long(size, &open, "x", &close)
}

/// Writes nested levels only.
fn deep(size: usize, before: &str, [open, close]: [&str; 2], after: &str) -> Vec<u8> {
    let levels = size / (open.len() + close.len());
    format!("{before}{}{}{after}", open.repeat(levels), close.repeat(levels)).into_bytes()
}

/// The beginning of a success response with a JSON body.
fn success(meta: &OperationMeta, body: &str) -> String {
    ResponseInput::head(meta, 200, 1) + body
}

/// The beginning of an error response with a JSON body.
fn error(body: &str) -> String {
    ResponseInput::head(DeleteLogStream::META, 400, 1) + body
}

/// The beginning of a response with these lines as its head.
fn head(status: u16, lines: &str) -> String {
    ResponseInput::head(DeleteLogStream::META, status, HEADS.len()) + lines
}

/// A request that is not checked, with a cursor.
const CURSOR: &str = "\u{3}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const OBJECT: [&str; 2] = ["{\"a\":", "}"];
const LIST: [&str; 2] = ["[", "]"];
const PAGE: &str = r#"],"syncId":"s","pagination":{"hasMore":true,"nextCursor":"ab"}}"#;
const VALUES: &str = r#"b{"status":{"type":"snapshotting"},"truncates":[],"values":["#;
const TRUNCATES: &str = r#"b{"status":{"type":"snapshotting"},"values":[],"truncates":["#;
const VALUE: &str = r#"{"component":"","table":"a","ts":1,"deleted":false,"value":"#;
const VARIABLES: &str = r#"{"environmentVariables":{"#;
const EVENTS: &str = r#"],"pagination":{"hasMore":false,"nextCursor":null}}"#;
const TAGS: &str = r#"{"logStreamType":"sentry","id":"x","status":{"type":"active"},"topics":null,"tags":{"#;
const TOPICS: &str =
    r#"{"logStreamType":"webhook","id":"x","url":"","format":"json","status":{"type":"active"},"topics":["#;
const KIND_LAST: &str = r#","id":"x","status":{"type":"active"},"topics":null,"logStreamType":"webhook"}"#;
const EVENT: &str = r#"{"items":[{"actor":{"kind":"system"},"action":"x","createTime":1,"metadata":"#;

const DELIVERED: &str = "[";
const NO_USAGE: &str = r#"{"deliveries":{"batches":0,"events":0,"unread_events":0},"deployments":[],"functions":[]}"#;

/// A stored authorization, up to the redirect URI.
const STORED: &str = concat!(
    "s1.team.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.https://a",
);

/// An event of a function execution.
fn execution(path: &str) -> String {
    crate::deliveries::EXECUTION.replace("messages:list", path)
}

const DEPLOYMENT: &str = r#"{"deployment_name":"n"}"#;
const OBJECT_IN_TEXT: [&str; 2] = [r#"{\"a\":"#, "}"];
const METADATA: &str = r#"[{"timestamp":1,"topic":"audit_log","audit_log_action":"x","audit_log_metadata":""#;
const METADATA_END: &str = r#"","convex":{"deployment_name":"n"}}]"#;
const CUSTOM_AUDIT: &str = r#"[{"timestamp":1,"topic":"custom_audit","body":"#;
const CONSOLE: &str = r#"[{"timestamp":1,"topic":"console","message":""#;

/// An event of a log stream, with further fields.
fn lag(number: usize, more: &str) -> String {
    let start = format!(r#"{{"timestamp":{},"topic":"scheduled_job_lag","lag_seconds":{number}"#, number % 1000);
    format!(r#"{start}{more},"convex":{DEPLOYMENT}}}"#)
}

const fn family(target: &'static str, name: &'static str, input: fn(usize) -> Vec<u8>) -> Family {
    Family { target, name, input }
}

/// All families.
pub const FAMILIES: &[Family] = &[
    // Longer queries than 8 KiB are not read, so their families are those of the corpus.
    family("authorizations", "a long redirect URI", |size| long(size, STORED, "/x", "")),
    family("authorizations", "a redirect URI of many labels", |size| long(size, STORED, ".x", "")),
    family("authorizations", "a long token", |size| {
        long(size, r#"t200{"token_type":"bearer","access_token":"team:a|"#, "x", r#""}"#)
    }),
    family("authorizations", "a token of escapes", |size| {
        long(size, r#"t200{"token_type":"bearer","access_token":"team:a|"#, "\\u0061", r#""}"#)
    }),
    family("authorizations", "a long error code", |size| long(size, r#"t400{"error":""#, "x", r#""}"#)),
    family("authorizations", "a response with many fields", |size| {
        items(size, "t200{", |n| format!(r#""k{n}":1"#), "}")
    }),
    family("credentials", "a long secret", |size| long(size, "prod:happy-animal-123|", "x", "")),
    family("credentials", "a long name", |size| long(size, "prod:", "x", "|y")),
    family("credentials", "many colons", |size| long(size, "", ":", "|x")),
    family("credentials", "many parts", |size| long(size, "project", ":a", "|x")),
    family("credentials", "many bars", |size| long(size, "a", "|", "x")),
    family("credentials", "a long reason", |size| long(size, "<missing_deploy_key: ", "because ", ">")),
    family("credentials", "spaces", |size| long(size, "", " ", "x")),
    family("credentials", "a long host", |size| long(size, "https://", "x", "")),
    family("credentials", "many labels", |size| long(size, "https://", "a.", "b")),
    family("credentials", "many dots", |size| long(size, "https://a", ".", "")),
    family("credentials", "a long port", |size| long(size, "https://a:", "0", "1")),
    family("credentials", "many slashes", |size| long(size, "https://a", "/", "")),
    family("credentials", "many brackets", |size| long(size, "https://", "[", "]")),
    family("credentials", "a long address", |size| long(size, "https://[", "0:", ":1]")),
    family("credentials", "many ats", |size| long(size, "https://", "a@", "b")),
    family("credentials", "many percents", |size| long(size, "https://", "%2e", "")),
    family("credentials", "many schemes", |size| long(size, "", "https://", "")),
    family("credentials", "not ASCII", |size| long(size, "https://", "é", "")),
    family("cursors", "plain", |size| long(size, CURSOR, "x", "")),
    family("cursors", "escaped in a URL", |size| long(size, CURSOR, "/ ", "")),
    family("cursors", "escaped in JSON", |size| long(size, CURSOR, r#""\"#, "")),
    family("cursors", "controls", |size| long(size, CURSOR, "\u{1}", "")),
    family("cursors", "dots", |size| long(size, CURSOR, ".", "")),
    family("cursors", "templates", |size| long(size, CURSOR, "{id}", "")),
    family("cursors", "not ASCII", |size| long(size, CURSOR, "\u{1f600}é", "")),
    family("deliveries", "many executions", |size| {
        items(size, &format!("a\n{DELIVERED}"), |n| execution(&n.to_string()), "]")
    }),
    family("deliveries", "executions of one function", |size| {
        items(size, &format!("a\n{DELIVERED}"), |_| execution("f"), "]")
    }),
    family("deliveries", "a long signature", |size| long(size, "asha256=", "0", "\n[]")),
    family("deliveries", "small chunks", |size| long(size, "bsha256=\n", " ", "[]")),
    family("deliveries", "a stored meter with many batches", |size| {
        let batch = |n| format!(r#"{{"digest":"{n:064x}","received":{n},"usage":{NO_USAGE}}}"#);
        items(size, &format!("a\n[1,{{\"horizon_ms\":9,\"capacity\":9,\"total\":{NO_USAGE},\"recent\":["), batch, "]}]")
    }),
    family("documents", "many fields", |size| items(size, "{", |n| format!(r#""k{n}":{}"#, n % 1000), "}")),
    family("documents", "one field many times", |size| items(size, "{", |_| r#""k":1"#.to_owned(), "}")),
    family("documents", "many objects", |size| items(size, r#"{"a":["#, |_| r#"{"b":{}}"#.to_owned(), "]}")),
    family("documents", "many numbers", |size| items(size, r#"{"a":["#, |n| format!("{}.5", n % 1000), "]}")),
    family("documents", "many texts", |size| items(size, r#"{"a":["#, |n| format!(r#""{}""#, n % 10), "]}")),
    family("documents", "many floats", |size| {
        items(size, r#"{"a":["#, |_| r#"{"$float":"AAAAAAAA8H8="}"#.to_owned(), "]}")
    }),
    family("documents", "many bytes", |size| items(size, r#"{"a":["#, |_| r#"{"$bytes":"ABCD"}"#.to_owned(), "]}")),
    family("documents", "fields that are floats", |size| {
        items(size, "{", |n| format!(r#""k{n}":{{"$float":"AAAAAAAA8H8="}}"#), "}")
    }),
    family("documents", "long bytes", |size| long(size, r#"{"b":{"$bytes":""#, "ABCD", r#""}}"#)),
    family("documents", "bytes as a list", |size| items(size, r#"{"b":["#, |n| (n % 256).to_string(), "]}")),
    family("documents", "not a wrapper, because it has many fields", |size| {
        items(size, r#"{"a":{"b":1,"#, |_| r#""$float":"AAAAAAAA8H8=""#.to_owned(), "}}")
    }),
    family("documents", "a long text", |size| long(size, r#"{"_id":""#, "x", r#""}"#)),
    family("documents", "a long name", |size| long(size, r#"{""#, "x", r#"":1}"#)),
    family("documents", "a name of escapes", |size| long(size, r#"{""#, "\\u0061", r#"":1}"#)),
    family("documents", "escapes", |size| long(size, r#"{"a":""#, "\\u0041\\n", r#""}"#)),
    family("documents", "surrogates", |size| long(size, r#"{"a":""#, "\\ud83d\\ude00", r#""}"#)),
    family("documents", "backslashes", |size| long(size, r#"{"a":""#, "\\\\", r#""}"#)),
    family("documents", "a long integer", |size| long(size, r#"{"a":"#, "1", "}")),
    family("documents", "a long fraction", |size| long(size, r#"{"f":0."#, "01", "}")),
    family("documents", "a long number before the point", |size| long(size, r#"{"f":"#, "1", ".5}")),
    family("documents", "a long exponent", |size| long(size, r#"{"f":1e"#, "0", "1}")),
    family("documents", "spaces", |size| long(size, "{", " ", r#""a":1}"#)),
    family("documents", "deep lists", |size| deep(size, r#"{"a":"#, LIST, "}")),
    family("documents", "deep objects", |size| deep(size, r#"{"a":"#, OBJECT, "}")),
    family("documents", "deep and long lists", |size| deep_and_long(size, r#"{"a":"#, LIST, "}")),
    family("documents", "deep and long objects", |size| deep_and_long(size, r#"{"a":"#, OBJECT, "}")),
    family("documents", "invalid at the end", |size| items(size, r#"{"a":["#, |n| format!("{}", n % 1000), ",-0]}")),
    family("documents", "another type at the end", |size| {
        items(size, r#"{"a":["#, |n| format!("{}", n % 1000), r#"],"i":{}}"#)
    }),
    family("documents", "cut off", |size| long(size, r#"{"a":[[1,""#, "x", "")),
    family("environment_files", "many variables", |size| many(size, "", |n| format!("N{n}=1\n"), "")),
    family("environment_files", "one variable many times", |size| long(size, "", "A=1\n", "")),
    family("environment_files", "many invalid names", |size| many(size, "", |n| format!("{n}=1\n"), "")),
    family("environment_files", "a long value", |size| long(size, "A=", "x", "\n")),
    family("environment_files", "a long name", |size| long(size, "", "A", "=1\n")),
    family("environment_files", "a long line without a name", |size| long(size, "", "A ", "\n")),
    family("environment_files", "equals signs", |size| long(size, "A", "=", "\n")),
    family("environment_files", "empty lines", |size| long(size, "", "\n", "")),
    family("environment_files", "returns", |size| long(size, "", "\r", "A=1")),
    family("environment_files", "comments", |size| long(size, "", "# A=\"\n", "")),
    family("environment_files", "a long comment", |size| long(size, "A=1 ", "#", "\n")),
    family("environment_files", "quotes over lines", |size| long(size, "", "A='\n'\n", "")),
    family("environment_files", "a quote over many lines", |size| long(size, r#"A=""#, "x\n", r#"""#)),
    family("environment_files", "an unclosed quote", |size| long(size, "A='", "x\n", "")),
    family("environment_files", "each line opens a quote", |size| long(size, "", "A='\n", "")),
    family("environment_files", "escaped quotes", |size| long(size, "A='", "\\'", "'\n")),
    family("environment_files", "backslashes before quotes", |size| long(size, r#"A=""#, r#"\\\""#, "\"\n")),
    family("environment_files", "each line opens one of three quotes", |size| long(size, "", "A=\"\nB='\nC=`x\n", "")),
    family("environment_files", "quotes followed by a letter", |size| long(size, "", "A='\\'x\n", "")),
    family("environment_files", "quotes followed by comments", |size| long(size, "A='", "\\'#", "x\n")),
    family("environment_files", "quotes followed by white space", |size| long(size, "A='", "\\' \t", "x\n")),
    family("environment_files", "unclosed quotes in lines of JavaScript", |size| long(size, "A=", "'x\u{2028}", "")),
    family("environment_files", "a value of quoted lines", |size| long(size, "A=", "'x'\u{2028}\"y\"\u{2029}", "x")),
    family("environment_files", "values in separate lines", |size| long(size, "", "A=\n\n\n'x\n", "")),
    family("environment_files", "names in separate lines", |size| long(size, "", "export\n\n\nA\n\n\n=1\n", "")),
    family("environment_files", "comments after comments", |size| long(size, "A=1", "\u{2028}# '", "")),
    family("environment_files", "escapes", |size| long(size, r#"A=""#, "\\n", "\"\n")),
    family("environment_files", "exports", |size| long(size, "", "export A=1\n", "")),
    family("environment_files", "spaces", |size| long(size, "A=", " ", "1\n")),
    family("environment_files", "too long values", |size| {
        many(size, "", |n| format!("N{n}={}\n", "x".repeat(8193)), "")
    }),
    family("environment_files", "variables of the command line tool", |size| {
        long(size, "", "CONVEX_DEPLOY_KEY=x\n", "")
    }),
    family("log_events", "an array of events", |size| items(size, "[", |n| lag(n, ""), "]")),
    family("log_events", "lines of events", |size| many(size, "", |n| lag(n, "") + "\n", "{}")),
    family("log_events", "the topic comes last", |size| {
        items(
            size,
            "[",
            |n| format!(r#"{{"lag_seconds":{n},"convex":{DEPLOYMENT},"timestamp":1,"topic":"scheduled_job_lag"}}"#),
            "]",
        )
    }),
    family("log_events", "events that cannot be read", |size| items(size, "[", |n| lag(n, r#","lag_seconds":0"#), "]")),
    family("log_events", "a long line that cannot be read", |size| long(size, "{", " ", "")),
    family("log_events", "an array without its end", |size| many(size, "[", |n| lag(n, "") + ",", "")),
    family("log_events", "unknown fields", |size| {
        items(
            size,
            r#"{"timestamp":1,"topic":"scheduled_job_lag","lag_seconds":1,"#,
            |n| format!(r#""k{n}":[{n}]"#),
            "}",
        )
    }),
    family("log_events", "system tables", |size| {
        items(
            size,
            r#"{"topic":"current_storage_usage","total_system_table_document_size_bytes":{"#,
            |n| format!(r#""t{n}":1"#),
            "}}",
        )
    }),
    family("log_events", "a deep value", |size| deep(size, "[", LIST, "]")),
    family("log_events", "deep metadata", |size| deep(size, METADATA, OBJECT_IN_TEXT, METADATA_END)),
    family("log_events", "a deep and long body", |size| deep_and_long(size, CUSTOM_AUDIT, OBJECT, "}]")),
    family("log_events", "a message of escapes", |size| long(size, CONSOLE, "\\u0041\\n", "\"}]")),
    family("log_events", "empty lines", |size| long(size, "{}", "\n", "{}")),
    family("pages", "many documents", |size| items(size, VALUES, |n| format!(r#"{VALUE}{{"_id":"{n}"}}}}"#), PAGE)),
    family("pages", "documents of many tables", |size| {
        items(size, VALUES, |n| VALUE.replace(r#""a""#, &format!(r#""t{n}""#)) + r#"{"_id":"x"}}"#, PAGE)
    }),
    family("pages", "many truncates", |size| {
        items(size, TRUNCATES, |n| format!(r#"{{"component":"","table":"t{n}"}}"#), PAGE)
    }),
    family("pages", "a long document", |size| {
        items(size, &format!(r#"{VALUES}{VALUE}{{"_id":"x","a":["#), |_| "[{}]".to_owned(), &format!("]}}}}{PAGE}"))
    }),
    family("pages", "a deep document", |size| {
        deep(size, &format!(r#"{VALUES}{VALUE}{{"_id":"x","a":"#), OBJECT, &format!("}}}}{PAGE}"))
    }),
    family("pages", "a deep and long document", |size| {
        deep_and_long(size, &format!(r#"{VALUES}{VALUE}{{"_id":"x","a":"#), OBJECT, &format!("}}}}{PAGE}"))
    }),
    family("pages", "long names of tables", |size| {
        long(size, &format!(r#"{TRUNCATES}{{"component":"","table":""#), "x", &format!(r#""}}{PAGE}"#))
    }),
    family("pages", "a long cursor", |size| {
        long(size, &format!(r#"{VALUES}],"syncId":"s","pagination":{{"hasMore":true,"nextCursor":""#), "x", r#""}}"#)
    }),
    family("pages", "a long unknown status", |size| {
        let before = VALUES.replace(r#"{"type":"snapshotting"}"#, r#"{"type":"asleep","why":["#);
        let (before, after) = before.split_once(r#""why":["#).unwrap_or_default();
        items(size, &format!(r#"{before}"why":["#), |n| n.to_string(), &format!("]{after}{PAGE}"))
    }),
    family("pages", "many unknown fields", |size| {
        items(size, "b{", |n| format!(r#""k{n}":{{}}"#), &format!(",{}{PAGE}", &VALUES[2..]))
    }),
    family("pages", "spaces", |size| long(size, VALUES, " ", PAGE)),
    family("pages", "another type at the end", |size| {
        items(size, VALUES, |n| format!(r#"{VALUE}{{"_id":"{n}"}}}}"#), &format!(",1{PAGE}"))
    }),
    family("replies", "many variables", |size| {
        items(size, &success(ListEnvironmentVariables::META, VARIABLES), |n| format!(r#""N{n}":"""#), "}}")
    }),
    family("replies", "one variable many times", |size| {
        items(size, &success(ListEnvironmentVariables::META, VARIABLES), |_| r#""N":"""#.to_owned(), "}}")
    }),
    family("replies", "a long value", |size| {
        long(size, &success(ListEnvironmentVariables::META, &format!(r#"{VARIABLES}"N":""#)), "x", r#""}}"#)
    }),
    family("replies", "a value of escapes", |size| {
        long(size, &success(ListEnvironmentVariables::META, &format!(r#"{VARIABLES}"N":""#)), "\\u0001", r#""}}"#)
    }),
    family("replies", "a variable with a number at the end", |size| {
        items(size, &success(ListEnvironmentVariables::META, VARIABLES), |n| format!(r#""N{n}":"""#), r#","N":1}}"#)
    }),
    family("replies", "many log streams of a new kind", |size| {
        items(
            size,
            &success(ListLogStreams::META, "["),
            |n| format!(r#"{{"logStreamType":"new{n}","id":"x","status":{{"type":"active"}}}}"#),
            "]",
        )
    }),
    family("replies", "a log stream of a new kind with many fields", |size| {
        items(
            size,
            &success(GetLogStream::META, "{"),
            |n| format!(r#""k{n}":[1.0]"#),
            r#","logStreamType":"new","id":"x"}"#,
        )
    }),
    family("replies", "a log stream with its kind at the end", |size| {
        items(size, &success(GetLogStream::META, "{"), |n| format!(r#""k{n}":[1.0]"#), KIND_LAST)
    }),
    family("replies", "a kind with a long name", |size| {
        long(size, &success(GetLogStream::META, r#"{"id":"x","logStreamType":""#), "x", r#""}"#)
    }),
    family("replies", "many tags", |size| {
        items(size, &success(GetLogStream::META, TAGS), |n| format!(r#""t{n}":"""#), "}}")
    }),
    family("replies", "many topics", |size| {
        items(size, &success(GetLogStream::META, TOPICS), |n| format!(r#""t{n}""#), "]}")
    }),
    family("replies", "many metrics", |size| {
        items(
            size,
            &success(GetCurrentUsage::META, r#"{"seedStatus":"new","metrics":{"#),
            |n| format!(r#""m{n}":{{"unit":"u","usage":{{"current_day":1}}}}"#),
            "}}",
        )
    }),
    family("replies", "a metric with many windows", |size| {
        items(
            size,
            &success(GetCurrentUsage::META, r#"{"seedStatus":"new","metrics":{"m":{"unit":"u","usage":{"#),
            |n| format!(r#""w{n}":0.5"#),
            "}}}}",
        )
    }),
    family("replies", "many events", |size| {
        items(
            size,
            &success(ListAuditLogEvents::META, r#"{"items":["#),
            |n| format!(r#"{{"actor":{{"kind":"system"}},"action":"new{n}","createTime":1,"metadata":{{"a":[{n}]}}}}"#),
            EVENTS,
        )
    }),
    family("replies", "many actors of a new kind", |size| {
        items(
            size,
            &success(ListAuditLogEvents::META, r#"{"items":["#),
            |n| format!(r#"{{"actor":{{"kind":"new","a":{n}}},"action":"x","createTime":1,"metadata":null}}"#),
            EVENTS,
        )
    }),
    family("replies", "an event with large metadata", |size| {
        items(
            size,
            &success(ListAuditLogEvents::META, &format!("{EVENT}[")),
            |_| r#"{"a":"b"}"#.to_owned(),
            &format!("]}}{EVENTS}"),
        )
    }),
    family("replies", "a deep and long event", |size| {
        deep_and_long(size, &success(ListAuditLogEvents::META, EVENT), OBJECT, &format!("}}{EVENTS}"))
    }),
    family("replies", "a deep and long log stream of a new kind", |size| {
        deep_and_long(size, &success(GetLogStream::META, r#"{"id":"x","logStreamType":"new","a":"#), LIST, "}")
    }),
    family("replies", "many syncs", |size| {
        items(
            size,
            &success(ListActiveSyncs::META, r#"{"syncs":["#),
            |n| format!(r#"{{"syncId":"{n}","lastUpdated":1,"status":{{"type":"new"}}}}"#),
            EVENTS,
        )
    }),
    family("replies", "many usage limits", |size| {
        items(
            size,
            &success(ListUsageLimits::META, r#"{"usageLimits":["#),
            |n| format!(r#"{{"id":"{n}","metric":"tea","window":"year","limitType":"ask","limit":1,"enabled":false}}"#),
            "]}",
        )
    }),
    family("replies", "deep levels that are ignored", |size| {
        deep(size, &success(GetDeploymentInfo::META, r#"{"kind":"selfHosted","new":"#), LIST, "}")
    }),
    family("replies", "spaces", |size| long(size, &success(GetCanonicalUrls::META, ""), " ", "{}")),
    family("replies", "a web page", |size| {
        long(size, &ResponseInput::head(GetCanonicalUrls::META, 200, 0), " ", "<html>")
    }),
    family("replies", "a long code", |size| long(size, &error(r#"{"code":""#), "x", r#"","message":"m"}"#)),
    family("replies", "a code of controls", |size| long(size, &error(r#"{"code":""#), "\\u0007", r#""}"#)),
    family("replies", "a long message", |size| long(size, &error(r#"{"code":"C","message":""#), "x", r#""}"#)),
    family("replies", "a message of brackets", |size| {
        long(size, &error(r#"{"code":"OperationNotPermitted","message":""#), "(a:b)(", r#""}"#)
    }),
    family("replies", "a long permission", |size| {
        long(size, &error(r#"{"code":"OperationNotPermitted","message":"("#), "a:b", r#")"}"#)
    }),
    family("replies", "many fields of an error", |size| {
        items(size, &error(r#"{"code":"C","message":"m","#), |n| format!(r#""k{n}":[]"#), "}")
    }),
    family("replies", "many headers", |size| many(size, &head(503, ""), |n| format!("x-{n}: y\n"), "\n")),
    family("replies", "one header many times", |size| long(size, &head(503, ""), "retry-after: 1\n", "\n")),
    family("replies", "a long wait", |size| long(size, &head(429, "retry-after: "), "9", "\n\n")),
    family("replies", "a long date", |size| {
        long(size, &head(429, "date: Tue, 24 Nov 2026 07:00:00 GMT\nretry-after: Tue, "), "1 ", " GMT\n\n")
    }),
    family("replies", "a date of colons", |size| {
        long(size, &head(429, "retry-after: Tue, 24 Nov 2026 "), "7:", " GMT\n\n")
    }),
    family("replies", "many parts of a content type", |size| {
        long(size, &head(503, "content-type: text/html"), ";charset", "\n\n")
    }),
    family("replies", "a long charset", |size| long(size, &head(503, "content-type: a;charset="), r#"""#, "\n\n")),
    family("replies", "a redirect to a long host", |size| long(size, &head(302, "location: https://"), "x", "/\n\n")),
    family("replies", "a redirect to a long path", |size| {
        long(size, &head(302, "location: https://h.example/"), "%2e/", "\n\n")
    }),
    family("replies", "a long notice", |size| {
        long(size, &head(400, "x-convex-deprecation-state: x\nx-convex-deprecation-message: "), "x", "\n\n")
    }),
    family("role_resources", "many selectors", |size| items(size, "project:", |n| format!("id={n}"), "")),
    family("role_resources", "many deployments", |size| long(size, "project:*:deployment:", "creator=self,", "*")),
    family("role_resources", "many kinds", |size| long(size, "project:*", ":deployment:*", "")),
    family("role_resources", "many colons", |size| long(size, "project", ":", "")),
    family("role_resources", "many commas", |size| long(size, "project:*", ",", "")),
    family("role_resources", "a long slug", |size| long(size, "project:slug=", "x", "")),
    family("role_resources", "a long type", |size| long(size, "project:*:deployment:type=", "x", ":token:*")),
    family("role_resources", "a long id", |size| long(size, "project:id=", "0", "1")),
    family("role_resources", "white space", |size| long(size, "project:*:deployment:type=", " ", "x")),
    family("syncs", "a long cursor", |size| long(size, r#"c{"version":1,"cursor":""#, "x", r#""}"#)),
    family("syncs", "a deep checkpoint", |size| deep(size, r#"c{"version":1,"selection":"#, LIST, "}")),
    family("syncs", "many tables in turn", |size| {
        let value = |n: usize| {
            format!(r#"{{"component":"","table":"t{}","ts":1,"deleted":true,"value":{{"_id":"x"}}}}"#, n % 7)
        };
        let before = r#"p{"status":{"type":"snapshotting"},"truncates":[],"values":["#;
        items(size, before, value, r#"],"syncId":"s","pagination":{"nextCursor":"c"}}"#)
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    #[test]
    fn each_family_has_a_target_a_unique_name_and_the_requested_size() {
        for (place, family) in FAMILIES.iter().enumerate() {
            assert!(TARGETS.iter().any(|target| target.name == family.target), "{family:?}");
            let same = |other: &Family| (other.target, other.name) == (family.target, family.name);
            assert!(!FAMILIES[..place].iter().any(same), "{family:?}");
            let length = (family.input)(20_000).len();
            assert!((18_000..30_000).contains(&length), "{family:?} has {length} bytes");
        }
    }
}
