//! Making processes and hearing of their end: fork(2), execve(2), pidfd_open(2), waitid(2), poll(2).

use crate::error::{Error, ErrorKind, Result};
use crate::os::eventfd::EventFd;
use crate::os::file::spare_standard;
use crate::os::{errno, error, thread};
use std::ffi::{CString, OsString};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// It ended by itself, with this code: 0 to 255.
    Code(i32),
    /// It was ended by a signal, of this number (signal(7)).
    Signal(i32),
    /// It has ended, and somebody else was told how: a handler that waits for every child, or a fork server that died.
    Unknown,
}

impl Exit {
    /// Whether it ended by itself with code 0.
    pub fn is_success(self) -> bool {
        self == Exit::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(f, "{signal}"),
                Err(_) => write!(f, "signal {number}"),
            },
            Exit::Unknown => f.write_str("ended, nobody knows how"),
        }
    }
}

/// Which of the two a fork has returned in.
pub(crate) enum Fork {
    /// The parent, and the child's number.
    Parent(u32),
    /// The child.
    Child,
}

/// Makes a copy of this process with one thread, the calling one.
pub(crate) fn fork() -> Result<Fork> {
    // SAFETY: the handlers of pthread_atfork(3) keep the library's own state whole; whether the program's is, if it has
    // other threads, is what the caller asks before.
    match unsafe { nix::unistd::fork() } {
        Ok(nix::unistd::ForkResult::Parent { child }) => Ok(Fork::Parent(child.as_raw().cast_unsigned())),
        Ok(nix::unistd::ForkResult::Child) => {
            thread::heed_signals();
            Ok(Fork::Child)
        }
        Err(e) => Err(error("fork", e as i32)),
    }
}

/// How many threads this process has, without the library's own; `None` if /proc does not tell.
pub(crate) fn threads() -> Option<usize> {
    match count_threads() {
        Some(2..) => {
            std::thread::sleep(Duration::from_millis(1)); // the library's may just be ending
            count_threads()
        }
        known => known,
    }
}

fn count_threads() -> Option<usize> {
    let own = thread::own();
    fs::read_dir("/proc/self/task").ok().map(|tasks| tasks.count().saturating_sub(own).max(1))
}

/// Whether this process is seen to have no other threads than the library's own. Does not wait for one that is just ending.
pub(crate) fn is_alone() -> bool {
    use std::os::unix::fs::MetadataExt;
    // Two links, and one for each thread: one call, and no memory, of which a child pays for each page.
    let links = fs::metadata("/proc/self/task").map_or(0, |task| task.nlink());
    links == 3 || count_threads() == Some(1)
}

/// Writes a text to standard error in one piece, if the kernel takes it so.
pub(crate) fn write_stderr(text: &str) {
    // SAFETY: readable for its length. What cannot be written is not worth an end.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

/// Says on standard error why this process ends now, whether anybody hears it or not.
pub(crate) fn last_words(text: &str) {
    let _ = ignore_pipes();
    write_stderr(text);
}

/// Ends this process at once: no handlers of atexit(3), no destructors.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(code) }
}

/// Has a function called when this process ends by exit(3) or by returning from main.
pub(crate) fn at_exit(f: extern "C" fn()) -> bool {
    // SAFETY: a function of this library, which is never unloaded (-z nodelete).
    unsafe { libc::atexit(f) == 0 }
}

/// Sets the short name that ps(1) shows for the calling thread: 15 bytes of it.
pub(crate) fn set_short_name(name: &str) {
    let mut short = [0_u8; 16];
    short.iter_mut().take(15).zip(name.bytes()).for_each(|(to, from)| *to = from);
    // SAFETY: 16 bytes that end with NUL.
    unsafe { libc::prctl(libc::PR_SET_NAME, short.as_ptr()) };
}

/// Makes the calling process the first of a group of its own.
pub(crate) fn lead_group() {
    // SAFETY: changes this process only. It fails for the leader of a session, who leads a group already.
    unsafe { libc::setpgid(0, 0) };
}

/// Kills whoever is left of a child's group when the child has ended and is not reaped yet: so the number is still its own. Not
/// if somebody else has reaped it. `None`: it has not ended.
pub(crate) fn kill_group_of(leader: &Pidfd, pid: u32) -> Option<()> {
    if leader.ended(true)? != Exit::Unknown {
        // SAFETY: a signal to others.
        unsafe { libc::kill(-pid.cast_signed(), libc::SIGKILL) };
    }
    Some(())
}

/// Whether the program runs with more rights than its caller has (setuid): then his environment says nothing.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: reads a value that the kernel gave.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// A descriptor that this process was given by its number; `None` if there is none.
pub(crate) fn adopt(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: asks for the descriptor's flags.
    if number < 3 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return None;
    }
    // SAFETY: it is open, and its giver has handed it to this process, as nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    set_cloexec(number, true);
    Some(fd)
}

fn set_cloexec(number: RawFd, cloexec: bool) {
    // SAFETY: sets a flag of a descriptor.
    unsafe { libc::fcntl(number, libc::F_SETFD, if cloexec { libc::FD_CLOEXEC } else { 0 }) };
}

/// Lets this process be killed when everybody has closed the writing end of this pipe.
///
/// Not PR_SET_PDEATHSIG, which kills at the end of the *thread* that forked. Not closed on exec: whatever program this process
/// becomes is killed as well, unless it closes what it does not know. Whoever it starts by exec has the file too, and is not:
/// the signal goes to this process alone.
pub(crate) fn die_with(pipe: BorrowedFd<'_>) -> Result<OwnedFd> {
    // An open file of our own: owner and signal are the file's, and others have the pipe too.
    let own = crate::os::file::reopen_to_read(pipe)?;
    let fd = own.as_raw_fd();
    // SAFETY: sets properties of a file that is ours alone.
    let set = unsafe {
        libc::fcntl(fd, libc::F_SETOWN, libc::getpid()) == 0
            && libc::fcntl(fd, F_SETSIG, libc::SIGKILL) == 0
            && libc::fcntl(fd, libc::F_SETFL, libc::O_ASYNC | libc::O_NONBLOCK) == 0
    };
    if !set {
        return Err(error("fcntl(F_SETSIG)", errno()));
    }
    set_cloexec(fd, false);
    Ok(own)
}

/// fcntl(2); the same on every Linux, not in every libc's header.
const F_SETSIG: libc::c_int = 10;

/// A process, whatever its number means later (pidfd_open(2)).
#[derive(Debug)]
pub(crate) struct Pidfd(OwnedFd);

impl Pidfd {
    /// Of a child that this process has just made. If it has ended already and is nobody's zombie (SIGCHLD ignored, or a handler
    /// that waits for every child), of a process that has ended, not of whoever has the number now.
    pub(crate) fn of_child(pid: u32) -> Result<Pidfd> {
        match Pidfd::open(pid) {
            Ok(pidfd) if pidfd.try_wait(libc::WNOWAIT) != Err(libc::ECHILD) => Ok(pidfd),
            // The number is nobody's, or a thread's (two errors, of different kernels).
            Err(e) if !matches!(e.os_error(), Some(libc::ESRCH | libc::EINVAL | libc::ENOENT)) => Err(e),
            _ => {
                let stand_in = EventFd::new()?; // no pidfd, and as readable as that of one who has ended
                stand_in.raise();
                Ok(Pidfd(stand_in.into()))
            }
        }
    }

    /// Of a child that has not been reaped, or of this process.
    pub(crate) fn open(pid: u32) -> Result<Pidfd> {
        // SAFETY: makes a descriptor, which is closed on exec.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if fd < 0 {
            return Err(error("pidfd_open", errno()));
        }
        // SAFETY: the kernel has just made it.
        Ok(Pidfd(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }))
    }

    pub(crate) fn from_fd(fd: OwnedFd) -> Pidfd {
        Pidfd(fd)
    }

    /// Sends a signal; false if the process has ended.
    pub(crate) fn signal(&self, number: i32) -> Result<bool> {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: without a siginfo the kernel fills in its own.
        let rc = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), number, none, 0) };
        match (rc, errno()) {
            (0, _) => Ok(true),
            (_, libc::ESRCH | libc::EBADF) => Ok(false), // EBADF: it was gone before it was opened
            (_, e) => Err(error("pidfd_send_signal", e)),
        }
    }

    /// How this child ended, if it has. `keep`: it stays a zombie, so that its number stays its own.
    pub(crate) fn ended(&self, keep: bool) -> Option<Exit> {
        // The error: somebody else has reaped it, or nobody need to (SIGCHLD ignored); it may live still.
        self.try_wait(if keep { libc::WNOWAIT } else { 0 })
            .unwrap_or_else(|_| self.is_over().then_some(Exit::Unknown))
    }

    /// waitid(2), without waiting; the error's number.
    fn try_wait(&self, flags: libc::c_int) -> std::result::Result<Option<Exit>, i32> {
        let flags = libc::WEXITED | libc::WNOHANG | flags;
        let id = self.0.as_raw_fd() as libc::id_t;
        // SAFETY: zeros are a siginfo, and the kernel fills it.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        while unsafe { libc::waitid(libc::P_PIDFD, id, &raw mut info, flags) } != 0 {
            match errno() {
                libc::EINTR => {}
                e => return Err(e),
            }
        }
        // SAFETY: waitid has filled these two.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        Ok(match (pid, info.si_code) {
            (0, _) => None,
            (_, libc::CLD_EXITED) => Some(Exit::Code(status)),
            _ => Some(Exit::Signal(status)),
        })
    }

    /// Whether the process has ended, reaped or not.
    pub(crate) fn is_over(&self) -> bool {
        matches!(poll([self.0.as_fd()], Some(Duration::ZERO)), Ok(Some(_)))
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Waits until one of the descriptors can be read or is hung up; tells the first one, `None` when the time is up.
/// `Interrupted` if a signal handler ran while it waited; who only looks is not interrupted.
pub(crate) fn poll<'f>(
    fds: impl IntoIterator<Item = BorrowedFd<'f>>,
    wait: Option<Duration>,
) -> Result<Option<usize>> {
    use nix::poll::{PollFd, PollFlags, ppoll};
    let mut fds = fds.into_iter().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).peekable();
    // A few need no memory: whoever forks much should not write in many pages.
    let Some(first) = fds.peek().cloned() else { return Ok(None) };
    let mut few: [PollFd<'_>; 8] = std::array::from_fn(|_| first.clone());
    let mut count = 0;
    few.iter_mut().zip(fds.by_ref()).for_each(|(to, fd)| (*to, count) = (fd, count + 1));
    let mut many: Vec<PollFd<'_>> = Vec::new();
    if fds.peek().is_some() {
        many = few.iter().cloned().chain(fds).collect();
    }
    let polled = if many.is_empty() { &mut few[..count] } else { &mut many[..] };
    loop {
        return match ppoll(polled, wait.map(nix::sys::time::TimeSpec::from), None) {
            Ok(_) => Ok(polled.iter().position(|p| p.any().unwrap_or(true))),
            // Also of a look, if a signal comes just then.
            Err(nix::errno::Errno::EINTR) if wait == Some(Duration::ZERO) => continue,
            Err(nix::errno::Errno::EINTR) => Err(ErrorKind::Interrupted.into()),
            Err(e) => Err(error("ppoll", e as i32)),
        };
    }
}

/// A pipe of which neither end survives exec: what is written into the second comes out of the first. Nobody waits in it.
pub(crate) fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    use nix::fcntl::OFlag;
    let (read, write) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(|e| error("pipe2", e as i32))?;
    Ok((spare_standard(read)?, spare_standard(write)?))
}

/// The program of this process once more, with one variable set in its environment; of the descriptors that are closed on
/// exec it has those of `keep`, under their numbers. Tells the child's number.
///
/// Not std's `Command`: what could be set there runs between fork and exec, and a fork takes the longer the more memory this
/// process has (0.92 of a bare fork with 1 GiB resident; so it is 0.02).
pub(crate) fn exec_self(variable: (&str, String), keep: &[RawFd]) -> Result<u32> {
    use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
    use nix::sys::signal::SigSet;
    let failed = |e: nix::errno::Errno| error("posix_spawn", e as i32);
    let mut actions = PosixSpawnFileActions::init().map_err(failed)?;
    // A descriptor made a copy of itself is not closed on exec.
    keep.iter().try_for_each(|&fd| actions.add_dup2(fd, fd)).map_err(failed)?;
    let text = |bytes: Vec<u8>| CString::new(bytes).ok();
    let own = std::env::args_os().next().unwrap_or_default();
    let arguments: Vec<CString> = text(own.into_encoded_bytes()).into_iter().collect();
    let inherited = std::env::vars_os()
        .filter(|(name, _)| name.as_encoded_bytes() != variable.0.as_bytes())
        .map(|(name, value)| [name.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat());
    let more = format!("{}={}", variable.0, variable.1).into_bytes();
    let variables: Vec<CString> = inherited.chain([more]).filter_map(text).collect();
    let mut attributes = PosixSpawnAttr::init().map_err(failed)?;
    if let Some(mask) = thread::mask_of_program() {
        // SAFETY: what pthread_sigmask has written.
        let mask = unsafe { SigSet::from_sigset_t_unchecked(mask) };
        attributes.set_sigmask(&mask).map_err(failed)?;
        attributes.set_flags(PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK).map_err(failed)?;
    }
    let pid = posix_spawn("/proc/self/exe", &actions, &attributes, &arguments, &variables).map_err(failed)?;
    Ok(pid.as_raw().cast_unsigned())
}

/// The descriptors, but the standard ones, that a program would have after exec.
pub(crate) fn inheritable() -> Vec<RawFd> {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // SAFETY: asks for the descriptor's flags.
    numbers.filter(|&fd| fd > 2 && unsafe { libc::fcntl(fd, libc::F_GETFD) } == 0).collect()
}

/// Closes descriptors that came over exec, and that nobody here knows.
pub(crate) fn close_all(numbers: &[RawFd]) {
    for &fd in numbers {
        // SAFETY: whoever wrote them down had them before this program began.
        unsafe { libc::close(fd) };
    }
}

/// Undoes a child of this process that nothing can be kept an eye on with: kills and reaps it. Not if it has ended and been reaped:
/// its number may be another's.
pub(crate) fn undo(pid: u32) {
    use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
    let pid = nix::unistd::Pid::from_raw(pid.cast_signed());
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    if waitid(Id::Pid(pid), look) != Err(nix::errno::Errno::ECHILD) {
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        while waitpid(pid, None) == Err(nix::errno::Errno::EINTR) {}
    }
}

/// Takes a variable out of this process's environment, whatever it says.
pub(crate) fn take_variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    // SAFETY: called first in main, where there is one thread: nobody else reads the environment meanwhile.
    unsafe { std::env::remove_var(name) };
    Some(value)
}

/// What this process does with SIGINT (signal(7)), which a terminal sends to all of its processes.
pub(crate) struct Interrupts(libc::sighandler_t);

/// Ignores it from now on. Returns what was done before.
pub(crate) fn ignore_interrupts() -> Interrupts {
    // SAFETY: no handler of ours is called.
    Interrupts(unsafe { libc::signal(libc::SIGINT, libc::SIG_IGN) })
}

/// As before, unless somebody has chosen something else meanwhile.
pub(crate) fn heed_interrupts(before: &Interrupts) {
    if before.0 == libc::SIG_ERR {
        return;
    }
    // SAFETY: each handler was the program's, which this process still is.
    unsafe {
        let now = libc::signal(libc::SIGINT, before.0);
        if now != libc::SIG_IGN {
            libc::signal(libc::SIGINT, now);
        }
    }
}

/// What this process does with SIGPIPE (signal(7)).
pub(crate) struct Pipes(libc::sighandler_t);

/// Ignores it from now on: who writes to nobody is told by the call. Returns what was done before.
pub(crate) fn ignore_pipes() -> Pipes {
    // SAFETY: no handler of ours is called.
    Pipes(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) })
}

/// As before.
pub(crate) fn heed_pipes(before: &Pipes) {
    if before.0 != libc::SIG_ERR {
        // SAFETY: the handler was the program's, which this process still is.
        unsafe { libc::signal(libc::SIGPIPE, before.0) };
    }
}

/// Descriptors by their numbers. Errors: `Closed` names one that is not open.
pub(crate) fn borrow_all(numbers: &[RawFd]) -> Result<Vec<BorrowedFd<'_>>> {
    let borrow = |&number: &RawFd| {
        // SAFETY: asks for the descriptor's flags.
        if number < 0 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
            return Err(Error::with(ErrorKind::Closed, format!("descriptor {number} is not open")));
        }
        // SAFETY: it is open; who names it keeps it so for the time of this call.
        Ok(unsafe { BorrowedFd::borrow_raw(number) })
    };
    numbers.iter().map(borrow).collect()
}

/// Gives descriptors to this process under these numbers, which nobody uses, or which are standard streams.
pub(crate) fn place(fds: Vec<OwnedFd>, numbers: &[RawFd]) -> Result<()> {
    let above = numbers.iter().copied().max().unwrap_or(2).saturating_add(1);
    // First out of the way: one may have the number that another is to have.
    let lifted: Vec<OwnedFd> = fds.iter().map(|fd| lift(fd, above)).collect::<Result<_>>()?;
    drop(fds);
    for (fd, &number) in lifted.iter().zip(numbers) {
        // SAFETY: asks for the descriptor's flags.
        if number > 2 && unsafe { libc::fcntl(number, libc::F_GETFD) } >= 0 {
            let detail = format!("descriptor {number} is in use in the new process already");
            return Err(Error::with(ErrorKind::Exists, detail));
        }
        // SAFETY: makes `number` mean the same file; whatever it meant before is closed.
        if unsafe { libc::dup2(fd.as_raw_fd(), number) } < 0 {
            return Err(error("dup2", errno()));
        }
    }
    Ok(())
}

/// As [`lift`]; `None` if this process may have no such number (RLIMIT_NOFILE).
pub(crate) fn try_lift(fd: &OwnedFd, above: RawFd) -> Result<Option<OwnedFd>> {
    match lift(fd, above) {
        Err(e) if e.os_error() == Some(libc::EINVAL) => Ok(None),
        lifted => lifted.map(Some),
    }
}

/// As [`lift`]; if this process may have no such number, the descriptor keeps its own.
pub(crate) fn lift_if_allowed(fd: OwnedFd, above: RawFd) -> Result<OwnedFd> {
    Ok(try_lift(&fd, above)?.unwrap_or(fd))
}

/// A second descriptor of the same file, numbered from `above` on.
pub(crate) fn lift(fd: &OwnedFd, above: RawFd) -> Result<OwnedFd> {
    // SAFETY: makes a second descriptor.
    let lifted = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, above) };
    if lifted < 0 {
        return Err(error("fcntl(F_DUPFD_CLOEXEC)", errno()));
    }
    // SAFETY: the kernel has just made it.
    Ok(unsafe { OwnedFd::from_raw_fd(lifted) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_no_childs_means_one_who_has_ended() {
        let stranger = std::os::unix::process::parent_id();
        let known = Pidfd::of_child(stranger).unwrap();
        assert!(known.is_over());
        assert_eq!(known.ended(true), Some(Exit::Unknown));
        assert!(!known.signal(0).unwrap(), "it would have been the stranger's");
        undo(stranger); // whoever runs this test goes on
        assert!(!Pidfd::open(stranger).unwrap().is_over());
    }
}
