//! Which instructions read or write what several processes have mapped.

use std::collections::BTreeMap;
use std::ops::Range;

use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, Register, UsedMemory};
use nix::errno::Errno;

use crate::procfs;
use crate::tracer::Tracee;

/// So often a place is news: a loop is entered, gone through, and left.
const TIMES: u32 = 3;

/// The shared mappings of one process, as they were when its operation began.
pub(crate) struct Accesses {
    shared: Vec<Range<u64>>,
    /// How often each place was met.
    met: BTreeMap<u64, u32>,
    decoder: InstructionInfoFactory,
}

impl Accesses {
    /// Those of this process.
    pub(crate) fn of(pid: i32) -> Accesses {
        let shared = procfs::shared_mappings(pid).into_iter();
        let shared = shared.map(|(start, length)| start..start + length as u64).collect();
        Accesses { shared, met: BTreeMap::new(), decoder: InstructionInfoFactory::new() }
    }

    /// Whether the access at this place is one of the first there. Who looks again and again finds nothing new.
    pub(crate) fn is_news(&mut self, rip: u64) -> bool {
        let met = self.met.entry(rip).or_default();
        *met += 1;
        *met <= TIMES
    }

    /// Whether the instruction at `rip`, which is the next one, does.
    pub(crate) fn next_is_one(&mut self, tracee: &Tracee, rip: u64) -> Result<bool, Errno> {
        let code = tracee.code(rip);
        let instruction = Decoder::with_ip(64, &code, rip, DecoderOptions::NONE).decode();
        let used = self.decoder.info(&instruction).used_memory();
        if used.is_empty() {
            return Ok(false);
        }
        let registers = tracee.registers()?;
        Ok(used.iter().any(|memory| is_in(&self.shared, memory, &registers)))
    }
}

/// An address that cannot be made out counts as shared.
fn is_in(shared: &[Range<u64>], memory: &UsedMemory, registers: &libc::user_regs_struct) -> bool {
    let address = memory.virtual_address(0, |register, _, _| value(register, registers));
    address.is_none_or(|address| shared.iter().any(|range| range.contains(&address)))
}

/// What stands in a register that an address is made of.
fn value(register: Register, registers: &libc::user_regs_struct) -> Option<u64> {
    let whole = match register.full_register() {
        Register::RAX => registers.rax,
        Register::RBX => registers.rbx,
        Register::RCX => registers.rcx,
        Register::RDX => registers.rdx,
        Register::RSI => registers.rsi,
        Register::RDI => registers.rdi,
        Register::RBP => registers.rbp,
        Register::RSP => registers.rsp,
        Register::R8 => registers.r8,
        Register::R9 => registers.r9,
        Register::R10 => registers.r10,
        Register::R11 => registers.r11,
        Register::R12 => registers.r12,
        Register::R13 => registers.r13,
        Register::R14 => registers.r14,
        Register::R15 => registers.r15,
        Register::FS => registers.fs_base,
        Register::GS => registers.gs_base,
        Register::CS | Register::DS | Register::ES | Register::SS => 0,
        _ => return None,
    };
    Some(if register.size() == 4 { whole & u64::from(u32::MAX) } else { whole })
}
