//! What any two languages play together. `doomed` is killed in the middle, `other` goes on.

use crate::company::{Stage, Tongue};
use std::time::Duration;

/// Long enough for a process to begin what it was told; nothing depends on it.
const MOMENT: Duration = Duration::from_millis(20);

/// Plays one noun, with these two languages.
pub type Scene = fn(doomed: &Tongue, other: &Tongue);

pub const SCENES: [(&str, Scene); 5] = [
    ("lock", lock),
    ("value", value),
    ("ring, the receiver dies", receiver_dies),
    ("ring, the sender dies", sender_dies),
    ("ring, the sender dies in a flood", flood),
];

fn lock(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("lock open door 0", "ok");
        actor.says("lock open gate 2", "ok");
        actor.says("lock open door 1", "err CYD_E_MISMATCH");
        actor.says("lock open door 0", "ok");
    }
    a.says("lock acquire door 1000", "ok");
    b.says("lock acquire door 0", "err CYD_E_BUSY");
    b.says("lock acquire door 20", "err CYD_E_TIMEOUT");
    b.says("lock release door", "err CYD_E_NOT_OWNER");
    b.begin("lock acquire door -1");
    a.says("lock release door", "ok");
    b.ends("ok");
    b.says("lock release door", "ok");

    // Anyone may release this one.
    a.says("lock acquire gate 0", "ok");
    b.says("lock release gate", "ok");
    a.says("lock release gate", "err CYD_E_NOT_OWNER");

    a.says("lock acquire door 0", "ok");
    a.says("lock acquire gate 0", "ok");
    b.says("lock suspect door", "ok false");
    b.begin("lock acquire door -1");
    std::thread::sleep(MOMENT);
    a.kill();
    b.ends("news CYD_OWNER_DIED");
    b.says("lock suspect door", "ok true");
    b.says("lock release door", "ok");
    b.says("lock acquire gate -1", "news CYD_OWNER_DIED");

    // The news stays until somebody has repaired what the lock guards.
    let mut c = doomed.enter(&stage.yard);
    c.says("lock open door 0", "ok");
    c.says("lock acquire door -1", "news CYD_OWNER_DIED");
    c.says("lock repaired door", "ok");
    c.says("lock release door", "ok");
    b.says("lock acquire door 0", "ok");
    b.says("lock suspect door", "ok false");
}

fn value(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("value open v", "ok");
        actor.says("value open count", "ok");
    }
    for number in [0, 5, -1, i64::MAX, i64::MIN] {
        a.says(&format!("value set v {number}"), "ok");
        b.says("value get v", &format!("ok {number}"));
    }
    b.says("value add v -1", &format!("ok {}", i64::MIN));
    a.says("value get v", &format!("ok {}", i64::MAX));
    a.says(&format!("value cas v {} 100", i64::MAX), "ok true");
    b.says("value cas v 1 2", "ok false");
    b.says("value get v", "ok 100");

    // Killed in the middle of counting: as far as it came, and no further.
    a.begin("value count count 1000000000");
    while b.ask("value get count") == "ok 0" {
        std::thread::yield_now();
    }
    a.kill();
    let count = b.ask("value get count");
    b.says("value get count", &count);
    let count: i64 = count.strip_prefix("ok ").unwrap().parse().unwrap();
    assert!((1..1_000_000_000).contains(&count), "{count}");
    b.says("value count count 1000", "ok");
    b.says("value get count", &format!("ok {}", count + 1000));
}

fn receiver_dies(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("ring open r 1024", "ok");
    }
    a.says("ring receiver r", "ok");
    b.says("ring receiver r", "err CYD_E_BUSY");
    b.says("ring sender r", "ok");
    a.says("ring recv r 0", "err CYD_E_EMPTY");
    a.begin("ring recv r -1");
    b.says("ring send r hello 1000", "ok");
    a.ends("ok hello");
    b.says("ring peer r", &format!("ok {}", courtyard::Peer::Here as u32));

    b.says("ring send r one 0", "ok");
    b.says("ring send r two 0", "ok");
    a.says("ring recv r 1000", "ok one");
    a.says("ring peek r 1000", "ok two");
    a.kill();
    b.says("ring peer r", &format!("ok {}", courtyard::Peer::Died as u32));
    b.says("ring send r three 0", "ok");

    // What was looked at and not released comes again and says so; what was received does not.
    let mut c = doomed.enter(&stage.yard);
    c.says("ring open r 1024", "ok");
    c.says("ring receiver r", "ok");
    c.says("ring peek r 1000", "news CYD_REDELIVERED two");
    c.says("ring release r", "ok");
    let third = c.ask("ring recv r 1000");
    assert!(["ok three", "news CYD_REDELIVERED three"].contains(&&*third), "{third}");
    b.says("ring send r four 0", "ok");
    c.says("ring recv r 1000", "ok four");
    c.says("ring recv r 0", "err CYD_E_EMPTY");
}

fn sender_dies(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("ring open r 64", "ok");
    }
    a.says("ring sender r", "ok");
    b.says("ring receiver r", "ok");
    a.says("ring send r whole 0", "ok");
    a.says("ring half r half", "ok");
    a.kill();
    b.says("ring recv r -1", "ok whole");
    b.says("ring recv r -1", "err CYD_E_PEER_DIED");
    b.says("ring peer r", &format!("ok {}", courtyard::Peer::Died as u32));

    let mut c = doomed.enter(&stage.yard);
    c.says("ring open r 64", "ok");
    c.says("ring sender r", "ok");
    b.begin("ring recv r -1");
    c.says("ring send r again 0", "ok");
    b.ends("ok again");
    for text in ["a", "b", "c", "d"] {
        c.says(&format!("ring send r {text} 0"), "ok");
    }
    c.says("ring send r e 0", "err CYD_E_FULL");
    c.says("ring send r longer-than-half-of-the-ring 0", "err CYD_E_TOO_LONG");
    b.says("ring recv r 0", "ok a");
    c.says("ring send r e 0", "ok");
}

/// A small ring, so that both wait for each other again and again.
fn flood(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("ring open r 256", "ok");
    }
    b.says("ring receiver r", "ok");
    a.says("ring sender r", "ok");
    a.begin("ring flood r 1 1000000000");
    let mut next = 1;
    while next <= 100 {
        b.says("ring recv r -1", &format!("ok {next}"));
        next += 1;
    }
    a.kill();
    let end = loop {
        match b.ask("ring recv r -1") {
            answer if answer == format!("ok {next}") => next += 1,
            end => break end,
        }
    };
    assert_eq!(end, "err CYD_E_PEER_DIED", "after {next}");
}
