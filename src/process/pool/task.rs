//! What workers can do: functions by name, and what such a function is told.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind, Result, text_of};
use crate::objects::pool::{Input, Job, MANY, Shift, Table};
use crate::objects::yard::Yard;
use crate::process::family;
use crate::process::pool::{Pool, chunk};
use crate::segment::directory::Name;
use std::cell::RefCell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A function that workers call: what it is told, its input, and what it writes its result behind; or its error.
pub(in crate::process) type TaskFn =
    Arc<dyn Fn(&Task<'_>, &Input<'_>, &mut Vec<u8>) -> std::result::Result<(), String> + Send + Sync>;

/// Has workers of this program call `work` for tasks that are submitted under this name. Every process whose workers are to
/// know it registers it, before its workers begin: a program that starts itself anew for them does so before
/// [`init`](crate::init).
///
/// What it returns is the task's result; an error, or a panic, is the task's error, and the worker goes on. It may fork: the child
/// is no worker, and what it returns is nobody's.
///
/// Errors: `Name` (not 1 to 63 characters of `A-Z a-z 0-9 . _ -`), `Exists`.
pub fn register_task<R, E>(
    name: &str,
    work: impl Fn(&Task<'_>, &[u8]) -> std::result::Result<R, E> + Send + Sync + 'static,
) -> Result<()>
where
    R: Into<Vec<u8>> + AsRef<[u8]>,
    E: Display,
{
    register(name, move |task, input, out| put(work(task, input), out))
}

/// As [`register_task`], for a function that reads its input where it lies: a long one is not copied, whether it was submitted as
/// bytes or in a block ([`Pool::submit_block`]). Whoever submits need not know which of the two is registered.
///
/// Errors: as for [`register_task`].
pub fn register_block_task<R, E>(
    name: &str,
    work: impl Fn(&Task<'_>, &Input<'_>) -> std::result::Result<R, E> + Send + Sync + 'static,
) -> Result<()>
where
    R: Into<Vec<u8>> + AsRef<[u8]>,
    E: Display,
{
    register_in_place(name, move |task, input, out| put(work(task, input), out))
}

/// What a function gives goes behind what is there.
fn put<R, E>(given: std::result::Result<R, E>, out: &mut Vec<u8>) -> std::result::Result<(), String>
where
    R: Into<Vec<u8>> + AsRef<[u8]>,
    E: Display,
{
    let result = given.map_err(|e| e.to_string())?;
    if out.is_empty() {
        *out = result.into();
    } else {
        out.extend_from_slice(result.as_ref());
    }
    Ok(())
}

pub(super) fn register(
    name: &str,
    call: impl Fn(&Task<'_>, &[u8], &mut Vec<u8>) -> std::result::Result<(), String> + Send + Sync + 'static,
) -> Result<()> {
    register_in_place(name, move |task, input, out| {
        let bytes = input.bytes().map_err(|e| format!("the input: {e}"))?;
        call(task, &bytes, out)
    })
}

fn register_in_place(
    name: &str,
    call: impl Fn(&Task<'_>, &Input<'_>, &mut Vec<u8>) -> std::result::Result<(), String> + Send + Sync + 'static,
) -> Result<()> {
    Name::new(name)?;
    let mut family = family::family()?;
    let tasks = family.tasks.get_or_insert_default();
    if tasks.contains_key(name) {
        return Err(Error::with(ErrorKind::Exists, format!("task {name:?} is registered already")));
    }
    tasks.insert(name.to_owned(), Arc::new(call));
    Ok(())
}

/// What a worker has called last: no function is ever taken back, and most tasks are for the same one.
#[derive(Default)]
pub(super) struct Known(RefCell<Option<(String, TaskFn)>>);

impl Known {
    fn find(&self, name: &str) -> Option<TaskFn> {
        if let Some((known, work)) = &*self.0.borrow()
            && known == name
        {
            return Some(work.clone());
        }
        let work = family::family().ok()?.tasks.as_ref()?.get(name).cloned()?;
        self.0.replace(Some((name.to_owned(), work.clone())));
        Some(work)
    }
}

/// What a function that works at a task is told of it.
pub struct Task<'a> {
    job: &'a Job,
    shift: &'a Shift,
}

impl Task<'_> {
    /// The task's number: see [`Future::id`](crate::Future::id).
    pub fn id(&self) -> u64 {
        self.job.id.0
    }

    /// How many workers were lost with this task before: more than 0 means that a part of it may be done already.
    pub fn attempt(&self) -> u32 {
        self.job.attempt()
    }

    /// Whether it was asked to stop. Its waits end with `Cancelled` then; one that only computes looks here from time to time.
    pub fn is_cancelled(&self) -> bool {
        self.job.is_asked(self.table())
    }

    /// The pool that it is a task of, to submit others. Who waits for them works at others meanwhile.
    pub fn pool(&self) -> Pool {
        Pool::of(self.table().clone())
    }

    /// The yard that the pool lies in, to open what the input refers to.
    pub fn yard(&self) -> &Yard {
        self.table().yard()
    }

    fn table(&self) -> &Table {
        self.shift.table()
    }
}

impl std::fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// Does what a task asks for.
pub(super) fn perform(job: &Job, shift: &Shift, known: &Known) -> std::result::Result<Vec<u8>, String> {
    let many = job.entry.strip_prefix(MANY);
    let name = many.unwrap_or(&job.entry);
    let Some(work) = known.find(name) else {
        return Err(format!("no task {name:?} is registered in worker process {}", std::process::id()));
    };
    let task = Task { job, shift };
    let call = |input: &Input<'_>, out: &mut Vec<u8>| {
        let ended = catch_unwind(AssertUnwindSafe(|| work(&task, input, out)));
        ended.unwrap_or_else(|panic| Err(format!("panicked: {}", text_of(&*panic))))
    };
    let perform = || -> Result<_> {
        let input = job.input(shift.table())?;
        if many.is_none() {
            let mut result = Vec::new();
            return Ok(call(&input, &mut result).map(|()| result));
        }
        let each = |input: &[u8], out: &mut Vec<u8>| match task.is_cancelled() {
            true => Err("cancelled".to_owned()),
            false => call(&Input::of(input), out),
        };
        Ok(Ok(chunk::each(&input.bytes()?, each)))
    };
    let done = job.during(shift.table(), perform).flatten();
    done.unwrap_or_else(|e| Err(e.to_string()))
}
