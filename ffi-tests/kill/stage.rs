//! The stage: what the world of one point is made with, and what its checks may ask for.

use std::time::Duration;

use crate::clock;
use crate::role::{Part, Role};

/// The roles of one point, and the moment at which the victim fell.
pub(crate) struct Stage {
    serial: u64,
    stem: String,
    roles: Vec<Role>,
    fell: u64,
    waits: Vec<(&'static str, Duration)>,
}

/// Which role is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleId(usize);

impl Stage {
    /// An empty stage of the run `run`; `serial` tells it from every other of that run.
    pub(crate) fn new(run: u32, serial: u64) -> Stage {
        Stage { serial, stem: stem(run, serial), roles: Vec::new(), fell: clock::now(), waits: Vec::new() }
    }

    /// A number that differs from that of the play before.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// A name for a file or a yard of this point. What bears it in /dev/shm is removed after the point.
    pub(crate) fn unique(&self, word: &str) -> String {
        format!("{}{word}", self.stem)
    }

    /// Starts a role, which runs until its body ends; it is killed with the stage at the latest.
    pub(crate) fn role(
        &mut self,
        name: &'static str,
        body: impl FnOnce(&Part<'_>) -> Result<(), String>,
    ) -> RoleId {
        self.roles.push(Role::start(name, body));
        RoleId(self.roles.len() - 1)
    }

    /// The role itself.
    pub(crate) fn part(&self, id: RoleId) -> &Role {
        &self.roles[id.0]
    }

    /// Waits until a role is done, and judges how long it waited after the victim fell.
    pub(crate) fn finish(&mut self, id: RoleId, limit: Duration) -> Result<Duration, String> {
        let role = &self.roles[id.0];
        let waited = role.finish(limit, self.fell)?;
        self.waits.push((role.name(), waited));
        Ok(waited)
    }

    /// Does `body` in a process of its own, and fails if that blocks beyond `limit`.
    pub(crate) fn survivor(
        &mut self,
        limit: Duration,
        body: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        let id = self.role("survivor", |_| body());
        self.finish(id, limit).map(drop)
    }

    /// Notes that the victim falls now: waits are counted from here.
    pub(crate) fn note_fall(&mut self) {
        self.fell = clock::now();
    }

    /// What all roles are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.roles.iter().map(Role::name)
    }

    /// How long each role waited.
    pub(crate) fn waits(&self) -> &[(&'static str, Duration)] {
        &self.waits
    }
}

/// What every name of one point begins with: as long as any other.
fn stem(run: u32, serial: u64) -> String {
    format!("killstep-{run}-{serial:07}-")
}

/// Removes what a point has left in /dev/shm. Called by the process that forked its stage.
pub(crate) fn clear_names(serial: u64) {
    let stem = stem(std::process::id(), serial);
    let Ok(entries) = std::fs::read_dir("/dev/shm") else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().contains(&stem) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
