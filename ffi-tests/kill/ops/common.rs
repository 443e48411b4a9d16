//! What the plays share: small yards, and the words of the promises.

use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use courtyard::{ErrorKind, Lock, News, Options, Result, Scope, Yard};

use crate::operation::Moment;
use crate::watch::Watch;

/// A slice, and a margin for a busy machine.
pub(crate) const SOON: Duration = Duration::from_millis(250 + 1750);
/// Long enough to see that somebody holds on.
pub(crate) const BRIEF: Duration = Duration::from_millis(5);

/// One CPU, the one that we are on, so that nobody spins: the stepped instructions are those of the protocol.
pub(crate) fn pin() {
    // SAFETY: plain values on the stack; pid 0 is the calling thread.
    unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(usize::try_from(libc::sched_getcpu()).unwrap_or(0), &mut one);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one);
    }
}

/// A yard without a name, for so many threads and processes.
pub(crate) fn yard(slots: u32) -> Yard {
    pin();
    Options::new().size(1 << 16).slots(slots).objects(8).anonymous().unwrap()
}

/// Says what was wrong, in a check.
pub(crate) fn wrong<T>(what: &str, is: impl std::fmt::Debug) -> std::result::Result<T, String> {
    Err(format!("{what}: {is:?}"))
}

/// Takes the lock within the promised time and gives it back; tells the news.
pub(crate) fn turn(lock: &Lock) -> std::result::Result<Option<News>, String> {
    let news = lock.acquire_unguarded(SOON).map_err(|e| format!("the lock was not to be had: {e:?}"))?;
    lock.release().map_err(|e| format!("the lock was not to be released: {e:?}"))?;
    Ok(news)
}

/// While the victim stands still, alive, the lock is either free or not to be had.
pub(crate) fn not_robbed(lock: &Lock) -> std::result::Result<bool, String> {
    match lock.acquire_unguarded(BRIEF) {
        Ok(None) => lock.release().map(|()| true).or_else(|e| wrong("release", e)),
        Ok(Some(news)) => wrong("a living owner was called dead", news),
        Err(e) if e.kind() == ErrorKind::Timeout => Ok(false),
        Err(e) => wrong("acquire", e),
    }
}

/// Whether the victim, or its thread, is gone for good.
pub(crate) fn is_gone(moment: Moment) -> bool {
    matches!(moment, Moment::Killed | Moment::ThreadEnded | Moment::ProcessEnded)
}

/// Polls a future once. Whoever is to be woken is nobody: what it waits for does not come while it is looked at.
#[cfg(feature = "async")]
pub(crate) fn poll_once<T>(future: impl Future<Output = Result<T>>) -> std::task::Poll<Result<T>> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::pin!(future).poll(&mut context)
}

/// What a future that need not wait answers.
#[cfg(feature = "async")]
pub(crate) fn at_once<T>(future: impl Future<Output = Result<T>>) -> T {
    match poll_once(future) {
        std::task::Poll::Ready(answer) => answer.unwrap(),
        std::task::Poll::Pending => panic!("it waits"),
    }
}

/// The kind of an error, or that there was none.
pub(crate) fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}

/// What protocols write to in a small yard: header, tables and objects.
pub(crate) fn watch(yard: &Yard) -> Watch {
    const TABLES: usize = 12 << 10;
    const OBJECTS: usize = 24 << 10;
    let file = std::fs::File::from(yard.as_fd().try_clone_to_owned().unwrap());
    let cost = yard.cost().unwrap();
    let objects_at = cost.total_bytes - cost.object_bytes;
    let watched = OBJECTS.min(cost.object_bytes as usize);
    let mut behind = vec![0; cost.object_bytes as usize - watched];
    file.read_exact_at(&mut behind, objects_at + watched as u64).unwrap();
    assert!(behind.iter().all(|byte| *byte == 0), "an object lies behind what is watched");
    Watch::Bytes(Box::new(move |_| {
        let mut bytes = vec![0; TABLES + watched];
        let (tables, objects) = bytes.split_at_mut(TABLES);
        file.read_exact_at(tables, 0).unwrap();
        file.read_exact_at(objects, objects_at).unwrap();
        bytes
    }))
}

/// So many places of the yard can be taken by somebody new: `count` threads of this process register at once. The
/// calling thread gives its own place up.
pub(crate) fn places_are_free(yard: &Yard, count: usize) -> std::result::Result<(), String> {
    yard.sweep();
    let lock = Lock::open_or_create(yard, "places", Scope::Thread)
        .map_err(|e| format!("the places' lock: {e:?}"))?;
    yard.detach_thread(); // making the lock took a place
    let all_in = std::sync::Barrier::new(count);
    let enter = || {
        // Busy is as good as taken: the thread has its place.
        let refused = lock.try_acquire().map(drop).err().filter(|e| e.kind() != ErrorKind::Busy);
        all_in.wait();
        refused.map_or(Ok(()), Err)
    };
    let refused = std::thread::scope(|s| {
        let threads: Vec<_> = (0..count).map(|_| s.spawn(enter)).collect();
        threads.into_iter().find_map(|t| t.join().unwrap().err())
    });
    refused.map_or(Ok(()), |e| wrong("a place was not given back", e))
}
