//! The ring and its two ends, for C.
//!
//! * what lives here: `cyd_ring_t`, `cyd_sender_t`, `cyd_receiver_t`
//! * who calls it: C programs
//! * what it may call: `objects::ring`
//! * the invariant: an end is used by one thread at a time (`get_mut`); the uncontended step of sending and receiving
//!   runs before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/ring.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, News, Result};
use crate::objects::ring::{LooseReceiver, LooseSender, Peer, Ring, RingOptions, Strategy};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// A ring of records from one sender to one receiver, which are taken with cyd_ring_sender() and cyd_ring_receiver()
/// by one process each.
///
/// What was sent is in the ring, whoever dies: a new receiver goes on where the dead one had released, a new sender
/// where the dead one had sent. Several threads may use a handle on the ring at a time.
pub struct cyd_ring_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_ring_t, Ring, b"ring");

/// The sending end of a ring. It belongs to the process that took it; one thread at a time may use it.
pub struct cyd_sender_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_sender_t, LooseSender, b"send");

/// The receiving end of a ring. It belongs to the process that took it; one thread at a time may use it.
pub struct cyd_receiver_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_receiver_t, LooseReceiver, b"recv");

/// How an end waits: a CYD_STRATEGY_ number.
pub type cyd_strategy_t = u32;

/// Poll for a few microseconds, then sleep. Where the process has one CPU only, sleep at once.
pub const CYD_STRATEGY_ADAPTIVE: cyd_strategy_t = 0;
/// Poll until the wait is over: lowest latency, one CPU busy.
pub const CYD_STRATEGY_SPIN: cyd_strategy_t = 1;
/// Sleep at once.
pub const CYD_STRATEGY_BLOCK: cyd_strategy_t = 2;

const _: () = {
    assert!(CYD_STRATEGY_ADAPTIVE == Strategy::Adaptive as u32);
    assert!(CYD_STRATEGY_SPIN == Strategy::Spin as u32);
    assert!(CYD_STRATEGY_BLOCK == Strategy::Block as u32);
};

fn strategy(code: cyd_strategy_t) -> Result<Strategy> {
    Strategy::from_code(code).ok_or_else(|| Error::with(ErrorKind::Invalid, format!("strategy {code}")))
}

/// What is known of the process at an end: a CYD_PEER_ number.
pub type cyd_peer_t = u32;

/// Nobody has taken the end yet.
pub const CYD_PEER_ABSENT: cyd_peer_t = 0;
/// A process holds it.
pub const CYD_PEER_HERE: cyd_peer_t = 1;
/// Its last holder closed it.
pub const CYD_PEER_CLOSED: cyd_peer_t = 2;
/// Its last holder died.
pub const CYD_PEER_DIED: cyd_peer_t = 3;

pub(super) fn peer(peer: Peer) -> cyd_peer_t {
    match peer {
        Peer::Absent => CYD_PEER_ABSENT,
        Peer::Here => CYD_PEER_HERE,
        Peer::Closed => CYD_PEER_CLOSED,
        Peer::Died => CYD_PEER_DIED,
    }
}

/// How a ring is made. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_ring_options_t {
    /// sizeof(cyd_ring_options_t)
    pub struct_size: usize,
    /// Bytes for records: a power of two from 64 on; 0 means 65536. A record takes its length, rounded up to 8, and 8
    /// more, and can be at most capacity / 2 - 8 long.
    pub capacity: usize,
    /// 1: nobody ever sleeps on this ring, both ends spin, and sending is a few nanoseconds cheaper.
    pub spin_only: u32,
    /// Must be 0.
    pub reserved: u32,
}
options::sized!(cyd_ring_options_t { struct_size, capacity: usize, spin_only: u32, reserved: u32 });

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_ring_options_t) -> Result<RingOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("spin_only", theirs.spin_only & !1)?;
    options::unknown("reserved", theirs.reserved)?;
    let mut ours = RingOptions { spin_only: theirs.spin_only == 1, ..RingOptions::default() };
    if theirs.capacity != 0 {
        ours.capacity = theirs.capacity;
    }
    Ok(ours)
}

/// Bytes to send: one record of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_slice_t {
    /// The first byte; may be NULL when `len` is 0.
    pub data: *const c_void,
    /// How many bytes.
    pub len: usize,
}

/// A slice that has been checked.
#[repr(transparent)]
pub(super) struct Checked(cyd_slice_t);

impl AsRef<[u8]> for Checked {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `checked` looked at it; readable by the promise made there. It fails no more.
        unsafe { args::bytes(self.0.data, self.0.len) }.unwrap_or(&[])
    }
}

/// # Safety
/// As `args::items`, and as `args::bytes` for each item.
pub(super) unsafe fn checked<'a>(records: *const cyd_slice_t, count: usize) -> Result<&'a [Checked]> {
    // SAFETY: the caller's promise.
    let records = unsafe { args::items(records, count)? };
    for record in records {
        // SAFETY: the caller's promise.
        unsafe { args::bytes(record.data, record.len)? };
    }
    // SAFETY: `Checked` is transparent over the slice.
    Ok(unsafe { std::slice::from_raw_parts(records.as_ptr().cast(), records.len()) })
}

/// What the three ways to come to a ring have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_ring_t,
    come: impl FnOnce(&Yard, &str) -> Result<Ring>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes a ring.
///
/// \param yard     Where. Borrowed; the ring keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_ring_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_SIZE      `capacity` is no power of two, below 64, or above 1 TiB
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard has no room for it
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_VERSION   an option is set that this version does not know
///   - #CYD_E_INVALID   a pointer is misaligned, `struct_size` is not set
///   - #CYD_E_NULL      `yard` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The ring exists whole, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_ring_options_t,
    out: *mut *mut cyd_ring_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Ring::create(yard, name, self::options(options)?)) }
}

/// Opens a ring, whatever its options.
///
/// \param yard  Where. Borrowed; the ring keeps the yard open by itself.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_ring_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is no ring; or `yard` is no yard
///   - #CYD_E_MISMATCH   it is a ring of elements of one size, made in another language
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_NULL       `yard` or `out` is NULL
///   - #CYD_E_CLOSED     `yard` is closed
///   - #CYD_E_INVALID    a pointer is misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_ring_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Ring::open) }
}

/// Opens a ring of these options, or makes it.
///
/// \param yard     Where. Borrowed; the ring keeps the yard open by itself.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_ring_close().
///
/// \return As cyd_ring_open() and cyd_ring_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with other options.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same ring.
/// \par Blocking   As cyd_ring_create().
/// \par Crash      As cyd_ring_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_ring_options_t,
    out: *mut *mut cyd_ring_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Ring::open_or_create(yard, name, self::options(options)?)) }
}

/// A question about a ring that has one answer.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn asked<T>(ring: *const cyd_ring_t, out: *mut T, ask: impl FnOnce(&Ring) -> T) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (ring, out) = unsafe { (handle::get(ring)?, args::out(out)?) };
        out.set(ask(ring));
        Ok(())
    })
}

/// Tells how many bytes the ring has for records.
///
/// \param ring  Borrowed.
/// \param out   Receives the number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_capacity(ring: *const cyd_ring_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(ring, out, |ring| ring.options().capacity) }
}

/// Tells how long the longest record can be.
///
/// \param ring  Borrowed.
/// \param out   Receives the number of bytes.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_max_len(ring: *const cyd_ring_t, out: *mut usize) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(ring, out, Ring::max_len) }
}

/// Tells how the sender's end stands.
///
/// \param ring  Borrowed.
/// \param out   Receives a CYD_PEER_ number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_sender_state(
    ring: *const cyd_ring_t,
    out: *mut cyd_peer_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(ring, out, |ring| peer(ring.sender_state())) }
}

/// Tells how the receiver's end stands.
///
/// \param ring  Borrowed.
/// \param out   Receives a CYD_PEER_ number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_receiver_state(
    ring: *const cyd_ring_t,
    out: *mut cyd_peer_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { asked(ring, out, |ring| peer(ring.receiver_state())) }
}

/// Takes the sender's end for this process. If the last holder closed it or died, the new one goes on where he had
/// sent.
///
/// \param ring      Borrowed; the end keeps the yard open by itself.
/// \param strategy  A CYD_STRATEGY_ number; a ring made `spin_only` spins whatever is said here.
/// \param out       Receives the handle; close it with cyd_sender_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_BUSY      a living process holds the end, perhaps this one
///   - #CYD_E_NO_SLOTS  the yard's table of processes is full
///   - #CYD_E_INVALID   `strategy` is no strategy, a pointer is misaligned
///   - #CYD_E_CORRUPT   the ring's words contradict themselves
///   - #CYD_E_NULL      `ring` or `out` is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `ring` is closed, or no ring
///
/// \par Threads    Any.
/// \par Processes  One at a time. A fork() child does not hold what its parent took, and may take it later.
/// \par Blocking   Never.
/// \par Crash      Taken by a dead one: the next who asks gets it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_sender(
    ring: *mut cyd_ring_t,
    strategy: cyd_strategy_t,
    out: *mut *mut cyd_sender_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (ring, out) = unsafe { (handle::get(ring)?, args::out(out)?) };
        out.set(handle::open(LooseSender::take(ring, self::strategy(strategy)?)?)?);
        Ok(())
    })
}

/// Takes the receiver's end for this process. If the last holder died, what he had not released is delivered again,
/// with #CYD_REDELIVERED.
///
/// \param ring      Borrowed; the end keeps the yard open by itself.
/// \param strategy  A CYD_STRATEGY_ number; a ring made `spin_only` spins whatever is said here.
/// \param out       Receives the handle; close it with cyd_receiver_close().
///
/// \return As cyd_ring_sender().
///
/// \par Threads    Any.
/// \par Processes  One at a time. A fork() child does not hold what its parent took, and may take it later.
/// \par Blocking   Never.
/// \par Crash      Taken by a dead one: the next who asks gets it.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_receiver(
    ring: *mut cyd_ring_t,
    strategy: cyd_strategy_t,
    out: *mut *mut cyd_receiver_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (ring, out) = unsafe { (handle::get(ring)?, args::out(out)?) };
        out.set(handle::open(LooseReceiver::take(ring, self::strategy(strategy)?)?)?);
        Ok(())
    })
}

/// Closes a handle on a ring. NULL is harmless. The ends that were taken through it stay good.
///
/// \param ring  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_ring_close(ring: *mut cyd_ring_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(ring) })
}

/// Sends one record; waits for room if the ring is full.
///
/// As long as there is room, sending does not ask how the receiver stands: what is sent waits in the ring for whoever
/// receives next. Without room, a receiver that closed or died ends the wait at once.
///
/// \param sender      Borrowed.
/// \param data        The first byte. Borrowed for the call; may be NULL when `len` is 0.
/// \param len         Bytes, at most cyd_ring_max_len().
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
///
/// \return #CYD_OK; else nothing was sent:
///   - #CYD_E_FULL         no room within `timeout_ns`
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  no room, and the receiver is gone
///   - #CYD_E_TOO_LONG     the record can never fit
///   - #CYD_E_STATE        a reservation is open
///   - #CYD_E_NOT_OWNER    the end is the parent's of this fork() child
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_CORRUPT      the ring's words contradict themselves
///   - #CYD_E_NULL         `sender` is NULL, or `data` is and `len` is not 0
///   - #CYD_E_INVALID      `len` is more than any memory, `sender` is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `sender` is closed, or no sender
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   Polls or sleeps as the strategy says, while the ring is full. Not async-signal-safe.
/// \par Crash      Killed before the one store that shows it: nothing was sent. Killed after: it was, whole.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_send(
    sender: *mut cyd_sender_t,
    data: *const c_void,
    len: usize,
    timeout_ns: i64,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked = || unsafe { Ok((handle::get_mut(sender)?, args::bytes(data, len)?)) };
    let (end, record) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    if end.send_fast(record) {
        return CYD_OK;
    }
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe { handle::waiting(sender, || end.send(record, Timeout::from_ns(timeout_ns))) })
}

/// Sends as many of the records as fit, in order, and shows them to the receiver all at once; waits only while not
/// even the first fits.
///
/// \param sender      Borrowed.
/// \param records     Borrowed for the call, with their bytes; may be NULL when `count` is 0.
/// \param count       How many.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param sent        Receives how many were sent. A record that can never fit ends the batch before it.
///
/// \return As cyd_sender_send(); #CYD_E_TOO_LONG if the first can never fit; #CYD_E_NULL also if a record is NULL and
///   not empty, or `sent` is NULL.
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   As cyd_sender_send().
/// \par Crash      Killed before the one store that shows them: nothing was sent. Killed after: all of them.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_send_batch(
    sender: *mut cyd_sender_t,
    records: *const cyd_slice_t,
    count: usize,
    timeout_ns: i64,
    sent: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (end, records, sent) =
            unsafe { (handle::get_mut(sender)?, checked(records, count)?, args::out(sent)?) };
        // SAFETY: as above; while we wait it may be closed.
        sent.set(unsafe { handle::trying(sender, timeout_ns, |timeout| end.send_batch(records, timeout)) }?);
        Ok(())
    })
}

/// Reserves room for a record of at most `len` bytes, to be written in place: no copy is made.
///
/// End it with cyd_sender_commit() or cyd_sender_abort(); until then every other way to send is #CYD_E_STATE.
///
/// \param sender      Borrowed.
/// \param len         Bytes, at most cyd_ring_max_len().
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param out         Receives the first byte, aligned to 8. It lies in shared memory and is good until the
///                    reservation or the end is closed.
///
/// \return As cyd_sender_send(); #CYD_E_STATE if a reservation is open already.
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   As cyd_sender_send().
/// \par Crash      Nothing was sent; a successor finds the room free.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_reserve(
    sender: *mut cyd_sender_t,
    len: usize,
    timeout_ns: i64,
    out: *mut *mut c_void,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (end, out) = unsafe { (handle::get_mut(sender)?, args::out(out)?) };
        // SAFETY: as above; while we wait it may be closed.
        out.set(unsafe { handle::trying(sender, timeout_ns, |timeout| end.reserve(len, timeout)) }?.cast());
        Ok(())
    })
}

/// Sends the first bytes of what is reserved as one record.
///
/// \param sender  Borrowed.
/// \param len     Bytes, at most as many as were reserved.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      nothing is reserved
///   - #CYD_E_RANGE      `len` is more than was reserved; the reservation stays open
///   - #CYD_E_NOT_OWNER  the end is the parent's of this fork() child
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `sender` is NULL, closed, no sender, misaligned
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   Never; one system call if the receiver sleeps. Not async-signal-safe.
/// \par Crash      As cyd_sender_send().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_commit(sender: *mut cyd_sender_t, len: usize) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody else uses, by the caller's promise.
    boundary::call(|| unsafe { handle::get_mut(sender) }?.commit(len))
}

/// Gives up what is reserved; nothing is sent.
///
/// \param sender  Borrowed.
///
/// \return As cyd_sender_commit().
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   Never.
/// \par Crash      Nothing was sent.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_abort(sender: *mut cyd_sender_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody else uses, by the caller's promise.
    boundary::call(|| unsafe { handle::get_mut(sender) }?.abort())
}

/// Tells how the receiver stands.
///
/// \param sender  Borrowed.
/// \param out     Receives a CYD_PEER_ number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    One at a time per end.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_peer(sender: *mut cyd_sender_t, out: *mut cyd_peer_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (sender, out) = unsafe { (handle::get_mut(sender)?, args::out(out)?) };
        out.set(peer(sender.peer()));
        Ok(())
    })
}

/// Closes the sending end. NULL is harmless.
///
/// What was sent stays; the receiver learns #CYD_E_PEER_CLOSED when he has taken all of it. An open reservation is
/// given up.
///
/// \param sender  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  In a fork() child it closes the child's handle; the end stays the parent's.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      Closed, or its holder died.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_sender_close(sender: *mut cyd_sender_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(sender) })
}

/// Copies the next record out and releases it; waits if there is none.
///
/// At most once: a receiver killed before it has used its copy has lost that one. See cyd_receiver_peek() for at least
/// once.
///
/// \param receiver    Borrowed.
/// \param buffer      Receives the record. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param len         Receives the record's length; with #CYD_E_TOO_LONG too.
///
/// \return #CYD_OK, or #CYD_REDELIVERED: as #CYD_OK, and a receiver that died may have seen the record; or
///   - #CYD_E_EMPTY        nothing came within `timeout_ns`
///   - #CYD_E_PEER_CLOSED, #CYD_E_PEER_DIED  nothing is left, and the sender is gone
///   - #CYD_E_TOO_LONG     the record is longer than `room` and stays; `len` tells how long
///   - #CYD_E_STATE        a peeked record is not released
///   - #CYD_E_NOT_OWNER    the end is the parent's of this fork() child
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_CANCELLED    a token was cancelled: see cyd_cancel_t
///   - #CYD_E_CORRUPT      the ring's words contradict themselves
///   - #CYD_E_NULL         `receiver` or `len` is NULL, or `buffer` is and `room` is not 0
///   - #CYD_E_INVALID      `room` is more than any memory, a pointer is misaligned
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `receiver` is closed, or no receiver
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   Polls or sleeps as the strategy says, while the ring is empty. Not async-signal-safe.
/// \par Crash      Killed before the one store that releases it: the record is delivered again, to the next receiver.
///   Killed after: it is gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_receiver_recv(
    receiver: *mut cyd_receiver_t,
    buffer: *mut c_void,
    room: usize,
    timeout_ns: i64,
    len: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    let checked =
        || unsafe { Ok((handle::get_mut(receiver)?, args::bytes_mut(buffer, room)?, args::out(len)?)) };
    let (end, buffer, len) = match checked() {
        Ok(checked) => checked,
        Err(wrong) => return boundary::code(Err::<(), _>(wrong)),
    };
    if let Some(received) = end.recv_fast(buffer) {
        len.set(received.len);
        return boundary::code(Ok(received.news()));
    }
    let receive = || match end.recv(buffer, Timeout::from_ns(timeout_ns)) {
        Ok(received) => {
            len.set(received.len);
            Ok(received.news())
        }
        Err(error) => {
            if let (ErrorKind::TooLong, Some(needed)) = (error.kind(), end.next_len()) {
                len.set(needed);
            }
            Err(error)
        }
    };
    // SAFETY: as above; from now on it may be closed.
    boundary::call(|| unsafe { handle::waiting(receiver, receive) })
}

/// Copies records one after the other into a buffer while they are there and fit, and releases them all at once; waits
/// only while there is not even one.
///
/// \param receiver    Borrowed.
/// \param buffer      Receives the records without gaps. May be NULL when `room` is 0.
/// \param room        Bytes of `buffer`.
/// \param lens        Receives the length of each; with #CYD_E_TOO_LONG the first tells how long that record is.
/// \param max         How many lengths there is room for; at least 1.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param count       Receives how many records came.
///
/// \return As cyd_receiver_recv(); #CYD_REDELIVERED if it is true of one of them; #CYD_E_TOO_LONG if the first does
///   not fit; #CYD_E_INVALID also if `max` is 0 or impossible.
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   As cyd_receiver_recv().
/// \par Crash      Killed before the one store that releases them: all are delivered again. Killed after: all are gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_receiver_recv_batch(
    receiver: *mut cyd_receiver_t,
    buffer: *mut c_void,
    room: usize,
    lens: *mut usize,
    max: usize,
    timeout_ns: i64,
    count: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (end, buffer) = unsafe { (handle::get_mut(receiver)?, args::bytes_mut(buffer, room)?) };
        // SAFETY: as above.
        let (lens, count) = unsafe { (args::items_mut(lens, max)?, args::out(count)?) };
        let batch = |timeout| {
            end.recv_batch(buffer, lens, timeout).inspect_err(|error| {
                if let (ErrorKind::TooLong, Some(needed)) = (error.kind(), end.next_len()) {
                    lens[0] = needed; // there is one: `TooLong` comes after `Invalid`
                }
            })
        };
        // SAFETY: as above; while we wait it may be closed.
        let batch = unsafe { handle::trying(receiver, timeout_ns, batch) }?;
        count.set(batch.records);
        Ok(batch.redelivered.then_some(News::Redelivered))
    })
}

/// Shows the next record, which stays in the ring until cyd_receiver_release(); waits if there is none.
///
/// At least once: a receiver killed before the release leaves the record to its successor, with #CYD_REDELIVERED. To
/// peek again without a release shows the same record. Until the release every other way to receive is #CYD_E_STATE.
///
/// \param receiver    Borrowed.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param data        Receives the first byte, aligned to 8. It lies in shared memory and is good until the release
///                    or the close; a hostile sender can change it while you read.
/// \param len         Receives the record's length.
///
/// \return As cyd_receiver_recv(), but neither #CYD_E_TOO_LONG nor #CYD_E_STATE.
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   As cyd_receiver_recv().
/// \par Crash      The record is delivered again, to the next receiver.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_receiver_peek(
    receiver: *mut cyd_receiver_t,
    timeout_ns: i64,
    data: *mut *const c_void,
    len: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (end, data, len) = unsafe { (handle::get_mut(receiver)?, args::out(data)?, args::out(len)?) };
        // SAFETY: as above; while we wait it may be closed.
        let peeked = unsafe { handle::trying(receiver, timeout_ns, |timeout| end.peek(timeout)) }?;
        data.set(peeked.address.cast());
        len.set(peeked.received.len);
        Ok(peeked.received.news())
    })
}

/// Done with the peeked record: it is delivered for good, and its room is given back.
///
/// \param receiver  Borrowed.
///
/// \return #CYD_OK, or
///   - #CYD_E_STATE      nothing is peeked
///   - #CYD_E_NOT_OWNER  the end is the parent's of this fork() child
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `receiver` is NULL, closed, no receiver, misaligned
///
/// \par Threads    One at a time per end.
/// \par Processes  The one that took the end.
/// \par Blocking   Never; one system call if the sender sleeps. Not async-signal-safe.
/// \par Crash      Killed before the one store that releases it: the record is delivered again. Killed after: gone.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_receiver_release(receiver: *mut cyd_receiver_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody else uses, by the caller's promise.
    boundary::call(|| unsafe { handle::get_mut(receiver) }?.release())
}

/// Tells how the sender stands.
///
/// \param receiver  Borrowed.
/// \param out       Receives a CYD_PEER_ number. Records may still be there whatever it says.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    One at a time per end.
/// \par Processes  Any.
/// \par Blocking   Never waits; may cost a system call.
/// \par Crash      Nothing is changed, but that a death is noted.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_receiver_peer(
    receiver: *mut cyd_receiver_t,
    out: *mut cyd_peer_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (receiver, out) = unsafe { (handle::get_mut(receiver)?, args::out(out)?) };
        out.set(peer(receiver.peer()));
        Ok(())
    })
}

/// Closes the receiving end. NULL is harmless.
///
/// What was not received stays in the ring for the next receiver, a peeked record among it.
///
/// \param receiver  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  In a fork() child it closes the child's handle; the end stays the parent's.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      Closed, or its holder died.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_receiver_close(receiver: *mut cyd_receiver_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(receiver) })
}
