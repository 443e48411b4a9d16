//! The library's operations, told as plays.

mod common;
mod lock;
mod object;
mod permits;
mod presence;
mod ring;
mod value;
mod yard;

use crate::engine::Trial;

/// All of them.
pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    let mut all = Vec::new();
    all.extend(lock::all());
    all.extend(permits::all());
    all.extend(value::all());
    all.extend(ring::all());
    all.extend(object::all());
    all.extend(presence::all());
    all.extend(yard::all());
    all
}
