//! A process's place in a yard, in shared memory.
#![allow(unsafe_code)] // `Shared`

use crate::presence::leaving::Leaving;
use crate::presence::place::PlaceWord;
use crate::segment::geometry::{ENTRY_BYTES, SLOT_BYTES};
use crate::segment::region::Shared;
use crate::shim::{AtomicU32, AtomicU64, Ordering, words};
use static_assertions::const_assert_eq;
use std::mem::offset_of;

/// The first lockable byte that stands for an entry; byte 0 says "in use", byte 1 "the name is being removed".
const FIRST_BYTE: u64 = 2;

/// A process entry. The facts are for people, and for who would send a signal to the holder; only `place` decides who lives.
#[repr(C)]
pub(crate) struct Entry {
    pub(crate) place: PlaceWord,
    pid: AtomicU32,
    namespace: AtomicU32,
    start_time: AtomicU64,
    name: [AtomicU64; 4],
    since: AtomicU64,
    pub(crate) left_at: Leaving,
    pad: [AtomicU64; 7],
}

const_assert_eq!(offset_of!(Entry, place), 0);
const_assert_eq!(offset_of!(Entry, pid), 8);
const_assert_eq!(offset_of!(Entry, namespace), 12);
const_assert_eq!(offset_of!(Entry, start_time), 16);
const_assert_eq!(offset_of!(Entry, name), 24);
const_assert_eq!(offset_of!(Entry, since), 56);
const_assert_eq!(offset_of!(Entry, left_at), 64);
const_assert_eq!(size_of::<Entry>() as u64, ENTRY_BYTES);
words!("process entry", Entry { place, pid, namespace, start_time, name, since, left_at, pad });

// SAFETY: repr(C), atomics only, zeros are a free entry.
unsafe impl Shared for Entry {}

impl Entry {
    /// The byte whose lock says that the holder of entry `index` lives.
    pub(crate) fn byte(index: u32) -> u64 {
        FIRST_BYTE + u64::from(index)
    }

    /// Writes down who the new holder is.
    pub(crate) fn describe(&self, pid: u32, start_time: u64, name: &str, since: u64) {
        // Relaxed: facts for people, each a word of its own.
        self.pid.store(pid, Ordering::Relaxed);
        self.start_time.store(start_time, Ordering::Relaxed);
        self.since.store(since, Ordering::Relaxed);
        let mut bytes = [0u8; 32];
        let len = name.len().min(31);
        bytes[..len].copy_from_slice(&name.as_bytes()[..len]);
        for (word, chunk) in self.name.iter().zip(bytes.chunks_exact(8)) {
            let mut value = [0; 8];
            value.copy_from_slice(chunk);
            word.store(u64::from_ne_bytes(value), Ordering::Relaxed);
        }
    }

    /// Writes down in which PID namespace the new holder has its number.
    pub(crate) fn number_in(&self, namespace: u32) {
        self.namespace.store(namespace, Ordering::Relaxed); // Relaxed: as in `describe`
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Relaxed) // Relaxed: a fact for people
    }

    /// The PID namespace in which the holder's number means it; 0 if nobody knows.
    pub(crate) fn namespace(&self) -> u32 {
        self.namespace.load(Ordering::Relaxed) // Relaxed: a fact
    }

    /// When the holder started, in clock ticks since boot; 0 if nobody knows.
    pub(crate) fn start_time(&self) -> u64 {
        self.start_time.load(Ordering::Relaxed) // Relaxed: a fact
    }

    /// When the holder came, in nanoseconds since 1970.
    pub(crate) fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed) // Relaxed: a fact for people
    }

    /// The name of the holder's program, as far as it is one.
    pub(crate) fn name(&self) -> String {
        let bytes: Vec<u8> =
            self.name.iter().flat_map(|word| word.load(Ordering::Relaxed).to_ne_bytes()).collect();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }
}

/// A thread slot.
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) place: PlaceWord,
    /// Where in the slot's page the alive word lies; depends on the C library of the thread.
    pub(crate) alive_offset: AtomicU32,
    tid: AtomicU32,
    pid: AtomicU32,
    namespace: AtomicU32,
    pad: [AtomicU64; 5],
}

const_assert_eq!(offset_of!(Slot, place), 0);
const_assert_eq!(offset_of!(Slot, alive_offset), 8);
const_assert_eq!(offset_of!(Slot, tid), 12);
const_assert_eq!(offset_of!(Slot, pid), 16);
const_assert_eq!(offset_of!(Slot, namespace), 20);
const_assert_eq!(size_of::<Slot>() as u64, SLOT_BYTES);
words!("thread slot", Slot { place, alive_offset, tid, pid, namespace, pad });

// SAFETY: repr(C), atomics only, zeros are a free slot.
unsafe impl Shared for Slot {}

impl Slot {
    /// Writes down who the new holder is.
    pub(crate) fn describe(&self, pid: u32, tid: u32, namespace: u32) {
        // Relaxed: facts for people, each a word of its own.
        self.namespace.store(namespace, Ordering::Relaxed);
        self.pid.store(pid, Ordering::Relaxed);
        self.tid.store(tid, Ordering::Relaxed);
    }

    /// The PID namespace in which the last holder's numbers mean it; 0 if nobody knows.
    pub(crate) fn namespace(&self) -> u32 {
        self.namespace.load(Ordering::Relaxed) // Relaxed: a fact
    }

    /// Process and thread of the last holder. Kept when he goes, so that it can be told who went.
    pub(crate) fn person(&self) -> (u32, u32) {
        (self.pid.load(Ordering::Relaxed), self.tid.load(Ordering::Relaxed)) // Relaxed: facts for people
    }
}
