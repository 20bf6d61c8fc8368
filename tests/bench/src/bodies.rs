//! Made-up bodies of responses, with the fields in the order of the real server.

use std::fmt::Write;

/// A log stream of 169 bytes. The tag comes first.
pub const LOG_STREAM: &str = r#"{"logStreamType":"datadog","id":"jw2056e41prz073c8bdh5591x98jrz2c","status":{"type":"active"},"siteLocation":"US1","ddTags":["env:prod"],"service":"store","topics":null}"#;

/// Returns the name and the value of a variable. The names are in order.
pub fn variable(n: usize) -> (String, String) {
    (format!("SERVICE_{n:05}_URL"), format!("https://service-{n:05}.example.com/"))
}

/// A list of environment variables, sorted by name.
pub fn variables(count: usize) -> String {
    let variable = |n| {
        let (name, value) = variable(n);
        format!(r#""{name}":"{value}""#)
    };
    format!(r#"{{"environmentVariables":{{{}}}}}"#, list(count, variable))
}

/// A page of entries of a deployment's audit log.
pub fn audit_events(count: usize) -> String {
    let event = |n: usize| {
        let actor = match n % 4 {
            0 => r#"{"kind":"system"}"#.to_owned(),
            1 => format!(r#"{{"kind":"token","member_id":null,"token_id":{},"client_id":null}}"#, 4000 + n),
            _ => format!(r#"{{"kind":"member","member_id":{}}}"#, 70_000 + n),
        };
        let time = 1_755_000_000_000_u64 + n as u64 * 977;
        format!(
            r#"{{"actor":{actor},"action":"update_environment_variable","createTime":{time},"metadata":{{"variable_name":"SERVICE_{n:05}_URL","variable_id":"k17{n:029}"}},"clientIp":"203.0.113.{}","clientUserAgent":"convex-mgmt/0.1.0"}}"#,
            n % 250,
        )
    };
    page(&list(count, event))
}

/// A page of projects. Each third has no deployment for development.
pub fn projects(count: usize) -> String {
    let project = |n: usize| {
        let development = if n.is_multiple_of(3) { "null".to_owned() } else { format!(r#""tidy-otter-{n:03}""#) };
        let (id, time) = (900_000 - n, 1_755_000_000_000_u64 - (n % 1000) as u64 * 86_400_000);
        format!(
            r#"{{"id":{id},"name":"Web shop {n:03}","slug":"web-shop-{n:03}","teamId":7012,"teamSlug":"acme","createTime":{time},"prodDeploymentName":"happy-animal-{n:03}","devDeploymentName":{development}}}"#
        )
    };
    page(&list(count, project))
}

/// The tables of the documents.
const TABLES: [&str; 7] = ["announcements", "bookings", "comments", "drafts", "messages", "posts", "replies"];

/// A page of a data sync: documents of about 1 KiB of several tables, as a sync has them that follows changes.
pub fn documents(count: usize) -> String {
    let value = |n: usize| {
        // The table changes with 6 of 7 documents.
        let table = TABLES[(n - n / 7) % 7];
        let (ts, document) = (1_755_000_000_000_000_000 + n, document(n));
        format!(r#"{{"component":"","table":"{table}","ts":{ts},"deleted":false,"value":{document}}}"#)
    };
    let values = list(count, value);
    let cursor = "01837e4acb819c2f".repeat(16);
    format!(
        r#"{{"status":{{"type":"snapshotting"}},"truncates":[],"values":[{values}],"syncId":"bbbc55e6-c86f-4298-966f-2c5b3bf95adb","pagination":{{"hasMore":true,"nextCursor":"{cursor}"}}}}"#
    )
}

/// A document with the types of values that are common: texts with and without escapes, numbers, lists and an object.
fn document(n: usize) -> String {
    let sentence =
        r#"The meeting of \"Team Zürich\" moves to the second floor, because the large room is being painted.\n"#;
    format!(
        r#"{{"_creationTime":17{n:011}.{},"_id":"k17{n:028}x","author":"j57{n:028}y","body":"{}Number {n}.","channel":"announcements","edited":{},"history":[1.0,0.5,{n}.25,-0.0],"likes":{},"place":{{"city":"Zürich","country":null}},"tags":["express","number-{n}"],"title":"Where to meet on Monday, part {n}"}}"#,
        n % 10,
        sentence.repeat(5),
        n.is_multiple_of(2),
        9_007_199_254_740_993 + n,
    )
}

fn page(items: &str) -> String {
    format!(r#"{{"items":[{items}],"pagination":{{"hasMore":true,"nextCursor":"0183a1b2c3d4e5f60718"}}}}"#)
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(text, "{comma}{}", item(n));
        text
    })
}
