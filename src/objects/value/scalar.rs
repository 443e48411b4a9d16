//! The types a value can have, and what can be done to them.
#![forbid(unsafe_code)]

macro_rules! types {
    ($($variant:ident = $code:literal, $rust:ty, $doc:literal;)*) => {
        /// The type of a value. The numbers are part of the layout and of the C ABI.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(u32)]
        pub enum ScalarType {
            $(#[doc = $doc] $variant = $code,)*
        }

        impl ScalarType {
            /// Every type.
            pub const ALL: &'static [ScalarType] = &[$(ScalarType::$variant,)*];

            /// Bytes of the number: 1, 2, 4 or 8.
            #[inline]
            pub const fn bytes(self) -> usize {
                match self { $(ScalarType::$variant => size_of::<$rust>(),)* }
            }

            /// Whether `fetch` can do this to a number of the type.
            #[inline]
            pub(crate) fn knows(self, op: Op) -> bool {
                combine(self, op, 0, 0).is_some()
            }

            pub(crate) fn from_code(code: u64) -> Option<ScalarType> {
                ScalarType::ALL.iter().copied().find(|t| *t as u64 == code)
            }
        }

        $(impl sealed::Sealed for $rust {})*
    };
}

types! {
    I8 = 1, i8, "signed, 1 byte";
    U8 = 2, u8, "unsigned, 1 byte";
    I16 = 3, i16, "signed, 2 bytes";
    U16 = 4, u16, "unsigned, 2 bytes";
    I32 = 5, i32, "signed, 4 bytes";
    U32 = 6, u32, "unsigned, 4 bytes";
    I64 = 7, i64, "signed, 8 bytes";
    U64 = 8, u64, "unsigned, 8 bytes";
    F32 = 9, f32, "IEEE 754, 4 bytes";
    F64 = 10, f64, "IEEE 754, 8 bytes";
    Bool = 11, bool, "one byte, 0 or 1; any other byte reads as `true`";
    Char = 12, char, "a Unicode scalar value, 4 bytes; any other number reads as U+FFFD";
}

/// What `fetch` does with the number and the operand. The numbers are part of the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Op {
    /// The sum; integers wrap around.
    Add = 1,
    /// The difference; integers wrap around.
    Sub = 2,
    /// Bits set in both.
    And = 3,
    /// Bits set in one or both.
    Or = 4,
    /// Bits set in one only.
    Xor = 5,
    /// The smaller one.
    Min = 6,
    /// The larger one.
    Max = 7,
    /// The operand.
    Swap = 8,
}

impl Op {
    /// Every operation.
    pub const ALL: &'static [Op] = &[Op::Add, Op::Sub, Op::And, Op::Or, Op::Xor, Op::Min, Op::Max, Op::Swap];

    pub(crate) fn from_code(code: u32) -> Option<Op> {
        Op::ALL.iter().copied().find(|op| *op as u32 == code)
    }
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A type that a [`super::Value`], or an element of an [`crate::Array`], can have.
pub trait Scalar: Copy + sealed::Sealed {
    /// Its name in the directory.
    const TYPE: ScalarType;
    #[doc(hidden)]
    fn to_bits(self) -> u64;
    #[doc(hidden)]
    fn from_bits(bits: u64) -> Self;
}

/// A [`Scalar`] that counts.
pub trait Integer: Scalar {}

macro_rules! integers {
    ($($rust:ty as $unsigned:ty, $variant:ident;)*) => {$(
        impl Scalar for $rust {
            const TYPE: ScalarType = ScalarType::$variant;
            #[inline]
            fn to_bits(self) -> u64 { self as $unsigned as u64 }
            #[inline]
            fn from_bits(bits: u64) -> $rust { bits as $rust }
        }
        impl Integer for $rust {}
    )*};
}

integers! {
    i8 as u8, I8; u8 as u8, U8; i16 as u16, I16; u16 as u16, U16;
    i32 as u32, I32; u32 as u32, U32; i64 as u64, I64; u64 as u64, U64;
}

impl Scalar for f32 {
    const TYPE: ScalarType = ScalarType::F32;
    #[inline]
    fn to_bits(self) -> u64 {
        u64::from(f32::to_bits(self))
    }
    #[inline]
    fn from_bits(bits: u64) -> f32 {
        f32::from_bits(bits as u32)
    }
}

impl Scalar for f64 {
    const TYPE: ScalarType = ScalarType::F64;
    #[inline]
    fn to_bits(self) -> u64 {
        f64::to_bits(self)
    }
    #[inline]
    fn from_bits(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
}

impl Scalar for bool {
    const TYPE: ScalarType = ScalarType::Bool;
    #[inline]
    fn to_bits(self) -> u64 {
        u64::from(self)
    }
    #[inline]
    fn from_bits(bits: u64) -> bool {
        bits != 0
    }
}

impl Scalar for char {
    const TYPE: ScalarType = ScalarType::Char;
    #[inline]
    fn to_bits(self) -> u64 {
        u64::from(u32::from(self))
    }
    #[inline]
    fn from_bits(bits: u64) -> char {
        char::from_u32(bits as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// What `op` makes of a number; `None` if the type does not know the operation.
pub(crate) fn combine(kind: ScalarType, op: Op, old: u64, operand: u64) -> Option<u64> {
    use ScalarType as T;
    match kind {
        T::I8 => integer(op, old as i8, operand as i8, i8::wrapping_add, i8::wrapping_sub),
        T::U8 => integer(op, old as u8, operand as u8, u8::wrapping_add, u8::wrapping_sub),
        T::I16 => integer(op, old as i16, operand as i16, i16::wrapping_add, i16::wrapping_sub),
        T::U16 => integer(op, old as u16, operand as u16, u16::wrapping_add, u16::wrapping_sub),
        T::I32 => integer(op, old as i32, operand as i32, i32::wrapping_add, i32::wrapping_sub),
        T::U32 => integer(op, old as u32, operand as u32, u32::wrapping_add, u32::wrapping_sub),
        T::I64 => integer(op, old as i64, operand as i64, i64::wrapping_add, i64::wrapping_sub),
        T::U64 => integer(op, old, operand, u64::wrapping_add, u64::wrapping_sub),
        T::F32 => float32(op, f32::from_bits(old as u32), f32::from_bits(operand as u32)),
        T::F64 => float64(op, f64::from_bits(old), f64::from_bits(operand)),
        T::Bool => boolean(op, old != 0, operand != 0),
        T::Char => character(op, char::from_bits(old), char::from_bits(operand)),
    }
}

fn character(op: Op, a: char, b: char) -> Option<u64> {
    let result = match op {
        Op::Min => a.min(b),
        Op::Max => a.max(b),
        Op::Swap => b,
        Op::Add | Op::Sub | Op::And | Op::Or | Op::Xor => return None,
    };
    Some(result.to_bits())
}

fn integer<T: Scalar + Ord>(op: Op, a: T, b: T, add: fn(T, T) -> T, sub: fn(T, T) -> T) -> Option<u64> {
    Some(match op {
        Op::Add => add(a, b).to_bits(),
        Op::Sub => sub(a, b).to_bits(),
        Op::And => a.to_bits() & b.to_bits(),
        Op::Or => a.to_bits() | b.to_bits(),
        Op::Xor => a.to_bits() ^ b.to_bits(),
        Op::Min => a.min(b).to_bits(),
        Op::Max => a.max(b).to_bits(),
        Op::Swap => b.to_bits(),
    })
}

fn float32(op: Op, a: f32, b: f32) -> Option<u64> {
    let result = match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Min => a.min(b),
        Op::Max => a.max(b),
        Op::Swap => b,
        Op::And | Op::Or | Op::Xor => return None,
    };
    Some(Scalar::to_bits(result))
}

fn float64(op: Op, a: f64, b: f64) -> Option<u64> {
    let result = match op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Min => a.min(b),
        Op::Max => a.max(b),
        Op::Swap => b,
        Op::And | Op::Or | Op::Xor => return None,
    };
    Some(Scalar::to_bits(result))
}

fn boolean(op: Op, a: bool, b: bool) -> Option<u64> {
    let result = match op {
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
        Op::Swap => b,
        Op::Add | Op::Sub | Op::Min | Op::Max => return None,
    };
    Some(u64::from(result))
}
