//! Waiting for things of which a word tells together with such of which only a descriptor does: all by descriptors.
//!
//! For the others the thread of the process that waits for all who want to be told (`bridge`) raises one descriptor.
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::objects::fd_wait::FdWait;
use crate::objects::many::AsPart;
use crate::objects::many::bridge::{Tell, Ticket};
use crate::os::eventfd::EventFd;
use crate::sync::many::{Need, Source};
use std::os::fd::AsFd;
use std::sync::Arc;

/// One of the things.
struct Thing<'a> {
    source: &'a dyn Source,
    /// A place among those who are told, unless it has a descriptor.
    ticket: Option<Ticket>,
}

impl Thing<'_> {
    /// Whether it is ready. If not, the descriptor tells.
    fn ask(&self) -> bool {
        self.ticket.as_ref().map_or_else(|| self.source.is_ready(), |ticket| ticket.request.ask())
    }
}

/// Waits until enough of the `objects`, whose sources these are, are ready; tells which.
pub(super) fn wait(
    objects: &[&dyn AsPart],
    sources: &[&dyn Source],
    need: Need,
    wait: &FdWait,
) -> Result<Vec<usize>> {
    let told = Arc::new(EventFd::new()?);
    let things = objects.iter().zip(sources).map(|(object, source)| {
        let by_word = source.descriptor().is_none();
        let ticket = by_word.then(|| Ticket::new(object.keep(), Tell::Fd(told.clone()))).transpose()?;
        Ok(Thing { source: *source, ticket })
    });
    let things: Vec<Thing<'_>> = things.collect::<Result<_>>()?;
    loop {
        told.lower(); // first: what is told from now on is new
        let ready: Vec<bool> = things.iter().map(Thing::ask).collect();
        let at: Vec<usize> = (0..).zip(&ready).filter_map(|(at, ready)| ready.then_some(at)).collect();
        if need.is_met(&at, things.len()) {
            return Ok(at);
        }
        let waits = things.iter().zip(&ready).filter(|(_, ready)| !**ready);
        let own = waits.filter_map(|(thing, _)| thing.source.descriptor());
        wait.sleep(&own.chain([told.as_fd()]).collect::<Vec<_>>())?;
    }
}
