//! Two copies of the library in one process, a copy that is unloaded while threads use it, and other users' yards.
//!
//! This program has the library linked in, and loads the shared one beside it. Every scenario runs in a process of its
//! own.
// The scenarios fork, load and change users by hand, and fail by panicking, as tests do. Each unsafe block is a system
// call, or a call through a symbol of the type that the header gives it.
#![allow(unsafe_code, clippy::undocumented_unsafe_blocks)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "support/process.rs"]
mod process;
mod support;

use courtyard::{ErrorKind, Lock, Options, Scope, Timeout, Yard};
use process::{Ended, LONG, Step, fork, sleep_ms};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;

const OK: c_int = 0;

type Open = unsafe extern "C" fn(*const c_char, *const c_void, *mut *mut c_void) -> c_int;
type OpenLock = unsafe extern "C" fn(*mut c_void, *const c_char, *mut *mut c_void) -> c_int;
type Acquire = unsafe extern "C" fn(*mut c_void, i64) -> c_int;
type Release = unsafe extern "C" fn(*mut c_void) -> c_int;

/// The shared library, loaded.
#[derive(Clone, Copy)]
struct Copy(*mut c_void);

unsafe impl Send for Copy {}
unsafe impl Sync for Copy {}

impl Copy {
    fn load(path: &Path) -> Copy {
        let path = CString::new(path.to_str().unwrap()).unwrap();
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        assert!(!handle.is_null(), "{:?}", unsafe { CStr::from_ptr(libc::dlerror()) });
        Copy(handle)
    }

    fn symbol(self, name: &CStr) -> *mut c_void {
        let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null(), "{name:?}");
        symbol
    }

    /// A lock of a named yard, by this copy.
    fn lock(self, yard: &str, name: &str) -> Door {
        let open: Open = unsafe { std::mem::transmute(self.symbol(c"cyd_yard_open")) };
        let open_lock: OpenLock = unsafe { std::mem::transmute(self.symbol(c"cyd_lock_open")) };
        let (yard, name) = (CString::new(yard).unwrap(), CString::new(name).unwrap());
        let (mut opened, mut lock) = (std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(unsafe { open(yard.as_ptr(), std::ptr::null(), &raw mut opened) }, OK);
        assert_eq!(unsafe { open_lock(opened, name.as_ptr(), &raw mut lock) }, OK);
        Door {
            lock,
            acquire: unsafe { std::mem::transmute::<*mut c_void, Acquire>(self.symbol(c"cyd_lock_acquire")) },
            release: unsafe { std::mem::transmute::<*mut c_void, Release>(self.symbol(c"cyd_lock_release")) },
        }
    }

    fn unload(self) {
        assert_eq!(unsafe { libc::dlclose(self.0) }, 0);
    }
}

/// A lock, seen through the loaded copy.
#[derive(Clone, Copy)]
struct Door {
    lock: *mut c_void,
    acquire: Acquire,
    release: Release,
}

unsafe impl Send for Door {}
unsafe impl Sync for Door {}

impl Door {
    fn acquire(self, timeout_ns: i64) -> c_int {
        unsafe { (self.acquire)(self.lock, timeout_ns) }
    }

    fn release(self) -> c_int {
        unsafe { (self.release)(self.lock) }
    }
}

/// A yard with a name of our own, which is taken away at the end.
struct Named(String, Yard);

impl Named {
    fn new(what: &str) -> Named {
        let name = format!("cyd-copies-{}-{what}", std::process::id());
        let yard = Options::new().slots(16).size(1 << 16).create(&name).unwrap();
        Named(name, yard)
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        Yard::unlink(&self.0).unwrap();
    }
}

// ---- scenarios ------------------------------------------------------------------------------------------------------

type Scenario = fn(&Path);

const SCENARIOS: &[(&str, Scenario)] = &[
    ("two_copies_exclude_each_other", two_copies_exclude_each_other),
    ("both_copies_of_a_killed_process_are_mourned", both_copies_of_a_killed_process_are_mourned),
    ("unloading_under_a_live_thread_changes_nothing", unloading_under_a_live_thread),
    ("another_users_name_is_refused", another_users_name_is_refused),
    ("who_has_become_another_user_is_refused_cleanly", who_has_become_another_user),
];

fn two_copies_exclude_each_other(library: &Path) {
    let Named(name, yard) = &Named::new("exclude");
    let busy = ErrorKind::Busy.code();
    for scope in [Scope::Thread, Scope::Process] {
        let which = format!("{scope:?}");
        let ours = Lock::create(yard, &which, scope).unwrap();
        let theirs = Copy::load(library).lock(name, &which);
        for _ in 0..3 {
            assert_eq!(ours.acquire_unguarded(Timeout::Try).unwrap(), None);
            assert_eq!(theirs.acquire(0), busy);
            assert_eq!(theirs.release(), ErrorKind::NotOwner.code());
            ours.release().unwrap();
            assert_eq!(theirs.acquire(0), OK);
            assert_eq!(ours.try_acquire().unwrap_err().kind(), ErrorKind::Busy);
            assert_eq!(ours.release().unwrap_err().kind(), ErrorKind::NotOwner);
            assert_eq!(theirs.release(), OK);
        }
        // One sleeps on the other.
        assert_eq!(ours.acquire_unguarded(Timeout::Try).unwrap(), None);
        let sleeper = std::thread::spawn(move || {
            let door = theirs; // the whole of it
            (door.acquire(-1), door.release())
        });
        sleep_ms(20);
        ours.release().unwrap();
        assert_eq!(sleeper.join().unwrap(), (OK, OK));
    }
}

fn both_copies_of_a_killed_process_are_mourned(library: &Path) {
    let Named(name, yard) = &Named::new("mourned");
    let locks = [("a", Scope::Thread), ("b", Scope::Thread), ("c", Scope::Process), ("d", Scope::Process)]
        .map(|(name, scope)| Lock::create(yard, name, scope).unwrap());
    let step = Step::of(yard);
    let child = fork(|| {
        let copy = Copy::load(library);
        assert_eq!(copy.lock(name, "a").acquire(0), OK);
        assert_eq!(copy.lock(name, "c").acquire(0), OK);
        for ours in [&locks[1], &locks[3]] {
            assert_eq!(ours.acquire_unguarded(Timeout::Try).unwrap(), None);
        }
        step.set(1);
        loop {
            sleep_ms(1000);
        }
    });
    step.wait(1);
    child.slay();
    for lock in &locks {
        assert_eq!(lock.acquire_unguarded(LONG).unwrap(), Some(courtyard::News::OwnerDied));
    }
}

fn unloading_under_a_live_thread(library: &Path) {
    let Named(name, yard) = &Named::new("unload");
    let lock = Lock::create(yard, "lock", Scope::Thread).unwrap();
    let step = Step::of(yard);
    let copy = Copy::load(library);
    let door = copy.lock(name, "lock");
    std::thread::scope(|s| {
        s.spawn(|| {
            assert_eq!(door.acquire(0), OK);
            step.set(1);
            step.wait(2);
            assert_eq!(door.release(), OK);
            assert_eq!(door.acquire(-1), OK);
            // and ends with it, so that the copy's thread-local destructor runs after the unloading
        });
        step.wait(1);
        copy.unload();
        step.set(2);
    });
    assert_eq!(lock.acquire_unguarded(LONG).unwrap(), Some(courtyard::News::OwnerDied));
    lock.repaired().unwrap();
    lock.release().unwrap();
    let again = Copy::load(library).lock(name, "lock");
    assert_eq!((again.acquire(0), again.release()), (OK, OK));
}

const SOMEBODY: libc::uid_t = 65_533;
const NOBODY: libc::uid_t = 65_534;

fn become_user(user: libc::uid_t) {
    assert_eq!(unsafe { libc::setresuid(user, user, user) }, 0);
}

fn kind<T>(result: courtyard::Result<T>) -> Option<ErrorKind> {
    result.map(drop).err().map(|e| e.kind())
}

fn another_users_name_is_refused(_: &Path) {
    if unsafe { libc::geteuid() } != 0 {
        return println!("  skipped: needs root to be several users");
    }
    let Named(name, _yard) = &Named::new("users");
    let child = fork(|| {
        become_user(SOMEBODY);
        assert_eq!(kind(Yard::open(name)), Some(ErrorKind::Permission));
        assert_eq!(kind(Yard::open_or_create(name)), Some(ErrorKind::Permission));
        assert!(matches!(kind(Yard::create(name)), Some(ErrorKind::Exists | ErrorKind::Permission)));
        assert_eq!(kind(Yard::unlink(name)), Some(ErrorKind::Permission));
    });
    assert_eq!(child.wait(), Ended::Code(0));
    // What is open to all is open to all.
    let open = format!("{name}-open");
    let shared = Options::new().mode(0o666).create(&open).unwrap();
    let lock = Lock::create(&shared, "lock", Scope::Thread).unwrap();
    let child = fork(|| {
        become_user(NOBODY);
        let yard = Yard::open(&open).unwrap();
        drop(Lock::open(&yard, "lock").unwrap().acquire(Timeout::Try).unwrap());
        assert_eq!(kind(Yard::unlink(&open)), Some(ErrorKind::Permission), "/dev/shm is sticky");
    });
    assert_eq!(child.wait(), Ended::Code(0));
    drop(lock.acquire(Timeout::Try).unwrap());
    Yard::unlink(&open).unwrap();
}

/// A program that gives up its rights keeps what it has; a child that must open the yard anew as another user may not.
fn who_has_become_another_user(_: &Path) {
    if unsafe { libc::geteuid() } != 0 {
        return println!("  skipped: needs root to be several users");
    }
    let Named(_, yard) = &Named::new("setuid");
    let lock = Lock::create(yard, "lock", Scope::Thread).unwrap();
    drop(lock.acquire(Timeout::Try).unwrap());
    become_user(NOBODY);
    drop(lock.acquire(Timeout::Try).unwrap());
    let child = fork(|| {
        assert_eq!(kind(lock.acquire(Timeout::Try)), Some(ErrorKind::Permission));
        assert_eq!(kind(Lock::create(yard, "another", Scope::Thread)), Some(ErrorKind::Permission));
    });
    assert_eq!(child.wait(), Ended::Code(0));
    drop(lock.acquire(Timeout::Try).unwrap());
    std::process::exit(0) // this user cannot take the name away: the parent does
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let built = support::built();
    let mut failed = 0;
    let wanted = |name: &str| args.is_empty() || args.iter().any(|a| name.contains(a.as_str()));
    for (name, scenario) in SCENARIOS.iter().filter(|s| wanted(s.0)) {
        let child = fork(|| scenario(&built.shared));
        let pid = child.0;
        let end = child.wait();
        let _ = Yard::unlink(&format!("cyd-copies-{pid}-setuid"));
        println!(
            "{name} ... {}",
            if end == Ended::Code(0) { "ok".into() } else { format!("FAILED ({end:?})") }
        );
        failed += i32::from(end != Ended::Code(0));
    }
    println!("{failed} failed");
    drop(built);
    std::process::exit(failed);
}
