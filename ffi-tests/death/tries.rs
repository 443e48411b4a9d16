//! Who only ever tries, or spins, hears too of a death that the kernel does not tell, although nobody else clears up.

use crate::process::{Child, Ended, LONG, Step, fork};
use crate::{NOUNS, Noun, die_untold, in_a_yard, ring};
use courtyard::{ErrorKind, Ring, RingOptions, Strategy, Yard};

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

fn a_receiver_spins(yard: &Yard, sender: Doomed) {
    let mut receiver = ring(yard).receiver(Strategy::Spin).unwrap();
    assert_eq!(receiver.recv_vec(LONG).unwrap().0, b"last words");
    sender.die();
    assert_eq!(receiver.recv_vec(LONG).unwrap_err().kind(), ErrorKind::PeerDied);
}
