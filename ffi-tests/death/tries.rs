//! Who only ever tries, or spins, hears too of a death that the kernel does not tell, although nobody else clears up.

use crate::process::{Child, Ended, LONG, Step, fork};
use crate::{NOUNS, Noun, die_untold, in_a_yard, patiently, ring};
use courtyard::{
    Blocks, ErrorKind, Lock, Permits, Pipe, PipeEnd, Queue, RLock, Ring, RingOptions, RwLock, Strategy,
    Timeout, Yard,
};

/// A row of the table, and what a stranger does who finds it held, and then tells its owner to die.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    noun: &'static str,
    /// If it is not made as in the table.
    make: Option<fn(&Yard)>,
    tries: fn(&Yard, Doomed),
}

const fn row(noun: &'static str, tries: fn(&Yard, Doomed)) -> Row {
    Row { name: noun, noun, make: None, tries }
}

pub(crate) const ROWS: &[Row] = &[
    row("Lock, scope thread", tries_a_lock),
    row("Lock, scope process", tries_a_lock),
    row("Lock, scope anyone", tries_a_lock),
    row("RLock", |yard, owner| {
        let lock = RLock::open(yard, "it").unwrap();
        found_by_tries(owner, ErrorKind::Busy, || lock.try_acquire());
    }),
    row("RwLock, to read", |yard, reader| {
        let lock = RwLock::open(yard, "it").unwrap();
        found_by_tries(reader, ErrorKind::Busy, || lock.try_write());
    }),
    row("RwLock, to write", |yard, writer| {
        let lock = RwLock::open(yard, "it").unwrap();
        found_by_tries(writer, ErrorKind::Busy, || lock.try_read());
    }),
    row("Permits", |yard, owner| {
        let permits = Permits::open(yard, "it").unwrap();
        let rest = permits.try_acquire().unwrap();
        found_by_tries(owner, ErrorKind::Busy, || permits.try_acquire());
        drop(rest);
    }),
    Row {
        name: "Permits, several at once",
        ..row("Permits", |yard, owner| {
            let permits = Permits::open(yard, "it").unwrap();
            found_by_tries(owner, ErrorKind::Busy, || permits.acquire_many(4, Timeout::Try));
        })
    },
    row("Blocks", |yard, owner| {
        let blocks = Blocks::open(yard, "it").unwrap();
        let rest = blocks.try_alloc(1).unwrap();
        found_by_tries(owner, ErrorKind::NoSpace, || blocks.try_alloc(1));
        drop(rest);
    }),
    Row {
        name: "Blocks, for more than the largest",
        ..row("Blocks", |yard, owner| {
            let blocks = Blocks::open(yard, "it").unwrap();
            found_by_tries(owner, ErrorKind::NoSpace, || blocks.try_alloc(4 * 64));
        })
    },
    row("Ring, sending end", |yard, sender| {
        let mut receiver = ring(yard).receiver(Strategy::Block).unwrap();
        receiver.recv_vec(LONG).unwrap();
        ended_for_tries(sender, ErrorKind::Empty, || receiver.recv_vec(Timeout::Try).map(drop));
    }),
    Row {
        name: "Ring, receiving end",
        noun: "Ring, receiving end",
        make: Some(|yard| {
            drop(Ring::create(yard, "it", RingOptions { capacity: 1024, spin_only: false }).unwrap());
            ring(yard).sender(Strategy::Block).unwrap().send(&[7; 500], Timeout::Try).unwrap();
        }),
        tries: |yard, receiver| {
            let mut sender = ring(yard).sender(Strategy::Block).unwrap();
            while sender.try_send(&[7; 500]).is_ok() {}
            ended_for_tries(receiver, ErrorKind::Full, || sender.try_send(&[7; 500]));
        },
    },
    row("Pipe, an end", |yard, peer| {
        let end = Pipe::open(yard, "it").unwrap().end(PipeEnd::First).unwrap();
        end.recv_vec(LONG).unwrap();
        ended_for_tries(peer, ErrorKind::Empty, || end.recv_vec(Timeout::Try).map(drop));
    }),
    row("Queue, a message that is owed", |yard, debtor| {
        let queue = Queue::open(yard, "it").unwrap();
        found_by_tries(debtor, ErrorKind::Empty, || queue.get_vec(Timeout::Try));
    }),
    row("Queue, a part in it", |yard, producer| {
        let queue = Queue::open(yard, "it").unwrap();
        queue.get_vec(LONG).unwrap();
        ended_for_tries(producer, ErrorKind::Empty, || queue.get_vec(Timeout::Try).map(drop));
    }),
    Row { name: "Ring, whose receiver spins", ..row("Ring, sending end", a_receiver_spins) },
    Row {
        name: "Ring, made for spinning",
        make: Some(|yard| {
            drop(Ring::create(yard, "it", RingOptions { capacity: 1024, spin_only: true }).unwrap());
        }),
        ..row("Ring, sending end", a_receiver_spins)
    },
];

/// An owner who dies when he is told.
pub(crate) struct Doomed(Child, Step);

impl Doomed {
    fn new(noun: &Noun, yard: &Yard) -> Doomed {
        let step = Step::of(yard);
        let child = fork(|| {
            (noun.hold)(yard);
            step.set(1);
            step.wait(2);
            die_untold();
        });
        step.wait(1);
        Doomed(child, step)
    }

    fn die(self) {
        self.1.set(2);
        assert_eq!(self.0.wait(), Ended::Signal(libc::SIGKILL));
    }
}

impl Row {
    pub(crate) fn run(&self) -> Ended {
        let noun = NOUNS.iter().find(|noun| noun.name == self.noun).unwrap();
        in_a_yard(|yard| {
            self.make.unwrap_or(noun.make)(yard);
            (self.tries)(yard, Doomed::new(noun, yard));
        })
    }
}

/// What the owner has is not to be had while he lives, and is when he is dead.
fn found_by_tries<T>(owner: Doomed, refused: ErrorKind, attempt: impl Fn() -> courtyard::Result<T>) {
    assert_eq!(attempt().map(drop).unwrap_err().kind(), refused);
    owner.die();
    patiently(|| match attempt() {
        Ok(_) => Some(()),
        Err(error) => {
            assert_eq!(error.kind(), refused);
            None
        }
    });
}

/// The peer is not gone while he lives, and is when he is dead.
fn ended_for_tries(peer: Doomed, nothing: ErrorKind, mut attempt: impl FnMut() -> courtyard::Result<()>) {
    assert_eq!(attempt().unwrap_err().kind(), nothing);
    peer.die();
    patiently(|| match attempt().unwrap_err().kind() {
        ErrorKind::PeerDied => Some(()),
        other => {
            assert_eq!(other, nothing);
            None
        }
    });
}

fn tries_a_lock(yard: &Yard, owner: Doomed) {
    let lock = Lock::open(yard, "it").unwrap();
    found_by_tries(owner, ErrorKind::Busy, || lock.try_acquire());
}

fn a_receiver_spins(yard: &Yard, sender: Doomed) {
    let mut receiver = ring(yard).receiver(Strategy::Spin).unwrap();
    assert_eq!(receiver.recv_vec(LONG).unwrap().0, b"last words");
    sender.die();
    assert_eq!(receiver.recv_vec(LONG).unwrap_err().kind(), ErrorKind::PeerDied);
}
