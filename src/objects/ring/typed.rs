//! A ring whose elements all have one plain-data type.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use crate::lockfree::spsc::fixed::{Consumer, Producer};
use crate::lockfree::spsc::{NoRecord, NoRoom};
use crate::objects::directory::How;
use crate::objects::many::{AsPart, Kept, Part};
use crate::objects::ring::end::{Peer, Taken};
use crate::objects::ring::seen::What;
use crate::objects::ring::sender::corrupt;
use crate::objects::ring::side::{Glance, Side, Spot, Which};
use crate::objects::ring::{Ring, RingOptions, Strategy};
use crate::objects::yard::Yard;
use crate::sync::many::{Net, Source};
use crate::sync::wait::Timeout;
use bytemuck::Pod;
use std::marker::PhantomData;

/// A ring of elements of type `T` between one sender and one receiver. As [`Ring`], without a header per record.
///
/// `T` is plain data ([`bytemuck::Pod`]): any bytes are a value of it, so not even a hostile sender can make an
/// invalid one.
#[derive(Debug)]
pub struct TypedRing<T> {
    ring: Ring,
    of: PhantomData<fn(T) -> T>,
}

impl<T: Pod> TypedRing<T> {
    /// Makes a ring of `capacity` elements, a power of two from 2 on. Errors: as for [`Ring::create`].
    pub fn create(yard: &Yard, name: &str, capacity: usize, spin_only: bool) -> Result<TypedRing<T>> {
        TypedRing::obtain(yard, name, How::Create, Some((capacity, spin_only)))
    }

    /// Opens a ring. Errors: `NotFound`, `Type`, `Mismatch` (elements of another size).
    pub fn open(yard: &Yard, name: &str) -> Result<TypedRing<T>> {
        TypedRing::obtain(yard, name, How::Open, None)
    }

    /// Opens a ring or makes it. Errors: as for both.
    pub fn open_or_create(yard: &Yard, name: &str, capacity: usize, spin_only: bool) -> Result<TypedRing<T>> {
        TypedRing::obtain(yard, name, How::OpenOrCreate, Some((capacity, spin_only)))
    }

    fn obtain(yard: &Yard, name: &str, how: How, asked: Option<(usize, bool)>) -> Result<TypedRing<T>> {
        let size = size_of::<T>();
        if size == 0 || align_of::<T>() > 128 {
            return Err(Error::with(ErrorKind::Size, format!("elements of {size} bytes")));
        }
        let options = match asked {
            None => None,
            Some((count, spin_only)) => {
                let capacity = count.checked_mul(size).ok_or(Error::new(ErrorKind::Size))?;
                Some(RingOptions { capacity, spin_only })
            }
        };
        let ring = Ring::obtain(yard, name, how, options, size)?;
        Ok(TypedRing { ring, of: PhantomData })
    }

    /// Takes the sender's end for this process. Errors: as for [`Ring::sender`].
    pub fn sender(&self, strategy: Strategy) -> Result<TypedSender<T>> {
        let (side, _) = self.ring.side(Which::Sender, strategy)?;
        match Producer::resume(self.ring.spot.clone(), size_of::<T>()) {
            Ok(producer) => Ok(TypedSender { producer, side, of: PhantomData }),
            Err(_) => {
                side.close(false);
                Err(corrupt())
            }
        }
    }

    /// Takes the receiver's end for this process. Errors: as for [`Ring::receiver`].
    pub fn receiver(&self, strategy: Strategy) -> Result<TypedReceiver<T>> {
        let (side, taken) = self.ring.side(Which::Receiver, strategy)?;
        let consumer = match taken {
            Taken::Clean => Consumer::begin(self.ring.spot.clone(), size_of::<T>()),
            Taken::AfterDeath => Consumer::resume(self.ring.spot.clone(), size_of::<T>()),
        };
        match consumer {
            Ok(consumer) => Ok(TypedReceiver { consumer, side, is_shown: false, of: PhantomData }),
            Err(_) => {
                side.close(true);
                Err(corrupt())
            }
        }
    }

    /// How many elements fit.
    pub fn capacity(&self) -> usize {
        self.ring.options.capacity / self.ring.element.max(1)
    }

    /// The ring below: for the state of its ends.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }
}

/// The sending end of a [`TypedRing`]. Behaves as [`super::Sender`].
#[repr(align(128))] // two ends side by side share no cache line, nor a pair that is fetched as one
pub struct TypedSender<T> {
    producer: Producer<Spot>,
    side: Side,
    of: PhantomData<fn(T)>,
}

impl<T: Pod> TypedSender<T> {
    /// Sends one element. It is visible to the receiver, whole, before this returns.
    ///
    /// Errors: `Full`, `PeerClosed`, `PeerDied`, `Cancelled`, `Interrupted`, `NotOwner`, `Corrupt`; nothing was sent.
    #[inline]
    pub fn send(&mut self, element: T, timeout: impl Into<Timeout>) -> Result<()> {
        self.side.check()?;
        if let Err(why) = self.producer.send(&element) {
            self.wait(why, timeout.into())?;
            self.producer.send(&element).map_err(|_| corrupt())?;
        }
        self.side.notify();
        Ok(())
    }

    /// Sends one element if there is room now.
    #[inline]
    pub fn try_send(&mut self, element: T) -> Result<()> {
        self.send(element, Timeout::Try)
    }

    /// Sends as many elements as fit, in order, with one store; waits only while there is no room at all. Returns how
    /// many were sent. Errors: as for [`TypedSender::send`].
    pub fn send_slice(&mut self, elements: &[T], timeout: impl Into<Timeout>) -> Result<usize> {
        self.side.check()?;
        if elements.is_empty() {
            return Ok(0);
        }
        let sent = match self.producer.send_slice(elements) {
            Ok(sent) => sent,
            Err(why) => {
                self.wait(why, timeout.into())?;
                self.producer.send_slice(elements).map_err(|_| corrupt())?
            }
        };
        self.side.notify();
        Ok(sent)
    }

    /// Waits until there is room for an element.
    #[cold]
    fn wait(&mut self, why: NoRoom, timeout: Timeout) -> Result<()> {
        if why != NoRoom::Full {
            return Err(corrupt());
        }
        let producer = &mut self.producer;
        self.side.wait(timeout, ErrorKind::Full, |glance| match glance {
            Glance::Poll => producer.poll(1),
            Glance::Exact => producer.has_room(1).unwrap_or(true), // then the next step finds what is wrong
        })
    }

    /// How the receiver stands now.
    pub fn peer(&self) -> Peer {
        self.side.peer()
    }
}

impl<T: Pod> AsPart for TypedSender<T> {
    fn part(&self) -> Part<'_> {
        self.side.part(self)
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.side.keep(What::Element(size_of::<T>())))
    }
}

impl<T: Pod> Source for TypedSender<T> {
    fn refusal(&self) -> Option<Error> {
        self.side.refusal()
    }

    fn is_ready(&self) -> bool {
        self.producer.sees_room(1).unwrap_or(true) || self.side.has_ended()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.side.arm(net, || self.producer.sees_room(1).unwrap_or(true))
    }
}

impl<T> Drop for TypedSender<T> {
    fn drop(&mut self) {
        self.side.close(false);
    }
}

/// The receiving end of a [`TypedRing`]. Behaves as [`super::Receiver`].
#[repr(align(128))] // two ends side by side share no cache line, nor a pair that is fetched as one
pub struct TypedReceiver<T> {
    consumer: Consumer<Spot>,
    side: Side,
    /// The next element was shown, and not taken since.
    is_shown: bool,
    of: PhantomData<fn() -> T>,
}

impl<T: Pod> TypedReceiver<T> {
    /// Takes the next element: at most once. Errors: `Empty`, `PeerClosed`, `PeerDied`, `Cancelled`, `Interrupted`, `NotOwner`,
    /// `Corrupt`.
    #[inline]
    pub fn recv(&mut self, timeout: impl Into<Timeout>) -> Result<T> {
        self.side.check()?;
        self.is_shown = false;
        let element = match self.consumer.recv() {
            Ok(element) => element,
            Err(why) => {
                self.wait(why, timeout.into())?;
                self.consumer.recv().map_err(|_| corrupt())?
            }
        };
        self.side.notify();
        Ok(element)
    }

    /// Takes the next element if there is one now.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T> {
        self.recv(Timeout::Try)
    }

    /// A copy of the next element, which stays in the ring until [`TypedReceiver::release`]: at least once.
    /// Errors: as for [`TypedReceiver::recv`].
    pub fn peek(&mut self, timeout: impl Into<Timeout>) -> Result<T> {
        self.side.check()?;
        let element = match self.consumer.peek() {
            Ok(element) => element,
            Err(why) => {
                self.wait(why, timeout.into())?;
                self.consumer.peek().map_err(|_| corrupt())?
            }
        };
        self.is_shown = true;
        Ok(element)
    }

    /// Releases the element that [`TypedReceiver::peek`] showed. Errors: `Empty` if it showed none since the last one was taken.
    pub fn release(&mut self) -> Result<()> {
        self.side.check()?;
        if !std::mem::take(&mut self.is_shown) || !self.consumer.take(1) {
            return Err(ErrorKind::Empty.into());
        }
        self.consumer.release();
        self.side.notify();
        Ok(())
    }

    /// Whether a receiver that died may have seen the next element already.
    pub fn redelivered(&self) -> bool {
        self.consumer.in_doubt()
    }

    /// Fills as much of `elements` as there is and releases it with one store; waits only while there is nothing.
    /// Returns how many. Errors: as for [`TypedReceiver::recv`].
    pub fn recv_slice(&mut self, elements: &mut [T], timeout: impl Into<Timeout>) -> Result<usize> {
        self.side.check()?;
        if elements.is_empty() {
            return Ok(0);
        }
        self.is_shown = false;
        let count = match self.consumer.recv_slice(elements) {
            Ok(count) => count,
            Err(why) => {
                self.wait(why, timeout.into())?;
                self.consumer.recv_slice(elements).map_err(|_| corrupt())?
            }
        };
        self.side.notify();
        Ok(count)
    }

    /// Waits until there is something.
    #[cold]
    fn wait(&mut self, why: NoRecord, timeout: Timeout) -> Result<()> {
        if why != NoRecord::Empty {
            return Err(corrupt());
        }
        self.consumer.publish_head();
        self.side.notify();
        self.side.after_burst(self.consumer.ran_dry(), timeout);
        let consumer = &self.consumer;
        self.side.wait(timeout, ErrorKind::Empty, |_| consumer.has_news())
    }

    /// How the sender stands now.
    pub fn peer(&self) -> Peer {
        self.side.peer()
    }
}

impl<T: Pod> AsPart for TypedReceiver<T> {
    fn part(&self) -> Part<'_> {
        self.side.part(self)
    }

    fn keep(&self) -> Option<Kept> {
        Some(self.side.keep(What::Data))
    }
}

impl<T: Pod> Source for TypedReceiver<T> {
    fn refusal(&self) -> Option<Error> {
        self.side.refusal()
    }

    fn is_ready(&self) -> bool {
        self.consumer.has_any() || self.side.has_ended()
    }

    fn arm<'a>(&'a self, net: &mut Net<'a>) -> bool {
        self.side.arm(net, || self.consumer.has_any())
    }
}

impl<T> Drop for TypedReceiver<T> {
    fn drop(&mut self) {
        if self.side.check().is_ok() {
            self.consumer.rewind();
            self.consumer.publish_head();
            self.side.close(self.consumer.in_doubt());
        }
    }
}

crate::objects::refer::referable!(TypedRing<T>, Ring, |it| it.ring.whereabouts(), T: Pod);
