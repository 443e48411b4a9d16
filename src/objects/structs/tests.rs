use super::*;
use crate::error::ErrorKind;
use crate::objects::yard::Options;
use crate::shim::{AtomicU32, Ordering};
use bytemuck::Zeroable as _;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn yard() -> Yard {
    Options::new().slots(8).anonymous().unwrap()
}

/// A struct of an alignment and a size that is no multiple of 8.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Odd {
    a: [u16; 5],
    b: [u8; 2],
}
// SAFETY: zeros are a value of it.
#[allow(unsafe_code)]
unsafe impl bytemuck::Zeroable for Odd {}
// SAFETY: repr(C), 12 bytes without padding, all of them plain.
#[allow(unsafe_code)]
unsafe impl Pod for Odd {}

#[test]
fn a_struct_is_set_read_changed_and_swapped_as_a_whole() {
    let yard = yard();
    let it = Struct::<Odd>::create(&yard, "it").unwrap();
    let one = Odd { a: [1, 2, 3, 4, 5], b: [6, 7] };
    assert_eq!((it.get().unwrap(), it.version()), (Odd::zeroed(), 0));
    it.set(one, Timeout::Try).unwrap();
    assert_eq!(Struct::<Odd>::open(&yard, "it").unwrap().get(), Ok(one));
    let sum = it
        .update(LONG, |odd| {
            odd.b[1] += 1;
            odd.a.iter().sum::<u16>()
        })
        .unwrap();
    assert_eq!((sum, it.get().unwrap().b), (15, [6, 8]));
    assert_eq!(it.swap(Odd::zeroed(), Timeout::Forever).unwrap().b, [6, 8]);
    assert_eq!((it.get_within(Timeout::Try).unwrap(), it.version()), (Odd::zeroed(), 3));
}

fn comes_back<const N: usize>(yard: &Yard) {
    let name = format!("bytes-{N}");
    let it = Struct::<[u8; N]>::create(yard, &name).unwrap();
    for round in 1..4u8 {
        let value: [u8; N] = std::array::from_fn(|i| (i as u8).wrapping_mul(31).wrapping_add(round));
        it.set(value, LONG).unwrap();
        assert!(it.get().unwrap() == value, "{N} bytes, round {round}");
    }
}

#[test]
fn every_byte_of_every_size_comes_back() {
    let yard = yard();
    comes_back::<1>(&yard);
    comes_back::<7>(&yard);
    comes_back::<8>(&yard);
    comes_back::<9>(&yard);
    comes_back::<63>(&yard);
    comes_back::<64>(&yard);
    comes_back::<65>(&yard);
    comes_back::<4095>(&yard);
    comes_back::<4096>(&yard);
}

#[derive(Clone, Copy)]
#[repr(C, align(128))]
struct TooAligned([u8; 128]);
// SAFETY: zeros are a value of it.
#[allow(unsafe_code)]
unsafe impl bytemuck::Zeroable for TooAligned {}
// SAFETY: 128 plain bytes.
#[allow(unsafe_code)]
unsafe impl Pod for TooAligned {}

#[test]
fn impossible_and_other_shapes_are_refused_by_name() {
    let yard = yard();
    let kind = |result: Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(Struct::<[u8; 0]>::create(&yard, "n").map(drop)), ErrorKind::Size);
    assert_eq!(kind(Struct::<[u8; 4097]>::create(&yard, "n").map(drop)), ErrorKind::Size);
    assert_eq!(kind(Struct::<TooAligned>::create(&yard, "n").map(drop)), ErrorKind::Size);
    Struct::<[u32; 3]>::create(&yard, "it").unwrap();
    assert_eq!(kind(Struct::<[u32; 3]>::create(&yard, "it").map(drop)), ErrorKind::Exists);
    let error = Struct::<[u64; 3]>::open(&yard, "it").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let both = ["12 bytes aligned to 4", "24 bytes aligned to 8"];
    assert!(both.iter().all(|shape| error.detail().unwrap().contains(shape)), "{error}");
    assert_eq!(kind(Struct::<[u16; 6]>::open_or_create(&yard, "it").map(drop)), ErrorKind::Mismatch);
    assert_eq!(kind(crate::objects::value::Value::<u8>::open(&yard, "it").map(drop)), ErrorKind::Type);
    let any = AnyStruct::obtain(&yard, "it", How::Open, None).unwrap();
    assert_eq!((any.shape().size(), any.shape().alignment()), (12, 4));
    for (size, alignment) in
        [(0, 1), (12, 3), (12, 0), (12, 128), (10, 4), (4097, 1), (usize::MAX, 1), (8, usize::MAX)]
    {
        assert_eq!(Shape::new(size, alignment).unwrap_err().kind(), ErrorKind::Size, "{size} {alignment}");
    }
    let mut room = [0; 16];
    for wrong in [0, 11, 13, 16] {
        let place = any.place();
        assert_eq!(place.get(&mut room[..wrong]).unwrap_err().kind(), ErrorKind::Size);
        assert_eq!(place.set(&room[..wrong], Timeout::Try).unwrap_err().kind(), ErrorKind::Size);
        assert_eq!(place.update(wrong, Timeout::Try, |_| ()).unwrap_err().kind(), ErrorKind::Size);
    }
}

#[test]
fn a_writer_inside_a_change_is_told_and_readers_get_the_old_value() {
    let yard = yard();
    let it = Struct::<[u64; 4]>::create(&yard, "it").unwrap();
    it.update(Timeout::Forever, |value| {
        *value = [1; 4];
        assert_eq!(it.get(), Ok([0; 4]));
        assert_eq!(it.set([2; 4], Timeout::Forever).unwrap_err().kind(), ErrorKind::Deadlock);
        assert_eq!(it.update(Timeout::Forever, |_| ()).unwrap_err().kind(), ErrorKind::Deadlock);
        assert_eq!(it.set([2; 4], Timeout::Try).unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(it.set([2; 4], SOON).unwrap_err().kind(), ErrorKind::Timeout);
        std::thread::scope(|s| {
            s.spawn(|| {
                assert_eq!(it.set([2; 4], SOON).unwrap_err().kind(), ErrorKind::Timeout);
                assert_eq!(it.swap([2; 4], Timeout::Try).unwrap_err().kind(), ErrorKind::Busy);
                assert_eq!(it.get(), Ok([0; 4]));
            });
        });
    })
    .unwrap();
    assert_eq!(it.get(), Ok([1; 4]));
}

#[test]
fn a_panic_in_a_change_stores_nothing_and_releases() {
    let yard = yard();
    let it = Struct::<[u64; 2]>::create(&yard, "it").unwrap();
    it.set([7; 2], LONG).unwrap();
    let change = std::panic::AssertUnwindSafe(|| {
        it.update(LONG, |value| {
            value[0] = 8;
            std::panic::resume_unwind(Box::new("on purpose"));
        })
    });
    assert!(std::panic::catch_unwind(change).is_err());
    assert_eq!((it.get(), it.version()), (Ok([7; 2]), 1));
    it.set([9; 2], Timeout::Try).unwrap();
}

#[test]
fn who_leaves_the_yard_in_a_change_stores_nothing() {
    let yard = yard();
    let it = Struct::<[u64; 2]>::create(&yard, "it").unwrap();
    assert_eq!(
        it.update(LONG, |value| {
            value[0] = 8;
            yard.detach_thread();
        })
        .unwrap_err()
        .kind(),
        ErrorKind::NotOwner
    );
    it.set([9; 2], Timeout::Try).unwrap();
    assert_eq!(it.get(), Ok([9; 2]));
}

#[test]
fn a_writer_that_dies_leaves_the_old_value_and_nobody_is_told() {
    for fallback in [false, true] {
        let yard = Options::new().slots(8).fallback(fallback).anonymous().unwrap();
        let it = Struct::<[u64; 8]>::create(&yard, "it").unwrap();
        it.set([1; 8], LONG).unwrap();
        for round in 2..5 {
            std::thread::scope(|s| {
                s.spawn(|| {
                    let taken = it.any.place().take(LONG.into()).unwrap();
                    it.any.place().snapshot.draft().fill(&[0xee; 40]);
                    std::mem::forget(taken);
                });
            });
            assert_eq!(it.get(), Ok([round - 1; 8]));
            it.update(LONG, |value| value.iter_mut().for_each(|n| *n += 1)).unwrap();
            assert_eq!((it.get(), it.version()), (Ok([round; 8]), round));
            assert!(!it.any.place().snapshot.lock().is_suspect());
        }
    }
}

/// Writers of whole values and readers that look for halves, for so many rounds each.
fn crowd(rounds: u64) -> u64 {
    let yard = yard();
    let it = Struct::<[u64; 32]>::create(&yard, "it").unwrap();
    let done = AtomicU32::new(0);
    let reads = std::thread::scope(|s| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    let (mut last, mut reads) = (0, 0);
                    while done.load(Ordering::Relaxed) == 0 || reads == 0 {
                        let value = it.get().unwrap();
                        assert!(value.iter().all(|n| *n == value[0]), "torn: {value:?}");
                        assert!(value[0] >= last, "went back");
                        (last, reads) = (value[0], reads + 1);
                    }
                    reads
                })
            })
            .collect();
        let writers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    for _ in 0..rounds {
                        it.update(Timeout::Forever, |value| value.iter_mut().for_each(|n| *n += 1)).unwrap();
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(1, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert_eq!(it.get(), Ok([2 * rounds; 32]));
    reads
}

#[test]
fn nothing_is_lost_or_torn_in_a_crowd() {
    assert!(crowd(20_000) >= 2);
}

#[test]
fn a_version_that_moves_by_itself_is_called_corrupt_or_survived() {
    let yard = yard();
    let it = Struct::<[u64; 512]>::create(&yard, "it").unwrap();
    let done = AtomicU32::new(0);
    std::thread::scope(|s| {
        s.spawn(|| {
            while done.load(Ordering::Relaxed) == 0 {
                it.any.place().snapshot.draft().publish(); // without the lock: it keeps no rules
            }
        });
        for _ in 0..300 {
            let kind = it.get_within(SOON).map_err(|e| e.kind()).err();
            assert!(matches!(kind, None | Some(ErrorKind::Corrupt)), "{kind:?}");
            let _ = it.update(SOON, |value| value[0] += 1);
            it.set([1; 512], LONG).unwrap();
        }
        done.store(1, Ordering::Relaxed);
    });
}
