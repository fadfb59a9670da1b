//! A file as the readers of pictures want it: by the byte, by the block, and from hand to hand.

use std::io::{self, ErrorKind, Read, Write};

pub(super) struct Source<R>(R);

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Self(inner)
    }

    /// The next byte; an end is an error.
    pub(super) fn byte(&mut self) -> io::Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// So many bytes; meant for blocks whose size has a bound.
    pub(super) fn block(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.0.by_ref().take(length).read_to_end(&mut bytes)? as u64;
        if read < length { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    }

    /// Hands so many bytes on.
    pub(super) fn copy(&mut self, length: u64, out: &mut impl Write) -> io::Result<()> {
        let copied = io::copy(&mut self.0.by_ref().take(length), out)?;
        if copied < length { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    pub(super) fn skip(&mut self, length: u64) -> io::Result<()> {
        self.copy(length, &mut io::sink())
    }
}
