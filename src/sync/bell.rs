//! The doorbell of a yard: who waits for more things than he can sleep on sleeps on it alone.
//!
//! It is an event count. A waiter of many announces itself there, then in each thing's own word, and then looks at each.
//! Who changes a thing and finds somebody announced in its word wakes as ever, and rings: that is his slow path. Who finds
//! nobody there does not look at the bell.
//!
//! ## Why no ring is missed
//! The waiter's fence lies between the bell's bit and the thing's word, the ringer's between the thing's word and the bell's
//! bit. Either the ringer finds the waiter announced in the thing and so, behind his fence, at the bell; or the waiter finds
//! the thing changed. The rest is as for any event count.
//!
//! ## Edges
//! | edge | first | second | carries | model that fails without it |
//! |---|---|---|---|---|
//! | sleep | see `sync::event_count` | | | |

/// What rings for the waiters of many.
pub(crate) trait Bell {
    /// Wakes all of them. Call it after a change that found somebody announced. Async-signal-safe.
    fn ring(&self);
}

/// Nobody waits for many there.
impl Bell for () {
    fn ring(&self) {}
}
