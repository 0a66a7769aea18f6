//! The bytes of one WebSocket, in and out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use tertulia_protocol::FRAME_BYTES_MAX;
use tokio::net::TcpStream;

use super::Ending;
use crate::ws::close::Close;
use crate::ws::frame::{self, Decoder, Incoming};
use crate::ws::send_queue::SendQueue;

/// Frames in one system call.
const SLICES: usize = 64;
const READ_BYTES: usize = 16 * 1024;
/// For the last frames to go out, and for the other side to say goodbye.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

thread_local! {
    /// One read buffer for all connections of a thread: none of them keeps it.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

pub(super) struct Socket {
    stream: TcpStream,
    decoder: Decoder,
    /// What comes after a violation is not read any more.
    violated: bool,
    out: VecDeque<Bytes>,
    /// Since when the oldest frame of `out` waits.
    out_since: Option<Instant>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, decoder: Decoder::new(FRAME_BYTES_MAX), violated: false, out: VecDeque::new(), out_since: None }
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.stream.readable().await
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        self.stream.writable().await
    }

    /// Everything taken from the queue has been handed to the system.
    pub(super) fn is_flushed(&self) -> bool {
        self.out.is_empty()
    }

    /// How long the client has not taken what is sent.
    pub(super) fn stalled_for(&self) -> Duration {
        self.out_since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Takes all that waits; answers why to end after it, if so.
    pub(super) fn fill(&mut self, queue: &SendQueue) -> Option<Close> {
        let close = queue.take(&mut self.out);
        if !self.out.is_empty() {
            self.out_since.get_or_insert_with(Instant::now);
        }
        close
    }

    /// Reads what is there. True: something came.
    pub(super) fn read(&mut self, inbox: &mut VecDeque<Incoming>) -> Result<bool, Ending> {
        SCRATCH.with_borrow_mut(|scratch| match self.stream.try_read(scratch) {
            Ok(0) => Err(Ending::Gone),
            Ok(read) => self.decode(scratch.get(..read).unwrap_or_default(), inbox).map(|()| true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(_) => Err(Ending::Gone),
        })
    }

    pub(super) fn decode(&mut self, bytes: &[u8], inbox: &mut VecDeque<Incoming>) -> Result<(), Ending> {
        let mut complete = Vec::new();
        let decoded = self.decoder.push(bytes, &mut complete);
        inbox.extend(complete);
        self.violated = decoded.is_err();
        decoded.map_err(|violation| Ending::Close(Close::new(violation.code(), violation.reason())))
    }

    /// Hands as much to the system as it takes now, many frames in one call.
    pub(super) fn write(&mut self) -> io::Result<()> {
        while !self.out.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            for (slice, frame) in slices.iter_mut().zip(&self.out) {
                *slice = IoSlice::new(frame);
            }
            let filled = slices.get(..self.out.len().min(SLICES)).unwrap_or_default();
            match self.stream.try_write_vectored(filled) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out = VecDeque::new();
        self.out_since = None;
        Ok(())
    }

    fn advance(&mut self, mut written: usize) {
        self.out_since = Some(Instant::now());
        while let Some(frame) = self.out.front_mut() {
            if written < frame.len() {
                return frame.advance(written);
            }
            written -= frame.len();
            self.out.pop_front();
        }
    }

    /// Writes what is left and the reason, then waits a moment for the other side to answer.
    pub(super) async fn finish(mut self, close: Option<Close>) {
        let Some(close) = close else { return };
        self.out.push_back(frame::encode_close(close.code, close.reason));
        let flushed = tokio::time::timeout(FLUSH_WITHIN, self.flush()).await;
        if matches!(flushed, Ok(Ok(()))) {
            // Closing with bytes unread resets the connection, and the client would not read why it was closed.
            drop(tokio::time::timeout(GOODBYE_WITHIN, self.drain()).await);
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        loop {
            self.write()?;
            if self.is_flushed() {
                return Ok(());
            }
            self.writable().await?;
        }
    }

    async fn drain(&mut self) {
        let mut inbox = Vec::new();
        while self.readable().await.is_ok() {
            let gone = SCRATCH.with_borrow_mut(|scratch| match self.stream.try_read(scratch) {
                Ok(0) => true,
                Ok(_) if self.violated => false,
                Ok(read) => self.decoder.push(scratch.get(..read).unwrap_or_default(), &mut inbox).is_err(),
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            });
            if gone || inbox.drain(..).any(|incoming| matches!(incoming, Incoming::Close(_))) {
                return;
            }
        }
    }
}
