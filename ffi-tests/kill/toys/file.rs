//! Long operations on files, with chosen points.

use std::os::fd::AsRawFd;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::Ordering::SeqCst;

use super::words::Words;
use crate::operation::{CHOSEN, Moment, Operation, Point, Points};
use crate::stage::Stage;
use crate::watch::Watch;

const PAGE: u64 = 4096;
const FIELDS: u64 = 4;

/// A record of several fields, each written by a system call; a word of the mapping commits it.
pub(crate) struct Record {
    /// The name.
    pub(crate) name: &'static str,
    /// A broken twin commits before the last field is written.
    pub(crate) commits_early: bool,
}

/// The file and a mapping of it.
pub(crate) struct World {
    file: std::fs::File,
    words: Words,
}

/// So long takes what a real operation does between its system calls.
fn dawdle(words: &Words) {
    for _ in 0..20 {
        std::hint::black_box(words.word(0));
    }
}

fn memory_file() -> std::fs::File {
    // SAFETY: the name is a C string; the descriptor is new and ours.
    let fd = unsafe { OwnedFd::from_raw_fd(libc::memfd_create(c"toy".as_ptr(), libc::MFD_CLOEXEC)) };
    let file = std::fs::File::from(fd);
    file.set_len(PAGE).expect("a page");
    file
}

fn read_page(file: &std::fs::File) -> Vec<u8> {
    let mut bytes = vec![0; PAGE as usize];
    file.read_exact_at(&mut bytes, 0).expect("a page");
    bytes
}

impl Record {
    fn commit(&self, world: &World) {
        world.words.word(0).store(1, SeqCst);
    }
}

impl Operation for Record {
    type World = World;
    type Actor = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn flaw(&self) -> Option<&'static str> {
        self.commits_early.then_some("field 4 is missing")
    }

    fn setup(&self, _: &mut Stage) -> World {
        let file = memory_file();
        let words = Words::of_file(file.as_raw_fd());
        World { file, words }
    }

    fn prepare(&self, _: &World) {}

    fn act(&self, world: &World, (): &mut ()) {
        for field in 1..=FIELDS {
            dawdle(&world.words);
            if field == FIELDS && self.commits_early {
                self.commit(world);
            }
            world.file.write_all_at(&field.to_ne_bytes(), field * 8).expect("eight bytes");
        }
        dawdle(&world.words);
        self.commit(world);
    }

    fn watch(&self, world: &World) -> Watch {
        if self.commits_early {
            let file = world.file.try_clone().expect("a second descriptor");
            return Watch::Bytes(Box::new(move |_| read_page(&file)));
        }
        let (start, length) = world.words.range();
        Watch::Range(start, length)
    }

    fn check(&self, world: &mut World, _: &mut Stage, point: &Point) -> Result<(), String> {
        let committed = world.words.word(0).load(SeqCst) == 1;
        if !committed {
            let done = point.last || point.moment == Moment::Finished;
            return if done { Err("the record was lost".into()) } else { Ok(()) };
        }
        let missing = (1..=FIELDS).find(|field| world.words.word(*field as usize).load(SeqCst) != *field);
        missing.map_or(Ok(()), |field| Err(format!("field {field} is missing")))
    }
}

/// A file that appears whole under its name: made without one, mapped, filled, then linked.
pub(crate) struct Fresh;

impl Operation for Fresh {
    type World = PathBuf;
    type Actor = Option<Words>;

    fn name(&self) -> &'static str {
        "toy fresh file"
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn setup(&self, stage: &mut Stage) -> PathBuf {
        PathBuf::from("/dev/shm").join(stage.unique("fresh"))
    }

    fn prepare(&self, _: &PathBuf) -> Option<Words> {
        None
    }

    fn act(&self, path: &PathBuf, actor: &mut Option<Words>) {
        let aside = path.with_extension("new");
        let file = std::fs::File::create_new(&aside).expect("a new name");
        drop(file);
        let file = std::fs::File::options().read(true).write(true).open(&aside).expect("the new file");
        file.set_len(PAGE).expect("a page");
        let words = Words::of_file(file.as_raw_fd());
        for field in 0..FIELDS {
            dawdle(&words);
            words.word(field as usize).store(field + 1, SeqCst);
        }
        std::fs::rename(&aside, path).expect("a free name");
        *actor = Some(words);
    }

    fn watch(&self, _: &PathBuf) -> Watch {
        Watch::NewMappings(PAGE as usize)
    }

    fn check(&self, path: &mut PathBuf, _: &mut Stage, point: &Point) -> Result<(), String> {
        let Ok(file) = std::fs::File::options().read(true).write(true).open(&*path) else {
            return if point.last { Err("there is no file".into()) } else { Ok(()) };
        };
        let words = Words::of_file(file.as_raw_fd());
        let whole = (0..FIELDS).all(|field| words.word(field as usize).load(SeqCst) == field + 1);
        if whole { Ok(()) } else { Err("the file was seen half made".into()) }
    }
}
