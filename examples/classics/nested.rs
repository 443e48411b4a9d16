//! A locked operation that calls locked operations.

use crate::Outcome;
use courtyard::{ErrorKind, Lock, RLock, Scope, Timeout, Value, Yard};
use std::time::Duration;

/// Two numbers under one lock.
struct Pair {
    lock: RLock,
    a: Value<i64>,
    b: Value<i64>,
}

impl Pair {
    fn new(yard: &Yard, a: i64, b: i64) -> courtyard::Result<Pair> {
        let number = |name, value| {
            let number = Value::open_or_create(yard, name)?;
            number.set(value);
            Ok::<_, courtyard::Error>(number)
        };
        Ok(Pair { lock: RLock::open_or_create(yard, "pair")?, a: number("a", a)?, b: number("b", b)? })
    }

    fn change_a(&self) -> courtyard::Result<()> {
        let _guard = self.lock.acquire(Timeout::Forever)?;
        self.a.set(self.a.get() + 1);
        Ok(())
    }

    fn change_b(&self) -> courtyard::Result<()> {
        let _guard = self.lock.acquire(Timeout::Forever)?;
        self.b.set(self.b.get() + self.a.get());
        Ok(())
    }

    fn change_both(&self) -> courtyard::Result<()> {
        let _guard = self.lock.acquire(Timeout::Forever)?;
        self.change_a()?;
        self.change_b()
    }

    /// Both numbers, which are equal only together.
    fn count(&self) -> courtyard::Result<(i64, i64)> {
        let _outer = self.lock.acquire(Timeout::Forever)?;
        self.a.fetch_add(1);
        let _inner = self.lock.acquire(Timeout::Forever)?;
        self.b.fetch_add(1);
        Ok((self.a.get(), self.b.get()))
    }
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    let pair = Pair::new(&yard, 1, 2)?;
    pair.change_both()?;
    println!("a = {}, b = {}", pair.a.get(), pair.b.get());
    if (pair.a.get(), pair.b.get()) != (2, 4) {
        return Err("that is wrong".into());
    }
    let plain = Lock::create(&yard, "plain", Scope::Thread)?;
    let _guard = plain.acquire(Timeout::Forever)?;
    for (wait, wanted) in
        [(Timeout::Forever, ErrorKind::Deadlock), (Duration::from_millis(5).into(), ErrorKind::Timeout)]
    {
        match plain.acquire(wait).map(drop) {
            Err(e) if e.kind() == wanted => println!("with a plain lock: {e}"),
            other => return Err(format!("with a plain lock: {other:?}").into()),
        }
    }
    counted_by_ten(&yard)
}

fn counted_by_ten(yard: &Yard) -> Outcome {
    let pair = Pair::new(yard, 0, 0)?;
    let pairs = std::thread::scope(|s| {
        let threads: Vec<_> = (0..10).map(|_| s.spawn(|| pair.count())).collect();
        threads.into_iter().map(|t| t.join().map_err(|_| "a thread panicked")).collect::<Result<Vec<_>, _>>()
    })?;
    let mut pairs = pairs.into_iter().collect::<courtyard::Result<Vec<_>>>()?;
    pairs.sort_unstable();
    println!("ten threads saw {pairs:?}");
    if pairs != (1..=10).map(|i| (i, i)).collect::<Vec<_>>() {
        return Err("that is wrong".into());
    }
    Ok(())
}
