//! Playing a history.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use convex_mgmt::sync::{OldRows, OnSelectionChange, SyncError};
use convex_mgmt::{Client, DeployKey, DeploymentApi, Endpoint, ErrorCode, RetryPolicy, Transport};

use crate::data::{Pick, document};
use crate::history::{Event, History, Setup, Slot};
use crate::run::{End, Run, Settings, Way, limited, run};
use crate::source::{KEY, fake};
use crate::stores::Store;
use crate::watched::Watched;
use crate::wire::Wire;
use crate::world::{Counts, Shared, World};

const URL: &str = "https://happy-animal-123.convex.cloud";
/// The pairs of polls after which a copy must be up to date.
const MOST_POLLS: usize = 3000;

/// Plays a history. Returns the first thing that went wrong.
pub(crate) fn play<S: Store>(history: &History) -> Result<Counts, String> {
    let playing = AssertUnwindSafe(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut player = Player::<S>::new(&history.setup).await;
            player.play(&history.events).await;
            player.runs = [None, None];
            player.store.end().await;
            let world = player.world.borrow();
            match &world.failure {
                Some(failure) => Err(failure.clone()),
                None => Ok(world.counts),
            }
        })
    });
    catch_unwind(playing).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        Err(format!("panicked: {}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or_default()))
    })
}

/// A run with its decisions.
struct Started {
    run: Run,
    pick: Pick,
    reaction: OnSelectionChange,
    without_checkpoint: Option<OldRows>,
}

struct Player<S: Store> {
    world: Shared,
    store: Rc<S>,
    old_rows: OldRows,
    way: Way,
    retries: bool,
    runs: [Option<Started>; 2],
    pick: Pick,
    reaction: OnSelectionChange,
    without_checkpoint: Option<OldRows>,
    restart: bool,
}

impl<S: Store> Player<S> {
    async fn new(setup: &Setup) -> Self {
        let fake = fake(setup.page);
        fake.commit(|tables| {
            for (table, documents) in setup.documents.iter().enumerate() {
                let Some(documents) = documents else { continue };
                let (component, name) = crate::data::TABLES[table];
                tables.create_table(component, name);
                (0..*documents).for_each(|key| drop(tables.insert(component, name, document(table, key, key.into()))));
            }
        });
        Self {
            world: Rc::new(RefCell::new(World::new(fake, setup.page))),
            store: Rc::new(S::new(setup.old_rows).await),
            old_rows: setup.old_rows,
            way: setup.way,
            retries: setup.retries,
            runs: [None, None],
            pick: Pick::all(),
            reaction: OnSelectionChange::Fail,
            without_checkpoint: None,
            restart: false,
        }
    }

    async fn play(&mut self, events: &[Event]) {
        for (at, event) in events.iter().enumerate() {
            self.event(event).await;
            let mut world = self.world.borrow_mut();
            world.counts.events += 1;
            if let Some(failure) = &mut world.failure {
                *failure = format!("after event {at}, {event:?}: {failure}");
                return;
            }
        }
        self.world.borrow_mut().calm();
        self.catch_up(0).await;
    }

    async fn event(&mut self, event: &Event) {
        if self.world.borrow_mut().perform(event) {
            return;
        }
        match event {
            Event::Poll(slot, polls) => {
                self.poll(*slot, *polls).await;
            }
            Event::Crash(slot) => {
                let had_run = self.runs[*slot].take().is_some();
                self.world.borrow_mut().counts.crashes += u64::from(had_run);
            }
            Event::CatchUp(slot) => self.catch_up(*slot).await,
            Event::Select(pick, reaction) => {
                self.runs[0] = None;
                (self.pick, self.reaction) = (pick.clone(), *reaction);
            }
            Event::Restart => self.restart = true,
            Event::LoseCheckpoint(decision) => {
                self.runs = [None, None];
                let copy = self.store.read().await;
                self.world.borrow_mut().settle(&copy, S::spelling);
                self.store.lose_checkpoint().await;
                self.world.borrow_mut().lose_checkpoint();
                self.without_checkpoint = *decision;
            }
            Event::SinkFails { stored } => self.world.borrow_mut().sink_fails = Some(*stored),
            other => self.world.borrow_mut().fail(format!("no event: {other:?}")),
        }
    }

    fn client(&self) -> Client<DeploymentApi, impl Transport + use<S>> {
        let endpoint = Endpoint::new(URL, &DeployKey::parse(KEY).unwrap()).unwrap();
        let policy = if self.retries { RetryPolicy::default() } else { RetryPolicy::never() };
        // A history may leave a run alone for longer than any timeout.
        let client = Client::builder(endpoint).retry(policy).attempt_timeout(None).total_timeout(None);
        client.build_on(Wire(self.world.clone())).unwrap()
    }

    /// Begins a run, unless it exists.
    async fn begin(&mut self, slot: Slot) {
        if self.runs[slot].is_some() {
            return;
        }
        let sink = self.store.open().await;
        let number = self.world.borrow_mut().open();
        let sink = Watched {
            world: self.world.clone(),
            sink,
            number,
            known: None,
            store: self.store.clone(),
            pick: self.pick.clone(),
            reaction: self.reaction,
            old_rows: self.old_rows,
            without_checkpoint: self.without_checkpoint,
        };
        self.world.borrow_mut().reasons += u64::from(self.restart);
        let settings = Settings {
            selection: self.pick.selection(),
            reaction: self.reaction,
            without_checkpoint: self.without_checkpoint,
            restart: std::mem::take(&mut self.restart),
        };
        let run = run(self.way, self.client(), sink, settings);
        let (pick, reaction, without_checkpoint) = (self.pick.clone(), self.reaction, self.without_checkpoint);
        self.runs[slot] = Some(Started { run, pick, reaction, without_checkpoint });
    }

    /// Polls a run, and judges its end.
    async fn poll(&mut self, slot: Slot, polls: usize) {
        self.begin(slot).await;
        let Some(Started { run, .. }) = &mut self.runs[slot] else { return };
        let Some(end) = limited(run.as_mut(), polls).await else { return };
        self.world.borrow_mut().counts.failed_runs += 1;
        let Some(started) = self.runs[slot].take() else { return };
        if let Some(failure) = self.judge(&started, &end) {
            self.world.borrow_mut().fail(failure);
        }
    }

    async fn catch_up(&mut self, slot: Slot) {
        // A run of an old selection would never copy the current one.
        self.runs[slot].take_if(|started| started.pick != self.pick);
        for _ in 0..MOST_POLLS {
            // The paused clock advances only between two polls.
            self.poll(slot, 2).await;
            let world = self.world.borrow();
            let is_current = world.model.pick.as_ref() == Some(&self.pick);
            if world.failure.is_some() || (is_current && world.model.up_to_date.is_some_and(|seq| seq >= world.seq)) {
                return;
            }
        }
        self.world.borrow_mut().fail("the copy never is up to date");
    }

    /// Returns why a run should not have ended this way.
    fn judge(&mut self, started: &Started, end: &End) -> Option<String> {
        let world = self.world.borrow();
        let model = &world.model;
        let expected = match end {
            // The sink has judged its own.
            End::Sink => true,
            End::Call(error) if error.code() == Some(&ErrorCode::InvalidDataSyncCursor) => {
                self.restart = true;
                world.swapped
            }
            End::Call(_) => world.excused,
            End::Sync(SyncError::RowsWithoutCheckpoint) => {
                let expected = started.without_checkpoint.is_none();
                self.without_checkpoint = Some(OldRows::KeepUntilComplete);
                expected && model.copy.checkpoint.is_none() && !model.copy.rows.is_empty()
            }
            End::Sync(SyncError::SelectionChanged(_)) => {
                let expected = started.reaction == OnSelectionChange::Fail;
                self.reaction = OnSelectionChange::Restart;
                expected && model.pick.as_ref().is_some_and(|old| old.needs_restart_for(&started.pick))
            }
            End::Sync(SyncError::OtherSync) => {
                // If the first page had a wrong id, all others seem to be those of another sync.
                self.restart = true;
                world.excused
            }
            // The deployment has no table that the selection excludes, except for the made-up one.
            End::Sync(SyncError::NotSelected(table)) => world.excused && table.table() == crate::data::GHOST.1,
            End::Sync(_) => false,
        };
        (!expected).then(|| format!("a run ended: {end:?}"))
    }
}
