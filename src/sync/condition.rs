//! The waiters of a condition: one cell for each thread slot of the yard, so that so many are woken as were meant.
//!
//! A cell is 0, or the token of a thread with WAITING or NOTIFIED. A waiter takes a ticket, writes its token with
//! WAITING, and only then releases the lock that goes with the condition. Notifying is one compare-and-swap from WAITING
//! to NOTIFIED, for as many as are asked for, the oldest tickets first. The waiter takes the lock again and clears its
//! cell with the lock in its hands: whoever dies before that leaves a notification, whoever dies after it a lock.
//!
//! ## A notification of the dead
//! Whoever finds NOTIFIED with a dead thread's token passes the notification on. He first stamps the cell with his own
//! token, then notifies the oldest waiter, then clears the cell: two of them never pass on the same, and if he dies on
//! the way, the next one finds *his* token and does it again. So a notification is never lost. It is doubled only if
//! somebody dies just while he passes it on, or stands still in it until the cell is another thread's, who finds the stamp
//! and passes it on himself. Who clears up behind a dead thread stamps nothing of his own: he is the only
//! one who does, and says so by setting both bits.
//!
//! ## Why nobody is left behind
//! A waiter waits before it releases the lock. It sleeps on its own cell, and on the alive words of the other waiters and
//! of everybody else there is room for; before each sleep it looks for notifications of the dead. A notifier that is
//! killed before its wake has an alive word, and the notified one finds NOTIFIED. A notifier looks how the notified one
//! stands *after* the swap: either it sees the death and takes the next one, or who hears of the death sees NOTIFIED.
//! What remains (the deaths of those nobody had room for) ends with the slice.
//!
//! ## Edges
//! | edge | release | acquire | carries | model that fails without it |
//! |---|---|---|---|---|
//! | waiting | `enter`: store of WAITING; `mourn`: the fence before its CAS | `words`: load | the ticket; that the thread lives | `the_oldest_is_notified_first`, `a_living_waiter_is_never_taken_for_dead`, `of_two_who_pass_on_one_notification_one_does` |
//! | notice | `hand`: CAS to NOTIFIED | `sleep`, `withdraw`, `words`: load or CAS | what was done before the notification | `what_was_done_before_a_notification_is_seen`, `what_was_done_before_a_notification_that_met_a_timeout_is_seen`, `what_was_done_before_a_notification_is_seen_by_who_gets_it_from_the_dead`, `what_was_done_before_a_notification_is_seen_by_who_gets_it_after_a_clearing` |
//! | fall | `hand`: fence between the swap and the look at the alive word | `mourn`: fence between the sight of a death and the look at the cell | a death and a notification that meet are seen by one of both | `a_waiter_that_dies_while_it_waits_takes_no_notification_along` |

use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::{NOTIFIED, Token, WAITING};
use crate::shim::{AtomicU32, Ordering, Watch, fence, rmw_fence, step, wake, words};
use crate::sync::lock::{Crowd, Owners};
use crate::sync::wait::Wait;

/// One thread's place to wait. Zeros are nobody's.
#[repr(C)]
pub(crate) struct Cell {
    state: AtomicU32,
    ticket: AtomicU32,
}

words!("condition cell", Cell { state, ticket });

#[cfg(not(loom))]
#[allow(unsafe_code)]
// SAFETY: repr(C), atomics only; zeros are nobody who waits.
unsafe impl crate::segment::region::Shared for Cell {}

#[cfg(all(test, loom))]
impl Cell {
    pub(crate) fn new() -> Cell {
        Cell { state: AtomicU32::new(0), ticket: AtomicU32::new(0) }
    }

    /// What the cell says, without learning anything else from it.
    pub(crate) fn peek(&self) -> u32 {
        self.state.load(Ordering::Relaxed)
    }
}

#[cfg(all(test, not(loom)))]
impl Cell {
    /// Writes what nobody writes.
    pub(crate) fn scribble(&self, word: u32) {
        self.state.store(word, Ordering::Relaxed);
    }
}

/// The waiters of one condition.
#[derive(Clone, Copy)]
pub(crate) struct Waiters<'a> {
    /// By the index of the thread's token.
    pub(crate) cells: &'a [Cell],
    /// The ticket of the next to wait.
    pub(crate) tickets: &'a AtomicU32,
}

/// So many tickets may be taken while a notifier looks who waits. All others are older.
const MEANWHILE: u32 = 1 << 20;

/// A cell in use.
struct Found<'a> {
    at: usize,
    cell: &'a Cell,
    /// Whose token it carries.
    token: Token,
    word: u32,
}

impl Found<'_> {
    /// Whether its thread waits, in its own cell.
    fn waits(&self) -> bool {
        self.token.index() as usize == self.at && self.word == self.token.0 | WAITING
    }
}

/// Changes a cell from exactly this word. Relaxed: what it carries it has from others' words.
fn change(cell: &Cell, from: u32, to: u32) -> bool {
    cell.state.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

impl<'a> Waiters<'a> {
    /// Every cell in use, and what it says.
    fn words(self) -> impl Iterator<Item = Found<'a>> {
        self.cells.iter().enumerate().filter_map(|(at, cell)| {
            let word = cell.state.load(Ordering::Acquire); // edge: waiting, notice
            Some(Found { at, cell, token: Token::of(word)?, word })
        })
    }

    /// Waits as the thread `me`, whose the lock is: `release` gives it up, `retake` takes it again, in any case but one:
    /// if `release` refuses, nothing has been done. Tells what `retake` said, and how the wait ended.
    pub(crate) fn wait<R, T>(
        self,
        me: Token,
        owners: &'a impl Owners,
        wait: &Wait,
        release: impl FnOnce() -> Result<R, ErrorKind>,
        retake: impl FnOnce(R) -> T,
    ) -> Result<(T, Result<(), ErrorKind>), ErrorKind> {
        let Some(cell) = self.enter(me, owners) else { return Err(ErrorKind::NoSlots) };
        let released = match release() {
            Ok(released) => released,
            Err(refused) => {
                if !withdraw(cell, me) {
                    self.notify(1, owners); // somebody else was meant
                    leave(cell, me);
                }
                return Err(refused);
            }
        };
        let ended = self.sleep(cell, me, owners, wait);
        let taken = retake(released);
        leave(cell, me);
        Ok((taken, ended))
    }

    /// From now on the thread waits, and holds the lock still.
    pub(crate) fn enter(self, me: Token, owners: &'a impl Owners) -> Option<&'a Cell> {
        let cell = self.cells.get(me.index() as usize)?;
        // Relaxed: ours to write. Who had this slot before is gone, and what he left was cleared away, unless somebody is
        // passing it on just now, and may die of it.
        if cell.state.load(Ordering::Relaxed) & NOTIFIED != 0 {
            self.notify(1, owners);
        }
        // Relaxed: a number that nobody else gets.
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        cell.ticket.store(ticket, Ordering::Relaxed);
        cell.state.store(me.0 | WAITING, Ordering::Release); // edge: waiting
        Some(cell)
    }

    /// Sleeps until notified. Whoever is notified after all when the wait ends counts as notified.
    pub(crate) fn sleep(
        self,
        cell: &'a Cell,
        me: Token,
        owners: &'a impl Owners,
        wait: &Wait,
    ) -> Result<(), ErrorKind> {
        let waiting = me.0 | WAITING;
        loop {
            let word = cell.state.load(Ordering::Acquire); // edge: notice
            if word != waiting {
                return Ok(());
            }
            let mut crowd = Crowd::new(Watch { word: &cell.state, value: waiting });
            self.survey(me, owners, &mut crowd);
            owners.others(&mut crowd);
            if let Err(end) = owners.slept(wait, wait.sleep(crowd.watches(), false)) {
                return if withdraw(cell, me) { Err(end) } else { Ok(()) };
            }
        }
    }

    /// Looks how those stand who wait, or are passing something on: passes on what the dead were notified of, and adds the
    /// alive words of the others to `crowd`.
    pub(crate) fn survey(self, me: Token, owners: &'a impl Owners, crowd: &mut Crowd<'a>) {
        for Found { cell, token, .. } in self.words().filter(|found| found.token != me) {
            match owners.standing(token) {
                Standing::Here(Some(watch)) => {
                    crowd.add(watch);
                }
                Standing::Dead => self.mourn(cell, token, me, owners),
                _ => {}
            }
        }
    }

    /// Passes on the notification in this cell, whose thread is dead, if there is one. What the cell said before it was
    /// known that the thread is dead may not have been its last word.
    fn mourn(self, cell: &Cell, dead: Token, me: Token, owners: &'a impl Owners) {
        fence(Ordering::SeqCst); // edge: fall
        // Relaxed, as every change of such a cell: `notify` looks at it once more, and so knows what goes with it.
        let word = cell.state.load(Ordering::Relaxed);
        if word != dead.0 | NOTIFIED {
            return;
        }
        let mine = me.0 | NOTIFIED;
        // The fence is a release, too: whoever reads our token finds us alive.
        if change(cell, word, mine) {
            self.notify(1, owners);
            step();
            change(cell, mine, 0);
        }
    }

    /// Notifies `count` of those who wait, the oldest first, or all if there are fewer; tells how many.
    pub(crate) fn notify(self, count: u32, owners: &'a impl Owners) -> u32 {
        let now = self.tickets.load(Ordering::Relaxed); // Relaxed: tickets are compared with each other only
        // Tickets go round: the oldest that may still wait follows those that may be taken meanwhile.
        let oldest = now.wrapping_add(MEANWHILE);
        // Relaxed: ordered by what `words` has loaded.
        let rank = |cell: &Cell| cell.ticket.load(Ordering::Relaxed).wrapping_sub(oldest);
        let mut line: Vec<_> =
            self.words().filter(Found::waits).map(|found| (rank(found.cell), found)).collect();
        line.sort_unstable_by_key(|(rank, _)| *rank);
        let mut left = count;
        for (_, found) in line {
            if left == 0 {
                break;
            }
            left -= u32::from(hand(&found, owners));
        }
        count - left
    }

    /// How many living threads wait, and are not notified yet.
    pub(crate) fn count(self, owners: &impl Owners) -> usize {
        let lives = |token| !matches!(owners.standing(token), Standing::Dead);
        self.words().filter(|found| found.waits() && lives(found.token)).count()
    }

    /// Clears away what a dead thread has left, and passes on what it was notified of. Nobody else may be doing so.
    pub(crate) fn recover(self, dead: Token, owners: &'a impl Owners) {
        for Found { cell, word, .. } in self.words().filter(|found| found.token == dead) {
            let clearing = dead.0 | NOTIFIED | WAITING;
            // If it fails a notifier was quicker, and may have been killed since.
            if word & NOTIFIED == 0 && change(cell, word, 0) {
                continue;
            }
            // The word is `clearing` if somebody died who cleared up here.
            let notified = dead.0 | NOTIFIED;
            if word == clearing || change(cell, notified, clearing) {
                self.notify(1, owners);
                step();
                change(cell, clearing, 0);
            }
        }
    }
}

/// Gives a notification to the thread whose cell this is; tells whether it went to the living.
fn hand(found: &Found<'_>, owners: &impl Owners) -> bool {
    let Found { cell, token, word, .. } = *found;
    let notified = token.0 | NOTIFIED;
    let handed = cell.state.compare_exchange(word, notified, Ordering::Release, Ordering::Relaxed); // edge: notice
    if handed.is_err() {
        return false; // it waits no longer, or is notified
    }
    rmw_fence(Ordering::SeqCst); // edge: fall
    if matches!(owners.standing(token), Standing::Dead) && change(cell, notified, 0) {
        return false;
    }
    wake(&cell.state, 1);
    true
}

/// The thread waits no longer; tells whether it had not been notified.
pub(crate) fn withdraw(cell: &Cell, me: Token) -> bool {
    cell.state.compare_exchange(me.0 | WAITING, 0, Ordering::Relaxed, Ordering::Acquire).is_ok() // edge: notice
}

/// The notified thread has what it waited for.
pub(crate) fn leave(cell: &Cell, me: Token) {
    change(cell, me.0 | NOTIFIED, 0);
}
