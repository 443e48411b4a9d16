//! The library's ring of cells, from its own source: nothing public uses it alone.
#![allow(missing_docs, dead_code, unused_imports)] // the library uses the rest

#[cfg(test)]
#[path = "../../src/lockfree/explore.rs"]
mod explore;
#[path = "../../src/lockfree/line.rs"]
mod line;
#[path = "../../src/lockfree/mpmc/mod.rs"]
pub(crate) mod mpmc;
