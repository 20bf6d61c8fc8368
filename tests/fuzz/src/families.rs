//! Inputs that grow: families that were written to make a reader do more than its share, one input for each size.

use crate::operations::ROWS;
use crate::replies::{HEADS, STATUSES};

/// A family of inputs.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The target that takes them.
    pub target: &'static str,
    /// What they are.
    pub name: &'static str,
    /// The input of about this size.
    pub input: fn(usize) -> Vec<u8>,
}

/// A text, then a piece for each number as often as it takes to reach a size, and then another text.
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

/// As [`many`], with the same piece each time.
fn long(size: usize, before: &str, piece: &str, after: &str) -> Vec<u8> {
    many(size, before, |_| piece.to_owned(), after)
}

/// As [`many`], with a comma after each piece and a last one without.
fn items(size: usize, before: &str, piece: impl Fn(usize) -> String, after: &str) -> Vec<u8> {
    let last = piece(usize::MAX);
    many(size, before, |number| piece(number) + ",", &(last + after))
}

/// Levels of which there are more the larger it is, and a text within the innermost that grows too. Whoever reads each level
/// again does so with both.
fn deep_and_long(size: usize, before: &str, [open, close]: [&str; 2], after: &str) -> Vec<u8> {
    let levels = size / 400;
    let (open, close) = (format!("{before}{}\"", open.repeat(levels)), format!("\"{}{after}", close.repeat(levels)));
    long(size, &open, "x", &close)
}

/// As deep as it is large.
fn deep(size: usize, before: &str, [open, close]: [&str; 2], after: &str) -> Vec<u8> {
    let levels = size / (open.len() + close.len());
    format!("{before}{}{}{after}", open.repeat(levels), close.repeat(levels)).into_bytes()
}

/// The first bytes of the input of a reply.
fn reply(operation: &str, status: u16, head: usize) -> String {
    let letter = |place: Option<usize>| char::from(b'a' + place.expect("it is in the table") as u8);
    let operation = letter(ROWS.iter().position(|row| row.meta.id == operation));
    let status = letter(STATUSES.iter().position(|one| *one == status));
    format!("{operation}{status}{}\0", letter(Some(head)))
}

/// A success with a JSON body.
fn read(operation: &str, body: &str) -> String {
    reply(operation, 200, 1) + body
}

/// A refusal with a JSON body.
fn refused(body: &str) -> String {
    reply("delete_log_stream", 400, 1) + body
}

/// A refusal with a head that is written out.
fn head(status: u16, lines: &str) -> String {
    reply("delete_log_stream", status, HEADS.len()) + lines
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

macro_rules! families {
    ($($target:ident { $($name:literal: |$size:ident| $input:expr,)+ })+) => {
        /// All families that were written.
        pub const FAMILIES: &[Family] = &[
            $($( Family { target: stringify!($target), name: $name, input: |$size| $input }, )+)+
        ];
    };
}

families! {
    credentials {
        "a long secret": |size| long(size, "prod:happy-animal-123|", "x", ""),
        "a long name": |size| long(size, "prod:", "x", "|y"),
        "many colons": |size| long(size, "", ":", "|x"),
        "many parts": |size| long(size, "project", ":a", "|x"),
        "many bars": |size| long(size, "a", "|", "x"),
        "a long reason": |size| long(size, "<missing_deploy_key: ", "because ", ">"),
        "spaces": |size| long(size, "", " ", "x"),
        "a long host": |size| long(size, "https://", "x", ""),
        "many labels": |size| long(size, "https://", "a.", "b"),
        "many dots": |size| long(size, "https://a", ".", ""),
        "a long port": |size| long(size, "https://a:", "0", "1"),
        "many slashes": |size| long(size, "https://a", "/", ""),
        "many brackets": |size| long(size, "https://", "[", "]"),
        "a long address": |size| long(size, "https://[", "0:", ":1]"),
        "many ats": |size| long(size, "https://", "a@", "b"),
        "many percents": |size| long(size, "https://", "%2e", ""),
        "many schemes": |size| long(size, "", "https://", ""),
        "not ASCII": |size| long(size, "https://", "é", ""),
    }
    cursors {
        "plain": |size| long(size, CURSOR, "x", ""),
        "escaped in a URL": |size| long(size, CURSOR, "/ ", ""),
        "escaped in JSON": |size| long(size, CURSOR, "\"\\", ""),
        "controls": |size| long(size, CURSOR, "\u{1}", ""),
        "dots": |size| long(size, CURSOR, ".", ""),
        "templates": |size| long(size, CURSOR, "{id}", ""),
        "not ASCII": |size| long(size, CURSOR, "\u{1f600}é", ""),
    }
    documents {
        "many fields": |size| items(size, "{", |n| format!("\"k{n}\":{n}").replace(&usize::MAX.to_string(), "1"), "}"),
        "one field many times": |size| items(size, "{", |_| "\"k\":1".to_owned(), "}"),
        "many objects": |size| items(size, "{\"a\":[", |_| "{\"b\":{}}".to_owned(), "]}"),
        "many numbers": |size| items(size, "{\"a\":[", |n| format!("{}.5", n % 1000), "]}"),
        "many texts": |size| items(size, "{\"a\":[", |n| format!("\"{}\"", n % 10), "]}"),
        "many floats": |size| items(size, "{\"a\":[", |_| "{\"$float\":\"AAAAAAAA8H8=\"}".to_owned(), "]}"),
        "many bytes": |size| items(size, "{\"a\":[", |_| "{\"$bytes\":\"ABCD\"}".to_owned(), "]}"),
        "fields that are floats": |size| {
            items(size, "{", |n| format!("\"k{n}\":{{\"$float\":\"AAAAAAAA8H8=\"}}"), "}")
        },
        "long bytes": |size| long(size, "{\"b\":{\"$bytes\":\"", "ABCD", "\"}}"),
        "bytes as a list": |size| items(size, "{\"b\":[", |n| (n % 256).to_string(), "]}"),
        "a wrapper that is none, with many fields": |size| {
            items(size, "{\"a\":{\"b\":1,", |_| "\"$float\":\"AAAAAAAA8H8=\"".to_owned(), "}}")
        },
        "a long text": |size| long(size, "{\"_id\":\"", "x", "\"}"),
        "a long name": |size| long(size, "{\"", "x", "\":1}"),
        "a name of escapes": |size| long(size, "{\"", "\\u0061", "\":1}"),
        "escapes": |size| long(size, "{\"a\":\"", "\\u0041\\n", "\"}"),
        "surrogates": |size| long(size, "{\"a\":\"", "\\ud83d\\ude00", "\"}"),
        "backslashes": |size| long(size, "{\"a\":\"", "\\\\", "\"}"),
        "a long integer": |size| long(size, "{\"a\":", "1", "}"),
        "a long fraction": |size| long(size, "{\"f\":0.", "01", "}"),
        "a long number before the point": |size| long(size, "{\"f\":", "1", ".5}"),
        "a long exponent": |size| long(size, "{\"f\":1e", "0", "1}"),
        "spaces": |size| long(size, "{", " ", "\"a\":1}"),
        "lists as deep as it is large": |size| deep(size, "{\"a\":", LIST, "}"),
        "objects as deep as it is large": |size| deep(size, "{\"a\":", OBJECT, "}"),
        "lists that are deep and long": |size| deep_and_long(size, "{\"a\":", LIST, "}"),
        "objects that are deep and long": |size| deep_and_long(size, "{\"a\":", OBJECT, "}"),
        "bad at the end": |size| items(size, "{\"a\":[", |n| format!("{}", n % 1000), ",-0]}"),
        "of another shape at the end": |size| items(size, "{\"a\":[", |n| format!("{}", n % 1000), "],\"i\":{}}"),
        "cut off": |size| long(size, "{\"a\":[[1,\"", "x", ""),
    }
    environment_files {
        "many variables": |size| many(size, "", |n| format!("N{n}=1\n"), ""),
        "one variable many times": |size| long(size, "", "A=1\n", ""),
        "many names that are none": |size| many(size, "", |n| format!("{n}=1\n"), ""),
        "a long value": |size| long(size, "A=", "x", "\n"),
        "a long name": |size| long(size, "", "A", "=1\n"),
        "a long line without a name": |size| long(size, "", "A ", "\n"),
        "equals signs": |size| long(size, "A", "=", "\n"),
        "lines without anything": |size| long(size, "", "\n", ""),
        "returns": |size| long(size, "", "\r", "A=1"),
        "comments": |size| long(size, "", "# A=\"\n", ""),
        "a long comment": |size| long(size, "A=1 ", "#", "\n"),
        "quotes over lines": |size| long(size, "", "A='\n'\n", ""),
        "a quote over many lines": |size| long(size, "A=\"", "x\n", "\""),
        "a quote that is not closed": |size| long(size, "A='", "x\n", ""),
        "each line opens a quote": |size| long(size, "", "A='\n", ""),
        "quotes that are escaped": |size| long(size, "A='", "\\'", "'\n"),
        "backslashes before quotes": |size| long(size, "A=\"", "\\\\\\\"", "\"\n"),
        "escapes": |size| long(size, "A=\"", "\\n", "\"\n"),
        "exports": |size| long(size, "", "export A=1\n", ""),
        "spaces": |size| long(size, "A=", " ", "1\n"),
        "values that are too long": |size| many(size, "", |n| format!("N{n}={}\n", "x".repeat(8193)), ""),
        "variables of the command line tool": |size| long(size, "", "CONVEX_DEPLOY_KEY=x\n", ""),
    }
    pages {
        "many documents": |size| items(size, VALUES, |n| format!("{VALUE}{{\"_id\":\"{n}\"}}}}"), PAGE),
        "documents of many tables": |size| {
            items(size, VALUES, |n| VALUE.replace("\"a\"", &format!("\"t{n}\"")) + "{}}", PAGE)
        },
        "many truncates": |size| items(size, TRUNCATES, |n| format!("{{\"component\":\"\",\"table\":\"t{n}\"}}"), PAGE),
        "a long document": |size| items(size, &format!("{VALUES}{VALUE}{{\"a\":["), |_| "[{}]".to_owned(), &format!("]}}}}{PAGE}")),
        "a document as deep as it is large": |size| {
            deep(size, &format!("{VALUES}{VALUE}"), OBJECT, &format!("}}{PAGE}")).into_iter().collect()
        },
        "a document that is deep and long": |size| {
            deep_and_long(size, &format!("{VALUES}{VALUE}"), OBJECT, &format!("}}{PAGE}"))
        },
        "long names of tables": |size| long(size, &format!("{TRUNCATES}{{\"component\":\"\",\"table\":\""), "x", &format!("\"}}{PAGE}")),
        "a long cursor": |size| long(size, &format!("{VALUES}],\"syncId\":\"s\",\"pagination\":{{\"hasMore\":true,\"nextCursor\":\""), "x", "\"}}"),
        "a long status that is not known": |size| {
            let before = VALUES.replace("{\"type\":\"snapshotting\"}", "{\"type\":\"asleep\",\"why\":[");
            let (before, after) = before.split_once("\"why\":[").unwrap_or_default();
            items(size, &format!("{before}\"why\":["), |n| n.to_string(), &format!("]{after}{PAGE}"))
        },
        "many fields that are not known": |size| items(size, "b{", |n| format!("\"k{n}\":{{}}"), &format!(",{}{PAGE}", &VALUES[2..])),
        "spaces": |size| long(size, VALUES, " ", PAGE),
        "of another shape at the end": |size| items(size, VALUES, |n| format!("{VALUE}{{\"_id\":\"{n}\"}}}}"), &format!(",1{PAGE}")),
    }
    replies {
        "many variables": |size| {
            items(size, &read("list_environment_variables", VARIABLES), |n| format!("\"N{n}\":\"\""), "}}")
        },
        "one variable many times": |size| {
            items(size, &read("list_environment_variables", VARIABLES), |_| "\"N\":\"\"".to_owned(), "}}")
        },
        "a long value": |size| {
            long(size, &read("list_environment_variables", &format!("{VARIABLES}\"N\":\"")), "x", "\"}}")
        },
        "a value of escapes": |size| {
            long(size, &read("list_environment_variables", &format!("{VARIABLES}\"N\":\"")), "\\u0001", "\"}}")
        },
        "a variable that is none at the end": |size| {
            items(size, &read("list_environment_variables", VARIABLES), |n| format!("\"N{n}\":\"\""), ",\"N\":1}}")
        },
        "many log streams of a new kind": |size| {
            items(size, &read("list_log_streams", "["), |n| format!("{{\"logStreamType\":\"new{n}\",\"id\":\"x\",\"status\":{{\"type\":\"active\"}}}}"), "]")
        },
        "a log stream of a new kind with many fields": |size| {
            items(size, &read("get_log_stream", "{"), |n| format!("\"k{n}\":[1.0]"), ",\"logStreamType\":\"new\",\"id\":\"x\"}")
        },
        "a log stream whose kind comes last": |size| {
            items(size, &read("get_log_stream", "{"), |n| format!("\"k{n}\":[1.0]"), ",\"id\":\"x\",\"status\":{\"type\":\"active\"},\"topics\":null,\"logStreamType\":\"webhook\"}")
        },
        "a kind with a long name": |size| {
            long(size, &read("get_log_stream", "{\"id\":\"x\",\"logStreamType\":\""), "x", "\"}")
        },
        "many tags": |size| {
            items(size, &read("get_log_stream", "{\"logStreamType\":\"sentry\",\"id\":\"x\",\"status\":{\"type\":\"active\"},\"topics\":null,\"tags\":{"), |n| format!("\"t{n}\":\"\""), "}}")
        },
        "many topics": |size| {
            items(size, &read("get_log_stream", "{\"logStreamType\":\"webhook\",\"id\":\"x\",\"url\":\"\",\"format\":\"json\",\"status\":{\"type\":\"active\"},\"topics\":["), |n| format!("\"t{n}\""), "]}")
        },
        "many metrics": |size| {
            items(size, &read("get_current_usage", "{\"seedStatus\":\"new\",\"metrics\":{"), |n| format!("\"m{n}\":{{\"unit\":\"u\",\"usage\":{{\"current_day\":1}}}}"), "}}")
        },
        "a metric with many windows": |size| {
            items(size, &read("get_current_usage", "{\"seedStatus\":\"new\",\"metrics\":{\"m\":{\"unit\":\"u\",\"usage\":{"), |n| format!("\"w{n}\":0.5"), "}}}}")
        },
        "many events": |size| {
            items(size, &read("list_audit_log_events", "{\"items\":["), |n| format!("{{\"actor\":{{\"kind\":\"system\"}},\"action\":\"new{n}\",\"createTime\":1,\"metadata\":{{\"a\":[{n}]}}}}"), EVENTS)
        },
        "many actors of a new kind": |size| {
            items(size, &read("list_audit_log_events", "{\"items\":["), |n| format!("{{\"actor\":{{\"kind\":\"new\",\"a\":{n}}},\"action\":\"x\",\"createTime\":1,\"metadata\":null}}"), EVENTS)
        },
        "an event with much on it": |size| {
            items(size, &read("list_audit_log_events", "{\"items\":[{\"actor\":{\"kind\":\"system\"},\"action\":\"x\",\"createTime\":1,\"metadata\":["), |_| "{\"a\":\"b\"}".to_owned(), &format!("]}}{EVENTS}"))
        },
        "an event that is deep and long": |size| {
            deep_and_long(size, &read("list_audit_log_events", "{\"items\":[{\"actor\":{\"kind\":\"system\"},\"action\":\"x\",\"createTime\":1,\"metadata\":"), OBJECT, &format!("}}{EVENTS}"))
        },
        "a new kind that is deep and long": |size| {
            deep_and_long(size, &read("get_log_stream", "{\"id\":\"x\",\"logStreamType\":\"new\",\"a\":"), LIST, "}")
        },
        "many syncs": |size| {
            items(size, &read("list_active_syncs", "{\"syncs\":["), |n| format!("{{\"syncId\":\"{n}\",\"lastUpdated\":1,\"status\":{{\"type\":\"new\"}}}}"), EVENTS)
        },
        "many usage limits": |size| {
            items(size, &read("list_usage_limits", "{\"usageLimits\":["), |n| format!("{{\"id\":\"{n}\",\"metric\":\"tea\",\"window\":\"year\",\"limitType\":\"ask\",\"limit\":1,\"enabled\":false}}"), "]}")
        },
        "ignored levels as deep as it is large": |size| deep(size, &read("get_deployment_info", "{\"kind\":\"selfHosted\",\"new\":"), LIST, "}"),
        "spaces": |size| long(size, &read("get_canonical_urls", ""), " ", "{}"),
        "a web page": |size| long(size, &reply("get_canonical_urls", 200, 0), " ", "<html>"),
        "a long code": |size| long(size, &refused("{\"code\":\""), "x", "\",\"message\":\"m\"}"),
        "a code of controls": |size| long(size, &refused("{\"code\":\""), "\\u0007", "\"}"),
        "a long message": |size| long(size, &refused("{\"code\":\"C\",\"message\":\""), "x", "\"}"),
        "a message of brackets": |size| long(size, &refused("{\"code\":\"OperationNotPermitted\",\"message\":\""), "(a:b)(", "\"}"),
        "a long permission": |size| long(size, &refused("{\"code\":\"OperationNotPermitted\",\"message\":\"("), "a:b", ")\"}"),
        "many fields of an error": |size| items(size, &refused("{\"code\":\"C\",\"message\":\"m\","), |n| format!("\"k{n}\":[]"), "}"),
        "many headers": |size| many(size, &head(503, ""), |n| format!("x-{n}: y\n"), "\n"),
        "one header many times": |size| long(size, &head(503, ""), "retry-after: 1\n", "\n"),
        "a long wait": |size| long(size, &head(429, "retry-after: "), "9", "\n\n"),
        "a long date": |size| long(size, &head(429, "date: Tue, 24 Nov 2026 07:00:00 GMT\nretry-after: Tue, "), "1 ", " GMT\n\n"),
        "a date of colons": |size| long(size, &head(429, "retry-after: Tue, 24 Nov 2026 "), "7:", " GMT\n\n"),
        "many parts of a content type": |size| long(size, &head(503, "content-type: text/html"), ";charset", "\n\n"),
        "a long charset": |size| long(size, &head(503, "content-type: a;charset="), "\"", "\n\n"),
        "a redirect to a long host": |size| long(size, &head(302, "location: https://"), "x", "/\n\n"),
        "a redirect to a long path": |size| long(size, &head(302, "location: https://h.example/"), "%2e/", "\n\n"),
        "a long notice": |size| long(size, &head(400, "x-convex-deprecation-state: x\nx-convex-deprecation-message: "), "x", "\n\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TARGETS;

    #[test]
    fn each_family_has_a_target_a_name_of_its_own_and_the_size_it_is_asked_for() {
        for (place, family) in FAMILIES.iter().enumerate() {
            assert!(TARGETS.iter().any(|target| target.name == family.target), "{family:?}");
            let same = |other: &Family| (other.target, other.name) == (family.target, family.name);
            assert!(!FAMILIES[..place].iter().any(same), "{family:?}");
            let length = (family.input)(20_000).len();
            assert!((18_000..30_000).contains(&length), "{family:?} has {length} bytes");
        }
    }
}
