//! What the kernel says about a process: its state, and in which call it sleeps.

use std::fs;
use std::ops::Range;
use std::sync::OnceLock;

/// The state letter of a thread (R, S, D, T, t, Z); nothing if there is no such thread.
pub(crate) fn state(pid: i32, tid: i32) -> Option<char> {
    let line = fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
    // The name stands in parentheses and may itself contain some.
    line.rsplit_once(") ")?.1.chars().next()
}

/// Whether the thread sleeps in the kernel until something happens.
pub(crate) fn sleeps(pid: i32, tid: i32) -> bool {
    state(pid, tid) == Some('S')
}

/// Whether nothing runs, or waits for a processor, of the process and its descendants, in whatever thread. (The first thread
/// of a process that is being killed may be gone while others still wait for a processor to die on.)
pub(crate) fn all_rest(pid: i32) -> bool {
    let rests = |thread: &i32| !matches!(state(pid, *thread), Some('R' | 'D'));
    threads(pid).iter().all(rests) && children(pid).into_iter().all(all_rest)
}

fn threads(pid: i32) -> Vec<i32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok()).collect()
}

/// How often the thread has gone to sleep of itself: unchanged between two looks, it slept all the time.
pub(crate) fn sleeps_begun(pid: i32, tid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
    line.split_whitespace().last()?.parse().ok()
}

/// One line on a process and on its children, for people.
pub(crate) fn describe(pid: i32) -> String {
    let mut line = describe_thread(pid, pid);
    for child in children(pid) {
        line.push_str(&format!("; its child {}", describe_thread(child, child)));
    }
    line
}

/// One line on a thread, for people.
pub(crate) fn describe_thread(pid: i32, tid: i32) -> String {
    let Some(state) = state(pid, tid) else { return format!("{tid} is gone") };
    let read = |what: &str| fs::read_to_string(format!("/proc/{pid}/task/{tid}/{what}")).unwrap_or_default();
    let call = read("syscall");
    let call = call.split_whitespace().next().unwrap_or("unknown");
    format!("{tid} is in state {state}, system call {call}, sleeping in {:?}", read("wchan").trim())
}

fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// A code address as an offset into the file it came from, in the form that address-to-line tools take.
pub(crate) fn place(address: u64) -> String {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut base = (0, "");
    for line in maps.lines() {
        let Some((start, end, offset, path)) = mapping(line) else { continue };
        if offset == 0 {
            base = (start, path);
        }
        if (start..end).contains(&address) {
            let from = if base.1 == path { base.0 } else { start };
            let file = path.rsplit('/').next().unwrap_or(path);
            return format!("{file}+{:#x}", address - from);
        }
    }
    format!("{address:#x}")
}

/// Where the code lies that the kernel lends to every process, such as the reading of clocks.
/// The same in whoever is forked after the first look.
pub(crate) fn lent_code() -> Range<u64> {
    static LENT: OnceLock<Range<u64>> = OnceLock::new();
    let look = || {
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let found = maps.lines().filter_map(mapping).find(|(_, _, _, path)| *path == "[vdso]");
        found.map_or(0..0, |(start, end, _, _)| start..end)
    };
    LENT.get_or_init(look).clone()
}

fn mapping(line: &str) -> Option<(u64, u64, u64, &str)> {
    let mut fields = line.split_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let offset = fields.nth(1)?;
    let path = fields.nth(2).unwrap_or("");
    let number = |digits| u64::from_str_radix(digits, 16).ok();
    Some((number(start)?, number(end)?, number(offset)?, path))
}

/// The shared, writable mappings of a process: address and length.
pub(crate) fn shared_mappings(pid: i32) -> Vec<(u64, usize)> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    let shared = |line: &&str| line.split_whitespace().nth(1) == Some("rw-s");
    maps.lines()
        .filter(shared)
        .filter_map(mapping)
        .map(|(start, end, _, _)| (start, (end - start) as usize))
        .collect()
}
