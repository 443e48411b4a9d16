//! How the values that tasks are given, and give, become bytes and back.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result};
use bytemuck::Pod;

/// To bytes. Not for others to implement.
pub trait Put<T: ?Sized> {
    /// Writes it behind what is there. Errors: `Invalid`; `out` may have a part of it then.
    fn put(value: &T, out: &mut Vec<u8>) -> Result<()>;
}

/// From bytes. Not for others to implement.
pub trait Take<T> {
    /// Errors: `Corrupt`.
    fn take(bytes: &[u8]) -> Result<T>;
}

/// How values of type `T` become bytes and back for a [`TypedTask`](crate::TypedTask). Nobody else can implement it.
pub trait Coding<T>: Put<T> + Take<T> {}

impl<C: Put<T> + Take<T>, T> Coding<T> for C {}

/// Bytes as they are.
pub(super) enum Bytes {}

impl<T: AsRef<[u8]>> Put<T> for Bytes {
    fn put(value: &T, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(value.as_ref());
        Ok(())
    }
}

impl Take<Vec<u8>> for Bytes {
    fn take(bytes: &[u8]) -> Result<Vec<u8>> {
        Ok(bytes.to_vec())
    }
}

/// Values are plain data ([`bytemuck::Pod`]) and lie in memory as they are: any bytes of the right length are one. A tuple is not
/// plain data; an array or a `repr(C)` struct is.
#[derive(Debug)]
pub enum Plain {}

impl<T: Pod> Put<T> for Plain {
    fn put(value: &T, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(bytemuck::bytes_of(value));
        Ok(())
    }
}

impl<T: Pod> Take<T> for Plain {
    fn take(bytes: &[u8]) -> Result<T> {
        bytemuck::try_pod_read_unaligned(bytes).map_err(|_| {
            let (len, size, name) = (bytes.len(), size_of::<T>(), std::any::type_name::<T>());
            Error::with(ErrorKind::Corrupt, format!("no value of type {name}: {len} bytes, not {size}"))
        })
    }
}

/// Values are whatever serde can take to bytes and back, in the postcard format, as in a [`SerdeQueue`](crate::SerdeQueue). With the
/// feature `serde`.
#[cfg(feature = "serde")]
#[derive(Debug)]
pub enum Serde {}

#[cfg(feature = "serde")]
impl<T: serde::Serialize> Put<T> for Serde {
    fn put(value: &T, out: &mut Vec<u8>) -> Result<()> {
        crate::objects::codec::put(value, out)
    }
}

#[cfg(feature = "serde")]
impl<T: serde::de::DeserializeOwned> Take<T> for Serde {
    fn take(bytes: &[u8]) -> Result<T> {
        crate::objects::codec::take(bytes)
    }
}
