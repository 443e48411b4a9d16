//! Blocks, for C.
//!
//! * what lives here: `cyd_blocks_t`
//! * who calls it: C programs
//! * what it may call: `objects::blocks`
//! * the invariant: the usual steps of allocating and freeing run before the boundary and cannot panic
//! * where it is tested: `ffi-tests/c/blocks.c`

use crate::capi::status::{CYD_OK, cyd_status_t};
use crate::capi::yard::cyd_yard_t;
use crate::capi::{args, boundary, handle, options};
use crate::error::{Error, ErrorKind, Result};
use crate::objects::blocks::{BlockClass, BlockOwner, BlockUse, Blocks, BlocksOptions};
use crate::objects::yard::Yard;
use crate::sync::wait::Timeout;
use std::ffi::{c_char, c_void};

/// Blocks of memory in a yard, in classes of one size each: any process allocates and frees them, and hands them to
/// others.
///
/// A block belongs to the process that allocated it: any thread of it may free it. The blocks of a process that dies,
/// or closes its last handle on the yard, are free again by themselves. A block is named by a number of 64 bits, never
/// 0, that can be sent in a message and is good in every process: whoever has it can read the block, and adopt it if it
/// is offered. After the block was freed the number is stale, and says so, also when the memory is used again (until the
/// same memory was freed 2^30 times). A request gets a block of the smallest class that is long enough, or of a larger
/// one if there is none; one that is longer than the largest class gets several of that side by side. The bytes are as
/// the last owner left them. Several threads may use a handle at a time.
pub struct cyd_blocks_t {
    _opaque: [u8; 0],
}
handle::noun!(cyd_blocks_t, Blocks, b"blks");

/// Blocks of one size; see cyd_blocks_options_t.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_block_class_t {
    /// Bytes of a block: 1 to 2^40, rounded up to a multiple of 64.
    pub size: u64,
    /// How many blocks of that size: 1 and more.
    pub count: u64,
}

/// What blocks are made as. Zero means default; a NULL pointer to it means all defaults.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_blocks_options_t {
    /// sizeof(cyd_blocks_options_t)
    pub struct_size: usize,
    /// Bytes for blocks, if there are no classes: half of them go to the largest class, of which long requests take
    /// several blocks, the rest in equal parts to classes of 128 bytes, 256, and so on. At least 2048; 0 means 262144.
    pub bytes: u64,
    /// At most 16 classes, of different sizes, in any order; NULL if `class_count` is 0. Altogether at most 4194304
    /// blocks.
    pub classes: *const cyd_block_class_t,
    /// How many there are; 0 means as `bytes` says.
    pub class_count: usize,
}
options::sized!(cyd_blocks_options_t {
    struct_size,
    bytes: u64,
    classes: *const cyd_block_class_t,
    class_count: usize,
});

/// # Safety
/// As `options::read`, and `classes` is NULL, misaligned or readable.
unsafe fn options(from: *const cyd_blocks_options_t) -> Result<BlocksOptions> {
    // SAFETY: the caller's promise.
    let theirs = unsafe { options::read(from)? };
    // SAFETY: as above.
    let classes = unsafe { args::items(theirs.classes, theirs.class_count)? };
    let classes = classes.iter().map(class).collect::<Result<_>>()?;
    let bytes = if theirs.bytes == 0 { BlocksOptions::default().bytes } else { theirs.bytes };
    Ok(BlocksOptions { bytes, classes })
}

fn class(theirs: &cyd_block_class_t) -> Result<BlockClass> {
    let range = || Error::with(ErrorKind::Range, format!("{} blocks", theirs.count));
    let size = || Error::with(ErrorKind::Size, format!("blocks of {} bytes", theirs.size));
    Ok(BlockClass {
        size: usize::try_from(theirs.size).map_err(|_| size())?,
        count: u32::try_from(theirs.count).map_err(|_| range())?,
    })
}

/// How one class of blocks stands at some instant; see cyd_blocks_usage().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_block_use_t {
    /// Bytes of a block.
    pub size: u64,
    /// How often a block was taken, as far as the blocks remember: each counts to 2^30 and begins anew.
    pub taken: u64,
    /// How many blocks there are.
    pub count: u32,
    /// Nobody's.
    pub free: u32,
    /// Somebody's.
    pub owned: u32,
    /// Offered, and not yet adopted.
    pub offered: u32,
    /// In a queue, or a task's.
    pub linked: u32,
    /// How often a request that this class fits best found nothing at first, or nothing at all.
    pub failures: u32,
}

impl From<BlockUse> for cyd_block_use_t {
    fn from(it: BlockUse) -> cyd_block_use_t {
        let BlockUse { size, count, free, owned, offered, linked, taken, failures } = it;
        cyd_block_use_t { size, taken, count, free, owned, offered, linked, failures }
    }
}

/// Who owns blocks, and how many; see cyd_blocks_owners().
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cyd_block_owner_t {
    /// The process, numbered in its own PID namespace.
    pub pid: u32,
    /// Its blocks, and those it offers; several that were taken for one request count once.
    pub count: u32,
    /// Their bytes.
    pub bytes: u64,
}

impl From<BlockOwner> for cyd_block_owner_t {
    fn from(owner: BlockOwner) -> cyd_block_owner_t {
        cyd_block_owner_t { pid: owner.pid, count: owner.count, bytes: owner.bytes }
    }
}

/// What the three ways to come to blocks have in common.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn named(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_blocks_t,
    come: impl FnOnce(&Yard, &str) -> Result<Blocks>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (yard, name, out) = unsafe { (handle::get(yard)?, args::name(name)?, args::out(out)?) };
        out.set(handle::open(come(yard, name)?)?);
        Ok(())
    })
}

/// Makes blocks; all of them are free.
///
/// \param yard     Where. Borrowed; the blocks keep the yard open by themselves.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call, with the classes it points to; NULL means all defaults. Besides the blocks it
///                 takes 384 bytes, and 32 for each block.
/// \param out      Receives the handle; close it with cyd_blocks_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_RANGE     more than 16 classes; a class of no blocks; more than 4194304 blocks
///   - #CYD_E_SIZE      a size of 0, above 2^40, or of two classes; `bytes` below 2048; too much
///   - #CYD_E_EXISTS    the name is taken
///   - #CYD_E_NAME      `name` is no legal name, or NULL
///   - #CYD_E_NO_SPACE  the yard is full
///   - #CYD_E_NO_SLOTS  the directory, or the table of threads, is full
///   - #CYD_E_TIMEOUT   another object has been in the making for ten seconds
///   - #CYD_E_INVALID   a pointer is misaligned; `struct_size` is wrong
///   - #CYD_E_VERSION   `options` has a part that this library does not know
///   - #CYD_E_NULL      `yard` or `out` is NULL, or `options->classes` with a count
///   - #CYD_E_CLOSED, #CYD_E_TYPE  `yard` is closed, or no yard
///
/// \par Threads    Any.
/// \par Processes  One of several that create the same name at once succeeds.
/// \par Blocking   Waits for whoever is making another object in the yard, at most ten seconds.
/// \par Crash      The blocks exist, all free, or not at all.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_blocks_options_t,
    out: *mut *mut cyd_blocks_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, |yard, name| Blocks::create(yard, name, &self::options(options)?)) }
}

/// Opens blocks, whatever classes there are.
///
/// \param yard  Where. Borrowed; the blocks keep the yard open by themselves.
/// \param name  1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param out   Receives the handle; close it with cyd_blocks_close().
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  there is no object of that name
///   - #CYD_E_TYPE       the object of that name is something else; or `yard` is no yard
///   - #CYD_E_NAME       `name` is no legal name, or NULL
///   - #CYD_E_CORRUPT    somebody has written into the yard who keeps no rules
///   - #CYD_E_NO_SLOTS   the table of processes is full (in a fork() child)
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
pub unsafe extern "C" fn cyd_blocks_open(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    out: *mut *mut cyd_blocks_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { named(yard, name, out, Blocks::open) }
}

/// Opens blocks of these classes, or makes them.
///
/// \param yard     Where. Borrowed; the blocks keep the yard open by themselves.
/// \param name     1 to 63 characters of A-Z a-z 0-9 . _ -
/// \param options  Borrowed for the call; NULL means all defaults.
/// \param out      Receives the handle; close it with cyd_blocks_close().
///
/// \return As cyd_blocks_open() and cyd_blocks_create(), but neither #CYD_E_NOT_FOUND nor #CYD_E_EXISTS;
///   #CYD_E_MISMATCH if it exists with other classes.
///
/// \par Threads    Any.
/// \par Processes  Several that call it at once get the same blocks.
/// \par Blocking   As cyd_blocks_create().
/// \par Crash      As cyd_blocks_create().
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_open_or_create(
    yard: *mut cyd_yard_t,
    name: *const c_char,
    options: *const cyd_blocks_options_t,
    out: *mut *mut cyd_blocks_t,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe {
        named(yard, name, out, |yard, name| Blocks::open_or_create(yard, name, &self::options(options)?))
    }
}

/// Allocates a block.
///
/// A try answers #CYD_E_NO_SPACE only after it has looked at every block that would do. Those of the dead it frees on
/// the way, if a thread of theirs was known here and is seen to have died; about others it asks the kernel at the
/// handle's first failed try and at every 256th after it. A call that waits asks always.
///
/// \param blocks      Borrowed.
/// \param len         How many bytes; 0 is a block as any.
/// \param timeout_ns  0 tries and never waits; a negative value waits without limit.
/// \param out         Receives the block's number.
///
/// \return #CYD_OK: the block is the process's; or
///   - #CYD_E_TOO_LONG     no room for it even if all blocks were free
///   - #CYD_E_NO_SPACE     nothing that would do was free, and `timeout_ns` is 0; cyd_last_error_message() has figures
///   - #CYD_E_BUSY         more than the largest class was asked for, somebody else stands still while he looks for
///     neighbours, and `timeout_ns` is 0
///   - #CYD_E_TIMEOUT      still nothing after `timeout_ns`
///   - #CYD_E_CANCELLED    the thread's wait was cancelled
///   - #CYD_E_INTERRUPTED  a signal handler ran (only with #CYD_YARD_INTERRUPTIBLE)
///   - #CYD_E_NO_SLOTS     the yard's table of threads or processes is full
///   - #CYD_E_UNSUPPORTED  the thread would have to wait and cannot: it was made by a bare clone()
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` or `out` is NULL, closed (also during the
///     wait), something else, misaligned
///
/// \par Threads    Any. The process owns the block: any thread may free it.
/// \par Processes  Any. A fork() child allocates for itself: it is not its parent.
/// \par Blocking   Sleeps in the kernel while living processes own what would do, however long. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: free. Killed after: a dead process's, and free again as
///   soon as somebody looks. Of several blocks side by side it has all or none.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_alloc(
    blocks: *mut cyd_blocks_t,
    len: usize,
    timeout_ns: i64,
    out: *mut u64,
) -> cyd_status_t {
    let handle = blocks.cast_const();
    // SAFETY: each is NULL or as the header asks of the caller.
    let (blocks, out) = match unsafe { (handle::get(blocks), args::out(out)) } {
        (Ok(blocks), Ok(out)) => (blocks, out),
        (Err(wrong), _) | (_, Err(wrong)) => return boundary::code(Err::<(), _>(wrong)),
    };
    if let Some(block) = blocks.alloc_fast(len) {
        out.set(block.0);
        return CYD_OK;
    }
    boundary::call(|| {
        // SAFETY: as above; from now on it may be closed.
        let block =
            unsafe { handle::waiting(handle, || blocks.alloc_slow(len, Timeout::from_ns(timeout_ns)))? };
        out.set(block.0);
        Ok(())
    })
}

/// Frees a block of this process, whichever thread allocated it.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
///
/// \return #CYD_OK, or, with nothing changed,
///   - #CYD_E_STATE      it was freed a moment ago; or it is offered: adopt it first
///   - #CYD_E_NOT_FOUND  the number is stale
///   - #CYD_E_NOT_OWNER  the block is another process's
///   - #CYD_E_FOREIGN    the number is of other blocks, or none at all
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` is NULL, closed, something else, misaligned
///
/// \par Threads    Any.
/// \par Processes  The one that owns it; a fork() child is another process.
/// \par Blocking   Never; one system call if somebody sleeps. Not async-signal-safe.
/// \par Crash      Killed on the way: it is free, or a dead process's, which is free as soon as somebody looks. A sleeper
///   that was not woken looks again within 250 ms.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_free(blocks: *mut cyd_blocks_t, block: u64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::code(unsafe { handle::get(blocks) }.and_then(|blocks| blocks.free_fast(block)))
}

/// Lets whoever is told the number adopt a block of this process.
///
/// Until then it is this process's: if it dies, the block is freed and the number stale. To take it back, adopt it.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
///
/// \return As cyd_blocks_free().
///
/// \par Threads    Any.
/// \par Processes  The one that owns it; a fork() child is another process.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Offered or not, it is a dead process's, and free as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_offer(blocks: *mut cyd_blocks_t, block: u64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(blocks) }?.offer(block))
}

/// Makes an offered block this process's own, with everything that its last owner wrote.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
///
/// \return #CYD_OK: free it with cyd_blocks_free(), or offer it again; or
///   - #CYD_E_STATE      it is not offered, or was freed a moment ago
///   - #CYD_E_NOT_FOUND  the number is stale: the block was freed, perhaps because who offered it died
///   - #CYD_E_FOREIGN    the number is of other blocks, or none at all
///   - #CYD_E_NO_SLOTS   the table of processes is full (in a fork() child)
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` is NULL, closed, something else, misaligned
///
/// \par Threads    Any.
/// \par Processes  One of several that adopt the same block gets it.
/// \par Blocking   Never. Not async-signal-safe.
/// \par Crash      Killed before the one store that takes it: still offered. Killed after: a dead process's, and free
///   as soon as somebody looks.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_adopt(blocks: *mut cyd_blocks_t, block: u64) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody closes meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::get(blocks) }?.adopt_unguarded(block))
}

/// Copies bytes into a block of this process.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
/// \param at      From which byte of the block on.
/// \param data    Borrowed for the call; NULL if `len` is 0.
/// \param len     How many bytes.
///
/// \return As cyd_blocks_free(); #CYD_E_RANGE if it is more than was asked for when the block was allocated;
///   #CYD_E_NULL or #CYD_E_INVALID also for `data`.
///
/// \par Threads    Any; two that write the same bytes at once may mix them.
/// \par Processes  The one that owns the block.
/// \par Blocking   Never.
/// \par Crash      Some of the bytes may have been copied; the block is a dead process's.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_write(
    blocks: *mut cyd_blocks_t,
    block: u64,
    at: usize,
    data: *const c_void,
    len: usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(blocks)?.write(block, at, args::bytes(data, len)?) })
}

/// Copies bytes out of a block, whoever's it is.
///
/// What was copied is of the block that the number names, never of a later use of its memory. If its owner writes
/// meanwhile, old and new bytes may be mixed: that is between the two.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
/// \param at      From which byte of the block on.
/// \param to      Receives the bytes; NULL if `len` is 0. What it has after an error means nothing.
/// \param len     How many bytes.
///
/// \return #CYD_OK, or
///   - #CYD_E_NOT_FOUND  the number is stale, or became so on the way
///   - #CYD_E_STATE      the same, and the block was freed a moment ago
///   - #CYD_E_FOREIGN    the number is of other blocks, or none at all
///   - #CYD_E_RANGE      it is more than was asked for when the block was allocated
///   - #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE, #CYD_E_INVALID  `blocks` or `to` is NULL, closed, something else,
///     misaligned
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_read(
    blocks: *const cyd_blocks_t,
    block: u64,
    at: usize,
    to: *mut c_void,
    len: usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    boundary::call(|| unsafe { handle::get(blocks)?.read(block, at, args::bytes_mut(to, len)?) })
}

/// Tells how many bytes were asked for when a block was allocated, whoever's it is.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
/// \param out     Receives the number of bytes.
///
/// \return As cyd_blocks_read().
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_len(
    blocks: *const cyd_blocks_t,
    block: u64,
    out: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (blocks, out) = unsafe { (handle::get(blocks)?, args::out(out)?) };
        out.set(blocks.len_of(block)?);
        Ok(())
    })
}

/// Tells where a block of this process lies.
///
/// The address is good in this process until the block is freed or given away, or the process closes its last handle on the
/// yard, of the yard itself or of an object in it. Others who have the number may read there at any time.
///
/// \param blocks  Borrowed.
/// \param block   Its number.
/// \param data    Receives the address, aligned to 64.
/// \param room    Receives how many bytes there are, which may be more than was asked for; NULL if nobody wants to know.
///
/// \return As cyd_blocks_free(); #CYD_E_NULL or #CYD_E_INVALID also for `data` and `room`.
///
/// \par Threads    Any.
/// \par Processes  The one that owns the block.
/// \par Blocking   Never.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_data(
    blocks: *mut cyd_blocks_t,
    block: u64,
    data: *mut *mut c_void,
    room: *mut usize,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (blocks, data, room) =
            unsafe { (handle::get(blocks)?, args::out(data)?, args::out_or_null(room)?) };
        let (at, len) = blocks.data(block)?;
        data.set(at.cast());
        if let Some(room) = room {
            room.set(len);
        }
        Ok(())
    })
}

/// Tells how many blocks this process owns or offers; several that were taken for one request count once. A fork()
/// child does not own its parent's.
///
/// \param blocks  Borrowed.
/// \param out     Receives the number.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never; looks at every block.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_owned(blocks: *const cyd_blocks_t, out: *mut u32) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (blocks, out) = unsafe { (handle::get(blocks)?, args::out(out)?) };
        out.set(blocks.owned());
        Ok(())
    })
}

/// Tells the longest request there can be room for: all blocks of the largest class, side by side.
///
/// \param blocks  Borrowed.
/// \param out     Receives the number of bytes.
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
pub unsafe extern "C" fn cyd_blocks_max_len(blocks: *const cyd_blocks_t, out: *mut usize) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: each is NULL or as the header asks of the caller.
        let (blocks, out) = unsafe { (handle::get(blocks)?, args::out(out)?) };
        out.set(blocks.max_len());
        Ok(())
    })
}

/// Tells how each class stands: a fact at some instant, the smallest class first.
///
/// \param blocks  Borrowed.
/// \param list    Receives the first `room` of them; NULL if `room` is 0.
/// \param room    How many `list` has room for.
/// \param out     Receives how many there are, which may be more.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
///   `room`).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never; looks at every block.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_usage(
    blocks: *const cyd_blocks_t,
    list: *mut cyd_block_use_t,
    room: usize,
    out: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { listed(blocks, list, room, out, Blocks::usage) }
}

/// Tells who owns or offers blocks: a fact at some instant, in no order. The dead are not told.
///
/// \param blocks  Borrowed.
/// \param list    Receives the first `room` of them; NULL if `room` is 0.
/// \param room    How many `list` has room for.
/// \param out     Receives how many there are, which may be more.
///
/// \return #CYD_OK, #CYD_E_NULL, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer, or an impossible
///   `room`).
///
/// \par Threads    Any.
/// \par Processes  Any.
/// \par Blocking   Never waits; looks at every block, and costs system calls.
/// \par Crash      Nothing is changed.
/// \par Since      0.1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_owners(
    blocks: *const cyd_blocks_t,
    list: *mut cyd_block_owner_t,
    room: usize,
    out: *mut usize,
) -> cyd_status_t {
    // SAFETY: each is NULL or as the header asks of the caller.
    unsafe { listed(blocks, list, room, out, Blocks::owners) }
}

/// Fills a list as far as it has room.
///
/// # Safety
/// Each pointer is NULL or as the header asks of the caller.
unsafe fn listed<T, C: From<T>>(
    blocks: *const cyd_blocks_t,
    list: *mut C,
    room: usize,
    out: *mut usize,
    all: fn(&Blocks) -> Vec<T>,
) -> cyd_status_t {
    boundary::call(|| {
        // SAFETY: the caller's promise.
        let (blocks, list, out) =
            unsafe { (handle::get(blocks)?, args::items_mut(list, room)?, args::out(out)?) };
        let all = all(blocks);
        out.set(all.len());
        list.iter_mut().zip(all).for_each(|(to, one)| *to = one.into());
        Ok(())
    })
}

/// Closes a handle on blocks. NULL is harmless.
///
/// What the process owns stays owned, unless this was its last handle on the yard: see cyd_yard_close().
///
/// \param blocks  Not to be used afterwards.
///
/// \return #CYD_OK, #CYD_E_CLOSED, #CYD_E_TYPE or #CYD_E_INVALID (a misaligned pointer).
///
/// \par Threads    No other call may be using the handle, but one that waits: it ends with #CYD_E_CLOSED.
/// \par Processes  Closes this process's handle only.
/// \par Blocking   Until those have left who waited through it, at most 250 ms. Not async-signal-safe.
/// \par Crash      As cyd_yard_close().
/// \par Since      0.1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cyd_blocks_close(blocks: *mut cyd_blocks_t) -> cyd_status_t {
    // SAFETY: NULL or a handle that nobody uses meanwhile, by the caller's promise.
    boundary::call(|| unsafe { handle::close_unless_null(blocks) })
}
