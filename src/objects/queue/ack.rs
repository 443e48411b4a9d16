//! Acknowledged gets, and joining: a message that was got stays the queue's until whoever got it has acknowledged it.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, News, Result};
use crate::lockfree::mpmc::{Item, Reading};
use crate::lockfree::owed::layout::Ticket;
use crate::lockfree::owed::next::{Getter, InTheWay, Next, NoNext, next};
use crate::lockfree::owed::{Debtor, Filling, NoDebt, Paid, Recovered, Taking, finish, settle};
use crate::objects::blocks::Block;
use crate::objects::faults;
use crate::objects::queue::call::{Call, For, Not};
use crate::objects::queue::debts::{Owed as Part, Shelf};
use crate::objects::queue::place::{Hands, Spot, slot_of};
use crate::objects::queue::{INLINE, Queue, corrupt, large};
use crate::objects::ring::Received;
use crate::presence::attachment::Who;
use crate::presence::place::Standing;
use crate::presence::thread;
use crate::segment::bits::Token;
use crate::sync::closing::Closing;
use crate::sync::wait::Timeout;

/// A message that was got and is to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a message that is never acknowledged is owed until this process ends"]
pub struct Owed {
    /// Its length, and whether it comes again.
    pub received: Received,
    /// Names this delivery, in whatever thread of this process: see [`Queue::done`].
    pub ticket: u64,
}

impl Owed {
    pub(crate) fn news(&self) -> Option<News> {
        self.received.news()
    }
}

/// A message in hand, out of the queue or owed.
pub(super) struct Got<'q> {
    pub(super) received: Received,
    pub(super) bytes: [u8; INLINE],
    pub(super) block: Option<Block<'q>>,
    pub(super) ticket: Option<Ticket>,
}

type Attempt<T> = std::result::Result<T, Not>;

/// What a process comes to owe that gets a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Debt {
    /// It is out of the queue for good.
    None,
    /// One that is copied out at once.
    Copied,
    /// One that goes on to be read where it lies.
    Read,
}

impl<'q> Got<'q> {
    fn new(item: Item) -> Got<'q> {
        let received = Received { len: item.len.min(INLINE), redelivered: item.again };
        Got { received, bytes: [0; INLINE], block: None, ticket: None }
    }

    /// Copies the message, for which there is room. A block is freed, or left to the debt.
    pub(super) fn copy_to(self, queue: &Queue, buffer: &mut [u8]) -> Attempt<(Received, u64)> {
        let (received, ticket) = (self.received, self.ticket);
        let to = &mut buffer[..received.len];
        match self.block {
            None => to.copy_from_slice(&self.bytes[..received.len]),
            Some(block) => {
                let read = block.read(0, to);
                if let (Some(ticket), Some(part)) = (ticket, queue.part()) {
                    let _ = block.into_handle(); // it is freed when the debt ends
                    part.debts.copied(ticket, queue.process(), thread::token(queue.yard().number()));
                    read.map_err(|_| Not::Gone)?; // somebody has freed it by its handle
                } else {
                    drop(block);
                    queue.body().room.notify(&**queue.yard()); // somebody may wait for the block
                    read.map_err(|_| Not::Ever(ErrorKind::Corrupt))?;
                }
            }
        }
        Ok((received, ticket.map_or(0, |ticket| ticket.0)))
    }

    /// As `copy_to`, to new memory.
    pub(super) fn into_vec(self, queue: &Queue) -> Attempt<(Vec<u8>, Received, u64)> {
        let mut bytes = vec![0; self.received.len];
        let (received, ticket) = self.copy_to(queue, &mut bytes)?;
        Ok((bytes, received, ticket))
    }
}

impl From<NoNext> for Not {
    fn from(no: NoNext) -> Not {
        match no {
            NoNext::Empty => Not::Now,
            NoNext::Owing => Not::Owing,
            NoNext::Busy(InTheWay::Slot(slot)) => Not::Held(Some(slot)),
            NoNext::Busy(InTheWay::Thread(token)) => Not::Held(Some(slot_of(token))),
            NoNext::Busy(InTheWay::Many) => Not::Held(None),
            NoNext::TooSmall(len) => Not::TooSmall(len),
            NoNext::Corrupt => Not::Ever(ErrorKind::Corrupt),
        }
    }
}

/// Acknowledged gets and joining, in a queue that was made with [`QueueOptions::unacked`](super::QueueOptions::unacked).
/// All of these answer `Unsupported` in another one, but [`Queue::unfinished`].
impl Queue {
    /// Copies the next message to the start of `buffer`, and goes on to owe it: until [`Queue::done`] it is not
    /// forgotten. At least once: if this process dies before that, or closes its last handle on the yard, the message is
    /// delivered again, flagged, to whoever gets next.
    ///
    /// Waits at most `timeout` while there is no message, or while as many are owed as may be, by whomever: who never
    /// acknowledges holds up all. Errors: as for [`Queue::get`]; `Full` (there is a message, but as many are owed as may be).
    pub fn get_ack(&self, buffer: &mut [u8], timeout: impl Into<Timeout>) -> Result<Owed> {
        let room = buffer.len();
        self.receive_ack(buffer, timeout.into())?.map_err(|needed| Queue::too_small(needed, room))
    }

    /// As [`Queue::get_ack`]; `Err` inside: the next message is so long, and stays.
    pub(crate) fn receive_ack(
        &self,
        buffer: &mut [u8],
        timeout: Timeout,
    ) -> Result<std::result::Result<Owed, usize>> {
        let part = self.owing()?;
        self.seat()?;
        let got = Call::new(self, For::Data, timeout).run(|| {
            let (received, ticket) =
                self.attempt_beside(part, Debt::Copied, buffer.len())?.copy_to(self, buffer)?;
            Ok(Owed { received, ticket })
        });
        got.map_err(|e| self.too_many_owed(e))
    }

    /// As [`Queue::get_ack`], into new memory of the right size.
    pub fn get_ack_vec(&self, timeout: impl Into<Timeout>) -> Result<(Vec<u8>, Owed)> {
        let part = self.owing()?;
        self.seat()?;
        let got = Call::new(self, For::Data, timeout.into()).run(|| {
            let (bytes, received, ticket) =
                self.attempt_beside(part, Debt::Copied, usize::MAX)?.into_vec(self)?;
            Ok((bytes, Owed { received, ticket }))
        });
        got.map_err(|e| self.too_many_owed(e))?.map_err(|_| corrupt())
    }

    pub(super) fn too_many_owed(&self, error: Error) -> Error {
        if error.kind() != ErrorKind::Full {
            return error;
        }
        let detail = format!(
            "{} messages were got and not acknowledged, the most that may be",
            self.options().unacked
        );
        Error::with(ErrorKind::Full, detail)
    }

    /// Acknowledges the delivery that this ticket names: the message is out of the queue for good. Any thread of this process may.
    ///
    /// Errors: `State` (it was acknowledged, or given back, a moment ago), `NotFound` (longer ago, or the ticket never was
    /// one), `NotOwner` (another process owes it: a fork child does not owe what its parent got), `Foreign` (a ticket of
    /// another queue).
    pub fn done(&self, ticket: u64) -> Result<()> {
        let part = self.owing()?;
        let paid = part.debts.done(Ticket(ticket), self.process(), large::BLOCK);
        self.paid(part, Ticket(ticket), paid.map_err(|no| refused(no, ticket))?);
        Ok(())
    }

    /// A debt has ended.
    fn paid(&self, part: &Part, ticket: Ticket, paid: Paid) {
        if paid.tag == large::BLOCK
            && let Some(blocks) = self.blocks()
        {
            let mut handle = [0; 8];
            handle.copy_from_slice(&paid.bytes[..8]);
            let _ = blocks.free(u64::from_ne_bytes(handle)); // refused: somebody has freed it by its handle
            self.body().room.notify(&**self.yard());
        }
        part.set_hint(ticket.index());
        part.settled().notify(&**self.yard());
    }

    /// Gives back the delivery that this ticket names: the message is the next that is delivered, flagged. Errors: as
    /// for [`Queue::done`].
    pub fn put_back(&self, ticket: u64) -> Result<()> {
        let part = self.owing()?;
        part.debts.put_back(Ticket(ticket), self.process()).map_err(|no| refused(no, ticket))?;
        self.tell_all();
        Ok(())
    }

    /// Acknowledges a message without its ticket: the oldest of those that the calling thread got, or, if it owes none,
    /// the oldest that this process owes and no other thread may be reading where it lies. Errors: `Range` (there is none).
    pub fn task_done(&self) -> Result<()> {
        let part = self.owing()?;
        let (process, thread) = (self.process(), thread::token(self.yard().number()));
        while let Some(ticket) = part.debts.oldest(process, thread, self.ring(), &Hands(self.yard())) {
            // Another thread may be quicker.
            if let Ok(paid) = part.debts.done(ticket, process, large::BLOCK) {
                self.paid(part, ticket, paid);
                return Ok(());
            }
        }
        Err(Error::with(
            ErrorKind::Range,
            "this process owes nothing that it may acknowledge without its ticket",
        ))
    }

    /// Waits at most `timeout` until everything that had been put when this was called was got and acknowledged. What a
    /// dead one owed is not, until another one has got it and acknowledged it.
    ///
    /// Errors: `Timeout`, `Shutdown` (the queue was shut down at once, and something is left), `Cancelled`, `Interrupted`,
    /// `NoSlots`.
    pub fn join(&self, timeout: impl Into<Timeout>) -> Result<()> {
        let part = self.owing()?;
        self.seat()?;
        let Some(upto) = part.debts.latest(self.ring()) else { return Ok(()) };
        let joined = Call::new(self, For::Settled, timeout.into()).run(|| {
            if part.debts.is_settled(upto, self.ring()) {
                return Ok(());
            }
            let shut = self.body().closing.glance() == Closing::Shut;
            Err(if shut { Not::Ever(ErrorKind::Shutdown) } else { Not::Now })
        });
        joined?.map_err(|_| corrupt())
    }

    /// How many messages there are that were put and not acknowledged, or not got in a queue without acknowledgements:
    /// exact while nobody is in the middle of a call. Looks at each of them.
    pub fn unfinished(&self) -> usize {
        self.part().map_or_else(|| self.len(), |part| part.debts.unfinished(self.ring()))
    }

    /// Gives back what a process owes that is proven dead; whether there was anything.
    pub(super) fn mourn(&self, dead: Token) -> bool {
        let Some(part) = self.part() else { return false };
        let Recovered { freed, back } = part.debts.recover_process(dead.0, self.ring());
        if freed + back > 0 {
            faults::note(self.yard(), Who::Process(dead), self.body(), u64::from(freed + back));
            self.tell_all();
        }
        freed + back > 0
    }

    /// Whether one of those who owe is dead or dying, so that something may come back.
    pub(super) fn has_dying_debtor(&self) -> bool {
        let debtors = self.part().into_iter().flat_map(|part| part.debts.debtors());
        let is_gone = |token| {
            matches!(self.yard().process_standing(token), Standing::Doubtful { died: true } | Standing::Dead)
        };
        debtors.filter_map(Token::of).any(is_gone)
    }

    pub(super) fn owing(&self) -> Result<&Part> {
        self.part().ok_or_else(|| {
            Error::with(
                ErrorKind::Unsupported,
                "the queue was made without room for what is not acknowledged",
            )
        })
    }

    /// The process that the caller is, 0 if it has got nothing in this yard.
    pub(super) fn process(&self) -> u32 {
        self.yard().token_if_joined()
    }

    /// One attempt to get from a queue that may be owed something. The calling thread is registered.
    pub(super) fn attempt_beside<'q>(
        &'q self,
        part: &'q Part,
        debt: Debt,
        longest: usize,
    ) -> Attempt<Got<'q>> {
        if self.body().closing.glance() == Closing::Shut {
            return Err(Not::Ever(ErrorKind::Shutdown));
        }
        if part.clear.is_so(&self.0.ring) {
            match self.nothing_beside(part) {
                Not::Gone => {} // it is looked for, whoever says that it is there
                not => return Err(not),
            }
        }
        let (me, owing) = (thread::token(self.yard().number()), debt != Debt::None);
        let owes_from = owing.then(|| part.hint());
        let getter = Getter { slot: slot_of(me), thread: me, longest: self.longest(longest), owes_from };
        let by = Debtor { thread: me, process: self.process(), copies: debt == Debt::Read };
        let debtor = owing.then_some(by);
        match next(self.ring(), &part.debts, getter, &Hands(self.yard())) {
            Ok(Next::Ring(reading, filling)) => self.get_from_ring(part, reading, filling, by, longest),
            Ok(Next::Back(taking)) => self.get_from_back(part, taking, debtor, longest),
            Err(NoNext::Owing) => Err(Not::Owing),
            Err(no) => {
                if owing {
                    part.settled().notify(&**self.yard()); // a cell was taken for a moment
                }
                Err(if no == NoNext::Empty { self.nothing_beside(part) } else { no.into() })
            }
        }
    }

    /// A message that is in hand in the ring.
    fn get_from_ring<'q>(
        &'q self,
        part: &Part,
        reading: Reading<'_, Spot>,
        filling: Option<Filling<'_, Shelf>>,
        by: Debtor,
        longest: usize,
    ) -> Attempt<Got<'q>> {
        let item = reading.item();
        let mut got = Got::new(item);
        let len = got.received.len;
        reading.read(&mut got.bytes[..len]);
        if item.tag == large::BLOCK {
            match self.own_block(&got.bytes, longest) {
                Ok((block, len)) => (got.block, got.received.len) = (Some(block), len),
                Err(Not::Gone) => {
                    drop(filling);
                    finish(&part.debts, reading, None);
                    self.told_of_move(Some(part));
                    return Err(Not::Gone);
                }
                Err(not) => {
                    drop(filling);
                    reading.put_back();
                    self.tell_all();
                    return Err(not);
                }
            }
        }
        let owing = filling.is_some();
        match filling {
            Some(filling) => {
                filling.fill(item, &got.bytes[..len]);
                let by = Debtor { copies: by.copies || got.block.is_some(), ..by };
                got.ticket = Some(settle(filling, reading, by));
            }
            None => {
                finish(&part.debts, reading, None);
            }
        }
        self.told_of_move((!owing).then_some(part));
        Ok(got)
    }

    /// A message that is in hand and was given back.
    fn get_from_back<'q>(
        &'q self,
        part: &Part,
        taking: Taking<'_, Shelf>,
        debtor: Option<Debtor>,
        longest: usize,
    ) -> Attempt<Got<'q>> {
        let mut got = Got::new(taking.item());
        let len = got.received.len;
        taking.read(&mut got.bytes[..len]);
        if taking.item().tag == large::BLOCK {
            match self.own_block(&got.bytes, longest) {
                Ok((block, len)) => (got.block, got.received.len) = (Some(block), len),
                Err(Not::Gone) => {
                    taking.finish();
                    self.told_of_move(Some(part));
                    return Err(Not::Gone);
                }
                Err(not) => {
                    drop(taking);
                    self.tell_all();
                    return Err(not);
                }
            }
        }
        match debtor {
            Some(by) => {
                let by = Debtor { copies: by.copies || got.block.is_some(), ..by };
                got.ticket = Some(taking.commit(by));
            }
            None => {
                taking.finish();
            }
        }
        self.told_of_move(debtor.is_none().then_some(part));
        Ok(got)
    }

    /// Makes the block this process's own that a claimed cell names, and tells how long the message in it is.
    fn own_block(&self, name: &[u8; INLINE], longest: usize) -> Attempt<(Block<'_>, usize)> {
        let (handle, len) = large::name_of(name);
        match self.blocks().filter(|_| len <= longest).map(|blocks| blocks.claim(handle)) {
            Some(Ok(block)) => {
                let len = len.min(block.len());
                Ok((block, len))
            }
            // Somebody has freed it by its handle.
            Some(Err(e)) if !matches!(e.kind(), ErrorKind::NoSlots | ErrorKind::NotOwner) => Err(Not::Gone),
            Some(Err(e)) => Err(Not::Ever(e.kind())),
            None => Err(self.has_no_block(len)),
        }
    }

    /// Tells those who wait that a message has moved; if it is out of the queue, those who join too.
    fn told_of_move(&self, out_of: Option<&Part>) {
        let yard = &**self.yard();
        self.body().room.notify(yard);
        if let Some(part) = out_of {
            part.settled().notify(yard);
        }
        // Those who wait for the end must know that nobody has anything in hand any more.
        if self.options().sides || self.body().closing.glance() != Closing::Open {
            self.body().data.notify(yard);
        }
    }

    /// There is nothing: whether there ever will be.
    #[cold]
    fn nothing_beside(&self, part: &Part) -> Not {
        let not = self.nothing();
        if not != Not::Ever(ErrorKind::End) {
            return not;
        }
        match part.debts.is_moving() {
            Some(Some(thread)) => Not::Held(Some(slot_of(thread))),
            Some(None) => Not::Gone, // it came back just now: try again
            None => Not::Drained,
        }
    }
}

fn refused(no: NoDebt, ticket: u64) -> Error {
    let kind = match no {
        NoDebt::Foreign => ErrorKind::Foreign,
        NoDebt::Unknown => ErrorKind::NotFound,
        NoDebt::Over => ErrorKind::State,
        NoDebt::NotMine => ErrorKind::NotOwner,
    };
    Error::with(kind, format!("ticket {ticket:#x}"))
}
