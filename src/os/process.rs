//! Facts about this process and others, from the kernel and from /proc.

/// This process.
pub(crate) fn pid() -> u32 {
    std::process::id()
}

/// Whose child this process is, as far as the kernel is concerned.
pub(crate) fn parent() -> u32 {
    nix::unistd::getppid().as_raw().cast_unsigned()
}

/// The calling thread, as the kernel numbers it in its own PID namespace.
pub(crate) fn tid() -> u32 {
    nix::unistd::gettid().as_raw().cast_unsigned()
}

/// The PID namespace that numbers this process: what /proc/self/ns/pid leads to (namespaces(7)); 0 if /proc does not tell.
pub(crate) fn namespace() -> u32 {
    use std::os::linux::fs::MetadataExt;
    std::fs::metadata("/proc/self/ns/pid").map_or(0, |facts| facts.st_ino() as u32)
}

/// When the process started, in clock ticks since boot (proc(5), field 22); 0 if /proc does not tell.
pub(crate) fn start_time(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .as_deref()
        // The command, field 2, may contain anything but ends with the last ')'.
        .and_then(|s| s.rsplit_once(')'))
        .and_then(|(_, rest)| rest.split_whitespace().nth(19))
        .and_then(|field| field.parse().ok())
        .unwrap_or(0)
}

/// The short name of this process (proc(5), comm).
pub(crate) fn name() -> String {
    std::fs::read_to_string("/proc/self/comm").map(|s| s.trim_end().to_owned()).unwrap_or_default()
}

/// The CPUs that the calling thread may use, a bit for each (sched_getaffinity(2)); `None` on a machine of more than 1024.
pub(crate) fn cpus() -> Option<[u64; 16]> {
    let mut bits = [0_u64; 16];
    // SAFETY: the kernel writes at most the length it is told; 0 is the calling thread.
    let written =
        unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(&bits), bits.as_mut_ptr()) };
    (written > 0).then_some(bits)
}

/// Keeps the calling thread on one CPU.
#[cfg(test)]
pub(crate) fn stay_on(cpu: usize) {
    let mut one = nix::sched::CpuSet::new();
    one.set(cpu).unwrap();
    nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &one).unwrap();
}

/// How much memory the control group (cgroup v2) still allows; `None` if there is no limit to be seen.
pub(crate) fn memory_left() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = groups.lines().find_map(|l| l.strip_prefix("0::"))?;
    left_below(std::path::Path::new("/sys/fs/cgroup"), path.trim_start_matches('/'))
}

/// The same, of the group at `path` below `root` and those above it.
fn left_below(root: &std::path::Path, path: &str) -> Option<u64> {
    let mut left: Option<u64> = None;
    let mut dir = root.join(path);
    while dir.starts_with(root) {
        if let (Some(max), Some(used)) =
            (figure(&dir.join("memory.max")), figure(&dir.join("memory.current")))
        {
            let here = max.saturating_sub(used.saturating_sub(cached(&dir)));
            left = Some(left.map_or(here, |l| l.min(here)));
        }
        if !dir.pop() {
            break;
        }
    }
    left
}

/// What the kernel gives up when memory is asked for: what files have in memory, but for shared memory.
fn cached(group: &std::path::Path) -> u64 {
    let stat = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let figures = stat.lines().filter_map(|line| {
        let number = line.strip_prefix("active_file ").or_else(|| line.strip_prefix("inactive_file "))?;
        number.trim().parse::<u64>().ok()
    });
    figures.fold(0, u64::saturating_add)
}

fn figure(path: &std::path::Path) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok() // "max" is no number: no limit
}

#[cfg(test)]
mod tests {
    use super::left_below;

    #[test]
    fn what_files_have_in_memory_is_to_be_had() {
        let root = std::env::temp_dir().join(format!("cyd-groups-{}", std::process::id()));
        let group = root.join("a/b");
        std::fs::create_dir_all(&group).unwrap();
        assert_eq!(left_below(&root, "a/b"), None, "nothing says that there is a limit");
        let write =
            |dir: &std::path::Path, name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
        write(&group, "memory.max", "1000\n");
        write(&group, "memory.current", "900\n");
        assert_eq!(left_below(&root, "a/b"), Some(100));
        write(&group, "memory.stat", "anon 300\nfile 600\nshmem 100\ninactive_file 400\nactive_file 100\n");
        assert_eq!(left_below(&root, "a/b"), Some(600));
        write(&root.join("a"), "memory.max", "max\n");
        write(&root.join("a"), "memory.current", "5000\n");
        assert_eq!(left_below(&root, "a/b"), Some(600));
        write(&root.join("a"), "memory.max", "5500\n");
        assert_eq!(left_below(&root, "a/b"), Some(500), "the tightest one counts");
        std::fs::remove_dir_all(&root).unwrap();
    }
}
