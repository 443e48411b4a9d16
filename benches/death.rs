//! How long from a kill until the one who sleeps is told?
//!
//! What threads own is freed by the kernel's walk of the robust list, before the memory goes: the rival is a bare futex
//! wake-up. What processes own is freed with their file locks, when the memory has gone: the rival is somebody who sleeps
//! in flock(2) for a lock of the dead one. Each is measured with a small victim and with one that has a GiB resident.
#![allow(missing_docs, clippy::unwrap_used, unsafe_code)] // a bench with rivals from C

mod support;

use courtyard::{Condition, Lock, Options, Permits, RwLock, RwLockOptions, Scope, Timeout};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};
use support::{Timed, compare_timed, describe, is_trial, rounds};

const FOREVER: Timeout = Timeout::Forever;
/// After so long everybody sleeps who is to sleep.
const ASLEEP: Duration = Duration::from_millis(10);

/// Zeros in memory that fork children share; never given back.
fn shared(bytes: usize, flags: i32) -> *mut u8 {
    let (read_write, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_ANONYMOUS | flags);
    // SAFETY: the kernel chooses the place.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), bytes, read_write, kind, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    memory.cast()
}

/// What victims and their murderer share.
struct Stage {
    /// The victims hold what they hold.
    ready: AtomicU32,
    word: AtomicU32,
    /// When the blow fell, in nanoseconds since `origin`.
    struck: AtomicU64,
}

struct World {
    stage: &'static Stage,
    origin: Instant,
    /// What a big victim has resident.
    ballast: usize,

    by_thread: Lock,
    by_process: Lock,
    rwlock: RwLock,
    permits: Permits,
    condition: Condition,
    file: std::fs::File,
}

/// A child that does its part and then waits for its end.
struct Victim(libc::pid_t);

impl World {
    fn new(ballast: usize) -> World {
        let yard = Options::new().anonymous().unwrap();
        // SAFETY: atomics in fresh memory.
        let stage = unsafe { &*shared(4096, libc::MAP_SHARED).cast::<Stage>() };
        // SAFETY: the name is a C string, and the descriptor is nobody else's.
        let file = unsafe { std::os::fd::FromRawFd::from_raw_fd(libc::memfd_create(c"rival".as_ptr(), 0)) };
        World {
            stage,
            origin: Instant::now(),
            ballast,
            by_thread: Lock::create(&yard, "thread", Scope::Thread).unwrap(),
            by_process: Lock::create(&yard, "process", Scope::Process).unwrap(),
            rwlock: RwLock::create(&yard, "rwlock", RwLockOptions::default()).unwrap(),
            permits: Permits::create(&yard, "permits", 1).unwrap(),
            condition: Condition::create(&yard, "condition").unwrap(),
            file,
        }
    }

    /// Forks a child that fills its memory, does `part` and waits. This process has one thread when it forks.
    fn victim(&self, part: impl FnOnce()) -> Victim {
        self.stage.ready.store(0, SeqCst);
        // SAFETY: one thread; the child is killed, or leaves by _exit.
        match unsafe { libc::fork() } {
            0 => {
                if self.ballast > 0 {
                    shared(self.ballast, libc::MAP_PRIVATE | libc::MAP_POPULATE);
                }
                part();
                self.stage.ready.store(1, SeqCst);
                // SAFETY: waits for a signal; ends the process.
                unsafe {
                    libc::alarm(60);
                    libc::pause();
                    libc::_exit(1)
                }
            }
            pid => {
                assert!(pid > 0);
                while self.stage.ready.load(SeqCst) == 0 {
                    sleep(Duration::from_millis(1));
                }
                Victim(pid)
            }
        }
    }

    /// Strikes when this thread sleeps in `told`; the time from the blow until it is back.
    fn time(&self, blow: impl FnOnce() + Send, told: impl FnOnce()) -> Duration {
        scope(|s| {
            s.spawn(|| {
                sleep(ASLEEP);
                self.stage.struck.store(self.origin.elapsed().as_nanos() as u64, SeqCst);
                blow();
            });
            told();
            let back = self.origin.elapsed();
            back.saturating_sub(Duration::from_nanos(self.stage.struck.load(SeqCst)))
        })
    }

    /// The time until this thread is told of the death of one that did `part`.
    fn death(&self, part: impl FnOnce(), told: impl FnOnce()) -> Duration {
        let victim = self.victim(part);
        let time = self.time(|| victim.kill(), told);
        victim.bury();
        time
    }

    fn futex(&self) -> Duration {
        let word = &self.stage.word;
        let call = |op: i32| {
            // SAFETY: the word is never unmapped.
            unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, 1 - op, std::ptr::null::<u8>()) };
        };
        word.store(1, SeqCst);
        let wake = || {
            word.store(0, SeqCst);
            call(libc::FUTEX_WAKE);
        };
        self.time(wake, || {
            while word.load(SeqCst) == 1 {
                call(libc::FUTEX_WAIT);
            }
        })
    }

    fn lock(&self, lock: &Lock) -> Duration {
        let told = || {
            let mut guard = lock.acquire(FOREVER).unwrap();
            assert!(guard.owner_died());
            guard.repaired().unwrap();
        };
        self.death(|| assert!(lock.acquire_unguarded(FOREVER).is_ok()), told)
    }

    fn scope_process(&self) -> Duration {
        let lock = &self.by_process;
        let told = || {
            assert!(lock.acquire_unguarded(FOREVER).unwrap().is_some());
            lock.repaired().unwrap();
            lock.release().unwrap();
        };
        self.death(|| assert!(lock.acquire_unguarded(FOREVER).is_ok()), told)
    }

    fn writer(&self) -> Duration {
        let told = || assert!(self.rwlock.read(FOREVER).unwrap().owner_died());
        let time = self.death(|| assert!(self.rwlock.write_unguarded(FOREVER).is_ok()), told);
        self.rwlock.write(FOREVER).unwrap().repaired().unwrap();
        time
    }

    fn reader(&self) -> Duration {
        let told = || drop(self.rwlock.write(FOREVER).unwrap());
        self.death(|| assert!(self.rwlock.read_unguarded(FOREVER).is_ok()), told)
    }

    /// Two wait; the first is notified while it is stopped, and then killed: the second gets the notification.
    fn notified(&self) -> Duration {
        let (lock, condition) = (&self.by_thread, &self.condition);
        let victim = self.victim(|| {
            let guard = lock.acquire(FOREVER).unwrap();
            self.stage.ready.store(1, SeqCst);
            let _ = condition.wait(&guard, FOREVER);
        });
        while condition.waiters() == 0 {
            sleep(Duration::from_millis(1));
        }
        victim.signal(libc::SIGSTOP);
        assert_eq!(condition.notify(1), 1);
        let guard = lock.acquire(FOREVER).unwrap();
        let time =
            self.time(|| victim.kill(), || assert!(condition.wait(&guard, FOREVER).unwrap().notified()));
        drop(guard);
        victim.bury();
        time
    }

    fn permit(&self) -> Duration {
        let told = || drop(self.permits.acquire(FOREVER).unwrap());
        self.death(|| std::mem::forget(self.permits.acquire(FOREVER).unwrap()), told)
    }

    /// The rival: a bare file lock of the victim's.
    fn file_lock(&self) -> Duration {
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&self.file));
        let hold = || {
            let own = std::fs::File::open(&path).unwrap();
            own.lock().unwrap();
            std::mem::forget(own);
        };
        let mine = std::fs::File::open(&path).unwrap();
        self.death(hold, || mine.lock().unwrap())
    }
}

impl Victim {
    fn signal(&self, signal: i32) {
        // SAFETY: a child of ours that was not waited for.
        assert_eq!(unsafe { libc::kill(self.0, signal) }, 0);
    }

    fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    fn bury(self) {
        // SAFETY: as above.
        assert_eq!(unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) }, self.0);
    }
}

fn main() {
    describe("from a kill until a sleeper is told");
    for (size, ballast, count) in
        [("small victims", 0, rounds()), ("victims with 1 GiB resident", 1 << 30, rounds().min(8))]
    {
        let world = World::new(if is_trial() { ballast / 64 } else { ballast });
        let threads: Vec<Timed<'_>> = vec![
            ("bare futex wake-up", Box::new(|| world.futex())),
            ("Lock, scope thread", Box::new(|| world.lock(&world.by_thread))),
            ("RwLock, the writer died", Box::new(|| world.writer())),
            ("RwLock, a reader died", Box::new(|| world.reader())),
            ("Condition, a notified one died", Box::new(|| world.notified())),
        ];
        compare_timed(&format!("what threads own, {size}"), count, threads);
        let processes: Vec<Timed<'_>> = vec![
            ("bare file lock", Box::new(|| world.file_lock())),
            ("Lock, scope process", Box::new(|| world.scope_process())),
            ("Permits", Box::new(|| world.permit())),
        ];
        compare_timed(&format!("what processes own, {size}"), count, processes);
    }
}
