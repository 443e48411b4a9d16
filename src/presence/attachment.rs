//! One process's stay in one yard: the mapping, the locks that prove its life, its entry.
//!
//! There is one attachment per (process, file), however often the yard is opened; handles and registered threads
//! hold it. All attachments of the process are in one list, whose lock is also held while a description with our
//! locks is open, and across fork: a child must never inherit such a description.

use crate::error::{Error, ErrorKind, Result};
use crate::os::file::{self, Hold, Identity};
use crate::os::map::{Pin, Wiped};
use crate::os::{Mutex, MutexGuard, child, clock, fork, process};
use crate::presence::entry::{Entry, Slot};
use crate::presence::place::{self, PlaceWord, Standing};
use crate::presence::sweepers::{self, Quiet};
use crate::presence::tally::Tally;
use crate::presence::{birth, handover, sweep, thread};
use crate::segment::bits::{ALIVE_TID, Place, State, Token};
use crate::segment::directory::Directory;
use crate::segment::geometry::Geometry;
use crate::segment::region::Region;
use crate::shim::{AtomicU32, AtomicUsize, Ordering};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Weak};

/// The byte that everybody who has the yard open holds shared.
pub(crate) const IN_USE: u64 = 0;

/// Whose things are to be looked for or repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A thread: what carries thread tokens.
    Thread(Token),
    /// A process: what carries process tokens.
    Process(Token),
}

/// How somebody went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Killed, or ended without closing.
    Died,
    /// Closed properly.
    Closed,
    /// Was a fork child that never came to life: nobody has acted under its token.
    Unborn,
}

impl Place {
    /// How the dead holder of an entry went.
    pub(super) fn gone(&self) -> Gone {
        if self.state.is_unborn() { Gone::Unborn } else { Gone::Died }
    }
}

/// What presence must know about objects: handed in by the room above when a yard is attached.
pub(crate) trait Objects: Sync {
    /// Repairs everything that carries this token. Done by anyone, any number of times.
    fn recover(&self, yard: &Attachment, who: Who, gone: Gone);
    /// The process holds the end at this offset from now on. It is this one, or a child that it is about to fork.
    fn hold(&self, yard: &Attachment, end: u64, process: Token);
    /// This process has closed its last handle on the end at this offset.
    fn let_go(&self, yard: &Attachment, end: u64, process: Token);
}

/// The proof that this process is alive: while the page is mapped, the bytes are locked.
pub(super) struct Stay {
    /// Not unmapped by a fork child, which does not have it.
    pub(super) pin: ManuallyDrop<Pin>,
    pub(super) token: Token,
}

/// See the module.
pub(crate) struct Attachment {
    region: Region,
    geometry: Geometry,
    identity: Identity,
    /// Another description than the pin's: for probing, and to make new descriptions from.
    ///
    /// Whoever closes all descriptors that he does not know (closefrom) closes this one too, and its number may mean
    /// another's file later.
    fd: ManuallyDrop<OwnedFd>,
    path: Mutex<Option<PathBuf>>,
    sealed: bool,
    /// This attachment's place in every thread's page of tokens.
    number: usize,
    /// Holds the process token; a fork child finds 0.
    token: Wiped,
    /// Locked only while the list is.
    stay: Mutex<Option<Stay>>,
    /// The ends that this process holds. Locked only while the list is.
    pub(super) ends: Mutex<Vec<birth::End>>,
    /// The child that is being forked. Locked only while the list is.
    pub(super) unborn: Mutex<Option<birth::Unborn>>,
    handles: AtomicUsize,
    tally: Tally,
    objects: &'static dyn Objects,
}

/// Every attachment of this process, by number.
static LIST: Mutex<Vec<Weak<Attachment>>> = Mutex::new(Vec::new());

static FORK: fork::Handlers = fork::Handlers::new(before_fork, after_fork_in_parent, after_fork_in_child);

extern "C" fn before_fork() {
    FORK.are_installed();
    let list = LIST.lock();
    birth::prepare(|work| each(&list, work));
    std::mem::forget(list); // locked until one of the two below
}

extern "C" fn after_fork_in_parent() {
    let list = LIST.guard_raw();
    birth::in_parent(|work| each(&list, work));
}

extern "C" fn after_fork_in_child() {
    let list = LIST.guard_raw();
    birth::in_child(|work| each(&list, work));
    drop(list);
    sweepers::forget();
    thread::after_fork();
}

fn each(list: &MutexGuard<'_, Vec<Weak<Attachment>>>, work: &dyn Fn(&Attachment)) {
    list.iter().filter_map(Weak::upgrade).for_each(|attachment| work(&attachment));
}

/// From now on a fork finds the list locked by itself.
pub(super) fn survive_forks() -> Result<()> {
    FORK.install()
}

/// Does something with the list locked: no fork comes between.
pub(super) fn with_list<T>(f: impl FnOnce() -> T) -> T {
    let _ = FORK.install(); // without memory for the handlers one may
    let _list = LIST.lock();
    f()
}

impl Attachment {
    /// The process's attachment to the yard behind `fd`; a new one unless there is one already.
    pub(crate) fn open(
        fd: OwnedFd,
        geometry: Geometry,
        path: Option<PathBuf>,
        objects: &'static dyn Objects,
    ) -> Result<Held> {
        let identity = file::stat(fd.as_fd())?.identity;
        FORK.install()?;
        let mut list = LIST.lock();
        if let Some(known) = list.iter().filter_map(Weak::upgrade).find(|a| a.identity == identity) {
            if path.is_some() {
                *known.path.lock() = path;
            }
            let held = Held::new(known);
            let joined = held.join_locked();
            drop(list); // before `held`, whose end may lock it
            return joined.map(|_| held);
        }
        let number = free_number(&mut list)?;
        let (region, token) = (Region::map(fd.as_fd(), geometry.total as usize)?, Wiped::new()?);
        let attachment = Arc::new(Attachment {
            region,
            geometry,
            identity,
            sealed: file::is_size_sealed(fd.as_fd()),
            fd: ManuallyDrop::new(fd),
            path: Mutex::new(path),
            number,
            token,
            stay: Mutex::new(None),
            ends: Mutex::new(Vec::new()),
            unborn: Mutex::new(None),
            handles: AtomicUsize::new(0),
            tally: Tally::new(),
            objects,
        });
        let held = Held::new(attachment);
        let joined = held.join_locked();
        if joined.is_ok() {
            list[number] = Arc::downgrade(&held.0);
        }
        drop(list); // before `held`, whose end may lock it
        joined?;
        sweep::sweep(&held);
        Ok(held)
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The file system of the yard's file, and its number there.
    pub(crate) fn file_number(&self) -> [u64; 2] {
        self.identity.numbers()
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Whether nobody can truncate the yard under us.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// The descriptor, whatever its number means by now.
    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// The descriptor, if it still is the yard's.
    pub(crate) fn checked_fd(&self) -> Result<&OwnedFd> {
        if self.is_fd_ours() { Ok(&self.fd) } else { Err(self.fd_lost()) }
    }

    pub(super) fn is_fd_ours(&self) -> bool {
        self.is_ours(&self.fd)
    }

    pub(super) fn is_ours(&self, fd: &OwnedFd) -> bool {
        file::stat(fd.as_fd()).is_ok_and(|s| s.identity == self.identity)
    }

    fn fd_lost(&self) -> Error {
        let detail = format!("descriptor {} of the yard was closed by somebody else", self.fd.as_raw_fd());
        Error::with(ErrorKind::Closed, detail)
    }

    pub(crate) fn objects(&self) -> &'static dyn Objects {
        self.objects
    }

    pub(crate) fn directory(&self) -> Result<Directory<'_>> {
        Directory::new(&self.region, &self.geometry)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        self.region.table(self.geometry.entries_at, self.geometry.slots).unwrap_or(&[])
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        self.region.table(self.geometry.slots_at, self.geometry.slots).unwrap_or(&[])
    }

    /// The alive word of a slot, where its holder has put it.
    pub(crate) fn alive(&self, slot: u32) -> Option<&AtomicU32> {
        // Relaxed: read once and checked; a wrong but legal offset leads to a word that shows no TID.
        let offset = self.slots().get(slot as usize)?.alive_offset.load(Ordering::Relaxed);
        if offset >= self.geometry.page {
            return None;
        }
        self.region.at(self.geometry.alive_page(slot) + u64::from(offset)).ok()
    }

    fn token_word(&self) -> &AtomicU32 {
        let page: *mut AtomicU32 = self.token.base().cast();
        #[allow(unsafe_code)]
        // SAFETY: the page is ours, aligned, zeroed when new, and lives as long as `self`.
        unsafe {
            &*page
        }
    }

    /// The process token, or 0 if this process has not joined (it may be a fork child).
    #[inline]
    pub(crate) fn token_if_joined(&self) -> u32 {
        self.token_word().load(Ordering::Relaxed) // Relaxed: private to the process
    }

    /// The process token; a fork child joins anew here.
    pub(crate) fn process_token(&self) -> Result<Token> {
        match self.token_if_joined() {
            0 => {
                let _list = LIST.lock();
                self.join_locked()
            }
            token => Ok(Token(token)),
        }
    }

    /// Joins, with the list locked.
    pub(super) fn join_locked(&self) -> Result<Token> {
        if let (Some(known), true) = (&*self.stay.lock(), self.token_if_joined() != 0) {
            return Ok(known.token);
        }
        let invited = handover::take(self.identity).and_then(|unborn| self.unless_lost(unborn));
        let kept = invited.and_then(|unborn| self.come_to_life(unborn));
        let new = kept.map_or_else(|| self.join(), Ok)?;
        let token = new.token;
        self.move_to(new);
        self.hold_on(token);
        Ok(token)
    }

    /// From now on the process is here as this one. A fork child forgets its parent's stay: the pin of that is not
    /// mapped here, so nothing is unmapped.
    pub(super) fn move_to(&self, new: Stay) {
        let token = new.token;
        *self.stay.lock() = Some(new);
        self.token_word().store(token.0, Ordering::Relaxed); // Relaxed: private to the process
        self.tally.begin(clock::now_ns());
    }

    /// Opens a description of our own, locks our bytes with it, takes an entry. Lock first, then look.
    fn join(&self) -> Result<Stay> {
        let own = self.new_description()?;
        if !file::try_lock(own.as_fd(), IN_USE, Hold::Shared)? {
            return Err(Error::with(ErrorKind::Busy, "the yard is being replaced"));
        }
        let pin = ManuallyDrop::new(Pin::new(own.as_fd())?);
        let here = (State::Live, Token::NONE);
        let taken = self.take_entry(&own, true, here).or_else(|| self.take_entry(&own, false, here));
        let Some((index, place)) = taken else {
            drop(ManuallyDrop::into_inner(pin));
            let detail = format!("all {} process entries are taken", self.geometry.slots);
            return Err(Error::with(ErrorKind::NoSlots, detail));
        };
        let entry = &self.entries()[index as usize];
        self.note_cpus();
        let pid = process::pid();
        entry.describe(pid, process::start_time(pid), &process::name(), clock::wall_ns());
        entry.number_in(process::namespace());
        Ok(Stay { pin, token: Token::new(index, place.generation) })
    }

    /// Takes a free entry, or one whose holder is dead; `to` says what becomes of it.
    pub(super) fn take_entry(&self, own: &OwnedFd, free: bool, to: (State, Token)) -> Option<(u32, Place)> {
        for (index, entry) in (0u32..).zip(self.entries()) {
            if entry.place.load().is_some_and(|p| p.state == State::Free) != free {
                continue;
            }
            if !matches!(file::try_lock(own.as_fd(), Entry::byte(index), Hold::Exclusive), Ok(true)) {
                continue;
            }
            if let Some(place) = self.move_in(index, entry, own, to) {
                return Some((index, place));
            }
            // Somebody clears it up just now; leave it to him.
            let _ = file::unlock(own.as_fd(), Entry::byte(index));
        }
        None
    }

    /// Makes the entry ours. We hold its byte with `own`, so its last holder is dead, and we clear up behind him first.
    fn move_in(&self, index: u32, entry: &Entry, own: &OwnedFd, to: (State, Token)) -> Option<Place> {
        let mut place = entry.place.load()?;
        let mut generation = place.generation;
        if place.state != State::Free {
            let is_reaping = place.state.is_reaping();
            let gone = place.gone();
            // A joiner that was killed in here has named himself, by this very entry. Its byte is ours: he is dead.
            let was_joining = is_reaping && place.token.index() == index;
            if is_reaping && !was_joining && self.is_reaper_here(place.token, own) {
                return None;
            }
            // Never again the token of a joiner before us: slots may still carry it.
            let last = if was_joining { place.token.generation() } else { place.generation };
            let me = Token::new(index, last.wrapping_add(1));
            let reaping = place.reaped_by(me);
            if !entry.place.change(place, reaping) {
                return None;
            }
            sweep::clear_entry(self, Token::new(index, place.generation), me, gone);
            place = reaping;
            generation = me.generation();
        }
        let taken = Place { generation, state: to.0, token: to.1 };
        entry.left_at.begin(&entry.place, place, taken).then_some(taken)
    }

    /// Whether who clears up an entry is alive. Asks through `own`, which does not hold his byte: the list is locked,
    /// so no other description may be opened.
    fn is_reaper_here(&self, token: Token, own: &OwnedFd) -> bool {
        self.is_placed(token) && file::is_locked(own.as_fd(), Entry::byte(token.index())).unwrap_or(true)
    }

    /// A new description of the yard's file. The kept descriptor may have been closed behind our back (closefrom):
    /// it is compared with the file that we mapped, and the name is tried if it is another.
    pub(super) fn new_description(&self) -> Result<OwnedFd> {
        if self.is_fd_ours() {
            return file::reopen(self.fd.as_fd());
        }
        let by_name =
            self.path.lock().as_ref().and_then(|p| file::open(p).and_then(file::spare_standard).ok());
        by_name.filter(|fd| self.is_ours(fd)).ok_or_else(|| self.fd_lost())
    }

    /// Whether the process behind a process token can still act. Slow: asks the kernel about a file lock.
    pub(crate) fn is_here(&self, token: Token) -> bool {
        token.0 == self.token_if_joined() || self.is_placed(token) && self.is_byte_locked(token.index())
    }

    /// Whether the token's entry still is about the stay that the token names.
    fn is_placed(&self, token: Token) -> bool {
        let Some(place) = self.entries().get(token.index() as usize).and_then(|e| e.place.load()) else {
            return false;
        };
        let lives =
            matches!(place.state, State::Live | State::Joining) && place.generation == token.generation();
        // A joiner that clears up before it moves in has no generation yet: the entry names it.
        let clears = place.state.is_reaping() && place.token == token;
        lives || clears
    }

    /// Whether the entry's byte is locked. If the kernel cannot be asked, the answer is yes: nobody is called dead
    /// without proof.
    fn is_byte_locked(&self, index: u32) -> bool {
        let probe = |fd: &OwnedFd| file::is_locked(fd.as_fd(), Entry::byte(index)).unwrap_or(true);
        if self.is_fd_ours() {
            return probe(&self.fd);
        }
        let _list = LIST.lock(); // a description is open for a moment
        self.new_description().map_or(true, |fd| probe(&fd))
    }

    /// How the thread behind a thread token stands.
    pub(crate) fn thread_standing(&self, token: Token) -> Standing<'_> {
        match (self.slots().get(token.index() as usize), self.alive(token.index())) {
            (Some(slot), Some(alive)) => place::standing(&slot.place, alive, token),
            _ => Standing::Dead,
        }
    }

    /// The TID of the thread behind a thread token, numbered in its own PID namespace.
    pub(crate) fn tid_of(&self, token: Token) -> Option<u32> {
        match self.thread_standing(token) {
            Standing::Here(Some(watch)) => Some(watch.value & ALIVE_TID),
            _ => None,
        }
    }

    /// Process and thread (0 for a whole process) behind a token, in their own PID namespace, also if they are gone;
    /// zeros if the place is another's by now.
    pub(crate) fn person(&self, who: Who) -> (u32, u32) {
        let (person, generation, place) = match who {
            Who::Thread(token) => {
                let Some(slot) = self.slots().get(token.index() as usize) else { return (0, 0) };
                (slot.person(), token.generation(), slot.place.load())
            }
            Who::Process(token) => {
                let Some(entry) = self.entries().get(token.index() as usize) else { return (0, 0) };
                ((entry.pid(), 0), token.generation(), entry.place.load())
            }
        };
        if place.is_some_and(|p| p.generation == generation) { person } else { (0, 0) }
    }

    /// Whether this process numbers others as the thread behind a token does, who may be gone; true if nobody knows any more.
    pub(crate) fn is_numbered_as_we(&self, thread: Token) -> bool {
        Token::of(self.token_if_joined()).is_none_or(|ours| self.is_numbered_as(thread, ours))
    }

    /// Whether the process behind a process token numbers others as the thread behind a thread token does; likewise.
    pub(crate) fn is_numbered_as(&self, thread: Token, process: Token) -> bool {
        let slot = self.slots().get(thread.index() as usize);
        let slot = slot.filter(|slot| slot.place.load().is_some_and(|p| p.generation == thread.generation()));
        let entry = self.entries().get(process.index() as usize);
        slot.zip(entry).is_none_or(|(slot, entry)| slot.namespace() == entry.namespace())
    }

    /// When the process of the living thread behind a token started, in clock ticks since boot; 0 if nobody knows.
    pub(crate) fn start_of(&self, thread: Token) -> u64 {
        let process = self.process_of(thread);
        let entry = process.and_then(|process| self.entries().get(process.index() as usize));
        entry.map_or(0, |entry| entry.start_time())
    }

    /// How the process behind a token went, which is dead.
    pub(crate) fn gone(&self, dead: Token) -> Gone {
        let place = self.entries().get(dead.index() as usize).and_then(|e| e.place.load());
        place.filter(|p| p.generation == dead.generation()).map_or(Gone::Died, |p| p.gone())
    }

    /// The process token of the thread behind a thread token.
    pub(crate) fn process_of(&self, token: Token) -> Option<Token> {
        let place = self.slots().get(token.index() as usize)?.place.load()?;
        (place.generation == token.generation() && place.state == State::Live).then_some(place.token)
    }

    /// Moves a thread's place on; if it lived there, its process's entry says that it leaves now, or was found `died`.
    pub(super) fn move_on(&self, thread: &PlaceWord, from: Place, to: Place, died: bool) -> bool {
        let entry = self.entries().get(from.token.index() as usize).filter(|_| from.state == State::Live);
        entry.map_or_else(
            || thread.change(from, to),
            |it| it.left_at.move_on(thread, (from, to), (clock::now_ns(), died)),
        )
    }

    /// How the process behind a process token stands: proof by its byte, notice by one of its threads.
    pub(crate) fn process_standing(&self, token: Token) -> Standing<'_> {
        self.judge_process(token, false)
    }

    /// As `process_standing`, without asking the kernel about a process that shows no sign of death: it counts as here.
    pub(crate) fn process_glance(&self, token: Token) -> Standing<'_> {
        self.judge_process(token, true)
    }

    fn judge_process(&self, token: Token, at_a_glance: bool) -> Standing<'_> {
        if token.0 == self.token_if_joined() {
            return Standing::Here(None);
        }
        let Some(entry) = self.entries().get(token.index() as usize) else { return Standing::Dead };
        let threads = self.slots().iter().map(|slot| &slot.place);
        let left = match entry.left_at.ask(token, threads, |index| self.alive(index), clock::now_ns) {
            Ok(watch) => return Standing::Here(Some(watch)), // no system call needed
            Err(left) => left,
        };
        let here =
            if at_a_glance && left != Some(true) { self.is_placed(token) } else { self.is_here(token) };
        match left {
            _ if !here => Standing::Dead,
            Some(died) => Standing::Doubtful { died },
            None => Standing::Here(None),
        }
    }

    /// Clears up behind the dead. For whoever needs a place, has slept a slice, or hears of a death.
    pub(crate) fn sweep(&self) {
        self.tally.sweep(clock::now_ns(), || sweep::sweep(self));
    }

    /// What this process has slept here.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The last handle is closed: give back what this process owns, and let the calling thread go. The list is locked.
    fn last_close(&self) {
        if let Some(token) = Token::of(self.token_if_joined()) {
            self.objects.recover(self, Who::Process(token), Gone::Closed);
        }
        thread::detach(self);
    }
}

impl Attachment {
    /// Gives our entry back, then the locks that prove our life.
    fn leave(&self) {
        let token = self.token_if_joined();
        let mut stay = self.stay.lock();
        let Some(stay) = stay.take().filter(|s| s.token.0 == token) else { return }; // not joined, or a fork child
        if let Some(entry) = self.entries().get(stay.token.index() as usize)
            && let Some(place) = entry.place.load().filter(|p| p.state == State::Live)
            && place.generation == stay.token.generation()
        {
            entry.place.change(place, place.vacated());
        }
        drop(ManuallyDrop::into_inner(stay.pin)); // unlocks our bytes
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.leave();
        if self.is_fd_ours() {
            #[allow(unsafe_code)]
            // SAFETY: dropped here only, and not used any more.
            unsafe {
                ManuallyDrop::drop(&mut self.fd);
            }
        }
    }
}

/// A share in an attachment that keeps it open: every handle has one.
pub(crate) struct Held(Arc<Attachment>);

impl Held {
    fn new(attachment: Arc<Attachment>) -> Held {
        attachment.handles.fetch_add(1, Ordering::Relaxed);
        Held(attachment)
    }

    /// The attachment without keeping it open, for a thread's registration.
    pub(crate) fn share(&self) -> &Arc<Attachment> {
        &self.0
    }
}

impl Clone for Held {
    fn clone(&self) -> Held {
        Held::new(self.0.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let handles = &self.0.handles;
        let not_last = |n: usize| (n > 1).then(|| n - 1);
        if handles.fetch_update(Ordering::AcqRel, Ordering::Relaxed, not_last).is_ok() {
            return;
        }
        // Opening locks the list too. What another thread takes after it has opened the yard anew carries the same
        // token, and must not be given back here.
        let _list = LIST.lock();
        if handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.last_close();
        }
    }
}

impl std::ops::Deref for Held {
    type Target = Attachment;
    fn deref(&self) -> &Attachment {
        &self.0
    }
}

impl Attachment {
    /// Whether no handle is left, so that registered threads should go.
    pub(crate) fn is_closed(&self) -> bool {
        self.handles.load(Ordering::Acquire) == 0
    }
}

/// This process is about to end: it leaves all its yards as one who closes, with whatever handles it still has. If other
/// threads run, they may be in the middle of anything: then its end is left to the kernel to tell, which stops them first. So it is
/// if a thread of the library's own clears up somewhere, and does not come to an end.
pub(crate) fn leave_all() {
    // Who is in no yard need not ask.
    if joined(&LIST.lock()).is_empty() || child::threads() != Some(1) {
        return;
    }
    // Without the list: who clears up may need it.
    let Some(_quiet) = Quiet::begin() else { return };
    let list = LIST.lock();
    for attachment in &joined(&list) {
        attachment.last_close();
        attachment.leave();
        attachment.token_word().store(0, Ordering::Relaxed); // Relaxed: private to the process
    }
}

/// Those through which this process is in a yard.
fn joined(list: &[Weak<Attachment>]) -> Vec<Arc<Attachment>> {
    let is_joined = |attachment: &Arc<Attachment>| attachment.token_if_joined() != 0;
    list.iter().filter_map(Weak::upgrade).filter(is_joined).collect()
}

/// Does something while a description with locks of ours is open: no fork child must inherit it.
pub(crate) fn undisturbed<T>(f: impl FnOnce() -> T) -> T {
    with_list(f)
}

/// The lowest number that nobody uses.
fn free_number(list: &mut Vec<Weak<Attachment>>) -> Result<usize> {
    let free = list.iter().position(|a| a.strong_count() == 0);
    let number = free.unwrap_or(list.len());
    if number >= thread::YARDS_MAX {
        let detail = format!("a process can have {} yards open", thread::YARDS_MAX);
        return Err(Error::with(ErrorKind::NoSlots, detail));
    }
    if free.is_none() {
        list.push(Weak::new());
    }
    Ok(number)
}
