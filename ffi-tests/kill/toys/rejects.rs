//! Toys that cannot be played as they are, and of which the harness must say so.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crate::engine::Trial;
use crate::operation::{Mode, Operation, Point};
use crate::sheet::sleep;
use crate::stage::Stage;

/// All of them, and one that is nearly the same and can be played.
pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Toy {
            name: "toy too long",
            flaw: "it needs chosen points",
            act: |_| spin(30_000),
            ..PLAIN
        }),
        Box::new(Toy {
            name: "toy that sleeps unannounced",
            flaw: "is not said to",
            act: |_| nap(),
            ..PLAIN
        }),
        Box::new(Toy { name: "toy said to sleep", flaw: "never does", sleeps: true, ..PLAIN }),
        Box::new(Toy { name: "toy that wanders", flaw: "no two of", act: wander, ..PLAIN }),
        Box::new(Toy { name: "toy that may wander", act: wander, steady: false, ..PLAIN }),
        Box::new(Toy {
            name: "toy whose victim panics",
            flaw: "the victim died before it had finished: panicked at",
            finish: || panic!("no victim"),
            ..PLAIN
        }),
        Box::new(Toy {
            name: "toy whose check panics",
            flaw: "no survivor",
            check: || panic!("no survivor"),
            ..PLAIN
        }),
        Box::new(Toy {
            name: "toy whose victim never finishes",
            flaw: "the continued victim waited beyond",
            finish: nap,
            modes: &[Mode::Stop],
            ..PLAIN
        }),
        Box::new(Toy {
            name: "toy whose stage dies",
            flaw: "the stage died during the survivor's check",
            check: || std::process::abort(),
            ..PLAIN
        }),
    ]
}

/// An operation on nothing.
struct Toy {
    name: &'static str,
    flaw: &'static str,
    modes: &'static [Mode],
    sleeps: bool,
    steady: bool,
    act: fn(u64),
    finish: fn(),
    check: fn(),
}

/// One that can be played.
const PLAIN: Toy = Toy {
    name: "",
    flaw: "",
    modes: &[Mode::Kill],
    sleeps: false,
    steady: true,
    act: |_| spin(1),
    finish: || (),
    check: || (),
};

fn spin(rounds: u64) {
    for round in 0..rounds {
        black_box(round);
    }
}

/// Does other instructions each time.
fn wander(seed: u64) {
    spin(seed % 7);
}

fn nap() {
    let word = AtomicU32::new(0);
    sleep(&word, 0, None);
}

impl Operation for Toy {
    type World = u64;
    type Actor = u64;

    fn name(&self) -> &'static str {
        self.name
    }

    fn modes(&self) -> &'static [Mode] {
        self.modes
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(100)
    }

    fn steady(&self) -> bool {
        self.steady
    }

    fn sleeps(&self) -> bool {
        self.sleeps
    }

    fn flaw(&self) -> Option<&'static str> {
        (!self.flaw.is_empty()).then_some(self.flaw)
    }

    fn setup(&self, stage: &mut Stage) -> u64 {
        stage.serial()
    }

    fn prepare(&self, serial: &u64) -> u64 {
        *serial
    }

    fn act(&self, _: &u64, seed: &mut u64) {
        (self.act)(*seed);
    }

    fn finish(&self, _: &u64, _: &mut u64) -> Result<(), String> {
        (self.finish)();
        Ok(())
    }

    fn check(&self, _: &mut u64, _: &mut Stage, _: &Point) -> Result<(), String> {
        (self.check)();
        Ok(())
    }
}
