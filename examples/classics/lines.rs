//! Many processes print in pieces; a lock keeps the lines whole.

use crate::{Outcome, children};
use courtyard::{Lock, Options, Scope, Timeout};
use std::fs::File;
use std::io::{Read, Write};

pub(crate) fn run(processes: usize, show: bool) -> Outcome {
    let slots = u32::try_from(processes)?.saturating_add(2); // they, their parent and ours
    let yard = Options::new().slots(slots).anonymous()?;
    let lock = Lock::create(&yard, "printer", Scope::Thread)?;
    let (mut out, paper) = pipe()?;
    let printers = children::start(|| {
        children::all(processes, |i| {
            let _guard = lock.acquire(Timeout::Forever)?;
            for piece in ["hello ", "from ", "process ", &i.to_string(), "\n"] {
                (&paper).write_all(piece.as_bytes())?;
            }
            Ok(())
        })
    })?;
    drop(paper);
    let mut text = String::new();
    out.read_to_string(&mut text)?;
    children::wait(printers)?;
    let mut said: Vec<&str> = text.lines().collect();
    if show {
        said.iter().for_each(|line| println!("{line}"));
    }
    let mut wanted: Vec<String> = (0..processes).map(|i| format!("hello from process {i}")).collect();
    said.sort_unstable();
    wanted.sort_unstable();
    if said != wanted {
        return Err("a line is not whole".into());
    }
    println!("{processes} processes, {} whole lines", said.len());
    Ok(())
}

fn pipe() -> Result<(File, File), nix::Error> {
    let (out, paper) = nix::unistd::pipe()?;
    Ok((out.into(), paper.into()))
}
