//! Work for a pool: a long number, files, prime numbers, and tasks that end when a clock says so.

use crate::Outcome;
use crate::meeting::{self, LONG, Said};
use courtyard::{
    MapOptions, Pool, PoolOptions, StartMethod, TaskOptions, Value, Yard, as_completed, register_task,
};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

const ONCE: TaskOptions = TaskOptions { retries: 0, time_limit: None };

/// A number's digits, nine together, the last ones first.
const NINE: u64 = 1_000_000_000;

/// `base` to the power of `exponent`, in full.
fn power(base: u32, exponent: u32) -> String {
    let mut digits = vec![1u64];
    for _ in 0..exponent {
        let mut carry = 0;
        for nine in &mut digits {
            let product = *nine * u64::from(base) + carry;
            (*nine, carry) = (product % NINE, product / NINE);
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    let mut nines = digits.iter().rev();
    let first = nines.next().map(u64::to_string).unwrap_or_default();
    nines.fold(first, |text, nine| text + &format!("{nine:09}"))
}

fn is_prime(number: u64) -> bool {
    number >= 2
        && (number == 2 || !number.is_multiple_of(2))
        && (3..=number.isqrt()).step_by(2).all(|d| !number.is_multiple_of(d))
}

pub(crate) fn register() -> courtyard::Result<()> {
    register_task("power", |_, input| -> Said {
        let (base, exponent) = std::str::from_utf8(input)?.split_once(' ').ok_or("two numbers, please")?;
        Ok(power(base.parse()?, exponent.parse()?))
    })?;
    register_task("is-prime", |_, input| -> Said {
        Ok(is_prime(std::str::from_utf8(input)?.parse()?).to_string())
    })?;
    register_task("copy", |_, input| -> Said {
        let (from, to) = std::str::from_utf8(input)?.split_once('\n').ok_or("two paths, please")?;
        Ok(fs::copy(from, to)?.to_string())
    })
}

fn pool(workers: usize) -> Result<Pool, courtyard::Error> {
    Pool::create(&Yard::anonymous()?, "pool", &PoolOptions { workers, ..PoolOptions::default() })
}

/// A result that is longer than any slot.
fn a_long_number() -> Outcome {
    let result = String::from_utf8(pool(1)?.apply("power", b"323 1235", &ONCE)?)?;
    let (begin, end) = (&result[..20], &result[result.len() - 20..]);
    println!("323 to the power of 1235: {} digits, {begin}…{end}", result.len());
    let is_right = (result.len(), begin, end) == (3099, "73301874197116625252", "96527027073630500507");
    if is_right { Ok(()) } else { Err("that is wrong".into()) }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(pool: &Pool, from: &Path, to: &Path) -> Result<courtyard::Future, Box<dyn Error>> {
    Ok(pool.submit("copy", format!("{}\n{}", from.display(), to.display()).as_bytes(), &ONCE)?)
}

/// When the pool is joined, the files are there.
fn four_copies() -> Outcome {
    let folder = Folder(std::env::temp_dir().join(format!("classics-copies-{}", std::process::id())));
    fs::create_dir(&folder.0)?;
    let path = |i: usize, what: &str| folder.0.join(format!("src{i}.{what}"));
    let texts: Vec<String> = (1..=4).map(|i| format!("the text of file {i}\n").repeat(1000 * i)).collect();
    let pool = pool(4)?;
    let mut copies = Vec::new();
    for (i, text) in (1..).zip(&texts) {
        fs::write(path(i, "txt"), text)?;
        copies.push(copy(&pool, &path(i, "txt"), &path(i, "copy"))?);
    }
    meeting::finish(&pool)?;
    let mut same = 0;
    for (i, text) in (1..).zip(&texts) {
        same += usize::from(fs::read_to_string(path(i, "copy"))? == *text);
    }
    println!("{same} of {} copies are equal", copies.len());
    if same == 4 { Ok(()) } else { Err("that is wrong".into()) }
}

/// Some of these are hard.
fn primes() -> Outcome {
    const NUMBERS: [u64; 6] = [
        112_272_535_095_293,
        112_582_705_942_171,
        112_232_535_095_293,
        115_280_095_190_773,
        115_797_848_077_099,
        1_099_726_899_285_419,
    ];
    let inputs = NUMBERS.map(|number| number.to_string());
    let mut answers = Vec::new();
    for (number, is_prime) in
        NUMBERS.iter().zip(pool(2)?.imap("is-prime", &inputs, &MapOptions::default())?)
    {
        let is_prime = String::from_utf8(is_prime?)?;
        println!("{number} is prime: {is_prime}");
        answers.push(is_prime == "true");
    }
    if answers == [true, true, false, true, true, false] { Ok(()) } else { Err("that is wrong".into()) }
}

/// Five threads, each until its hour; they are told of in the order of their ends. The clock stands while somebody is awaited.
fn by_their_ends() -> Outcome {
    const HOURS: [u32; 5] = [7, 3, 4, 5, 1];
    let yard = Yard::anonymous()?;
    let clock = Value::<u32>::create(&yard, "clock")?;
    let theirs = Value::<u32>::open(&yard, "clock")?;
    register_task("until", move |_, hour| -> Said {
        let hour: u32 = std::str::from_utf8(hour)?.parse()?;
        while theirs.get() < hour {
            sleep(Duration::from_millis(1));
        }
        Ok(format!("at {hour}"))
    })?;
    let options =
        PoolOptions { workers: HOURS.len(), method: StartMethod::Threads, ..PoolOptions::default() };
    let pool = Pool::create(&yard, "pool", &options)?;
    let tasks = HOURS.map(|hour| pool.submit("until", hour.to_string().as_bytes(), &ONCE));
    let tasks = tasks.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut ended = as_completed(&tasks, LONG);
    let mut order = Vec::new();
    for hour in 1..=7 {
        clock.set(hour);
        if HOURS.contains(&hour) {
            let task = ended.next().ok_or("somebody is missing")??;
            let number = tasks.iter().position(|other| other.id() == task.id()).ok_or("who is that?")?;
            order.push(format!("{} {}", number + 1, String::from_utf8(task.result(LONG)?)?));
        }
    }
    let order = order.join(", ");
    println!("by their ends: {order}");
    if order == "5 at 1, 2 at 3, 3 at 4, 4 at 5, 1 at 7" { Ok(()) } else { Err("that is wrong".into()) }
}

pub(crate) fn run() -> Outcome {
    a_long_number()?;
    four_copies()?;
    primes()?;
    by_their_ends()
}
