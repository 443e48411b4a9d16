//! What does waiting for many cost? A ping-pong between two threads: one sets the last of so many events, the other waits for
//! any of them, clears it, and answers with an event of its own.
//!
//! The rivals are a bare futex ping-pong, and the same with a wait for the one event.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_types, unsafe_code)] // a bench with a bare rival

mod support;

use courtyard::{Event, EventOptions, Options, Timeout, Waitable, Yard, wait_any};
use std::sync::atomic::{AtomicU32, Ordering};
use support::{Variant, compare, describe, variant};

fn events(yard: &Yard, tag: &str, count: usize) -> Vec<Event> {
    let event = |i| Event::create(yard, &format!("{tag}-{i}"), EventOptions::default()).unwrap();
    (0..count).map(event).collect()
}

/// Sleeps until the word is not `seen` any more.
fn wait_word(word: &AtomicU32, seen: u32) {
    while word.load(Ordering::Acquire) == seen {
        let null = std::ptr::null::<libc::timespec>();
        // SAFETY: the word lives; the kernel compares it.
        unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, seen, null) };
    }
}

fn post_word(word: &AtomicU32, value: u32) {
    word.store(value, Ordering::Release);
    // SAFETY: the address is a key only.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
}

fn bare(n: u64) {
    let (there, back) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|s| {
        s.spawn(|| {
            for round in 0..n as u32 {
                wait_word(&there, round);
                post_word(&back, round + 1);
            }
        });
        for round in 0..n as u32 {
            post_word(&there, round + 1);
            wait_word(&back, round);
        }
    });
}

fn ping_pong(n: u64, ping: &Event, pong: &Event, wait: impl Fn() + Send) {
    std::thread::scope(|s| {
        s.spawn(move || {
            for _ in 0..n {
                wait();
                ping.clear();
                pong.set();
            }
        });
        for _ in 0..n {
            ping.set();
            pong.wait(Timeout::Forever).unwrap();
            pong.clear();
        }
    });
}

fn among<'a>(yard: &Yard, count: usize) -> Variant<'a> {
    let events = events(yard, &format!("of-{count}"), count);
    let pong = Event::create(yard, &format!("pong-{count}"), EventOptions::default()).unwrap();
    variant(format!("wait_any of {count}"), move |n| {
        let all: Vec<&dyn Waitable> = events.iter().map(|event| event as &dyn Waitable).collect();
        let ping = &events[count - 1];
        ping_pong(n, ping, &pong, || assert_eq!(wait_any(&all, Timeout::Forever).unwrap(), count - 1));
    })
}

fn main() {
    describe("there and back through an event, waited for among so many");
    let yard = Options::new().objects(512).anonymous().unwrap();
    let (ping, pong) = (events(&yard, "ping", 1).remove(0), events(&yard, "pong", 1).remove(0));
    let mut variants = vec![
        variant("bare futex", bare),
        variant("Event::wait", move |n| {
            ping_pong(n, &ping, &pong, || ping.wait(Timeout::Forever).unwrap());
        }),
    ];
    variants.extend([1, 8, 64, 300].map(|count| among(&yard, count)));
    compare("a round trip", 2000, variants);
}
