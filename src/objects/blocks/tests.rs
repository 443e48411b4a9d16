use super::*;
use crate::objects::yard::Options;
use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(20);

fn yard() -> Yard {
    Options::new().slots(8).anonymous().unwrap()
}

fn classes(list: &[(usize, u32)]) -> BlocksOptions {
    let classes = list.iter().map(|&(size, count)| BlockClass { size, count }).collect();
    BlocksOptions { classes, ..BlocksOptions::default() }
}

fn blocks(list: &[(usize, u32)]) -> (Yard, Blocks) {
    let yard = yard();
    let blocks = Blocks::create(&yard, "b", &classes(list)).unwrap();
    (yard, blocks)
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|e| e.kind())
}

/// Free blocks of each class.
fn free(blocks: &Blocks) -> Vec<u32> {
    blocks.usage().iter().map(|class| class.free).collect()
}

#[test]
fn blocks_are_made_found_and_compared() {
    let yard = yard();
    assert_eq!(kind(Blocks::open(&yard, "b")), Some(ErrorKind::NotFound));
    let made = classes(&[(1024, 4), (64, 8)]);
    let blocks = Blocks::create(&yard, "b", &made).unwrap();
    assert_eq!(blocks.classes(), [BlockClass { size: 64, count: 8 }, BlockClass { size: 1024, count: 4 }]);
    assert_eq!(kind(Blocks::create(&yard, "b", &made)), Some(ErrorKind::Exists));
    assert_eq!(Blocks::open(&yard, "b").unwrap().max_len(), 4096);
    // What is rounded up to the same sizes is the same.
    Blocks::open_or_create(&yard, "b", &classes(&[(1, 8), (1000, 4)])).unwrap();
    assert_eq!(kind(Blocks::open_or_create(&yard, "b", &classes(&[(64, 8)]))), Some(ErrorKind::Mismatch));
    assert_eq!(kind(Blocks::create(&yard, "c", &classes(&[(0, 1)]))), Some(ErrorKind::Size));
    assert_eq!(kind(Blocks::create(&yard, "c", &classes(&[(1 << 30, 1)]))), Some(ErrorKind::NoSpace));
    assert_eq!(kind(crate::objects::value::Value::<u64>::open(&yard, "b")), Some(ErrorKind::Type));
    let defaults = Blocks::create(&yard, "d", &BlocksOptions::default()).unwrap();
    assert!(defaults.classes().len() > 4 && defaults.max_len() >= 64 << 10, "{:?}", defaults.classes());
}

#[test]
fn what_is_written_is_read_and_the_length_is_kept() {
    let (_yard, blocks) = blocks(&[(64, 2), (256, 2)]);
    let block = blocks.try_alloc(100).unwrap();
    assert_eq!((block.len(), block.capacity()), (100, 256));
    block.write(0, &[7; 100]).unwrap();
    block.write(98, b"ab").unwrap();
    let mut end = [0; 3];
    block.read(97, &mut end).unwrap();
    assert_eq!(&end, b"\x07ab");
    for (at, len) in [(99, 2), (101, 0), (0, 101), (usize::MAX, 1), (1, usize::MAX / 2)] {
        if len < 1000 {
            assert_eq!(kind(block.write(at, &vec![0; len])), Some(ErrorKind::Range), "{at} {len}");
            assert_eq!(kind(block.read(at, &mut vec![0; len])), Some(ErrorKind::Range), "{at} {len}");
        }
    }
    block.write(100, &[]).unwrap();
    assert_eq!(block.to_vec()[96..], *b"\x07\x07ab");
    let at = block.as_ptr();
    assert!(at.addr().is_multiple_of(64));
    assert_eq!(blocks.data(block.handle()).unwrap(), (at, 256));
    // SAFETY: the block is ours, and nobody else has its handle.
    assert_eq!(unsafe { at.add(99).read() }, b'b');
    // Others read by the handle.
    let mut first = [0; 4];
    blocks.clone().read(block.handle(), 0, &mut first).unwrap();
    assert_eq!((first, blocks.len_of(block.handle()).unwrap()), ([7; 4], 100));
}

#[test]
fn no_bytes_are_a_block_as_any() {
    let (_yard, blocks) = blocks(&[(64, 1)]);
    let block = blocks.try_alloc(0).unwrap();
    assert_eq!((block.len(), block.capacity(), block.to_vec()), (0, 64, vec![]));
    assert_eq!(kind(blocks.try_alloc(0)), Some(ErrorKind::NoSpace));
    assert_eq!(kind(block.write(0, &[1])), Some(ErrorKind::Range));
    block.free().unwrap();
    assert_eq!(free(&blocks), [1]);
}

#[test]
fn too_much_is_too_long_whatever_is_free() {
    let (_yard, blocks) = blocks(&[(64, 4), (128, 4)]);
    for len in [513, 1 << 40, usize::MAX] {
        assert_eq!(kind(blocks.try_alloc(len)), Some(ErrorKind::TooLong));
        assert_eq!(kind(blocks.alloc(len, Timeout::Forever)), Some(ErrorKind::TooLong));
    }
    assert_eq!(blocks.try_alloc(512).unwrap().capacity(), 512);
}

#[test]
fn everything_can_be_had_and_then_nothing_with_figures() {
    let (_yard, blocks) = blocks(&[(64, 40), (256, 3)]);
    let all: Vec<_> = (0..43).map(|_| blocks.try_alloc(10).unwrap()).collect();
    let numbers: HashSet<_> = all.iter().map(|b| b.as_ptr()).collect();
    assert_eq!((numbers.len(), free(&blocks)), (43, vec![0, 0]));
    let error = blocks.try_alloc(10).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSpace);
    let detail = error.detail().unwrap();
    assert!(detail.contains("0 of 40 blocks of 64") && detail.contains("0 of 3 blocks of 256"), "{detail}");
    assert_eq!(kind(blocks.alloc(200, SOON)), Some(ErrorKind::Timeout));
    assert_eq!(blocks.usage()[0].failures, 1);
    assert_eq!(blocks.usage()[1].failures, 1);
    assert_eq!(
        blocks.owners(),
        [BlockOwner { pid: std::process::id(), count: 43, bytes: 40 * 64 + 3 * 256 }]
    );
    drop(all);
    assert_eq!((free(&blocks), blocks.owned(), blocks.owners().len()), (vec![40, 3], 0, 0));
    assert_eq!(blocks.usage().iter().map(|class| class.taken).sum::<u64>(), 43);
}

#[test]
fn a_number_has_its_guard_again_while_the_block_is_ones_own() {
    let (yard, blocks) = blocks(&[(64, 1)]);
    let handle = blocks.try_alloc(3).unwrap().into_handle();
    let guard = blocks.guarded(handle).unwrap();
    guard.write(0, b"abc").unwrap();
    assert_eq!((guard.handle(), guard.len(), guard.to_vec()), (handle, 3, b"abc".to_vec()));
    drop(guard);
    assert_eq!((free(&blocks), kind(blocks.guarded(handle))), (vec![1], Some(ErrorKind::State)));
    let next = blocks.try_alloc(1).unwrap();
    assert_eq!(kind(blocks.guarded(handle)), Some(ErrorKind::NotFound));
    let offered = next.offer().unwrap();
    assert_eq!(kind(blocks.guarded(offered)), Some(ErrorKind::State), "adopt it");
    let ours = Blocks::open(&yard, "b").unwrap();
    let handle = blocks.adopt(offered).unwrap().into_handle();
    assert_eq!(ours.guarded(handle).unwrap().free(), Ok(()), "whichever handle on the blocks");
}

#[test]
fn freed_twice_is_a_wrong_state_and_stale_is_not_found() {
    let (_yard, blocks) = blocks(&[(64, 1)]);
    let handle = blocks.try_alloc(1).unwrap().into_handle();
    blocks.free(handle).unwrap();
    for _ in 0..2 {
        assert_eq!(kind(blocks.free(handle)), Some(ErrorKind::State));
        assert_eq!(kind(blocks.adopt(handle)), Some(ErrorKind::State));
        assert_eq!(kind(blocks.len_of(handle)), Some(ErrorKind::State));
    }
    let next = blocks.try_alloc(1).unwrap();
    assert_ne!(next.handle(), handle, "the same memory, another handle");
    let (mut byte, stale) = ([0], Some(ErrorKind::NotFound));
    assert_eq!(kind(blocks.free(handle)), stale);
    assert_eq!(kind(blocks.offer(handle)), stale);
    assert_eq!(kind(blocks.adopt(handle)), stale);
    assert_eq!(kind(blocks.write(handle, 0, &[1])), stale);
    assert_eq!(kind(blocks.read(handle, 0, &mut byte)), stale);
    assert_eq!(kind(blocks.data(handle)), stale);
    assert_eq!(kind(blocks.hand_over(handle, Link::new(128, 0))), stale);
    assert_eq!(kind(blocks.claim(handle)), stale);
    assert_eq!(blocks.owned(), 1);
    drop(next);
    assert_eq!(kind(blocks.free(handle)), stale, "freed since");
}

#[test]
fn what_is_no_handle_of_these_blocks_is_foreign() {
    let (yard, blocks) = blocks(&[(64, 2)]);
    let names = (0..).map(|i| format!("other{i}"));
    let mut others = names.map(|name| Blocks::create(&yard, &name, &classes(&[(64, 2)])).unwrap());
    let other = others.find(|other| other.tag != blocks.tag).unwrap();
    let foreign = other.try_alloc(1).unwrap();
    for handle in [0, u64::from(other.tag) << 22, foreign.handle()] {
        assert_eq!(kind(blocks.free(handle)), Some(ErrorKind::Foreign));
        assert_eq!(kind(blocks.adopt(handle)), Some(ErrorKind::Foreign));
        assert_eq!(kind(blocks.read(handle, 0, &mut [0])), Some(ErrorKind::Foreign));
    }
    for handle in [BlockHandle::new(2, blocks.tag, 0), BlockHandle::new(1, blocks.tag, 5)] {
        assert_eq!(kind(blocks.free(handle.0)), Some(ErrorKind::NotFound), "{handle:?}");
        assert_eq!(kind(blocks.len_of(handle.0)), Some(ErrorKind::NotFound));
    }
}

#[test]
fn the_generation_goes_round() {
    let (_yard, blocks) = blocks(&[(64, 1)]);
    let last = BlockHandle::new(0, blocks.tag, u32::MAX >> 2);
    blocks.slab().records[0].set_generation(last.generation());
    let block = blocks.try_alloc(1).unwrap();
    assert_eq!(block.handle(), last.0);
    drop(block);
    assert_eq!(kind(blocks.free(last.0)), Some(ErrorKind::State));
    let block = blocks.try_alloc(1).unwrap();
    assert_eq!(BlockHandle(block.handle()).generation(), 0);
    assert_eq!(kind(blocks.free(last.0)), Some(ErrorKind::NotFound));
}

#[test]
fn an_offered_block_is_the_offerers_until_it_is_adopted() {
    let (_yard, blocks) = blocks(&[(64, 1)]);
    let block = blocks.try_alloc(5).unwrap();
    block.write(0, b"hello").unwrap();
    assert_eq!(kind(blocks.adopt(block.handle())), Some(ErrorKind::State), "it is not offered");
    let handle = block.offer().unwrap();
    assert_eq!((blocks.usage()[0].offered, blocks.owned()), (1, 1));
    for refused in [blocks.free(handle), blocks.offer(handle), blocks.write(handle, 0, b"j")] {
        assert_eq!(kind(refused), Some(ErrorKind::State));
    }
    let mut bytes = [0; 5];
    blocks.read(handle, 0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
    let mine = blocks.adopt(handle).unwrap();
    assert_eq!((mine.to_vec(), mine.handle()), (b"hello".to_vec(), handle));
    assert_eq!(kind(blocks.adopt(handle)), Some(ErrorKind::State), "once only");
    mine.free().unwrap();
    assert_eq!(free(&blocks), [1]);
}

#[test]
fn a_long_request_takes_neighbours_all_or_none() {
    let (_yard, blocks) = blocks(&[(64, 2), (256, 8)]);
    let run = blocks.try_alloc(256 * 3 + 1).unwrap();
    assert_eq!((run.len(), run.capacity(), free(&blocks)), (769, 1024, vec![2, 4]));
    assert_eq!(blocks.owners()[0], BlockOwner { pid: std::process::id(), count: 1, bytes: 1024 });
    let bytes: Vec<u8> = (0..769).map(|i| i as u8).collect();
    run.write(0, &bytes).unwrap();
    assert_eq!(kind(blocks.try_alloc(256 * 5)), Some(ErrorKind::NoSpace));
    assert_eq!(free(&blocks), [2, 4], "what was collected is back");
    let rest = blocks.try_alloc(256 * 4).unwrap();
    assert_eq!((free(&blocks), run.to_vec() == bytes), (vec![2, 0], true));
    assert_eq!(kind(blocks.alloc(300, SOON)), Some(ErrorKind::Timeout));
    let handle = run.into_handle();
    blocks.free(handle).unwrap();
    assert_eq!(kind(blocks.free(handle)), Some(ErrorKind::State));
    assert_eq!(free(&blocks), [2, 4]);
    drop(rest);
    assert_eq!((free(&blocks), blocks.owned()), (vec![2, 8], 0));
}

#[test]
fn holes_that_are_too_small_are_no_room() {
    let (_yard, blocks) = blocks(&[(64, 9)]);
    let mut all: Vec<_> = (0..9).map(|_| Some(blocks.try_alloc(64).unwrap())).collect();
    all.sort_by_key(|block| block.as_ref().map(Block::as_ptr));
    for i in [0, 1, 3, 4, 6, 7] {
        all[i] = None;
    }
    assert_eq!((free(&blocks), kind(blocks.try_alloc(65 * 2))), (vec![6], Some(ErrorKind::NoSpace)));
    let pairs: Vec<_> = (0..3).map(|_| blocks.try_alloc(128).unwrap()).collect();
    assert_eq!(free(&blocks), [0]);
    drop(pairs);
    all[5] = None;
    assert_eq!(blocks.try_alloc(64 * 5).unwrap().capacity(), 320);
    all.clear();
    assert_eq!(blocks.try_alloc(64 * 9).unwrap().capacity(), 576);
}

#[test]
fn a_single_block_after_a_run_is_a_single_block() {
    let (_yard, blocks) = blocks(&[(64, 4)]);
    drop(blocks.try_alloc(256).unwrap());
    let all: Vec<_> = (0..4).map(|_| blocks.try_alloc(64).unwrap()).collect();
    assert!(all.iter().all(|block| block.capacity() == 64));
    let mut all = all.into_iter();
    drop(all.next());
    assert_eq!(free(&blocks), [1], "the others are not its parts any more");
}

#[test]
fn a_free_wakes_who_waits_for_a_block_or_a_run() {
    let (_yard, blocks) = blocks(&[(64, 3)]);
    let all: Vec<_> = (0..3).map(|_| blocks.try_alloc(1).unwrap()).collect();
    std::thread::scope(|s| {
        let (tell, told) = mpsc::channel();
        for len in [1, 150] {
            let (tell, blocks) = (tell.clone(), blocks.clone());
            s.spawn(move || {
                let block = blocks.alloc(len, LONG).map(|block| block.len());
                tell.send(block).unwrap();
            });
        }
        assert!(told.recv_timeout(SOON).is_err(), "nothing is free");
        drop(all);
        let got = [told.recv_timeout(LONG).unwrap().unwrap(), told.recv_timeout(LONG).unwrap().unwrap()];
        assert_eq!(got.iter().sum::<usize>(), 151);
    });
    assert_eq!(free(&blocks), [3]);
}

/// Whoever is to free what somebody waits for may want a run of his own first.
#[test]
fn who_waits_for_a_run_keeps_nobody_from_another() {
    let (_yard, blocks) = blocks(&[(64, 8)]);
    let held = blocks.try_alloc(2 * 64).unwrap();
    std::thread::scope(|s| {
        let long = s.spawn(|| blocks.alloc(7 * 64, LONG).map(|run| run.len()));
        std::thread::sleep(SOON * 4);
        let another = blocks.try_alloc(2 * 64).unwrap();
        drop(blocks.alloc(2 * 64, LONG).unwrap());
        assert_eq!(kind(blocks.try_alloc(5 * 64)), Some(ErrorKind::NoSpace));
        drop((held, another));
        assert_eq!(long.join().unwrap(), Ok(7 * 64));
    });
    assert_eq!(free(&blocks), [8]);
}

#[test]
fn threads_of_one_process_get_different_blocks() {
    let (_yard, blocks) = blocks(&[(64, 5)]);
    std::thread::scope(|s| {
        for me in 1..=4u8 {
            let blocks = blocks.clone();
            s.spawn(move || {
                for round in 0..20_000u32 {
                    let block = blocks.alloc(8, LONG).unwrap();
                    block.write(0, &[me; 8]).unwrap();
                    if round % 64 == 0 {
                        std::thread::yield_now();
                    }
                    assert_eq!(block.to_vec(), [me; 8]);
                }
            });
        }
    });
    assert_eq!((free(&blocks), blocks.owned()), (vec![5], 0));
}

#[test]
fn a_block_that_is_handed_over_is_not_its_giver_s_any_more() {
    let (yard, blocks) = blocks(&[(64, 2)]);
    let handle = blocks.try_alloc(3).unwrap().into_handle();
    blocks.write(handle, 0, b"abc").unwrap();
    blocks.hand_over(handle, Link::new(128, 1)).unwrap();
    assert_eq!((blocks.usage()[0].linked, blocks.owned()), (1, 0));
    for refused in [blocks.free(handle), blocks.offer(handle), blocks.adopt_unguarded(handle)] {
        assert_eq!(kind(refused), Some(ErrorKind::State));
    }
    blocks.take_back(handle).unwrap();
    assert_eq!(kind(blocks.take_back(handle)), Some(ErrorKind::NotOwner), "it is owned, and not linked");
    blocks.hand_over(handle, Link::new(128, 1)).unwrap();
    let block = blocks.claim(handle).unwrap();
    assert_eq!(block.to_vec(), b"abc");
    drop(block);
    assert_eq!(kind(blocks.claim(handle)), Some(ErrorKind::State), "who had the cell before has freed it");
    // No object of the yard names it: who closes the yard gives it back.
    let handle = blocks.try_alloc(3).unwrap().into_handle();
    blocks.hand_over(handle, Link::new(128, 1)).unwrap();
    let fd = std::os::fd::AsFd::as_fd(&yard).try_clone_to_owned().unwrap();
    drop((yard, blocks));
    let blocks = Blocks::open(&Yard::from_fd(&fd).unwrap(), "b").unwrap();
    assert_eq!((free(&blocks), kind(blocks.claim(handle))), (vec![2], Some(ErrorKind::State)));
}

/// An object with one cell, as the blocks see it.
struct Cell(Option<(Link, BlockHandle)>);

impl Keeper for Cell {
    fn names(&self, link: Link, block: BlockHandle) -> bool {
        self.0 == Some((link, block))
    }
}

#[test]
fn a_dead_ones_block_is_freed_unless_it_is_named() {
    let (_yard, blocks) = blocks(&[(64, 1)]);
    let (link, me) = (Link::new(256, 9), Token(blocks.me()));
    let handle = BlockHandle(blocks.try_alloc(1).unwrap().into_handle());
    blocks.hand_over(handle.0, link).unwrap();
    let (slab, cell) = (blocks.slab(), Cell(Some((link, handle))));
    assert_eq!(slab.recover(me, &cell), 0, "linked and named");
    let other = Token::new(7, 7);
    slab.claim(handle, other.0).unwrap();
    assert_eq!(slab.recover(other, &cell), 0, "claimed, and the cell not yet given back");
    assert_eq!(slab.recover(me, &Cell(None)), 0, "it is not his");
    assert_eq!(slab.recover(other, &Cell(Some((Link::new(256, 10), handle)))), 1, "another position");
    assert_eq!(slab.claim(handle, me.0), Err(ErrorKind::State));
    // An old link, and the cell names an older stay.
    let next = BlockHandle(blocks.try_alloc(1).unwrap().into_handle());
    assert_eq!(next.number(), handle.number());
    assert_eq!(slab.recover(me, &cell), 1);
    assert_eq!(free(&blocks), [1]);
}

#[test]
fn a_collector_dies_at_each_step_and_nothing_is_lost() {
    let (_yard, blocks) = blocks(&[(64, 3)]);
    let (thread, process) = (Token::new(3, 3), Token::new(4, 4));
    for parts in 0..3 {
        for joined in [false, true] {
            blocks.slab().die_collecting(3, thread.0, parts, joined);
            assert!(blocks.slab().gate.collector.try_fast(thread.0));
            assert_eq!(free(&blocks)[0], 2 - parts as u32);
            assert!(blocks.slab().recover_collector(thread));
            assert_eq!(free(&blocks), [3], "{parts} parts, the last one joined: {joined}");
            let lock = owners::take(&blocks.yard, &blocks.slab().gate.collector, Timeout::Try, blocks.manner);
            owners::give(&blocks.slab().gate.collector, lock.unwrap()); // and nobody is told of the death
        }
    }
    // Behind the commit it is the process's, also when a part of it is free already.
    let me = Collector { thread: thread.0, process: process.0 };
    assert_eq!(blocks.slab().collect(0..3, 3, me).map(|(at, _)| at), Some(0));
    assert!(!blocks.slab().recover_collector(thread));
    assert_eq!(blocks.slab().recover(process, &Cell(None)), 1);
    assert_eq!(free(&blocks), [3]);
}
