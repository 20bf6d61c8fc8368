//! [`World`]: a deployment, the states that its pages described, and a model of its copy.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use bytes::Bytes;
use convex_mgmt::deployment::data_sync::TablePath;
use convex_mgmt::sync::{OldRows, OnSelectionChange, SyncBatch};
use convex_mgmt_fake::{Document, Fake};
use http::Response;
use serde_json::Value as Json;

use crate::data::{Pick, TABLES, Table, table_of};
use crate::source::{Life, Running};
use crate::stores::{Copy, Row};

/// The world of a history, which its runs share.
pub(crate) type Shared = Rc<RefCell<World>>;

/// The state of the deployment when it made a page.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The number of the last event of the deployment.
    pub(crate) seq: u64,
    pub(crate) live: BTreeMap<Table, BTreeMap<String, Document>>,
    /// The tables into which an import runs.
    pub(crate) importing: [bool; TABLES.len()],
    /// The tables with a hidden table that a failed import left behind.
    pub(crate) debris: [bool; TABLES.len()],
}

/// The copy as it should be, and the last page in it.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) copy: Copy,
    pub(crate) generation: u64,
    /// The number of pages of the generation.
    pages: u64,
    /// `true` if the checkpoint was lost and not replaced.
    pub(crate) lost: bool,
    pub(crate) pick: Option<Pick>,
    /// The number of the last event of the deployment that the last page includes, if the status of the page is `upToDate`.
    pub(crate) up_to_date: Option<u64>,
}

/// A commit that was begun, and may be stored.
#[derive(Debug)]
struct Pending {
    id: u64,
    batch: SyncBatch,
    run: Committer,
}

/// What the run of a commit was told.
#[derive(Clone, Debug)]
pub(crate) struct Committer {
    pub(crate) pick: Pick,
    pub(crate) reaction: OnSelectionChange,
    /// What the first page of a new copy does with old rows.
    pub(crate) old_rows: OldRows,
}

/// What happened in a history.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) pages: u64,
    pub(crate) commits: u64,
    pub(crate) conflicts: u64,
    /// The commits that reached `upToDate`, and the comparisons of a table with the source.
    pub(crate) checks: u64,
    pub(crate) tables: u64,
    /// The tables that were not compared because of an import that the facts call harmful.
    pub(crate) spoiled: u64,
    pub(crate) generations: u64,
    pub(crate) crashes: u64,
    pub(crate) duplicates: u64,
    pub(crate) failed_runs: u64,
}

impl Counts {
    /// Adds the counts of another history.
    pub(crate) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.pages += other.pages;
        self.commits += other.commits;
        self.conflicts += other.conflicts;
        self.checks += other.checks;
        self.tables += other.tables;
        self.spoiled += other.spoiled;
        self.generations += other.generations;
        self.crashes += other.crashes;
        self.duplicates += other.duplicates;
        self.failed_runs += other.failed_runs;
    }
}

/// Everything that a history changes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) fake: Fake,
    /// The limits of a page.
    pub(crate) page: (usize, usize, usize),
    /// `true` after the deployment was replaced.
    pub(crate) swapped: bool,
    /// The reasons for runs to begin a new copy: a cursor expired, or the test asked for it.
    pub(crate) reasons: u64,
    pub(crate) seq: u64,
    pub(crate) lives: [Life; TABLES.len()],
    pub(crate) model: Model,
    pub(crate) counts: Counts,
    /// The first thing that went wrong.
    pub(crate) failure: Option<String>,
    /// The number of sinks that were opened.
    pub(crate) opened: u64,
    /// `true` after an event that may end a run with an error of its call or page.
    pub(crate) excused: bool,
    /// The next commit fails, before or after it stored the batch.
    pub(crate) sink_fails: Option<bool>,
    /// The next request that was sent before gets its old answer.
    pub(crate) duplicates: bool,
    answers: HashMap<Bytes, Response<Bytes>>,
    snapshots: HashMap<String, Rc<Snapshot>>,
    pending: Vec<Pending>,
    next_pending: u64,
}

impl World {
    pub(crate) fn new(fake: Fake, page: (usize, usize, usize)) -> Self {
        Self {
            fake,
            page,
            swapped: false,
            reasons: 0,
            seq: 0,
            lives: Default::default(),
            model: Model::default(),
            counts: Counts::default(),
            failure: None,
            opened: 0,
            excused: false,
            sink_fails: None,
            duplicates: false,
            answers: HashMap::new(),
            snapshots: HashMap::new(),
            pending: Vec::new(),
            next_pending: 0,
        }
    }

    /// Records that a sink is opened. Returns its number.
    pub(crate) fn open(&mut self) -> u64 {
        self.opened += 1;
        self.opened
    }

    /// Records the first failure.
    pub(crate) fn fail(&mut self, text: impl Into<String>) {
        self.failure.get_or_insert(text.into());
    }

    /// Returns the old answer to a request if a duplicate is due.
    pub(crate) fn duplicate(&mut self, request: &Bytes) -> Option<Response<Bytes>> {
        let old = self.answers.get(request).filter(|_| self.duplicates).cloned()?;
        self.duplicates = false;
        self.counts.duplicates += 1;
        Some(old)
    }

    /// Forgets the answers of a deployment that was replaced.
    pub(crate) fn forget_answers(&mut self) {
        self.answers.clear();
    }

    /// Records the state that a page describes, unless it is an old page.
    pub(crate) fn answered(&mut self, request: Bytes, response: &Response<Bytes>) {
        let Ok(page) = serde_json::from_slice::<Json>(response.body()) else { return };
        self.reasons += u64::from(page["code"] == "DataSyncCursorExpired");
        let Some(cursor) = page["pagination"]["nextCursor"].as_str() else { return };
        self.counts.pages += 1;
        if self.snapshots.contains_key(cursor) {
            return;
        }
        let mut live = BTreeMap::new();
        for table in self.fake.tables() {
            let Some(number) = table_of(&table.component, &table.table) else { continue };
            let id = |document: &Document| match &document["_id"] {
                convex_mgmt_fake::Value::String(id) => id.clone(),
                other => panic!("{other:?}"),
            };
            live.insert(number, table.documents.into_iter().map(|document| (id(&document), document)).collect());
        }
        let importing = std::array::from_fn(|table| self.lives[table].import.is_some());
        let debris = std::array::from_fn(|table| self.lives[table].debris);
        let snapshot = Snapshot { seq: self.seq, live, importing, debris };
        self.snapshots.insert(cursor.to_owned(), Rc::new(snapshot));
        self.answers.insert(request, response.clone());
    }

    /// Records that a commit begins. Returns its number.
    pub(crate) fn begin(&mut self, batch: &SyncBatch, run: Committer) -> u64 {
        self.next_pending += 1;
        self.pending.push(Pending { id: self.next_pending, batch: batch.clone(), run });
        self.next_pending
    }

    /// Records that nothing of a commit is stored.
    pub(crate) fn rejected(&mut self, number: u64) {
        self.pending.retain(|pending| pending.id != number);
    }

    /// Returns `true` if the outcome of a commit is unknown.
    pub(crate) fn is_pending(&self, number: u64) -> bool {
        self.pending.iter().any(|pending| pending.id == number)
    }

    /// Applies the commits that the store has to the model, and compares both. A stopped run does not know the outcome of its
    /// commit.
    pub(crate) fn settle(&mut self, copy: &Copy, spelling: fn(&str) -> String) {
        while self.model.copy.checkpoint != copy.checkpoint {
            let previous = self.model.copy.checkpoint.clone();
            let mut following = self.pending.iter().enumerate();
            let Some((at, _)) = following.find(|(_, pending)| {
                pending.batch.previous() == previous.as_deref() && self.leads_to(&pending.batch, copy)
            }) else {
                let (model, stored) = (short(previous.as_deref()), short(copy.checkpoint.as_deref()));
                return self.fail(format!("the store has another checkpoint: {stored}, the model {model}"));
            };
            let Pending { batch, run, .. } = self.pending.remove(at);
            self.committed(&batch, &run);
        }
        if self.failure.is_some() {
            return;
        }
        let same = |(one, two): (&Row, &Row)| one.generation == two.generation && spelling(&one.text) == two.text;
        let rows = &self.model.copy.rows;
        if !rows.keys().eq(copy.rows.keys()) || !rows.values().zip(copy.rows.values()).all(same) {
            let text =
                format!("the store has other rows:\n{}\nthan the model:\n{}", copy.list(), self.model.copy.list());
            self.fail(text);
        }
    }

    /// Returns `true` if the store has the batch, or another pending one after it.
    fn leads_to(&self, batch: &SyncBatch, copy: &Copy) -> bool {
        let text = Some(batch.checkpoint().to_string());
        text == copy.checkpoint
            || self.pending.iter().any(|next| {
                next.batch.previous() == text.as_deref() && Some(next.batch.checkpoint().to_string()) == copy.checkpoint
            })
    }

    /// Applies a page to the model as the API describes it, without the engine's own list of changes.
    fn committed(&mut self, batch: &SyncBatch, run: &Committer) {
        let (page, pick) = (batch.page(), &run.pick);
        let Some(snapshot) = self.snapshots.get(batch.checkpoint().cursor()).cloned() else {
            return self.fail("the cursor of the checkpoint is not one of a page");
        };
        self.counts.commits += 1;
        let generation = batch.generation();
        let was_lost = std::mem::take(&mut self.model.lost);
        let is_new = was_lost || generation != self.model.generation;
        let (newest, pages) = (self.model.copy.newest().unwrap_or_default(), batch.checkpoint().pages());
        let expected = if is_new { 1 } else { self.model.pages + 1 };
        if pages != expected || (is_new && generation <= newest) {
            let position = format!("page {pages} of generation {generation}");
            return self.fail(format!("{position} does not follow page {} of {newest}", self.model.pages));
        }
        self.model.pages = pages;
        let before = self.model.pick.as_ref();
        let has_changed = before.is_some_and(|before| before.needs_restart_for(&run.pick));
        let restarts = has_changed && run.reaction == OnSelectionChange::Restart;
        if !is_new && has_changed && run.reaction != OnSelectionChange::Continue {
            return self.fail("the copy goes on with another selection");
        }
        if is_new && generation > 1 && !was_lost && !restarts {
            let Some(reasons) = self.reasons.checked_sub(1) else {
                return self.fail("the copy begins again without a reason");
            };
            self.reasons = reasons;
        }
        self.counts.generations += u64::from(is_new);
        let mut tables = page.truncates.iter().chain(page.values.iter().map(|value| &value.table));
        let excluded = |path: &&TablePath| {
            table_of(path.component(), path.table()).map_or(!pick.others, |table| !pick.includes(table))
        };
        if let Some(path) = tables.find(excluded) {
            return self.fail(format!("the selection excludes the table {path}, and the copy got it"));
        }
        for table in 0..TABLES.len() {
            let before = self.model.pick.as_ref().filter(|_| !is_new).map(|pick| pick.columns(table));
            self.lives[table].follow(is_new, before, pick.columns(table), table, &snapshot);
        }
        self.model.generation = generation;
        let Copy { rows, checkpoint } = &mut self.model.copy;
        if is_new && run.old_rows == OldRows::DeleteFirst {
            rows.clear();
        }
        let name = |component: &str, name: &str| table_of(component, name).unwrap_or(TABLES.len());
        for truncate in &page.truncates {
            let truncated = name(truncate.component(), truncate.table());
            rows.retain(|(table, _), row| *table != truncated || row.generation != generation);
        }
        for value in &page.values {
            let key = (name(value.table.component(), value.table.table()), value.document.id().to_owned());
            match value.deleted {
                true => drop(rows.remove(&key)),
                false => drop(rows.insert(key, Row { generation, text: value.document.as_str().to_owned() })),
            }
        }
        if page.is_up_to_date() {
            rows.retain(|_, row| row.generation == generation);
        }
        *checkpoint = Some(batch.checkpoint().to_string());
        self.model.pick = Some(pick.clone());
        self.model.up_to_date = page.is_up_to_date().then_some(snapshot.seq);
        if page.is_up_to_date() {
            self.check(&snapshot, pick);
        }
    }

    /// Returns `true` if the copy has everything of a table that is selected.
    pub(crate) fn is_caught_up(&self, table: Table) -> bool {
        let selected = self.model.pick.as_ref().is_some_and(|pick| pick.includes(table));
        selected && self.model.up_to_date.is_some_and(|seq| seq >= self.lives[table].touched)
    }

    /// Forgets the checkpoint of the copy.
    pub(crate) fn lose_checkpoint(&mut self) {
        self.model.copy.checkpoint = None;
        self.model.up_to_date = None;
        self.pending.clear();
        // The next copy gets a generation after that of the newest row.
        self.model.lost = true;
    }

    /// Returns the import into a table that runs.
    pub(crate) fn running(&mut self, table: Table) -> Option<Running> {
        self.lives[table].import.take()
    }
}

/// Returns the fields of a checkpoint that matter in a report.
fn short(text: Option<&str>) -> String {
    let Some(text) = text else { return "none".to_owned() };
    match text.parse::<convex_mgmt::sync::Checkpoint>() {
        Ok(checkpoint) => format!("page {} of generation {}", checkpoint.pages(), checkpoint.generation()),
        Err(error) => error.to_string(),
    }
}
