//! The events of the deployment, and what they mean for copies.
//!
//! Imports are the API's documented weakness: they build a hidden table of the same name, and data sync exports both tables. A
//! table of the copy is *spoiled* after an import if the copy may have mixed the two. It is not compared with the source
//! until a later replacement has repaired it.

use std::time::Duration;

use convex_mgmt_fake::{Document, Fake, Fault, Import, Knobs, SyncQuirk};

use crate::data::{Columns, GHOST, TABLES, Table, document, id};
use crate::history::{Event, Failure, Misbehaviour, Write};
use crate::world::{Snapshot, World};

pub(crate) const KEY: &str = "happy-animal-123|01c0ffee";

/// Creates a deployment with limits of a page: entries, bytes, rows of the commit log.
pub(crate) fn fake((entries, bytes, rows): (usize, usize, usize)) -> Fake {
    let mut knobs = Knobs::default();
    knobs.data_sync_page_entries = entries;
    knobs.data_sync_page_bytes = bytes;
    knobs.data_sync_page_rows = rows;
    // Only events of the history advance time far enough.
    knobs.data_sync_max_snapshot_age = Duration::from_secs(3600);
    Fake::builder("happy-animal-123").admin_key(KEY).knobs(knobs).build()
}

/// An import that runs.
#[derive(Debug)]
pub(crate) struct Running {
    import: Import,
    /// `true` if the copy had all of the table at its beginning, and nothing has touched the live table since.
    clean: bool,
}

/// The rows that a copy keeps of a table that was deleted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kept {
    /// The copy had exactly these when the table was deleted.
    Exactly(Vec<Document>),
    Unknown,
}

/// What happened to a table, and what the current copy knows of it.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// The last event that changed a live or hidden table of this name.
    pub(crate) touched: u64,
    pub(crate) import: Option<Running>,
    /// `true` if a failed import left a hidden table behind.
    pub(crate) debris: bool,
    last_import: u64,
    /// The last event that deleted the table.
    pub(crate) deleted: u64,
    pub(crate) kept: Option<Kept>,
    /// `true` if imports may have mixed other documents into the copy of the table.
    pub(crate) spoiled: bool,
    /// The event after which the copy is not spoiled.
    pub(crate) clean_since: u64,
    /// The event before the first page of the copy.
    pub(crate) began: u64,
    /// The columns of the table in all pages since it was selected. Empty if the copy never had the table.
    pub(crate) columns: Vec<Columns>,
}

impl Life {
    /// Records the selection of a page. `before` are the columns in the page before it.
    pub(crate) fn follow(
        &mut self,
        is_new: bool,
        before: Option<Columns>,
        now: Columns,
        table: Table,
        snapshot: &Snapshot,
    ) {
        if is_new {
            self.columns.clear();
            self.kept = None;
            self.began = snapshot.seq;
        }
        if now == Columns::None {
            return;
        }
        if before.is_none_or(|before| before == Columns::None) {
            self.columns.clear();
            self.kept = self.kept.take().map(|_| Kept::Unknown);
            self.clean_since = snapshot.seq;
            // The new copy reads the live table and the hidden one in its own order.
            self.spoiled = snapshot.debris[table] || snapshot.importing[table] || self.last_import > snapshot.seq;
            if let Some(running) = &mut self.import {
                running.clean = false;
            }
        }
        if !self.columns.contains(&now) {
            self.columns.push(now);
        }
    }
}

impl World {
    /// Performs an event of the deployment, the network or the server. Returns `false` for other events.
    pub(crate) fn perform(&mut self, event: &Event) -> bool {
        match event {
            Event::Writes(writes) => self.write(writes),
            Event::Replace(table, documents) => {
                let replace = |of: Table| documents.iter().map(move |(key, version)| document(of, *key, *version));
                self.reshape(*table, |tables, component, name| {
                    tables.replace_table(component, name, replace(*table));
                });
            }
            Event::Clear(table) => {
                self.reshape(*table, |tables, component, name| tables.clear_table(component, name));
            }
            Event::Create(table) => {
                if self.documents(*table).is_none() {
                    self.reshape(*table, |tables, component, name| tables.create_table(component, name));
                }
            }
            Event::Drop(table) => self.delete(*table),
            Event::BeginImport(table) => self.begin_import(*table),
            Event::Import(table, documents) => {
                if let Some(running) = &self.lives[*table].import {
                    running.import.insert(documents.iter().map(|(key, version)| document(*table, *key, *version)));
                    self.touch(*table);
                }
            }
            Event::EndImport { table, success } => self.end_import(*table, *success),
            Event::Hours(hours) => self.fake.advance_clock(Duration::from_secs(u64::from(*hours) * 3600 + 1)),
            Event::Expire => self.fake.expire_sync_cursors(),
            Event::Swap(writes) => {
                self.swap();
                self.write(writes);
            }
            Event::Fault(failure, times) => {
                let fault = match failure {
                    Failure::Lost => Fault::LostResponse,
                    Failure::Reset => Fault::Reset,
                    Failure::Half => Fault::HalfBody,
                    Failure::Empty => Fault::EmptyBody,
                    Failure::Unavailable => Fault::status(503),
                    Failure::Internal => Fault::code(500, "InternalServerError"),
                };
                (0..*times).for_each(|_| self.fake.fault_at("/data/sync", fault.clone()));
                self.excused = true;
            }
            Event::Quirk(quirk) => {
                self.misbehave(*quirk);
                self.excused = true;
            }
            Event::Duplicate => self.duplicates = true,
            _ => return false,
        }
        true
    }

    /// Replaces the deployment. The copy keeps its tables until it begins again.
    fn swap(&mut self) {
        self.fake = fake(self.page);
        self.seq += 1;
        self.swapped = true;
        self.forget_answers();
        for life in &mut self.lives {
            if life.import.take().is_some() {
                life.spoiled = true;
            }
            life.debris = false;
            (life.touched, life.last_import, life.deleted) = (self.seq, self.seq, self.seq);
            life.kept = Some(Kept::Unknown);
        }
        self.model.up_to_date = None;
    }

    fn misbehave(&mut self, quirk: Misbehaviour) {
        let (component, table) = (GHOST.0.to_owned(), GHOST.1.to_owned());
        let (quirk, pages) = match quirk {
            Misbehaviour::UnknownStatus(pages) => (SyncQuirk::UnknownStatus { status: "paused".to_owned() }, pages),
            Misbehaviour::OtherSync => (SyncQuirk::OtherSyncId, 1),
            Misbehaviour::ForeignDocument => (SyncQuirk::ForeignDocument { component, table }, 1),
            Misbehaviour::ForeignTruncate => (SyncQuirk::ForeignTruncate { component, table }, 1),
            Misbehaviour::NoCursor => (SyncQuirk::NoCursor, 1),
        };
        self.fake.sync_quirk(quirk, pages);
    }

    /// Ends everything that disturbs syncs.
    pub(crate) fn calm(&mut self) {
        self.fake.clear_sync_quirks();
        self.fake.fault_rate(0.0, 0, []);
        self.sink_fails = None;
        self.duplicates = false;
        for table in 0..TABLES.len() {
            self.end_import(table, true);
        }
    }

    /// The documents of a live table.
    fn documents(&self, table: Table) -> Option<Vec<Document>> {
        let (component, name) = TABLES[table];
        let mut live = self.fake.tables().into_iter();
        live.find(|live| live.component == component && live.table == name).map(|live| live.documents)
    }

    fn touch(&mut self, table: Table) {
        self.seq += 1;
        self.lives[table].touched = self.seq;
    }

    /// Records a change of a live table. During an import it stays in the copy, although the import replaces it.
    fn change(&mut self, table: Table) {
        self.touch(table);
        let life = &mut self.lives[table];
        if let Some(running) = &mut life.import {
            running.clean = false;
            life.spoiled = true;
            life.last_import = self.seq;
        }
    }

    fn write(&mut self, writes: &[Write]) {
        for (table, ..) in writes {
            if self.documents(*table).is_none() {
                self.reshape(*table, |tables, component, name| tables.create_table(component, name));
            }
        }
        self.fake.commit(|tables| {
            for (table, key, version) in writes {
                let (component, name) = TABLES[*table];
                match version {
                    None => drop(tables.delete(component, name, &id(*table, *key))),
                    Some(version) => drop(tables.insert(component, name, document(*table, *key, *version))),
                }
            }
        });
        writes.iter().for_each(|(table, ..)| self.change(*table));
    }

    /// Replaces or creates a table. If the copy has all tables of this name, it has only the new one afterwards.
    fn reshape(&mut self, table: Table, change: impl FnOnce(&mut convex_mgmt_fake::Tables<'_>, &str, &str)) {
        let repairs = self.is_caught_up(table) && self.lives[table].import.is_none();
        let (component, name) = TABLES[table];
        self.fake.commit(|tables| change(tables, component, name));
        self.change(table);
        self.repaired(table, repairs);
    }

    fn repaired(&mut self, table: Table, repairs: bool) {
        let life = &mut self.lives[table];
        if repairs && life.spoiled {
            life.spoiled = false;
            life.clean_since = self.seq;
        }
    }

    fn delete(&mut self, table: Table) {
        let Some(documents) = self.documents(table) else { return };
        let exact = self.is_caught_up(table) && !self.lives[table].spoiled && self.lives[table].import.is_none();
        let (component, name) = TABLES[table];
        self.fake.commit(|tables| tables.delete_table(component, name));
        self.change(table);
        let life = &mut self.lives[table];
        life.deleted = self.seq;
        life.kept = Some(if exact { Kept::Exactly(documents) } else { Kept::Unknown });
    }

    fn begin_import(&mut self, table: Table) {
        if self.lives[table].import.is_some() {
            return;
        }
        let is_alone = self.documents(table).is_none() && !self.lives[table].debris;
        let clean = is_alone || self.is_caught_up(table);
        let (component, name) = TABLES[table];
        let import = self.fake.begin_import(component, name);
        self.touch(table);
        let life = &mut self.lives[table];
        life.import = Some(Running { import, clean });
        life.last_import = self.seq;
        life.spoiled |= !clean;
    }

    fn end_import(&mut self, table: Table, success: bool) {
        let Some(Running { import, clean }) = self.running(table) else { return };
        match success {
            true => import.finish(),
            false => import.fail(),
        }
        self.touch(table);
        let life = &mut self.lives[table];
        life.last_import = self.seq;
        life.debris |= !success;
        life.spoiled |= !(success && clean);
        self.repaired(table, success && clean);
    }
}
