//! What does a message cost, there and back, spinning and sleeping?
//!
//! Floors: a flag and a memcpy in shared memory for what spins, a bare futex word for what sleeps.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code, clippy::disallowed_types)] // a bench with floors of its own

mod support;

use courtyard::{
    Options, Receiver, Ring, RingOptions, Sender, Strategy, Timeout, TypedReceiver, TypedRing, TypedSender,
    Yard,
};
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use support::{compare, describe, pin, variant};

const FOREVER: Timeout = Timeout::Forever;

/// A ring each way, and who holds which end.
struct Pair {
    _yard: Yard,
    here: (Sender, Receiver),
    there: (Sender, Receiver),
}

fn pair(capacity: usize, spin_only: bool, strategy: Strategy) -> Pair {
    let yard = Options::new().size(3 * capacity as u64 + (64 << 10)).anonymous().unwrap();
    let ring = |name| Ring::create(&yard, name, RingOptions { capacity, spin_only }).unwrap();
    let (out, back) = (ring("out"), ring("back"));
    let ends = |ring: &Ring| (ring.sender(strategy).unwrap(), ring.receiver(strategy).unwrap());
    let ((out_tx, out_rx), (back_tx, back_rx)) = (ends(&out), ends(&back));
    Pair { _yard: yard, here: (out_tx, back_rx), there: (back_tx, out_rx) }
}

/// `n` times there and back; the echo runs on the second CPU.
fn both<A: Send, B: Send>(n: u64, a: &mut A, b: &mut B, go: fn(u64, &mut A), echo: fn(u64, &mut B)) {
    std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            echo(n, b);
        });
        go(n, a);
    });
}

const SIZE: usize = 64;

/// `N` bytes there and back.
fn ring_go<const N: usize>(n: u64, (tx, rx): &mut (Sender, Receiver)) {
    let mut buffer = [1u8; N];
    for _ in 0..n {
        tx.send(&buffer, FOREVER).unwrap();
        rx.recv(&mut buffer, FOREVER).unwrap();
    }
    black_box(buffer);
}

fn ring_echo<const N: usize>(n: u64, (tx, rx): &mut (Sender, Receiver)) {
    let mut buffer = [0u8; N];
    for _ in 0..n {
        rx.recv(&mut buffer, FOREVER).unwrap();
        tx.send(&buffer, FOREVER).unwrap();
    }
}

type Element = [u64; SIZE / 8];
type TypedEnds = (TypedSender<Element>, TypedReceiver<Element>);

fn typed_pair(count: usize) -> (TypedEnds, TypedEnds) {
    let yard = Options::new().size(1 << 20).anonymous().unwrap();
    let ring = |name| TypedRing::<Element>::create(&yard, name, count, true).unwrap();
    let (out, back) = (ring("out"), ring("back"));
    let end = Strategy::Spin;
    let here = (out.sender(end).unwrap(), back.receiver(end).unwrap());
    (here, (back.sender(end).unwrap(), out.receiver(end).unwrap()))
}

fn typed_go(n: u64, (tx, rx): &mut TypedEnds) {
    let mut element = [1; SIZE / 8];
    for _ in 0..n {
        tx.send(element, FOREVER).unwrap();
        element = rx.recv(FOREVER).unwrap();
    }
    black_box(element);
}

fn typed_echo(n: u64, (tx, rx): &mut TypedEnds) {
    for _ in 0..n {
        let element = rx.recv(FOREVER).unwrap();
        tx.send(element, FOREVER).unwrap();
    }
}

/// The least that any ring of such records does: header, payload, tail.
#[repr(C, align(128))]
struct Bare {
    tail: AtomicU64,
    pad: [u64; 15],
    words: [AtomicU64; SMALL / 8],
}

/// Small enough for the caches that are nearest to the CPUs.
const SMALL: usize = 4096;
const RECORD: u64 = SIZE as u64 / 8 + 1;

fn bare_rings() -> [Bare; 2] {
    std::array::from_fn(|_| Bare {
        tail: AtomicU64::new(0),
        pad: [0; 15],
        words: std::array::from_fn(|_| AtomicU64::new(0)),
    })
}

fn bare_word(ring: &Bare, position: u64) -> &AtomicU64 {
    &ring.words[position as usize % (SMALL / 8)]
}

fn bare_send(ring: &Bare, position: &mut u64, private: &Element) {
    for (i, value) in (1..).zip(private) {
        bare_word(ring, *position + i).store(*value, Ordering::Relaxed);
    }
    bare_word(ring, *position).store(SIZE as u64, Ordering::Relaxed);
    *position += RECORD;
    ring.tail.store(*position, Ordering::Release);
}

fn bare_recv(ring: &Bare, position: &mut u64, private: &mut Element) {
    while ring.tail.load(Ordering::Acquire) == *position {
        spin_loop();
    }
    assert_eq!(bare_word(ring, *position).load(Ordering::Relaxed), SIZE as u64);
    for (i, value) in (1..).zip(private) {
        *value = bare_word(ring, *position + i).load(Ordering::Relaxed);
    }
    *position += RECORD;
}

fn bare(n: u64, rings: &[Bare; 2], position: &mut u64) {
    let from = *position;
    *position += n * RECORD;
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            let (mut private, mut sent, mut got) = ([0; SIZE / 8], from, from);
            for _ in 0..n {
                bare_recv(&rings[0], &mut got, &mut private);
                bare_send(&rings[1], &mut sent, &private);
            }
        });
        let (mut private, mut sent, mut got) = ([1; SIZE / 8], from, from);
        for _ in 0..n {
            bare_send(&rings[0], &mut sent, &private);
            bare_recv(&rings[1], &mut got, &mut private);
        }
        black_box(private);
    });
}

/// A flag and a payload, two lines away from the other direction's.
#[repr(C, align(128))]
struct Line {
    flag: AtomicU64,
    pad: [u64; 15],
    payload: [AtomicU64; SIZE / 8],
}

fn lines() -> [Line; 2] {
    std::array::from_fn(|_| Line {
        flag: AtomicU64::new(0),
        pad: [0; 15],
        payload: std::array::from_fn(|_| AtomicU64::new(0)),
    })
}

fn put(line: &Line, turn: u64, private: &[u64; SIZE / 8]) {
    for (shared, value) in line.payload.iter().zip(private) {
        shared.store(*value, Ordering::Relaxed);
    }
    line.flag.store(turn, Ordering::Release);
}

fn get(line: &Line, turn: u64, private: &mut [u64; SIZE / 8]) {
    while line.flag.load(Ordering::Acquire) != turn {
        spin_loop();
    }
    for (shared, value) in line.payload.iter().zip(private) {
        *value = shared.load(Ordering::Relaxed);
    }
}

fn flags(n: u64, lines: &[Line; 2], turn: &mut u64) {
    let (from, to) = (*turn + 1, *turn + n);
    *turn = to;
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            let mut private = [0; SIZE / 8];
            for t in from..=to {
                get(&lines[0], t, &mut private);
                put(&lines[1], t, &private);
            }
        });
        let mut private = [1; SIZE / 8];
        for t in from..=to {
            put(&lines[0], t, &private);
            get(&lines[1], t, &mut private);
        }
        black_box(private);
    });
}

fn futex(word: &AtomicU32, op: i32, value: u32) {
    // SAFETY: the word outlives the call.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, std::ptr::null::<libc::timespec>()) };
}

fn post(word: &AtomicU32, turn: u32) {
    word.store(turn, Ordering::SeqCst);
    futex(word, libc::FUTEX_WAKE, 1);
}

fn await_turn(word: &AtomicU32, turn: u32) {
    while word.load(Ordering::SeqCst) != turn {
        futex(word, libc::FUTEX_WAIT, turn.wrapping_sub(1));
    }
}

fn futexes(n: u64, words: &[AtomicU32; 2], turn: &mut u32) {
    let (from, to) = (*turn + 1, *turn + n as u32);
    *turn = to;
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            for t in from..=to {
                await_turn(&words[0], t);
                post(&words[1], t);
            }
        });
        for t in from..=to {
            post(&words[0], t);
            await_turn(&words[1], t);
        }
    });
}

/// Hands `n` buffers of half a ring over in place: nobody copies or touches them.
fn hand_over(n: u64, pair: &mut Pair, len: usize) {
    let (tx, rx) = (&mut pair.here.0, &mut pair.there.1);
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            for _ in 0..n {
                let record = rx.peek(FOREVER).unwrap();
                black_box(record.as_ptr());
                record.release();
            }
        });
        for _ in 0..n {
            let mut slot = tx.reserve(len, FOREVER).unwrap();
            black_box(slot.as_mut_ptr());
            slot.commit(len).unwrap();
        }
    });
}

fn main() {
    pin(0);
    describe("messages between two threads on two CPUs");
    let (shared, mut turn) = (lines(), 0);
    let (rings, mut position) = (Box::new(bare_rings()), 0);
    let mut spinning = pair(SMALL, true, Strategy::Spin);
    let mut shorter = pair(SMALL, true, Strategy::Spin);
    let mut large = pair(1 << 16, true, Strategy::Spin);
    let mut adaptive = pair(SMALL, false, Strategy::Adaptive);
    let mut typed = typed_pair(SMALL / SIZE);
    compare(
        "64 bytes there and back, spinning",
        100_000,
        vec![
            variant("flag and copy", |n| flags(n, &shared, &mut turn)),
            variant("bare ring: header, payload, tail", |n| bare(n, &rings, &mut position)),
            variant("ring, spin-only", |n| {
                both(n, &mut spinning.here, &mut spinning.there, ring_go::<SIZE>, ring_echo::<SIZE>);
            }),
            variant("ring of 64 KiB, spin-only", |n| {
                both(n, &mut large.here, &mut large.there, ring_go::<SIZE>, ring_echo::<SIZE>);
            }),
            variant("ring, adaptive", |n| {
                both(n, &mut adaptive.here, &mut adaptive.there, ring_go::<SIZE>, ring_echo::<SIZE>);
            }),
            variant("ring, spin-only, 56 bytes: one line", |n| {
                both(n, &mut shorter.here, &mut shorter.there, ring_go::<56>, ring_echo::<56>);
            }),
            variant("typed ring, spin-only: one line", |n| {
                both(n, &mut typed.0, &mut typed.1, typed_go, typed_echo);
            }),
        ],
    );
    let (words, mut turn) = ([AtomicU32::new(0), AtomicU32::new(0)], 0);
    let mut blocking = pair(1 << 16, false, Strategy::Block);
    compare(
        "64 bytes there and back, sleeping",
        3_000,
        vec![
            variant("bare futex, no payload", |n| futexes(n, &words, &mut turn)),
            variant("ring, blocking", |n| {
                both(n, &mut blocking.here, &mut blocking.there, ring_go::<SIZE>, ring_echo::<SIZE>);
            }),
        ],
    );
    let mut large = pair(4 << 20, true, Strategy::Spin);
    let mut small = pair(16 << 10, true, Strategy::Spin);
    compare(
        "handed over in place, one way",
        100_000,
        vec![
            variant("4 KiB", |n| hand_over(n, &mut small, 4 << 10)),
            variant("1 MiB", |n| hand_over(n, &mut large, 1 << 20)),
        ],
    );
}
