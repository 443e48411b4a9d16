//! The calling thread's robust list: the kernel walks it when the thread dies, of whatever cause, and marks every
//! futex word in it that holds the thread's TID (get_robust_list(2); Linux Documentation/locking/robust-futexes).
//!
//! The list belongs to the C library; we add one node to it and never replace it. Where the word lies relative to
//! the node is the C library's choice (`futex_offset`), so it is read from the list's head and honoured:
//!
//! | library | word − node.next | back pointer names | page offset of the word |
//! |---|---|---|---|
//! | glibc | −32 | the previous node's `prev` field | page − 16 |
//! | musl | −28 | the previous node's `next` field | page − 20 |
//!
//! All stores are volatile and in program order: the kernel is the observer, on this CPU.

use crate::error::{Error, ErrorKind, Result};
use crate::os::{errno, error};
use crate::shim::{Ordering, compiler_fence};

/// The kernel's `struct robust_list_head`.
#[repr(C)]
pub(crate) struct Head {
    list: usize,
    futex_offset: isize,
    list_op_pending: usize,
}

const GLIBC_OFFSET: isize = -32;
const MUSL_OFFSET: isize = -28;

/// A thread's robust list and how its nodes are laid out.
#[derive(Clone, Copy)]
pub(crate) struct List {
    head: *mut Head,
    offset: isize,
}

impl List {
    /// The calling thread's list. A thread made by raw clone(2) has none: `Unsupported`.
    pub(crate) fn mine() -> Result<List> {
        let list = List::raw()?;
        if !list.head.is_null() {
            return Ok(list);
        }
        wake_lazy_libc();
        let list = List::raw()?;
        if list.head.is_null() {
            return Err(Error::with(ErrorKind::Unsupported, "this thread has no robust list"));
        }
        Ok(list)
    }

    fn raw() -> Result<List> {
        let mut head: *mut Head = std::ptr::null_mut();
        let mut len: usize = 0;
        // SAFETY: both out-pointers are valid; pid 0 is the calling thread.
        let rc = unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut len) };
        if rc < 0 {
            return Err(error("get_robust_list", errno()));
        }
        if head.is_null() {
            return Ok(List { head, offset: 0 });
        }
        // SAFETY: the C library registered this head for the running thread; it lives as long as the thread.
        let offset = unsafe { (&raw const (*head).futex_offset).read_volatile() };
        if len != size_of::<Head>() || (offset != GLIBC_OFFSET && offset != MUSL_OFFSET) {
            return Err(Error::with(
                ErrorKind::Unsupported,
                format!("robust list with futex offset {offset}"),
            ));
        }
        Ok(List { head, offset })
    }

    /// Where the word must lie in its page so that the node falls into the page behind it.
    pub(crate) fn word_offset(self, page: usize) -> usize {
        if self.offset == GLIBC_OFFSET { page - 16 } else { page - 20 }
    }

    fn node(self, word: *mut u32) -> usize {
        (word as usize).wrapping_add_signed(-self.offset)
    }

    /// What a back pointer to the node (or head) whose `next` field lies at `next` must hold.
    fn back(self, next: usize) -> usize {
        if self.offset == GLIBC_OFFSET { next - size_of::<usize>() } else { next }
    }

    /// Fills what the C library itself expects around the word: musl looks at a type word before it.
    ///
    /// # Safety
    /// As [`List::announce`].
    pub(crate) unsafe fn prepare(self, word: *mut u32) {
        if self.offset == MUSL_OFFSET {
            const ROBUST_SHARED: u32 = 0x84;
            // SAFETY: the word lies 20 bytes before the page's end, so its neighbour is in the page too.
            unsafe { word.sub(1).write_volatile(ROBUST_SHARED) };
        }
    }

    /// Announces that `word` is about to be linked or unlinked: until [`List::settle`], the kernel looks at it too.
    ///
    /// # Safety
    /// `word` lies in a page pair of the calling thread ([`crate::os::map::Pair`]) and its slot is ours.
    pub(crate) unsafe fn announce(self, word: *mut u32) {
        // SAFETY: the head is the running thread's own.
        unsafe { (&raw mut (*self.head).list_op_pending).write_volatile(self.node(word)) };
        compiler_fence(Ordering::SeqCst);
    }

    /// Ends what [`List::announce`] began.
    pub(crate) fn settle(self) {
        compiler_fence(Ordering::SeqCst);
        // SAFETY: the head is the running thread's own.
        unsafe { (&raw mut (*self.head).list_op_pending).write_volatile(0) };
    }

    /// Puts the node of `word` at the front of the list.
    ///
    /// # Safety
    /// As [`List::announce`], and the node is not in the list.
    pub(crate) unsafe fn link(self, word: *mut u32) {
        let node = self.node(word);
        let head = self.head as usize;
        // SAFETY: the node's two words lie in the private page of the pair; the first node's back pointer, or the
        // head's own (glibc keeps one just before the head), lies in memory of this thread's C library. No other
        // thread touches the list, and no peer can: every node lies in private memory.
        unsafe {
            let first = (&raw const (*self.head).list).read_volatile();
            (node as *mut usize).write_volatile(first);
            ((node - size_of::<usize>()) as *mut usize).write_volatile(self.back(head));
            let next = first & !1;
            if next != head || self.offset == GLIBC_OFFSET {
                ((next - size_of::<usize>()) as *mut usize).write_volatile(self.back(node));
            }
            compiler_fence(Ordering::SeqCst);
            (&raw mut (*self.head).list).write_volatile(node);
        }
    }

    /// Takes the node of `word` out of the list, if it is in it. Tells whether it was.
    ///
    /// # Safety
    /// As [`List::announce`].
    pub(crate) unsafe fn unlink(self, word: *mut u32) -> bool {
        let node = self.node(word);
        let head = self.head as usize;
        // SAFETY: as in `link`. The list is walked instead of trusting the node's back pointer, because a fork
        // child's C library may have emptied the list without telling us.
        unsafe {
            let mut at = head;
            for _ in 0..LIST_MAX {
                let next = (at as *const usize).read_volatile() & !1;
                if next == node {
                    let after = (node as *const usize).read_volatile();
                    let behind = after & !1;
                    if behind != head || self.offset == GLIBC_OFFSET {
                        let back = ((node - size_of::<usize>()) as *const usize).read_volatile();
                        ((behind - size_of::<usize>()) as *mut usize).write_volatile(back);
                    }
                    compiler_fence(Ordering::SeqCst);
                    (at as *mut usize).write_volatile(after);
                    return true;
                }
                if next == head || next == 0 {
                    return false;
                }
                at = next;
            }
        }
        false
    }
}

/// The kernel itself looks at no more (ROBUST_LIST_LIMIT).
const LIST_MAX: usize = 2048;

/// musl registers its list at the first use of a robust mutex: use one.
fn wake_lazy_libc() {
    // SAFETY: attribute and mutex are locals, initialised by the calls before they are used, destroyed after.
    unsafe {
        let mut attr: libc::pthread_mutexattr_t = std::mem::zeroed();
        let mut mutex: libc::pthread_mutex_t = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attr);
        libc::pthread_mutexattr_setrobust(&raw mut attr, libc::PTHREAD_MUTEX_ROBUST);
        libc::pthread_mutexattr_setpshared(&raw mut attr, libc::PTHREAD_PROCESS_SHARED);
        libc::pthread_mutex_init(&raw mut mutex, &raw const attr);
        if libc::pthread_mutex_lock(&raw mut mutex) == 0 {
            libc::pthread_mutex_unlock(&raw mut mutex);
        }
        libc::pthread_mutex_destroy(&raw mut mutex);
        libc::pthread_mutexattr_destroy(&raw mut attr);
    }
}
