//! Where lines come from: a file or standard input, plain or gzip, read on a thread of its own.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use tokio::sync::mpsc;

use super::line::{Bad, Line, parse};
use super::{Limits, broken};
use crate::exit::Failure;

/// Lines handed over together.
const CHUNK: usize = 1_000;
const CHUNKS_WAITING: usize = 8;
/// A line longer than any message could be.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// What the reading thread hands over.
pub enum Chunk {
    Lines(Vec<Result<Line, Bad>>),
    /// The last one: why there is no more, though there should be.
    Broken(String),
}

/// An input that was opened.
pub struct Source {
    input: Box<dyn Read + Send>,
    name: String,
    /// Bytes of the file; none for standard input.
    pub size: Option<u64>,
    /// Bytes read of it so far.
    pub read: Arc<AtomicU64>,
}

/// Opens a file; `-` is standard input.
pub fn open(path: &Path) -> Result<Source, Failure> {
    let read = Arc::new(AtomicU64::new(0));
    if path == Path::new("-") {
        return Ok(Source { input: Box::new(io::stdin()), name: "standard input".into(), size: None, read });
    }
    let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
    let (file, metadata) = opened.map_err(|error| broken(format!("{}: {error}", path.display())))?;
    if metadata.is_dir() {
        return Err(broken(format!("{} is a folder", path.display())));
    }
    Ok(Source { input: Box::new(file), name: PathBuf::from(path).display().to_string(), size: Some(metadata.len()), read })
}

impl Source {
    /// Reads until the end, or until nobody listens any more.
    pub fn read(self, limits: Limits) -> mpsc::Receiver<Chunk> {
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
        std::thread::spawn(move || {
            let name = self.name.clone();
            if let Err(error) = self.send_lines(&sender, limits) {
                let why = match error.kind() {
                    ErrorKind::UnexpectedEof => format!("{name} is cut off: the compressed data ends too early"),
                    ErrorKind::InvalidData | ErrorKind::InvalidInput => format!("{name} is damaged: it cannot be decompressed"),
                    _ => format!("{name}: {error}"),
                };
                sender.blocking_send(Chunk::Broken(why)).ok();
            }
        });
        receiver
    }

    fn send_lines(self, sender: &mpsc::Sender<Chunk>, limits: Limits) -> io::Result<()> {
        let mut input = BufReader::with_capacity(256 * 1024, Counted { input: self.input, read: self.read });
        let is_gzip = input.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let mut lines: Box<dyn BufRead> =
            if is_gzip { Box::new(BufReader::with_capacity(256 * 1024, MultiGzDecoder::new(input))) } else { Box::new(input) };
        let (mut number, mut chunk, mut line) = (0, Vec::with_capacity(CHUNK), Vec::new());
        let ended = loop {
            match next_line(&mut lines, &mut line) {
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
                Ok(true) => number += 1,
            }
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            chunk.push(if line.len() as u64 > LINE_BYTES_MAX {
                Err(Bad { number, why: "longer than 1 MiB" })
            } else {
                parse(number, &line, limits)
            });
            if chunk.len() >= CHUNK && sender.blocking_send(Chunk::Lines(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)))).is_err()
            {
                return Ok(());
            }
        };
        sender.blocking_send(Chunk::Lines(chunk)).ok();
        ended
    }
}

/// False at the end. Of a line that is too long the beginning is kept, and the rest skipped.
fn next_line(lines: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if lines.take(LINE_BYTES_MAX + 1).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.len() as u64 > LINE_BYTES_MAX {
        lines.skip_until(b'\n')?;
    }
    Ok(true)
}

/// Counts what passes, for the progress bar.
struct Counted<R> {
    input: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.input.read(buffer)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
