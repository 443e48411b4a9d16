//! The numbers of tasks that wait, on their way to those who work.
//!
//! A number is a hint: whether the task waits, its own word says. Numbers get lost: there is no room for one, or who has it in
//! hand dies. That is said ([`Astray`]), and who finds no number then looks at every task.
//!
//! ## Edges
//! | edge | first | second | carries | model that fails without it |
//! |---|---|---|---|---|
//! | lost | `lost`: read-modify-write; fence; a look for room | `take`: a look that found nothing; fence; load of the word | one sees the other | `a_task_for_whose_number_there_is_no_room_is_done` |

use crate::shim::{Ordering, fence, rmw_fence};
use crate::sync::astray::Astray;

/// Wakes who works, to look at everything, and is no task's number.
pub(crate) const WAKE: u64 = u64::MAX;

/// What the numbers go through, in the hands of one thread.
pub(crate) trait Line {
    /// Whether a number was lost.
    fn astray(&self) -> &Astray;

    /// Puts a number, and wakes somebody who waits for one. `false`: there is no room, or somebody stands still in front of it.
    fn put(&self, number: u64) -> bool;

    /// Takes a number.
    fn get(&self) -> Got;
}

/// What taking a number gives.
pub(crate) enum Got {
    Number(u64),
    /// There is none.
    Nothing,
    /// Somebody stands still in front of what may be there.
    Busy,
}

/// Tells who works of a task that waits.
#[inline]
pub(crate) fn announce(line: &impl Line, number: u64) {
    if !line.put(number) {
        lost(line);
    }
}

/// Says that a number was lost, and wakes somebody for it.
#[cold]
pub(crate) fn lost(line: &impl Line) {
    line.astray().raise();
    // Who is in the way has not yet looked whether a number was lost, or there is room by now.
    rmw_fence(Ordering::SeqCst); // edge: lost; pairs with `take`
    line.put(WAKE);
}

/// A task that waits, as `start` starts it, if there is one: by the next number, or, if numbers were lost, one of `all` that wait.
#[inline]
pub(crate) fn take<T, E>(
    line: &impl Line,
    mut start: impl FnMut(u64) -> Result<Option<T>, E>,
    all: impl Iterator<Item = u64>,
) -> Result<Option<T>, E> {
    loop {
        match line.get() {
            Got::Number(WAKE) => {}
            Got::Number(number) => {
                if let Some(begun) = start(number)? {
                    return Ok(Some(begun));
                }
            }
            Got::Nothing => {
                fence(Ordering::SeqCst); // edge: lost; pairs with `lost`
                break;
            }
            Got::Busy => {
                line.astray().raise();
                break;
            }
        }
    }
    hunt(line.astray(), start, all)
}

/// Looks at every task, if need be.
fn hunt<T, E>(
    astray: &Astray,
    mut start: impl FnMut(u64) -> Result<Option<T>, E>,
    all: impl Iterator<Item = u64>,
) -> Result<Option<T>, E> {
    let Some(said) = astray.said() else { return Ok(None) };
    for number in all {
        if let Some(begun) = start(number)? {
            return Ok(Some(begun));
        }
    }
    astray.lower(said);
    Ok(None)
}
