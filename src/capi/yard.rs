//! The yard, for C.
//!
//! * what lives here: `cyd_yard_t`, its options, its cost, the listing of its objects
//! * who calls it: C programs
//! * what it may call: `objects::yard`
//! * the invariant: every function is one call of `Yard` or `Options`
//! * where it is tested: `ffi-tests/c/yard.c`

use crate::capi::status::cyd_status_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::yard::{Cost, ObjectInfo, Options, Yard};
use crate::segment::directory::ObjectType;
use std::ffi::{c_char, c_int};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// A shared-memory segment with a directory of named objects.
///
/// All handles of a process on one yard share one mapping. Several threads may use a handle at a time.
pub struct cyd_yard_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_yard_t, Yard, b"yard");

/// Flag of a yard's options: a signal handler that ran ends a wait with #CYD_E_INTERRUPTED; else the wait goes on.
pub const CYD_YARD_INTERRUPTIBLE: u32 = 1;
/// Flag of a yard's options: do without futex_waitv(2) even where the kernel has it; for tests, and for comparing.
pub const CYD_YARD_FALLBACK: u32 = 2;

/// How a yard is made and opened. Zero means default; a NULL pointer to it means all defaults.
///
/// What concerns the making (size, slots, objects, mode) is ignored by whoever opens a yard that exists; the flags
/// concern this handle, and the objects opened through it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_yard_options_t {
    /// sizeof(cyd_yard_options_t)
    pub struct_size: usize,
    /// Bytes for objects, rounded up to whole pages; 0 means 1 MiB. Each object takes a multiple of 128.
    pub size: u64,
    /// How many threads, and how many processes, can take part at a time: 1 to 4095; 0 means 64.
    pub slots: u32,
    /// How many objects the directory can name: 1 to 1048576; 0 means 256.
    pub objects: u32,
    /// Access mode of a named yard as chmod(2) takes it, whatever the umask; 0 means 0600. All users need both to
    /// read and to write.
    pub mode: u32,
    /// CYD_YARD_ bits; one that this version does not know is refused with #CYD_E_VERSION.
    pub flags: u32,
}
options::sized!(cyd_yard_options_t {
    struct_size,
    size: u64,
    slots: u32,
    objects: u32,
    mode: u32,
    flags: u32,
});

/// # Safety
/// As `options::read`.
unsafe fn options(from: *const cyd_yard_options_t) -> Result<Options> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    options::unknown("flags", theirs.flags & !(CYD_YARD_INTERRUPTIBLE | CYD_YARD_FALLBACK))?;
    let mut ours = Options::new();
    if theirs.size != 0 {
        ours = ours.size(theirs.size);
    }
    if theirs.slots != 0 {
        ours = ours.slots(theirs.slots);
    }
    if theirs.objects != 0 {
        ours = ours.objects(theirs.objects);
    }
    if theirs.mode != 0 {
        ours = ours.mode(theirs.mode);
    }
    Ok(ours
        .interruptible(theirs.flags & CYD_YARD_INTERRUPTIBLE != 0)
        .fallback(theirs.flags & CYD_YARD_FALLBACK != 0))
}

/// What a yard costs; filled by cyd_yard_cost() and cyd_yard_get_cost().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_cost_t {
    /// Set to sizeof(cyd_cost_t) before the call.
    pub struct_size: usize,
    /// Bytes of the whole file; all of them are reserved when the yard is made.
    pub total_bytes: u64,
    /// Bytes that objects can have.
    pub object_bytes: u64,
    /// Bytes for one participating thread: its slot, its process's entry, its page.
    pub slot_bytes: u64,
    /// Bytes a lock takes.
    pub lock_bytes: u64,
    /// Bytes a value takes.
    pub value_bytes: u64,
    /// Bytes a ring takes besides its capacity.
    pub ring_bytes: u64,
}
options::sized!(cyd_cost_t {
    struct_size,
    total_bytes: u64,
    object_bytes: u64,
    slot_bytes: u64,
    lock_bytes: u64,
    value_bytes: u64,
    ring_bytes: u64,
});

impl From<Cost> for cyd_cost_t {
    fn from(cost: Cost) -> cyd_cost_t {
        cyd_cost_t {
            struct_size: size_of::<cyd_cost_t>(),
            total_bytes: cost.total_bytes,
            object_bytes: cost.object_bytes,
            slot_bytes: cost.slot_bytes,
            lock_bytes: cost.lock_bytes,
            value_bytes: cost.value_bytes,
            ring_bytes: cost.ring_bytes,
        }
    }
}

/// Bytes of an object's or a yard's name with its NUL.
pub const CYD_NAME_BYTES: usize = 64;

/// Kind of an object: a lock.
pub const CYD_OBJECT_LOCK: u32 = 1;
/// Kind of an object: a value.
pub const CYD_OBJECT_VALUE: u32 = 2;
/// Kind of an object: a ring.
pub const CYD_OBJECT_RING: u32 = 3;
/// Kind of an object: a re-entrant lock.
pub const CYD_OBJECT_RLOCK: u32 = 4;
/// Kind of an object: a semaphore.
pub const CYD_OBJECT_SEMAPHORE: u32 = 6;
/// See cyd_struct_t.
pub const CYD_OBJECT_STRUCT: u32 = 7;
/// See cyd_array_t and cyd_struct_array_t.
pub const CYD_OBJECT_ARRAY: u32 = 8;
/// Kind of an object: an event.
pub const CYD_OBJECT_EVENT: u32 = 9;
/// Kind of an object: permits.
pub const CYD_OBJECT_PERMITS: u32 = 5;
/// Kind of an object: a lock of readers and writers.
pub const CYD_OBJECT_RWLOCK: u32 = 10;
/// Kind of an object: a condition.
pub const CYD_OBJECT_CONDITION: u32 = 11;
/// Kind of an object: a barrier.
pub const CYD_OBJECT_BARRIER: u32 = 12;
/// Kind of an object: blocks.
pub const CYD_OBJECT_BLOCKS: u32 = 13;
/// Kind of an object: a queue.
pub const CYD_OBJECT_QUEUE: u32 = 14;
/// Kind of an object: a pipe.
pub const CYD_OBJECT_PIPE: u32 = 15;
/// Kind of an object: a last-in-first-out queue.
pub const CYD_OBJECT_LIFO_QUEUE: u32 = 16;
/// Kind of an object: a priority queue.
pub const CYD_OBJECT_PRIORITY_QUEUE: u32 = 17;
/// Kind of an object: a pool.
pub const CYD_OBJECT_POOL: u32 = 18;

const _: () = {
    assert!(CYD_NAME_BYTES == crate::segment::directory::NAME_MAX + 1);
    assert!(CYD_OBJECT_LOCK == ObjectType::Lock as u32);
    assert!(CYD_OBJECT_VALUE == ObjectType::Value as u32);
    assert!(CYD_OBJECT_RING == ObjectType::Ring as u32);
    assert!(CYD_OBJECT_RLOCK == ObjectType::RLock as u32);
    assert!(CYD_OBJECT_SEMAPHORE == ObjectType::Semaphore as u32);
    assert!(CYD_OBJECT_STRUCT == ObjectType::Struct as u32);
    assert!(CYD_OBJECT_ARRAY == ObjectType::Array as u32);
    assert!(CYD_OBJECT_EVENT == ObjectType::Event as u32);
    assert!(CYD_OBJECT_PERMITS == ObjectType::Permits as u32);
    assert!(CYD_OBJECT_RWLOCK == ObjectType::RwLock as u32);
    assert!(CYD_OBJECT_CONDITION == ObjectType::Condition as u32);
    assert!(CYD_OBJECT_BARRIER == ObjectType::Barrier as u32);
    assert!(CYD_OBJECT_BLOCKS == ObjectType::Blocks as u32);
    assert!(CYD_OBJECT_QUEUE == ObjectType::Queue as u32);
    assert!(CYD_OBJECT_PIPE == ObjectType::Pipe as u32);
    assert!(CYD_OBJECT_LIFO_QUEUE == ObjectType::LifoQueue as u32);
    assert!(CYD_OBJECT_PRIORITY_QUEUE == ObjectType::PriorityQueue as u32);
    assert!(CYD_OBJECT_POOL == ObjectType::Pool as u32);
};

/// An object in a yard's directory; filled by cyd_yard_next_object().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_object_info_t {
    /// Set to sizeof(cyd_object_info_t) before the call.
    pub struct_size: usize,
    /// Bytes it takes.
    pub bytes: u64,
    /// What it is: a CYD_OBJECT_ number. Later versions may add some.
    pub kind: u32,
    /// 0
    pub reserved: u32,
    /// The name it was made under, with its NUL.
    pub name: [c_char; 64],
}
options::sized!(cyd_object_info_t {
    struct_size,
    bytes: u64,
    kind: u32,
    reserved: u32,
    name: [c_char; CYD_NAME_BYTES],
});

/// A name as C has it.
pub(super) fn name_bytes(name: &str) -> [c_char; CYD_NAME_BYTES] {
    let mut bytes = [0; CYD_NAME_BYTES];
    // A name is at most 63 bytes: the last one stays NUL.
    for (to, from) in bytes.iter_mut().take(CYD_NAME_BYTES - 1).zip(name.bytes()) {
        *to = from as c_char;
    }
    bytes
}

impl From<ObjectInfo> for cyd_object_info_t {
    fn from(info: ObjectInfo) -> cyd_object_info_t {
        let name = name_bytes(&info.name);
        let (struct_size, kind) = (size_of::<cyd_object_info_t>(), info.kind as u32);
        cyd_object_info_t { struct_size, bytes: info.bytes, kind, reserved: 0, name }
    }
}

/// What the three ways to come to a named yard have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    name: *const c_char,
    from: *const cyd_yard_options_t,
    out: *mut *mut cyd_yard_t,
    come: impl FnOnce(&Options, &str) -> Result<Yard>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (name, options, out) = unsafe { (args::name(name)?, options(from)?, args::out(out)?) };
        out.set(handle::open(come(&options, name)?)?);
        Ok(())
    })
}

/// Makes a yard under a name. An abandoned one of that name, which nobody has open, is replaced.
///
/// The name stands for a file in /dev/shm that lives until cyd_yard_unlink(), or until the machine restarts.
///
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_yard_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_EXISTS      somebody has a yard of that name open
///   - #CYD_E_FOREIGN     the name belongs to something that is no yard
///   - #CYD_E_NAME        `name` is no legal name, or NULL
///   - #CYD_E_RANGE       `slots` or `objects` is out of range
///   - #CYD_E_SIZE        `size` is impossible
///   - #CYD_E_NO_SPACE    /dev/shm or the control group has not so much memory left
///   - #CYD_E_PERMISSION  the system does not allow it
///   - #CYD_E_NO_MEMORY   no address space or no descriptor is left
///   - #CYD_E_BUSY        somebody is removing or replacing it just now
///   - #CYD_E_INVALID     `mode` is no mode of a file, a pointer is misaligned, `struct_size` is not set
///   - #CYD_E_VERSION     an option is set that this version does not know
///   - #CYD_E_NULL        `out` is NULL
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Never waits for others; system calls, and time for the kernel to provide the memory.
/// \par Crash      Killed before the name is given: nothing is left. Killed after: an abandoned yard, which the next
///   open adopts and the next create replaces.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_create(
    name: *const c_char,
    options: *const cyd_yard_options_t,
    out: *mut *mut cyd_yard_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(name, options, out, |options, name| options.create(name)) }
}

/// Opens the yard of a name. What its dead users have left is cleared up; the data is kept.
///
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Only the flags matter. Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_yard_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND   there is no yard of that name
///   - #CYD_E_NAME        `name` is no legal name, or NULL
///   - #CYD_E_FOREIGN     what has the name is no yard
///   - #CYD_E_TRUNCATED, #CYD_E_SIZE, #CYD_E_FORMAT, #CYD_E_VERSION, #CYD_E_CORRUPT  it is none of this version, or
///     no whole one
///   - #CYD_E_NO_SLOTS    the yard's table of processes is full, or the process has 1024 yards open
///   - #CYD_E_PERMISSION  the system does not allow it
///   - #CYD_E_NO_MEMORY   no address space or no descriptor is left
///   - #CYD_E_BUSY        it is being replaced all the time
///   - #CYD_E_INVALID     a pointer is misaligned, `struct_size` is not set
///   - #CYD_E_NULL        `out` is NULL
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits for others; some twenty system calls the first time in a process.
/// \par Crash      Killed in the middle: whoever comes next clears up.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_open(
    name: *const c_char,
    options: *const cyd_yard_options_t,
    out: *mut *mut cyd_yard_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(name, options, out, |options, name| options.open(name)) }
}

/// Opens the yard of a name, or makes it if there is none.
///
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  As for cyd_yard_create(); of a yard that exists, only the flags matter.
/// \param out      Receives the handle; close it with cyd_yard_close().
///
/// \return As cyd_yard_open() and cyd_yard_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same yard.
/// \par Blocking   As cyd_yard_create().
/// \par Crash      As cyd_yard_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_open_or_create(
    name: *const c_char,
    options: *const cyd_yard_options_t,
    out: *mut *mut cyd_yard_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(name, options, out, |options, name| options.open_or_create(name)) }
}

/// Makes a yard without a name, of sealed size, that lives as long as somebody has it open.
///
/// Others get it by fork(), or through its descriptor: see cyd_yard_fd().
///
/// \param options  As for cyd_yard_create(), without the mode.
/// \param out      Receives the handle; close it with cyd_yard_close().
///
/// \return As cyd_yard_create(), as far as it concerns no name; #CYD_E_UNSUPPORTED where the kernel has no memfd.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_yard_create().
/// \par Crash      Leaves nothing behind.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_create_anonymous(
    options: *const cyd_yard_options_t,
    out: *mut *mut cyd_yard_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (options, out) = unsafe { (self::options(options)?, args::out(out)?) };
        out.set(handle::open(options.anonymous()?)?);
        Ok(())
    })
}

/// Opens the yard behind a descriptor, which stays the caller's and may be closed afterwards.
///
/// \param fd       A descriptor of a yard: inherited, or received over a socket.
/// \param options  Only the flags matter. Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_yard_close().
///
/// \return As cyd_yard_open(), as far as it concerns no name; #CYD_E_INVALID also for a negative `fd`, #CYD_E_OS for
///   one that is not open.
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   As cyd_yard_open().
/// \par Crash      As cyd_yard_open().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_open_fd(
    fd: c_int,
    options: *const cyd_yard_options_t,
    out: *mut *mut cyd_yard_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (options, out) = unsafe { (self::options(options)?, args::out(out)?) };
        if fd < 0 {
            return Err(Error::with(ErrorKind::Invalid, format!("descriptor {fd}")));
        }
        // SAFETY: not -1; borrowed for the call, and the kernel says if it is not open.
        out.set(handle::open(options.from_fd(unsafe { BorrowedFd::borrow_raw(fd) })?)?);
        Ok(())
    })
}

/// Closes a handle on a yard. NULL is harmless.
///
/// Handles on objects of the yard stay good. With the last handle, of the yard or of an object in it, the process
/// gives back what it owns there, and the calling thread leaves; other threads leave when they next enter a yard, or at
/// their end, and until then the yard counts as open.
///
/// \param yard  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle.
/// \par Processes  Closes this process's handle only. A fork() child closes its own copy; its parent keeps all.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As at a death: whatever is not given back yet comes free.
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_close(yard: *mut cyd_yard_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(yard) })
}

/// Takes a yard's name away. Who has the yard open keeps it; the memory goes with the last of them.
///
/// \param name  The name of a yard.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND   there is no yard of that name
///   - #CYD_E_NAME        `name` is no legal name, or NULL
///   - #CYD_E_FOREIGN     what has the name is no yard; it is left alone
///   - #CYD_E_PERMISSION  the system does not allow it
///   - #CYD_E_BUSY        somebody is removing or replacing it just now
///
/// \par Threads    Any.
/// \par Processes  One of several that call it at once takes the name away.
/// \par Blocking   Never waits for others; some system calls.
/// \par Crash      The name is gone, or it is not.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_unlink(name: *const c_char) -> cyd_status_t {
    // SAFETY: NULL or a string, by the caller's promise.
    boundary::call(|| Yard::unlink(unsafe { args::name(name)? }))
}

/// Tells what a yard of these options would cost, before anything is made.
///
/// \param options  As for cyd_yard_create(). Borrowed for the call; NULL means all defaults.
/// \param out      Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, #CYD_E_RANGE, #CYD_E_SIZE, #CYD_E_VERSION, #CYD_E_NULL (`out`) or #CYD_E_INVALID (a misaligned
///   pointer, `struct_size` is not set).
///
/// \par Threads    Any.
/// \par Processes  Any; no yard is needed.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_cost(
    options: *const cyd_yard_options_t,
    out: *mut cyd_cost_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (options, out) = unsafe { (self::options(options)?, options::fill(out)?) };
        out.set(options.cost()?.into());
        Ok(())
    })
}

/// What an object takes of a yard; filled by cyd_yard_object_cost().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_object_cost_t {
    /// Set to sizeof(cyd_object_cost_t) before the call.
    pub struct_size: usize,
    /// Bytes without any item.
    pub empty_bytes: u64,
    /// Bytes for each item besides what it has itself.
    pub item_bytes: u64,
}
options::sized!(cyd_object_cost_t { struct_size, empty_bytes: u64, item_bytes: u64 });

/// Tells what an object would take of a yard: so much, and so much for each item and what the item has itself; and up to
/// 255 bytes more, since objects, and some parts of them, begin at multiples of 128.
///
/// Permits: an item is a permit. Lock of readers and writers: a reader at a time. Barrier: a party. Blocks: a block, and its
/// bytes rounded up to 64. Ring and pipe: a message, and its length rounded up to 8; all of them lie in the capacity, which
/// comes on top, for a two-way pipe twice. Queue: a message of up to 48 bytes; with another `inline_max` so many bytes more or less; with
/// `sides`, 8 more for each slot of the yard. Last-in-first-out and priority queue: a message, and the longest one, rounded up
/// to 8, at least 8. Struct: two copies, each rounded up to 64. Array: its elements: numbers, or structs as here; a lock of the
/// array takes 128 more. Pool: a task; a place for a worker takes 64 more, and the queue and the blocks that lie beside it are
/// objects of their own. The others have no items.
///
/// \param options  As for cyd_yard_create(). Borrowed for the call; NULL means all defaults.
/// \param kind     A CYD_OBJECT_ number.
/// \param out      Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, #CYD_E_RANGE, #CYD_E_SIZE, #CYD_E_VERSION, #CYD_E_TYPE (no such kind), #CYD_E_NULL (`out`) or
///   #CYD_E_INVALID (a misaligned pointer, `struct_size` is not set).
///
/// \par Threads    Any.
/// \par Processes  Any; no yard is needed.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_object_cost(
    options: *const cyd_yard_options_t,
    kind: u32,
    out: *mut cyd_object_cost_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (options, out) = unsafe { (self::options(options)?, options::fill(out)?) };
        let known = ObjectType::ALL.iter().find(|known| **known as u32 == kind);
        let known = known.ok_or_else(|| Error::with(ErrorKind::Type, format!("object type {kind}")))?;
        let cost = options.object_cost(*known)?;
        out.set(cyd_object_cost_t {
            struct_size: size_of::<cyd_object_cost_t>(),
            empty_bytes: cost.empty_bytes,
            item_bytes: cost.item_bytes,
        });
        Ok(())
    })
}

/// Tells how large a yard and its parts are.
///
/// \param yard  Borrowed.
/// \param out   Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, `struct_size` is
///   not set).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_get_cost(yard: *const cyd_yard_t, out: *mut cyd_cost_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (yard, out) = unsafe { (handle::get(yard)?, options::fill(out)?) };
        out.set(yard.cost()?.into());
        Ok(())
    })
}

/// Clears up behind dead participants now; behind those at whom another process is just doing so, it leaves it to that one.
///
/// Nobody needs to call this: whoever opens the yard, needs a place in it or waits does it too.
///
/// \param yard  Borrowed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any; several may sweep at once.
/// \par Blocking   Never waits; a system call for each participant in doubt.
/// \par Crash      The next sweep goes on.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_sweep(yard: *mut cyd_yard_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
        unsafe { handle::get(yard) }?.sweep();
        Ok(())
    })
}

/// Takes the calling thread out of the yard now instead of at its end.
///
/// What the thread still owns there counts as a dead owner's. A later call that claims something or waits registers
/// it again. A thread that uses a yard briefly and lives long frees its slot for others this way.
///
/// \param yard  Borrowed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Concerns the calling thread only.
/// \par Processes  Any.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      As a death: what the thread owned comes free, with #CYD_OWNER_DIED.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_detach_thread(yard: *mut cyd_yard_t) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
        unsafe { handle::get(yard) }?.detach_thread();
        Ok(())
    })
}

/// Tells whether the yard's size is sealed, so that not even a hostile peer can cut it short.
///
/// \param yard  Borrowed.
/// \param out   Receives true for anonymous yards, false for named ones.
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
pub unsafe extern "C" fn cyd_yard_is_sealed(yard: *const cyd_yard_t, out: *mut bool) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (yard, out) = unsafe { (handle::get(yard)?, args::out(out)?) };
        out.set(yard.is_sealed());
        Ok(())
    })
}

/// Gives the yard's descriptor, to hand it to another process: over a socket, or by exec() after
/// cyd_yard_set_inheritable().
///
/// \param yard  Borrowed.
/// \param out   Receives the number. It stays the library's: do not close it, and do not use it after the last handle
///              on the yard is closed.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  The number means something in this process, in its fork() children and, if made inheritable, after
///   exec() of any of them.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_fd(yard: *const cyd_yard_t, out: *mut c_int) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (yard, out) = unsafe { (handle::get(yard)?, args::out(out)?) };
        out.set(yard.as_fd().as_raw_fd());
        Ok(())
    })
}

/// Says whether the yard's descriptor survives exec(), so that the new program can open it by its number with
/// cyd_yard_open_fd(). At first it does not.
///
/// \param yard         Borrowed.
/// \param inheritable  True: it survives.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID (a misaligned pointer) or #CYD_E_OS.
///
/// \par Threads    Any.
/// \par Processes  Concerns the descriptor of this process.
/// \par Blocking   Never.
/// \par Crash      Nothing is shared.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_set_inheritable(yard: *mut cyd_yard_t, inheritable: bool) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(yard) }?.set_inheritable(inheritable))
}

/// Lists the objects of a yard, one with each call.
///
/// Objects made meanwhile may or may not be listed; none is listed twice.
///
/// \param yard    Borrowed.
/// \param cursor  Set it to 0 before the first call; moved on by each call that succeeds.
/// \param out     Filled as far as its `struct_size` reaches.
///
/// \return #CYD_OK, or
///   - #CYD_E_END      there are no more
///   - #CYD_E_NULL     a pointer is NULL
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///   - #CYD_E_INVALID  a pointer is misaligned, `struct_size` is not set
///
/// \par Threads    Any, each with a cursor of its own.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed. An object whose maker died before it was whole is not listed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_yard_next_object(
    yard: *const cyd_yard_t,
    cursor: *mut usize,
    out: *mut cyd_object_info_t,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller; the cursor is one item.
        let (yard, cursor, out) =
            unsafe { (handle::get(yard)?, args::items_mut(cursor, 1)?, options::fill(out)?) };
        let object = yard.next_object(&mut cursor[0])?;
        out.set(object.ok_or(ErrorKind::End)?.into());
        Ok(())
    })
}
