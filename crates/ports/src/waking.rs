//! Waking once for much that was done: a thread that is woken by the first of many answers takes the core from who is
//! about to give the others.

use std::cell::RefCell;
use std::task::Waker;

thread_local! {
    /// Who is woken when [`together`] ends; none outside it.
    static HELD: RefCell<Option<Vec<Waker>>> = const { RefCell::new(None) };
}

/// Runs `work`. Who is to be woken by it through [`wake`] is woken once, when it has ended.
pub fn together<T>(work: impl FnOnce() -> T) -> T {
    let _held = Hold::begin();
    work()
}

/// Wakes now, or at the end of the [`together`] that this thread is in.
pub fn wake(sleeper: &Waker) {
    let is_held = HELD.with_borrow_mut(|held| match held {
        Some(held) => {
            if !held.iter().any(|other| other.will_wake(sleeper)) {
                held.push(sleeper.clone());
            }
            true
        }
        None => false,
    });
    if !is_held {
        sleeper.wake_by_ref();
    }
}

/// Wakes also where the work panics.
struct Hold {
    /// An outer one wakes for it.
    is_inner: bool,
}

impl Hold {
    fn begin() -> Self {
        let is_inner = HELD.with_borrow_mut(|held| {
            let is_inner = held.is_some();
            held.get_or_insert_default();
            is_inner
        });
        Self { is_inner }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.is_inner {
            HELD.take().into_iter().flatten().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn wakes_at_once_or_once_at_the_end() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let woken = || count.0.load(Ordering::Relaxed);
        wake(&waker);
        assert_eq!(woken(), 1);
        together(|| {
            wake(&waker);
            together(|| wake(&waker));
            assert_eq!(woken(), 1);
        });
        assert_eq!(woken(), 2);
        wake(&waker);
        assert_eq!(woken(), 3);
    }

    #[test]
    fn wakes_where_the_work_panics() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            together(|| {
                wake(&waker);
                assert_eq!(1, 2, "on purpose");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}
