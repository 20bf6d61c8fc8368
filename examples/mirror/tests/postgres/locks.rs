//! One writer per schema.

use convex_mgmt::sync::Sink;
use convex_mgmt_mirror::postgres::{PostgresError, PostgresSink, connect};

use crate::support::{Schema, batch, engine, page, server, step, up_to_date};

/// Waits until the schema is free.
async fn open_when_free(schema: &Schema) -> PostgresSink {
    for _ in 0..1000 {
        match schema.open().await {
            Err(PostgresError::Locked { .. }) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            result => return result.unwrap(),
        }
    }
    panic!("the schema stays locked");
}

#[tokio::test]
async fn a_second_writer_cannot_open_the_schema_until_the_first_one_closes_it() {
    let Some(schema) = Schema::new().await else { return };
    let first = schema.open().await.unwrap();
    let error = schema.open().await.unwrap_err();
    assert!(matches!(&error, PostgresError::Locked { schema: name } if *name == schema.name), "{error}");
    // Other schemas are free, and the connection can be used for one of them.
    let other = format!("{}-other", schema.name);
    let client = first.close().await.unwrap();
    let other_sink = PostgresSink::open(client, &other, Default::default()).await.unwrap();
    let second = schema.open().await.unwrap();
    // A dropped sink closes its connection, and the lock ends with it.
    drop(second);
    open_when_free(&schema).await;
    drop(other_sink);
    schema.execute(&format!("DROP SCHEMA \"{other}\" CASCADE")).await;
    schema.end().await;
}

#[tokio::test]
async fn names_that_postgresql_would_cut_are_an_error() {
    let Some(schema) = Schema::new().await else { return };
    // Both would be the same schema, with two locks.
    for end in ["one", "two"] {
        let name = format!("{}-{}{end}", schema.name, "x".repeat(63));
        let result = PostgresSink::open(connect(&schema.url).await.unwrap(), &name, Default::default()).await;
        let error = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(&name) && error.contains("63 bytes"), "{error}");
    }
    let name = format!("{}-{}", schema.name, "x".repeat(62 - schema.name.len()));
    let longest = PostgresSink::open(connect(&schema.url).await.unwrap(), &name, Default::default()).await.unwrap();
    drop(longest.close().await.unwrap());
    schema.execute(&format!("DROP SCHEMA \"{name}\" CASCADE")).await;
    schema.end().await;
}

#[tokio::test]
async fn a_writer_that_lost_its_connection_stores_nothing_and_another_one_takes_over() {
    let Some(schema) = Schema::new().await else { return };
    let mut first = schema.open().await.unwrap();
    let mut lost = engine(&mut first).await;
    step(&mut lost, &mut first, page(up_to_date(), "c1", "-t t=a")).await;
    let others = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_locks \
        WHERE locktype = 'advisory' AND ((classid::bigint << 32) | objid::bigint) = \
        hashtextextended('convex-mgmt-mirror ' || $1::text, 0)) AS ended";
    let ended: i64 = schema.client.query_one(others, &[&schema.name]).await.unwrap().get(0);
    assert_eq!(ended, 1);
    let mut second = open_when_free(&schema).await;
    for changes in ["", "t=b"] {
        let error = first.commit(&batch(&lost, page(up_to_date(), "c2", changes))).await.unwrap_err();
        assert!(matches!(error, PostgresError::Statement { .. }), "{error}");
    }
    let mut taken = engine(&mut second).await;
    assert_eq!(taken.checkpoint(), lost.checkpoint());
    step(&mut taken, &mut second, page(up_to_date(), "c2", "t=c")).await;
    assert_eq!(schema.rows().await, "t=a@1 t=c@1");
    schema.end().await;
}

#[tokio::test]
async fn connection_errors_say_what_to_do_and_hide_the_password() {
    let Some(_) = server() else { return };
    let error = connect("postgres://user:secret@127.0.0.1:bad/db").await.unwrap_err().to_string();
    assert!(error.contains("postgres://USER@HOST/DATABASE") && !error.contains("secret"), "{error}");
    // Port 1 of the loopback interface is closed.
    let error = connect("postgres://user:secret@127.0.0.1:1/db").await.unwrap_err().to_string();
    assert!(error.starts_with("cannot connect to PostgreSQL: ") && !error.contains("secret"), "{error}");
}
