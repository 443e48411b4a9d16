//! The judge of the models: a copy of loom that misses no order of two accesses.
//!
//! Loom plays a model again with two racing accesses the other way round. Which earlier access a write may race with it looks up
//! in one place, where each later read of the same atomic takes the room of the one before. Has the writing thread read the
//! atomic itself, as before every compare-and-swap, then the reads of the others are forgotten, and no play puts them behind
//! the write (loom 0.7.2; <https://github.com/tokio-rs/loom/issues/392>): some models were played once, and then passed. The copy
//! keeps every read since the last write.
//!
//! It also keeps the stacks of a play for the next one, which takes half the time off.

use crate::source::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version that the repair fits.
const LOOM: &str = "loom-0.7.2";

type Edit = (&'static str, &'static str);

const REPAIR: [(&str, &[Edit]); 4] = [
    (
        "src/rt/atomic.rs",
        &[
            ("    last_access: Option<Access>,", "    reads: Vec<Access>,"),
            ("            last_access: None,", "            reads: Vec::new(),"),
            (
                "last_dependent_access(&self, action: Action) -> Option<&Access>",
                "racing(&self, action: Action) -> Vec<&Access>",
            ),
            (
                "            Action::Load => self.last_non_load_access.as_ref(),",
                "            Action::Load => self.last_non_load_access.iter().collect(),",
            ),
            (
                "            _ => self.last_access.as_ref(),",
                "            _ => self.last_non_load_access.iter().chain(&self.reads).collect(),",
            ),
            ("        Access::set_or_create(&mut self.last_access, path_id, version);", ""),
            (
                "            Action::Load => {}\n            _ => {",
                "            Action::Load => {
                self.reads.retain(|read| !read.happens_before(version));
                self.reads.push(Access::new(path_id, version));
            }
            _ => {
                self.reads.clear();",
            ),
        ],
    ),
    (
        "src/rt/object.rs",
        &[
            (
                "last_dependent_access(&self, operation: Operation) -> Option<&Access> {\n        match",
                "racing(&self, operation: Operation) -> Vec<&Access> {\n        let last = match",
            ),
            (
                "Entry::Atomic(entry) => entry.last_dependent_access(operation.action.into()),",
                "Entry::Atomic(entry) => return entry.racing(operation.action.into()),",
            ),
            (
                "\"object is not branchable {:?}; ref = {:?}\",\n                obj, operation.obj\n            ),\n        }",
                "\"object is not branchable {:?}; ref = {:?}\",\n                obj, operation.obj\n            ),\n        };\n        last.into_iter().collect()",
            ),
        ],
    ),
    (
        "src/rt/execution.rs",
        &[
            (
                "if let Some(access) = self.objects.last_dependent_access(operation) {\n                if",
                "for access in self.objects.racing(operation) {\n                if",
            ),
            (
                "if let Some(access) = self.objects.last_dependent_access(operation) {\n                threads",
                "for access in self.objects.racing(operation) {\n                threads",
            ),
        ],
    ),
    (
        "src/rt/scheduler.rs",
        &[
            ("    max_threads: usize,\n}", "    max_threads: usize,\n    idle: Vec<Thread>,\n}"),
            (
                "            max_threads: capacity,",
                "            max_threads: capacity,\n            idle: Vec::new(),",
            ),
            (
                "threads.push(spawn_thread(Box::new(f), None));",
                "threads.push(self.take_thread(Box::new(f), None));",
            ),
            ("threads.push(spawn_thread(f, stack_size));", "threads.push(self.take_thread(f, stack_size));"),
            (
                "                for thread in &mut threads {
                    thread.resume();
                    assert!(thread.is_done());
                }",
                "                self.idle.append(&mut threads);",
            ),
            (
                "    /// Access the execution\n",
                "    fn take_thread(&mut self, f: Box<dyn FnOnce()>, stack_size: Option<usize>) -> Thread {
        match self.idle.pop() {
            Some(mut thread) if stack_size.is_none() => {
                thread.set_para(Some(f));
                thread
            }
            _ => spawn_thread(f, stack_size),
        }
    }

    /// Access the execution\n",
            ),
            (
                "fn spawn_thread(",
                "impl Drop for Scheduler {
    fn drop(&mut self) {
        self.idle.iter_mut().for_each(|thread| drop(thread.resume()));
    }
}

fn spawn_thread(",
            ),
        ],
    ),
];

/// The files of the copy, each with its text.
pub(crate) fn files() -> Result<Vec<(PathBuf, String)>, String> {
    let loom = found()?;
    let mut files = Vec::new();
    read_all(&loom, Path::new("src"), &mut files)?;
    files.push(("Cargo.toml".into(), read(&loom.join("Cargo.toml"))?));
    for (path, edits) in REPAIR {
        let file = files.iter_mut().find(|(at, _)| at == Path::new(path));
        let (_, text) = file.ok_or_else(|| format!("{LOOM} has no {path}"))?;
        for (old, new) in edits {
            if text.matches(old).count() != 1 {
                return Err(format!("the repair does not fit {path} of {LOOM}: must be there once:\n{old}"));
            }
            *text = text.replace(old, new);
        }
    }
    Ok(files)
}

/// Where cargo has put its sources.
fn found() -> Result<PathBuf, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let out = cargo.current_dir(root()).args(["metadata", "--format-version=1"]).output();
    let said = String::from_utf8_lossy(&out.map_err(|e| format!("cargo metadata: {e}"))?.stdout).into_owned();
    let mut texts = said.split('"').filter_map(|text| text.strip_suffix("/Cargo.toml"));
    let loom = texts.find(|text| text.ends_with(&format!("/{LOOM}")));
    loom.map(PathBuf::from)
        .ok_or_else(|| format!("the models are to be judged by {LOOM}, which cargo does not know"))
}

fn read_all(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, String)>) -> Result<(), String> {
    let shown = |e| format!("{}: {e}", root.join(folder).display());
    for entry in fs::read_dir(root.join(folder)).map_err(shown)? {
        let entry = entry.map_err(shown)?;
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            read_all(root, &path, files)?;
        } else {
            let text = read(&entry.path())?;
            files.push((path, text));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}
