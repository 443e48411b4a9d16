use super::*;
use crate::error::ErrorKind;
use crate::objects::value::{ScalarType, Value};
use crate::objects::yard::Options;
use crate::sync::wait::Timeout;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);
const PLAIN: ArrayOptions = ArrayOptions { lock: false };

fn yard() -> Yard {
    Options::new().slots(8).anonymous().unwrap()
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

macro_rules! integer_family {
    ($($test:ident $t:ty;)*) => {$(
        #[test]
        fn $test() {
            let a = Array::<$t>::create(&yard(), "a", 3, PLAIN).unwrap();
            assert_eq!(a.to_vec(), [0, 0, 0]);
            a.set(1, <$t>::MAX).unwrap();
            assert_eq!(a.fetch_add(1, 1), Ok(<$t>::MAX));
            assert_eq!(a.fetch_sub(1, 1), Ok(<$t>::MIN), "it wraps");
            assert_eq!(a.fetch_and(1, 0b0110), Ok(<$t>::MAX));
            assert_eq!(a.fetch_or(1, 0b1000), Ok(0b0110));
            assert_eq!(a.fetch_xor(1, 0b0010), Ok(0b1110));
            assert_eq!(a.fetch_max(1, 100), Ok(0b1100));
            assert_eq!(a.fetch_min(1, <$t>::MIN), Ok(100));
            assert_eq!(a.swap(1, 5), Ok(<$t>::MIN));
            assert_eq!(a.compare_exchange(1, 5, 6), Ok(Ok(5)));
            assert_eq!(a.compare_exchange(1, 5, 7), Ok(Err(6)));
            assert_eq!(a.to_vec(), [0, 6, 0], "neighbours stay");
            for op in Op::ALL {
                a.fetch(*op, 2, 1).unwrap();
            }
        }
    )*};
}

integer_family! {
    i8_family i8; u8_family u8; i16_family i16; u16_family u16;
    i32_family i32; u32_family u32; i64_family i64; u64_family u64;
}

#[test]
fn floats_know_nan_and_bools_and_chars_are_validated() {
    let yard = yard();
    let floats = Array::<f32>::create(&yard, "f", 2, PLAIN).unwrap();
    floats.set(0, f32::NAN).unwrap();
    assert!(floats.fetch(Op::Max, 0, 1.5).unwrap().is_nan());
    assert_eq!(floats.fetch(Op::Min, 0, f32::NAN), Ok(1.5), "a number is preferred");
    assert_eq!(floats.get(0), Ok(1.5));
    assert_eq!(kind(floats.fetch(Op::And, 0, 1.0)), ErrorKind::Unsupported);

    let bools = Array::<bool>::create(&yard, "b", 2, PLAIN).unwrap();
    bools.any.cell(1).unwrap().store(ScalarType::U8, 0xaa);
    assert_eq!(bools.to_vec(), [false, true]);
    assert_eq!(bools.compare_exchange(1, true, false), Ok(Ok(true)));
    assert_eq!(bools.to_vec(), [false, false]);

    let text = Array::<char>::create(&yard, "c", 5, PLAIN).unwrap();
    text.write_slice(0, &['a', 'ß', '\u{10FFFF}', '\0', 'z']).unwrap();
    assert_eq!(text.iter().collect::<String>(), "aß\u{10FFFF}\0z");
    assert_eq!(text.fetch(Op::Max, 0, 'c'), Ok('a'));
    assert_eq!(text.fetch(Op::Min, 0, 'b'), Ok('c'));
    assert_eq!(text.swap(0, 'x'), Ok('b'));
    for op in [Op::Add, Op::Sub, Op::And, Op::Or, Op::Xor] {
        assert_eq!(kind(text.fetch(op, 0, 'a')), ErrorKind::Unsupported);
    }
    for odd in [0xD800u64, 0x11_0000, 0xFFFF_FFFF] {
        text.any.cell(0).unwrap().store(ScalarType::U32, odd);
        assert_eq!(text.get(0), Ok('\u{FFFD}'), "{odd:#x}");
        assert_eq!(text.compare_exchange(0, 'q', 'r'), Ok(Err('\u{FFFD}')));
        assert_eq!(
            text.compare_exchange(0, '\u{FFFD}', 'r'),
            Ok(Ok('\u{FFFD}')),
            "what is told can be expected"
        );
    }
    let value = Value::<char>::create(&yard, "v").unwrap();
    assert_eq!((value.swap('é'), value.get()), ('\0', 'é'));
}

#[test]
fn runs_are_copied_and_bounds_are_named() {
    let a = Array::<u16>::create(&yard(), "a", 10, PLAIN).unwrap();
    a.write_slice(3, &[1, 2, 3]).unwrap();
    let mut three = [0; 3];
    a.read_slice(4, &mut three).unwrap();
    assert_eq!(three, [2, 3, 0]);
    a.fill(8.., 7).unwrap();
    a.fill(..=0, 9).unwrap();
    a.fill(2..2, 1).unwrap();
    assert_eq!(a.to_vec(), [9, 0, 0, 1, 2, 3, 0, 0, 7, 7]);
    assert_eq!(a.iter().count(), 10);
    a.read_slice(10, &mut []).unwrap();

    let error = a.get(10).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Range, Some("10 in an array of 10")));
    assert_eq!(kind(a.set(usize::MAX, 1)), ErrorKind::Range);
    assert_eq!(kind(a.fetch_add(10, 1)), ErrorKind::Range);
    assert_eq!(kind(a.compare_exchange(10, 1, 1)), ErrorKind::Range);
    let error = a.write_slice(8, &[1, 1, 1]).unwrap_err();
    assert_eq!(error.detail(), Some("3 elements from 8 on in an array of 10"));
    assert_eq!(kind(a.read_slice(usize::MAX, &mut three)), ErrorKind::Range);
    assert_eq!(kind(a.read_slice(11, &mut [])), ErrorKind::Range);
    assert_eq!(kind(a.fill(0..=usize::MAX, 1)), ErrorKind::Range);
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = a.fill(5..4, 1);
    assert_eq!(kind(backwards), ErrorKind::Range);
    assert_eq!(a.to_vec(), [9, 0, 0, 1, 2, 3, 0, 0, 7, 7], "what is refused changes nothing");
}

#[test]
fn impossible_and_other_arrays_are_refused() {
    let yard = yard();
    assert_eq!(kind(Array::<u8>::create(&yard, "n", 0, PLAIN)), ErrorKind::Range);
    assert_eq!(kind(Array::<u8>::create(&yard, "n", 1 << 30, PLAIN)), ErrorKind::NoSpace);
    assert_eq!(kind(Array::<u64>::create(&yard, "n", usize::MAX / 4, PLAIN)), ErrorKind::Size);
    assert_eq!(kind(Array::<u8>::create(&yard, "n", usize::MAX, PLAIN)), ErrorKind::Size);
    assert_eq!(kind(StructArray::<[u8; 9]>::create(&yard, "n", usize::MAX / 190)), ErrorKind::Size);
    assert_eq!(kind(StructArray::<[u8; 9]>::create(&yard, "n", 0)), ErrorKind::Range);
    assert_eq!(kind(StructArray::<[u8; 0]>::create(&yard, "n", 1)), ErrorKind::Size);
    Array::<i32>::create(&yard, "a", 4, PLAIN).unwrap();
    StructArray::<[u32; 2]>::create(&yard, "s", 4).unwrap();
    assert_eq!(kind(Array::<u32>::open(&yard, "a")), ErrorKind::Mismatch);
    assert_eq!(kind(Array::<u32>::open(&yard, "s")), ErrorKind::Mismatch);
    assert_eq!(kind(StructArray::<[u32; 2]>::open(&yard, "a")), ErrorKind::Mismatch);
    assert_eq!(kind(StructArray::<[u32; 3]>::open(&yard, "s")), ErrorKind::Mismatch);
    assert_eq!(kind(StructArray::<u64>::open(&yard, "s")), ErrorKind::Mismatch);
    assert_eq!(kind(StructArray::<[u32; 2]>::open_or_create(&yard, "s", 5)), ErrorKind::Mismatch);
    let error = Array::<i32>::open_or_create(&yard, "a", 5, PLAIN).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Mismatch, Some("\"a\" has 4 elements, not 5")));
    assert_eq!(Array::<i32>::open_or_create(&yard, "a", 4, PLAIN).unwrap().len(), 4);
    assert_eq!(kind(Value::<i32>::open(&yard, "a")), ErrorKind::Type);
    assert_eq!(kind(Array::<i32>::open(&yard, "nothing")), ErrorKind::NotFound);
}

#[test]
fn structs_of_an_array_are_structs_of_their_own() {
    let yard = yard();
    let a = StructArray::<[u64; 9]>::create(&yard, "s", 5).unwrap();
    assert_eq!((a.len(), a.get(4)), (5, Ok([0; 9])));
    for i in 0..5 {
        a.set(i, [i as u64; 9], LONG).unwrap();
    }
    a.update(2, LONG, |value| {
        value[0] = 77;
        a.set(3, [33; 9], Timeout::Forever).unwrap();
        assert_eq!(kind(a.set(2, [0; 9], Timeout::Forever)), ErrorKind::Deadlock);
    })
    .unwrap();
    assert_eq!(a.swap(4, [5; 9], LONG), Ok([4; 9]));
    let same = StructArray::<[u64; 9]>::open(&yard, "s").unwrap();
    let firsts: Vec<u64> = (0..5).map(|i| same.get(i).unwrap()[0]).collect();
    assert_eq!(firsts, [0, 1, 77, 33, 5]);
    assert_eq!((same.version(2), same.version(4)), (Ok(2), Ok(2)));
    assert_eq!(kind(a.get(5)), ErrorKind::Range);
    assert_eq!(kind(a.set(usize::MAX, [0; 9], LONG)), ErrorKind::Range);
    assert_eq!(kind(a.update(5, LONG, |_| ())), ErrorKind::Range);
}

#[test]
fn a_dead_writers_elements_are_free_again() {
    let yard = yard();
    let a = StructArray::<[u64; 3]>::create(&yard, "s", 3).unwrap();
    std::thread::scope(|s| {
        let writer = s.spawn(|| {
            (0..3).for_each(|i| std::mem::forget(a.any().place(i).unwrap().take(LONG.into()).unwrap()))
        });
        writer.join().unwrap(); // the scope alone does not wait for the very end of the thread
    });
    for i in 0..3 {
        a.set(i, [9; 3], LONG).unwrap();
    }
}

#[test]
fn many_threads_count_in_neighbours_without_losing_one() {
    let a = Array::<u8>::create(&yard(), "a", 8, PLAIN).unwrap();
    std::thread::scope(|s| {
        for me in 0..4 {
            let a = &a;
            s.spawn(move || {
                (0..100).for_each(|_| {
                    a.fetch_add(me, 1).unwrap();
                    a.fetch_add(7, 1).unwrap();
                })
            });
        }
    });
    assert_eq!(a.to_vec(), [100, 100, 100, 100, 0, 0, 0, (400 & 255) as u8]);
}

#[test]
fn an_array_may_have_a_lock_of_its_own() {
    let yard = yard();
    let with = ArrayOptions { lock: true };
    let a = Array::<u64>::create(&yard, "a", 3, with).unwrap();
    assert!(Array::<u8>::create(&yard, "b", 3, PLAIN).unwrap().lock().is_none());
    assert_eq!(kind(Array::<u64>::open_or_create(&yard, "a", 3, PLAIN)), ErrorKind::Mismatch);
    assert_eq!(kind(Array::<u8>::open_or_create(&yard, "b", 3, with)), ErrorKind::Mismatch);
    let same = Array::<u64>::open(&yard, "a").unwrap();
    let outer = a.lock().unwrap().acquire(LONG).unwrap();
    let inner = same.lock().unwrap().acquire(Timeout::Try).unwrap();
    a.fill(.., u64::MAX).unwrap();
    assert_eq!(same.lock().unwrap().count(), 2, "the elements do not lie on the lock");
    drop((outer, inner));
    std::thread::scope(|s| {
        s.spawn(|| std::mem::forget(a.lock().unwrap().acquire(LONG).unwrap()));
    });
    let mut guard = same.lock().unwrap().acquire(LONG).unwrap();
    assert!(guard.owner_died());
    guard.repaired().unwrap();
    assert_eq!(a.to_vec(), [u64::MAX; 3]);
    let last = yard.faults().into_iter().next().unwrap();
    assert_eq!(
        (last.kind, last.object.unwrap().0),
        (crate::objects::faults::FaultKind::Owner, "a".to_owned())
    );
}
