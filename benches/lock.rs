//! What does a lock cost, uncontended and fought for?
//!
//! The floor is what any lock must do: one compare-and-swap and one swap on a shared word. Fought for, the rivals are
//! the C library's process-shared mutexes.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{Lock, Options, Scope, Timeout};
use std::ffi::{CStr, CString, c_char, c_void};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use support::{Variant, compare, describe, pin, variant};

/// Zeroed shared memory that is never given back.
fn shared<T>() -> *mut T {
    // SAFETY: the kernel chooses the place.
    let p = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(p, libc::MAP_FAILED);
    p.cast()
}

fn bare(word: &AtomicU32, n: u64) {
    for _ in 0..n {
        let taken = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
        black_box(taken.is_ok());
        black_box(word.swap(0, Ordering::Release));
    }
}

fn mutex(robust: bool) -> *mut libc::pthread_mutex_t {
    let mutex = shared();
    // SAFETY: the attribute is a local, the mutex lies in fresh shared memory.
    unsafe {
        let mut attr: libc::pthread_mutexattr_t = std::mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attr);
        libc::pthread_mutexattr_setpshared(&raw mut attr, libc::PTHREAD_PROCESS_SHARED);
        if robust {
            libc::pthread_mutexattr_setrobust(&raw mut attr, libc::PTHREAD_MUTEX_ROBUST);
        }
        assert_eq!(libc::pthread_mutex_init(mutex, &raw const attr), 0);
    }
    mutex
}

type Acquire = unsafe extern "C" fn(*mut c_void, i64) -> i32;
type Release = unsafe extern "C" fn(*mut c_void) -> i32;
type CreateYard = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> i32;
type CreateLock = unsafe extern "C" fn(*mut c_void, *const c_char, u32, *mut *mut c_void) -> i32;

/// The lock as a C program has it: through the shared library that lies beside this bench.
fn through_the_library() -> Option<Variant<'static>> {
    let here = std::env::current_exe().ok()?;
    let path = here.parent()?.join("libcourtyard.so");
    let path = CString::new(path.to_str()?).ok()?;
    // SAFETY: the names and signatures are those of courtyard.h; the library stays loaded.
    unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        if library.is_null() {
            return None;
        }
        let symbol = |name: &CStr| libc::dlsym(library, name.as_ptr());
        let create_yard: CreateYard = std::mem::transmute(symbol(c"cyd_yard_create_anonymous"));
        let create_lock: CreateLock = std::mem::transmute(symbol(c"cyd_lock_create"));
        let acquire: Acquire = std::mem::transmute(symbol(c"cyd_lock_acquire"));
        let release: Release = std::mem::transmute(symbol(c"cyd_lock_release"));
        let (mut yard, mut lock) = (std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(create_yard(std::ptr::null(), &raw mut yard), 0);
        assert_eq!(create_lock(yard, c"lock".as_ptr(), 0, &raw mut lock), 0);
        Some(variant("cyd_lock, scope thread, through the .so", move |n| {
            for _ in 0..n {
                assert_eq!(acquire(lock, -1), 0);
                assert_eq!(release(lock), 0);
            }
        }))
    }
}

fn main() {
    pin(0);
    describe("an uncontended lock: taken and released");
    let yard = Options::new().anonymous().unwrap();
    let lock = |name, scope| Lock::create(&yard, name, scope).unwrap();
    let (thread, process, anyone) =
        (lock("t", Scope::Thread), lock("p", Scope::Process), lock("a", Scope::Anyone));
    // SAFETY: fresh shared memory, zeroed, aligned to a page.
    let word: &AtomicU32 = unsafe { &*shared() };
    let mutex = mutex(true);
    let pair = |lock: Lock| {
        move |n| {
            for _ in 0..n {
                lock.acquire_unguarded(Timeout::Forever).unwrap();
                lock.release().unwrap();
            }
        }
    };
    let guarded = thread.clone();
    let mut variants = vec![
        variant("bare compare-and-swap and swap", |n| bare(word, n)),
        variant("Lock, scope thread", pair(thread)),
        variant("Lock, scope thread, with a guard", |n| {
            for _ in 0..n {
                drop(black_box(guarded.acquire(Timeout::Forever).unwrap()));
            }
        }),
        variant("Lock, scope process", pair(process)),
        variant("Lock, scope anyone", pair(anyone)),
        variant("pthread mutex, robust, process-shared", |n| {
            for _ in 0..n {
                // SAFETY: initialised above.
                unsafe {
                    libc::pthread_mutex_lock(mutex);
                    libc::pthread_mutex_unlock(mutex);
                }
            }
        }),
    ];
    match through_the_library() {
        Some(variant) => variants.push(variant),
        None => println!("# libcourtyard.so is not beside this bench: SKIPPED"),
    }
    compare("taken and released by one thread", 2_000_000, variants);
    fought_for();
}

/// Two threads on two CPUs share a count and a line of data that each turn of the lock changes.
fn two(n: u64, turn: impl Fn(&dyn Fn()) + Sync) {
    let count = AtomicU64::new(0);
    let work = || {
        for _ in 0..n / 2 {
            turn(&|| count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed));
        }
    };
    std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            work();
        });
        work();
    });
    assert_eq!(count.into_inner(), n / 2 * 2);
}

#[derive(Clone, Copy)]
struct Mutex(*mut libc::pthread_mutex_t);

// SAFETY: a process-shared mutex in shared memory.
unsafe impl Sync for Mutex {}

impl Mutex {
    fn turn(&self, work: &dyn Fn()) {
        // SAFETY: initialised when it was made, and never unmapped.
        unsafe {
            libc::pthread_mutex_lock(self.0);
            work();
            libc::pthread_mutex_unlock(self.0);
        }
    }
}

fn fought_for() {
    let yard = Options::new().anonymous().unwrap();
    let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
    let (plain, robust) = (Mutex(mutex(false)), Mutex(mutex(true)));
    compare(
        "fought for by two threads on two CPUs",
        200_000,
        vec![
            variant("pthread mutex, process-shared", |n| two(n, |work| plain.turn(work))),
            variant("pthread mutex, robust, process-shared", |n| two(n, |work| robust.turn(work))),
            variant("Lock, scope thread", |n| {
                two(n, |work| {
                    lock.acquire_unguarded(Timeout::Forever).unwrap();
                    work();
                    lock.release().unwrap();
                });
            }),
        ],
    );
}
