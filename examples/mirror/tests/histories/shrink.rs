//! Many histories, and the shortest part of one that still fails.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::history::History;
use crate::play::play;
use crate::stores::Store;
use crate::world::Counts;

/// A failed history.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) seed: u64,
    pub(crate) text: String,
}

/// Plays this many histories from a seed, on this many threads. Stops at the first failure.
pub(crate) fn many<S: Store>(first: u64, count: u64, threads: usize) -> Result<Counts, Failed> {
    let (next, found, total) = (AtomicU64::new(first), Mutex::new(None), Mutex::new(Counts::default()));
    let work = || {
        while found.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return;
            }
            match play::<S>(&History::new(seed)) {
                Ok(counts) => total.lock().unwrap().add(counts),
                Err(text) => drop(found.lock().unwrap().get_or_insert(Failed { seed, text })),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    match found.into_inner().unwrap() {
        Some(failed) => Err(failed),
        None => Ok(total.into_inner().unwrap()),
    }
}

/// Plays histories as the environment asks, and reports them. `usual` is the number without it.
///
/// # Panics
/// If a history fails. The text has its seed, and the shortest part of it that fails.
pub(crate) fn check<S: Store>(name: &str, usual: u64) {
    let number = |variable: &str, default: u64| match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
        Err(_) => default,
    };
    let (first, count) = (number("CONVEX_MGMT_HISTORIES_SEED", 1), number("CONVEX_MGMT_HISTORIES", usual));
    let begin = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    match many::<S>(first, count, threads) {
        Ok(counts) => println!("{name}: {count} histories in {:.1} s: {counts:?}", begin.elapsed().as_secs_f64()),
        Err(Failed { seed, text }) => {
            let (history, text) = shortest::<S>(History::new(seed), text);
            let events: String = history.events.iter().map(|event| format!("  {event:?}\n")).collect();
            let setup = history.setup;
            let alone = format!("CONVEX_MGMT_HISTORIES=1 CONVEX_MGMT_HISTORIES_SEED={seed}");
            panic!("{name}, history {seed} {text}\n{setup:?}\n{events}play it alone: {alone}");
        }
    }
}

/// Removes events as long as the history fails.
fn shortest<S: Store>(mut history: History, mut text: String) -> (History, String) {
    let mut part = history.events.len().div_ceil(2);
    while part > 0 {
        let mut at = 0;
        while at < history.events.len() {
            let mut shorter = history.clone();
            shorter.events.drain(at..(at + part).min(history.events.len()));
            match play::<S>(&shorter) {
                Err(failure) => (history, text) = (shorter, failure),
                Ok(_) => at += part,
            }
        }
        part /= 2;
    }
    (history, text)
}
