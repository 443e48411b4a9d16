//! What does it cost to read and to store a whole struct?
//!
//! The floor of reading is a copy of as many bytes; that of storing such a copy and an uncontended lock.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use bytemuck::Pod;
use courtyard::{Lock, Options, Scope, Struct, Timeout, Yard};
use std::ffi::{CStr, CString, c_char, c_void};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{Variant, compare, describe, pin, variant};

/// Copies as a caller that knows the size does.
fn copied<T: Pod>(from: &T, n: u64) {
    for _ in 0..n {
        let mut to = T::zeroed();
        // SAFETY: both are of this type.
        unsafe { std::ptr::copy_nonoverlapping(black_box(from), &raw mut to, 1) };
        black_box(&to);
    }
}

type Get = unsafe extern "C" fn(*const c_void, *mut c_void, usize) -> i32;
type Set = unsafe extern "C" fn(*mut c_void, *const c_void, usize, i64) -> i32;
type CreateYard = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> i32;
type CreateStruct = unsafe extern "C" fn(*mut c_void, *const c_char, usize, usize, *mut *mut c_void) -> i32;

/// The struct as a C program has it: through the shared library that lies beside this bench.
struct Library {
    it: *mut c_void,
    get: Get,
    set: Set,
}

fn library() -> Option<Library> {
    let here = std::env::current_exe().ok()?;
    let path = here.parent()?.join("libcourtyard.so");
    let path = CString::new(path.to_str()?).ok()?;
    // SAFETY: the names and signatures are those of courtyard.h; the library stays loaded.
    unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL);
        let symbol = |name: &CStr| libc::dlsym(library, name.as_ptr());
        if library.is_null() || symbol(c"cyd_struct_get").is_null() {
            return None;
        }
        let create_yard: CreateYard = std::mem::transmute(symbol(c"cyd_yard_create_anonymous"));
        let create: CreateStruct = std::mem::transmute(symbol(c"cyd_struct_create"));
        let get: Get = std::mem::transmute(symbol(c"cyd_struct_get"));
        let set: Set = std::mem::transmute(symbol(c"cyd_struct_set"));
        let (mut yard, mut it) = (std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(create_yard(std::ptr::null(), &raw mut yard), 0);
        assert_eq!(create(yard, c"it".as_ptr(), 64, 8, &raw mut it), 0);
        Some(Library { it, get, set })
    }
}

fn reading<const N: usize>(yard: &Yard, library: Option<&Library>)
where
    [u64; N]: Pod,
{
    let bytes = 8 * N;
    let it = Struct::<[u64; N]>::create(yard, &format!("reading-{bytes}")).unwrap();
    it.set([7; N], Timeout::Forever).unwrap();
    let private = [7u64; N];
    let mut variants: Vec<Variant<'_>> = vec![
        variant("copy of private memory", |n| copied(&private, n)),
        variant("Struct::get", |n| {
            for _ in 0..n {
                black_box(it.get().unwrap());
            }
        }),
    ];
    if let Some(Library { it, get, .. }) = library.filter(|_| bytes == 64) {
        variants.push(variant("cyd_struct_get through the .so", move |n| {
            let mut to = [0u64; 8];
            for _ in 0..n {
                // SAFETY: the handle is open, the place is of that size.
                assert_eq!(unsafe { get(*it, to.as_mut_ptr().cast(), 64) }, 0);
                black_box(&to);
            }
        }));
    }
    compare(&format!("{bytes} bytes read"), 20_000_000 / (N as u64 + 8), variants);
}

fn storing<const N: usize>(yard: &Yard, library: Option<&Library>)
where
    [u64; N]: Pod,
{
    let bytes = 8 * N;
    let it = Struct::<[u64; N]>::create(yard, &format!("storing-{bytes}")).unwrap();
    let lock = Lock::create(yard, &format!("lock-{bytes}"), Scope::Thread).unwrap();
    let private = [7u64; N];
    let mut variants: Vec<Variant<'_>> = vec![
        variant("copy of private memory with a Lock", |n| {
            for _ in 0..n {
                lock.acquire_unguarded(Timeout::Forever).unwrap();
                copied(&private, 1);
                lock.release().unwrap();
            }
        }),
        variant("Struct::set", |n| {
            for _ in 0..n {
                it.set(black_box(private), Timeout::Forever).unwrap();
            }
        }),
        variant("Struct::update", |n| {
            for _ in 0..n {
                it.update(Timeout::Forever, |value| value[0] += 1).unwrap();
            }
        }),
    ];
    if let Some(Library { it, set, .. }) = library.filter(|_| bytes == 64) {
        variants.push(variant("cyd_struct_set through the .so", move |n| {
            for _ in 0..n {
                // SAFETY: the handle is open, the value is of that size.
                assert_eq!(unsafe { set(*it, (&raw const private).cast(), 64, -1) }, 0);
            }
        }));
    }
    compare(&format!("{bytes} bytes stored"), 10_000_000 / (N as u64 + 8), variants);
}

/// Readers on one CPU, a writer that never stops on the other.
fn beside_a_writer(yard: &Yard) {
    let it = Struct::<[u64; 8]>::create(yard, "beside").unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            while !stop.load(Ordering::Relaxed) {
                it.update(Timeout::Forever, |value| value.iter_mut().for_each(|n| *n += 1)).unwrap();
            }
        });
        let private = [7u64; 8];
        let variants = vec![
            variant("copy of private memory", |n| copied(&private, n)),
            variant("Struct::get", |n| {
                for _ in 0..n {
                    let value = it.get().unwrap();
                    assert_eq!(value[0], value[7]);
                }
            }),
        ];
        compare("64 bytes read while another CPU stores all the time", 200_000, variants);
        stop.store(true, Ordering::Relaxed);
    });
}

fn main() {
    pin(0);
    describe("a struct: read and stored as a whole");
    let yard = Options::new().anonymous().unwrap();
    let library = library();
    if library.is_none() {
        println!("# libcourtyard.so is not beside this bench: SKIPPED");
    }
    reading::<1>(&yard, None);
    reading::<8>(&yard, library.as_ref());
    reading::<32>(&yard, None);
    reading::<512>(&yard, None);
    storing::<8>(&yard, library.as_ref());
    storing::<512>(&yard, None);
    beside_a_writer(&yard);
}
