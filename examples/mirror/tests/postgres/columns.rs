//! Extra columns.

use convex_mgmt::sync::Sink;
use convex_mgmt_mirror::postgres::PostgresError;

use crate::support::{Schema, documents, engine, page, step, up_to_date, upsert};

const DOCUMENTS: [&str; 5] = [
    r#"{"_id":"1","v":1,"it's \\":"q"}"#,
    r#"{"_id":"2","v":-1.5}"#,
    r#"{"_id":"3","v":"text"}"#,
    r#"{"_id":"4","v":{"$bytes":"ABCD"}}"#,
    r#"{"_id":"5","v":true}"#,
];

/// Returns the values of a column in the order of the ids.
async fn values(schema: &Schema, column: &str) -> String {
    let select =
        format!("SELECT string_agg(coalesce({column}::text, '-'), ' ' ORDER BY _id) FROM {}", schema.table("t"));
    schema.text(&select).await.unwrap()
}

#[tokio::test]
async fn a_column_has_the_values_of_its_type() {
    let Some(schema) = Schema::new().await else { return };
    for (kind, expected) in [
        ("any", r#"1 -1.5 "text" {"$bytes": "ABCD"} true"#),
        ("int64", "1 - - - -"),
        ("float64", "- -1.5 - - -"),
        ("text", "- - text - -"),
        ("bytes", r"- - - \x001083 -"),
        ("boolean", "- - - - true"),
    ] {
        let mut sink = schema.open_with(&[&format!("t:v={kind},it's \\=text,missing")]).await.unwrap();
        let mut engine = engine(&mut sink).await;
        step(&mut engine, &mut sink, documents(DOCUMENTS)).await;
        assert_eq!(values(&schema, "v").await, expected, "{kind}");
        assert_eq!(values(&schema, r#""it's \""#).await, "q - - - -");
        assert_eq!(values(&schema, "missing").await, "- - - - -");
        drop(sink.close().await.unwrap());
        schema.execute(&format!("DROP SCHEMA \"{}\" CASCADE", schema.name)).await;
    }
}

#[tokio::test]
async fn special_numbers_and_strings_have_their_values_or_null() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open_with(&["t:f=float64,s=text,i=int64,n"]).await.unwrap();
    let mut engine = engine(&mut sink).await;
    step(
        &mut engine,
        &mut sink,
        documents([
            r#"{"_id":"1","f":{"$float":"AAAAAAAA+H8="},"i":9223372036854775807,"n":null}"#,
            r#"{"_id":"2","f":{"$float":"AAAAAAAA8H8="},"s":"a\u0000b"}"#,
            r#"{"_id":"3","f":{"$float":"AAAAAAAA8P8="},"i":-9223372036854775808}"#,
            r#"{"_id":"4","f":-0.0}"#,
            r#"{"_id":"5","f":1e21}"#,
            r#"{"_id":"6","f":5e-324}"#,
            r#"{"_id":"7","f":1.7976931348623157e308,"s":""}"#,
        ]),
    )
    .await;
    let floats = "NaN Infinity -Infinity -0 1e+21 5e-324 1.7976931348623157e+308";
    assert_eq!(values(&schema, "f").await, floats);
    assert_eq!(values(&schema, "i").await, "9223372036854775807 - -9223372036854775808 - - - -");
    assert_eq!(values(&schema, "s").await, "- - - - - - ", "text cannot contain U+0000");
    assert_eq!(values(&schema, "n").await, "- - - - - - -");
    schema.end().await;
}

#[tokio::test]
async fn a_column_that_is_added_later_has_the_values_of_all_rows_and_stays_right_without_the_option() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut first = engine(&mut sink).await;
    step(&mut first, &mut sink, documents(DOCUMENTS)).await;
    drop(sink.close().await.unwrap());

    let mut sink = schema.open_with(&["t:v=int64"]).await.unwrap();
    let _ = engine(&mut sink).await;
    assert_eq!(values(&schema, "v").await, "1 - - - -");
    drop(sink.close().await.unwrap());

    let mut sink = schema.open().await.unwrap();
    let mut third = engine(&mut sink).await;
    let mut change = page(up_to_date(), "d", "");
    change.values.push(upsert("t", r#"{"_id":"1","v":7}"#));
    step(&mut third, &mut sink, change).await;
    assert_eq!(values(&schema, "v").await, "7 - - - -");
    drop(sink.close().await.unwrap());

    let mut sink = schema.open_with(&["t:v=text"]).await.unwrap();
    let error = sink.state().await.unwrap_err();
    assert!(matches!(&error, PostgresError::ColumnType { field, .. } if field == "v"), "{error}");
    let registered = format!(
        "SELECT string_agg(\"table\" || '.' || field || ' ' || type || ' ' || name, ',') FROM {}",
        schema.table("_convex_columns")
    );
    assert_eq!(schema.text(&registered).await.unwrap(), "t.v int64 v");
    schema.end().await;
}

#[tokio::test]
async fn columns_that_differ_in_case_or_meet_those_of_others_have_names_of_their_own() {
    let Some(schema) = Schema::new().await else { return };
    let mut sink = schema.open().await.unwrap();
    let mut first = engine(&mut sink).await;
    step(&mut first, &mut sink, documents([r#"{"_id":"1","a":1,"A":2,"xmin":3,"_document":4}"#])).await;
    schema.execute(&format!("ALTER TABLE {} ADD COLUMN mine text", schema.table("t"))).await;
    drop(sink.close().await.unwrap());
    let mut sink = schema.open_with(&["t:a=int64,A=int64,xmin=int64,_document=int64,mine=text"]).await.unwrap();
    let mut second = engine(&mut sink).await;
    let names = format!("SELECT count(DISTINCT lower(name))::text FROM {}", schema.table("_convex_columns"));
    assert_eq!(schema.text(&names).await.unwrap(), "5");
    let sum = format!("SELECT name FROM {} WHERE field = 'A'", schema.table("_convex_columns"));
    let name = schema.text(&sum).await.unwrap();
    assert_eq!(values(&schema, &format!("\"{name}\"")).await, "2");
    // The column of the other program keeps its values.
    schema.execute(&format!("UPDATE {} SET mine = 'kept'", schema.table("t"))).await;
    let mut change = page(up_to_date(), "d", "");
    change.values.push(upsert("t", r#"{"_id":"1","a":5}"#));
    step(&mut second, &mut sink, change).await;
    assert_eq!((values(&schema, "mine").await, values(&schema, "a").await), ("kept".to_owned(), "5".to_owned()));
    schema.end().await;
}
