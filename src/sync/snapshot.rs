//! Plain data in two copies: writers change the one that nobody reads, readers never wait for them.
//!
//! `version` counts the writes; copy `version & 1` is the value. A writer, alone by the lock, writes the other copy and
//! then the new version: that store is the commit, and whatever a dead writer has left before it is scratch. A reader
//! loads the version, copies the copy it names, and loads the version again: if it has not moved on, no writer was at
//! this copy meanwhile. If it has, the reader tries again, and after some attempts takes the lock and reads alone.
//!
//! The bytes of the copies are words of 8, read and written one by one, so that nothing of them is a data race.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | version | `publish`: version.store | `try_read`: the first load of the version | the words of the copy, and whatever its writer did before | `what_was_written_before_a_set_is_seen_after_a_get` |
//! | reuse | `draft`: fence before the first word of a copy | `try_read`: fence after the last | that the version has moved on since the copy was the value | `a_read_is_never_torn_while_two_writes_go_by` |

use crate::error::ErrorKind;
use crate::shim::{AtomicU32, AtomicU64, Ordering, fence, pause, words};
use crate::sync::lock::LockWord;

/// How often a reader tries before it takes the lock.
const ATTEMPTS: u32 = if cfg!(loom) { 2 } else { 64 };

/// The control words of a value in two copies. All zeros: the value of version 0 is copy 0.
#[repr(C)]
pub(crate) struct Head {
    /// The lock of the writers.
    pub(crate) lock: LockWord,
    reserved: AtomicU32,
    version: AtomicU64,
}
words!("head of a struct", Head { lock, reserved, version });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only, zeros are version 0 and a free lock.
unsafe impl crate::segment::region::Shared for Head {}

#[cfg(not(loom))]
const _: () = {
    assert!(std::mem::offset_of!(Head, lock) == 0);
    assert!(std::mem::offset_of!(Head, version) == 8);
    assert!(size_of::<Head>() == 16);
};

impl Head {
    #[cfg(all(test, loom))]
    pub(crate) fn new() -> Head {
        Head { lock: LockWord::new(), reserved: AtomicU32::new(0), version: AtomicU64::new(0) }
    }
}

/// A value in two copies, as its moves see it.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot<'a> {
    head: &'a Head,
    copies: [&'a [AtomicU64]; 2],
}

impl<'a> Snapshot<'a> {
    /// Both copies are of the same length.
    #[inline(always)]
    pub(crate) fn new(head: &'a Head, copies: [&'a [AtomicU64]; 2]) -> Snapshot<'a> {
        Snapshot { head, copies }
    }

    /// The lock of the writers.
    #[inline(always)]
    pub(crate) fn lock(&self) -> &'a LockWord {
        &self.head.lock
    }

    /// How often the value was written: a fact at some instant. Who reads afterwards sees this write or a later one.
    #[inline(always)]
    pub(crate) fn version(&self) -> u64 {
        self.head.version.load(Ordering::Relaxed) // Relaxed: it is the same word that a read begins with
    }

    #[inline(always)]
    fn copy(&self, version: u64) -> &'a [AtomicU64] {
        self.copies[(version & 1) as usize]
    }

    /// Reads the value without the lock. Says no if writers have come in between again and again.
    #[inline(always)]
    pub(crate) fn read(&self, to: &mut [u8]) -> bool {
        self.try_read(to) || self.read_again(to)
    }

    #[cold]
    fn read_again(&self, to: &mut [u8]) -> bool {
        (1..ATTEMPTS).any(|_| {
            pause();
            self.try_read(to)
        })
    }

    /// One attempt. What it leaves in `to` after a no is no value.
    #[inline(always)]
    pub(crate) fn try_read(&self, to: &mut [u8]) -> bool {
        let version = self.head.version.load(Ordering::Acquire); // edge: version
        copy_out(self.copy(version), to);
        fence(Ordering::Acquire); // edge: reuse
        // Relaxed: the fence orders it behind the words.
        self.head.version.load(Ordering::Relaxed) == version
    }

    /// Reads the value with the lock held: nobody writes. If somebody does all the same, he keeps no rules.
    pub(crate) fn read_alone(&self, to: &mut [u8]) -> Result<(), ErrorKind> {
        if self.try_read(to) { Ok(()) } else { Err(ErrorKind::Corrupt) }
    }

    /// Writes the value, with the lock held.
    #[inline]
    pub(crate) fn write_alone(&self, from: &[u8]) {
        let draft = self.draft();
        draft.fill(from);
        draft.publish();
    }

    /// Begins a write, with the lock held.
    #[inline(always)]
    pub(crate) fn draft(self) -> Draft<'a> {
        // Relaxed: only holders of the lock write it, one after the other.
        let version = self.head.version.load(Ordering::Relaxed).wrapping_add(1);
        fence(Ordering::Release); // edge: reuse
        Draft { snapshot: self, version }
    }
}

/// A write that nobody can see yet.
pub(crate) struct Draft<'a> {
    snapshot: Snapshot<'a>,
    version: u64,
}

impl Draft<'_> {
    /// Writes to the copy that nobody reads.
    #[inline(always)]
    pub(crate) fn fill(&self, from: &[u8]) {
        copy_in(self.snapshot.copy(self.version), from);
    }

    /// Makes the copy the value. This is the commit.
    #[inline(always)]
    pub(crate) fn publish(self) {
        self.snapshot.head.version.store(self.version, Ordering::Release); // edge: version
    }
}

/// Copies words until `to` is full. Relaxed throughout: whether they belong together, the version says.
#[inline(always)]
fn copy_out(words: &[AtomicU64], to: &mut [u8]) {
    let (whole, rest) = to.as_chunks_mut();
    let Some((words, others)) = words.split_at_checked(whole.len()) else { return };
    for (to, word) in whole.iter_mut().zip(words) {
        *to = word.load(Ordering::Relaxed).to_ne_bytes();
    }
    if let (false, Some(last)) = (rest.is_empty(), others.first()) {
        let bytes = last.load(Ordering::Relaxed).to_ne_bytes();
        rest.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
    }
}

/// Copies `from` into words; what is left of the last one becomes zero.
#[inline(always)]
fn copy_in(words: &[AtomicU64], from: &[u8]) {
    let (whole, rest) = from.as_chunks();
    let Some((words, others)) = words.split_at_checked(whole.len()) else { return };
    for (word, from) in words.iter().zip(whole) {
        word.store(u64::from_ne_bytes(*from), Ordering::Relaxed);
    }
    if let (false, Some(last)) = (rest.is_empty(), others.first()) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        last.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
    }
}
