//! [`LocalRuntime`]: a single-threaded executor without `Send`, and its [`Timer`] on a clock that a test moves.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use convex_mgmt::{Timer, UnixMillis};

/// The time at which the clock of a runtime begins.
const START: Duration = Duration::from_secs(1_000_000);

/// The number of polls without an idle moment after which the tasks are considered to spin.
const MAX_POLLS: usize = 1_000_000;

/// Runs tasks on the current thread, in the order in which they are woken. It needs no other runtime, and spawns no thread.
///
/// Its clock moves only by [`advance`](Self::advance), and by [`block_on`](Self::block_on) while no task is ready. Clones are the same
/// runtime.
#[derive(Clone, Default)]
pub struct LocalRuntime(Rc<Inner>);

#[derive(Default)]
struct Inner {
    /// The time since [`START`].
    elapsed: Cell<Duration>,
    /// The sleeps that have not ended, in the order of their ends. Those that were polled have a waker.
    sleeps: RefCell<BTreeMap<(Duration, u64), Option<Waker>>>,
    /// `None` while a task is polled.
    tasks: RefCell<BTreeMap<u64, Option<LocalFuture>>>,
    ready: Arc<Ready>,
    last_id: Cell<u64>,
}

type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

/// The tasks to be polled, in this order.
#[derive(Default)]
struct Ready(Mutex<VecDeque<u64>>);

impl Ready {
    fn queue(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waker of a task. Wakers are `Send + Sync` on every executor.
struct TaskWaker {
    id: u64,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut queue = self.ready.queue();
        if !queue.contains(&self.id) {
            queue.push_back(self.id);
        }
    }
}

impl LocalRuntime {
    /// Returns the timer of this runtime.
    pub fn timer(&self) -> LocalTimer {
        LocalTimer { runtime: self.clone() }
    }

    /// Returns the time since the runtime was created, by its clock.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed.get()
    }

    /// Returns the number of sleeps that have neither ended nor been dropped.
    pub fn sleeps(&self) -> usize {
        self.0.sleeps.borrow().len()
    }

    /// Spawns a task. It is polled when the runtime runs.
    pub fn spawn<F: Future + 'static>(&self, future: F) -> LocalTask<F::Output> {
        let output = Rc::new(Output { value: Cell::new(None), waiting: Cell::new(None) });
        let shared = Rc::clone(&output);
        let id = self.next_id();
        let task: LocalFuture = Box::pin(async move {
            shared.value.set(Some(future.await));
            if let Some(waker) = shared.waiting.take() {
                waker.wake();
            }
        });
        self.0.tasks.borrow_mut().insert(id, Some(task));
        self.waker(id).wake();
        LocalTask { id, runtime: self.clone(), output }
    }

    /// Polls tasks until no task is ready. The clock does not move.
    ///
    /// # Panics
    /// If the tasks wake themselves without end.
    pub fn run_until_idle(&self) {
        for _ in 0..MAX_POLLS {
            let Some(id) = self.next_ready() else { return };
            self.poll_task(id);
        }
        panic!("the tasks wake themselves without end");
    }

    /// Moves the clock by `duration`. It stops at the end of every sleep on the way, until no task is ready.
    ///
    /// # Panics
    /// If the tasks wake themselves without end.
    pub fn advance(&self, duration: Duration) {
        let until = self.elapsed() + duration;
        self.run_until_idle();
        while self.move_clock(until, false) {
            self.run_until_idle();
        }
        self.0.elapsed.set(until);
    }

    /// Runs a future and all tasks until the future ends. While no task is ready, the clock moves to the end of the next sleep that a
    /// task waits for.
    ///
    /// # Panics
    /// If no task is ready and none waits for a sleep, and if the tasks wake themselves without end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let main = self.next_id();
        let waker = self.waker(main);
        waker.wake_by_ref();
        for _ in 0..MAX_POLLS {
            match self.next_ready() {
                Some(id) if id == main => {
                    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        return output;
                    }
                }
                Some(id) => self.poll_task(id),
                None => assert!(self.move_clock(Duration::MAX, true), "every task waits, and no sleep wakes one"),
            }
        }
        panic!("the tasks wake themselves without end");
    }

    fn next_id(&self) -> u64 {
        self.0.last_id.set(self.0.last_id.get() + 1);
        self.0.last_id.get()
    }

    fn next_ready(&self) -> Option<u64> {
        self.0.ready.queue().pop_front()
    }

    fn waker(&self, id: u64) -> Waker {
        Waker::from(Arc::new(TaskWaker { id, ready: Arc::clone(&self.0.ready) }))
    }

    fn poll_task(&self, id: u64) {
        // A task that has ended may still be woken.
        let Some(mut task) = self.0.tasks.borrow_mut().get_mut(&id).and_then(Option::take) else { return };
        let is_ready = task.as_mut().poll(&mut Context::from_waker(&self.waker(id))).is_ready();
        let mut tasks = self.0.tasks.borrow_mut();
        if is_ready {
            tasks.remove(&id);
        } else if let Some(place) = tasks.get_mut(&id) {
            *place = Some(task);
            return;
        }
        // The task may spawn or cancel others while it is dropped.
        drop(tasks);
        drop(task);
    }

    /// Moves the clock to the end of the next sleep, if that is not after `until`, and wakes its task. Returns `false` if there is no
    /// such sleep. `awaited` skips sleeps that were never polled.
    fn move_clock(&self, until: Duration, awaited: bool) -> bool {
        let mut sleeps = self.0.sleeps.borrow_mut();
        let mut ends = sleeps.iter().filter(|(_, waker)| waker.is_some() || !awaited);
        let Some(key) = ends.next().map(|(key, _)| *key).filter(|(end, _)| *end <= until) else { return false };
        let waker = sleeps.remove(&key).flatten();
        drop(sleeps);
        self.0.elapsed.set(self.elapsed().max(key.0));
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntime").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

/// The output of a task, and the task that waits for it.
struct Output<T> {
    value: Cell<Option<T>>,
    waiting: Cell<Option<Waker>>,
}

/// A task of a [`LocalRuntime`], as a future of its output. The task continues if this handle is dropped.
pub struct LocalTask<T> {
    id: u64,
    runtime: LocalRuntime,
    output: Rc<Output<T>>,
}

impl<T> LocalTask<T> {
    /// Returns `true` if the task has ended or was cancelled.
    pub fn is_finished(&self) -> bool {
        !self.runtime.0.tasks.borrow().contains_key(&self.id)
    }

    /// Drops the future of the task, unless it has ended.
    pub fn cancel(self) {
        // Dropped after the tasks are no longer borrowed.
        let _task = self.runtime.0.tasks.borrow_mut().remove(&self.id);
    }
}

impl<T> Future for LocalTask<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let Some(value) = self.output.value.take() {
            return Poll::Ready(value);
        }
        self.output.waiting.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl<T> fmt::Debug for LocalTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTask").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// The timer of a [`LocalRuntime`]. Its wall clock begins in 1970, and its jitter is the middle of the range.
#[derive(Clone, Debug)]
pub struct LocalTimer {
    runtime: LocalRuntime,
}

impl Timer for LocalTimer {
    type Sleep = LocalSleep;

    fn now(&self) -> Duration {
        START + self.runtime.elapsed()
    }

    fn sleep(&self, duration: Duration) -> LocalSleep {
        let key = (self.runtime.elapsed() + duration, self.runtime.next_id());
        self.runtime.0.sleeps.borrow_mut().insert(key, None);
        LocalSleep { key, runtime: self.runtime.clone() }
    }

    fn unix_time(&self) -> UnixMillis {
        UnixMillis(i64::try_from(self.now().as_millis()).unwrap_or(i64::MAX))
    }

    fn jitter(&self) -> f64 {
        0.5
    }
}

/// The future of [`LocalTimer`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct LocalSleep {
    key: (Duration, u64),
    runtime: LocalRuntime,
}

impl Future for LocalSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.key.0 <= self.runtime.elapsed() {
            return Poll::Ready(());
        }
        let waker = Some(cx.waker().clone());
        // The previous waker is dropped after the sleeps are no longer borrowed.
        let _previous = self.runtime.0.sleeps.borrow_mut().insert(self.key, waker);
        Poll::Pending
    }
}

impl Drop for LocalSleep {
    fn drop(&mut self) {
        let _waker = self.runtime.0.sleeps.borrow_mut().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn sleeps_end_in_the_order_of_their_times() {
        let runtime = LocalRuntime::default();
        let ends = Rc::new(RefCell::new(Vec::new()));
        for seconds in [3, 1, 2, 1] {
            let (timer, ends) = (runtime.timer(), Rc::clone(&ends));
            runtime.spawn(async move {
                timer.sleep(seconds * SECOND).await;
                ends.borrow_mut().push((seconds, timer.runtime.elapsed()));
            });
        }
        runtime.advance(SECOND / 2);
        assert_eq!((ends.borrow().len(), runtime.sleeps()), (0, 4));
        runtime.advance(SECOND * 5 / 2);
        assert_eq!(*ends.borrow(), [1, 1, 2, 3].map(|seconds| (seconds, seconds * SECOND)));
        assert_eq!((runtime.elapsed(), runtime.sleeps()), (3 * SECOND, 0));
    }

    #[test]
    fn block_on_moves_the_clock_only_while_every_task_waits() {
        let runtime = LocalRuntime::default();
        let timer = runtime.timer();
        let never_polled = timer.sleep(SECOND);
        let task = runtime.spawn({
            let timer = timer.clone();
            async move {
                timer.sleep(60 * SECOND).await;
                timer.now()
            }
        });
        assert_eq!(runtime.block_on(task), timer.now());
        assert_eq!(runtime.elapsed(), 60 * SECOND);
        drop(never_polled);
    }

    #[test]
    #[should_panic(expected = "no sleep wakes one")]
    fn block_on_panics_where_it_would_wait_forever() {
        LocalRuntime::default().block_on(std::future::pending::<()>());
    }

    #[test]
    fn a_cancelled_task_is_dropped_at_once() {
        let runtime = LocalRuntime::default();
        let sleep = runtime.timer().sleep(SECOND);
        let task = runtime.spawn(sleep);
        runtime.run_until_idle();
        assert_eq!((task.is_finished(), runtime.sleeps()), (false, 1));
        task.cancel();
        assert_eq!(runtime.sleeps(), 0);
    }
}
