//! A yard with a name, by which the workers of a pool find it: they are this program anew.

use courtyard::{Event, EventOptions, Pool, PoolOptions, Timeout, Yard, register_entry};
use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

/// How long somebody waits who ought not to have to.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What a task comes to.
pub(crate) type Said = Result<String, Box<dyn Error>>;

/// What each worker runs first: it is told the yard's name.
const ENTRY: &str = "come-to-the-meeting";

static YARD: OnceLock<Yard> = OnceLock::new();

pub(crate) fn register() -> courtyard::Result<()> {
    register_entry(ENTRY, come)
}

/// In a worker: opens the yard of this name.
pub(crate) fn come(name: &[u8]) -> i32 {
    let yard = std::str::from_utf8(name).ok().and_then(|name| Yard::open(name).ok());
    i32::from(yard.is_none_or(|yard| YARD.set(yard).is_err()))
}

/// The yard, in a worker.
pub(crate) fn yard() -> Result<&'static Yard, &'static str> {
    YARD.get().ok_or("this worker was not told of a yard")
}

/// In a worker: waits until its maker opens the gate.
pub(crate) fn wait_at_the_gate() -> Result<(), Box<dyn Error>> {
    Ok(Event::open(yard()?, "gate")?.wait(LONG)?)
}

/// The yard, which nobody finds any more when this is dropped.
pub(crate) struct Meeting {
    name: String,
    pub(crate) yard: Yard,
    pub(crate) gate: Event,
}

impl Meeting {
    pub(crate) fn new(what: &str) -> courtyard::Result<Meeting> {
        let name = format!("classics-{what}-{}", std::process::id());
        let yard = Yard::create(&name)?;
        let gate = Event::create(&yard, "gate", EventOptions::default());
        gate.map(|gate| Meeting { name: name.clone(), yard, gate }).inspect_err(|_| {
            let _ = Yard::unlink(&name);
        })
    }

    /// A pool whose workers know the yard.
    pub(crate) fn pool(&self, workers: usize) -> courtyard::Result<Pool> {
        self.pool_that_begins_with(ENTRY, workers)
    }

    /// The same, with an initializer of one's own, which is told the name.
    pub(crate) fn pool_that_begins_with(&self, initializer: &str, workers: usize) -> courtyard::Result<Pool> {
        let options = PoolOptions {
            workers,
            initializer: Some(initializer.to_owned()),
            initializer_bytes: self.name.clone().into_bytes(),
            ..PoolOptions::default()
        };
        Pool::create(&self.yard, "pool", &options)
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        let _ = Yard::unlink(&self.name);
    }
}

/// No more tasks; waits until all is done and the workers have ended.
pub(crate) fn finish(pool: &Pool) -> courtyard::Result<()> {
    pool.close();
    pool.join(Timeout::from(LONG))
}
