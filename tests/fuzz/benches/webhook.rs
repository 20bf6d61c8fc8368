//! Benchmark of receiving a batch of log events, in instructions compared with HMAC-SHA256 and one pass of serde_json.
//!
//! The comparison knows the topic of each event, and reads the same types with serde's derives.
//!
//! `cargo bench -p convex-mgmt-fuzz --bench webhook` prints both; `-- --check` fails when the bound is exceeded. valgrind counts
//! the instructions in a run of this same program. Without valgrind both commands fail.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its user")]

use std::fmt;
use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use convex_mgmt_count::{counted, instructions};
use convex_mgmt_proto::UnixMillis;
use convex_mgmt_proto::webhook::{self, BatchDigest, EventKind, Meter, Signature, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use sha2::Sha256;

/// Maximum ratio of instructions to those of the comparison.
const BOUND: f64 = 1.1;
/// The number of events of the batch, the largest that the server sends.
const COUNT: usize = 128;
/// One event of this many is console output. The others are function executions.
const CONSOLE: usize = 4;
/// The secret of the stream.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn event(n: usize) -> String {
    let timestamp = 1_795_420_178_294 + n;
    let function = |kind: &str, rest: &str| {
        format!(
            r#"{{"path":"messages/channels:list{n}","type":"{kind}",{rest},"request_id":"9c4bb0afdad1{n:04x}","mutation_queue_length":null,"mutation_retry_count":null}}"#
        )
    };
    let convex = r#"{"deployment_name":"happy-animal-123","deployment_type":"prod","deployment_ref":null,"project_name":"Chat","project_slug":"chat","deployment_region":"aws-us-east-1"}"#;
    if n % CONSOLE == CONSOLE - 1 {
        let function = function("action", r#""cached":null"#);
        return format!(
            r#"{{"timestamp":{timestamp},"topic":"console","function":{function},"log_level":"LOG","message":"'sent \"welcome\" to {n} users'","is_truncated":false,"system_code":null,"convex":{convex}}}"#
        );
    }
    let function = function("query", r#""cached":false"#);
    let (read, documents) = (n * 977, n * 3);
    format!(
        r#"{{"timestamp":{timestamp},"topic":"function_execution","function":{function},"execution_time_ms":{n},"user_execution_time_ms":3,"status":"success","error_message":null,"occ_info":null,"will_retry":false,"scheduler_info":null,"run_reason":"webSocket","usage":{{"database_read_bytes":{read},"database_write_bytes":0,"database_io_read_bytes":{read},"database_io_write_bytes":0,"database_read_documents":{documents},"database_write_documents":0,"file_storage_read_bytes":0,"file_storage_write_bytes":0,"vector_storage_read_bytes":0,"vector_storage_write_bytes":0,"text_search_query_bytes":0,"text_search_write_query_bytes":0,"vector_search_query_bytes":0,"vector_search_write_query_bytes":0,"network_egress_bytes":{n},"memory_used_mb":64,"action_memory_used_mb":null,"audit_log_egress_bytes":0,"function_args_bytes":40,"function_returns_bytes":{read}}},"convex":{convex}}}"#
    )
}

fn batch() -> Bytes {
    let events: Vec<String> = (0..COUNT).map(event).collect();
    format!("[{}]", events.join(",")).into()
}

mod bare {
    //! The events for serde_json alone, with a struct for each topic.

    use convex_mgmt_proto::UnixMillis;
    use convex_mgmt_proto::deployment::log_streams::LogTopic;
    use convex_mgmt_proto::webhook::{
        EventDeployment, ExecutionStatus, Function, LogLevel, OccInfo, RunReason, SchedulerInfo, Usage,
    };
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only read")]
    pub(super) struct Execution {
        timestamp: UnixMillis,
        topic: LogTopic,
        function: Function,
        execution_time_ms: u64,
        user_execution_time_ms: Option<u64>,
        status: ExecutionStatus,
        error_message: Option<String>,
        occ_info: Option<OccInfo>,
        will_retry: Option<bool>,
        scheduler_info: Option<SchedulerInfo>,
        run_reason: RunReason,
        pub(super) usage: Usage,
        convex: EventDeployment,
    }

    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only read")]
    pub(super) struct Console {
        timestamp: UnixMillis,
        topic: LogTopic,
        function: Function,
        log_level: LogLevel,
        pub(super) message: String,
        is_truncated: bool,
        system_code: Option<String>,
        convex: EventDeployment,
    }

    #[allow(clippy::large_enum_variant, reason = "the library boxes the same variant only")]
    pub(super) enum Event {
        Execution(Box<Execution>),
        Console(Console),
    }
}

/// The batch, read by the known order of its topics.
struct Bare(Vec<bare::Event>);

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Events;

        impl<'de> Visitor<'de> for Events {
            type Value = Bare;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bare, A::Error> {
                let mut events = Vec::new();
                for n in 0.. {
                    let event = if n % CONSOLE == CONSOLE - 1 {
                        seq.next_element()?.map(bare::Event::Console)
                    } else {
                        seq.next_element()?.map(bare::Event::Execution)
                    };
                    let Some(event) = event else { break };
                    events.push(event);
                }
                Ok(Bare(events))
            }
        }

        deserializer.deserialize_seq(Events)
    }
}

fn hmac(body: &Bytes) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(black_box(SECRET.as_bytes())).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// The value of the signature header.
fn header(body: &Bytes) -> String {
    let digits: String = hmac(body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).filter(|word| *word != "--bench").collect();
    match words[..] {
        ["read"] => read(),
        [] => compare(false),
        ["--check"] => compare(true),
        _ => ExitCode::from(2),
    }
}

/// Checks that both read the same.
fn agree(body: &Bytes) {
    let ours = webhook::read(body).unwrap();
    let Bare(bare) = serde_json::from_slice(body).unwrap();
    assert_eq!((ours.len(), ours.errors().count(), bare.len()), (COUNT, 0, COUNT));
    for (ours, bare) in ours.events().zip(bare) {
        match (ours.kind(), bare) {
            (EventKind::FunctionExecution(ours), bare::Event::Execution(bare)) => assert_eq!(ours.usage, bare.usage),
            (EventKind::Console(ours), bare::Event::Console(bare)) => assert_eq!(ours.message, bare.message),
            _ => panic!("{ours:?}"),
        }
    }
}

/// Counts each piece of work, in the order that `compare` expects.
fn read() -> ExitCode {
    let body = batch();
    agree(&body);
    let (verifier, header) = (Verifier::new([SECRET]).unwrap(), header(&body));
    let (events, mut meter) = (webhook::read(&body).unwrap(), Meter::default());
    counted(&mut || _ = black_box(hmac(&body)));
    counted(&mut || drop(black_box(webhook::read(&body).unwrap())));
    counted(&mut || drop(black_box(serde_json::from_slice::<Bare>(&body).unwrap())));
    counted(&mut || {
        let signature = Signature::from_values([black_box(&header)]).unwrap();
        drop(black_box(verifier.verify(&signature, body.clone()).unwrap().read().unwrap()));
    });
    counted(&mut || _ = black_box(BatchDigest::of(&body)));
    counted(&mut || assert!(meter.record(BatchDigest::from_bytes([0; 32]), &events, UnixMillis(0))));
    ExitCode::SUCCESS
}

fn compare(check: bool) -> ExitCode {
    let counts = match instructions(&["read"]) {
        Ok(counts) => counts,
        Err(why) => {
            eprintln!("not counted: {why}");
            return ExitCode::FAILURE;
        }
    };
    let [hmac, ours, bare, verified, digest, meter] = counts[..] else { panic!("{counts:?}") };
    println!("{COUNT} events, {} bytes; HMAC {hmac} instructions", batch().len());
    println!("decoding alone: ours {ours}, bare {bare}, ratio {:.3}", ours as f64 / bare as f64);
    println!("besides: digest {digest}, metering {meter}");
    let ratio = verified as f64 / (hmac + bare) as f64;
    println!(
        "verified and decoded: ours {verified}, bare with HMAC {}, ratio {ratio:.3}, at most {BOUND}",
        hmac + bare
    );
    if check && ratio > BOUND {
        eprintln!("the bound is exceeded");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
