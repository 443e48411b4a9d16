//! On which CPUs those of a yard may run. If it is one alone, nobody looks at a word again and again until another has changed it.
#![forbid(unsafe_code)]

use crate::os::process;
use crate::presence::attachment::Attachment;
use crate::segment::header::CPUS_AT;
use crate::shim::{AtomicU64, Ordering};

impl Attachment {
    /// The calling thread is in the yard from now on, on the CPUs that it may use at this moment. Others find out by and by.
    pub(super) fn note_cpus(&self) {
        let Ok(noted) = self.region().at::<AtomicU64>(CPUS_AT) else { return };
        let mine = process::cpus().map_or(u64::MAX, |cpus| fold(&cpus));
        // Relaxed: a hint.
        if noted.load(Ordering::Relaxed) & mine != mine {
            noted.fetch_or(mine, Ordering::Relaxed);
        }
    }

    /// Whether there may be somebody in the yard who runs at the same time as another.
    pub(crate) fn has_cpus(&self) -> bool {
        let noted = self.region().at::<AtomicU64>(CPUS_AT);
        noted.is_ok_and(|noted| noted.load(Ordering::Relaxed).count_ones() > 1) // Relaxed: a hint
    }
}

/// A bit for each CPU, modulo 64; of several, never one bit alone.
fn fold(cpus: &[u64]) -> u64 {
    let bits = cpus.iter().fold(0, |all, bits| all | bits);
    let count: u32 = cpus.iter().map(|bits| bits.count_ones()).sum();
    if count > bits.count_ones() { u64::MAX } else { bits }
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn several_cpus_are_never_taken_for_one() {
        assert_eq!(fold(&[0, 0]), 0);
        assert_eq!(fold(&[8, 0]), 8);
        assert_eq!(fold(&[0, 2]), 2);
        assert_eq!(fold(&[9, 0]), 9);
        assert_eq!(fold(&[2, 2]), u64::MAX);
    }
}
