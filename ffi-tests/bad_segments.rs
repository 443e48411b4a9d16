//! What is not a whole yard of this version is refused, each with its own error; and a peer that writes garbage into
//! a yard can refuse service, but never make a process panic, leave its memory or loop for ever.
#![allow(missing_docs, unsafe_code, clippy::unwrap_used, clippy::panic)] // tests may; the hostile peer maps the yard

use courtyard::{
    Array, ArrayOptions, BlockClass, Blocks, BlocksOptions, ErrorKind, Lock, Op, Options, Peer, Permits,
    RLock, Result, Ring, RingOptions, Scope, Semaphore, SemaphoreOptions, Strategy, Struct, StructArray,
    Timeout, TypedRing, Value, Yard,
};
use courtyard::{Connection, Pipe, PipeEnd, PipeOptions, Queue, QueueOptions, QueueSide, YardObject};
use courtyard::{LifoOptions, LifoQueue, PriorityOptions, PriorityQueue};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
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
        let place = |random: &mut Random| from + ((random.next() as usize % (to - from)) & !3);
        let at = place(random);
        let value = match random.next() % 5 {
            0 => random.next() as u32,
            1 => 0,
            2 => u32::MAX,
            3 => 1 << (random.next() % 32),
            // SAFETY: inside our own mapping; whatever is there now.
            _ => unsafe { self.base.add(place(random)).cast::<u32>().read_volatile() },
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

/// Where the parts of a yard made by `larger` lie: the header, the tables, the alive pages, the objects.
const LARGER: [(usize, usize); 4] = [(0, 256), (8192, 11_008), (12_288, 28_672), (28_672, 28_672 + 3456)];

/// The control words in them: rlock, permits (the gate, then the permits), semaphore, struct, each of the structs,
/// blocks (the gate and the number of classes, the classes, the records).
const CONTROL: [(usize, usize); 12] = [
    (0, 8),
    (128, 140),
    (256, 276),
    (384, 388),
    (512, 528),
    (1152, 1168),
    (1344, 1360),
    (1536, 1552),
    (1728, 1744),
    (1920, 1936),
    (2048, 2080),
    (2304, 2560),
];

/// One word of garbage into the part of this number; the one after the last is the control words of the objects.
fn spoil(intruder: &Intruder, random: &mut Random, part: usize) {
    let (from, to) = LARGER.get(part).copied().unwrap_or_else(|| {
        let (from, to) = CONTROL[random.next() as usize % CONTROL.len()];
        (LARGER[3].0 + from, LARGER[3].0 + to)
    });
    intruder.write(random, from, to);
}

/// Objects that lock, count and keep.
fn larger() -> Yard {
    let yard = small().anonymous().unwrap();
    RLock::create(&yard, "rlock").unwrap();
    Permits::create(&yard, "permits", 5).unwrap();
    Semaphore::create(&yard, "semaphore", SemaphoreOptions { initial: 2, maximum: Some(3) }).unwrap();
    Struct::<[u64; 5]>::create(&yard, "struct").unwrap();
    Array::<u16>::create(&yard, "array", 20, ArrayOptions::default()).unwrap();
    Array::<char>::create(&yard, "text", 20, ArrayOptions { lock: true }).unwrap();
    StructArray::<[u64; 5]>::create(&yard, "structs", 4).unwrap();
    let classes = [(64, 3), (128, 5)].map(|(size, count)| BlockClass { size, count }).to_vec();
    Blocks::create(&yard, "blocks", &BlocksOptions { bytes: 0, classes }).unwrap();
    yard
}

/// Handles on them, as far as they can be opened.
struct Handles {
    rlock: Result<RLock>,
    permits: Result<Permits>,
    semaphore: Result<Semaphore>,
    one: Result<Struct<[u64; 5]>>,
    array: Result<Array<u16>>,
    text: Result<Array<char>>,
    structs: Result<StructArray<[u64; 5]>>,
    blocks: Result<Blocks>,
}

impl Handles {
    fn open(yard: &Yard) -> Handles {
        Handles {
            rlock: RLock::open(yard, "rlock"),
            permits: Permits::open(yard, "permits"),
            semaphore: Semaphore::open(yard, "semaphore"),
            one: Struct::open(yard, "struct"),
            array: Array::open(yard, "array"),
            text: Array::open(yard, "text"),
            structs: StructArray::open(yard, "structs"),
            blocks: Blocks::open(yard, "blocks"),
        }
    }

    /// Uses each of them in every way, every result but a panic allowed.
    fn play(&self) {
        if let Ok(rlock) = &self.rlock {
            let _ = rlock.acquire(SHORT).map(|mut guard| (rlock.acquire(SHORT).is_ok(), guard.repaired()));
            let _ = (rlock.count(), rlock.holder(), rlock.is_suspect(), rlock.release());
        }
        if let Ok(permits) = &self.permits {
            let one = permits.acquire(SHORT);
            let _ = permits.acquire_many(3, SHORT).map(|some| some.count());
            let _ = (permits.available(), permits.held(), permits.holders(), one.map(drop));
            let _ = (permits.acquire_unguarded(SHORT), permits.release(1), permits.release(5));
        }
        if let Ok(semaphore) = &self.semaphore {
            let _ = (semaphore.acquire(SHORT), semaphore.release(2), semaphore.value(), semaphore.maximum());
        }
        if let Ok(one) = &self.one {
            let _ = (one.set([7; 5], SHORT), one.get_within(SHORT), one.version());
            let _ = one.update(SHORT, |value| value[4] ^= 1);
        }
        self.play_arrays();
        self.play_blocks();
    }

    fn play_blocks(&self) {
        let Ok(blocks) = &self.blocks else { return };
        for len in [0, 64, 128, 300, 640] {
            let Ok(block) = blocks.alloc(len, SHORT) else { continue };
            let (mut copy, end) = (vec![0; len], block.len().saturating_sub(1));
            let _ = (block.write(0, &vec![7; len]), block.read(0, &mut copy), block.read(end, &mut [0]));
            let _ = (block.to_vec().len(), block.capacity(), blocks.data(block.handle()), block.as_ptr());
            let Ok(number) = block.offer() else { continue };
            let again = blocks.free(number).is_ok();
            let _ = (blocks.read(number, 0, &mut copy), blocks.len_of(number), again);
            let _ = blocks.adopt(number).map(|block| block.write(0, &copy));
        }
        let _ = (blocks.usage(), blocks.owners(), blocks.owned(), blocks.max_len());
    }

    fn play_arrays(&self) {
        if let Ok(array) = &self.array {
            let _ = (array.set(19, 1), array.fetch_add(array.len() - 1, 1), array.fill(.., 3));
            let _ = (array.to_vec().len(), array.read_slice(15, &mut [0; 6]), array.get(array.len()));
        }
        if let Ok(text) = &self.text {
            assert!(text.iter().all(|c| char::from_u32(c as u32).is_some()));
            let _ = (text.write_slice(3, &['x'; 9]), text.swap(0, 'y'));
        }
        if let Ok(structs) = &self.structs {
            let _ = (structs.set(3, [1; 5], SHORT), structs.get_within(structs.len() - 1, SHORT));
            let _ = structs.update(0, SHORT, |value| value[0] ^= 1);
        }
    }
}

/// Plays on handles that were opened while all was well, and on new ones.
fn use_larger(yard: &Yard, handles: &Handles) {
    let _ = yard.objects();
    yard.sweep();
    handles.play();
    Handles::open(yard).play();
}

/// The objects fill the part that the tests below write to, and without garbage everything works.
#[test]
fn the_intruder_knows_the_place() {
    let yard = larger();
    let taken: u64 = yard.objects().unwrap().iter().map(|object| object.bytes.next_multiple_of(128)).sum();
    assert_eq!(taken as usize, LARGER[3].1 - LARGER[3].0);
    let handles = Handles::open(&yard);
    use_larger(&yard, &handles);
    assert_eq!(handles.semaphore.unwrap().value(), 2);
    assert_eq!(handles.permits.unwrap().available(), 5);
    let blocks = handles.blocks.unwrap();
    assert_eq!(blocks.usage().iter().map(|class| class.free).collect::<Vec<_>>(), [3, 5]);
    assert!(blocks.usage()[1].taken > 5);
    assert_eq!(handles.one.unwrap().get(), Ok([7, 7, 7, 7, 6]));
    assert_eq!(handles.structs.unwrap().get(3), Ok([1; 5]));
}

#[test]
fn larger_objects_survive_garbage_between_calls() {
    let mut random = Random(0x0bad_5eed_0bad_5eed);
    for round in 0..200 {
        let yard = larger();
        let (handles, intruder) = (Handles::open(&yard), Intruder::new(&yard));
        for turn in 0..20 {
            (0..=turn % 3).for_each(|_| spoil(&intruder, &mut random, round % 5));
            use_larger(&yard, &handles);
        }
    }
}

/// Two threads work for as long as a third writes garbage.
fn beside_an_intruder(
    yard: &Yard,
    seed: u64,
    spoil: impl Fn(&Intruder, &mut Random),
    work: impl Fn() + Sync,
) {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (intruder, done) = (Intruder::new(yard), AtomicBool::new(false));
    std::thread::scope(|s| {
        let work = || {
            while !done.load(Ordering::Relaxed) {
                work();
            }
        };
        let workers = [s.spawn(work), s.spawn(work)];
        let mut random = Random(seed);
        for _ in 0..400 {
            spoil(&intruder, &mut random);
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        assert!(workers.map(|worker| worker.join().is_ok()).iter().all(|well| *well));
    });
}

#[test]
fn larger_objects_survive_garbage_during_calls() {
    for round in 0..12 {
        let yard = larger();
        let handles = Handles::open(&yard);
        let spoil =
            |intruder: &Intruder, random: &mut Random| spoil(intruder, random, [1, 3, 4, 4][round % 4]);
        beside_an_intruder(&yard, round as u64 + 77, spoil, || use_larger(&yard, &handles));
    }
}

/// Uses both queues under a lock in every way, every result but a panic allowed.
fn play_shelves(yard: &Yard, lifo: &LifoQueue, priority: &PriorityQueue) {
    let mut buffer = [0; 24];
    for n in 0..6 {
        let _ = (lifo.put(&[7; 20][..n], SHORT), priority.put(&[7; 20][..n], n as i64 - 3, SHORT));
        let got = lifo.get(&mut buffer[..n], SHORT).map(|len| assert!(len <= n));
        let _ = (got, priority.get(&mut buffer, SHORT).map(|(len, _)| assert!(len <= 20)));
    }
    assert!(lifo.get_vec(SHORT).is_ok_and(|message| message.len() <= 20) || lifo.len() <= 5);
    let _ = (priority.get_vec(SHORT), priority.is_full(), lifo.is_empty(), priority.is_empty());
    let _ = LifoQueue::open(yard, "lifo").map(|lifo| (lifo.options(), lifo.try_put(b"x")));
    let _ = PriorityQueue::open(yard, "priority").map(|priority| (priority.options(), priority.len()));
}

#[test]
fn queues_under_a_lock_survive_garbage() {
    let mut random = Random(0x5eed_0f5e_ed0f_5eed);
    for round in 0..150 {
        let yard = small().anonymous().unwrap();
        let lifo = LifoQueue::create(&yard, "lifo", LifoOptions { capacity: 5, max_len: 20 }).unwrap();
        let options = PriorityOptions { capacity: 5, max_len: 20 };
        let priority = PriorityQueue::create(&yard, "priority", options).unwrap();
        for n in 0..3 {
            lifo.try_put(&[n; 9]).unwrap();
            priority.try_put(&[n; 9], i64::from(n)).unwrap();
        }
        let intruder = Intruder::new(&yard);
        // The words and cells of both, without the messages: 640 and 768 bytes.
        let at = LARGER[3].0;
        for turn in 0..20 {
            for _ in 0..=turn % 3 {
                let words =
                    [(at, at + 24), (at + 384, at + 424), (at + 640, at + 664), (at + 1024, at + 1184)];
                let (from, to) =
                    if round % 3 == 0 { (at, at + 2048) } else { words[random.next() as usize % 4] };
                intruder.write(&mut random, from, to);
            }
            play_shelves(&yard, &lifo, &priority);
        }
        lifo.shutdown(false);
        priority.shutdown(true);
    }
}

/// Where a queue of five cells, with sides, lies behind its blocks: the words, the cells, the sides.
const QUEUE: (usize, usize) = (30_336, 30_336 + 896 + 5 * 64 + 2 * 4 * 4);

/// Uses a queue in every way, every result but a panic allowed.
fn play_queue(yard: &Yard, queue: &Queue) {
    let mut buffer = [0; 24];
    for n in 0..6 {
        let _ = (queue.put(&[7; 200][..n * 40], SHORT), queue.side_state(QueueSide::Producers));
        let _ = queue.get(&mut buffer, SHORT).map(|got| assert!(got.len <= 24));
    }
    let _ = queue.get_borrow(SHORT).map(|message| assert!(message.to_vec().len() <= queue.max_len()));
    let loan = queue.loan(100, Timeout::Try);
    let _ = loan.map(|loan| queue.put_loan(loan, SHORT).is_ok());
    let _ = (queue.get_vec(SHORT), queue.bytes(), queue.len(), queue.producer().map(drop));
    let of = queue.object_ref().and_then(|of| yard.open_ref::<Queue>(&of));
    let _ = of.map(|queue| (queue.options(), queue.consumer().map(drop)));
    yard.sweep();
}

fn yard_with_a_queue() -> (Yard, Queue) {
    let yard = small().anonymous().unwrap();
    let options = QueueOptions {
        capacity: 5,
        block_bytes: 2048,
        max_bytes: 600,
        sides: true,
        ..QueueOptions::default()
    };
    let queue = Queue::create(&yard, "queue", options).unwrap();
    (0..3).for_each(|n| queue.try_put(&[n; 100]).unwrap());
    let [blocks, queue_bytes] = [0, 1].map(|i| yard.objects().unwrap()[i].bytes as usize);
    assert!(
        QUEUE.0 == OBJECTS.0 + blocks && (QUEUE.1 - QUEUE.0).next_multiple_of(128) == queue_bytes,
        "{blocks}"
    );
    (yard, queue)
}

/// Garbage in blocks and queue, in the tables, or in a line of the queue's words and cells.
fn spoil_queue(intruder: &Intruder, random: &mut Random, round: usize) {
    let line = QUEUE.0 + 128 * (random.next() as usize % 12);
    let (from, to) = [(OBJECTS.0, QUEUE.1), TABLES, (line, line + 24), (line, line + 24)][round % 4];
    intruder.write(random, from, to);
}

#[test]
fn a_queue_survives_garbage() {
    let mut random = Random(0x0cea_0fca_fe00_1234);
    for round in 0..100 {
        let (yard, queue) = yard_with_a_queue();
        let _part = queue.consumer().unwrap();
        let intruder = Intruder::new(&yard);
        for turn in 0..20 {
            (0..=turn % 3).for_each(|_| spoil_queue(&intruder, &mut random, round));
            play_queue(&yard, &queue);
        }
    }
}

#[test]
fn a_queue_survives_garbage_during_calls() {
    for round in 0..12 {
        let (yard, queue) = yard_with_a_queue();
        let spoil = |intruder: &Intruder, random: &mut Random| spoil_queue(intruder, random, round);
        beside_an_intruder(&yard, round as u64 + 78, spoil, || play_queue(&yard, &queue));
    }
}

/// Where a duplex pipe lies: its words, the holders of its ends, the messages each way.
const PIPE_WAY: usize = 512;
const PIPE: (usize, usize) =
    (OBJECTS.0, OBJECTS.0 + (1920 + 2 * 4 * 4_usize).next_multiple_of(128) + 2 * PIPE_WAY);

/// Its words: who left last; of each direction the positions, the locks of both sides and the event counts; the holders.
const PIPE_LINES: [(usize, usize); 9] = [
    (0, 16),
    (128, 512),
    (512, 528),
    (640, 656),
    (768, 772),
    (896, 900),
    (1024, 1408),
    (1408, 1424),
    (1920, 1952),
];

fn yard_with_a_pipe() -> (Yard, Pipe, [Connection; 2]) {
    let yard = small().anonymous().unwrap();
    let options = PipeOptions { capacity: PIPE_WAY, duplex: true };
    let pipe = Pipe::create(&yard, "pipe", options).unwrap();
    assert_eq!(yard.objects().unwrap()[0].bytes as usize, PIPE.1 - PIPE.0);
    let ends = PipeEnd::ALL.map(|end| pipe.end(end).unwrap());
    ends.iter().for_each(|end| end.try_send(&[1; 40]).unwrap());
    (yard, pipe, ends)
}

/// Garbage in the pipe, in its words, in the tables, or in the beginnings of its messages.
fn spoil_pipe(intruder: &Intruder, random: &mut Random, round: usize) {
    let (from, to) = PIPE_LINES[random.next() as usize % PIPE_LINES.len()];
    let words = (PIPE.0 + from, PIPE.0 + to);
    let (from, to) = [PIPE, words, TABLES, (PIPE.1 - 2 * PIPE_WAY, PIPE.1)][round % 4];
    intruder.write(random, from, to);
}

/// Uses a pipe in every way, every result but a panic allowed.
fn play_pipe(yard: &Yard, pipe: &Pipe, ends: &[Connection; 2]) {
    let mut buffer = [0; 24];
    for (n, end) in ends.iter().chain(ends).enumerate() {
        let _ = (end.send(&[7; 100][..n * 30], SHORT), end.poll(SHORT), end.peer());
        let _ = end.recv(&mut buffer, SHORT).map(|len| assert!(len <= 24));
        let _ = end.recv_vec(SHORT).map(|message| assert!(message.len() <= PIPE_WAY));
        let _ = end.next_len(Timeout::Try).map(|len| assert!(len <= PIPE_WAY));
        let mut stream = end.clone().into_stream();
        stream.set_timeout(SHORT);
        let _ = (stream.write(&[7; 40]), stream.read(&mut buffer).map(|len| assert!(len <= 24)));
    }
    let _ = PipeEnd::ALL.map(|end| pipe.end(end).map(|again| (again.try_send(b"x"), pipe.state(end))));
    let _ = Pipe::open(yard, "pipe").map(|pipe| (pipe.options(), pipe.max_len()));
    yard.sweep();
}

#[test]
fn a_pipe_survives_garbage() {
    let mut random = Random(0x0b0d_1e5a_11fe_55e5);
    for round in 0..100 {
        let (yard, pipe, ends) = yard_with_a_pipe();
        let intruder = Intruder::new(&yard);
        for turn in 0..20 {
            (0..=turn % 3).for_each(|_| spoil_pipe(&intruder, &mut random, round));
            play_pipe(&yard, &pipe, &ends);
        }
    }
}

#[test]
fn a_pipe_survives_garbage_during_calls() {
    for round in 0..12 {
        let (yard, pipe, ends) = yard_with_a_pipe();
        let spoil = |intruder: &Intruder, random: &mut Random| spoil_pipe(intruder, random, round);
        beside_an_intruder(&yard, round as u64 + 79, spoil, || play_pipe(&yard, &pipe, &ends));
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
