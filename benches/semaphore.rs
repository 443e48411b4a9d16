//! What does an uncontended semaphore cost?
//!
//! The rival is the libc's own, process-shared: sem_wait and sem_post.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with a rival from C

mod support;

use courtyard::{Options, Semaphore, SemaphoreOptions, Timeout};
use std::ffi::{CStr, CString, c_char, c_void};
use support::{Variant, compare, describe, pin, variant};

/// A semaphore of the libc in shared memory, with one permit. It is never given back.
fn libc_semaphore() -> *mut libc::sem_t {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    // SAFETY: fresh memory, aligned to a page.
    assert_eq!(unsafe { libc::sem_init(page.cast(), 1, 1) }, 0);
    page.cast()
}

type Acquire = unsafe extern "C" fn(*mut c_void, i64) -> i32;
type Release = unsafe extern "C" fn(*mut c_void, u32) -> i32;
type CreateYard = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> i32;
type Create = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_void, *mut *mut c_void) -> i32;

/// The semaphore as a C program has it: through the shared library that lies beside this bench.
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
        let create: Create = std::mem::transmute(symbol(c"cyd_semaphore_create"));
        let acquire: Acquire = std::mem::transmute(symbol(c"cyd_semaphore_acquire"));
        let release: Release = std::mem::transmute(symbol(c"cyd_semaphore_release"));
        let (mut yard, mut semaphore) = (std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(create_yard(std::ptr::null(), &raw mut yard), 0);
        assert_eq!(create(yard, c"s".as_ptr(), std::ptr::null(), &raw mut semaphore), 0);
        assert_eq!(release(semaphore, 1), 0);
        Some(variant("cyd_semaphore, through the .so", move |n| {
            for _ in 0..n {
                assert_eq!(acquire(semaphore, -1), 0);
                assert_eq!(release(semaphore, 1), 0);
            }
        }))
    }
}

fn main() {
    pin(0);
    describe("an uncontended semaphore: a permit taken and released");
    let yard = Options::new().anonymous().unwrap();
    let make =
        |name, maximum| Semaphore::create(&yard, name, SemaphoreOptions { initial: 1, maximum }).unwrap();
    let (free, bounded) = (make("free", None), make("bounded", Some(1)));
    let pairs = |semaphore: Semaphore| {
        move |n| {
            for _ in 0..n {
                semaphore.acquire(Timeout::Forever).unwrap();
                semaphore.release(1).unwrap();
            }
        }
    };
    let theirs = libc_semaphore();
    let mut variants = vec![
        variant("sem_wait and sem_post, process-shared", move |n| {
            for _ in 0..n {
                // SAFETY: initialised, never unmapped.
                unsafe {
                    libc::sem_wait(theirs);
                    libc::sem_post(theirs);
                }
            }
        }),
        variant("Semaphore", pairs(free)),
        variant("Semaphore with a maximum", pairs(bounded)),
    ];
    match through_the_library() {
        Some(variant) => variants.push(variant),
        None => println!("# libcourtyard.so is not beside this bench: SKIPPED"),
    }
    compare("taken and released by one thread", 2_000_000, variants);
}
