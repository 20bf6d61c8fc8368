//! The statements of `docs/mirror.md` work on a mirror.

use super::Setup;

/// Returns the SQL of the guide, before and after the heading `PostgreSQL`.
fn statements() -> (Vec<String>, Vec<String>) {
    let guide = include_str!("../../../../docs/mirror.md");
    let (sqlite, postgres) = guide.split_once("\n## PostgreSQL\n").unwrap();
    let sql = |part: &str| -> Vec<String> {
        let blocks = part.split("\n```sql\n").skip(1);
        blocks.map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
    };
    (sql(sqlite), sql(postgres))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_for_sqlite_return_the_documents() {
    let setup = Setup::new(300).await;
    let columns = ["--columns", "users:name,email=text", "--columns", "shop/cart/items:price=float64"];
    let (code, output, _) = setup.run(&[&["--once"], &columns[..]].concat()).await;
    assert_eq!(code, Some(0), "{output}");
    let connection = rusqlite::Connection::open(&setup.database).unwrap();
    let (statements, _) = statements();
    assert_eq!(statements.len(), 4);
    for sql in &statements {
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        let row = rows.next().unwrap();
        assert_eq!(row.is_some(), sql.starts_with("SELECT"), "{sql}");
        let nulls = row.map(|row| (0..2).filter(|at| row.get_ref(*at).unwrap() == rusqlite::types::ValueRef::Null));
        assert_eq!(nulls.map_or(0, Iterator::count), 0, "{sql}");
    }
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let users = count("SELECT count(*) FROM users");
    assert!(users > 10 && count("SELECT count(*) FROM customers WHERE city IS NOT NULL") == users);
    assert_eq!(count("SELECT count(*) FROM users WHERE email = _document ->> '$.email'"), users);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_for_postgresql_return_the_documents() {
    let Ok(url) = std::env::var("CONVEX_MGMT_POSTGRES") else {
        println!("SKIPPED: CONVEX_MGMT_POSTGRES is not set");
        return;
    };
    let setup = Setup::new(300).await;
    let schema = format!("docs-{}", std::process::id());
    let (code, output, errors) = setup.run(&["--once", "--database", &url, "--schema", &schema]).await;
    assert_eq!(code, Some(0), "{output}{errors}");
    assert!(!output.contains("postgres://"), "the URL may have a password: {output}");
    let client = convex_mgmt_mirror::postgres::connect(&url).await.unwrap();
    let (_, statements) = statements();
    // The second statement is about workers, whose tests run it.
    assert_eq!(statements.len(), 2);
    let messages = client.simple_query(&statements[0].replace("happy-animal-123", &schema)).await.unwrap();
    let rows = messages.iter().filter(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(_)));
    assert!(rows.count() > 10);
    client.batch_execute(&format!(r#"DROP SCHEMA "{schema}" CASCADE"#)).await.unwrap();
}
