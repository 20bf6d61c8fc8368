//! The comparison of a copy with its source.

use std::collections::BTreeMap;

use crate::data::{Pick, TABLES, Table};
use crate::source::Kept;
use crate::stores::Copy;
use crate::world::{Snapshot, World};

impl World {
    /// Compares the copy with the state of the source that its last page describes. The status of the page is `upToDate`.
    pub(crate) fn check(&mut self, snapshot: &Snapshot, pick: &Pick) {
        self.counts.checks += 1;
        for (table, life) in self.lives.iter().enumerate() {
            if pick.includes(table) && (life.spoiled || snapshot.seq < life.clean_since || snapshot.importing[table]) {
                self.counts.spoiled += 1;
                continue;
            }
            self.counts.tables += 1;
            let rows = rows_of(&self.model.copy, table);
            let result = match snapshot.live.get(&table) {
                _ if life.columns.is_empty() => same(&rows, &BTreeMap::new()),
                _ if !pick.includes(table) => Ok(()),
                Some(documents) => {
                    let mut expected = BTreeMap::new();
                    for (id, document) in documents {
                        // Rows keep their columns if the selection of columns changes in the middle of a sync.
                        let mut texts = life.columns.iter().map(|columns| columns.of(document));
                        let stored = rows.get(id).cloned();
                        let text = texts.find(|text| stored.as_ref() == Some(text));
                        expected.insert(id.clone(), text.unwrap_or_else(|| pick.columns(table).of(document)));
                    }
                    same(&rows, &expected)
                }
                // The deployment has deleted the table before the copy began, or has never had it.
                None if life.deleted <= life.began && !snapshot.debris[table] => same(&rows, &BTreeMap::new()),
                None => match (&life.kept, life.columns.as_slice()) {
                    (Some(Kept::Exactly(documents)), [columns]) if !snapshot.debris[table] => {
                        let texts = documents.iter().map(|document| columns.of(document));
                        match texts.eq(rows.values().cloned()) {
                            true => Ok(()),
                            false => Err("the rows of the deleted table have changed".to_owned()),
                        }
                    }
                    _ => Ok(()),
                },
            };
            if let Err(text) = result {
                let (component, name) = TABLES[table];
                let seq = snapshot.seq;
                return self.fail(format!("`{component}:{name}` differs from the source after event {seq}: {text}"));
            }
        }
    }
}

/// The texts of a table's rows, by id.
fn rows_of(copy: &Copy, table: Table) -> BTreeMap<String, String> {
    let rows = copy.rows.iter().filter(|((of, _), _)| *of == table);
    rows.map(|((_, id), row)| (id.clone(), row.text.clone())).collect()
}

fn same(rows: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) -> Result<(), String> {
    if rows == expected {
        return Ok(());
    }
    let list = |rows: &BTreeMap<String, String>| rows.values().map(|text| format!("\n  {text}")).collect::<String>();
    Err(format!("the copy has{}\nthe source{}", list(rows), list(expected)))
}
