//! What does a message of 64 bytes cost through a queue, alone, there and back, and one way?
//!
//! The floor is the ring from one to one, which need not claim anything. `benches/peers/mp_queue.py` asks CPython's
//! `multiprocessing.Queue` the same.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use courtyard::{
    Options, Queue, QueueOptions, Receiver, Ring, RingOptions, Sender, Strategy, Timeout, Waitable, Yard,
    YardObject,
};
use std::hint::black_box;
use support::{compare, describe, pin, variant};

const SIZE: usize = 64;
const FOREVER: Timeout = Timeout::Forever;

fn yard() -> Yard {
    Options::new().size(4 << 20).anonymous().unwrap()
}

fn queue(yard: &Yard, name: &str, capacity: usize) -> Queue {
    let options =
        QueueOptions { capacity, inline_max: 112, block_bytes: 64 << 10, ..QueueOptions::default() };
    Queue::create(yard, name, options).unwrap()
}

fn rings(yard: &Yard, name: &str) -> (Sender, Receiver) {
    let ring = Ring::create(yard, name, RingOptions { capacity: 64 << 10, spin_only: false }).unwrap();
    (ring.sender(Strategy::Adaptive).unwrap(), ring.receiver(Strategy::Adaptive).unwrap())
}

/// `n` times, with the other side on the second CPU.
fn both(n: u64, mut here: impl FnMut(), mut there: impl FnMut() + Send) {
    std::thread::scope(|s| {
        s.spawn(move || {
            pin(1);
            (0..n).for_each(|_| there());
        });
        (0..n).for_each(|_| here());
    });
}

fn there_and_back(yard: &Yard) {
    let (out, back) = (queue(yard, "out", 64), queue(yard, "back", 64));
    let ((mut out_tx, mut out_rx), (mut back_tx, mut back_rx)) =
        (rings(yard, "ring-out"), rings(yard, "ring-back"));
    let (mut here, mut there) = ([1; SIZE], [2; SIZE]);
    let (mut ours, mut theirs) = ([1; SIZE], [2; SIZE]);
    compare(
        "64 bytes there and back, polling as long as it pays",
        100_000,
        vec![
            variant("rings, one each way", |n| {
                let go = || {
                    out_tx.send(&here, FOREVER).unwrap();
                    back_rx.recv(&mut here, FOREVER).unwrap();
                };
                both(n, go, || {
                    out_rx.recv(&mut there, FOREVER).unwrap();
                    back_tx.send(&there, FOREVER).unwrap();
                });
            }),
            variant("queues, one each way", |n| {
                let go = || {
                    out.put(&ours, FOREVER).unwrap();
                    back.get(&mut ours, FOREVER).unwrap();
                };
                both(n, go, || {
                    out.get(&mut theirs, FOREVER).unwrap();
                    back.put(&theirs, FOREVER).unwrap();
                });
            }),
        ],
    );
}

fn one_way(yard: &Yard) {
    let many = queue(yard, "many", 1024);
    let (mut tx, mut rx) = rings(yard, "ring-one-way");
    let (mut buffer, mut other) = ([0; SIZE], [0; SIZE]);
    compare(
        "64 bytes, one producer and one consumer",
        500_000,
        vec![
            variant("a ring", |n| {
                both(
                    n,
                    || tx.send(&[1; SIZE], FOREVER).unwrap(),
                    || {
                        black_box(rx.recv(&mut buffer, FOREVER).unwrap());
                    },
                );
            }),
            variant("a queue", |n| {
                both(
                    n,
                    || many.put(&[1; SIZE], FOREVER).unwrap(),
                    || {
                        black_box(many.get(&mut other, FOREVER).unwrap());
                    },
                );
            }),
        ],
    );
}

fn alone(yard: &Yard) {
    let one = queue(yard, "one", 64);
    let (mut tx, mut rx) = rings(yard, "ring-alone");
    let (mut buffer, mut other, mut long) = ([0; SIZE], [0; SIZE], [0; 1024]);
    compare(
        "put and got by one thread",
        1_000_000,
        vec![
            variant("a ring", |n| {
                for _ in 0..n {
                    tx.send(black_box(&[1; SIZE]), FOREVER).unwrap();
                    rx.recv(&mut buffer, FOREVER).unwrap();
                }
            }),
            variant("a queue", |n| {
                for _ in 0..n {
                    one.put(black_box(&[1; SIZE]), FOREVER).unwrap();
                    one.get(&mut other, FOREVER).unwrap();
                }
            }),
            variant("a queue, 1024 bytes in a block", |n| {
                for _ in 0..n {
                    one.put(black_box(&[1; 1024]), FOREVER).unwrap();
                    one.get(&mut long, FOREVER).unwrap();
                }
            }),
        ],
    );
}

/// What a try costs that comes to nothing, beside a pair that does not.
fn in_vain(yard: &Yard) {
    let (pair, none, full) = (queue(yard, "pair", 64), queue(yard, "none", 64), queue(yard, "full", 1));
    let (mut buffer, mut other) = ([0; SIZE], [0; SIZE]);
    full.try_put(&[1; SIZE]).unwrap();
    compare(
        "a try that comes to nothing",
        100_000,
        vec![
            variant("put and got", |n| {
                for _ in 0..n {
                    pair.try_put(black_box(&[1; SIZE])).unwrap();
                    pair.try_get(&mut buffer).unwrap();
                }
            }),
            variant("nothing to get", |n| (0..n).for_each(|_| assert!(none.try_get(&mut other).is_err()))),
            variant("no room to put", |n| (0..n).for_each(|_| assert!(full.try_put(&[1; SIZE]).is_err()))),
        ],
    );
}

/// Puts and gets for good, by one thread.
fn pairs(queue: &Queue, n: u64) {
    let mut buffer = [0; SIZE];
    for _ in 0..n {
        queue.try_put(black_box(&[1; SIZE])).unwrap();
        queue.try_get(&mut buffer).unwrap();
    }
}

/// Puts, gets for an acknowledgement, and does something with the ticket.
fn acknowledged(queue: &Queue, n: u64, mut end: impl FnMut(u64)) {
    let mut buffer = [0; SIZE];
    for _ in 0..n {
        queue.try_put(black_box(&[1; SIZE])).unwrap();
        end(queue.get_ack(&mut buffer, Timeout::Try).unwrap().ticket);
    }
}

fn unacked(yard: &Yard, name: &str) -> Queue {
    let options = QueueOptions { capacity: 64, inline_max: 112, ..QueueOptions::joinable() };
    Queue::create(yard, name, options).unwrap()
}

/// What each choice of the maker costs, beside a plain pair.
fn chosen(yard: &Yard) {
    let make = |name: &str, options: QueueOptions| Queue::create(yard, name, options).unwrap();
    let plain = QueueOptions { capacity: 64, inline_max: 112, ..QueueOptions::default() };
    let limited = make("limited", QueueOptions { max_bytes: 64 << 10, ..plain });
    let sides = make("sides", QueueOptions { sides: true, ..plain });
    let part = sides.producer().unwrap();
    let (plain, for_good, owed) = (make("plain", plain), unacked(yard, "for-good"), unacked(yard, "owed"));
    let (back, joined) = (unacked(yard, "given-back"), unacked(yard, "joined"));
    let mut buffer = [0; SIZE];
    compare(
        "put and got, as the queue was made",
        200_000,
        vec![
            variant("plain", |n| pairs(&plain, n)),
            variant("with a limit in bytes", |n| pairs(&limited, n)),
            variant("with sides", |n| pairs(&part, n)),
            variant("with acknowledgements, got for good", |n| pairs(&for_good, n)),
            variant("get_ack and done", |n| acknowledged(&owed, n, |ticket| owed.done(ticket).unwrap())),
            variant("get_ack, put_back, got for good", |n| {
                acknowledged(&back, n, |ticket| {
                    back.put_back(ticket).unwrap();
                    back.try_get(&mut buffer).unwrap();
                });
            }),
            variant("get_ack, done and join", |n| {
                acknowledged(&joined, n, |ticket| {
                    joined.done(ticket).unwrap();
                    joined.join(Timeout::Try).unwrap();
                });
            }),
        ],
    );
}

/// What a try in vain costs where messages may be owed.
fn in_vain_acknowledged(yard: &Yard) {
    let (plain, none, owing) =
        (queue(yard, "vain", 64), unacked(yard, "vain-unacked"), unacked(yard, "vain-owing"));
    let (mut one, mut two, mut three, mut four) = ([0; SIZE], [0; SIZE], [0; SIZE], [0; SIZE]);
    owing.try_put(&[1; SIZE]).unwrap();
    let _ = owing.get_ack(&mut one, Timeout::Try).unwrap();
    compare(
        "nothing to get, 256 may be owed",
        50_000,
        vec![
            variant("a plain queue", |n| (0..n).for_each(|_| assert!(plain.try_get(&mut one).is_err()))),
            variant("nothing is owed", |n| (0..n).for_each(|_| assert!(none.try_get(&mut two).is_err()))),
            variant("nothing is owed, get_ack", |n| {
                (0..n).for_each(|_| assert!(none.get_ack(&mut three, Timeout::Try).is_err()));
            }),
            variant("this process owes one", |n| {
                (0..n).for_each(|_| assert!(owing.try_get(&mut four).is_err()))
            }),
        ],
    );
}

/// A long message by copies, and where it lies.
fn lent(yard: &Yard) {
    const LONG: usize = 4096;
    let (copied, loans) = (queue(yard, "copied", 64), queue(yard, "loans", 64));
    let owed = QueueOptions { block_bytes: 64 << 10, ..unacked(yard, "lent").options() };
    let owed = Queue::create(yard, "owed-loans", owed).unwrap();
    let lend = |queue: &Queue| {
        let loan = queue.loan(LONG, Timeout::Try).unwrap();
        loan.write(0, &[1; 8]).unwrap();
        queue.put_loan(loan, Timeout::Try).map_err(|(e, _)| e).unwrap();
    };
    let mut buffer = vec![0; LONG];
    compare(
        "4096 bytes, put and got by one thread",
        100_000,
        vec![
            variant("copied in and out", |n| {
                for _ in 0..n {
                    copied.try_put(black_box(&[1; LONG])).unwrap();
                    copied.try_get(&mut buffer).unwrap();
                }
            }),
            variant("loan and borrow, 8 bytes touched", |n| {
                for _ in 0..n {
                    lend(&loans);
                    let mut eight = [0; 8];
                    loans.get_borrow(Timeout::Try).unwrap().read(0, &mut eight).unwrap();
                    black_box(eight);
                }
            }),
            variant("loan and borrow, acknowledged", |n| {
                for _ in 0..n {
                    lend(&owed);
                    let (got, mut eight) = (owed.get_borrow_ack(Timeout::Try).unwrap(), [0; 8]);
                    got.read(0, &mut eight).unwrap();
                    got.done().unwrap();
                    black_box(eight);
                }
            }),
        ],
    );
}

/// A handle by name, and by a reference.
fn referred(yard: &Yard) {
    let one = queue(yard, "referred", 64);
    let reference = one.object_ref().unwrap();
    compare(
        "a handle on a queue",
        20_000,
        vec![
            variant("opened by name", |n| {
                (0..n).for_each(|_| drop(black_box(Queue::open(yard, "referred").unwrap())));
            }),
            variant("opened by a reference", |n| {
                (0..n).for_each(|_| drop(black_box(yard.open_ref::<Queue>(&reference).unwrap())));
            }),
        ],
    );
}

/// What a pair costs beside somebody who wants to be told, and how a future gets.
fn told(yard: &Yard) {
    let (plain, rings) = (queue(yard, "untold", 64), queue(yard, "told", 64));
    let notifier = rings.notifier().unwrap();
    let mut variants = vec![
        variant("nobody wants to be told", |n| pairs(&plain, n)),
        variant("a notifier, told and not cleared", |n| pairs(&rings, n)),
    ];
    #[cfg(feature = "async")]
    variants.push(variant("a future that finds something", |n| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        for _ in 0..n {
            plain.try_put(black_box(&[1; SIZE])).unwrap();
            let future = std::pin::pin!(plain.get_async());
            assert!(future.poll(&mut cx).is_ready());
        }
    }));
    compare("put and got, beside those who are told", 200_000, std::mem::take(&mut variants));
    notifier.clear().unwrap();
    let cleared = queue(yard, "cleared", 64);
    let clear = cleared.notifier().unwrap();
    compare(
        "put and got, cleared each time",
        5_000,
        vec![
            variant("nobody wants to be told", |n| pairs(&plain, n)),
            variant("a notifier, cleared", |n| {
                for _ in 0..n {
                    pairs(&cleared, 1);
                    clear.clear().unwrap();
                }
            }),
        ],
    );
}

fn main() {
    pin(0);
    describe("a message through a queue");
    let yard = yard();
    in_vain(&yard);
    in_vain_acknowledged(&yard);
    chosen(&yard);
    lent(&yard);
    referred(&yard);
    told(&yard);
    alone(&yard);
    there_and_back(&yard);
    one_way(&yard);
}
