//! What is not a whole yard of this version is refused, each with its own error; and a peer that writes garbage into
//! a yard can refuse service, but never make a process panic, leave its memory or loop for ever.
#![allow(missing_docs, unsafe_code, clippy::unwrap_used, clippy::panic)] // tests may; the hostile peer maps the yard

use courtyard::{
    Array, ArrayOptions, ErrorKind, Lock, Op, Options, Peer, Result, Ring, RingOptions, Scope, Strategy,
    Struct, StructArray, Timeout, TypedRing, Value, Yard,
};
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::time::Duration;

/// A name of our own, and the file behind it, taken away at the end.
struct Name(String);

impl Name {
    fn new(what: &str) -> Name {
        Name(format!("cyd-bad-{}-{what}", std::process::id()))
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("/dev/shm/{}.yard", self.0))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path());
        let _ = fs::remove_dir(self.path());
    }
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

fn small() -> Options {
    Options::new().size(1 << 16).slots(4).objects(16)
}

/// An abandoned yard with one change made to its file.
fn changed(what: &str, change: impl FnOnce(&mut File)) -> (Name, ErrorKind) {
    let name = Name::new(what);
    drop(small().create(&name.0).unwrap());
    change(&mut OpenOptions::new().write(true).open(name.path()).unwrap());
    let refused = kind(Yard::open(&name.0));
    (name, refused)
}

fn poke(file: &mut File, at: u64, bytes: &[u8]) {
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn files_that_are_no_yard_are_foreign() {
    let name = Name::new("text");
    fs::write(name.path(), "not a yard, but long enough to be asked whether it is one").unwrap();
    assert_eq!(kind(Yard::open(&name.0)), ErrorKind::Foreign);
    assert_eq!(kind(Yard::create(&name.0)), ErrorKind::Foreign);
    assert_eq!(kind(Yard::unlink(&name.0)), ErrorKind::Foreign);
    assert!(name.path().exists(), "somebody else's file stays");
    fs::write(name.path(), "").unwrap();
    assert_eq!(kind(Yard::open(&name.0)), ErrorKind::Foreign);

    let name = Name::new("directory");
    fs::create_dir(name.path()).unwrap();
    assert_eq!(kind(Yard::open(&name.0)), ErrorKind::Foreign);

    let name = Name::new("link");
    std::os::unix::fs::symlink("/dev/null", name.path()).unwrap();
    assert_eq!(kind(Yard::open(&name.0)), ErrorKind::Foreign);

    assert_eq!(kind(Yard::from_fd(File::open("/dev/null").unwrap())), ErrorKind::Foreign);
    let (reader, _writer) = std::io::pipe().unwrap();
    assert_eq!(kind(Yard::from_fd(&reader)), ErrorKind::Foreign);
}

#[test]
fn each_damage_has_its_own_error() {
    assert_eq!(changed("short", |f| f.set_len(8192).unwrap()).1, ErrorKind::Truncated);
    assert_eq!(changed("stump", |f| f.set_len(20).unwrap()).1, ErrorKind::Truncated);
    assert_eq!(changed("long", |f| f.set_len(1 << 20).unwrap()).1, ErrorKind::Size);
    assert_eq!(changed("newer", |f| poke(f, 8, &99u32.to_ne_bytes())).1, ErrorKind::Version);
    assert_eq!(changed("older", |f| poke(f, 8, &0u32.to_ne_bytes())).1, ErrorKind::Version);
    assert_eq!(changed("format", |f| poke(f, 12, &[0x5a; 4])).1, ErrorKind::Format);
    assert_eq!(changed("page", |f| poke(f, 40, &65_536u32.to_ne_bytes())).1, ErrorKind::Format);
    assert_eq!(changed("slots", |f| poke(f, 32, &0u32.to_ne_bytes())).1, ErrorKind::Corrupt);
    assert_eq!(changed("total", |f| poke(f, 16, &[1; 8])).1, ErrorKind::Corrupt);
    let (name, _) = changed("replaceable", |f| poke(f, 8, &99u32.to_ne_bytes()));
    Yard::unlink(&name.0).unwrap();
}

#[test]
fn names_sizes_and_modes_are_checked() {
    for name in ["", "a/b", "..%", "ü", &"n".repeat(64)] {
        assert_eq!(kind(Yard::create(name)), ErrorKind::Name);
        assert_eq!(kind(Yard::open(name)), ErrorKind::Name);
        assert_eq!(kind(Yard::unlink(name)), ErrorKind::Name);
    }
    let name = Name::new("never");
    assert_eq!(kind(Options::new().slots(4096).create(&name.0)), ErrorKind::Range);
    assert_eq!(kind(Options::new().slots(0).anonymous()), ErrorKind::Range);
    assert_eq!(kind(Options::new().objects(0).anonymous()), ErrorKind::Range);
    assert_eq!(kind(Options::new().size(u64::MAX).anonymous()), ErrorKind::Size);
    assert_eq!(kind(Options::new().mode(0o200).create(&name.0)), ErrorKind::Invalid);
    assert_eq!(kind(Options::new().mode(0o4600).create(&name.0)), ErrorKind::Invalid);
    let error = Options::new().size(1 << 44).create(&name.0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    let detail = error.detail().unwrap();
    assert!(detail.contains("bytes asked") && detail.chars().any(|c| c.is_ascii_digit()), "{detail}");
    assert!(!name.path().exists(), "a refused creation leaves nothing");
}

#[test]
fn a_yard_has_the_mode_that_was_asked_for() {
    use std::os::unix::fs::PermissionsExt;
    let name = Name::new("mode");
    let _yard = small().mode(0o666).create(&name.0).unwrap();
    assert_eq!(fs::metadata(name.path()).unwrap().permissions().mode() & 0o777, 0o666);
}

/// The same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A hostile peer's own view of a yard.
struct Intruder {
    base: *mut u8,
    len: usize,
}

impl Intruder {
    fn new(yard: &Yard) -> Intruder {
        let len = File::from(yard.as_fd().try_clone_to_owned().unwrap()).metadata().unwrap().len() as usize;
        // SAFETY: the kernel chooses the place.
        let base = unsafe {
            let prot = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(std::ptr::null_mut(), len, prot, libc::MAP_SHARED, yard.as_fd().as_raw_fd(), 0)
        };
        assert_ne!(base, libc::MAP_FAILED);
        Intruder { base: base.cast(), len }
    }

    /// Writes a random word, or one that looks like something, to a random place between the two offsets.
    fn write(&self, random: &mut Random, from: usize, to: usize) {
        let to = to.min(self.len);
        let at = from + ((random.next() as usize % (to - from)) & !3);
        let value = match random.next() % 4 {
            0 => random.next() as u32,
            1 => 0,
            2 => u32::MAX,
            _ => 1 << (random.next() % 32),
        };
        // SAFETY: inside our own mapping; that it races with everybody is the point.
        unsafe { self.base.add(at).cast::<u32>().write_volatile(value) };
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        // SAFETY: our own mapping.
        unsafe { libc::munmap(self.base.cast(), self.len) };
    }
}

const SHORT: Duration = Duration::from_micros(200);

/// Where the parts of a yard made by `small` lie.
const HEADER: (usize, usize) = (0, 256);
const TABLES: (usize, usize) = (8192, 11_008);
const ALIVE: (usize, usize) = (12_288, 28_672);
const OBJECTS: (usize, usize) = (28_672, 28_672 + 5376);

/// One of everything, every result but a panic allowed.
fn use_everything(yard: &Yard, random: &mut Random) {
    let _ = yard.objects();
    yard.sweep();
    for (name, scope) in [("lock", Scope::Thread), ("process", Scope::Process), ("anyone", Scope::Anyone)] {
        let Ok(lock) = Lock::open(yard, name) else { continue };
        let _ = lock.acquire(SHORT).map(|mut guard| guard.repaired());
        let _ = (lock.holder(), lock.is_suspect(), lock.scope() == scope);
    }
    if let Ok(value) = Value::<u32>::open(yard, "value") {
        value.fetch_add(1);
        let _ = value.fetch(Op::Max, 7);
    }
    if let Ok(it) = Struct::<[u64; 9]>::open(yard, "struct") {
        use_struct(&it);
    }
    use_arrays(yard, random);
    if let Ok(ring) = Ring::open(yard, "ring") {
        use_ring(&ring, random);
    }
    if let Ok(ring) = TypedRing::<u64>::open(yard, "typed") {
        let _ = ring.sender(Strategy::Block).map(|mut tx| tx.send(1, SHORT));
        let _ = ring.receiver(Strategy::Block).map(|mut rx| rx.recv(SHORT));
    }
}

fn use_struct(it: &Struct<[u64; 9]>) {
    for timeout in [Timeout::Try, Timeout::For(SHORT)] {
        let _ = it.get_within(timeout);
        let _ = it.set([7; 9], timeout);
        let _ = it.update(timeout, |value| value[0] = 1);
        let _ = it.swap([8; 9], timeout);
    }
    let _ = it.version();
}

fn use_arrays(yard: &Yard, random: &mut Random) {
    let index = random.next() as usize % 40;
    if let Ok(array) = Array::<char>::open(yard, "array") {
        let _ = array.get(index).map(|c| u32::from(c) <= 0x10_FFFF);
        let _ = (array.set(index, 'x'), array.fetch(Op::Max, index, 'y'), array.swap(index, 'z'));
        let _ = array.compare_exchange(index, '\u{FFFD}', 'a');
        let _ = array.write_slice(index, &['b'; 7]);
        let _ = array.read_slice(index, &mut ['c'; 7]);
        let _ = array.fill(index.., 'd');
        let _ = array.iter().take(100).filter(|c| c.is_alphabetic()).count();
    }
    if let Ok(structs) = StructArray::<[u32; 3]>::open(yard, "structs") {
        let _ = structs.get_within(index, SHORT);
        let _ = structs.set(index, [1; 3], SHORT);
        let _ = structs.update(index % 3, SHORT, |value| value[1] = 1);
    }
}

fn use_ring(ring: &Ring, random: &mut Random) {
    let mut buffer = [0u8; 600];
    if let Ok(mut tx) = ring.sender(Strategy::Block) {
        for _ in 0..4 {
            let _ = tx.send(&buffer[..random.next() as usize % 600], SHORT);
        }
        let _ = tx.send_batch(&[[1u8; 40]; 5], SHORT);
        let _ = tx.reserve(100, SHORT).map(|slot| slot.commit(50));
        let _ = tx.peer() == Peer::Here;
    }
    if let Ok(mut rx) = ring.receiver(Strategy::Adaptive) {
        for _ in 0..4 {
            let _ = rx.recv(&mut buffer, SHORT);
        }
        let _ = rx.recv_batch(&mut buffer, &mut [0; 4], SHORT);
        let _ = rx.peek(SHORT).map(|record| {
            let mut copy = vec![0; record.len()];
            let _ = record.copy_to(&mut copy);
            record.release();
        });
    }
}

fn furnished() -> Yard {
    let yard = small().anonymous().unwrap();
    Lock::create(&yard, "lock", Scope::Thread).unwrap();
    Lock::create(&yard, "process", Scope::Process).unwrap();
    Lock::create(&yard, "anyone", Scope::Anyone).unwrap();
    Value::<u32>::create(&yard, "value").unwrap();
    Struct::<[u64; 9]>::create(&yard, "struct").unwrap();
    Array::<char>::create(&yard, "array", 30, ArrayOptions::default()).unwrap();
    StructArray::<[u32; 3]>::create(&yard, "structs", 3).unwrap();
    Ring::create(&yard, "ring", RingOptions { capacity: 2048, spin_only: false }).unwrap();
    TypedRing::<u64>::create(&yard, "typed", 8, false).unwrap();
    yard
}

#[test]
fn garbage_between_calls_is_survived() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..60 {
        let yard = furnished();
        let intruder = Intruder::new(&yard);
        let (from, to) = [HEADER, TABLES, ALIVE, OBJECTS][round % 4];
        for _ in 0..20 {
            intruder.write(&mut random, from, to);
            use_everything(&yard, &mut random);
        }
    }
}

#[test]
fn garbage_during_calls_is_survived() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let mut random = Random(0xdead_beef_cafe_f00d);
    for round in 0..6 {
        let yard = furnished();
        let intruder = Intruder::new(&yard);
        let done = AtomicBool::new(false);
        let (from, to) = [TABLES, OBJECTS][round % 2];
        let view = (intruder.base as usize, intruder.len);
        std::thread::scope(|s| {
            s.spawn(|| {
                let mut random = Random(round as u64 + 1);
                let intruder = std::mem::ManuallyDrop::new(Intruder { base: view.0 as *mut u8, len: view.1 });
                while !done.load(Ordering::Relaxed) {
                    intruder.write(&mut random, from, to);
                    std::thread::yield_now();
                }
            });
            for _ in 0..40 {
                use_everything(&yard, &mut random);
            }
            done.store(true, Ordering::Relaxed);
        });
    }
}

#[test]
fn a_ring_keeps_a_reader_safe_from_a_hostile_sender() {
    let mut random = Random(0x0123_4567_89ab_cdef);
    let yard = small().anonymous().unwrap();
    assert!(yard.is_sealed());
    let ring = Ring::create(&yard, "ring", RingOptions { capacity: 2048, spin_only: false }).unwrap();
    let intruder = Intruder::new(&yard);
    let mut buffer = [0; 1024];
    for _ in 0..3000 {
        let Ok(mut rx) = ring.receiver(Strategy::Block) else { continue };
        intruder.write(&mut random, OBJECTS.0, OBJECTS.1);
        for _ in 0..4 {
            match rx.recv(&mut buffer, Timeout::Try) {
                Ok(got) => assert!(got.len <= ring.max_len()),
                Err(e) => assert_ne!(e.kind(), ErrorKind::Panic),
            }
        }
    }
}
