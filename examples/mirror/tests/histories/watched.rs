//! [`Watched`]: a sink whose every commit is compared with the model.

use convex_mgmt::sync::{OldRows, OnSelectionChange, Sink, SinkState, SyncBatch};
use tower::BoxError;

use crate::data::Pick;
use crate::stores::Store;
use crate::wire::pause;
use crate::world::{Committer, Shared};

/// The sink of a run.
pub(crate) struct Watched<S: Store> {
    pub(crate) world: Shared,
    pub(crate) store: std::rc::Rc<S>,
    pub(crate) sink: S::Sink,
    /// The number of the sink, in the order of their opening.
    pub(crate) number: u64,
    pub(crate) pick: Pick,
    pub(crate) reaction: OnSelectionChange,
    /// The checkpoint that the run must know: that of the sink's state, or of its own last commit.
    pub(crate) known: Option<String>,
    /// What the first page of a new copy does with old rows.
    pub(crate) old_rows: OldRows,
    /// The same if the sink has rows and no checkpoint.
    pub(crate) without_checkpoint: Option<OldRows>,
}

impl<S: Store> Watched<S> {
    /// Returns `true` if another run has taken the store away.
    fn is_lost(&self) -> bool {
        S::IS_EXCLUSIVE && self.world.borrow().opened != self.number
    }

    async fn settle(&self) {
        loop {
            let before = self.world.borrow().counts.commits;
            let copy = self.store.read().await;
            let mut world = self.world.borrow_mut();
            // Otherwise another run has committed since the store was read.
            if world.counts.commits == before {
                return world.settle(&copy, S::spelling);
            }
        }
    }
}

impl<S: Store> Sink for Watched<S> {
    type Error = BoxError;

    async fn state(&mut self) -> Result<SinkState, BoxError> {
        self.settle().await;
        pause().await;
        let before = self.world.borrow().counts.commits;
        let state = self.sink.state().await.map_err(Into::into);
        let is_lost = self.is_lost();
        let mut world = self.world.borrow_mut();
        let model = &world.model;
        match &state {
            Ok(state) => {
                self.known.clone_from(&state.checkpoint);
                // A sink may count rows that were deleted.
                let newest = model.copy.newest();
                let generation = match (newest, &state.checkpoint) {
                    (None, None) => None,
                    _ => newest.max(state.newest_generation).filter(|newest| *newest <= model.generation),
                };
                let is_right = state.checkpoint == model.copy.checkpoint && state.newest_generation == generation;
                // Another run may have committed since the sink read it.
                let is_current = world.counts.commits == before;
                if is_current && !(is_right && state.old_rows == self.old_rows) {
                    world.fail(format!("the state of the sink is wrong: {state:?}"));
                }
            }
            Err(_) if is_lost => {}
            Err(error) => world.fail(format!("the sink has no state: {error}")),
        }
        state
    }

    async fn commit(&mut self, batch: &SyncBatch) -> Result<(), BoxError> {
        pause().await;
        let fails = self.world.borrow_mut().sink_fails.take();
        if fails == Some(false) {
            return Err("the test lets the sink fail".into());
        }
        if batch.previous() != self.known.as_deref() {
            self.world.borrow_mut().fail("the batch does not follow what the run knows of its sink");
        }
        let is_first = batch.previous().is_none();
        let old_rows = self.without_checkpoint.filter(|_| is_first).unwrap_or(self.old_rows);
        let run = Committer { pick: self.pick.clone(), reaction: self.reaction, old_rows };
        let number = self.world.borrow_mut().begin(batch, run);
        let result = self.sink.commit(batch).await.map_err(Into::into);
        self.settle().await;
        let is_lost = self.is_lost();
        {
            let mut world = self.world.borrow_mut();
            let stored = !world.is_pending(number);
            // A stopped run may have stored the same page before.
            let same = world.model.copy.checkpoint.as_deref() == Some(&*batch.checkpoint().to_string());
            let conflict = batch.previous() != world.model.copy.checkpoint.as_deref();
            match &result {
                Ok(()) if !stored && !same => world.fail("a commit without an error is not stored"),
                Ok(()) => {
                    world.rejected(number);
                    self.known = Some(batch.checkpoint().to_string());
                }
                Err(_) if is_lost => {}
                Err(error) if stored => world.fail(format!("a commit is stored, and failed: {error}")),
                Err(_) if conflict => {
                    world.rejected(number);
                    world.counts.conflicts += 1;
                }
                Err(error) => world.fail(format!("a commit failed: {error}")),
            }
        }
        pause().await;
        match fails {
            Some(_) => Err("the test lets the sink fail after the commit".into()),
            None => result,
        }
    }
}
