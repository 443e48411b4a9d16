use super::*;
use crate::error::ErrorKind;
use crate::objects::lock::{Lock, Scope};
use crate::objects::value::Value;

/// A name of our own, taken away at the end.
struct Name(String);

impl Name {
    fn new(what: &str) -> Name {
        Name(format!("cyd-unit-{}-{what}", std::process::id()))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = Yard::unlink(&self.0);
    }
}

#[test]
fn a_yard_is_made_once_opened_often_and_gone_after_unlink() {
    let name = Name::new("once");
    assert_eq!(Yard::open(&name.0).unwrap_err().kind(), ErrorKind::NotFound);
    let yard = Yard::create(&name.0).unwrap();
    assert_eq!(Yard::create(&name.0).unwrap_err().kind(), ErrorKind::Exists);
    let again = Yard::open(&name.0).unwrap();
    assert_eq!(yard.held().number(), again.held().number(), "one attachment per process and file");
    Yard::unlink(&name.0).unwrap();
    assert_eq!(Yard::unlink(&name.0).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(Yard::open(&name.0).unwrap_err().kind(), ErrorKind::NotFound);
    Value::<u32>::create(&again, "still here").unwrap_err();
    Value::<u32>::create(&again, "still-here").unwrap();
}

#[test]
fn an_abandoned_yard_is_adopted_by_open_and_replaced_by_create() {
    let name = Name::new("abandoned");
    let value = Value::<u64>::create(&Yard::create(&name.0).unwrap(), "v").unwrap();
    value.set(7);
    drop(value);
    let yard = Yard::open_or_create(&name.0).unwrap();
    assert_eq!(Value::<u64>::open(&yard, "v").unwrap().get(), 7);
    drop(yard);
    let yard = Yard::create(&name.0).unwrap();
    assert!(yard.objects().unwrap().is_empty());
}

#[test]
fn an_anonymous_yard_is_sealed_and_opens_from_its_descriptor() {
    let yard = Options::new().size(1).slots(2).anonymous().unwrap();
    assert!(yard.is_sealed());
    let value = Value::<i32>::create(&yard, "v").unwrap();
    value.set(-5);
    let again = Yard::from_fd(&yard).unwrap();
    assert_eq!(Value::<i32>::open(&again, "v").unwrap().get(), -5);
}

#[test]
fn objects_are_listed_and_told_apart() {
    let yard = Yard::anonymous().unwrap();
    Lock::create(&yard, "door", Scope::Process).unwrap();
    Value::<f64>::create(&yard, "heat").unwrap();
    let names: Vec<_> = yard.objects().unwrap().into_iter().map(|o| (o.name, o.kind)).collect();
    assert_eq!(names, [("door".into(), ObjectType::Lock), ("heat".into(), ObjectType::Value)]);
    let kind = |r: Result<()>| r.unwrap_err().kind();
    assert_eq!(kind(Lock::create(&yard, "door", Scope::Thread).map(drop)), ErrorKind::Exists);
    assert_eq!(kind(Lock::open(&yard, "heat").map(drop)), ErrorKind::Type);
    assert_eq!(kind(Lock::open(&yard, "none").map(drop)), ErrorKind::NotFound);
    assert_eq!(kind(Value::<f32>::open(&yard, "heat").map(drop)), ErrorKind::Mismatch);
    assert_eq!(kind(Lock::open_or_create(&yard, "door", Scope::Anyone).map(drop)), ErrorKind::Mismatch);
    assert_eq!(kind(Lock::open(&yard, "a/b").map(drop)), ErrorKind::Name);
}

#[test]
fn a_full_directory_and_a_full_heap_say_so() {
    let yard = Options::new().size(1).objects(40).anonymous().unwrap();
    let made = (0..64).map(|i| Value::<u8>::create(&yard, &format!("v{i}"))).find_map(Result::err).unwrap();
    assert_eq!(made.kind(), ErrorKind::NoSpace, "4096 bytes are 32 values");
    assert!(made.detail().unwrap().contains("128 bytes asked, 0"), "{made:?}");
    let yard = Options::new().objects(1).anonymous().unwrap();
    Value::<u8>::create(&yard, "one").unwrap();
    assert_eq!(Value::<u8>::create(&yard, "two").unwrap_err().kind(), ErrorKind::NoSlots);
}

#[test]
fn the_cost_is_known_before() {
    let options = Options::new().size(4096).slots(3).objects(10);
    let cost = options.cost().unwrap();
    let yard = options.anonymous().unwrap();
    assert_eq!(cost, yard.cost().unwrap());
    assert_eq!(cost.total_bytes, yard.held().region().len() as u64);
    assert_eq!(Options::new().slots(0).cost().unwrap_err().kind(), ErrorKind::Range);
}

#[test]
fn more_threads_than_slots_are_refused_and_slots_come_back() {
    let yard = Options::new().slots(2).anonymous().unwrap();
    let lock = Lock::create(&yard, "l", Scope::Thread).unwrap(); // one slot is ours
    let (ready, go) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|s| {
        let second = s.spawn(|| {
            drop(lock.acquire(Timeout::Try).unwrap());
            ready.wait();
            go.wait();
        });
        ready.wait();
        let third = s.spawn(|| lock.acquire(Timeout::Try).map(drop).unwrap_err().kind());
        assert_eq!(third.join().unwrap(), ErrorKind::NoSlots);
        go.wait();
        second.join().unwrap(); // a scope's end does not wait until the thread has left its yards, a join does
    });
    for _ in 0..10 {
        std::thread::scope(|s| s.spawn(|| drop(lock.acquire(Timeout::Try).unwrap())).join().unwrap());
    }
}

use crate::sync::wait::Timeout;

#[test]
fn who_is_alone_on_his_cpu_spins_when_another_comes_on_another() {
    use crate::os::process::{cpus, stay_on};
    let allowed = cpus().unwrap();
    let mut mine = (0..1024).filter(|cpu| allowed[cpu / 64] >> (cpu % 64) & 1 == 1);
    let first = mine.next().unwrap();
    let last = mine.next_back().unwrap_or(first);
    std::thread::spawn(move || {
        stay_on(first);
        let yard = Yard::anonymous().unwrap();
        let lock = Lock::create(&yard, "lock", Scope::Thread).unwrap();
        drop(lock.acquire(Timeout::Forever).unwrap());
        assert!(!yard.held().has_cpus());
        std::thread::spawn(move || {
            stay_on(last);
            drop(lock.acquire(Timeout::Forever).unwrap());
            assert_eq!(yard.held().has_cpus(), first != last);
        })
        .join()
        .unwrap();
    })
    .join()
    .unwrap();
}
