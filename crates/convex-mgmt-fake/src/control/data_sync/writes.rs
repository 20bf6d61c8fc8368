//! Made-up data, and [`Writes`]: random writes while the fake runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::sample::{Sample, TABLES};
use crate::control::fake::Fake;

/// Number of documents in a transaction.
const PORTION: usize = 1000;

/// The shortest time between two groups of writes.
const TICK: Duration = Duration::from_millis(10);

/// The number of documents that writes keep at least, roughly.
const LEAST: usize = 20;

/// Random writes that run until this is dropped. After the drop, no write follows.
#[derive(Debug)]
#[must_use = "dropping it stops the writes"]
pub struct Writes {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    is_stopped: bool,
    count: u64,
}

impl Fake {
    /// Inserts made-up documents of about 700 bytes into the tables `users`, `orders` and, in the component `payments`,
    /// `charges`. They have values of every type. The same seed inserts the same documents into an empty deployment.
    pub fn seed(&self, documents: usize, seed: u64) {
        let mut sample = Sample::new(seed);
        self.commit(|tables| TABLES.iter().for_each(|(component, table)| tables.create_table(component, table)));
        for start in (0..documents).step_by(PORTION) {
            let count = PORTION.min(documents - start);
            self.commit(|tables| (0..count).for_each(|_| sample.insert(tables, true)));
        }
    }

    /// Starts to insert, change and delete random documents of the tables of [`Fake::seed`], each in a transaction of its own.
    /// The number of documents stays between half and twice the current number. The sequence of the writes depends on
    /// the seed and on the documents; `_creationTime` is the time of the clock.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start_writes(&self, per_second: f64, seed: u64) -> Writes {
        let mut sample = self.commit(|tables| Sample::of(tables, seed));
        let target = sample.len().max(LEAST);
        let state = Arc::new(Mutex::new(State { is_stopped: false, count: 0 }));
        let (fake, shared) = (self.clone(), Arc::clone(&state));
        let task = tokio::spawn(async move {
            let (started, mut ticks) = (Instant::now(), interval(TICK));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut done = 0.0;
            loop {
                ticks.tick().await;
                let due = started.elapsed().as_secs_f64() * per_second;
                while done + 1.0 <= due {
                    let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    if state.is_stopped {
                        return;
                    }
                    fake.commit(|tables| sample.write(tables, target));
                    state.count += 1;
                    done += 1.0;
                }
            }
        });
        Writes { state, task }
    }
}

impl Writes {
    /// Returns the number of writes so far.
    pub fn count(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).count
    }
}

impl Drop for Writes {
    fn drop(&mut self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_stopped = true;
        self.task.abort();
    }
}
