//! Handles whose memory stays theirs for ever, so that a wrong one is an error code and not undefined behaviour.
//!
//! * what lives here: [`Handle`], the slab behind each noun, [`Vacant`], [`noun!`]
//! * who calls it: the C functions of every noun
//! * what it may call: the private lock and the fork handlers of `os`, atomics from `shim`, the allocator
//! * the invariant: a cell, once made, is a cell of this noun until the process ends, and its first word always tells
//!   the truth: open, closed, or never used
//! * where it is tested: below, and `ffi-tests/c/bad_handles.c`
//!
//! A closed cell waits behind at least [`QUARANTINE`] later ones before it is opened again. Until then a stale pointer
//! is answered with `Closed`; after that it meets somebody else's handle of the same noun, which no check can tell.
//!
//! Closing is like `fclose`: the caller sees to it that nobody else is using the handle. Two threads that close the
//! same one at once are told apart; a thread that borrows it (`get`) while another closes it is not.
//!
//! But threads that *wait* through a handle are told: they register in it before they wait ([`waiting`]). Who closes it
//! marks it, wakes all who wait through any handle, and waits a moment until those have left. The value goes with the last
//! of them, if one cannot leave so soon: a condition's waiter must have its lock again first, which the closer may hold.
//!
//! | edge    | release                       | acquire                        | carries                        |
//! |---------|-------------------------------|--------------------------------|--------------------------------|
//! | `open`  | `open`: state.store           | `check`: state.load            | the value                      |
//! | `close` | `close`: state CAS            | `close`: the loser's CAS       | nothing; the loser only leaves |
//! | `users` | `Seat::leave`: users CAS      | `close`, `leave`: users CAS    | what was done with the value   |
//! | `shut`  | `close`: CLOSINGS.fetch_add   | `Inside::arm`: CLOSINGS.load   | the mark                       |

use crate::error::{Error, ErrorKind};
use crate::os::{Mutex, clock, fork};
use crate::shim::{AtomicU32, Ordering, Watch, sleep, wake};
use crate::sync::ends::{self, End};
use crate::sync::wait::{SLICE_NS, Timeout};
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::mem::{self, MaybeUninit};
use std::ptr;

/// So many closed cells of a noun lie between a close and the next use of that cell.
pub(crate) const QUARANTINE: usize = 1024;

/// Cells that are taken from the allocator at once.
const CHUNK: usize = 32;

/// The alignment of every handle of every noun: two handles never share a cache line, nor a pair that is fetched as one.
const ALIGN: usize = 128;

const UNUSED: u32 = 0;
const CLOSED: u32 = u32::from_le_bytes(*b"shut");

/// One lock for the slabs of all nouns: opening and closing are rare, and fork has one lock to take.
static SLABS: Mutex<()> = Mutex::new(());

/// Keeps every slab still while the process forks.
static FORK: fork::Handlers = fork::Handlers::new(before_fork, after_fork, after_fork);

/// Counts up with each close of a handle through which somebody waits. All of them sleep on it.
static CLOSINGS: AtomicU32 = AtomicU32::new(0);

extern "C" fn before_fork() {
    FORK.are_installed();
    SLABS.lock_raw();
}

extern "C" fn after_fork() {
    SLABS.unlock_raw();
}

/// What a C program holds a pointer to.
#[repr(C, align(128))]
pub(crate) struct Handle<T> {
    state: AtomicU32,
    users: Users,
    /// The next younger closed cell; belongs to the holder of [`SLABS`].
    younger: UnsafeCell<*mut Handle<T>>,
    /// Initialised while `state` is the noun's magic.
    value: UnsafeCell<MaybeUninit<T>>,
}

/// A C type that stands for a handle. Implemented by [`noun!`] only.
///
/// # Safety
/// `MAGIC` differs from that of every other noun, and `slab` always returns the same slab.
pub(crate) unsafe trait Noun: Sized {
    /// What lies behind the handle.
    type Value: Send + 'static;
    /// The first word of an open handle.
    const MAGIC: u32;
    /// Where the cells come from.
    fn slab() -> &'static Slab<Self::Value>;
}

/// Makes an opaque C type the handle of a Rust type: `noun!(cyd_lock_t, Lock, b"lock");`
macro_rules! noun {
    ($c:ty, $value:ty, $tag:literal) => {
        // SAFETY: the tag is this noun's alone (the unit tests of the nouns would meet each other's handles
        // otherwise), and the slab is a static.
        unsafe impl $crate::capi::handle::Noun for $c {
            type Value = $value;
            const MAGIC: u32 = u32::from_le_bytes(*$tag);
            fn slab() -> &'static $crate::capi::handle::Slab<$value> {
                static SLAB: $crate::capi::handle::Slab<$value> = $crate::capi::handle::Slab::new();
                &SLAB
            }
        }
    };
}
pub(crate) use noun;

/// The cells of one noun.
pub(crate) struct Slab<T> {
    pool: UnsafeCell<Pool<T>>,
}

// SAFETY: the pool is touched by the holder of SLABS only.
unsafe impl<T: Send> Sync for Slab<T> {}

struct Pool<T> {
    /// The rest of the newest chunk.
    fresh: *mut Handle<T>,
    fresh_left: usize,
    /// Closed cells, oldest first; NULL when there are none.
    oldest: *mut Handle<T>,
    youngest: *mut Handle<T>,
    closed: usize,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Slab<T> {
        let none = ptr::null_mut();
        let pool = Pool { fresh: none, fresh_left: 0, oldest: none, youngest: none, closed: 0 };
        Slab { pool: UnsafeCell::new(pool) }
    }

    fn with<R>(&self, work: impl FnOnce(&mut Pool<T>) -> R) -> R {
        let _ = FORK.install(); // whoever takes a cell is told if that is not possible
        let _alone = SLABS.lock();
        // SAFETY: SLABS is held, `work` gets no way to come back here, and nobody else reaches the pool.
        work(unsafe { &mut *self.pool.get() })
    }
}

impl<T> Pool<T> {
    /// A cell that no valid pointer leads to.
    fn take(&mut self) -> Result<*mut Handle<T>, Error> {
        FORK.install()?;
        if self.closed > QUARANTINE {
            return Ok(self.pop_oldest());
        }
        if self.fresh_left == 0 {
            self.fresh = new_chunk()?;
            self.fresh_left = CHUNK;
        }
        let cell = self.fresh;
        self.fresh_left -= 1;
        // SAFETY: the chunk had `fresh_left` cells from `fresh` on, so one past this one is inside or just behind it.
        self.fresh = unsafe { cell.add(1) };
        Ok(cell)
    }

    fn pop_oldest(&mut self) -> *mut Handle<T> {
        let cell = self.oldest;
        // SAFETY: `closed` > 0, so `oldest` is a cell; `younger` belongs to us, who hold SLABS.
        self.oldest = unsafe { *(*cell).younger.get() };
        self.closed -= 1;
        cell
    }

    fn push_closed(&mut self, cell: *mut Handle<T>) {
        // SAFETY: both are cells of this slab, which are never freed; `younger` belongs to us, who hold SLABS.
        unsafe {
            *(*cell).younger.get() = ptr::null_mut();
            if self.closed > 0 {
                *(*self.youngest).younger.get() = cell;
            }
        }
        if self.closed == 0 {
            self.oldest = cell;
        }
        self.youngest = cell;
        self.closed += 1;
    }
}

/// Cells from the allocator that will never be given back.
fn new_chunk<T>() -> Result<*mut Handle<T>, ErrorKind> {
    let layout = Layout::array::<Handle<T>>(CHUNK).map_err(|_| ErrorKind::NoMemory)?;
    // SAFETY: a handle is never of size 0.
    let chunk = unsafe { std::alloc::alloc(layout) }.cast::<Handle<T>>();
    if chunk.is_null() {
        return Err(ErrorKind::NoMemory);
    }
    for i in 0..CHUNK {
        let cell = Handle {
            state: AtomicU32::new(UNUSED),
            users: Users(AtomicU32::new(0)),
            younger: UnsafeCell::new(ptr::null_mut()),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        };
        // SAFETY: inside the chunk, which nobody else knows yet.
        unsafe { chunk.add(i).write(cell) };
    }
    Ok(chunk)
}

/// Puts a value behind a new handle.
pub(crate) fn open<N: Noun>(value: N::Value) -> Result<*mut N, Error> {
    Ok(Vacant::take()?.open(value))
}

/// A handle to be, taken before something is done that cannot be taken back: then there is memory for what comes of it.
pub(crate) struct Vacant<N: Noun> {
    cell: *mut Handle<N::Value>,
}

impl<N: Noun> Vacant<N> {
    pub(crate) fn take() -> Result<Vacant<N>, Error> {
        const { assert!(align_of::<Handle<N::Value>>() == ALIGN && N::MAGIC != CLOSED && N::MAGIC != UNUSED) }
        Ok(Vacant { cell: N::slab().with(Pool::take)? })
    }

    /// Puts a value behind it.
    pub(crate) fn open(self, value: N::Value) -> *mut N {
        let cell = self.cell;
        mem::forget(self); // it is the handle's
        // SAFETY: a cell is never freed, and this one is ours alone until its state says that it is open.
        unsafe {
            (*(*cell).value.get()).write(value);
            (*cell).users.begin();
            (*cell).state.store(N::MAGIC, Ordering::Release); // edge: open
        }
        cell.cast()
    }
}

impl<N: Noun> Drop for Vacant<N> {
    fn drop(&mut self) {
        N::slab().with(|pool| pool.push_closed(self.cell));
    }
}

/// Looks at the first word behind the pointer and says what is wrong with it.
///
/// # Safety
/// As [`get`].
#[inline(always)]
unsafe fn check<N: Noun>(handle: *const N) -> Result<*const Handle<N::Value>, ErrorKind> {
    if handle.is_null() || !handle.addr().is_multiple_of(ALIGN) {
        return Err(wrong_pointer(handle.is_null()));
    }
    // SAFETY: aligned; readable by the caller's promise. The word is only ever accessed as an atomic.
    let state = unsafe { &*handle.cast::<AtomicU32>() }.load(Ordering::Acquire); // edge: open
    if state != N::MAGIC {
        return Err(wrong_state(state));
    }
    Ok(handle.cast())
}

#[cold]
fn wrong_pointer(null: bool) -> ErrorKind {
    if null { ErrorKind::Null } else { ErrorKind::Invalid }
}

#[cold]
fn wrong_state(state: u32) -> ErrorKind {
    if state == CLOSED { ErrorKind::Closed } else { ErrorKind::Type }
}

/// Borrows what is behind a handle. Fails with `Null`, `Invalid` (misaligned), `Closed` or `Type`.
///
/// # Safety
/// The pointer is NULL, misaligned, or at least four readable bytes; if these say "open handle of this noun", then it
/// came from [`open`] and nobody closes it during `'a`.
#[inline(always)]
pub(crate) unsafe fn get<'a, N: Noun>(handle: *const N) -> Result<&'a N::Value, ErrorKind>
where
    N::Value: Sync,
{
    // SAFETY: the caller's promise; an open state means an initialised value, and nobody closes it meanwhile.
    unsafe { Ok((*(*check(handle)?).value.get()).assume_init_ref()) }
}

/// As [`get`], of whatever can be borrowed.
///
/// # Safety
/// As [`get`]; if the value is no [`Sync`], no other thread uses the handle during `'a`, and nobody borrows it mutably.
pub(crate) unsafe fn get_unshared<'a, N: Noun>(handle: *const N) -> Result<&'a N::Value, ErrorKind> {
    // SAFETY: as in `get`; who may borrow it is the caller's promise.
    unsafe { Ok((*(*check(handle)?).value.get()).assume_init_ref()) }
}

/// Borrows what is behind a handle that is used by one thread at a time.
///
/// # Safety
/// As [`get`], and no other call uses the handle during `'a`.
#[inline(always)]
pub(crate) unsafe fn get_mut<'a, N: Noun>(handle: *mut N) -> Result<&'a mut N::Value, ErrorKind> {
    // SAFETY: as in `get`; alone by the caller's promise.
    unsafe { Ok((*(*check(handle.cast_const())?).value.get()).assume_init_mut()) }
}

/// Who keeps the value of a cell: the handle while it is open, and each thread that waits through it.
///
/// `forks:8 | DROPPING | count`. Without a count nobody comes in any more. A word of before a fork means the handle alone.
struct Users(AtomicU32);

const FORKS_AT: u32 = 24;
const DROPPING: u32 = 1 << 23;

impl Users {
    fn forks() -> u32 {
        fork::count() << FORKS_AT // of a child: the threads that were in a handle are not there
    }

    fn begin(&self) {
        self.0.store(Users::forks() | 1, Ordering::Relaxed); // Relaxed: `open` shows it
    }

    fn count(word: u32) -> u32 {
        word & (DROPPING - 1)
    }

    /// Changes the count by what `next` says, if it says anything; tells what is there now.
    fn change(&self, next: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        let forks = Users::forks();
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let count = Users::count(word);
            let same = word >> FORKS_AT == forks >> FORKS_AT;
            let next = next(if same { count } else { count.min(1) })?;
            let changed = self.0.compare_exchange(word, forks | next, Ordering::AcqRel, Ordering::Acquire); // edge: users
            match changed {
                Ok(_) => return Some(next),
                Err(now) => word = now,
            }
        }
    }

    /// One more, unless the value is gone, or going.
    fn enter(&self) -> bool {
        self.change(|count| (count > 0 && count < DROPPING - 1).then(|| count + 1)).is_some()
    }

    /// One less; whether that was the last, who is to drop the value and to say [`Users::end`].
    fn leave(&self) -> bool {
        self.change(|count| Some(if count > 1 { count - 1 } else { DROPPING })) == Some(DROPPING)
    }

    /// The value is gone.
    fn end(&self) {
        self.end_unseen();
        wake(&self.0, u32::MAX);
    }

    /// The same, when nobody can be waiting for it.
    fn end_unseen(&self) {
        self.0.store(Users::forks(), Ordering::Release);
    }

    /// Waits until the value is gone, at most a slice.
    fn await_end(&self) {
        let deadline = clock::now_ns() + SLICE_NS;
        loop {
            let word = self.0.load(Ordering::Acquire); // edge: users
            let gone = word & DROPPING == 0 && Users::count(word) == 0;
            if gone || clock::now_ns() >= deadline {
                return;
            }
            sleep(&[Watch { word: &self.0, value: word }], Some(deadline));
        }
    }
}

/// A thread that waits through a handle, of whatever noun.
struct Seat {
    cell: *const (),
    state: &'static AtomicU32,
    users: &'static Users,
    magic: u32,
    /// After which it was taken; a fork child has none of its parent's.
    forks: u32,
    /// Drops the value in the cell.
    drop: unsafe fn(*const ()),
}

impl Seat {
    /// # Safety
    /// As [`get`], but that the handle may be closed meanwhile.
    unsafe fn take<N: Noun>(handle: *const N) -> Result<Seat, ErrorKind> {
        // SAFETY: the caller's promise.
        let cell = unsafe { check(handle)? };
        // SAFETY: `check` found a cell of this noun, and cells are never freed.
        let (state, users) = unsafe { (&(*cell).state, &(*cell).users) };
        let forks = Users::forks();
        if !users.enter() {
            return Err(ErrorKind::Closed);
        }
        Ok(Seat { cell: cell.cast(), state, users, magic: N::MAGIC, forks, drop: drop_value::<N> })
    }

    fn is_closed(&self) -> bool {
        self.state.load(Ordering::Acquire) != self.magic // edge: open
    }
}

/// # Safety
/// The cell is one of this noun, closed, and the caller is the last user of its value.
unsafe fn drop_value<N: Noun>(cell: *const ()) {
    let cell: *mut Handle<N::Value> = cell.cast_mut().cast();
    // SAFETY: there is a value, which `open` wrote; it is the caller's alone.
    drop(unsafe { (*(*cell).value.get()).assume_init_read() });
    N::slab().with(|pool| pool.push_closed(cell));
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.forks == Users::forks() && self.users.leave() {
            // SAFETY: the handle was closed, or its own share would be left; we are the last.
            unsafe { (self.drop)(self.cell) };
            self.users.end();
        }
    }
}

/// The handles that one call waits through. Closing one of them ends the wait.
pub(crate) struct Inside(Vec<Seat>);

impl Inside {
    /// In none yet.
    pub(crate) fn new(room: usize) -> Inside {
        Inside(Vec::with_capacity(room))
    }

    /// Adds a handle.
    ///
    /// # Safety
    /// As [`get`]; from here on it may be closed.
    pub(crate) unsafe fn add<N: Noun>(&mut self, handle: *const N) -> Result<(), ErrorKind> {
        // SAFETY: the caller's promise.
        self.0.push(unsafe { Seat::take(handle)? });
        Ok(())
    }

    /// Does something that may wait.
    pub(crate) fn wait<R>(&self, f: impl FnOnce() -> R) -> R {
        ends::during(self, f)
    }
}

impl End for Inside {
    fn is_over(&self) -> bool {
        self.0.iter().any(Seat::is_closed)
    }

    fn arm(&self) -> Option<Watch<'_>> {
        let value = CLOSINGS.load(Ordering::Acquire); // edge: shut
        (!self.is_over()).then_some(Watch { word: &CLOSINGS, value })
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Closed
    }
}

/// Does something that may wait through a handle: closing it ends the wait with `Closed`. What comes of it borrows nothing: after
/// the wait, whatever is behind the handle may be gone.
///
/// # Safety
/// As [`get`], but that the handle may be closed meanwhile.
#[cold]
pub(crate) unsafe fn waiting<N: Noun, R: 'static>(
    handle: *const N,
    f: impl FnOnce() -> Result<R, Error>,
) -> Result<R, Error> {
    let mut inside = Inside::new(1);
    // SAFETY: the caller's promise.
    unsafe { inside.add(handle)? };
    inside.wait(f)
}

/// Does something without waiting; if that does not go, does it again, waiting through a handle.
///
/// # Safety
/// As [`waiting`].
pub(crate) unsafe fn trying<N: Noun, R: 'static>(
    handle: *const N,
    timeout_ns: i64,
    mut f: impl FnMut(Timeout) -> Result<R, Error>,
) -> Result<R, Error> {
    match f(Timeout::Try) {
        Err(e) if timeout_ns != 0 && is_not_now(e.kind()) => {
            // SAFETY: the caller's promise.
            unsafe { waiting(handle, || f(Timeout::from_ns(timeout_ns))) }
        }
        done => done,
    }
}

fn is_not_now(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Busy | ErrorKind::Empty | ErrorKind::Full)
}

/// Closes a handle and hands out what was behind it, unless threads waited through it: then it is gone when the last of
/// them has left, usually at once. Of several closers exactly one succeeds.
///
/// # Safety
/// As [`get`], and no other call but another `close` uses the handle, unless it waits.
pub(crate) unsafe fn close<N: Noun>(handle: *mut N) -> Result<Option<N::Value>, ErrorKind> {
    // SAFETY: the caller's promise.
    let cell = unsafe { check(handle.cast_const())? }.cast_mut();
    // SAFETY: `check` found a cell of this noun, and cells are never freed.
    let (state, users) = unsafe { (&(*cell).state, &(*cell).users) };
    state
        .compare_exchange(N::MAGIC, CLOSED, Ordering::AcqRel, Ordering::Acquire) // edge: close
        .map_err(wrong_state)?;
    if !users.leave() {
        CLOSINGS.fetch_add(1, Ordering::Release); // edge: shut
        wake(&CLOSINGS, u32::MAX);
        users.await_end();
        return Ok(None);
    }
    // SAFETY: the state was open, so there is a value; it is ours alone.
    let value = unsafe { (*(*cell).value.get()).assume_init_read() };
    users.end_unseen();
    N::slab().with(|pool| pool.push_closed(cell));
    Ok(Some(value))
}

/// Closes a handle and drops what was behind it; NULL is harmless, as with `free`.
///
/// # Safety
/// As [`close`].
pub(crate) unsafe fn close_unless_null<N: Noun>(handle: *mut N) -> Result<(), Error> {
    if handle.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    drop(unsafe { close(handle) }?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc;

    struct Word(#[allow(dead_code)] [u8; 0]);
    noun!(Word, u64, b"Tw01");
    struct Shared(#[allow(dead_code)] [u8; 0]);
    noun!(Shared, Arc<u8>, b"Tsh1");
    struct Stale(#[allow(dead_code)] [u8; 0]);
    noun!(Stale, u8, b"Tst1");
    struct Vain(#[allow(dead_code)] [u8; 0]);
    noun!(Vain, u16, b"Tvn1");

    /// A pointer that may cross into another thread, as it does in C.
    struct Sent<N>(*mut N);
    // SAFETY: the tests keep to the rules of `get` and `close`.
    unsafe impl<N> Send for Sent<N> {}

    #[test]
    fn a_handle_is_open_until_it_is_closed_and_answers_ever_after() {
        let word = open::<Word>(7).unwrap();
        // SAFETY: one thread, and the pointer came from `open`.
        unsafe {
            assert_eq!(get(word), Ok(&7));
            *get_mut(word).unwrap() = 8;
            assert_eq!(close(word), Ok(Some(8)));
            assert_eq!(get(word), Err(ErrorKind::Closed));
            assert_eq!(get_mut(word), Err(ErrorKind::Closed));
            assert_eq!(close(word), Err(ErrorKind::Closed));
        }
    }

    #[test]
    fn null_misaligned_and_foreign_pointers_are_told_apart() {
        let shared = open::<Shared>(Arc::new(1)).unwrap();
        #[repr(align(128))]
        struct Line([u8; 128]);
        let garbage = Line([0xAA; 128]);
        // SAFETY: every pointer is NULL, misaligned or readable.
        unsafe {
            assert_eq!(get::<Word>(ptr::null()), Err(ErrorKind::Null));
            assert_eq!(close::<Word>(ptr::null_mut()), Err(ErrorKind::Null));
            assert_eq!(get(shared.cast::<u8>().add(4).cast::<Word>()), Err(ErrorKind::Invalid));
            assert_eq!(get(shared.cast::<Word>()), Err(ErrorKind::Type));
            assert_eq!(get(garbage.0.as_ptr().cast::<Word>()), Err(ErrorKind::Type));
            assert_eq!(close(shared).map(|v| v.map(|v| *v)), Ok(Some(1)));
        }
    }

    #[test]
    fn a_closed_cell_is_not_opened_again_before_the_quarantine_is_over() {
        let mut closed = Vec::new();
        for round in 0..4 * QUARANTINE {
            let handle = open::<Stale>(0).unwrap();
            let since = closed.iter().rposition(|&old| old == handle).map(|i| round - i);
            assert!(since.is_none_or(|rounds| rounds > QUARANTINE), "reused after {since:?}");
            // SAFETY: just opened, by this thread.
            unsafe { close(handle) }.unwrap();
            closed.push(handle);
        }
        closed.sort_unstable();
        closed.dedup();
        assert!(closed.len() <= QUARANTINE + CHUNK, "memory grows: {} cells", closed.len());
    }

    #[test]
    fn a_cell_that_is_given_back_unused_is_taken_again_when_its_turn_comes() {
        let mut taken = Vec::new();
        for _ in 0..3 * QUARANTINE {
            taken.push(Vacant::<Vain>::take().unwrap().cell);
        }
        taken.sort_unstable();
        taken.dedup();
        assert!(taken.len() <= QUARANTINE + CHUNK, "memory grows: {} cells", taken.len());
        let kept = Vacant::<Vain>::take().unwrap();
        let at: *const Vain = kept.cell.cast();
        // SAFETY: a cell, of which nobody but this thread knows.
        unsafe {
            assert!(get(at).is_err(), "it is not open yet");
            let vain = kept.open(5);
            assert_eq!((vain.cast_const() == at, get(vain)), (true, Ok(&5)));
            close(vain).unwrap();
        }
    }

    #[test]
    fn of_two_closers_exactly_one_gets_the_value() {
        for _ in 0..200 {
            let value = Arc::new(0);
            let handle = open::<Shared>(value.clone()).unwrap();
            let (results, all) = mpsc::channel();
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    let (sent, results) = (Sent(handle), results.clone());
                    scope.spawn(move || {
                        let sent = sent;
                        // SAFETY: nobody uses the handle but closers.
                        results.send(unsafe { close(sent.0) }.is_ok()).unwrap();
                    });
                }
            });
            assert_eq!(all.try_iter().filter(|won| *won).count(), 1);
            assert_eq!(Arc::strong_count(&value), 1, "dropped exactly once");
        }
    }

    #[test]
    fn a_child_of_fork_can_open_and_close_while_other_threads_did() {
        let stop = Arc::new(AtomicU32::new(0));
        let busy = std::thread::spawn({
            let stop = stop.clone();
            move || {
                while stop.load(Ordering::Relaxed) == 0 {
                    let handle = open::<Word>(1).unwrap();
                    // SAFETY: just opened, by this thread.
                    unsafe { close(handle) }.unwrap();
                }
            }
        });
        for _ in 0..20 {
            let _apart = crate::os::fork::APART.lock();
            // SAFETY: the child opens and closes one handle and ends without unwinding.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: as above.
                unsafe { libc::_exit(i32::from(open::<Word>(1).is_err())) };
            }
            let mut status = -1;
            // SAFETY: `status` is a local.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0);
        }
        stop.store(1, Ordering::Relaxed);
        busy.join().unwrap();
    }
}
