//! [`RetryBudget`]: limits the retries of all calls of a client together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Limits the retries of all calls of a client together, so that retries do not add load to a failing server.
///
/// It starts full. A retry costs [`RetryBudget::COST`], and a success response of the API returns 1. Responses of others, such as
/// a proxy, do not count. A call makes only its first attempt while less than the cost of a retry is left.
///
/// Clones share one budget, so several clients can use the same.
#[derive(Clone, Debug)]
pub struct RetryBudget(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    left: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// The cost of one retry.
    pub const COST: u32 = 5;

    /// Creates a full budget with this capacity.
    pub fn new(capacity: u32) -> Self {
        Self(Arc::new(Budget { left: AtomicU32::new(capacity), capacity }))
    }

    /// Returns `true` if a success would add nothing.
    pub fn is_full(&self) -> bool {
        self.0.left.load(Ordering::Relaxed) >= self.0.capacity
    }

    /// Takes the cost of one retry, and returns `true` if that much was left.
    pub fn withdraw(&self) -> bool {
        self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(Self::COST)).is_ok()
    }

    /// Adds 1, up to the capacity.
    pub fn deposit(&self) {
        // A budget is usually full, and then nothing is written.
        let more = |left: u32| (left < self.0.capacity).then(|| left + 1);
        let _ = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

impl Default for RetryBudget {
    /// Creates a budget of 100: twenty retries before a success returns the first.
    fn default() -> Self {
        Self::new(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_one_budget() {
        let budget = RetryBudget::new(RetryBudget::COST);
        assert!(budget.clone().withdraw() && !budget.withdraw());
        (0..RetryBudget::COST).for_each(|_| budget.clone().deposit());
        assert!(budget.withdraw());
    }

    #[test]
    fn runs_dry_and_recovers_with_successes() {
        let budget = RetryBudget::new(12);
        assert!(budget.is_full());
        assert!(budget.withdraw() && budget.withdraw());
        assert!(!budget.withdraw() && !budget.is_full());
        budget.deposit();
        budget.deposit();
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw());
        (0..100).for_each(|_| budget.deposit());
        assert!(budget.withdraw() && budget.withdraw() && !budget.withdraw(), "never above its capacity");
    }

    #[test]
    fn a_deposit_fills_it_up_to_its_capacity() {
        // With one more than this, two attempts would have their cost.
        let budget = RetryBudget::new(2 * RetryBudget::COST - 1);
        for _ in 0..3 {
            budget.deposit();
            assert!(budget.is_full());
            assert!(budget.withdraw() && !budget.withdraw());
            // The cost is back after as many successes, and not before.
            for _ in 0..RetryBudget::COST {
                assert!(!budget.is_full());
                budget.deposit();
            }
        }
        let one = RetryBudget::new(RetryBudget::COST);
        assert!(one.withdraw());
        (1..RetryBudget::COST).for_each(|_| one.deposit());
        assert!(!one.withdraw());
        one.deposit();
        assert!(one.is_full() && one.withdraw());
        let none = RetryBudget::new(0);
        none.deposit();
        assert!(none.is_full() && !none.withdraw());
    }
}
