//! The bytes of a value: one atomic of the number's own width, never accessed at another.
#![allow(unsafe_code)] // a pointer becomes an atomic of the right width
#![allow(clippy::unnecessary_cast)] // one of the widths is that of the carrier

use crate::error::{Error, ErrorKind, Result};
use crate::objects::value::scalar::{Op, Scalar, ScalarType, combine};
use crate::shim::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::ptr::NonNull;

/// Where a value lies. Numbers travel as the low bits of a `u64`.
#[derive(Clone, Copy)]
pub(crate) struct Cell(NonNull<u8>);

/// Does `$body` with `$atomic` bound to the atomic of the width of `$kind`, and `$word` to its integer.
macro_rules! with_width {
    ($self:ident, $kind:ident, |$atomic:ident: $word:ident| $body:expr) => {
        match $kind.bytes() {
            1 => {
                type $word = u8;
                let $atomic = $self.at::<AtomicU8>();
                $body
            }
            2 => {
                type $word = u16;
                let $atomic = $self.at::<AtomicU16>();
                $body
            }
            4 => {
                type $word = u32;
                let $atomic = $self.at::<AtomicU32>();
                $body
            }
            _ => {
                type $word = u64;
                let $atomic = $self.at::<AtomicU64>();
                $body
            }
        }
    };
}

impl Cell {
    /// Where it lies.
    pub(crate) fn address(&self) -> usize {
        self.0.addr().get()
    }

    /// `at`: as many bytes as every type has that the cell is used with, aligned to that many, and mapped as long as
    /// the cell is used.
    #[inline(always)]
    pub(crate) fn new(at: NonNull<u8>) -> Cell {
        Cell(at)
    }

    #[inline]
    fn at<A>(&self) -> &A {
        debug_assert!(self.0.cast::<A>().is_aligned());
        // SAFETY: as many aligned bytes as the type has (see `new`), mapped while the handle that made this cell lives; `A` is an atomic,
        // so a peer's store breaks no rule.
        unsafe { self.0.cast::<A>().as_ref() }
    }

    #[inline]
    pub(crate) fn load(&self, kind: ScalarType) -> u64 {
        with_width!(self, kind, |a: W| {
            let w: W = a.load(Ordering::Acquire);
            w as u64
        }) // edge: value
    }

    #[inline]
    pub(crate) fn store(&self, kind: ScalarType, bits: u64) {
        with_width!(self, kind, |a: W| a.store(bits as W, Ordering::Release)); // edge: value
    }

    #[inline]
    pub(crate) fn swap(&self, kind: ScalarType, bits: u64) -> u64 {
        with_width!(self, kind, |a: W| a.swap(bits as W, Ordering::AcqRel) as u64) // edge: value
    }

    #[inline]
    pub(crate) fn compare_exchange(
        &self,
        kind: ScalarType,
        current: u64,
        new: u64,
    ) -> std::result::Result<u64, u64> {
        match self.exchange_bits(kind, current, new) {
            // What no honest peer writes reads as something; else a caller who was told so would try for ever.
            Err(odd) if reads_as(kind, odd) == current => self.exchange_bits(kind, odd, new),
            done => done,
        }
    }

    #[inline]
    fn exchange_bits(&self, kind: ScalarType, current: u64, new: u64) -> std::result::Result<u64, u64> {
        with_width!(self, kind, |a: W| a
            .compare_exchange(current as W, new as W, Ordering::AcqRel, Ordering::Acquire) // edge: value
            .map(|w| w as u64)
            .map_err(|w| w as u64))
    }

    /// One step of the family; `Unsupported` if the type does not know the operation.
    #[inline]
    pub(crate) fn fetch(&self, kind: ScalarType, op: Op, operand: u64) -> Result<u64> {
        if !kind.knows(op) {
            return Err(Error::with(ErrorKind::Unsupported, format!("{op:?} of {kind:?}")));
        }
        Ok(self.fetch_bits(kind, op, operand))
    }

    /// As [`Cell::fetch`], for operations that the type knows; others change nothing.
    #[inline]
    pub(crate) fn fetch_bits(&self, kind: ScalarType, op: Op, operand: u64) -> u64 {
        use ScalarType::{Bool, Char, F32, F64};
        let order = Ordering::AcqRel; // edge: value
        match (kind, op) {
            (_, Op::Swap) => self.swap(kind, operand),
            (F32 | F64 | Bool | Char, _) | (_, Op::Min | Op::Max) => self.fetch_slowly(kind, op, operand),
            (_, Op::Add) => with_width!(self, kind, |a: W| a.fetch_add(operand as W, order) as u64),
            (_, Op::Sub) => with_width!(self, kind, |a: W| a.fetch_sub(operand as W, order) as u64),
            (_, Op::And) => with_width!(self, kind, |a: W| a.fetch_and(operand as W, order) as u64),
            (_, Op::Or) => with_width!(self, kind, |a: W| a.fetch_or(operand as W, order) as u64),
            (_, Op::Xor) => with_width!(self, kind, |a: W| a.fetch_xor(operand as W, order) as u64),
        }
    }

    /// What the processor has no instruction for. Another's success makes this one try again: lock-free.
    fn fetch_slowly(&self, kind: ScalarType, op: Op, operand: u64) -> u64 {
        let mut old = self.load(kind);
        while let Some(new) = combine(kind, op, old, operand) {
            match self.exchange_bits(kind, old, new) {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
        old
    }
}

/// As what the bits are read: those of a bool or a character may be none.
#[inline(always)]
pub(crate) fn reads_as(kind: ScalarType, bits: u64) -> u64 {
    match kind {
        ScalarType::Bool => bool::from_bits(bits).to_bits(),
        ScalarType::Char => char::from_bits(bits).to_bits(),
        _ => bits,
    }
}
