//! Those who want to be told instead of waiting, and the one thread of the process that waits for all of them.
//!
//! It sleeps on the doorbells of the yards in which somebody has asked, and whenever it wakes looks at the things of those
//! who have (`sync::asked` says why nobody is missed). It starts with the first who asks, and ends within a slice after the
//! last has gone. It blocks all signals, and takes no place among a yard's threads: it owns nothing and uses up nobody's wake.
//! It listens to the alive words of others as far as there is room, and clears up behind who has died, whenever it looks; every
//! other death it finds at the end of a slice.
//!
//! A fork child has none: what its parent has asked for is told to the parent only. It gets a thread of its own with the
//! first thing that it asks for itself.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::objects::many::sources::Kept;
use crate::objects::owners::{bell, hear};
use crate::os::eventfd::EventFd;
use crate::os::{Mutex, MutexGuard, fork, thread};
use crate::presence::attachment::Attachment;
use crate::shim::{AtomicU32, Ordering, WATCH_MAX, Watch, wake};
use crate::sync::asked::Asked;
use crate::sync::lock::Crowd;
use crate::sync::many::Net;
use crate::sync::mourner::Mourner;
use crate::sync::wait::{Manner, Slept, Timeout, Wait};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

/// Who wants to be told of one thing.
pub(in crate::objects) struct Request {
    asked: Asked,
    kept: Kept,
    pub(super) tell: Tell,
}

/// How he is told.
pub(in crate::objects) enum Tell {
    Fd(Arc<EventFd>),
    Waker(Mutex<Option<Waker>>),
}

impl Request {
    /// Asks to be told; true: it is ready now.
    pub(in crate::objects) fn ask(&self) -> bool {
        self.asked.ask(&*self.kept.source, &mut Net::default())
    }
}

/// A place among those who may ask. Dropping it ends that.
pub(in crate::objects) struct Ticket {
    pub(in crate::objects) request: Arc<Request>,
    at: usize,
    forks: u32,
}

/// One place.
struct Place {
    request: Arc<Request>,
    forks: u32,
    again: Again,
}

/// Whether to tell him in any case, after a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "async"), allow(dead_code))] // who gets a descriptor waits for what he is told
enum Again {
    No,
    Soon,
    Now,
}

/// A yard in which somebody may have asked.
struct Post {
    yard: Arc<Attachment>,
    requests: usize,
    fallback: bool,
    mourner: Mourner,
}

struct Registry {
    places: Vec<Option<Place>>,
    free: Vec<usize>,
    posts: Vec<Post>,
    /// There is a thread.
    runs: bool,
    /// How often this process's line had forked when the rest was true.
    forks: u32,
}

static REGISTRY: Mutex<Registry> =
    Mutex::new(Registry { places: Vec::new(), free: Vec::new(), posts: Vec::new(), runs: false, forks: 0 });
/// The thread sleeps on it too: it counts what it must not oversleep.
static NEWS: AtomicU32 = AtomicU32::new(0);
static FORK: fork::Handlers = fork::Handlers::new(before_fork, after_fork, after_fork_in_child);

extern "C" fn before_fork() {
    FORK.are_installed();
    REGISTRY.lock_raw();
}

extern "C" fn after_fork() {
    REGISTRY.unlock_raw();
}

extern "C" fn after_fork_in_child() {
    thread::forget();
    after_fork();
}

/// The registry as it is true in this process.
fn registry() -> MutexGuard<'static, Registry> {
    let _ = FORK.install(); // who is admitted is told if that is not possible
    let mut registry = REGISTRY.lock();
    if registry.forks != fork::count() {
        registry.forks = fork::count();
        registry.runs = false;
        registry.posts.clear();
    }
    registry
}

/// The thread is to look around.
fn news() {
    NEWS.fetch_add(1, Ordering::Relaxed); // Relaxed: what is new is behind the registry's lock
    wake(&NEWS, 1);
}

impl Ticket {
    /// A place for somebody who may ask. Errors: as for the thing, if it cannot be waited for; `Unsupported` (it has a descriptor
    /// of its own); `NoMemory` (the process may have no more threads).
    pub(in crate::objects) fn new(kept: impl Into<Option<Kept>>, tell: Tell) -> Result<Ticket> {
        let Some(kept) = kept.into() else {
            return Err(Error::with(
                ErrorKind::Unsupported,
                "a process tells its end by its own descriptor only",
            ));
        };
        if let Some(why) = kept.source.refusal() {
            return Err(why);
        }
        bell(&kept.yard)?;
        let request = Arc::new(Request { asked: Asked::new(), kept, tell });
        let at = registry().admit(&request)?;
        Ok(Ticket { request, at, forks: fork::count() })
    }

    /// Whether it was this process that took the place.
    pub(super) fn is_ours(&self) -> bool {
        self.forks == fork::count()
    }

    /// Tells him within some milliseconds, ready or not.
    #[cfg(feature = "async")]
    pub(super) fn again_soon(&self) {
        if let Some(Some(place)) = registry().places.get_mut(self.at) {
            place.again = Again::Soon;
        }
        news();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let place = registry().dismiss(self.at);
        drop(place); // without the lock: it may be the last handle on a yard
    }
}

impl Registry {
    fn admit(&mut self, request: &Arc<Request>) -> Result<usize> {
        FORK.install()?;
        if !self.runs {
            thread::start("cyd-bridge", thread::FOR_ITSELF, run)?;
            self.runs = true;
        }
        self.post(request);
        let place = Place { request: request.clone(), forks: self.forks, again: Again::No };
        let at = self.free.pop().unwrap_or(self.places.len());
        match self.places.get_mut(at) {
            Some(free) => *free = Some(place),
            None => self.places.push(Some(place)),
        }
        Ok(at)
    }

    /// One more asks in this yard. Of a yard that it does not sleep for, the thread must learn.
    fn post(&mut self, request: &Request) {
        let (yard, fallback) = (request.kept.yard.share(), request.kept.manner.fallback);
        match self.posts.iter_mut().find(|post| Arc::ptr_eq(&post.yard, yard)) {
            Some(post) => {
                post.requests += 1;
                post.fallback |= fallback;
            }
            None => {
                self.posts.push(Post {
                    yard: yard.clone(),
                    requests: 1,
                    fallback,
                    mourner: Mourner::default(),
                });
                news();
            }
        }
    }

    fn dismiss(&mut self, at: usize) -> Option<Place> {
        let place = self.places.get_mut(at)?.take()?;
        self.free.push(at);
        let yard = place.request.kept.yard.share();
        if place.forks == self.forks
            && let Some(post) = self.posts.iter_mut().find(|post| Arc::ptr_eq(&post.yard, yard))
        {
            post.requests -= 1;
            // The thread keeps the yard mapped, and this process in it.
            if post.requests == 0 && matches!(place.request.tell, Tell::Fd(_)) {
                news();
            }
        }
        Some(place)
    }

    /// Forgets the yards in which nobody asks any more; at the end of a slice those, too, in which somebody may soon.
    fn tidy(&mut self, slice: bool) -> Vec<Post> {
        let gone = |post: &mut Post| post.requests == 0 && (slice || post.yard.is_closed());
        self.posts.extract_if(.., gone).collect()
    }

    /// Looks at the things of all who have asked, and tells those whose is ready. `slice`: also look whether somebody has
    /// taken note of being told without a word to us. The caller has announced himself at the bells.
    fn look(&mut self, slice: bool, told: &mut Told) {
        let forks = self.forks;
        let places = self.places.iter_mut().flatten().filter(|place| place.forks == forks);
        places.for_each(|place| place.look(slice, told));
    }
}

/// What comes of a look.
#[derive(Default)]
struct Told {
    /// Look again soon.
    doubt: bool,
    /// To be woken once the registry's lock is open.
    wakers: Vec<Waker>,
}

impl Place {
    fn look(&mut self, slice: bool, told: &mut Told) {
        let request = &*self.request;
        let mut net = Net::default();
        let mut ready = request.asked.look(&*request.kept.source, &mut net);
        if let (Tell::Fd(fd), true) = (&request.tell, slice && !ready && !request.asked.is_asked()) {
            ready = !fd.is_raised() && request.asked.ask(&*request.kept.source, &mut net);
        }
        told.doubt |= net.doubts() || self.again == Again::Soon;
        ready |= self.again == Again::Now;
        self.again = if self.again == Again::Soon { Again::Now } else { Again::No };
        if ready {
            request.tell(told);
        }
    }
}

impl Request {
    fn tell(&self, told: &mut Told) {
        match &self.tell {
            Tell::Fd(fd) => fd.raise(),
            Tell::Waker(waker) => told.wakers.extend(waker.lock().take()),
        }
    }
}

/// Words that the thread sleeps on besides the alive words: beyond, it looks every millisecond.
const BELLS_MAX: usize = WATCH_MAX - 8;

/// The thread.
fn run() {
    let mut waits = [false, true].map(|fallback| {
        let manner = Manner { fallback, ..Manner::default() };
        Wait::new(Timeout::Forever, manner)
    });
    let mut slept = Slept::Look;
    while let Some(next) = round(&mut waits, slept) {
        slept = next;
    }
}

/// Looks around once, and sleeps. `None`: nobody is left who could ask.
fn round(waits: &mut [Wait; 2], slept: Slept) -> Option<Slept> {
    let slice = slept == Slept::Slice;
    let news = Watch { word: &NEWS, value: NEWS.load(Ordering::Relaxed) }; // Relaxed: the lock is taken after it
    let mut registry = registry();
    let gone = registry.tidy(slice);
    if slice && registry.posts.is_empty() {
        registry.runs = false;
        drop(registry);
        return None;
    }
    let yards: Vec<Arc<Attachment>> = registry.posts.iter().map(|post| post.yard.clone()).collect();
    let fallback = registry.posts.iter().any(|post| post.fallback);
    let mut crowd = Crowd::new(news);
    let (mut words, mut mourning) = (vec![news], Vec::new());
    for (yard, post) in yards.iter().zip(&mut registry.posts) {
        // First the bell, then whom to listen to, then the things: as for any waiter of many.
        words.extend(bell(yard).map(|bell| bell.prepare()));
        let dead = hear(yard, &mut crowd);
        if post.mourner.hears_news(dead) {
            mourning.push(yard);
        }
    }
    let mut told = Told::default();
    registry.look(slice, &mut told);
    drop(registry);
    drop(gone);
    told.wakers.into_iter().for_each(wake_one);
    if !mourning.is_empty() {
        mourning.into_iter().for_each(|yard| yard.sweep());
        return Some(Slept::Look);
    }
    let doubt = told.doubt || words.len() > BELLS_MAX;
    let slept = waits[usize::from(fallback)].sleep_on(&words, &crowd.watches()[1..], doubt);
    if slept == Ok(Slept::Slice) {
        yards.iter().for_each(|yard| yard.sweep());
    }
    Some(slept.unwrap_or(Slept::Look)) // nothing ends it, and no signal comes
}

/// What is somebody else's does not end the thread.
fn wake_one(waker: Waker) {
    let woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    if let Err(panic) = woken {
        let said = AssertUnwindSafe(|| ::log::error!("a waker has panicked"));
        forget((catch_unwind(said), panic)); // to drop it could panic, too
    }
}

/// What a ticket says that a fork child has of its parent.
pub(super) fn not_ours() -> Error {
    Error::with(ErrorKind::NotOwner, "what the parent of this fork child is told, the child is not")
}
