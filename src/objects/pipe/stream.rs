//! Bytes without frames, over a pipe.
#![forbid(unsafe_code)]

use crate::error::{Error, ErrorKind};
use crate::objects::pipe::connection::Connection;
use crate::sync::wait::Timeout;
use std::io::{self, BufRead, Read, Write};

/// A stream of bytes over a [`Connection`].
///
/// Writing sends messages, as long as they can be; what one `write` call accepted is sent when it returns. Reading gives
/// the bytes of one message after the other; what a message has more than was asked for is kept for the next call, in
/// this value only: of several streams on one end each gets whole messages. Messages without bytes are passed over.
///
/// When the other end is closed and everything read, reading answers 0, the end of the stream; if its last holder died,
/// an error of kind `UnexpectedEof`. Writing to an end that is gone: `BrokenPipe`. [`io::Error::get_ref`] has the
/// [`Error`].
#[derive(Debug)]
pub struct PipeStream {
    connection: Connection,
    timeout: Timeout,
    message: Vec<u8>,
    /// How much of the message was read.
    read: usize,
}

impl PipeStream {
    pub(super) fn new(connection: Connection) -> PipeStream {
        PipeStream { connection, timeout: Timeout::Forever, message: Vec::new(), read: 0 }
    }

    /// How long each `read` or `write` may wait from now on; then it answers `TimedOut`, or `WouldBlock` to a try.
    pub fn set_timeout(&mut self, timeout: impl Into<Timeout>) {
        self.timeout = timeout.into().or_try();
    }

    /// The connection below, which knows nothing of bytes that were received and not read.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    fn error(&self, error: Error, gone: io::ErrorKind) -> io::Error {
        let kind = match error.kind() {
            ErrorKind::PeerClosed | ErrorKind::PeerDied => gone,
            ErrorKind::Empty | ErrorKind::Full | ErrorKind::Busy if self.timeout == Timeout::Try => {
                io::ErrorKind::WouldBlock
            }
            ErrorKind::Empty | ErrorKind::Full | ErrorKind::Timeout => io::ErrorKind::TimedOut,
            ErrorKind::Interrupted => io::ErrorKind::Interrupted,
            ErrorKind::Invalid => io::ErrorKind::InvalidInput,
            ErrorKind::Corrupt => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}

impl BufRead for PipeStream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read == self.message.len() {
            match self.connection.recv_vec(self.timeout) {
                Ok(message) => (self.message, self.read) = (message, 0),
                Err(e) if e.kind() == ErrorKind::PeerClosed => return Ok(&[]),
                Err(e) => return Err(self.error(e, io::ErrorKind::UnexpectedEof)),
            }
        }
        Ok(&self.message[self.read..])
    }

    fn consume(&mut self, count: usize) {
        self.read = self.read.saturating_add(count).min(self.message.len());
    }
}

impl Read for PipeStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl Write for PipeStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(self.connection.max_len())];
        if !part.is_empty() {
            let sent = self.connection.send(part, self.timeout);
            sent.map_err(|e| self.error(e, io::ErrorKind::BrokenPipe))?;
        }
        Ok(part.len())
    }

    /// Nothing waits here.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
