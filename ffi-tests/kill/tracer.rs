//! One traced thread: step it, run it to its next system call, read and write its registers.

use std::mem::offset_of;
use std::thread::sleep;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::procfs;

/// `siginfo` code of a trap that an int3 made.
const SI_KERNEL: i32 = 0x80;
/// The two bytes of the instruction `syscall`.
const SYSCALL: u16 = 0x050f;
const LOOK: Duration = Duration::from_micros(500);
const LOOKS: u32 = 6;
/// A system call that does not sleep is over after so many turns of another process, or soon after.
const YIELDS: u32 = 16;

/// Why the thread came to a halt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// It executed a mark.
    Mark,
    /// It did one instruction.
    Step,
    /// It enters or leaves a system call.
    Call,
    /// It got a signal, not yet delivered.
    Signal(Signal),
    /// It is no more.
    Gone(String),
    /// It has not halted: it sleeps in a system call.
    Asleep,
}

/// A thread that halts and runs by our word.
pub(crate) struct Tracee {
    pid: i32,
    tid: i32,
    signal: Option<Signal>,
}

impl Tracee {
    /// Takes over a thread that has asked to be traced, and waits for its first mark.
    pub(crate) fn at_first_mark(pid: i32, tid: i32) -> Result<Tracee, String> {
        let mut tracee = Tracee { pid, tid, signal: None };
        loop {
            match tracee.wait() {
                Halt::Mark => break,
                Halt::Gone(how) => return Err(format!("the victim never began: {how}")),
                _ => tracee.go_on().map_err(|errno| format!("the victim cannot be continued: {errno}"))?,
            }
        }
        let options = ptrace::Options::PTRACE_O_EXITKILL | ptrace::Options::PTRACE_O_TRACESYSGOOD;
        ptrace::setoptions(tracee.thread(), options)
            .map_err(|errno| format!("PTRACE_SETOPTIONS: {errno}"))?;
        Ok(tracee)
    }

    fn thread(&self) -> Pid {
        Pid::from_raw(self.tid)
    }

    /// The process number.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// The thread number.
    pub(crate) fn tid(&self) -> i32 {
        self.tid
    }

    /// Where the next instruction lies.
    pub(crate) fn rip(&self) -> u64 {
        let offset = offset_of!(libc::user_regs_struct, rip);
        ptrace::read_user(self.thread(), offset as ptrace::AddressType).map_or(0, |rip| rip as u64)
    }

    /// The registers.
    pub(crate) fn registers(&self) -> Result<libc::user_regs_struct, Errno> {
        ptrace::getregs(self.thread())
    }

    /// The bytes at this address, as many as the longest instruction has, and one. What cannot be read counts as zero.
    pub(crate) fn code(&self, rip: u64) -> [u8; 16] {
        let word =
            |at: u64| ptrace::read(self.thread(), at as ptrace::AddressType).map_or(0, |word| word as u64);
        (u128::from(word(rip)) | u128::from(word(rip + 8)) << 64).to_le_bytes()
    }

    /// Whether the instruction at this address is a system call.
    pub(crate) fn is_call(&self, rip: u64) -> bool {
        ptrace::read(self.thread(), rip as ptrace::AddressType).is_ok_and(|word| word as u16 == SYSCALL)
    }

    /// Does one instruction. Over a system call it may answer `Asleep`; then wait again.
    pub(crate) fn step(&mut self, is_call: bool) -> Result<Halt, Errno> {
        ptrace::step(self.thread(), self.signal.take())?;
        Ok(if is_call { self.wait_or_asleep() } else { self.wait() })
    }

    /// Runs until the thread comes to this place; a trap of any other kind ends the run as well. It may answer
    /// `Asleep`: an operation that is not steady may sleep once more on its way there.
    pub(crate) fn run_to_place(&mut self) -> Result<Halt, Errno> {
        self.go_on()?;
        Ok(self.wait_or_asleep())
    }

    /// Sets the one breakpoint, or takes it away.
    pub(crate) fn set_breakpoint(&self, place: Option<u64>) -> Result<(), Errno> {
        self.write_debug(7, 0)?;
        if let Some(place) = place {
            self.write_debug(0, place)?;
            self.write_debug(7, 1)?;
        }
        Ok(())
    }

    fn write_debug(&self, register: usize, value: u64) -> Result<(), Errno> {
        let offset = offset_of!(libc::user, u_debugreg) + register * size_of::<u64>();
        ptrace::write_user(self.thread(), offset as ptrace::AddressType, value as libc::c_long)
    }

    /// Runs to the next entry or exit of a system call. If it is to leave one, it may answer `Asleep`.
    pub(crate) fn run_to_call(&mut self, leaving: bool) -> Result<Halt, Errno> {
        ptrace::syscall(self.thread(), self.signal.take())?;
        Ok(if leaving { self.wait_or_asleep() } else { self.wait() })
    }

    /// Runs freely.
    pub(crate) fn go_on(&mut self) -> Result<(), Errno> {
        ptrace::cont(self.thread(), self.signal.take())
    }

    /// Lets go, with a signal.
    pub(crate) fn let_go(self, signal: Option<Signal>) -> Result<(), Errno> {
        ptrace::detach(self.thread(), signal)
    }

    /// Forgets a signal that was not yet delivered.
    pub(crate) fn drop_signal(&mut self) {
        self.signal = None;
    }

    /// Waits for the next halt.
    pub(crate) fn wait(&mut self) -> Halt {
        let status = waitpid(self.thread(), Some(WaitPidFlag::__WALL));
        self.read(status)
    }

    fn read(&mut self, status: Result<WaitStatus, Errno>) -> Halt {
        match status {
            Ok(WaitStatus::Stopped(_, Signal::SIGTRAP)) => self.read_trap(),
            Ok(WaitStatus::Stopped(_, signal)) => {
                self.signal = Some(signal);
                Halt::Signal(signal)
            }
            Ok(WaitStatus::PtraceSyscall(_)) => Halt::Call,
            Ok(other) => Halt::Gone(format!("{other:?}")),
            Err(errno) => Halt::Gone(format!("waitpid: {errno}")),
        }
    }

    fn read_trap(&self) -> Halt {
        match ptrace::getsiginfo(self.thread()) {
            Ok(info) if info.si_code == SI_KERNEL => Halt::Mark,
            Ok(_) => Halt::Step,
            Err(errno) => Halt::Gone(format!("PTRACE_GETSIGINFO: {errno}")),
        }
    }

    /// Waits for the next halt, or until the thread is seen sleeping several times with no wake between.
    fn wait_or_asleep(&mut self) -> Halt {
        let mut looks = 0;
        let mut begun = None;
        for round in 0u32.. {
            let flags = WaitPidFlag::__WALL | WaitPidFlag::WNOHANG;
            match waitpid(self.thread(), Some(flags)) {
                Ok(WaitStatus::StillAlive) => {}
                status => return self.read(status),
            }
            if round < YIELDS {
                std::thread::yield_now();
                continue;
            }
            let now = procfs::sleeps_begun(self.pid, self.tid);
            let still = procfs::sleeps(self.pid, self.tid) && now == begun;
            looks = if still { looks + 1 } else { 0 };
            begun = now;
            if looks == LOOKS {
                return Halt::Asleep;
            }
            sleep(LOOK);
        }
        Halt::Asleep
    }

    /// Brings a thread that sleeps in a system call to a halt, as any signal would.
    pub(crate) fn interrupt(&mut self) -> Halt {
        // SAFETY: tgkill takes numbers only; the thread is our tracee, so its number is not reused.
        unsafe { libc::syscall(libc::SYS_tgkill, self.pid, self.tid, libc::SIGSTOP) };
        self.wait()
    }

    /// Makes the thread end itself, alone, as its next act; whatever system call it was in is not restarted.
    pub(crate) fn end_thread(&mut self) -> Result<(), String> {
        let failed = |errno: Errno| format!("the thread cannot be made to end: {errno}");
        let mut registers = ptrace::getregs(self.thread()).map_err(failed)?;
        registers.rip = end_this_thread as *const () as u64;
        registers.orig_rax = u64::MAX;
        registers.rax = 0;
        ptrace::setregs(self.thread(), registers).map_err(failed)?;
        self.drop_signal();
        loop {
            self.go_on().map_err(failed)?;
            match self.wait() {
                Halt::Gone(_) => return Ok(()),
                Halt::Signal(_) => self.drop_signal(),
                other => return Err(format!("the thread came to a halt instead of ending: {other:?}")),
            }
        }
    }
}

unsafe extern "C" {
    /// The system call `exit` of this thread only. Uses no stack, so any stack pointer will do.
    fn end_this_thread();
}

std::arch::global_asm!(
    ".pushsection .text.end_this_thread, \"ax\", @progbits",
    ".globl end_this_thread",
    ".hidden end_this_thread",
    ".type end_this_thread, @function",
    "end_this_thread:",
    "xor edi, edi",
    "mov eax, 60",
    "syscall",
    "ud2",
    ".size end_this_thread, . - end_this_thread",
    ".popsection",
);
