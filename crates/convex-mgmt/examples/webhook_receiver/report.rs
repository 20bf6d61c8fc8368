//! The sums as a table and as JSON.

use std::error::Error as StdError;

use convex_mgmt::Printable;
use convex_mgmt::webhook::{FunctionUsage, MeteredUsage};

/// Prints the sums to standard output.
pub(crate) fn print(usage: &MeteredUsage, json: bool) -> Result<(), Box<dyn StdError>> {
    if json {
        println!("{}", serde_json::to_string(usage)?);
    } else {
        print!("{}", table(usage));
    }
    Ok(())
}

/// A column with numbers: its title and its sum.
type Column = (&'static str, fn(&FunctionUsage) -> u128);

const COLUMNS: [Column; 7] = [
    ("calls", |usage| usage.calls),
    ("failed", |usage| usage.failures),
    ("ms", |usage| usage.execution_time_ms),
    ("action MB*ms", |usage| usage.action_memory_mb_ms),
    ("DB read", |usage| usage.database_read_bytes),
    ("DB written", |usage| usage.database_write_bytes),
    ("network out", |usage| usage.network_egress_bytes),
];

/// Writes a row for each function and each deployment, and a line for what concerns a deployment as a whole.
fn table(usage: &MeteredUsage) -> String {
    let row = |names: [String; 3], usage: &FunctionUsage| {
        let numbers = COLUMNS.iter().map(|(_, number)| number(usage).to_string());
        names.into_iter().chain(numbers).collect::<Vec<_>>()
    };
    let mut rows = vec![
        ["deployment", "function", "type"]
            .into_iter()
            .chain(COLUMNS.map(|(name, _)| name))
            .map(str::to_owned)
            .collect(),
    ];
    let mut deployments: Vec<&str> = usage.functions.keys().map(|id| id.deployment.as_str()).collect();
    deployments.dedup();
    for deployment in deployments {
        for (id, usage) in usage.functions.iter().filter(|(id, _)| id.deployment == deployment) {
            let component = if id.component.is_empty() { String::new() } else { format!("{}/", id.component) };
            let function = Printable(&format!("{component}{}", id.path)).to_string();
            rows.push(row([Printable(deployment).to_string(), function, id.function_type.to_string()], usage));
        }
        rows.push(row(
            [Printable(deployment).to_string(), "total".to_owned(), String::new()],
            &usage.functions_of(deployment),
        ));
    }
    let width = |column: usize| {
        rows.iter().filter_map(|row: &Vec<String>| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..3 + COLUMNS.len()).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            // Names to the left, numbers to the right.
            if column < 3 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    for (name, usage) in &usage.deployments {
        let (storage, logs) = (usage.storage_api_egress_bytes, usage.log_stream_egress_bytes);
        text += &format!("{}: {storage} bytes of file downloads, {logs} bytes of log streams", Printable(name));
        if let Some(stored) = &usage.storage {
            text += &format!(
                ", {} bytes of documents and {} of files at {}",
                stored.document_bytes, stored.file_storage_bytes, stored.timestamp
            );
        }
        text.push('\n');
    }
    let counts = usage.deliveries;
    text += &format!(
        "{} events in {} batches, {} events could not be read\n",
        counts.events, counts.batches, counts.unread_events
    );
    text
}
