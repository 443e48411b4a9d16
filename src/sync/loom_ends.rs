//! Models of what ends a wait from outside. Each name is the sentence it checks.
//!
//! A sleep never times out here, so that an end that is missed shows as a deadlock.

use super::ends;
use super::event::EventWord;
use super::lock::{Crowd, Owners};
use super::semaphore::SemaphoreWord;
use super::wait::{Manner, Timeout, Wait};
use crate::error::ErrorKind;
use crate::presence::place::Standing;
use crate::segment::bits::{PERMITS, Token};
use loom::sync::Arc;
use loom::thread;

/// Nobody is here but those who wait.
struct Nobody;

impl Owners for Nobody {
    fn standing(&self, _: Token) -> Standing<'_> {
        Standing::Dead
    }

    fn others<'a>(&'a self, _: &mut Crowd<'a>) {}

    fn sweep(&self) {
        unreachable!("a model has no clock");
    }

    fn spins(&self) -> u32 {
        0
    }
}

fn wait() -> Wait {
    Wait::new(Timeout::Forever, Manner { endable: true, ..Manner::default() })
}

/// Does something in a scope of each of the tokens.
#[allow(unsafe_code)]
fn within<R>(tokens: &[&Arc<EventWord>], f: impl FnOnce() -> R) -> R {
    // SAFETY: the scope keeps the Arc.
    let scopes: Vec<_> = tokens.iter().map(|t| unsafe { ends::enter(t, Arc::clone(t)) }.unwrap()).collect();
    let done = f();
    assert!(scopes.into_iter().all(ends::leave));
    done
}

#[test]
fn a_cancel_between_look_and_sleep_is_not_lost() {
    loom::model(|| {
        let token = Arc::new(EventWord::new());
        let waiter = thread::spawn({
            let token = token.clone();
            move || {
                let event = EventWord::new();
                let ended = within(&[&token], || event.wait(event.begin(), &Nobody, &wait()));
                assert_eq!(ended, Err(ErrorKind::Cancelled));
            }
        });
        token.set(u32::MAX, &());
        waiter.join().unwrap();
    });
}

#[allow(unsafe_code)]
#[test]
fn what_was_done_before_a_cancel_is_seen() {
    struct Written(loom::cell::UnsafeCell<u32>);
    // SAFETY: written before the cancel and read after it; loom checks that.
    unsafe impl Sync for Written {}
    // SAFETY: as above.
    unsafe impl Send for Written {}
    loom::model(|| {
        let token = Arc::new(EventWord::new());
        let written = Arc::new(Written(loom::cell::UnsafeCell::new(0)));
        let waiter = thread::spawn({
            let (token, written) = (token.clone(), written.clone());
            move || {
                let event = EventWord::new();
                let ended = within(&[&token], || event.wait(event.begin(), &Nobody, &wait()));
                assert_eq!(ended, Err(ErrorKind::Cancelled));
                // SAFETY: after the cancel; loom checks it.
                assert_eq!(written.0.with(|n| unsafe { *n }), 7);
            }
        });
        // SAFETY: before the cancel; loom checks it.
        written.0.with_mut(|n| unsafe { *n = 7 });
        token.set(u32::MAX, &());
        waiter.join().unwrap();
    });
}

#[test]
fn a_cancel_that_is_cleared_at_once_is_not_lost() {
    loom::model(|| {
        let token = Arc::new(EventWord::new());
        let entered = Arc::new(EventWord::new());
        let waiter = thread::spawn({
            let (token, entered) = (token.clone(), entered.clone());
            move || {
                let event = EventWord::new();
                let ended = within(&[&token], || {
                    entered.set(u32::MAX, &());
                    event.wait(event.begin(), &Nobody, &wait())
                });
                assert_eq!(ended, Err(ErrorKind::Cancelled));
            }
        });
        while !entered.is_set() {
            thread::yield_now();
        }
        token.set(u32::MAX, &());
        token.clear();
        waiter.join().unwrap();
    });
}

#[test]
fn each_of_two_nested_tokens_ends_a_wait() {
    for which in [0, 1] {
        loom::model(move || {
            let tokens = [(); 2].map(|()| Arc::new(EventWord::new()));
            let waiter = thread::spawn({
                let tokens = tokens.clone();
                move || {
                    let event = EventWord::new();
                    let both = [&tokens[0], &tokens[1]];
                    let ended = within(&both, || event.wait(event.begin(), &Nobody, &wait()));
                    assert_eq!(ended, Err(ErrorKind::Cancelled));
                }
            });
            tokens[which].set(u32::MAX, &());
            waiter.join().unwrap();
        });
    }
}

/// One permit and two who sleep for it; one of them is cancelled, and may have been the one that the release woke.
#[test]
fn who_is_cancelled_passes_on_the_wake_that_it_used_up() {
    loom::model(|| {
        let token = Arc::new(EventWord::new());
        let semaphore = Arc::new(SemaphoreWord::new(0));
        let cancelled = thread::spawn({
            let (token, semaphore) = (token.clone(), semaphore.clone());
            move || {
                if within(&[&token], || semaphore.acquire(&Nobody, &wait())).is_ok() {
                    semaphore.release(1, PERMITS, &()).unwrap();
                }
            }
        });
        let other = thread::spawn({
            let semaphore = semaphore.clone();
            move || semaphore.acquire(&Nobody, &wait()).unwrap()
        });
        semaphore.release(1, PERMITS, &()).unwrap();
        token.set(u32::MAX, &());
        cancelled.join().unwrap();
        other.join().unwrap();
        assert_eq!(semaphore.permits(), 0);
    });
}
