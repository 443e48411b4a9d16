//! The bytes whose changes are events, when points are chosen.

use std::os::unix::fs::FileExt;

use crate::procfs;

/// What is compared after each step of the recording.
pub(crate) enum Watch {
    /// Nothing: system calls are the only events.
    Nothing,
    /// A range of a mapping that the stage has as well: address and length.
    Range(*const u8, usize),
    /// Bytes that somebody reads, given the victim's process number.
    Bytes(Box<dyn Fn(i32) -> Vec<u8>>),
    /// Every shared writable mapping the victim has made since `act` began, up to so many bytes of each.
    NewMappings(usize),
}

/// A watch and what it saw last.
pub(crate) struct Watcher {
    watch: Watch,
    victim: i32,
    seen: Vec<u8>,
    old: Vec<(u64, usize)>,
    new: Vec<(u64, usize)>,
}

impl Watcher {
    /// Begins to watch.
    pub(crate) fn new(watch: Watch, victim: i32) -> Watcher {
        let old = procfs::shared_mappings(victim);
        let mut watcher = Watcher { watch, victim, seen: Vec::new(), old, new: Vec::new() };
        watcher.changed(true);
        watcher
    }

    /// Whether the bytes differ from the last look. Mappings come and go only by a system call.
    pub(crate) fn changed(&mut self, was_call: bool) -> bool {
        if was_call && matches!(self.watch, Watch::NewMappings(_)) {
            let now = procfs::shared_mappings(self.victim);
            self.new = now.into_iter().filter(|mapping| !self.old.contains(mapping)).collect();
        }
        let now = match &self.watch {
            Watch::Nothing => return false,
            Watch::Range(start, length) => {
                if same(&self.seen, *start, *length) {
                    return false;
                }
                copy(*start, *length)
            }
            Watch::Bytes(read) => read(self.victim),
            Watch::NewMappings(most) => self.read_mappings(*most),
        };
        let changed = now != self.seen;
        self.seen = now;
        changed
    }

    fn read_mappings(&self, most: usize) -> Vec<u8> {
        let mut all = Vec::new();
        let Ok(memory) = std::fs::File::open(format!("/proc/{}/mem", self.victim)) else { return all };
        for &(start, length) in &self.new {
            let from = all.len();
            all.resize(from + length.min(most), 0);
            // Pages behind the end of a file cannot be read; they count as zero.
            let _ = memory.read_exact_at(&mut all[from..], start);
        }
        all
    }
}

fn same(seen: &[u8], start: *const u8, length: usize) -> bool {
    // SAFETY: the operation promises that `length` bytes are mapped at `start`; the victim stands still.
    seen.len() == length && unsafe { libc::memcmp(seen.as_ptr().cast(), start.cast(), length) == 0 }
}

fn copy(start: *const u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    // SAFETY: as in `same`, and the new vector is as long.
    unsafe { libc::memcpy(bytes.as_mut_ptr().cast(), start.cast(), length) };
    bytes
}
