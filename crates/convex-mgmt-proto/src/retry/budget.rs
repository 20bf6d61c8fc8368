//! [`RetryBudget`]: limits the retries of all calls of a client together.

use std::sync::atomic::{AtomicU32, Ordering};

/// What all calls of a client may spend on trying again, so that a server in trouble is not met with more load.
///
/// It starts full. Every further attempt costs [`RetryBudget::COST`], every success of the API's own gives 1 back: what
/// something in between answers says nothing of the server. When it is empty, calls get their first attempt only.
#[derive(Debug)]
pub struct RetryBudget {
    left: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// What one more attempt costs.
    pub const COST: u32 = 5;

    /// A budget of this size, full.
    pub fn new(capacity: u32) -> Self {
        Self { left: AtomicU32::new(capacity), capacity }
    }

    /// Returns `true` if a success would give nothing back.
    pub fn is_full(&self) -> bool {
        self.left.load(Ordering::Relaxed) >= self.capacity
    }

    /// Takes the cost of one more attempt, if that much is left.
    pub fn withdraw(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(Self::COST)).is_ok()
    }

    /// Gives 1 back, up to the capacity.
    pub fn deposit(&self) {
        // Full is the usual state, and then nothing is written.
        let more = |left: u32| (left < self.capacity).then(|| left + 1);
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

impl Default for RetryBudget {
    /// A budget of 100: twenty further attempts before the first success pays any back.
    fn default() -> Self {
        Self::new(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
