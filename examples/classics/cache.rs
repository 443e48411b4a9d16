//! Many read what one renews now and then; one who renews it is killed in the middle.

use crate::{Outcome, children};
use courtyard::{Array, ArrayOptions, RwLock, RwLockOptions, Timeout, Value, Yard};
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};

const READERS: usize = 4;
const RENEWALS: u64 = 200;
const ENTRIES: usize = 16;

/// Entries that all carry the same number, unless somebody sees half of a change.
struct Cache {
    lock: RwLock,
    entries: Array<u64>,
    renewed: Value<u64>,
}

impl Cache {
    fn new(yard: &Yard) -> courtyard::Result<Cache> {
        Ok(Cache {
            lock: RwLock::create(yard, "cache", RwLockOptions::default())?,
            entries: Array::create(yard, "entries", ENTRIES, ArrayOptions::default())?,
            renewed: Value::create(yard, "renewed")?,
        })
    }

    /// Looks everything up; the number that all entries carry.
    fn look_up(&self) -> Result<u64, Box<dyn std::error::Error>> {
        let reading = self.lock.read(Timeout::Forever)?;
        let mut all = [0; ENTRIES];
        self.entries.read_slice(0, &mut all)?;
        match all.iter().all(|entry| *entry == all[0]) || reading.owner_died() {
            true => Ok(all[0]),
            false => Err(format!("half of a change: {all:?}").into()),
        }
    }

    /// Renews the entries, of which the first `whole`; makes good what a dead one left.
    fn renew(&self, whole: usize, then: impl FnOnce()) -> Result<bool, Box<dyn std::error::Error>> {
        let mut writing = self.lock.write(Timeout::Forever)?;
        let told = writing.owner_died();
        let number = self.renewed.fetch_add(1) + 1;
        self.entries.fill(..whole, number)?;
        then();
        if told {
            writing.repaired()?;
        }
        Ok(told)
    }
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let cache = Cache::new(&yard)?;
    let read = |_| -> Outcome {
        let mut last = 0;
        while last < RENEWALS {
            let now = cache.look_up()?;
            if now < last {
                return Err(format!("{now} after {last}").into());
            }
            last = now;
        }
        Ok(())
    };
    let readers = (0..READERS).map(|i| children::start(|| read(i))).collect::<Result<Vec<_>, _>>()?;
    let writer = children::start(|| {
        (0..RENEWALS).try_for_each(|_| cache.renew(ENTRIES, std::thread::yield_now).map(drop))
    })?;
    children::wait(writer)?;
    readers.into_iter().try_for_each(children::wait)?;
    println!("{READERS} readers, {RENEWALS} renewals: nobody saw half of one");

    let victim =
        children::start(|| cache.renew(ENTRIES / 2, || raise(Signal::SIGKILL).unwrap_or(())).map(drop))?;
    if !matches!(waitpid(victim, None)?, WaitStatus::Signaled(_, Signal::SIGKILL, _)) {
        return Err("the victim lives".into());
    }
    if !cache.lock.read(Timeout::Forever)?.owner_died() || !cache.renew(ENTRIES, || ())? {
        return Err("nobody was told".into());
    }
    let told = cache.lock.read(Timeout::Forever)?.owner_died();
    println!("one was killed in the middle: the next was told, and made it whole: {}", cache.look_up()?);
    if told { Err("told after it was made whole".into()) } else { Ok(()) }
}
