//! What any two languages play together. `doomed` is killed in the middle, `other` goes on.

use crate::company::{Actor, PATIENCE, Stage, Tongue};
use std::time::Duration;

/// Long enough for a process to begin what it was told; nothing depends on it.
const MOMENT: Duration = Duration::from_millis(20);

/// Plays one noun, with these two languages.
pub type Scene = fn(doomed: &Tongue, other: &Tongue);

pub const SCENES: [(&str, Scene); 19] = [
    ("lock", lock),
    ("value", value),
    ("rlock", rlock),
    ("permits", permits),
    ("semaphore", semaphore),
    ("event", event),
    ("rwlock", rwlock),
    ("condition", condition),
    ("struct", plain),
    ("array", array),
    ("ring, the receiver dies", receiver_dies),
    ("ring, the sender dies", sender_dies),
    ("ring, the sender dies in a flood", flood),
    ("queue", queue),
    ("lifo", lifo),
    ("priority", priority),
    ("blocks", blocks),
    ("pipe", pipe),
    ("pool, the worker dies", worker_dies),
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

fn rlock(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("rlock open door", "ok");
    }
    for time in ["1000", "0", "-1"] {
        a.says(&format!("rlock acquire door {time}"), "ok");
    }
    a.says("rlock count door", "ok 3");
    b.says("rlock count door", "ok 0");
    b.says("rlock acquire door 20", "err CYD_E_TIMEOUT");
    b.says("rlock release door", "err CYD_E_NOT_OWNER");
    a.says("rlock release door", "ok");
    a.says("rlock release door", "ok");
    b.says("rlock acquire door 0", "err CYD_E_BUSY");
    b.begin("rlock acquire door -1");
    a.says("rlock release door", "ok");
    b.ends("ok");
    b.says("rlock release door", "ok");
    a.says("rlock release door", "err CYD_E_NOT_OWNER");

    // However often the dead one had taken it, the next one has it once.
    a.says("rlock acquire door 0", "ok");
    a.says("rlock acquire door 0", "ok");
    b.begin("rlock acquire door -1");
    std::thread::sleep(MOMENT);
    a.kill();
    b.ends("news CYD_OWNER_DIED");
    b.says("rlock count door", "ok 1");
    b.says("rlock acquire door 0", "news CYD_OWNER_DIED");
    b.says("rlock repaired door", "ok");
    b.says("rlock acquire door 0", "ok");
    b.says("rlock count door", "ok 3");
}

fn permits(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("permits open seats 3", "ok");
        actor.says("permits open seats 4", "err CYD_E_MISMATCH");
        actor.says("permits open seats 3", "ok");
    }
    a.says("permits acquire seats 4 0", "err CYD_E_RANGE");
    a.says("permits acquire seats 2 0", "ok");
    b.says("permits acquire seats 2 0", "err CYD_E_BUSY");
    b.says("permits acquire seats 2 20", "err CYD_E_TIMEOUT");
    b.says("permits acquire seats 1 0", "ok");
    b.says("permits available seats", "ok 0");
    b.says("permits release seats 2", "err CYD_E_NOT_OWNER");
    b.begin("permits acquire seats 2 -1");
    a.says("permits release seats 2", "ok");
    b.ends("ok");
    b.says("permits held seats", "ok 3");
    a.says("permits held seats", "ok 0");
    b.says("permits release seats 2", "ok");

    // One that the dead one held comes back, and one that it had collected while it waited for more.
    a.says("permits acquire seats 1 0", "ok");
    a.begin("permits acquire seats 2 -1");
    std::thread::sleep(MOMENT);
    a.kill();
    b.says("permits acquire seats 2 -1", "ok");
    b.says("permits held seats", "ok 3");
    b.says("permits release seats 3", "ok");
    b.says("permits available seats", "ok 3");
}

fn semaphore(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("semaphore open s 1 2", "ok");
        actor.says("semaphore open s 1 3", "err CYD_E_MISMATCH");
        actor.says("semaphore open s 1 2", "ok");
    }
    a.says("semaphore acquire s 1000", "ok");
    b.says("semaphore acquire s 0", "err CYD_E_BUSY");
    b.says("semaphore acquire s 20", "err CYD_E_TIMEOUT");
    b.begin("semaphore acquire s -1");
    a.says("semaphore release s 1", "ok");
    b.ends("ok");
    b.says("semaphore release s 2", "ok");
    a.says("semaphore release s 1", "err CYD_E_RANGE");
    a.says("semaphore value s", "ok 2");

    // What the dead one has taken is gone, what it waited for is not.
    a.says("semaphore acquire s 0", "ok");
    b.says("semaphore acquire s 0", "ok");
    a.begin("semaphore acquire s -1");
    std::thread::sleep(MOMENT);
    a.kill();
    b.says("semaphore value s", "ok 0");
    b.says("semaphore release s 1", "ok");
    b.says("semaphore acquire s 0", "ok");
    b.says("semaphore acquire s 20", "err CYD_E_TIMEOUT");
}

fn event(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("event open gate 0", "ok");
        actor.says("event open turn 1", "ok");
        actor.says("event open gate 1", "err CYD_E_MISMATCH");
        actor.says("event open gate 0", "ok");
    }
    b.says("event wait gate 0", "err CYD_E_TIMEOUT");
    b.says("event wait gate 20", "err CYD_E_TIMEOUT");
    b.begin("event wait gate -1");
    a.says("event set gate", "ok");
    b.ends("ok");
    a.says("event is gate", "ok true");
    b.says("event wait gate -1", "ok");
    b.says("event clear gate", "ok");
    a.says("event is gate", "ok false");

    // Each set is for one.
    a.says("event set turn", "ok");
    a.says("event set turn", "ok");
    b.says("event wait turn 1000", "ok");
    b.says("event wait turn 0", "err CYD_E_TIMEOUT");

    // What the dead one has set is set, what it waited for is for others.
    a.says("event set gate", "ok");
    a.begin("event wait turn -1");
    std::thread::sleep(MOMENT);
    a.kill();
    b.says("event is gate", "ok true");
    b.says("event set turn", "ok");
    b.says("event wait turn 0", "ok");
}

fn rwlock(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("rwlock open door", "ok");
    }
    a.says("rwlock read door 1000", "ok");
    b.says("rwlock read door 0", "ok");
    a.says("rwlock readers door", "ok 2");
    b.says("rwlock write door 0", "err CYD_E_BUSY");
    b.says("rwlock write door -1", "err CYD_E_DEADLOCK");
    b.says("rwlock release door", "ok");
    b.says("rwlock release door", "err CYD_E_NOT_OWNER");
    b.says("rwlock write door 20", "err CYD_E_TIMEOUT");
    b.begin("rwlock write door -1");
    a.says("rwlock release door", "ok");
    b.ends("ok");
    a.says("rwlock read door 0", "err CYD_E_BUSY");
    a.says("rwlock read door 20", "err CYD_E_TIMEOUT");
    b.says("rwlock release door", "ok");

    // A dead reader holds nobody up, and nobody is told.
    a.says("rwlock read door 0", "ok");
    b.begin("rwlock write door -1");
    std::thread::sleep(MOMENT);
    a.kill();
    b.ends("ok");
    b.says("rwlock release door", "ok");

    let mut c = doomed.enter(&stage.yard);
    c.says("rwlock open door", "ok");
    c.says("rwlock write door 0", "ok");
    b.begin("rwlock read door -1");
    std::thread::sleep(MOMENT);
    c.kill();
    b.ends("news CYD_OWNER_DIED");
    b.says("rwlock release door", "ok");
    b.says("rwlock write door -1", "news CYD_OWNER_DIED");
    b.says("rwlock repaired door", "ok");
    b.says("rwlock release door", "ok");
    b.says("rwlock read door 0", "ok");
}

fn condition(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let [mut a, mut b, mut c] = [doomed, other, doomed].map(|tongue| tongue.enter(&stage.yard));
    for actor in [&mut a, &mut b, &mut c] {
        actor.says("lock open door 0", "ok");
        actor.says("condition open bell", "ok");
    }
    a.says("condition wait bell door 20", "err CYD_E_NOT_OWNER");
    let wait = |actor: &mut Actor, count: &str, c: &mut Actor| {
        actor.says("lock acquire door -1", "ok");
        actor.begin("condition wait bell door -1");
        while c.ask("condition waiters bell") != count {
            std::thread::yield_now();
        }
    };
    // After the timeout it has the lock again.
    a.says("lock acquire door 0", "ok");
    a.says("condition wait bell door 20", "err CYD_E_TIMEOUT");
    b.says("lock acquire door 0", "err CYD_E_BUSY");
    a.says("lock release door", "ok");
    a.says("condition notify bell 1", "ok 0");
    wait(&mut b, "ok 1", &mut c);
    a.says("lock acquire door -1", "ok");
    a.says("condition notify bell 2", "ok 1");
    a.says("lock release door", "ok");
    b.ends("ok");
    b.says("lock release door", "ok");

    // The dead one waited first, and is not counted.
    wait(&mut a, "ok 1", &mut c);
    wait(&mut b, "ok 2", &mut c);
    a.kill();
    c.says("condition waiters bell", "ok 1");
    c.says("condition all bell", "ok 1");
    b.ends("ok");
    b.says("lock release door", "ok");

    // Notified by one that dies with the lock.
    wait(&mut b, "ok 1", &mut c);
    c.says("lock acquire door -1", "ok");
    c.says("condition notify bell 1", "ok 1");
    c.kill();
    b.ends("news CYD_OWNER_DIED");
    b.says("lock repaired door", "ok");
    b.says("lock release door", "ok");
}

fn plain(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("struct open it", "ok");
    }
    for number in [5, -1, i64::MAX, i64::MIN, 0] {
        a.says(&format!("struct set it {number}"), "ok");
        b.says("struct get it", &format!("ok {number}"));
    }

    // Read while it is changed, and when its writer has been killed: always whole, and never an older one.
    a.begin("struct count it 1000000000");
    let mut last = 0;
    for _ in 0..30 {
        let answer = b.ask("struct get it");
        let number: i64 = answer.strip_prefix("ok ").unwrap().parse().expect("a whole value");
        assert!(number >= last, "{number} after {last}");
        last = number;
    }
    while b.ask("struct get it") == "ok 0" {
        std::thread::yield_now();
    }
    a.kill();
    let end = b.ask("struct get it");
    let end: i64 = end.strip_prefix("ok ").unwrap().parse().expect("a whole value");
    assert!(end >= last, "{end} after {last}");
    b.says("struct count it 10", "ok");
    b.says("struct get it", &format!("ok {}", end + 10));
}

fn array(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("array open row 5", "ok");
        actor.says("array open row 6", "err CYD_E_MISMATCH");
        actor.says("array open row 5", "ok");
    }
    a.says("array set row 4 -3", "ok");
    b.says("array add row 4 5", "ok -3");
    a.says("array get row 4", "ok 2");
    b.says("array get row 5", "err CYD_E_RANGE");
    a.says("array fill row 1 3 7", "ok");
    b.says("array read row 0 5", "ok 0 7 7 7 2");
    b.says("array fill row 3 3 7", "err CYD_E_RANGE");
    b.says("array fill row 0 5 0", "ok");

    // Killed on a round: as far as it came, and no further.
    a.begin("array round row 5 1000000000");
    while b.ask("array get row 4") == "ok 0" {
        std::thread::yield_now();
    }
    a.kill();
    let all = b.ask("array read row 0 5");
    b.says("array read row 0 5", &all);
    let all: Vec<i64> = all.split(' ').skip(1).map(|number| number.parse().unwrap()).collect();
    assert!(all.is_sorted_by(|a, b| a >= b) && all[4] + 1 >= all[0] && all[4] > 0, "{all:?}");
    b.says("array round row 5 2", "ok");
    b.says("array get row 0", &format!("ok {}", all[0] + 2));
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

/// Asks until so many tasks run.
fn until_running(actor: &mut Actor, count: u32) {
    let begin = std::time::Instant::now();
    while actor.ask("pool running p") != format!("ok {count}") {
        assert!(begin.elapsed() < PATIENCE, "never {count} at a time");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn queue(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("queue open jobs 4", "ok");
        actor.says("queue open jobs 5", "err CYD_E_MISMATCH");
        actor.says("queue open jobs 4", "ok");
    }
    a.says("queue put jobs one 0", "ok");
    b.says("queue put jobs two 1000", "ok");
    a.says("queue len jobs", "ok 2");
    b.says("queue get jobs 0", "ok one");
    a.says("queue get jobs 1000", "ok two");
    b.says("queue get jobs 0", "err CYD_E_EMPTY");
    b.says("queue get jobs 20", "err CYD_E_EMPTY");
    b.begin("queue get jobs -1");
    a.says("queue put jobs three 0", "ok");
    b.ends("ok three");
    for n in 1..=4 {
        a.says(&format!("queue put jobs {n} 0"), "ok");
    }
    b.says("queue put jobs 5 0", "err CYD_E_FULL");
    b.says(&format!("queue put jobs {} 0", "x".repeat(60)), "err CYD_E_TOO_LONG");
    b.says("queue done jobs", "err CYD_E_RANGE");

    // What the dead one owed comes again and says so; what it has acknowledged does not.
    a.says("queue owe jobs 0", "ok 1");
    a.says("queue done jobs", "ok");
    a.says("queue owe jobs 0", "ok 2");
    a.kill();
    let mut got = [(); 3].map(|()| b.ask("queue owe jobs -1"));
    got.sort_unstable();
    assert_eq!(got, ["news CYD_REDELIVERED 2", "ok 3", "ok 4"]);
    (0..3).for_each(|_| b.says("queue done jobs", "ok"));

    // Killed in a flood: each number once, and as far as it came.
    let mut c = doomed.enter(&stage.yard);
    c.says("queue open jobs 4", "ok");
    c.begin("queue flood jobs 1 1000000000");
    let mut next = 1;
    while next <= 100 {
        b.says("queue get jobs -1", &format!("ok {next}"));
        next += 1;
    }
    c.kill();
    loop {
        match b.ask("queue get jobs 20") {
            end if end == "err CYD_E_EMPTY" => break,
            answer => assert_eq!(answer, format!("ok {next}")),
        }
        next += 1;
    }
    b.says("queue put jobs last 0", "ok");
    b.says("queue shutdown jobs", "ok");
    b.says("queue put jobs more 0", "err CYD_E_SHUTDOWN");
    b.says("queue get jobs -1", "ok last");
    b.says("queue get jobs -1", "err CYD_E_END");
}

fn lifo(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("lifo open stack 4", "ok");
        actor.says("lifo open stack 5", "err CYD_E_MISMATCH");
        actor.says("lifo open stack 4", "ok");
    }
    a.says("lifo put stack one 0", "ok");
    b.says("lifo put stack two 1000", "ok");
    a.says("lifo put stack three 0", "ok");
    b.says("lifo len stack", "ok 3");
    b.says("lifo get stack 0", "ok three");
    a.says("lifo get stack 1000", "ok two");
    b.says("lifo get stack -1", "ok one");
    b.says("lifo get stack 0", "err CYD_E_EMPTY");
    b.says("lifo get stack 20", "err CYD_E_EMPTY");
    b.begin("lifo get stack -1");
    a.says("lifo put stack four 0", "ok");
    b.ends("ok four");
    for n in 1..=4 {
        a.says(&format!("lifo put stack {n} 0"), "ok");
    }
    b.says("lifo put stack 5 0", "err CYD_E_FULL");
    b.says(&format!("lifo put stack {} 0", "x".repeat(33)), "err CYD_E_TOO_LONG");

    // What the dead one has put is there, the last first.
    a.kill();
    for n in (1..=4).rev() {
        b.says("lifo get stack 0", &format!("ok {n}"));
    }

    // Killed in a wait: what is put later is the other one's.
    let mut c = doomed.enter(&stage.yard);
    c.says("lifo open stack 4", "ok");
    c.begin("lifo get stack -1");
    c.until_asleep();
    c.kill();
    b.says("lifo put stack later 0", "ok");
    b.says("lifo get stack 0", "ok later");

    // Killed in a flood: each number once, and as far as it came.
    let mut d = doomed.enter(&stage.yard);
    d.says("lifo open stack 4", "ok");
    d.begin("lifo flood stack 1 1000000000");
    let mut got: Vec<i64> = (0..100).map(|_| number(&b.ask("lifo get stack -1"))).collect();
    d.kill();
    loop {
        match b.ask("lifo get stack 20") {
            end if end == "err CYD_E_EMPTY" => break,
            answer => got.push(number(&answer)),
        }
    }
    got.sort_unstable();
    assert!(got.iter().copied().eq(1..=got.len() as i64), "{got:?}");
    b.says("lifo put stack last 0", "ok");
    b.says("lifo shutdown stack", "ok");
    b.says("lifo put stack more 0", "err CYD_E_SHUTDOWN");
    b.says("lifo get stack -1", "ok last");
    b.says("lifo get stack -1", "err CYD_E_END");
}

/// The number that was got.
fn number(answer: &str) -> i64 {
    answer.strip_prefix("ok ").and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

fn priority(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("priority open todo 4", "ok");
        actor.says("priority open todo 5", "err CYD_E_MISMATCH");
        actor.says("priority open todo 4", "ok");
    }
    // The smallest first, and of equals the one that was put first, whoever put it.
    let (least, most) = (i64::MIN, i64::MAX);
    a.says(&format!("priority put todo end {most} 0"), "ok");
    b.says("priority put todo tea 3 1000", "ok");
    a.says("priority put todo cake 3 0", "ok");
    b.says(&format!("priority put todo fire {least} 0"), "ok");
    a.says("priority len todo", "ok 4");
    a.says("priority put todo more 0 0", "err CYD_E_FULL");
    b.says("priority get todo 0", &format!("ok fire {least}"));
    a.says("priority get todo 1000", "ok tea 3");
    b.says("priority get todo -1", "ok cake 3");
    a.says("priority get todo 0", &format!("ok end {most}"));
    b.says("priority get todo 0", "err CYD_E_EMPTY");
    b.says("priority get todo 20", "err CYD_E_EMPTY");
    b.begin("priority get todo -1");
    a.says("priority put todo now -1 0", "ok");
    b.ends("ok now -1");
    b.says(&format!("priority put todo {} 0 0", "x".repeat(33)), "err CYD_E_TOO_LONG");

    // What the dead one has put is there, in order with what comes later.
    a.says("priority put todo second 2 0", "ok");
    a.says("priority put todo fourth 4 0", "ok");
    a.kill();
    b.says("priority put todo third 3 0", "ok");
    b.says("priority put todo first 1 0", "ok");
    for (n, text) in (1..).zip(["first", "second", "third", "fourth"]) {
        b.says("priority get todo 0", &format!("ok {text} {n}"));
    }

    // Killed in a wait: what is put later is the other one's.
    let mut c = doomed.enter(&stage.yard);
    c.says("priority open todo 4", "ok");
    c.begin("priority get todo -1");
    c.until_asleep();
    c.kill();
    b.says("priority put todo later 0 0", "ok");
    b.says("priority get todo 0", "ok later 0");

    // Killed in a flood: each number once, and as far as it came.
    let mut d = doomed.enter(&stage.yard);
    d.says("priority open todo 4", "ok");
    d.begin("priority flood todo 1 1000000000");
    let mut next = 1;
    while next <= 100 {
        b.says("priority get todo -1", &format!("ok {next} {next}"));
        next += 1;
    }
    d.kill();
    loop {
        match b.ask("priority get todo 20") {
            end if end == "err CYD_E_EMPTY" => break,
            answer => assert_eq!(answer, format!("ok {next} {next}")),
        }
        next += 1;
    }
    b.says("priority put todo last 0 0", "ok");
    b.says("priority shutdown todo", "ok");
    b.says("priority put todo more 0 0", "err CYD_E_SHUTDOWN");
    b.says("priority get todo -1", "ok last 0");
    b.says("priority get todo -1", "err CYD_E_END");
}

fn blocks(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for actor in [&mut a, &mut b] {
        actor.says("blocks open slabs 4", "ok");
        actor.says("blocks open slabs 5", "err CYD_E_MISMATCH");
        actor.says("blocks open slabs 4", "ok");
    }
    let alloc = |actor: &mut Actor, text: &str| {
        let answer = actor.ask(&format!("blocks alloc slabs {text} 0"));
        answer.strip_prefix("ok ").unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    };
    // Who is told the number reads there; only the owner frees and offers; who adopts it is the owner.
    let block = alloc(&mut a, "hello");
    b.says(&format!("blocks read slabs {block}"), "ok hello");
    b.says(&format!("blocks free slabs {block}"), "err CYD_E_NOT_OWNER");
    b.says(&format!("blocks adopt slabs {block}"), "err CYD_E_STATE");
    a.says(&format!("blocks offer slabs {block}"), "ok");
    b.says(&format!("blocks adopt slabs {block}"), "ok");
    a.says(&format!("blocks free slabs {block}"), "err CYD_E_NOT_OWNER");
    a.says("blocks owned slabs", "ok 0");
    b.says("blocks owned slabs", "ok 1");
    a.says(&format!("blocks read slabs {block}"), "ok hello");
    b.says("blocks free slabs 12345", "err CYD_E_FOREIGN");

    // The dead one's are free again, also what it offered, and their numbers are stale; what was adopted of it stays.
    let own = alloc(&mut a, "own");
    let offered = alloc(&mut a, "offered");
    a.says(&format!("blocks offer slabs {offered}"), "ok");
    alloc(&mut a, "last");
    b.says("blocks alloc slabs more 0", "err CYD_E_NO_SPACE");
    b.says("blocks alloc slabs more 20", "err CYD_E_TIMEOUT");
    b.begin("blocks alloc slabs more -1");
    b.until_asleep();
    a.kill();
    let answer = b.answer();
    assert!(answer.starts_with("ok "), "{answer:?}");
    let rest = ["fill", "up"].map(|text| alloc(&mut b, text));
    b.says(&format!("blocks adopt slabs {offered}"), "err CYD_E_NOT_FOUND");
    b.says(&format!("blocks read slabs {own}"), "err CYD_E_NOT_FOUND");
    b.says(&format!("blocks read slabs {block}"), "ok hello");
    b.says("blocks owned slabs", "ok 4");

    // From the living to one that dies with it.
    let mut c = doomed.enter(&stage.yard);
    c.says("blocks open slabs 4", "ok");
    b.says(&format!("blocks offer slabs {block}"), "ok");
    c.says(&format!("blocks adopt slabs {block}"), "ok");
    c.says(&format!("blocks read slabs {block}"), "ok hello");
    c.kill();
    alloc(&mut b, "again");
    b.says(&format!("blocks read slabs {block}"), "err CYD_E_NOT_FOUND");
    for block in rest {
        b.says(&format!("blocks free slabs {block}"), "ok");
        b.says(&format!("blocks free slabs {block}"), "err CYD_E_STATE");
    }
}

fn pipe(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    for (actor, end) in [(&mut a, 0), (&mut b, 1)] {
        actor.says("pipe open p", "ok");
        actor.says(&format!("pipe end p {end}"), "ok");
    }
    a.says("pipe send p there 0", "ok");
    b.says("pipe recv p 1000", "ok there");
    b.says("pipe send p back 1000", "ok");
    a.says("pipe recv p 0", "ok back");
    b.says("pipe recv p 0", "err CYD_E_EMPTY");
    b.says("pipe recv p 20", "err CYD_E_EMPTY");
    b.begin("pipe recv p -1");
    a.says("pipe send p now 0", "ok");
    b.ends("ok now");
    b.says("pipe peer p", &format!("ok {}", courtyard::Peer::Here as u32));

    // What the dead one has sent is there, and then the news.
    a.says("pipe send p last 0", "ok");
    a.kill();
    b.says("pipe recv p -1", "ok last");
    b.says("pipe recv p -1", "err CYD_E_PEER_DIED");
    b.says("pipe peer p", &format!("ok {}", courtyard::Peer::Died as u32));
    b.says("pipe send p to-nobody 0", "err CYD_E_PEER_DIED");

    // A stranger takes the end.
    let mut c = doomed.enter(&stage.yard);
    c.says("pipe open p", "ok");
    c.says("pipe end p 0", "ok");
    b.begin("pipe recv p -1");
    c.says("pipe send p again 0", "ok");
    b.ends("ok again");
    b.begin("pipe recv p -1");
    std::thread::sleep(MOMENT);
    c.kill();
    b.ends("err CYD_E_PEER_DIED");
}

fn worker_dies(doomed: &Tongue, other: &Tongue) {
    let stage = Stage::new();
    let (mut a, mut b) = (doomed.enter(&stage.yard), other.enter(&stage.yard));
    b.says("pool open p", "ok");
    // The maker's own worker has something to do for as long as there is a pool: all the rest is done by others.
    b.says("pool submit p once 1 0", "ok");
    until_running(&mut b, 1);
    let work = || {
        let mut worker = doomed.enter(&stage.yard);
        worker.says("pool open p", "ok");
        worker.begin("pool work p");
        worker
    };
    a.says("pool open p", "ok");
    a.begin("pool work p");
    b.says("pool apply p square 7", "ok 49");
    b.says("pool apply p square -1", "err CYD_E_FAILED");
    b.says("pool apply p unheard-of 1", "err CYD_E_FAILED");
    b.says("pool map p square 20 0", "ok 2870");
    b.says("pool map p square 20 7", "ok 2870");

    // Killed at a task that may not be begun again.
    b.says("pool submit p once 1 0", "ok");
    until_running(&mut b, 2);
    b.says("pool result p 0", "err CYD_E_TIMEOUT");
    a.kill();
    b.says("pool result p -1", "err CYD_E_LOST");
    // At one that may.
    let a = work();
    b.says("pool submit p once 1 1", "ok");
    until_running(&mut b, 2);
    a.kill();
    let a = work();
    b.says("pool result p -1", "ok 1");
    // At the first chunk of a map.
    let mut c = other.enter(&stage.yard);
    c.says("pool open p", "ok");
    b.begin("pool map p once 20 7");
    until_running(&mut c, 2);
    a.kill();
    let mut a = work();
    b.ends("ok 2870");

    c.says("pool shutdown p", "ok");
    a.ends("ok");
}
