//! What processes do, in lines on standard error, with the names of those who say so.

use crate::Outcome;
use courtyard::{Process, Timeout, log_to_stderr};
use log::LevelFilter;

pub(crate) fn run() -> Outcome {
    log_to_stderr(LevelFilter::Info)?;
    log::debug!("this goes nowhere");
    log::info!("there will be a child");
    log::warn!("it may fail");
    log::error!("nothing has failed yet");
    let child = Process::fork(|| {
        println!("test");
        0
    })?;
    let end = child.join(Timeout::Forever)?;
    log::info!("{} has ended: {end}", child.name());
    if end.is_success() { Ok(()) } else { Err("that is wrong".into()) }
}
