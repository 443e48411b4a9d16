//! Whether a queue is whole when a storm is over: every place can be used, and every block.

use crate::board::{Board, Fault};
use courtyard::{ErrorKind, Options, Queue, QueueOptions, QueuePart, Result, Timeout};

/// How often every place of the ring is used, with messages of each kind; each time it begins at another one.
const LAPS: usize = 3;

/// The queue is empty, and nobody works at it. Everything that was put before has been got, and is got no more.
pub fn check(board: &Board, queue: &Queue) {
    if let Err(what) = use_all(queue) {
        board.fault(Fault::LostRecord, format_args!("the queue is not whole: {what}: {queue:?}"));
    }
}

fn use_all(queue: &Queue) -> std::result::Result<(), String> {
    let options = queue.options();
    // Who is of both sides is told neither that nobody puts nor that nobody gets.
    let parts = if options.sides { vec![queue.producer(), queue.consumer()] } else { vec![] };
    let _parts: Vec<QueuePart> = parts.into_iter().collect::<Result<_>>().map_err(|e| e.to_string())?;
    let longer = (options.block_bytes != 0).then_some(options.inline_max + 1);
    for lap in 0..LAPS {
        for len in [8, options.inline_max].into_iter().chain(longer) {
            let what = |what: String| format!("lap {lap}, {len} bytes: {what}");
            fill(queue, len).and_then(|count| empty(queue, len, count)).map_err(what)?;
        }
        queue.try_put(b"on").and_then(|()| queue.try_get(&mut [0; 2])).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn message(number: usize, len: usize) -> Vec<u8> {
    let mut bytes = number.to_ne_bytes().to_vec();
    bytes.resize(len, number as u8);
    bytes
}

fn is<T>(answer: Result<T>, wanted: ErrorKind) -> std::result::Result<(), String> {
    match answer {
        Err(e) if e.kind() == wanted => Ok(()),
        Err(e) => Err(format!("{e:?} and not {wanted:?}")),
        Ok(_) => Err(format!("not {wanted:?}")),
    }
}

/// For how many messages of this length there is room in a queue that nobody has ever used.
fn room(options: QueueOptions, len: usize) -> usize {
    let short =
        if options.max_bytes == 0 { usize::MAX } else { options.max_bytes / len }.min(options.capacity);
    if len <= options.inline_max {
        return short;
    }
    // How many blocks there are for it: each lies in one that is as long or longer.
    let yard = Options::new().anonymous().unwrap();
    let queue = Queue::create(&yard, "new", options).unwrap();
    (0..short).take_while(|&number| queue.try_put(&message(number, len)).is_ok()).count()
}

/// There is room for as many messages as in a new one, and for no more. How many that is.
fn fill(queue: &Queue, len: usize) -> std::result::Result<usize, String> {
    let (capacity, count) = (queue.capacity(), room(queue.options(), len));
    for number in 0..count {
        queue.try_put(&message(number, len)).map_err(|e| format!("{number} of {count}: {e:?}"))?;
    }
    is(queue.try_put(&message(count, len)), ErrorKind::Full)?;
    let (full, there) = (queue.is_full() || count < capacity, queue.len());
    if full && there == count { Ok(count) } else { Err(format!("full: {full}, {there} of {count} there")) }
}

/// They come in order, each once, and leave nothing behind.
fn empty(queue: &Queue, len: usize, count: usize) -> std::result::Result<(), String> {
    let unacked = queue.options().unacked;
    let mut owed = Vec::new();
    for number in 0..count {
        if unacked != 0 && owed.len() == unacked {
            is(queue.get_ack_vec(Timeout::Try), ErrorKind::Full)?;
            settle(queue, &mut owed)?;
        }
        let (bytes, received) = if unacked == 0 {
            queue.get_vec(Timeout::Try).map_err(|e| format!("{number} of {count}: {e:?}"))?
        } else {
            let got = queue.get_ack_vec(Timeout::Try);
            let (bytes, debt) = got.map_err(|e| format!("{number} of {count}: {e:?}"))?;
            owed.push(debt.ticket);
            (bytes, debt.received)
        };
        if bytes != message(number, len) || received.redelivered {
            return Err(format!("{number} of {count} is {bytes:?}, {received:?}"));
        }
    }
    settle(queue, &mut owed)?;
    is(queue.get_vec(Timeout::Try), ErrorKind::Empty)?;
    let blocks = queue.blocks().map(courtyard::Blocks::usage).unwrap_or_default();
    let left = (queue.len(), queue.bytes(), queue.unfinished(), queue.is_full());
    let all_free = blocks.iter().all(|class| class.free == class.count);
    if left == (0, 0, 0, false) && all_free { Ok(()) } else { Err(format!("{left:?} left, {blocks:?}")) }
}

fn settle(queue: &Queue, owed: &mut Vec<u64>) -> std::result::Result<(), String> {
    owed.drain(..).try_for_each(|ticket| queue.done(ticket)).map_err(|e| format!("acknowledging: {e:?}"))
}
