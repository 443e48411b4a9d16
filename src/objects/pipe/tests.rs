use super::*;
use crate::objects::yard::Options;
use crate::os::fork::APART;
use crate::shim::Ordering;
use crate::sync::wait::Timeout;
use std::io::{BufRead, Read, Write};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

fn yard() -> Yard {
    Options::new().slots(8).size(1 << 18).anonymous().unwrap()
}

fn pair(yard: &Yard, options: PipeOptions) -> (Pipe, Connection, Connection) {
    let pipe = Pipe::create(yard, "pipe", options).unwrap();
    let (first, second) = (pipe.end(PipeEnd::First).unwrap(), pipe.end(PipeEnd::Second).unwrap());
    (pipe, first, second)
}

fn small(duplex: bool) -> PipeOptions {
    PipeOptions { capacity: 256, duplex }
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn messages_go_both_ways_and_keep_their_frames() {
    let yard = yard();
    let (_, first, second) = pair(&yard, small(true));
    for (from, to) in [(&first, &second), (&second, &first)] {
        for message in [&b"one"[..], b"", b"three and more"] {
            from.try_send(message).unwrap();
        }
        let mut buffer = [0; 32];
        assert_eq!(to.try_recv(&mut buffer), Ok(3));
        assert_eq!(&buffer[..3], b"one");
        assert_eq!(to.try_recv(&mut []), Ok(0));
        assert_eq!(to.recv_vec(Timeout::Try).unwrap(), b"three and more");
        assert_eq!(kind(to.try_recv(&mut buffer)), ErrorKind::Empty);
    }
}

#[test]
fn a_one_way_pipe_refuses_the_wrong_direction() {
    let yard = yard();
    let (_, reader, writer) = pair(&yard, small(false));
    assert_eq!(kind(reader.send(b"x", Timeout::Forever)), ErrorKind::Invalid);
    assert_eq!(kind(writer.recv(&mut [0], Timeout::Forever)), ErrorKind::Invalid);
    assert_eq!(kind(writer.poll(Timeout::Forever)), ErrorKind::Invalid);
    assert_eq!(kind(writer.recv_vec(Timeout::Forever)), ErrorKind::Invalid);
    writer.try_send(b"x").unwrap();
    assert_eq!(reader.recv_vec(Timeout::Forever).unwrap(), b"x");
}

#[test]
fn lengths_that_do_not_fit_are_told_and_nothing_is_lost() {
    let yard = yard();
    let (pipe, first, second) = pair(&yard, small(true));
    assert_eq!((pipe.max_len(), first.max_len()), (120, 120));
    assert_eq!(kind(first.try_send(&[1; 121])), ErrorKind::TooLong);
    first.try_send(&[7; 120]).unwrap();
    let refused = second.try_recv(&mut [0; 119]).unwrap_err();
    assert_eq!(
        (refused.kind(), refused.detail()),
        (ErrorKind::TooLong, Some("a message of 120 bytes, a buffer of 119"))
    );
    assert_eq!(second.receive(&mut [0; 119], Timeout::Try), Ok(connection::Arrived::TooLong(120)));
    assert_eq!(second.next_len(Timeout::Try), Ok(120));
    assert_eq!(second.recv_vec(Timeout::Try).unwrap(), [7; 120]);
}

#[test]
fn a_full_pipe_says_so_and_goes_on_when_there_is_room() {
    let yard = yard();
    let (_, first, second) = pair(&yard, small(true));
    let mut sent = 0_u32;
    while first.try_send(&sent.to_ne_bytes()).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 16, "each takes 16 of 256 bytes");
    assert_eq!(kind(first.send(&[0; 4], Duration::from_millis(2))), ErrorKind::Full);
    for turn in 0..100 {
        let mut number = [0; 4];
        assert_eq!(second.try_recv(&mut number), Ok(4));
        assert_eq!(u32::from_ne_bytes(number), turn);
        first.try_send(&sent.to_ne_bytes()).unwrap();
        sent += 1;
        assert_eq!(kind(first.try_send(&[0; 4])), ErrorKind::Full);
    }
}

#[test]
fn the_end_of_the_stream_comes_after_everything_sent() {
    let _apart = APART.lock();
    let yard = yard();
    let (pipe, first, second) = pair(&yard, small(true));
    let again = pipe.end(PipeEnd::Second).unwrap();
    let clone = second.clone();
    second.try_send(b"last words").unwrap();
    second.close();
    drop(clone);
    assert_eq!(first.peer(), Peer::Here, "one handle is left");
    assert_eq!(first.poll(Timeout::Try), Ok(true));
    again.close();
    assert_eq!((first.peer(), pipe.state(PipeEnd::Second)), (Peer::Closed, Peer::Closed));
    assert_eq!(kind(first.send(b"x", Timeout::Forever)), ErrorKind::PeerClosed);
    assert_eq!(first.recv_vec(Timeout::Forever).unwrap(), b"last words");
    for timeout in [Timeout::Try, Timeout::Forever] {
        assert_eq!(kind(first.recv_vec(timeout)), ErrorKind::PeerClosed);
        assert_eq!(kind(first.poll(timeout)), ErrorKind::PeerClosed);
    }
    let next = pipe.end(PipeEnd::Second).unwrap();
    assert_eq!(kind(first.try_recv(&mut [])), ErrorKind::Empty, "there is somebody again");
    first.try_send(b"hello").unwrap();
    assert_eq!(next.recv_vec(Timeout::Try).unwrap(), b"hello");
}

#[test]
fn an_end_that_nobody_has_taken_yet_is_waited_for() {
    let _apart = APART.lock();
    let yard = yard();
    let pipe = Pipe::create(&yard, "pipe", small(true)).unwrap();
    let first = pipe.end(PipeEnd::First).unwrap();
    assert_eq!((first.peer(), pipe.state(PipeEnd::First)), (Peer::Absent, Peer::Here));
    first.try_send(b"for whoever comes").unwrap();
    assert_eq!(kind(first.recv(&mut [0; 9], Duration::from_millis(2))), ErrorKind::Empty);
    std::thread::scope(|s| {
        s.spawn(|| {
            let second = pipe.end(PipeEnd::Second).unwrap();
            assert_eq!(second.recv_vec(Timeout::Try).unwrap(), b"for whoever comes");
            second.try_send(b"an answer").unwrap();
        });
        assert_eq!(first.recv_vec(SOON).unwrap(), b"an answer");
    });
}

#[test]
fn options_are_checked_and_compared() {
    let yard = yard();
    for capacity in [0, 63, 65, 96, 1 << 41, usize::MAX] {
        assert_eq!(kind(Pipe::create(&yard, "p", PipeOptions { capacity, duplex: true })), ErrorKind::Size);
    }
    assert_eq!(kind(Pipe::open(&yard, "p")), ErrorKind::NotFound);
    let pipe = Pipe::create(&yard, "p", small(false)).unwrap();
    assert_eq!(kind(Pipe::create(&yard, "p", small(false))), ErrorKind::Exists);
    assert_eq!(kind(Pipe::open_or_create(&yard, "p", small(true))), ErrorKind::Mismatch);
    assert_eq!(Pipe::open(&yard, "p").unwrap().options(), pipe.options());
    assert_eq!(pipe.end(PipeEnd::First).unwrap().end(), PipeEnd::First);
}

#[test]
fn many_threads_at_each_end_tear_nothing_and_lose_nothing() {
    const EACH: u64 = 2000;
    let yard = Options::new().slots(32).size(1 << 18).anonymous().unwrap();
    let (_, first, second) = pair(&yard, PipeOptions { capacity: 512, duplex: true });
    let message = |number: u64| -> Vec<u8> {
        let len = 8 + (number * 7 % 120) as usize;
        number.to_ne_bytes().into_iter().chain((8..len).map(|i| (number as usize + i) as u8)).collect()
    };
    let read = |end: &Connection| {
        let bytes = end.recv_vec(SOON).unwrap();
        let number = u64::from_ne_bytes(bytes[..8].try_into().unwrap());
        assert_eq!(bytes, message(number));
        number
    };
    let sums: Vec<u64> = std::thread::scope(|s| {
        for writer in 0..3 {
            let (first, second, message) = (first.clone(), second.clone(), &message);
            s.spawn(move || {
                for i in 0..EACH {
                    first.send(&message(writer * EACH + i), SOON).unwrap();
                    second.send(&message(writer * EACH + i), SOON).unwrap();
                }
            });
        }
        let readers: Vec<_> = [&first, &second, &first, &second, &first, &second]
            .map(|end| s.spawn(|| (0..EACH).map(|_| read(end)).sum::<u64>()))
            .into_iter()
            .collect();
        readers.into_iter().map(|r| r.join().unwrap()).collect()
    });
    let all = 3 * EACH;
    assert_eq!(sums.iter().sum::<u64>(), 2 * (all * (all - 1) / 2), "each number once in each direction");
}

#[test]
fn a_stream_carries_bytes_without_frames() {
    let _apart = APART.lock();
    let yard = yard();
    let (_, first, second) = pair(&yard, small(false));
    let text: String = (0..500).map(|i| format!("line {i}\n")).collect();
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut writer = second.into_stream();
            writer.connection().try_send(b"").unwrap(); // no bytes are no end
            writer.write_all(text.as_bytes()).unwrap();
            writer.flush().unwrap();
        });
        let mut reader = first.into_stream();
        let mut line = String::new();
        assert_eq!(reader.read_line(&mut line).unwrap(), 7);
        let mut byte = [0];
        assert_eq!(reader.read(&mut byte).unwrap(), 1);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(line + "l" + &rest, text);
        assert_eq!(reader.read(&mut byte).unwrap(), 0, "the end stays the end");
    });
}

#[test]
fn a_stream_tells_why_it_does_not_go_on() {
    let _apart = APART.lock();
    let yard = yard();
    let (_, first, second) = pair(&yard, small(true));
    let (mut reader, mut writer) = (first.into_stream(), second.into_stream());
    reader.set_timeout(Timeout::Try);
    assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    reader.set_timeout(Duration::from_millis(1));
    assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
    drop(reader);
    let broken = writer.write(b"x").unwrap_err();
    assert_eq!(broken.kind(), std::io::ErrorKind::BrokenPipe);
    let inside = broken.get_ref().and_then(|e| e.downcast_ref::<Error>()).unwrap();
    assert_eq!(inside.kind(), ErrorKind::PeerClosed);
}

#[test]
fn words_of_a_hostile_peer_are_refused() {
    let yard = yard();
    let (pipe, first, second) = pair(&yard, small(true));
    let way = pipe.ways[PipeEnd::Second.index()].as_ref().unwrap().way();
    way.words.overwrite(1, 0, 0);
    assert_eq!(kind(first.try_send(b"x")), ErrorKind::Corrupt);
    assert_eq!(kind(second.try_recv(&mut [0])), ErrorKind::Corrupt);
    way.words.overwrite(4096, 0, 0);
    assert_eq!(kind(second.try_recv(&mut [0])), ErrorKind::Corrupt);
    assert_eq!(kind(first.try_send(b"x")), ErrorKind::Corrupt);
}

#[test]
fn a_limit_that_cannot_be_is_not_believed() {
    let yard = yard();
    let (pipe, first, second) = pair(&yard, small(true));
    let way = pipe.ways[PipeEnd::Second.index()].as_ref().unwrap().way();
    let capacity = pipe.options().capacity as u64;
    for limit in [1, 9, capacity + 8, 1 << 40, u64::MAX, u64::MAX - 7] {
        (0..capacity).for_each(|_| drop(first.try_send(b"x")));
        let tail = way.limit.load(Ordering::Relaxed);
        way.limit.store(tail.wrapping_add(limit), Ordering::Relaxed);
        assert_eq!(kind(first.try_send(b"x")), ErrorKind::Full, "{limit}");
        let mut count = 0;
        while second.try_recv(&mut [0]).is_ok() {
            count += 1;
        }
        assert_eq!(count, capacity / 16);
        way.limit.store(limit, Ordering::Relaxed);
    }
}
