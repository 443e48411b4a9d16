//! Functions that are called with the parts of a tuple.
#![forbid(unsafe_code)]

/// A function whose arguments are the parts of the tuple `A`, one to eight of them: as in Python's `starmap`.
pub trait StarFn<A, R> {
    /// Calls it.
    fn call(&self, arguments: A) -> R;
}

macro_rules! star {
    ($($part:ident)+) => {
        impl<F: Fn($($part),+) -> R, R, $($part),+> StarFn<($($part,)+), R> for F {
            #[allow(non_snake_case)] // an argument has its type's name
            fn call(&self, ($($part,)+): ($($part,)+)) -> R {
                self($($part),+)
            }
        }
    };
}

star!(A1);
star!(A1 A2);
star!(A1 A2 A3);
star!(A1 A2 A3 A4);
star!(A1 A2 A3 A4 A5);
star!(A1 A2 A3 A4 A5 A6);
star!(A1 A2 A3 A4 A5 A6 A7);
star!(A1 A2 A3 A4 A5 A6 A7 A8);
