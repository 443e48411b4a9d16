//! What does a lock of readers and writers cost, taken to read and taken to write?
//!
//! The rival is the C library's lock of readers and writers, process-shared. It knows nothing of deaths.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with a rival from C

mod support;

use courtyard::{Options, RwLock, RwLockOptions, Timeout};
use support::library::{Handle, Library};
use support::{Variant, compare, describe, pin, variant};

#[derive(Clone, Copy)]
struct Theirs(*mut libc::pthread_rwlock_t);

// SAFETY: a process-shared lock in shared memory.
unsafe impl Sync for Theirs {}

impl Theirs {
    /// A lock in shared memory that is never given back.
    fn new() -> Theirs {
        let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: the kernel chooses the place; the attribute is a local, the lock lies in fresh shared memory.
        unsafe {
            let page = libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0);
            assert_ne!(page, libc::MAP_FAILED);
            let mut attr: libc::pthread_rwlockattr_t = std::mem::zeroed();
            libc::pthread_rwlockattr_init(&raw mut attr);
            libc::pthread_rwlockattr_setpshared(&raw mut attr, libc::PTHREAD_PROCESS_SHARED);
            assert_eq!(libc::pthread_rwlock_init(page.cast(), &raw const attr), 0);
            Theirs(page.cast())
        }
    }

    fn read(&self) {
        // SAFETY: an initialised lock that is never unmapped.
        unsafe {
            libc::pthread_rwlock_rdlock(self.0);
            libc::pthread_rwlock_unlock(self.0);
        }
    }

    fn write(&self) {
        // SAFETY: as above.
        unsafe {
            libc::pthread_rwlock_wrlock(self.0);
            libc::pthread_rwlock_unlock(self.0);
        }
    }
}

fn ours_read(lock: &RwLock) {
    lock.read_unguarded(Timeout::Forever).unwrap();
    lock.release().unwrap();
}

fn ours_write(lock: &RwLock) {
    lock.write_unguarded(Timeout::Forever).unwrap();
    lock.release().unwrap();
}

type Take = unsafe extern "C" fn(Handle, i64) -> i32;
type Release = unsafe extern "C" fn(Handle) -> i32;

/// The lock as a C program has it.
fn through_the_library(library: Library) -> Variant<'static> {
    // SAFETY: the names and types are those of courtyard.h.
    let (lock, read, release): (_, Take, Release) = unsafe {
        let lock = library.object(c"cyd_rwlock_create", std::ptr::null::<std::ffi::c_void>());
        (lock, library.function(c"cyd_rwlock_read"), library.function(c"cyd_rwlock_release"))
    };
    variant("cyd_rwlock, through the .so", move |n| {
        for _ in 0..n {
            // SAFETY: an open lock.
            unsafe {
                assert_eq!(read(lock, -1), 0);
                assert_eq!(release(lock), 0);
            }
        }
    })
}

/// Two threads on two CPUs do it at the same time.
fn two(n: u64, turn: impl Fn() + Sync) {
    std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            (0..n / 2).for_each(|_| turn());
        });
        (0..n / 2).for_each(|_| turn());
    });
}

fn main() {
    pin(0);
    describe("a lock of readers and writers: taken and released");
    let yard = Options::new().anonymous().unwrap();
    let lock = RwLock::create(&yard, "rwlock", RwLockOptions::default()).unwrap();
    let small = RwLock::create(&yard, "small", RwLockOptions { readers: Some(8) }).unwrap();
    let theirs = Theirs::new();
    let mut variants = vec![
        variant("pthread rwlock, process-shared", |n| (0..n).for_each(|_| theirs.read())),
        variant("RwLock", |n| (0..n).for_each(|_| ours_read(&lock))),
        variant("RwLock, with a guard", |n| {
            (0..n).for_each(|_| drop(std::hint::black_box(lock.read(Timeout::Forever).unwrap())));
        }),
    ];
    variants.extend(Library::beside().map(through_the_library));
    compare("to read, by one thread", 2_000_000, variants);
    compare(
        "to write, by one thread",
        1_000_000,
        vec![
            variant("pthread rwlock, process-shared", |n| (0..n).for_each(|_| theirs.write())),
            variant("RwLock, for 8 readers", |n| (0..n).for_each(|_| ours_write(&small))),
            variant("RwLock, for as many readers as slots", |n| {
                (0..n).for_each(|_| ours_write(&lock));
            }),
        ],
    );
    compare(
        "to read, by two threads on two CPUs",
        400_000,
        vec![
            variant("pthread rwlock, process-shared", |n| two(n, || theirs.read())),
            variant("RwLock", |n| two(n, || ours_read(&lock))),
        ],
    );
}
