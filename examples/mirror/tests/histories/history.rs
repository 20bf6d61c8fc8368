//! [`History`]: what happens to a deployment and to the copies of it, made up from a seed.

use std::collections::BTreeMap;

use convex_mgmt::sync::{OldRows, OnSelectionChange};

use crate::data::{COLUMNS, Columns, Pick, TABLES, Table};
use crate::run::Way;

/// A history.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) events: Vec<Event>,
}

/// The server and the copy at the beginning.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Limits of a page: entries, bytes, rows of the commit log.
    pub(crate) page: (usize, usize, usize),
    pub(crate) old_rows: OldRows,
    pub(crate) way: Way,
    /// `false` for a client that does not retry.
    pub(crate) retries: bool,
    /// The number of documents of each table.
    pub(crate) documents: Vec<Option<u8>>,
}

/// One write of a transaction: table, key, and the version of the document or a deletion.
pub(crate) type Write = (Table, u8, Option<u16>);

/// One of the two runs that write into the same sink.
pub(crate) type Slot = usize;

/// An event of a history.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    // Of the deployment.
    /// One transaction.
    Writes(Vec<Write>),
    /// Replaces, clears, creates or deletes a table.
    Replace(Table, Vec<(u8, u16)>),
    Clear(Table),
    Create(Table),
    Drop(Table),
    /// An import with a hidden table. Only one runs in a table at a time.
    BeginImport(Table),
    Import(Table, Vec<(u8, u16)>),
    EndImport {
        table: Table,
        success: bool,
    },
    /// The time of the deployment.
    Hours(u16),
    /// All cursors expire.
    Expire,
    /// The URL leads to another deployment with these documents, whose cursors differ.
    Swap(Vec<Write>),
    // Of the network and the server.
    Fault(Failure, usize),
    Quirk(Misbehaviour),
    /// The next answer to a request that was sent before is the old answer.
    Duplicate,
    // Of the copies.
    /// Polls a run this many times, and begins it first if it does not exist.
    Poll(Slot, usize),
    /// Drops a run, wherever it is.
    Crash(Slot),
    /// Runs until the copy is up to date with the last event of the deployment.
    CatchUp(Slot),
    /// The selection of the runs that begin later. The run of the first slot ends.
    Select(Pick, OnSelectionChange),
    /// The next run begins a new copy.
    Restart,
    /// All runs end, and the checkpoint is lost.
    LoseCheckpoint(Option<OldRows>),
    /// The next commit fails, before or after it stored the batch.
    SinkFails {
        stored: bool,
    },
}

/// A failed call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    Lost,
    Reset,
    Half,
    Empty,
    Unavailable,
    /// The 500 of a server that has just started.
    Internal,
}

/// A wrong behaviour of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misbehaviour {
    UnknownStatus(usize),
    OtherSync,
    ForeignDocument,
    ForeignTruncate,
    NoCursor,
}

/// The SplitMix64 generator.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from((self.next() >> 33) % (limit as u64)).unwrap()
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }

    fn table(&mut self) -> Table {
        self.below(TABLES.len())
    }

    fn key(&mut self) -> u8 {
        u8::try_from(self.below(6)).unwrap()
    }

    fn version(&mut self) -> u16 {
        u16::try_from(self.below(1000)).unwrap()
    }

    fn documents(&mut self) -> Vec<(u8, u16)> {
        (0..self.below(5)).map(|_| (self.key(), self.version())).collect()
    }

    fn writes(&mut self, table: Option<Table>) -> Vec<Write> {
        let write = |random: &mut Self| {
            let deletes = random.one_in(3);
            let version = random.version();
            (table.unwrap_or_else(|| random.table()), random.key(), (!deletes).then_some(version))
        };
        (0..1 + self.below(3)).map(|_| write(self)).collect()
    }

    fn columns(&mut self) -> Columns {
        let some: Vec<_> = COLUMNS.into_iter().filter(|_| self.one_in(2)).collect();
        self.of(&[Columns::None, Columns::All, Columns::All, Columns::Only(some.clone()), Columns::Without(some)])
    }

    fn pick(&mut self) -> Pick {
        let mut tables = BTreeMap::new();
        for table in 0..TABLES.len() {
            if self.one_in(2) {
                tables.insert(table, self.columns());
            }
        }
        Pick { others: self.one_in(2), tables }
    }

    /// An import that the copy follows, with pages between its portions.
    fn import(&mut self, events: &mut Vec<Event>) {
        let table = self.table();
        if !self.one_in(5) {
            events.push(Event::CatchUp(0));
        }
        events.push(Event::BeginImport(table));
        for _ in 0..self.below(4) {
            let documents = self.documents();
            events.push(Event::Import(table, documents));
            for _ in 0..self.below(3) {
                self.step(events, Some(table));
            }
        }
        events.push(Event::EndImport { table, success: !self.one_in(5) });
    }

    /// A step of the copy, or a write to a table that no import replaces.
    fn step(&mut self, events: &mut Vec<Event>, not: Option<Table>) {
        let event = match self.below(10) {
            0 => Event::Crash(0),
            1 => Event::CatchUp(0),
            2..4 => {
                let table = self.table();
                if not == Some(table) && !self.one_in(8) {
                    return;
                }
                Event::Writes(self.writes(Some(table)))
            }
            _ => Event::Poll(0, 1 + self.below(30)),
        };
        events.push(event);
    }

    fn event(&mut self, events: &mut Vec<Event>) {
        let slot = usize::from(self.one_in(4));
        let event = match self.below(100) {
            0..22 => Event::Writes(self.writes(None)),
            22..25 => {
                let documents = self.documents();
                Event::Replace(self.table(), documents)
            }
            25 => Event::Clear(self.table()),
            26 => Event::Create(self.table()),
            27..29 => Event::Drop(self.table()),
            29..32 => return self.import(events),
            32..35 => Event::Hours(self.of(&[1, 2, 24, 24 * 15])),
            35 if self.one_in(3) => Event::Swap(self.writes(None)),
            35 => Event::Expire,
            36..40 => {
                let failures = [
                    Failure::Lost,
                    Failure::Lost,
                    Failure::Reset,
                    Failure::Half,
                    Failure::Empty,
                    Failure::Unavailable,
                    Failure::Internal,
                ];
                Event::Fault(self.of(&failures), 1 + self.below(6))
            }
            40..42 => {
                let pages = 1 + self.below(2);
                Event::Quirk(self.of(&[
                    Misbehaviour::UnknownStatus(pages),
                    Misbehaviour::OtherSync,
                    Misbehaviour::ForeignDocument,
                    Misbehaviour::ForeignTruncate,
                    Misbehaviour::NoCursor,
                ]))
            }
            42..44 => Event::Duplicate,
            44..74 => {
                let polls = self.of(&[1, 2, 3, 5, 8, 13, 40]);
                Event::Poll(slot, polls)
            }
            74..82 => Event::Crash(slot),
            82..88 => Event::CatchUp(slot),
            88..93 => {
                let reaction =
                    self.of(&[OnSelectionChange::Fail, OnSelectionChange::Restart, OnSelectionChange::Continue]);
                Event::Select(self.pick(), reaction)
            }
            93..95 => Event::Restart,
            95..97 => {
                Event::LoseCheckpoint(self.of(&[None, Some(OldRows::KeepUntilComplete), Some(OldRows::DeleteFirst)]))
            }
            _ => Event::SinkFails { stored: self.one_in(2) },
        };
        events.push(event);
    }
}

impl History {
    /// The history of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let random = &mut Random(seed);
        let setup = Setup {
            page: (1 + random.below(4), random.of(&[100, 400, 100_000]), 1 + random.below(8)),
            old_rows: random.of(&[OldRows::KeepUntilComplete, OldRows::KeepUntilComplete, OldRows::DeleteFirst]),
            way: random.of(&[Way::ByHand, Way::Driver, Way::Interrupted, Way::Batches]),
            retries: random.one_in(2),
            documents: TABLES.iter().map(|_| (!random.one_in(4)).then(|| random.key())).collect(),
        };
        let mut events = Vec::new();
        if random.one_in(3) {
            events.push(Event::Select(random.pick(), OnSelectionChange::Fail));
        }
        let length = 10 + random.below(60);
        while events.len() < length {
            random.event(&mut events);
        }
        Self { setup, events }
    }
}
