//! What does an event cost: setting, looking, and handing the turn to another process and getting it back?
//!
//! The floors are a bare word: one `fetch_or` and one `fetch_and`, one load; and a futex word between two processes that
//! knows of no deaths. Whoever sets an event must know whether somebody sleeps, and is told whether it was set: the floor
//! asks what was there before. Not to ask is cheaper on x86-64 (an OR without a result instead of a compare-and-swap).
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{Event, EventOptions, Options, Timeout, Yard};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};
use support::library::{Handle, Library};
use support::{Variant, compare, describe, pin, variant};

const AUTO: EventOptions = EventOptions { initially_set: false, auto_reset: true };

/// A word in shared memory that is never given back.
fn word() -> &'static AtomicU32 {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place; zeros are an atomic word.
    unsafe {
        let page = libc::mmap(std::ptr::null_mut(), 4096, read_write, kind, -1, 0);
        assert_ne!(page, libc::MAP_FAILED);
        &*page.cast()
    }
}

fn futex(word: &AtomicU32, op: i32, value: u32) {
    // SAFETY: the word lives while the call looks at it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, std::ptr::null::<libc::timespec>()) };
}

/// Takes turns with a fork child on another CPU: `turn(mine)` waits until it is `mine`, and hands it over.
fn ping_pong(n: u64, turn: impl Fn(u32)) {
    // SAFETY: this program has one thread, so that the child may do what its parent may; it ends by _exit.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            pin(1);
            (0..n).for_each(|_| turn(1));
            libc::_exit(0);
        }
        (0..n).for_each(|_| turn(0));
        let mut status = -1;
        assert_eq!((libc::waitpid(child, &raw mut status, 0), status), (child, 0));
    }
}

type Verb = unsafe extern "C" fn(Handle) -> i32;
type Look = unsafe extern "C" fn(*const std::ffi::c_void, *mut bool) -> i32;

/// What the library does to an event of its own.
#[derive(Clone, Copy)]
struct InC {
    event: Handle,
    set: Verb,
    clear: Verb,
    is_set: Look,
}

impl InC {
    fn new(library: Library) -> InC {
        // SAFETY: the types are those of courtyard.h.
        unsafe {
            InC {
                event: library.object(c"cyd_event_create", 0_u32),
                set: library.function(c"cyd_event_set"),
                clear: library.function(c"cyd_event_clear"),
                is_set: library.function(c"cyd_event_is_set"),
            }
        }
    }

    #[inline(always)]
    fn set(&self) {
        // SAFETY: an open event, as the others below.
        assert_eq!(unsafe { (self.set)(self.event) }, 0);
    }

    #[inline(always)]
    fn clear(&self) {
        // SAFETY: as above.
        assert_eq!(unsafe { (self.clear)(self.event) }, 0);
    }

    #[inline(always)]
    fn is_set(&self) -> bool {
        let mut set = false;
        // SAFETY: as above.
        assert_eq!(unsafe { (self.is_set)(self.event.cast_const(), &raw mut set) }, 0);
        set
    }
}

/// The variants of a comparison, with the C one if there is a library.
fn with_c<'a>(
    mut rust: Vec<Variant<'a>>,
    in_c: Option<InC>,
    turn: impl Fn(&InC) + Copy + 'a,
) -> Vec<Variant<'a>> {
    let through = in_c.map(|c| variant("through the .so", move |n| (0..n).for_each(|_| turn(&c))));
    rust.extend(through);
    rust
}

fn setting(yard: &Yard, in_c: Option<InC>) {
    let (bare, event) = (word(), Event::create(yard, "kept", EventOptions::default()).unwrap());
    let pair = |n| {
        for _ in 0..n {
            black_box(bare.fetch_or(1, Ordering::Release));
            black_box(bare.fetch_and(!1, Ordering::Relaxed));
        }
    };
    let deaf = |n| {
        for _ in 0..n {
            bare.fetch_or(1, Ordering::Release);
            bare.fetch_and(!1, Ordering::Relaxed);
        }
    };
    let ours = |n| {
        for _ in 0..n {
            black_box(black_box(&event).set());
            black_box(black_box(&event).clear());
        }
    };
    let variants = vec![
        variant("bare fetch_or and fetch_and", pair),
        variant("the same, not asking what was there", deaf),
        variant("Event", ours),
    ];
    let turn = |c: &InC| {
        c.set();
        c.clear();
    };
    compare("set with nobody waiting, and cleared", 2_000_000, with_c(variants, in_c, turn));
}

fn looking(yard: &Yard, in_c: Option<InC>) {
    let options = EventOptions { initially_set: true, ..EventOptions::default() };
    let (bare, event) = (word(), Event::create(yard, "set", options).unwrap());
    bare.store(1, Ordering::Release);
    in_c.inspect(InC::set);
    let load = |n| {
        (0..n).for_each(|_| {
            black_box(black_box(bare).load(Ordering::Acquire) & 1 != 0);
        });
    };
    let set = |n| (0..n).for_each(|_| assert!(!black_box(&event).set()));
    let variants = vec![variant("bare load", load), variant("Event", set)];
    compare("set when it is set", 10_000_000, with_c(variants, in_c, InC::set));
    let look = |n| (0..n).for_each(|_| assert!(black_box(&event).is_set()));
    let wait = |n| (0..n).for_each(|_| black_box(&event).wait(Timeout::Forever).unwrap());
    let variants =
        vec![variant("bare load", load), variant("Event, is_set", look), variant("Event, wait", wait)];
    compare("is it set", 10_000_000, with_c(variants, in_c, |c| assert!(c.is_set())));
}

fn handing_over(yard: &Yard) {
    let bare = word();
    let events = ["there", "back"].map(|name| Event::create(yard, name, AUTO).unwrap());
    let [there, back] = &events;
    let with_futex = |mine| {
        while bare.load(Ordering::SeqCst) != mine {
            futex(bare, libc::FUTEX_WAIT, 1 - mine);
        }
        bare.store(1 - mine, Ordering::SeqCst);
        futex(bare, libc::FUTEX_WAKE, 1);
    };
    let with_events = |mine| {
        if mine == 0 {
            there.set();
            back.wait(Timeout::Forever).unwrap();
        } else {
            there.wait(Timeout::Forever).unwrap();
            back.set();
        }
    };
    let variants = vec![
        variant("bare futex word", |n| ping_pong(n, with_futex)),
        variant("two Events, auto-reset", |n| ping_pong(n, with_events)),
    ];
    compare("there and back, two processes on two CPUs", 5_000, variants);
}

fn main() {
    pin(0);
    describe("an event: set, looked at, waited for");
    let yard = Options::new().anonymous().unwrap();
    let in_c = Library::beside().map(InC::new);
    setting(&yard, in_c);
    looking(&yard, in_c);
    handing_over(&yard);
}
