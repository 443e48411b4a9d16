use super::*;
use crate::objects::yard::Options;
use crate::os::child::Exit;
use crate::os::clock;
use crate::presence::attachment::{Gone, Who};
use crate::segment::bits::Token;
use crate::segment::directory::Name;
use crate::shim::AtomicU64;
use crate::sync::hints::{Got, Line};
use crate::sync::wait::Timeout;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

fn options() -> TableOptions {
    TableOptions { workers: 2, tasks: 8, block_bytes: 1 << 16, blocks_at: 0, threads: false }
}

fn table() -> (Yard, Table) {
    let yard = Options::new().size(2 << 20).anonymous().unwrap();
    let table = Table::create(&yard, "pool", options()).unwrap();
    (yard, table)
}

fn submit(table: &Table, input: &[u8]) -> Future {
    table.submit("work", input, &TaskOptions::default(), Timeout::Try).unwrap()
}

fn next(shift: &Shift) -> Job {
    match shift.next(Timeout::Try).unwrap() {
        Next::Job(job) => job,
        _ => panic!("nothing to do"),
    }
}

fn given(job: &Job, table: &Table) -> Vec<u8> {
    job.input(table).unwrap().to_vec().unwrap()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn a_task_goes_from_hand_to_hand() {
    let (_yard, table) = table();
    let future = submit(&table, b"in");
    assert_eq!(future.state().unwrap(), TaskState::Pending);
    let shift = Shift::begin(&table).unwrap();
    let job = next(&shift);
    assert_eq!((job.entry.as_str(), given(&job, &table), job.attempt()), ("work", b"in".to_vec(), 0));
    assert!(future.is_running());
    shift.finish(&job, Ok(b"out")).unwrap();
    assert_eq!(future.fate(Timeout::Try).unwrap(), Fate::Done(b"out".to_vec()));
    assert!(matches!(shift.next(Timeout::Try).unwrap(), Next::Nothing));
}

#[test]
fn a_number_never_means_another_task() {
    let (_yard, table) = table();
    let first = submit(&table, b"");
    let (id, onlooker) = (first.id(), table.future(first.id()).unwrap());
    assert!(first.cancel());
    drop(first);
    assert_eq!(kind(table.future(id)), ErrorKind::NotFound);
    assert_eq!(kind(onlooker.result(Timeout::Try)), ErrorKind::NotFound);
    for _ in 0..20 {
        let another = submit(&table, b"");
        assert_ne!(another.id(), id);
        assert!(another.cancel());
    }
    assert_eq!(kind(table.future(u64::MAX)), ErrorKind::NotFound);
}

#[test]
fn blocks_come_back_with_the_future() {
    let (_yard, table) = table();
    let used =
        || table.0.blocks.as_ref().unwrap().usage().iter().map(|class| class.count - class.free).sum::<u32>();
    let shift = Shift::begin(&table).unwrap();
    for _ in 0..50 {
        let future = submit(&table, &[1; 3000]);
        let job = next(&shift);
        assert_eq!(given(&job, &table), [1; 3000]);
        shift.finish(&job, Ok(&[2; 5000])).unwrap();
        assert_eq!(future.result(Timeout::Try).unwrap(), [2; 5000]);
        assert!(used() > 0);
        drop(future);
        assert_eq!(used(), 0);
    }
    // Nobody wants to know of this one when it ends.
    drop(submit(&table, &[1; 3000]));
    let job = next(&shift);
    shift.finish(&job, Ok(&[2; 5000])).unwrap();
    assert_eq!(used(), 0);
}

fn submit_block(table: &Table, len: usize) -> (Future, u64) {
    let block = table.alloc(len, Timeout::Try).unwrap();
    block.write(0, &vec![3; len]).unwrap();
    let handle = block.into_handle();
    (table.submit_block("work", handle, &TaskOptions::default(), Timeout::Try).unwrap(), handle)
}

#[test]
fn a_block_is_the_tasks_until_the_task_is_over() {
    let (_yard, table) = table();
    let shift = Shift::begin(&table).unwrap();
    for len in [0, 5, 3000] {
        let (future, handle) = submit_block(&table, len);
        assert_eq!(
            kind(table.blocks().unwrap().free(handle)),
            ErrorKind::State,
            "it is not the process's any more"
        );
        let job = next(&shift);
        let input = job.input(&table).unwrap();
        assert_eq!((input.len(), input.to_vec().unwrap()), (len, vec![3; len]));
        assert_eq!(input.as_ptr().addr() % 64, 0);
        shift.finish(&job, Ok(b"")).unwrap();
        assert_eq!(input.to_vec().unwrap(), vec![3; len]);
        drop(future);
        // As a fork child finds it that the task has made, and that lives longer.
        let state = |e: &Error| matches!(e.kind(), ErrorKind::State | ErrorKind::NotFound);
        assert!(len == 0 || input.to_vec().is_err_and(|e| state(&e)));
        assert_eq!(kind(table.blocks().unwrap().free(handle)), ErrorKind::State);
    }
}

#[test]
fn an_input_that_cannot_be_is_refused() {
    let (_yard, table) = table();
    let shift = Shift::begin(&table).unwrap();
    let (_future, handle) = submit_block(&table, 3000);
    let record = &table.records()[0];
    record.input.len.store(3001, Ordering::Relaxed);
    let job = next(&shift);
    assert_eq!(kind(job.input(&table)), ErrorKind::Corrupt, "more than the block has");
    shift.finish(&job, Ok(b"")).unwrap();
    let (_another, _) = submit_block(&table, 3000);
    let record = &table.records()[1];
    record.input.block.store(handle + (1 << 34), Ordering::Relaxed);
    let job = next(&shift);
    assert!(job.input(&table).is_err(), "another generation");
    // More than a record has room for, and a name that is none: those tasks fail, and the worker goes on to the next.
    let spoilt = [0, 1].map(|_| submit_block(&table, 3000).0);
    table.records()[2].input.block.store(0, Ordering::Relaxed);
    table.records()[3].entry_len.store(65, Ordering::Relaxed);
    let (sound, _) = submit_block(&table, 3000);
    let job = next(&shift);
    shift.finish(&job, Ok(b"sound")).unwrap();
    assert_eq!(sound.result(Timeout::Try).unwrap(), b"sound");
    for future in spoilt {
        let failed = future.result(Timeout::Try).unwrap_err();
        assert!(
            failed.kind() == ErrorKind::Failed && failed.to_string().contains("what it was given"),
            "{failed}"
        );
    }
}

#[test]
fn who_waits_for_a_block_clears_what_nobody_wants() {
    let (_yard, table) = table();
    let shift = Shift::begin(&table).unwrap();
    let (future, _) = submit_block(&table, 3000);
    let job = next(&shift);
    shift.finish(&job, Ok(b"")).unwrap();
    let all: Vec<_> = std::iter::from_fn(|| table.alloc(3000, Timeout::Try).ok()).collect();
    std::thread::scope(|threads| {
        let waiter = threads.spawn(|| table.alloc(3000, Timeout::Forever).map(drop));
        std::thread::sleep(Duration::from_millis(20)); // it sleeps, or is on its way
        // As the sweep does behind its owner: nobody is told that there is a block.
        let record = &table.records()[0];
        assert!(record.words.let_go(record.words.owner()));
        let end = std::time::Instant::now() + LONG;
        while !waiter.is_finished() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        let came = waiter.is_finished();
        drop((all, future)); // so that it comes in any case
        waiter.join().unwrap().unwrap();
        assert!(came, "nobody has cleared it");
    });
}

#[test]
fn a_buried_workers_task_waits_again_or_is_lost() {
    let (_yard, table) = table();
    let options = TaskOptions { retries: 1, ..TaskOptions::default() };
    let future = table.submit("work", b"", &options, Timeout::Try).unwrap();
    for attempt in 0..2 {
        let shift = Shift::begin(&table).unwrap();
        let job = next(&shift);
        assert_eq!(job.attempt(), attempt);
        let hand = table.hands()[0];
        assert!(!hand.is_dead);
        table.bury(hand, Cause::Exit(Exit::Signal(9)));
        assert_eq!(kind(shift.finish(&job, Ok(b"too late"))), ErrorKind::Revoked);
    }
    match future.fate(Timeout::Try).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Signal(9)), attempt: 1, pid } => {
            assert_eq!(pid, std::process::id())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_number_that_was_lost_on_its_way_is_found() {
    let (_yard, table) = table();
    let future = submit(&table, b"");
    assert!(matches!(table.get(), Got::Number(_)), "somebody takes it and dies");
    let shift = Shift::begin(&table).unwrap();
    assert!(matches!(shift.next(Timeout::Try).unwrap(), Next::Nothing));
    hints::raise(table.body());
    let job = next(&shift);
    shift.finish(&job, Ok(b"found")).unwrap();
    assert_eq!(future.result(Timeout::Try).unwrap(), b"found");
    assert!(matches!(shift.next(Timeout::Try).unwrap(), Next::Nothing));
    assert!(table.body().astray.said().is_none(), "lowered");
}

#[test]
fn causes_are_read_as_they_were_written() {
    let exits = [Exit::Code(0), Exit::Code(255), Exit::Signal(9), Exit::Unknown];
    let causes = exits.map(Cause::Exit).into_iter().chain([Cause::TimeLimit, Cause::NoWorkers, Cause::Unfit]);
    for cause in causes {
        let (_yard, table) = table();
        let future = submit(&table, b"");
        let shift = Shift::begin(&table).unwrap();
        let _job = next(&shift);
        table.bury(table.hands()[0], cause);
        match future.fate(Timeout::Try).unwrap() {
            Fate::Lost { cause: read, .. } => assert_eq!(read, cause),
            other => panic!("{other:?}"),
        }
        drop(shift);
    }
}

#[test]
fn a_pool_that_is_shut_takes_nothing_and_leaves_nobody_waiting() {
    let (_yard, table) = table();
    let waiting = submit(&table, b"");
    assert_eq!(kind(table.join(Timeout::Try)), ErrorKind::State);
    table.close();
    assert_eq!(kind(table.submit("work", b"", &TaskOptions::default(), Timeout::Try)), ErrorKind::State);
    assert_eq!(kind(table.join(Timeout::Try)), ErrorKind::Timeout);
    table.shut_for_good(Why::Deserted);
    match waiting.fate(LONG).unwrap() {
        Fate::Lost { cause: Cause::NoWorkers, pid: 0, attempt: 0 } => {}
        other => panic!("{other:?}"),
    }
    table.join(Timeout::Try).unwrap();
}

/// The moment between a worker's look whether the pool is shut and its taking the task.
#[test]
fn who_takes_a_task_of_a_terminated_pool_does_not_begin_it() {
    for why in [Why::Terminated, Why::Deserted] {
        let (_yard, table) = table();
        let future = submit(&table, b"");
        let shift = Shift::begin(&table).unwrap();
        recover::shut(table.body(), why);
        let job = shift.take().unwrap();
        assert_eq!(job.is_some(), why == Why::Deserted, "nobody wants that to end");
        if job.is_none() {
            assert_eq!(future.fate(Timeout::Try).unwrap(), Fate::Cancelled);
        }
    }
}

/// The moment between a worker's taking the task and its saying since when it has it.
#[test]
fn each_attempt_has_its_whole_time() {
    let (_yard, table) = table();
    let limit = Duration::from_millis(30);
    let options = TaskOptions { retries: 1, time_limit: Some(limit) };
    let future = table.submit("work", b"", &options, Timeout::Try).unwrap();
    let shift = Shift::begin(&table).unwrap();
    let first = next(&shift);
    assert_eq!(first.attempt(), 0);
    let record = &table.records()[0];
    let seen = record.words.look();
    let begun = record.since(seen, clock::now_ns());
    std::thread::sleep(limit * 2);
    assert!(begun < clock::now_ns() && record.since(seen, clock::now_ns()) == begun);
    table.bury(table.hands()[0], Cause::Exit(Exit::Signal(9)));
    let second = record.words.start(record.words.look(), 1).unwrap();
    assert_eq!((second.attempt(), table.overdue().0), (1, vec![]));
    assert!(record.since(second, clock::now_ns()) > begun);
    assert!(future.is_running() && !record.words.look().is_late());
    // And if it never says: the keeper has.
    std::thread::sleep(limit * 2);
    let _ = table.overdue();
    assert!(record.words.look().is_late());
}

/// The keeper has seen a task at work, and before he says since when another has taken its place.
#[test]
fn the_keeper_says_nothing_of_a_task_that_he_has_not_seen() {
    let yard = Options::new().size(2 << 20).anonymous().unwrap();
    let table = Table::create(&yard, "pool", TableOptions { tasks: 1, ..options() }).unwrap();
    let limit = Duration::from_millis(30);
    let options = TaskOptions { retries: 0, time_limit: Some(limit) };
    let shift = Shift::begin(&table).unwrap();
    let first = table.submit("work", b"", &options, Timeout::Try).unwrap();
    let job = next(&shift);
    let (record, seen) = (&table.records()[0], table.records()[0].words.look());
    shift.finish(&job, Ok(b"")).unwrap();
    drop(first);
    let second = table.submit("work", b"", &options, Timeout::Try).unwrap();
    record.since(seen, clock::now_ns());
    std::thread::sleep(limit * 2);
    let job = next(&shift);
    let _ = table.overdue();
    assert!(!job.is_asked(&table), "it has only begun");
    shift.finish(&job, Ok(b"")).unwrap();
    assert_eq!(second.result(Timeout::Try).unwrap(), b"");
}

/// He was looking at the tasks when somebody asked.
#[test]
fn a_keeper_that_is_asked_while_he_looks_does_not_wait() {
    let (_yard, table) = table();
    let begin = std::time::Instant::now();
    for _ in 0..20 {
        let asked = table.begin_watch();
        table.ask_keeper();
        table.keep_watch(asked, None);
    }
    assert!(begin.elapsed() < Duration::from_secs(4), "he waits for whole slices");
}

/// Somebody has shut the pool, and has died before he called anything off.
#[test]
fn the_keeper_ends_what_somebody_began_to_terminate() {
    let (_yard, table) = table();
    let future = submit(&table, b"");
    let shift = Shift::begin(&table).unwrap();
    let job = next(&shift);
    recover::shut(table.body(), Why::Terminated);
    assert!(!job.is_asked(&table));
    table.see_it_terminated();
    assert!(job.is_asked(&table));
    table.bury(table.hands()[0], Cause::Exit(Exit::Signal(9)));
    assert_eq!(future.fate(Timeout::Try).unwrap(), Fate::Cancelled);
    assert_eq!(kind(shift.finish(&job, Ok(b""))), ErrorKind::Revoked);
}

/// Who swept behind the worker has left it to the keeper, who was just about to go.
#[test]
fn a_keeper_that_goes_buries_who_died_just_now() {
    let (yard, table) = table();
    let future = submit(&table, b"");
    let token = std::thread::scope(|s| {
        let worker = s.spawn(|| {
            let shift = Shift::begin(&table).unwrap();
            std::mem::forget(next(&shift));
            std::mem::forget(shift);
            table.workers()[0].token.load(Ordering::Relaxed)
        });
        worker.join().unwrap()
    });
    table.body().keeper.store(7, Ordering::Relaxed);
    let entry = yard.held().directory().unwrap().find(&Name::new("pool").unwrap()).unwrap().unwrap();
    recover::recover(yard.held(), &entry, Who::Thread(Token::of(token).unwrap()), Gone::Died);
    assert!(future.is_running(), "that is the keeper's to see");
    table.leave();
    assert!(matches!(
        future.fate(Timeout::Try).unwrap(),
        Fate::Lost { cause: Cause::Exit(Exit::Unknown), .. }
    ));
}

/// Whoever has swept behind the maker may have died before he looked after the workers.
#[test]
fn a_dead_worker_is_buried_by_whoever_sweeps_next() {
    let (yard, table) = table();
    let future = submit(&table, b"");
    std::thread::scope(|s| {
        let worker = s.spawn(|| {
            let shift = Shift::begin(&table).unwrap();
            std::mem::forget(next(&shift));
            std::mem::forget(shift);
        });
        worker.join().unwrap(); // the end of a scope does not wait until a thread has left the yard
    });
    assert!(table.hands()[0].is_dead && future.is_running(), "that is the keeper's to see");
    recover::shut(table.body(), Why::Deserted);
    table.leave();
    let entry = yard.held().directory().unwrap().find(&Name::new("pool").unwrap()).unwrap().unwrap();
    let stranger = Token::new(5, 1);
    recover::recover(yard.held(), &entry, Who::Process(stranger), Gone::Died);
    match future.fate(Timeout::Try).unwrap() {
        Fate::Lost { cause: Cause::Exit(Exit::Unknown), .. } => {}
        other => panic!("{other:?}"),
    }
}

/// Nobody works at it who could be killed; who has promised it hears that it is to stop.
#[test]
fn a_promise_is_asked_and_never_condemned() {
    let (_yard, table) = table();
    for keep in [true, false] {
        let (promise, future) = table.promise(Timeout::Try).unwrap();
        assert_eq!(future.kill().unwrap_err().kind(), ErrorKind::Unsupported);
        assert!(!promise.is_cancelled() && future.stop() && promise.is_cancelled());
        if keep {
            promise.set_result(b"kept").unwrap();
        } else {
            drop(promise);
        }
        let fate = future.fate(Timeout::Try).unwrap();
        assert_eq!(fate, if keep { Fate::Done(b"kept".to_vec()) } else { Fate::Cancelled });
    }
    let (promise, future) = table.promise(Timeout::Try).unwrap();
    table.shut_for_good(Why::Terminated);
    assert!(promise.is_cancelled());
    drop(promise);
    assert_eq!(future.fate(Timeout::Try).unwrap(), Fate::Cancelled);
    table.join(Timeout::Try).unwrap();
}

/// The two need each other's moment: many rounds.
#[test]
fn a_promise_that_is_broken_while_somebody_asks_is_over() {
    let (_yard, table) = table();
    for _ in 0..2000 {
        let (promise, future) = table.promise(Timeout::Try).unwrap();
        std::thread::scope(|s| {
            s.spawn(|| drop(promise));
            future.stop();
        });
        assert!(matches!(future.fate(Timeout::Try).unwrap(), Fate::Cancelled | Fate::Lost { .. }));
    }
}

/// Whatever a peer writes into the table: an answer or an error, no panic, no endless loop.
#[test]
fn strange_words_are_errors() {
    let (yard, table) = table();
    let shift = Shift::begin(&table).unwrap();
    let futures: Vec<Future> = (0..4_u8).map(|n| submit(&table, &[n; 200])).collect();
    let (at, len) = (table.0.offset, table.options().bytes());
    let words: &[AtomicU64] = yard.held().region().table(at, (len / 8) as u32).unwrap();
    let mut state = 88_172_645_463_325_252_u64;
    for _ in 0..3000 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let word = &words[(state % words.len() as u64) as usize];
        word.store(
            if state.is_multiple_of(3) { state >> 40 } else { state.rotate_left(7) },
            Ordering::Relaxed,
        );
        for future in &futures {
            let _ = (future.state(), future.fate(Timeout::Try), future.stop());
        }
        if let Ok(Next::Job(job)) = shift.next(Timeout::Try) {
            let _ = shift.finish(&job, Ok(&[3; 150]));
        }
        let _ = table.submit("work", &[4; 150], &TaskOptions::default(), Timeout::Try);
        let _ = (table.progress(), table.overdue(), table.hands(), table.is_over());
    }
}
