//! What does a message of 64 bytes through a pipe cost, one way and there and back?
//!
//! The rivals are the kernel's: pipe(2) and a socketpair. Two threads on two CPUs; nothing here knows that they are of
//! one process.
#![allow(missing_docs, clippy::unwrap_used)] // a bench

mod support;

use courtyard::{Connection, Options, Pipe, PipeEnd, PipeOptions, Timeout, Yard};
use std::hint::black_box;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::net::UnixStream;
use support::{compare, describe, pin, variant};

const SIZE: usize = 64;

fn ends() -> (Yard, Connection, Connection) {
    let yard = Options::new().size(1 << 20).anonymous().unwrap();
    let pipe = Pipe::create(&yard, "pipe", PipeOptions::default()).unwrap();
    let (first, second) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    (yard, first, second)
}

/// `n` times, with the other half on the second CPU.
fn both<A: Send, B: Send>(n: u64, a: &mut A, b: &mut B, go: fn(u64, &mut A), there: fn(u64, &mut B)) {
    std::thread::scope(|s| {
        s.spawn(|| {
            pin(1);
            there(n, b);
        });
        go(n, a);
    });
}

fn send(n: u64, end: &mut Connection) {
    (0..n).for_each(|_| end.send(&[1; SIZE], Timeout::Forever).unwrap());
}

fn recv(n: u64, end: &mut Connection) {
    let mut buffer = [0; SIZE];
    (0..n).for_each(|_| assert_eq!(end.recv(&mut buffer, Timeout::Forever), Ok(SIZE)));
    black_box(buffer);
}

fn ask(n: u64, end: &mut Connection) {
    let mut buffer = [1; SIZE];
    for _ in 0..n {
        end.send(&buffer, Timeout::Forever).unwrap();
        assert_eq!(end.recv(&mut buffer, Timeout::Forever), Ok(SIZE));
    }
}

fn answer(n: u64, end: &mut Connection) {
    let mut buffer = [0; SIZE];
    for _ in 0..n {
        assert_eq!(end.recv(&mut buffer, Timeout::Forever), Ok(SIZE));
        end.send(&buffer, Timeout::Forever).unwrap();
    }
}

fn write(n: u64, end: &mut PipeWriter) {
    (0..n).for_each(|_| end.write_all(&[1; SIZE]).unwrap());
}

fn read(n: u64, end: &mut PipeReader) {
    let mut buffer = [0; SIZE];
    (0..n).for_each(|_| end.read_exact(&mut buffer).unwrap());
    black_box(buffer);
}

/// What is read from and written to.
type Both<R, W> = (R, W);

fn rival_ask<R: Read, W: Write>(n: u64, (from, to): &mut Both<R, W>) {
    let mut buffer = [1; SIZE];
    for _ in 0..n {
        to.write_all(&buffer).unwrap();
        from.read_exact(&mut buffer).unwrap();
    }
}

fn rival_answer<R: Read, W: Write>(n: u64, (from, to): &mut Both<R, W>) {
    let mut buffer = [0; SIZE];
    for _ in 0..n {
        from.read_exact(&mut buffer).unwrap();
        to.write_all(&buffer).unwrap();
    }
}

fn sockets() -> (Both<UnixStream, UnixStream>, Both<UnixStream, UnixStream>) {
    let (a, b) = UnixStream::pair().unwrap();
    ((a.try_clone().unwrap(), a), (b.try_clone().unwrap(), b))
}

fn main() {
    pin(0);
    describe("messages of 64 bytes between two threads on two CPUs");
    let (_yard, mut first, mut second) = ends();
    let (mut reader, mut writer) = pipe().unwrap();
    let (mut here, mut there) = sockets();
    compare(
        "one way (ratio: time; the aim is 0.1 of pipe(2)'s)",
        400_000,
        vec![
            variant("pipe(2)", |n| both(n, &mut writer, &mut reader, write, read)),
            variant("socketpair, stream", |n| {
                both(
                    n,
                    &mut here,
                    &mut there,
                    |n, end| (0..n).for_each(|_| end.1.write_all(&[1; SIZE]).unwrap()),
                    |n, end| (0..n).for_each(|_| end.0.read_exact(&mut [0; SIZE]).unwrap()),
                );
            }),
            variant("Pipe", |n| both(n, &mut second, &mut first, send, recv)),
        ],
    );
    let ((from_a, to_b), (from_b, to_a)) = (pipe().unwrap(), pipe().unwrap());
    let (mut left, mut right) = ((from_a, to_a), (from_b, to_b));
    compare(
        "there and back",
        40_000,
        vec![
            variant("two pipe(2)", |n| both(n, &mut left, &mut right, rival_ask, rival_answer)),
            variant("socketpair, stream", |n| both(n, &mut here, &mut there, rival_ask, rival_answer)),
            variant("Pipe", |n| both(n, &mut first, &mut second, ask, answer)),
        ],
    );
    compare(
        "sent and received by one thread",
        1_000_000,
        vec![
            variant("pipe(2)", |n| {
                for _ in 0..n {
                    write(1, &mut writer);
                    read(1, &mut reader);
                }
            }),
            variant("Pipe", |n| {
                for _ in 0..n {
                    send(1, &mut second);
                    recv(1, &mut first);
                }
            }),
        ],
    );
}
