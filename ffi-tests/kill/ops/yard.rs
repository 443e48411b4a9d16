//! Yards by name: made, opened, adopted, replaced, removed, closed.

use courtyard::{ErrorKind, Lock, News, Options, Scope, Timeout, Value, Yard};

use super::common::{SOON, is_gone, kind, pin, places_are_free, turn, wrong};
use crate::engine::Trial;
use crate::operation::{CHOSEN, Mode, Moment, Operation, Point, Points};
use crate::stage::Stage;
use crate::watch::Watch;

pub(crate) fn all() -> Vec<Box<dyn Trial>> {
    vec![
        Box::new(Create { abandoned: false }),
        Box::new(Create { abandoned: true }),
        Box::new(Anonymous),
        Box::new(Adopt),
        Box::new(Unlink),
        Box::new(Close),
    ]
}

fn options() -> Options {
    pin();
    Options::new().size(1 << 12).slots(2).objects(4)
}

fn file(name: &str) -> String {
    format!("/dev/shm/{name}.yard")
}

/// Making a yard under a name that is free, or an abandoned yard's.
struct Create {
    abandoned: bool,
}

impl Operation for Create {
    type World = String;
    type Actor = Option<Yard>;

    fn name(&self) -> &'static str {
        if self.abandoned { "yard create, replacing an abandoned one" } else { "yard create" }
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> String {
        let name = stage.unique("yard");
        if self.abandoned {
            Value::<u64>::create(&options().create(&name).unwrap(), "old").unwrap().set(7);
        }
        name
    }

    fn prepare(&self, _: &String) -> Option<Yard> {
        None
    }

    fn act(&self, name: &String, yard: &mut Option<Yard>) {
        *yard = Some(options().create(name).unwrap());
    }

    fn watch(&self, _: &String) -> Watch {
        Watch::NewMappings(64 << 10)
    }

    fn check(&self, name: &mut String, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            return Ok(());
        }
        // Whole or not there.
        match options().open(name) {
            Ok(yard) => {
                let old = yard.objects().map_err(|e| format!("{e:?}"))?.iter().any(|o| o.name == "old");
                if old && (point.last || !self.abandoned) {
                    return wrong("the yard", "is the old one");
                }
                places_are_free(&yard, 2)?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound && !point.last => {}
            Err(e) => return wrong("a yard that is not whole", e),
        }
        let yard = options().create(name).map_err(|e| format!("create after it: {e:?}"))?;
        places_are_free(&yard, 2)?;
        drop(yard);
        Yard::unlink(name).map_err(|e| format!("unlink: {e:?}"))?;
        if std::path::Path::new(&file(name)).exists() { wrong("a file was left", name) } else { Ok(()) }
    }
}

/// Making a yard without a name: whatever happens, nothing is left.
struct Anonymous;

impl Operation for Anonymous {
    type World = usize;
    type Actor = Option<Yard>;

    fn name(&self) -> &'static str {
        "yard create, anonymous"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, _: &mut Stage) -> usize {
        pin();
        0
    }

    fn prepare(&self, _: &usize) -> Option<Yard> {
        None
    }

    fn act(&self, _: &usize, yard: &mut Option<Yard>) {
        *yard = Some(options().anonymous().unwrap());
    }

    fn watch(&self, _: &usize) -> Watch {
        Watch::NewMappings(64 << 10)
    }

    fn check(&self, _: &mut usize, _: &mut Stage, _: &Point) -> Result<(), String> {
        let yard = options().anonymous().map_err(|e| format!("{e:?}"))?;
        places_are_free(&yard, 2)
    }
}

/// Opening a yard whose only user died with a lock.
struct Adopt;

impl Operation for Adopt {
    type World = String;
    type Actor = Option<Yard>;

    fn name(&self) -> &'static str {
        "yard open, adopting an abandoned one"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> String {
        let name = stage.unique("yard");
        let user = stage.role("dead user", |_| {
            let yard = options().create(&name).map_err(|e| format!("{e:?}"))?;
            Value::<u64>::create(&yard, "value").unwrap().set(7);
            let lock = Lock::create(&yard, "lock", Scope::Process).unwrap();
            lock.acquire_unguarded(Timeout::Forever).unwrap();
            std::mem::forget((yard, lock)); // dies with everything open
            Ok(())
        });
        stage.finish(user, SOON).unwrap();
        name
    }

    fn prepare(&self, _: &String) -> Option<Yard> {
        std::thread::sleep(std::time::Duration::from_millis(3)); // the user ends just now
        None
    }

    fn act(&self, name: &String, yard: &mut Option<Yard>) {
        *yard = Some(options().open(name).unwrap());
    }

    fn watch(&self, _: &String) -> Watch {
        Watch::NewMappings(64 << 10)
    }

    fn check(&self, name: &mut String, _: &mut Stage, point: &Point) -> Result<(), String> {
        if !is_gone(point.moment) {
            return Ok(());
        }
        let yard = options().open(name).map_err(|e| format!("open: {e:?}"))?;
        let value = Value::<u64>::open(&yard, "value").map(|v| v.get());
        if value != Ok(7) {
            return wrong("the data was not kept", value);
        }
        match turn(&Lock::open(&yard, "lock").map_err(|e| format!("{e:?}"))?)? {
            Some(News::OwnerDied) => places_are_free(&yard, 2),
            news => wrong("the owner's death was not told", news),
        }
    }
}

/// Taking a name away while the stage has the yard open.
struct Unlink;

impl Operation for Unlink {
    type World = (String, Yard);
    type Actor = ();

    fn name(&self) -> &'static str {
        "yard unlink"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> (String, Yard) {
        let name = stage.unique("yard");
        let yard = options().create(&name).unwrap();
        (name, yard)
    }

    fn prepare(&self, _: &(String, Yard)) {}

    fn act(&self, (name, _): &(String, Yard), (): &mut ()) {
        Yard::unlink(name).unwrap();
    }

    fn check(&self, (name, yard): &mut (String, Yard), _: &mut Stage, point: &Point) -> Result<(), String> {
        places_are_free(yard, 2)?;
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        let gone = kind(Yard::unlink(name));
        match gone {
            None if !point.last && point.moment == Moment::Killed => Ok(()),
            Some(ErrorKind::NotFound) => Ok(()),
            _ => wrong("unlink after it", gone),
        }
    }
}

/// The last close of a process that holds a lock.
struct Close;

pub(crate) struct Closing {
    yard: Yard,
    name: String,
    lock: Lock,
}

impl Operation for Close {
    type World = Closing;
    type Actor = Option<(Yard, Lock)>;

    fn name(&self) -> &'static str {
        "yard close"
    }

    fn modes(&self) -> &'static [Mode] {
        &[Mode::Kill, Mode::Stop]
    }

    fn points(&self) -> Points {
        CHOSEN
    }

    fn steady(&self) -> bool {
        false
    }

    fn setup(&self, stage: &mut Stage) -> Closing {
        let name = stage.unique("yard");
        let yard = options().create(&name).unwrap();
        let lock = Lock::create(&yard, "lock", Scope::Process).unwrap();
        Closing { yard, name, lock }
    }

    fn prepare(&self, closing: &Closing) -> Option<(Yard, Lock)> {
        let yard = options().open(&closing.name).unwrap();
        let lock = Lock::open(&yard, "lock").unwrap();
        lock.acquire_unguarded(Timeout::Forever).unwrap();
        Some((yard, lock))
    }

    fn act(&self, closing: &Closing, actor: &mut Option<(Yard, Lock)>) {
        *actor = None;
        // The stage's handles are inherited: these are the last ones here.
        // SAFETY: the copies are never used again; the stage has its own.
        unsafe {
            drop(std::ptr::read(&raw const closing.lock));
            drop(std::ptr::read(&raw const closing.yard));
        }
    }

    fn check(&self, closing: &mut Closing, _: &mut Stage, point: &Point) -> Result<(), String> {
        if point.moment == Moment::Stopped {
            return Ok(());
        }
        match turn(&closing.lock)? {
            Some(News::OwnerDied) => {}
            news => return wrong("a lock held at the close", news),
        }
        places_are_free(&closing.yard, 2)
    }
}
