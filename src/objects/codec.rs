//! Values of any type to bytes and back, by serde, in the postcard format.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;

/// Writes a value behind what is there. Errors: `Invalid` (serde does not take this value to bytes); `out` may have a part of it
/// then.
pub(crate) fn put<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Result<()> {
    postcard::serialize_with_flavor(value, Behind(out))
        .map_err(|e| Error::with(ErrorKind::Invalid, e.to_string()))
}

/// The value that these bytes are. Errors: `Corrupt` (they are none, or there are more).
pub(crate) fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let corrupt = |detail| Err(Error::with(ErrorKind::Corrupt, detail));
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => corrupt(format!("{} bytes behind a value of type {}", rest.len(), type_name::<T>())),
        Err(e) => corrupt(format!("no value of type {}: {e}", type_name::<T>())),
    }
}

struct Behind<'a>(&'a mut Vec<u8>);

impl Flavor for Behind<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
