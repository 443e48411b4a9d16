//! Timing by alternating rounds.
//!
//! The host moves virtual CPUs between cores while a program runs, so absolute times mean little. Every round runs
//! all variants one after the other; what is judged is the median over the rounds of each variant's time divided by
//! the baseline's time of the same round.
#![allow(dead_code, missing_docs, unreachable_pub, unsafe_code, clippy::unwrap_used)] // each bench uses what it needs; a failed one may stop

pub mod library;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How many rounds; the first is thrown away. `cargo test --benches` runs one, to see that it works.
pub fn rounds() -> usize {
    if is_trial() { 2 } else { std::env::var("ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(21) }
}

/// Whether this is no measurement but a check that the bench works.
pub fn is_trial() -> bool {
    !std::env::args().any(|a| a == "--bench")
}

/// Whether this table is wanted: all are if no argument names one by a part of its title.
fn is_wanted(title: &str) -> bool {
    let mut parts = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).peekable();
    parts.peek().is_none() || parts.any(|part| title.contains(&part))
}

/// Scales the work of a round.
pub fn scale(n: u64) -> u64 {
    if is_trial() { (n / 100).max(1) } else { n }
}

/// The CPUs that the process could use when it began.
fn all_cpus() -> &'static [usize] {
    static CPUS: OnceLock<Vec<usize>> = OnceLock::new();
    CPUS.get_or_init(|| {
        // SAFETY: plain values on the stack; pid 0 is the calling thread.
        unsafe {
            let mut allowed: libc::cpu_set_t = std::mem::zeroed();
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut allowed);
            (0..1024).filter(|&c| libc::CPU_ISSET(c, &allowed)).collect()
        }
    })
}

/// How many there are.
pub fn cpu_count() -> usize {
    all_cpus().len()
}

/// The first `count` of them, some twice if there are fewer.
pub fn cpus(count: usize) -> Vec<usize> {
    let cpus = all_cpus();
    (0..count).map(|index| cpus[index % cpus.len()]).collect()
}

/// Pins the calling thread to the `index`-th CPU that the process could use when it began.
pub fn pin(index: usize) {
    // SAFETY: plain values on the stack; pid 0 is the calling thread.
    unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpus(index + 1)[index], &mut one);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one);
    }
}

/// How long this process and its children, and theirs, use CPUs within such a time, in which this thread sleeps.
pub fn cpu_time(within: Duration) -> Duration {
    let before = used(std::process::id());
    std::thread::sleep(within);
    used(std::process::id()) - before
}

/// How long a process and its children, and theirs, have used CPUs.
fn used(pid: u32) -> Duration {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Duration::ZERO };
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mut sum = Duration::ZERO;
    for thread in threads.flatten() {
        let first = |text: String| text.split_whitespace().next().and_then(|it| it.parse().ok());
        sum += Duration::from_nanos(first(read(thread.path().join("schedstat"))).unwrap_or(0));
        let children = read(thread.path().join("children"));
        sum += children.split_whitespace().flat_map(str::parse).map(used).sum::<Duration>();
    }
    sum
}

/// What the figures were measured on.
pub fn describe(title: &str) {
    let read = |p: &str| std::fs::read_to_string(p).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model =
        cpu.lines().find(|l| l.starts_with("model name")).unwrap_or("model name : unknown").to_owned();
    let siblings = read("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list");
    println!("# {title}");
    println!(
        "# {}, CPU 0 shares its core with CPUs {}, {} rounds",
        model.trim(),
        siblings.trim(),
        rounds() - 1
    );
}

/// One way to do the work: does it `n` times.
pub struct Variant<'a> {
    pub name: String,
    pub run: Box<dyn FnMut(u64) + 'a>,
}

pub fn variant<'a>(name: impl Into<String>, run: impl FnMut(u64) + 'a) -> Variant<'a> {
    Variant { name: name.into(), run: Box::new(run) }
}

/// Runs the variants in turn; the first is the baseline. Prints a line for each.
pub fn compare(title: &str, n: u64, mut variants: Vec<Variant<'_>>) {
    if !is_wanted(title) {
        return;
    }
    let n = scale(n);
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); variants.len()];
    for round in 0..rounds() {
        for (variant, times) in variants.iter_mut().zip(&mut times) {
            let start = Instant::now();
            (variant.run)(n);
            if round > 0 {
                times.push(start.elapsed());
            }
        }
    }
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    print(title, "ns each", &names, &times, n as f64);
}

/// A way to do something that says itself how long it took.
pub type Timed<'a> = (&'static str, Box<dyn FnMut() -> Duration + 'a>);

/// As [`compare`], for what is measured from within: `count` rounds, of which the first is thrown away.
pub fn compare_timed(title: &str, count: usize, mut ways: Vec<Timed<'_>>) {
    if !is_wanted(title) {
        return;
    }
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    for round in 0..count {
        for ((_, way), times) in ways.iter_mut().zip(&mut times) {
            let time = way();
            if round > 0 {
                times.push(time);
            }
        }
    }
    let names: Vec<&str> = ways.iter().map(|(name, _)| *name).collect();
    print(title, "µs", &names, &times, 1e3);
}

/// A line for each way: its median time, and its time by that of the first way in the same round.
fn print(title: &str, unit: &str, names: &[&str], times: &[Vec<Duration>], per: f64) {
    println!("\n{title}");
    println!("{:<44} {unit:>10} {:>8} {:>15}", "", "ratio", "(min … max)");
    for (name, mine) in names.iter().zip(times) {
        let mut ratios: Vec<f64> =
            mine.iter().zip(&times[0]).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        let mut each: Vec<f64> = mine.iter().map(|t| t.as_nanos() as f64 / per).collect();
        each.sort_by(f64::total_cmp);
        let middle = ratios.len() / 2;
        println!(
            "{name:<44} {:>10.2} {:>8.3} {:>15}",
            each[middle],
            ratios[middle],
            format!("({:.2} … {:.2})", ratios[0], ratios[ratios.len() - 1]),
        );
    }
}
