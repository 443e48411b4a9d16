//! Waiting for several things at once: letters from several children, until each of them has closed its end or died.

use crate::{Outcome, children};
use courtyard::{
    CancelToken, ErrorKind, Event, EventOptions, Receiver, Ring, RingOptions, Strategy, Timeout, Waitable,
    Yard, wait_any, wait_some,
};
use std::thread::sleep;
use std::time::Duration;

const WRITERS: u8 = 4;
const LETTERS: u8 = 10;

/// Sends ten letters, each of which says whose it is; the last writer dies in the middle of it.
fn write(ring: &Ring, who: u8) -> Outcome {
    let mut sender = ring.sender(Strategy::Block)?;
    for number in 0..LETTERS {
        if who + 1 == WRITERS && number == LETTERS / 2 {
            std::process::abort();
        }
        sender.send(&[who, number], Timeout::Forever)?;
        sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Receives from all of them, whoever has something, and drops whose sender is gone.
fn read(mut readers: Vec<Receiver>) -> Result<(u32, u32, u32), courtyard::Error> {
    let (mut letters, mut closed, mut died) = (0, 0, 0);
    let mut letter = [0; 2];
    while !readers.is_empty() {
        let all: Vec<&dyn Waitable> = readers.iter().map(|reader| reader as &dyn Waitable).collect();
        let ready = wait_some(&all, Timeout::Forever)?;
        for at in ready.into_iter().rev() {
            match readers[at].recv(&mut letter, Timeout::Try) {
                Ok(_) => letters += 1,
                Err(e) if e.kind() == ErrorKind::Empty => {}
                Err(e) if e.kind() == ErrorKind::PeerClosed => {
                    closed += 1;
                    readers.remove(at);
                }
                Err(e) if e.kind() == ErrorKind::PeerDied => {
                    died += 1;
                    readers.remove(at);
                }
                Err(e) => return Err(e),
            }
        }
    }
    Ok((letters, closed, died))
}

/// An event for each of two, and one that ends it: which comes first?
fn first_of_three(yard: &Yard) -> Outcome {
    let event = |name| Event::create(yard, name, EventOptions::default());
    let (stop, left, right) = (event("stop")?, event("left")?, event("right")?);
    let child = children::start(|| {
        right.set();
        Ok(())
    })?;
    let first = wait_any(&[&stop, &left, &right], Duration::from_secs(10))?;
    children::wait(child)?;
    println!("the first of three: number {first}");
    Ok(())
}

/// A wait without limit that somebody ends.
fn cancelled(yard: &Yard) -> Outcome {
    let never = Event::create(yard, "never", EventOptions::default())?;
    let token = CancelToken::new();
    let stop = token.clone();
    let other = std::thread::spawn(move || stop.cancel());
    let _scope = token.scope()?;
    match never.wait(Timeout::Forever) {
        Err(e) if e.kind() == ErrorKind::Cancelled => println!("a wait without limit: {e}"),
        ended => return Err(format!("the wait ended with {ended:?}").into()),
    }
    other.join().map(drop).map_err(|_| "the other thread panicked".into())
}

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    first_of_three(&yard)?;
    let mut rings = Vec::new();
    for who in 0..WRITERS {
        rings.push(Ring::create(&yard, &format!("letters-{who}"), RingOptions::default())?);
    }
    let readers = rings.iter().map(|ring| ring.receiver(Strategy::Block)).collect::<Result<Vec<_>, _>>()?;
    let mut writers = Vec::new();
    for (who, ring) in (0..).zip(&rings) {
        writers.push(children::start(|| write(ring, who))?);
    }
    let (letters, closed, died) = read(readers)?;
    println!("{letters} letters, {closed} writers closed, {died} died");
    let last = writers.pop();
    writers.into_iter().try_for_each(children::wait)?;
    if last.is_some_and(|child| children::wait(child).is_ok()) {
        return Err("the last writer did not die".into());
    }
    cancelled(&yard)
}
