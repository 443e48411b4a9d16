//! Six buyers, one ticket. How many are left stands in a file; the lock around look-up and purchase is in the yard.

use crate::{Outcome, children};
use courtyard::{Lock, Scope, Timeout, Value, Yard};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

const BUYERS: usize = 6;

/// A file that is removed at the end, by whoever made it.
struct Office(PathBuf, u32);

impl Office {
    fn open(tickets: u32) -> Result<Office, std::io::Error> {
        let me = std::process::id();
        let path = std::env::temp_dir().join(format!("classics-tickets-{me}"));
        fs::write(&path, tickets.to_string())?;
        Ok(Office(path, me))
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        if self.1 == std::process::id() {
            let _ = fs::remove_file(&self.0);
        }
    }
}

fn left(office: &Path) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(fs::read_to_string(office)?.parse()?)
}

/// Looks, thinks, buys. Whether it got one.
fn buy(office: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let seen = left(office)?;
    sleep(Duration::from_millis(5));
    if seen == 0 {
        return Ok(false);
    }
    fs::write(office, (seen - 1).to_string())?;
    Ok(true)
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let lock = Lock::create(&yard, "office", Scope::Thread)?;
    let sold = Value::<u32>::create(&yard, "sold")?;
    let looked = Value::<u64>::create(&yard, "looked")?;
    let office = Office::open(1)?;
    children::all(BUYERS, |_| {
        let seen = left(&office.0)?;
        looked.fetch_add(1);
        while looked.get() < BUYERS as u64 {
            std::thread::yield_now();
        }
        // Everybody has looked, as people do, and seen the one ticket; only the purchase counts.
        let _guard = lock.acquire(Timeout::Forever)?;
        if seen > 0 && buy(&office.0)? {
            sold.fetch_add(1);
        }
        Ok(())
    })?;
    println!("{BUYERS} buyers see 1 ticket; with a lock around the purchase {} is sold", sold.get());
    if sold.get() != 1 || left(&office.0)? != 0 {
        return Err("that is wrong".into());
    }
    let oversold = without_a_lock(&yard, &office)?;
    println!("without it {oversold} are sold");
    if oversold < 2 { Err("nobody was too late".into()) } else { Ok(()) }
}

/// Everybody reads the one ticket before anybody writes.
fn without_a_lock(yard: &Yard, office: &Office) -> Result<u32, Box<dyn std::error::Error>> {
    fs::write(&office.0, "1")?;
    let (sold, looked) = (Value::<u32>::create(yard, "oversold")?, Value::<u64>::create(yard, "all-looked")?);
    children::all(BUYERS, |_| {
        let seen = left(&office.0)?;
        looked.fetch_add(1);
        while looked.get() < BUYERS as u64 {
            std::thread::yield_now();
        }
        fs::write(&office.0, (seen - 1).to_string())?;
        sold.fetch_add(1);
        Ok(())
    })?;
    Ok(sold.get())
}
