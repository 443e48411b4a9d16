//! The names of loom that the models use, played by shuttle: some orders of many threads, where loom plays all orders of a few.
//!
//! Every access is as if it were SeqCst, so what an ordering is good for is not seen here. What is seen: a protocol that breaks
//! only when many are in it at once, again and again.

pub use shuttle::{lazy_static, rand, thread_local};

pub mod sync {
    //! What a model's kernel is made of.

    pub use shuttle::sync::{Arc, Condvar, Mutex, MutexGuard};

    pub mod atomic {
        //! Atomics, each access of which is a point at which another thread may go on.

        pub use shuttle::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    }
}

pub mod thread {
    //! Threads, which take turns on one thread of the system.

    pub use shuttle::thread::{Result, yield_now};

    struct OneThread<T>(T);

    // SAFETY: shuttle runs all threads of a model on one thread of the system.
    unsafe impl<T> Send for OneThread<T> {}

    /// Starts a thread.
    pub fn spawn<R: 'static>(f: impl FnOnce() -> R + 'static) -> JoinHandle<R> {
        let f = OneThread(f);
        JoinHandle(shuttle::thread::spawn(move || {
            let f = f; // all of it, not its field
            OneThread((f.0)())
        }))
    }

    /// A thread, to wait for.
    pub struct JoinHandle<R>(shuttle::thread::JoinHandle<OneThread<R>>);

    impl<R> JoinHandle<R> {
        /// Waits until it has ended.
        pub fn join(self) -> Result<R> {
            self.0.join().map(|it| it.0)
        }
    }
}

pub mod cell {
    //! What is not atomic.

    use shuttle::sync::atomic::{AtomicU32, Ordering::SeqCst};

    const WRITTEN: u32 = 1 << 31;

    /// Data that is reached by one at a time, or read by several: whoever comes in the way fails the model.
    #[derive(Debug, Default)]
    pub struct UnsafeCell<T> {
        /// How many read it now, or [`WRITTEN`].
        now: AtomicU32,
        data: std::cell::UnsafeCell<T>,
    }

    impl<T> UnsafeCell<T> {
        /// With this in it.
        pub fn new(data: T) -> UnsafeCell<T> {
            UnsafeCell { now: AtomicU32::new(0), data: data.into() }
        }

        /// Reads it.
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            assert!(self.now.fetch_add(1, SeqCst) < WRITTEN, "concurrent read and write");
            let read = f(self.data.get());
            self.now.fetch_sub(1, SeqCst);
            read
        }

        /// Writes it.
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            assert_eq!(self.now.swap(WRITTEN, SeqCst), 0, "concurrent write");
            let written = f(self.data.get());
            self.now.store(0, SeqCst);
            written
        }
    }
}

/// Where the orders begin that are played, and how many: some at random, as many with few switches at the worst of places
/// (Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs, ASPLOS 2010).
const SEED: u64 = 1;
const ORDERS: usize = 300;
/// Switches in an order of the second kind.
const SWITCHES: usize = 4;

fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays a model in several orders, the same ones each time: CROWD_ORDERS of each kind, from CROWD_SEED on.
pub fn model(model: impl Fn() + Sync + Send + 'static) {
    let seed = asked("CROWD_SEED").unwrap_or(SEED);
    let orders = asked("CROWD_ORDERS").and_then(|n| n.try_into().ok()).unwrap_or(ORDERS);
    let model = std::sync::Arc::new(model);
    let mut config = shuttle::Config::new();
    config.silence_warnings = true;
    let random = shuttle::scheduler::RandomScheduler::new_from_seed(seed, orders);
    let few_switches = shuttle::scheduler::PctScheduler::new_from_seed(seed, SWITCHES, orders);
    let play = model.clone();
    shuttle::Runner::new(random, config.clone()).run(move || play());
    shuttle::Runner::new(few_switches, config).run(move || model());
}

pub mod model {
    //! How a model is played.

    /// Its settings mean nothing here.
    #[derive(Debug, Default)]
    pub struct Builder {
        /// How often threads are switched where none need be.
        pub preemption_bound: Option<usize>,
    }

    impl Builder {
        /// As it is by default.
        pub fn new() -> Builder {
            Builder::default()
        }

        /// Plays a model.
        pub fn check(&self, model: impl Fn() + Sync + Send + 'static) {
            super::model(model);
        }
    }
}
