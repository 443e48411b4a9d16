//! Pipes: one way and both ways, between parent and child, between siblings, several in a row.

use crate::{Outcome, children};
use courtyard::{Connection, ErrorKind, Pipe, PipeEnd, PipeOptions, Timeout, Yard};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    both_ways(&yard)?;
    one_way(&yard)?;
    siblings(&yard)?;
    three_in_a_row(&yard)?;
    things(&yard)
}

/// Makes a pipe and takes both of its ends, as a child forked from here will hold them too.
fn ends(yard: &Yard, name: &str, duplex: bool) -> courtyard::Result<(Connection, Connection)> {
    let pipe = Pipe::create(yard, name, PipeOptions { duplex, ..PipeOptions::default() })?;
    Ok((pipe.end(PipeEnd::First)?, pipe.end(PipeEnd::Second)?))
}

fn text(end: &Connection) -> Result<String, Box<dyn std::error::Error>> {
    Ok(String::from_utf8(end.recv_vec(SOON)?)?)
}

/// The child speaks first, the parent answers.
fn both_ways(yard: &Yard) -> Outcome {
    let (father, child) = ends(yard, "both-ways", true)?;
    let at_work = children::start(|| {
        child.send(b"from child", Timeout::Forever)?;
        println!("child received: {}", text(&child)?);
        Ok(())
    })?;
    println!("father received: {}", text(&father)?);
    father.send(b"from father", Timeout::Forever)?;
    children::wait(at_work)
}

/// To receive before anybody has sent takes as long as one is ready to wait, and no longer.
fn one_way(yard: &Yard) -> Outcome {
    let (reader, writer) = ends(yard, "one-way", false)?;
    match reader.recv_vec(Duration::from_millis(20)) {
        Err(e) if e.kind() == ErrorKind::Empty => println!("before the child starts: {}", e.kind().message()),
        other => return Err(format!("something came out of an empty pipe: {other:?}").into()),
    }
    match reader.try_send(b"the wrong way") {
        Err(e) if e.kind() == ErrorKind::Invalid => {}
        other => return Err(format!("the reader can send: {other:?}").into()),
    }
    let at_work = children::start(|| {
        writer.send(b"Hello, pipe!", Timeout::Forever)?;
        writer.close();
        Ok(())
    })?;
    println!("Received: {}", text(&reader)?);
    children::wait(at_work)
}

/// One child writes, another one reads, and their parent keeps neither end: the reader sees where the stream ends.
fn siblings(yard: &Yard) -> Outcome {
    let (reader, writer) = ends(yard, "siblings", false)?;
    let mut both = Some((reader, writer));
    let first = children::start(|| {
        let (reader, writer) = both.take().ok_or("no ends")?;
        reader.close();
        for word in ["Hello", "from", "child!"] {
            writer.send(word.as_bytes(), Timeout::Forever)?;
        }
        writer.close();
        Ok(())
    })?;
    let second = children::start(|| {
        let (reader, writer) = both.take().ok_or("no ends")?;
        writer.close();
        let mut words = Vec::new();
        loop {
            match reader.recv_vec(SOON) {
                Ok(word) => words.push(String::from_utf8(word)?),
                Err(e) if e.kind() == ErrorKind::PeerClosed => break,
                Err(e) => return Err(e.into()),
            }
        }
        println!("Received: {}", words.join(" "));
        Ok(())
    })?;
    drop(both);
    children::wait(first)?;
    children::wait(second)
}

/// Three pipes, three children, one after the other: ends have numbers of their own, not of descriptors.
fn three_in_a_row(yard: &Yard) -> Outcome {
    for number in 0..3 {
        let (reader, writer) = ends(yard, &format!("pipe-{number}"), false)?;
        let at_work = children::start(|| {
            let hello = format!("Hello, pipe {number}, write end {}!", writer.end() as u32);
            Ok(writer.send(hello.as_bytes(), Timeout::Forever)?)
        })?;
        println!("Received: {}", text(&reader)?);
        children::wait(at_work)?;
    }
    Ok(())
}

/// A number, nothing, and a word: a message may have no bytes at all.
fn things(yard: &Yard) -> Outcome {
    let (father, child) = ends(yard, "things", true)?;
    let at_work = children::start(|| {
        for thing in ["42", "", "'hello'"] {
            child.send(thing.as_bytes(), Timeout::Forever)?;
        }
        Ok(())
    })?;
    let shown = |thing: String| if thing.is_empty() { "None".to_owned() } else { thing };
    let things = (0..3).map(|_| text(&father).map(shown)).collect::<Result<Vec<_>, _>>()?;
    println!("[{}]", things.join(", "));
    children::wait(at_work)
}
