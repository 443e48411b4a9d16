//! The phases of one play, which its watchdog judges one by one.

use std::time::Duration;

/// What the stage does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The world is made.
    Setup = 0,
    /// The victim prepares itself.
    Prepare = 1,
    /// All CPUs are somebody's who steps.
    Queue = 6,
    /// The operation is stepped.
    Step = 2,
    /// A survivor makes its check.
    Check = 3,
    /// The victim goes on after a stop, up to its own end.
    Finish = 4,
    /// All is taken down.
    End = 5,
}

impl Phase {
    /// From the number on a sheet.
    pub(crate) fn from_number(number: u32) -> Phase {
        use Phase::{Check, End, Finish, Prepare, Queue, Setup, Step};
        [Setup, Prepare, Queue, Step, Check, Finish]
            .into_iter()
            .find(|phase| *phase as u32 == number)
            .unwrap_or(End)
    }

    /// Whom a message blames.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Setup => "the setup",
            Phase::Prepare => "the victim's preparation",
            Phase::Queue => "the queue for a CPU",
            Phase::Step => "the stepped operation",
            Phase::Check => "the survivor's check",
            Phase::Finish => "the continued victim",
            Phase::End => "the end",
        }
    }

    /// How long it may take, if one check may take `patience`.
    pub(crate) fn limit(self, patience: Duration) -> Duration {
        match self {
            Phase::Check => patience,
            // The stage judges the victim itself, by the same patience.
            Phase::Finish => patience * 11,
            // As long as the plays of all others.
            Phase::Queue => Duration::from_secs(600),
            _ => Duration::from_secs(5),
        }
    }
}
