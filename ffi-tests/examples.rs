//! The example programs, run as people run them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking
