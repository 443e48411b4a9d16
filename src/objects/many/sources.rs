//! How each noun is waited for among others.
#![forbid(unsafe_code)]

use crate::objects::event::Event;
use crate::objects::many::AsPart;
use crate::objects::permits::Permits;
use crate::objects::queue::{Queue, QueueSide};
use crate::objects::semaphore::Semaphore;
use crate::presence::attachment::Held;
use crate::presence::place::Standing;
use crate::sync::many::{Net, Source};
use crate::sync::wait::Manner;
use std::sync::Arc;

/// One of the objects that somebody waits for.
pub struct Part<'a> {
    /// Where it lies; what a descriptor tells of lies in none.
    pub(crate) yard: Option<&'a Held>,
    /// The same for two handles on the same thing.
    pub(crate) id: (usize, u32),
    pub(crate) manner: Manner,
    pub(crate) source: &'a dyn Source,
}

/// One of the objects, for whoever looks at it later, from wherever. It keeps the yard open, and holds no end of anything.
#[derive(Clone)]
pub struct Kept {
    pub(crate) yard: Held,
    pub(crate) manner: Manner,
    pub(crate) source: Arc<dyn Source + Send + Sync>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part").finish_non_exhaustive()
    }
}

impl AsPart for Event {
    fn part(&self) -> Part<'_> {
        let id = (std::ptr::from_ref(self.word()).addr(), 0);
        Part { yard: Some(self.held()), id, manner: self.manner(), source: self }
    }

    fn keep(&self) -> Option<Kept> {
        Some(Kept { yard: self.held().clone(), manner: self.manner(), source: Arc::new(self.again()) })
    }
}

impl Source for Event {
    fn is_ready(&self) -> bool {
        self.is_set()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.word().arm_now().map(|watch| net.word(watch)).is_none()
    }

    fn pass_on(&self) {
        if self.options().auto_reset {
            self.word().pass_on();
        }
    }
}

impl AsPart for Semaphore {
    fn part(&self) -> Part<'_> {
        let id = (std::ptr::from_ref(self.word()).addr(), 0);
        Part { yard: Some(self.held()), id, manner: self.manner(), source: self }
    }

    fn keep(&self) -> Option<Kept> {
        Some(Kept { yard: self.held().clone(), manner: self.manner(), source: Arc::new(self.again()) })
    }
}

impl Source for Semaphore {
    fn is_ready(&self) -> bool {
        self.value() > 0
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.word().arm().map(|watch| net.word(watch)).is_none()
    }

    fn pass_on(&self) {
        self.word().pass_on();
    }
}

impl AsPart for Permits {
    fn part(&self) -> Part<'_> {
        Part { yard: Some(self.held_yard()), id: (self.address(), 0), manner: self.manner(), source: self }
    }

    fn keep(&self) -> Option<Kept> {
        Some(Kept { yard: self.held_yard().clone(), manner: self.manner(), source: Arc::new(self.again()) })
    }
}

impl Source for Permits {
    fn is_ready(&self) -> bool {
        self.free() > 0
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let (watch, free, doubt) = Permits::arm(self);
        if free {
            return true;
        }
        net.word(watch);
        if doubt {
            net.doubt();
        }
        for token in self.stamps() {
            if let Standing::Here(Some(watch)) = self.held_yard().process_standing(token) {
                net.alive(watch);
            }
        }
        false
    }
}

impl AsPart for Queue {
    fn part(&self) -> Part<'_> {
        let id = (std::ptr::from_ref(self.body()).addr(), 0);
        Part { yard: Some(self.yard()), id, manner: self.manner(), source: self }
    }

    fn keep(&self) -> Option<Kept> {
        Some(Kept { yard: self.yard().clone(), manner: self.manner(), source: Arc::new(self.clone()) })
    }
}

impl Source for Queue {
    fn is_ready(&self) -> bool {
        !self.is_empty() || self.is_shutdown() || self.was_left(QueueSide::Producers) && self.is_deserted()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        let watch = self.body().data.prepare();
        // Who dies after this is heard of, who died before it is seen below.
        self.arm_for_deaths(QueueSide::Producers, net);
        let ready = !self.is_empty() || self.is_shutdown() || self.is_deserted();
        if !ready {
            net.word(watch);
        }
        ready
    }
}
