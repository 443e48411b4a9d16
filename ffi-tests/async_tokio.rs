//! Waiting without a thread, with tokio and without: every call, a thousand at once, dropped ones, and peers that die.
//!
//! Every scenario runs in a process of its own, forked from a main that has one thread.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking
#![allow(clippy::disallowed_types)] // no thread but one has the lock of a waker here when a scenario forks

#[path = "support/process.rs"]
mod process;

use courtyard::{
    Connection, ErrorKind, Event, EventOptions, Fate, LifoOptions, LifoQueue, Options, Permits, Pipe,
    PipeEnd, PipeOptions, Pool, PoolOptions, PriorityOptions, PriorityQueue, Queue, QueueOptions, Ring,
    RingOptions, Semaphore, SemaphoreOptions, StartMethod, Strategy, TaskOptions, Timeout, TypedFuture,
    TypedLifoQueue, TypedPriorityQueue, TypedQueue, TypedRing, TypedTask, Yard, ready_async,
};
use process::{Ended, LONG, Step, fork, sleep_ms};
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

const BRIEF: Duration = Duration::from_millis(10);

fn on_tokio<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { timeout(LONG, future).await.unwrap() })
}

fn yard() -> Yard {
    Options::new().size(1 << 20).slots(64).objects(64).anonymous().unwrap()
}

fn queue(yard: &Yard, capacity: usize) -> Queue {
    Queue::create(yard, "queue", QueueOptions { capacity, block_bytes: 1 << 16, ..Default::default() })
        .unwrap()
}

fn pipe(yard: &Yard) -> (Connection, Connection) {
    let pipe = Pipe::create(yard, "pipe", PipeOptions { capacity: 256, duplex: true }).unwrap();
    (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap())
}

fn bridges() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let name = |task: std::path::PathBuf| std::fs::read_to_string(task.join("comm")).unwrap_or_default();
    tasks.filter(|task| name(task.clone()).trim() == "cyd-bridge").count()
}

/// Whether the future has been woken, and whom to wake then.
struct Woken(AtomicBool, Mutex<Option<Waker>>);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.store(true, Ordering::SeqCst);
        self.1.lock().unwrap().take().into_iter().for_each(Waker::wake);
    }
}

/// It is pending; after `change` it is woken, and ready. Nobody polls it for any other reason.
async fn comes<T>(future: impl Future<Output = courtyard::Result<T>>, change: impl FnOnce()) -> T {
    let (mut future, woken) = (pin!(future), Arc::new(Woken(AtomicBool::new(true), Mutex::new(None))));
    let waker = Waker::from(woken.clone());
    let mut when_woken = std::future::poll_fn(|cx| {
        *woken.1.lock().unwrap() = Some(cx.waker().clone());
        match woken.0.swap(false, Ordering::SeqCst) {
            true => future.as_mut().poll(&mut Context::from_waker(&waker)),
            false => Poll::Pending,
        }
    });
    assert!(timeout(BRIEF, &mut when_woken).await.is_err(), "nothing was there");
    change();
    timeout(LONG / 2, when_woken).await.expect("it is woken").unwrap()
}

fn every_call_comes() {
    let yard = yard();
    let event = Event::create(&yard, "event", EventOptions::default()).unwrap();
    let auto = EventOptions { auto_reset: true, ..EventOptions::default() };
    let auto = Event::create(&yard, "auto", auto).unwrap();
    let semaphore = Semaphore::create(&yard, "semaphore", SemaphoreOptions::default()).unwrap();
    let permits = Permits::create(&yard, "permits", 1).unwrap();
    let queue = queue(&yard, 1);
    let typed = TypedQueue::<u64>::create(&yard, "typed", 1).unwrap();
    let lifo = LifoQueue::create(&yard, "lifo", LifoOptions { capacity: 1, max_len: 8 }).unwrap();
    let priority = PriorityOptions { capacity: 1, max_len: 8 };
    let priority = PriorityQueue::create(&yard, "priority", priority).unwrap();
    let (first, second) = pipe(&yard);
    let ring = Ring::create(&yard, "ring", RingOptions::default()).unwrap();
    let (mut sender, mut receiver) =
        (ring.sender(Strategy::Block).unwrap(), ring.receiver(Strategy::Block).unwrap());
    let numbers = TypedRing::<u64>::create(&yard, "numbers", 4, false).unwrap();
    let (mut number, mut numbers) =
        (numbers.sender(Strategy::Block).unwrap(), numbers.receiver(Strategy::Block).unwrap());
    let stack = TypedLifoQueue::<u64>::create(&yard, "stack", 1).unwrap();
    let heap = TypedPriorityQueue::<u64>::create(&yard, "heap", 1).unwrap();
    on_tokio(async {
        for _ in 0..3 {
            comes(event.wait_async(), || assert!(event.set())).await;
            ready_async(&event).await.unwrap();
            event.clear();
            comes(auto.wait_async(), || assert!(auto.set())).await;
            assert!(!auto.is_set());
            comes(semaphore.acquire_async(), || semaphore.release(1).unwrap()).await;
            let taken = permits.try_acquire().unwrap();
            drop(comes(permits.acquire_async(), || drop(taken)).await);
            let got = comes(queue.get_async(), || queue.try_put(b"short").unwrap()).await;
            assert_eq!(got.0, b"short");
            let long = [7; 4000];
            assert_eq!(comes(queue.get_async(), || queue.try_put(&long).unwrap()).await.0, long);
            queue.put_async(&long).await.unwrap();
            comes(queue.put_async(b"next"), || {
                queue.get_vec(Timeout::Try).unwrap();
            })
            .await;
            assert_eq!(queue.get_async().await.unwrap().0, b"next");
            assert_eq!(comes(typed.get_async(), || typed.try_put(7).unwrap()).await, (7, false));
            typed.put_async(8).await.unwrap();
            comes(typed.put_async(9), || {
                typed.try_get().unwrap();
            })
            .await;
            assert_eq!(typed.get_async().await.unwrap().0, 9);
            assert_eq!(comes(lifo.get_async(), || lifo.try_put(b"x").unwrap()).await, b"x");
            lifo.put_async(b"y").await.unwrap();
            comes(lifo.put_async(b"z"), || assert_eq!(lifo.try_get(&mut [0; 8]).unwrap(), 1)).await;
            assert_eq!(lifo.get_async().await.unwrap(), b"z");
            let got = comes(priority.get_async(), || priority.try_put(b"x", 3).unwrap()).await;
            assert_eq!(got, (b"x".to_vec(), 3));
            priority.put_async(b"y", 1).await.unwrap();
            comes(priority.put_async(b"z", 1), || assert_eq!(priority.try_get(&mut [0; 8]).unwrap(), (1, 1)))
                .await;
            priority.get_async().await.unwrap();
            assert_eq!(comes(stack.get_async(), || stack.try_put(7).unwrap()).await, 7);
            stack.put_async(8).await.unwrap();
            comes(stack.put_async(9), || assert_eq!(stack.try_get(), Ok(8))).await;
            assert_eq!(stack.get_async().await, Ok(9));
            assert_eq!(comes(heap.get_async(), || heap.try_put(7, -1).unwrap()).await, (7, -1));
            heap.put_async(8, 1).await.unwrap();
            comes(heap.put_async(9, 2), || assert_eq!(heap.try_get(), Ok((8, 1)))).await;
            assert_eq!(heap.get_async().await, Ok((9, 2)));
            assert_eq!(comes(first.recv_async(), || second.try_send(b"x").unwrap()).await, b"x");
            while first.try_send(&[0; 8]).is_ok() {}
            // Room for one of its own length is enough.
            comes(first.send_async(b"more"), || assert_eq!(second.try_recv(&mut [0; 8]).unwrap(), 8)).await;
            while second.try_recv(&mut [0; 8]).is_ok() {}
            assert_eq!(comes(receiver.recv_async(), || sender.try_send(b"x").unwrap()).await.0, b"x");
            assert_eq!(comes(numbers.recv_async(), || number.try_send(7).unwrap()).await, 7);
            let mut sent = 0;
            while sender.try_send(&[1; 1000]).is_ok() {
                sent += 1;
            }
            // Room for one of its own length is enough.
            comes(sender.send_async(&[2; 1000]), || {
                (0..2).for_each(|_| drop(receiver.recv_vec(Timeout::Try).unwrap())); // also where the ring ends
            })
            .await;
            for _ in 2..sent {
                assert_eq!(receiver.recv_async().await.unwrap().0, [1; 1000]);
            }
            assert_eq!(receiver.recv_async().await.unwrap().0, [2; 1000]);
            (0..4).for_each(|n| number.try_send(n).unwrap());
            comes(number.send_async(4), || assert_eq!(numbers.try_recv().unwrap(), 0)).await;
            for n in 1..5 {
                assert_eq!(numbers.recv_async().await.unwrap(), n);
            }
        }
        assert_eq!(bridges(), 1);
        let end = |result: courtyard::Result<Vec<u8>>| result.unwrap_err().kind();
        let get = async { queue.get_async().await.map(|got| got.0) };
        assert_eq!(comes(async { Ok(end(get.await)) }, || queue.shutdown(false)).await, ErrorKind::End);
        let get = async { Ok(end(lifo.get_async().await)) };
        assert_eq!(comes(get, || lifo.shutdown(false)).await, ErrorKind::End);
        let recv = async { Ok(end(first.recv_async().await)) };
        assert_eq!(comes(recv, || drop(second)).await, ErrorKind::PeerClosed);
        assert_eq!(first.send_async(b"x").await.unwrap_err().kind(), ErrorKind::PeerClosed);
        let recv = async { Ok(end(receiver.recv_async().await.map(|got| got.0))) };
        assert_eq!(comes(recv, || drop(sender)).await, ErrorKind::PeerClosed);
        while number.try_send(1).is_ok() {}
        let send = async { Ok(number.send_async(1).await.unwrap_err().kind()) };
        assert_eq!(comes(send, || drop(numbers)).await, ErrorKind::PeerClosed);
    });
    // Room in bytes, where there is a place.
    let limited = QueueOptions { capacity: 4, unacked: 4, max_bytes: 48, ..QueueOptions::default() };
    let limited = Queue::create(&yard, "limited", limited).unwrap();
    on_tokio(async {
        for _ in 0..3 {
            limited.put_async(&[1; 40]).await.unwrap();
            comes(limited.put_async(&[2; 16]), || {
                assert_eq!(limited.get_vec(Timeout::Try).unwrap().0, [1; 40])
            })
            .await;
            assert_eq!(limited.get_async().await.unwrap().0, [2; 16]);
        }
    });
    // Room that will never be.
    let of_sides = QueueOptions { capacity: 1, sides: true, ..QueueOptions::default() };
    let full = Queue::create(&yard, "of-sides", of_sides).unwrap();
    full.try_put(b"x").unwrap();
    let consumer = full.consumer().unwrap();
    on_tokio(async {
        let put = async { Ok(full.put_async(b"y").await.unwrap_err().kind()) };
        assert_eq!(comes(put, || drop(consumer)).await, ErrorKind::PeerClosed);
    });
    let step = Step::of(&yard);
    let consumer = fork(|| {
        let _part = full.consumer().unwrap();
        step.set(1);
        sleep_ms(100_000);
    });
    step.wait(1);
    on_tokio(async {
        let put = async { Ok(full.put_async(b"y").await.unwrap_err().kind()) };
        assert_eq!(comes(put, || consumer.kill(libc::SIGKILL)).await, ErrorKind::PeerDied);
    });
    assert_eq!(consumer.wait(), Ended::Signal(libc::SIGKILL));
    let one_way = Pipe::create(&yard, "one-way", PipeOptions { capacity: 64, duplex: false }).unwrap();
    let (reader, writer) = (one_way.end(PipeEnd::First).unwrap(), one_way.end(PipeEnd::Second).unwrap());
    on_tokio(async {
        assert_eq!(reader.send_async(b"x").await.unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(writer.recv_async().await.unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(writer.send_async(&[0; 65]).await.unwrap_err().kind(), ErrorKind::TooLong);
    });
}

fn a_thousand_at_once() {
    const COUNT: u64 = 1000;
    let yard = yard();
    let queue = queue(&yard, 16);
    let producer = fork(|| (0..COUNT).for_each(|n| queue.put(&n.to_ne_bytes(), LONG).unwrap()));
    let sum: u64 = on_tokio(async {
        let tasks: Vec<_> = (0..COUNT)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.get_async().await.unwrap().0 })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += u64::from_ne_bytes(task.await.unwrap().try_into().unwrap());
        }
        sum
    });
    assert_eq!(sum, COUNT * (COUNT - 1) / 2, "each once");
    assert!(bridges() <= 1 && queue.is_empty());
    assert_eq!(producer.wait(), Ended::Code(0));
}

/// Futures are dropped at ever other moments, also when they have just been woken: nothing is lost.
fn who_gives_up_takes_nothing() {
    const COUNT: u64 = 3000;
    let yard = yard();
    let queue = queue(&yard, 4);
    let producer = fork(|| {
        for n in 0..COUNT {
            queue.put(&n.to_ne_bytes(), LONG).unwrap();
            (0..n % 64 * 100).for_each(|_| std::hint::spin_loop()); // come at ever other moments
        }
    });
    let (sum, given_up) = on_tokio(async {
        let (mut sum, mut got, mut given_up) = (0, 0, 0);
        while got < COUNT {
            let mut future = pin!(queue.get_async());
            // A few polls, and then it is dropped unless it has answered.
            let mut polls = got % 4;
            let answer = std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending if polls == 0 => Poll::Ready(None),
                Poll::Pending => {
                    polls -= 1;
                    Poll::Pending
                }
            });
            match timeout(BRIEF, answer).await {
                Ok(Some(answer)) => {
                    sum += u64::from_ne_bytes(answer.unwrap().0.try_into().unwrap());
                    got += 1;
                }
                Ok(None) | Err(_) => {
                    given_up += 1;
                    std::thread::yield_now(); // the producer may need this CPU
                }
            }
        }
        (sum, given_up)
    });
    println!("{COUNT} got, {given_up} futures dropped before they were ready");
    assert!(given_up > 0 && queue.is_empty());
    assert_eq!(sum, COUNT * (COUNT - 1) / 2, "each once");
    assert_eq!(producer.wait(), Ended::Code(0));
}

fn a_peer_that_is_killed_is_told() {
    let yard = yard();
    let step = Step::of(&yard);
    let pipe = Pipe::create(&yard, "pipe", PipeOptions::default()).unwrap();
    let first = pipe.end(PipeEnd::First).unwrap();
    let permits = Permits::create(&yard, "permits", 1).unwrap();
    let peer = fork(|| {
        let second = pipe.end(PipeEnd::Second).unwrap();
        permits.acquire_unguarded(Timeout::Try).unwrap();
        second.send(b"last words", Timeout::Try).unwrap();
        step.set(1);
        sleep_ms(60_000);
    });
    step.wait(1);
    let member = yard.members().into_iter().find(|member| !member.is_me()).unwrap();
    on_tokio(async {
        assert_eq!(first.recv_async().await.unwrap(), b"last words");
        let recv = async { Ok(first.recv_async().await.unwrap_err().kind()) };
        let kill = || peer.kill(libc::SIGKILL);
        assert_eq!(comes(recv, kill).await, ErrorKind::PeerDied);
        drop(permits.acquire_async().await.unwrap());
        member.wait_async().await.unwrap();
    });
    let me = yard.members().remove(0);
    assert_eq!(on_tokio(me.wait_async()).unwrap_err().kind(), ErrorKind::Deadlock);
    assert_eq!(peer.wait(), Ended::Signal(libc::SIGKILL));
}

/// Somebody stands still in the middle of his turn: who waits asks now and then, and goes on when he does.
fn a_peer_that_is_stopped_is_waited_for() {
    let yard = yard();
    let (first, second) = pipe(&yard);
    let step = Step::of(&yard);
    let sender = fork(|| {
        step.set(1);
        loop {
            second.send(&[7; 100], LONG).unwrap(); // stopped at some moment of it
        }
    });
    step.wait(1);
    on_tokio(async {
        for _ in 0..20 {
            sender.stop();
            // What it was sending may not come now, but does when it goes on.
            while timeout(BRIEF, first.recv_async()).await.is_ok_and(|got| got.unwrap() == [7; 100]) {}
            sender.kill(libc::SIGCONT);
            assert_eq!(first.recv_async().await.unwrap(), [7; 100]);
        }
    });
    sender.slay();
}

/// A waker is somebody else's: if it panics, the others are told all the same.
fn a_waker_that_panics_silences_nobody() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Panics>) {
            panic!("as it was to");
        }
    }
    let yard = yard();
    let queue = queue(&yard, 4);
    for _ in 0..2 {
        let waker = Waker::from(Arc::new(Panics));
        let mut never_told = Box::pin(queue.get_async());
        assert!(never_told.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        on_tokio(async {
            let got = comes(queue.get_async(), || queue.try_put(b"for the other").unwrap()).await;
            assert_eq!(got.0, b"for the other");
        });
    }
}

fn a_fork_child_waits_for_itself() {
    let yard = yard();
    let event = Event::create(&yard, "event", EventOptions::default()).unwrap();
    let mine = queue(&yard, 4);
    let mut future = Box::pin(mine.get_async());
    let waker = Waker::noop();
    assert!(future.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    let child = fork(|| {
        on_tokio(comes(event.wait_async(), || assert!(event.set())));
        let mut inherited = std::mem::replace(&mut future, Box::pin(mine.get_async()));
        mine.try_put(b"for the child").unwrap();
        assert_eq!(on_tokio(inherited.as_mut()).unwrap().0, b"for the child");
        let mut again = Box::pin(mine.get_async());
        assert!(again.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    });
    assert_eq!(child.wait(), Ended::Code(0));
    mine.try_put(b"for the parent").unwrap();
    assert_eq!(on_tokio(future).unwrap().0, b"for the parent");
}

/// The smallest runtime there is: one task, and a thread that parks.
struct Parked(std::thread::Thread);

impl Wake for Parked {
    fn wake(self: Arc<Parked>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Parked(std::thread::current())));
    let (mut future, end) = (pin!(future), Instant::now() + LONG);
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        assert!(Instant::now() < end, "it never came");
        std::thread::park_timeout(LONG);
    }
}

fn it_takes_no_runtime_of_its_own() {
    let yard = yard();
    let (queue, back) = (queue(&yard, 1), TypedQueue::<u64>::create(&yard, "back", 1).unwrap());
    let echo = fork(|| {
        for _ in 0..2000_u64 {
            let (message, _) = block_on(queue.get_async()).unwrap();
            block_on(back.put_async(u64::from_ne_bytes(message.try_into().unwrap()) + 1)).unwrap();
        }
    });
    for n in 0..2000_u64 {
        block_on(queue.put_async(&n.to_ne_bytes())).unwrap();
        assert_eq!(block_on(back.get_async()).unwrap(), (n + 1, false));
    }
    assert_eq!(echo.wait(), Ended::Code(0));
}

/// Many tasks between many yards, all of which talk at once.
fn a_hundred_conversations() {
    let yard = Options::new().size(8 << 20).slots(64).objects(256).anonymous().unwrap();
    let pipes: Vec<_> = (0..100)
        .map(|n| {
            Pipe::create(&yard, &format!("pipe-{n}"), PipeOptions { capacity: 256, duplex: true }).unwrap()
        })
        .collect();
    let others: Vec<Connection> = pipes.iter().map(|pipe| pipe.end(PipeEnd::Second).unwrap()).collect();
    let talk = |end: Connection, first: bool| async move {
        for n in 0..50_u32 {
            if first {
                end.send_async(&n.to_ne_bytes()).await.unwrap();
            }
            assert_eq!(end.recv_async().await.unwrap(), n.to_ne_bytes());
            if !first {
                end.send_async(&n.to_ne_bytes()).await.unwrap();
            }
            if n % 16 == 0 {
                sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let all = |ends: Vec<Connection>, first: bool| async move {
        let tasks: Vec<_> = ends.into_iter().map(|end| tokio::spawn(talk(end, first))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    };
    let child = fork(|| on_tokio(all(others.clone(), false)));
    let mine = pipes.iter().map(|pipe| pipe.end(PipeEnd::First).unwrap()).collect();
    on_tokio(all(mine, true));
    assert!(bridges() <= 1);
    assert_eq!(child.wait(), Ended::Code(0));
}

fn tasks_of_a_pool() {
    static GO: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let go = |n| GO.store(n, std::sync::atomic::Ordering::SeqCst);
    courtyard::register_task("when-told", |_, input: &[u8]| {
        while GO.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            sleep_ms(1);
        }
        if input == b"bad" { Err("it was bad") } else { Ok(input.to_vec()) }
    })
    .unwrap();
    const WHEN_TOLD: TypedTask<u64, u64> = TypedTask::new("when-told");
    let yard = Options::new().size(4 << 20).slots(64).anonymous().unwrap();
    let options = PoolOptions { method: StartMethod::Threads, workers: 2, ..PoolOptions::default() };
    let pool = Pool::create(&yard, "pool", &options).unwrap();
    let submit = |input: &[u8]| pool.submit("when-told", input, &TaskOptions::default()).unwrap();
    on_tokio(async {
        let (one, bad, never) = (submit(b"one"), submit(b"bad"), submit(b"never"));
        assert_eq!(comes(one.fate_async(), || go(1)).await, Fate::Done(b"one".to_vec()));
        assert_eq!(bad.result_async().await.unwrap_err().kind(), ErrorKind::Failed);
        assert_eq!(bad.await.unwrap_err().kind(), ErrorKind::Failed);
        assert_eq!(never.await.unwrap(), b"never");
        // Values.
        let typed = |input: u64| WHEN_TOLD.submit(&pool, &input, &TaskOptions::default()).unwrap();
        assert_eq!(typed(7).await.unwrap(), 7);
        assert_eq!(typed(8).result_async().await.unwrap(), 8);
        let narrow = TypedFuture::<u32>::over(submit(b"long enough for another"));
        assert_eq!(narrow.await.unwrap_err().kind(), ErrorKind::Corrupt);
        go(0);
        let (first, second, waits) = (submit(b"1"), submit(b"2"), submit(b"3"));
        let _ = timeout(BRIEF, first.fate_async()).await.unwrap_err();
        assert!(waits.cancel(), "two workers are busy");
        assert_eq!(waits.fate_async().await.unwrap(), Fate::Cancelled);
        // In a task of its own, beside others.
        let local = tokio::task::LocalSet::new();
        let both = [first, second].map(|future| local.spawn_local(future.into_future()));
        let end = async {
            let mut results = Vec::new();
            for one in both {
                results.push(one.await.unwrap().unwrap());
            }
            results
        };
        go(1);
        assert_eq!(local.run_until(end).await, [b"1", b"2"]);
    });
    pool.close();
    pool.join(LONG).unwrap();
}

const SCENARIOS: [(&str, fn()); 10] = [
    ("every call comes", every_call_comes),
    ("tasks of a pool are awaited", tasks_of_a_pool),
    ("a thousand at once", a_thousand_at_once),
    ("who gives up takes nothing", who_gives_up_takes_nothing),
    ("a peer that is killed is told", a_peer_that_is_killed_is_told),
    ("a peer that is stopped is waited for", a_peer_that_is_stopped_is_waited_for),
    ("a waker that panics silences nobody", a_waker_that_panics_silences_nobody),
    ("a fork child waits for itself", a_fork_child_waits_for_itself),
    ("it takes no runtime of its own", it_takes_no_runtime_of_its_own),
    ("a hundred conversations", a_hundred_conversations),
];

fn main() {
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let wanted: Vec<_> = SCENARIOS.iter().filter(|(name, _)| name.contains(&filter)).collect();
    if std::env::args().any(|word| word == "--list") {
        return wanted.iter().for_each(|(name, _)| println!("{name}: test"));
    }
    let mut failed = 0;
    for (name, scenario) in &wanted {
        let well = fork(scenario).wait() == Ended::Code(0);
        println!("{name} ... {}", if well { "ok" } else { "FAILED" });
        failed += i32::from(!well);
    }
    println!("{} passed, {failed} failed", wanted.len() as i32 - failed);
    std::process::exit(i32::from(failed > 0));
}
