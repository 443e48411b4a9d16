//! Does in Rust what it is told, line by line: see README.md beside this file.

use courtyard::{
    Array, ArrayOptions, BlockClass, Blocks, BlocksOptions, Condition, Connection, ErrorKind, Event,
    EventOptions, Future, LifoOptions, LifoQueue, Lock, MapOptions, News, Permits, Pipe, PipeEnd,
    PipeOptions, Pool, PoolOptions, PriorityOptions, PriorityQueue, Queue, QueueOptions, RLock, Receiver,
    Ring, RingOptions, RwLock, RwLockOptions, Scope, Semaphore, SemaphoreOptions, Sender, StartMethod,
    Strategy, Struct, Task, TaskOptions, Timeout, Value, Yard, register_task,
};
use std::collections::HashMap;
use std::io::{self, BufRead};
use std::time::Duration;

/// What a call gives: data for the answer and news, or an error.
type Told = courtyard::Result<(String, Option<News>)>;

/// Numbers that are all the same, unless somebody sees half of a change.
type Plain = [i64; 32];

#[derive(Default)]
struct Actor {
    yard: Option<Yard>,
    locks: HashMap<String, Lock>,
    values: HashMap<String, Value<i64>>,
    rlocks: HashMap<String, RLock>,
    permits: HashMap<String, Permits>,
    semaphores: HashMap<String, Semaphore>,
    events: HashMap<String, Event>,
    rwlocks: HashMap<String, RwLock>,
    conditions: HashMap<String, Condition>,
    structs: HashMap<String, Struct<Plain>>,
    arrays: HashMap<String, Array<i64>>,
    rings: HashMap<String, Ring>,
    senders: HashMap<String, Sender>,
    receivers: HashMap<String, Receiver>,
    queues: HashMap<String, Queue>,
    lifos: HashMap<String, LifoQueue>,
    priorities: HashMap<String, PriorityQueue>,
    blocks: HashMap<String, Blocks>,
    pipes: HashMap<String, Pipe>,
    connections: HashMap<String, Connection>,
    pools: HashMap<String, Pool>,
    futures: HashMap<String, Future>,
}

/// In a worker: the square of a number that is not negative.
fn square(_: &Task<'_>, input: &[u8]) -> Result<[u8; 8], String> {
    match number_of(input) {
        it @ 0.. => Ok((it * it).to_ne_bytes()),
        _ => Err("it is negative".to_owned()),
    }
}

/// The same, but its first attempt at a 1 ends only when it is asked to.
fn once(task: &Task<'_>, input: &[u8]) -> Result<[u8; 8], String> {
    while number_of(input) == 1 && task.attempt() == 0 && !task.is_cancelled() {
        std::thread::sleep(Duration::from_millis(1));
    }
    square(task, input)
}

/// A number as tasks have it.
fn number_of(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(-1, i64::from_ne_bytes)
}

/// Reads commands until there are no more.
pub fn main() {
    register_task("square", square).unwrap();
    register_task("once", once).unwrap();
    let mut actor = Actor::default();
    for line in io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        println!("{}", answer(actor.play(&words)));
    }
}

fn answer(told: Option<Told>) -> String {
    let (head, data) = match told {
        None => return "err usage".to_owned(),
        Some(Err(error)) => return format!("err {}", error.kind().name()),
        Some(Ok((data, None))) => ("ok", data),
        Some(Ok((data, Some(News::OwnerDied)))) => ("news CYD_OWNER_DIED", data),
        Some(Ok((data, Some(News::Redelivered)))) => ("news CYD_REDELIVERED", data),
        Some(Ok((data, Some(_)))) => ("news CYD_NEWS_UNKNOWN", data),
    };
    format!("{head} {data}").trim_end().to_owned()
}

fn time(word: &str) -> Timeout {
    u64::try_from(number(word)).map_or(Timeout::Forever, |ms| match ms {
        0 => Timeout::Try,
        ms => Timeout::For(Duration::from_millis(ms)),
    })
}

fn number(word: &str) -> i64 {
    word.parse().unwrap()
}

fn few(word: &str) -> u32 {
    word.parse().unwrap()
}

fn size(word: &str) -> usize {
    word.parse().unwrap()
}

/// A call that gives nothing to tell.
fn done(result: courtyard::Result<()>) -> Told {
    result.map(|()| (String::new(), None))
}

fn data(it: impl ToString) -> Told {
    Ok((it.to_string(), None))
}

/// Keeps what was opened.
fn keep<T>(among: &mut HashMap<String, T>, name: &str, opened: courtyard::Result<T>) -> Told {
    done(opened.map(|it| drop(among.insert(name.to_owned(), it))))
}

/// What was opened under a name; nothing was, if it failed.
fn get<'a, T>(among: &'a mut HashMap<String, T>, name: &str) -> courtyard::Result<&'a mut T> {
    among.get_mut(name).ok_or(ErrorKind::Null.into())
}

impl Actor {
    /// Plays one command; `None` if it is none.
    fn play(&mut self, words: &[&str]) -> Option<Told> {
        Some(match *words {
            ["yard", "open", name] => done(Yard::open_or_create(name).map(|yard| self.yard = Some(yard))),
            ["lock", verb, name, ref rest @ ..] => return self.lock(verb, name, rest),
            ["value", verb, name, ref rest @ ..] => return self.value(verb, name, rest),
            ["rlock", verb, name, ref rest @ ..] => return self.rlock(verb, name, rest),
            ["permits", verb, name, ref rest @ ..] => return self.permits(verb, name, rest),
            ["semaphore", verb, name, ref rest @ ..] => return self.semaphore(verb, name, rest),
            ["event", verb, name, ref rest @ ..] => return self.event(verb, name, rest),
            ["rwlock", verb, name, ref rest @ ..] => return self.rwlock(verb, name, rest),
            ["condition", verb, name, ref rest @ ..] => return self.condition(verb, name, rest),
            ["struct", verb, name, ref rest @ ..] => return self.plain(verb, name, rest),
            ["array", verb, name, ref rest @ ..] => return self.array(verb, name, rest),
            ["ring", verb, name, ref rest @ ..] => return self.ring(verb, name, rest),
            ["queue", verb, name, ref rest @ ..] => return self.queue(verb, name, rest),
            ["lifo", verb, name, ref rest @ ..] => return self.lifo(verb, name, rest),
            ["priority", verb, name, ref rest @ ..] => return self.priority(verb, name, rest),
            ["blocks", verb, name, ref rest @ ..] => return self.blocks(verb, name, rest),
            ["pipe", verb, name, ref rest @ ..] => return self.pipe(verb, name, rest),
            ["pool", verb, name, ref rest @ ..] => return self.pool(verb, name, rest),
            _ => return None,
        })
    }

    fn lock(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [scope]) = (verb, rest) {
            let scope = [Scope::Thread, Scope::Process, Scope::Anyone][number(scope) as usize];
            return Some(keep(&mut self.locks, name, Lock::open_or_create(self.yard.as_ref()?, name, scope)));
        }
        let lock = match get(&mut self.locks, name) {
            Ok(lock) => lock,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("acquire", [limit]) => lock.acquire_unguarded(time(limit)).map(|news| (String::new(), news)),
            ("release", []) => done(lock.release()),
            ("repaired", []) => done(lock.repaired()),
            ("suspect", []) => data(lock.is_suspect()),
            _ => return None,
        })
    }

    fn value(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", []) = (verb, rest) {
            return Some(keep(&mut self.values, name, Value::open_or_create(self.yard.as_ref()?, name)));
        }
        let value = match get(&mut self.values, name) {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("get", []) => data(value.get()),
            ("set", [it]) => {
                value.set(number(it));
                done(Ok(()))
            }
            ("add", [more]) => data(value.fetch_add(number(more))),
            ("cas", [old, new]) => data(value.compare_exchange(number(old), number(new)).is_ok()),
            ("count", [times]) => {
                for _ in 0..number(times) {
                    value.fetch_add(1);
                }
                done(Ok(()))
            }
            _ => return None,
        })
    }

    fn rlock(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", []) = (verb, rest) {
            return Some(keep(&mut self.rlocks, name, RLock::open_or_create(self.yard.as_ref()?, name)));
        }
        let rlock = match get(&mut self.rlocks, name) {
            Ok(rlock) => rlock,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("acquire", [limit]) => rlock.acquire_unguarded(time(limit)).map(|news| (String::new(), news)),
            ("release", []) => done(rlock.release()),
            ("repaired", []) => done(rlock.repaired()),
            ("count", []) => data(rlock.count()),
            _ => return None,
        })
    }

    fn permits(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [count]) = (verb, rest) {
            let opened = Permits::open_or_create(self.yard.as_ref()?, name, few(count));
            return Some(keep(&mut self.permits, name, opened));
        }
        let permits = match get(&mut self.permits, name) {
            Ok(permits) => permits,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("acquire", ["1", limit]) => done(permits.acquire_unguarded(time(limit))),
            ("acquire", [count, limit]) => done(permits.acquire_many_unguarded(few(count), time(limit))),
            ("release", [count]) => done(permits.release(few(count))),
            ("available", []) => data(permits.available()),
            ("held", []) => data(permits.held()),
            _ => return None,
        })
    }

    fn semaphore(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [initial, maximum]) = (verb, rest) {
            let options = SemaphoreOptions { initial: few(initial), maximum: Some(few(maximum)) };
            let opened = Semaphore::open_or_create(self.yard.as_ref()?, name, options);
            return Some(keep(&mut self.semaphores, name, opened));
        }
        let semaphore = match get(&mut self.semaphores, name) {
            Ok(semaphore) => semaphore,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("acquire", [limit]) => done(semaphore.acquire(time(limit))),
            ("release", [count]) => done(semaphore.release(few(count))),
            ("value", []) => data(semaphore.value()),
            _ => return None,
        })
    }

    fn event(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [auto]) = (verb, rest) {
            let options = EventOptions { initially_set: false, auto_reset: number(auto) == 1 };
            let opened = Event::open_or_create(self.yard.as_ref()?, name, options);
            return Some(keep(&mut self.events, name, opened));
        }
        let event = match get(&mut self.events, name) {
            Ok(event) => event,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("set", []) => {
                event.set();
                done(Ok(()))
            }
            ("clear", []) => {
                event.clear();
                done(Ok(()))
            }
            ("wait", [limit]) => done(event.wait(time(limit))),
            ("is", []) => data(event.is_set()),
            _ => return None,
        })
    }

    fn rwlock(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", []) = (verb, rest) {
            let opened = RwLock::open_or_create(self.yard.as_ref()?, name, RwLockOptions::default());
            return Some(keep(&mut self.rwlocks, name, opened));
        }
        let rwlock = match get(&mut self.rwlocks, name) {
            Ok(rwlock) => rwlock,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("read", [limit]) => rwlock.read_unguarded(time(limit)).map(|news| (String::new(), news)),
            ("write", [limit]) => rwlock.write_unguarded(time(limit)).map(|news| (String::new(), news)),
            ("release", []) => done(rwlock.release()),
            ("repaired", []) => done(rwlock.repaired()),
            ("readers", []) => data(rwlock.holders().readers.len()),
            _ => return None,
        })
    }

    fn condition(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", []) = (verb, rest) {
            let opened = Condition::open_or_create(self.yard.as_ref()?, name);
            return Some(keep(&mut self.conditions, name, opened));
        }
        let condition = match get(&mut self.conditions, name) {
            Ok(condition) => condition,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("wait", [lock, limit]) => get(&mut self.locks, lock)
                .and_then(|lock| condition.wait(lock, time(limit)))
                .and_then(|waited| Ok((String::new(), waited.or_error()?))),
            ("notify", [count]) => data(condition.notify(few(count))),
            ("all", []) => data(condition.notify_all()),
            ("waiters", []) => data(condition.waiters()),
            _ => return None,
        })
    }

    fn plain(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", []) = (verb, rest) {
            return Some(keep(&mut self.structs, name, Struct::open_or_create(self.yard.as_ref()?, name)));
        }
        let plain = match get(&mut self.structs, name) {
            Ok(plain) => plain,
            Err(error) => return Some(Err(error)),
        };
        let add_one = |all: &mut Plain| all.iter_mut().for_each(|number| *number += 1);
        Some(match (verb, rest) {
            ("set", [it]) => done(plain.set([number(it); 32], Timeout::Forever)),
            ("get", []) => plain.get().and_then(|all| match all.iter().all(|number| *number == all[0]) {
                true => data(all[0]),
                false => data("torn"),
            }),
            ("count", [times]) => {
                done((0..number(times)).try_for_each(|_| plain.update(Timeout::Forever, add_one)))
            }
            _ => return None,
        })
    }

    fn array(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [len]) = (verb, rest) {
            let opened = Array::open_or_create(self.yard.as_ref()?, name, size(len), ArrayOptions::default());
            return Some(keep(&mut self.arrays, name, opened));
        }
        let array = match get(&mut self.arrays, name) {
            Ok(array) => array,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("get", [index]) => array.get(size(index)).and_then(data),
            ("set", [index, it]) => done(array.set(size(index), number(it))),
            ("add", [index, more]) => array.fetch_add(size(index), number(more)).and_then(data),
            ("fill", [start, count, it]) => {
                done(array.fill(size(start)..size(start) + size(count), number(it)))
            }
            ("read", [start, count]) => {
                let mut all = vec![0; size(count)];
                let text = |all: Vec<i64>| all.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
                array.read_slice(size(start), &mut all).and_then(|()| data(text(all)))
            }
            ("round", [len, times]) => {
                let mut turns = (0..size(times)).flat_map(|_| 0..size(len));
                done(turns.try_for_each(|i| array.fetch_add(i, 1).map(drop)))
            }
            _ => return None,
        })
    }

    fn ring(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        Some(match (verb, rest) {
            ("open", [capacity]) => {
                let options = RingOptions { capacity: number(capacity) as usize, ..RingOptions::default() };
                keep(&mut self.rings, name, Ring::open_or_create(self.yard.as_ref()?, name, options))
            }
            ("sender", []) => {
                let sender = get(&mut self.rings, name).and_then(|ring| ring.sender(Strategy::Adaptive));
                keep(&mut self.senders, name, sender)
            }
            ("receiver", []) => {
                let receiver = get(&mut self.rings, name).and_then(|ring| ring.receiver(Strategy::Adaptive));
                keep(&mut self.receivers, name, receiver)
            }
            ("peer", []) => match get(&mut self.senders, name) {
                Ok(sender) => data(sender.peer() as u32),
                Err(_) => get(&mut self.receivers, name).and_then(|receiver| data(receiver.peer() as u32)),
            },
            ("send" | "half" | "flood", _) => match get(&mut self.senders, name) {
                Ok(sender) => return send(sender, verb, rest),
                Err(error) => Err(error),
            },
            _ => match get(&mut self.receivers, name) {
                Ok(receiver) => return receive(receiver, verb, rest),
                Err(error) => Err(error),
            },
        })
    }

    fn queue(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [capacity]) = (verb, rest) {
            let capacity = size(capacity);
            let options = QueueOptions { capacity, unacked: capacity, ..QueueOptions::default() };
            let opened = Queue::open_or_create(self.yard.as_ref()?, name, options);
            return Some(keep(&mut self.queues, name, opened));
        }
        let queue = match get(&mut self.queues, name) {
            Ok(queue) => queue,
            Err(error) => return Some(Err(error)),
        };
        let text = |bytes: &[u8], redelivered: bool| {
            Ok((String::from_utf8(bytes.to_vec()).unwrap(), redelivered.then_some(News::Redelivered)))
        };
        Some(match (verb, rest) {
            ("put", [message, limit]) => done(queue.put(message.as_bytes(), time(limit))),
            ("flood", [first, last]) => {
                let mut numbers = number(first)..=number(last);
                done(numbers.try_for_each(|n| queue.put(n.to_string().as_bytes(), Timeout::Forever)))
            }
            ("get", [limit]) => {
                queue.get_vec(time(limit)).and_then(|(bytes, received)| text(&bytes, received.redelivered))
            }
            ("owe", [limit]) => queue
                .get_ack_vec(time(limit))
                .and_then(|(bytes, owed)| text(&bytes, owed.received.redelivered)),
            ("done", []) => done(queue.task_done()),
            ("len", []) => data(queue.len()),
            ("shutdown", []) => {
                queue.shutdown(false);
                data("")
            }
            _ => return None,
        })
    }

    fn lifo(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [capacity]) = (verb, rest) {
            let options = LifoOptions { capacity: size(capacity), max_len: 32 };
            let opened = LifoQueue::open_or_create(self.yard.as_ref()?, name, options);
            return Some(keep(&mut self.lifos, name, opened));
        }
        let queue = match get(&mut self.lifos, name) {
            Ok(queue) => queue,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("put", [message, limit]) => done(queue.put(message.as_bytes(), time(limit))),
            ("flood", [first, last]) => {
                let mut numbers = number(first)..=number(last);
                done(numbers.try_for_each(|n| queue.put(n.to_string().as_bytes(), Timeout::Forever)))
            }
            ("get", [limit]) => {
                queue.get_vec(time(limit)).and_then(|bytes| data(String::from_utf8(bytes).unwrap()))
            }
            ("len", []) => data(queue.len()),
            ("shutdown", []) => {
                queue.shutdown(false);
                data("")
            }
            _ => return None,
        })
    }

    fn priority(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [capacity]) = (verb, rest) {
            let options = PriorityOptions { capacity: size(capacity), max_len: 32 };
            let opened = PriorityQueue::open_or_create(self.yard.as_ref()?, name, options);
            return Some(keep(&mut self.priorities, name, opened));
        }
        let queue = match get(&mut self.priorities, name) {
            Ok(queue) => queue,
            Err(error) => return Some(Err(error)),
        };
        Some(match (verb, rest) {
            ("put", [message, priority, limit]) => {
                done(queue.put(message.as_bytes(), number(priority), time(limit)))
            }
            ("flood", [first, last]) => {
                let mut numbers = number(first)..=number(last);
                done(numbers.try_for_each(|n| queue.put(n.to_string().as_bytes(), n, Timeout::Forever)))
            }
            ("get", [limit]) => queue.get_vec(time(limit)).and_then(|(bytes, priority)| {
                data(format!("{} {priority}", String::from_utf8(bytes).unwrap()))
            }),
            ("len", []) => data(queue.len()),
            ("shutdown", []) => {
                queue.shutdown(false);
                data("")
            }
            _ => return None,
        })
    }

    fn blocks(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", [count]) = (verb, rest) {
            let classes = vec![BlockClass { size: 64, count: few(count) }];
            let options = BlocksOptions { bytes: 0, classes };
            let opened = Blocks::open_or_create(self.yard.as_ref()?, name, &options);
            return Some(keep(&mut self.blocks, name, opened));
        }
        let blocks = match get(&mut self.blocks, name) {
            Ok(blocks) => blocks,
            Err(error) => return Some(Err(error)),
        };
        let block = |word: &str| word.parse::<u64>().unwrap();
        Some(match (verb, rest) {
            ("alloc", [text, limit]) => blocks.alloc(text.len(), time(limit)).and_then(|block| {
                block.write(0, text.as_bytes())?;
                data(block.into_handle())
            }),
            ("read", [number]) => blocks.len_of(block(number)).and_then(|len| {
                let mut bytes = vec![0; len];
                blocks.read(block(number), 0, &mut bytes)?;
                data(String::from_utf8(bytes).unwrap())
            }),
            ("offer", [number]) => done(blocks.offer(block(number))),
            ("adopt", [number]) => done(blocks.adopt_unguarded(block(number))),
            ("free", [number]) => done(blocks.free(block(number))),
            ("owned", []) => data(blocks.owned()),
            _ => return None,
        })
    }

    fn pipe(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        Some(match (verb, rest) {
            ("open", []) => {
                let opened = Pipe::open_or_create(self.yard.as_ref()?, name, PipeOptions::default());
                keep(&mut self.pipes, name, opened)
            }
            ("end", [which]) => {
                let which = if number(which) == 0 { PipeEnd::First } else { PipeEnd::Second };
                let end = get(&mut self.pipes, name).and_then(|pipe| pipe.end(which));
                keep(&mut self.connections, name, end)
            }
            ("send", [text, limit]) => {
                done(get(&mut self.connections, name).and_then(|end| end.send(text.as_bytes(), time(limit))))
            }
            ("recv", [limit]) => get(&mut self.connections, name)
                .and_then(|end| end.recv_vec(time(limit)))
                .and_then(|bytes| data(String::from_utf8(bytes).unwrap())),
            ("peer", []) => get(&mut self.connections, name).and_then(|end| data(end.peer() as u32)),
            _ => return None,
        })
    }

    fn pool(&mut self, verb: &str, name: &str, rest: &[&str]) -> Option<Told> {
        if let ("open", []) = (verb, rest) {
            return Some(keep(&mut self.pools, name, pool(self.yard.as_ref()?, name)));
        }
        if let ("result", [limit]) = (verb, rest) {
            let result = get(&mut self.futures, name).and_then(|future| future.result(time(limit)));
            return Some(result.and_then(|bytes| data(number_of(&bytes))));
        }
        let pool = match get(&mut self.pools, name) {
            Ok(pool) => pool,
            Err(error) => return Some(Err(error)),
        };
        let input = |it: &str| number(it).to_ne_bytes();
        Some(match (verb, rest) {
            ("work", []) => done(pool.work()),
            ("apply", [task, it]) => pool
                .apply(task, &input(it), &TaskOptions::default())
                .and_then(|bytes| data(number_of(&bytes))),
            ("submit", [task, it, retries]) => {
                let options = TaskOptions { retries: few(retries) as u8, ..TaskOptions::default() };
                let submitted = pool.submit(task, &input(it), &options);
                keep(&mut self.futures, name, submitted)
            }
            ("map", [task, count, chunk]) => sum_of_map(pool, task, number(count), size(chunk)),
            ("running", []) => data(pool.progress().running),
            ("shutdown", []) => {
                pool.terminate();
                data("")
            }
            _ => return None,
        })
    }
}

/// A pool of one worker, which is a thread of who makes it.
fn pool(yard: &Yard, name: &str) -> courtyard::Result<Pool> {
    let options = PoolOptions {
        workers: 1,
        tasks: 64,
        block_bytes: 1 << 16,
        method: StartMethod::Threads,
        ..PoolOptions::default()
    };
    match Pool::open(yard, name) {
        Err(e) if e.kind() == ErrorKind::NotFound => Pool::create(yard, name, &options),
        opened => opened,
    }
}

fn sum_of_map(pool: &Pool, task: &str, count: i64, chunk: usize) -> Told {
    let inputs: Vec<[u8; 8]> = (1..=count).map(i64::to_ne_bytes).collect();
    let again = TaskOptions { retries: 1, ..TaskOptions::default() };
    let options = MapOptions { chunk, task: again, ..MapOptions::default() };
    let results = pool.map(task, &inputs, &options, Timeout::Forever)?;
    data(results.iter().map(|bytes| number_of(bytes)).sum::<i64>())
}

fn send(sender: &mut Sender, verb: &str, rest: &[&str]) -> Option<Told> {
    Some(match (verb, rest) {
        ("send", [text, limit]) => done(sender.send(text.as_bytes(), time(limit))),
        ("half", [text]) => done(sender.reserve(text.len(), Timeout::Forever).and_then(|mut room| {
            room.write(0, text.as_bytes()) // and that is all
        })),
        ("flood", [first, last]) => {
            let mut numbers = number(first)..=number(last);
            done(numbers.try_for_each(|n| sender.send(n.to_string().as_bytes(), Timeout::Forever)))
        }
        _ => return None,
    })
}

fn receive(receiver: &mut Receiver, verb: &str, rest: &[&str]) -> Option<Told> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Some(match (verb, rest) {
        ("recv", [limit]) => {
            receiver.recv_vec(time(limit)).map(|(bytes, received)| (text(bytes), received.news()))
        }
        ("peek", [limit]) => receiver.peek(time(limit)).and_then(|record| {
            let mut bytes = vec![0; record.len()];
            record.copy_to(&mut bytes)?;
            Ok((text(bytes), record.redelivered().then_some(News::Redelivered)))
        }),
        // A record is held by its borrow here: peeking again shows the same one.
        ("release", []) => done(receiver.peek(Timeout::Try).map(|record| record.release())),
        _ => return None,
    })
}
