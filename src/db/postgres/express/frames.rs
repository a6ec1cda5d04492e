//! Messages of the protocol: a letter, a length, a body.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A stream of bytes to a server, whatever carries it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// How much room there is for what comes.
const ROOM: usize = 32 * 1024;

/// The longest message that is believed: the server itself makes none that is longer.
const LONGEST: usize = 1 << 30;

/// A stream of messages.
pub(super) struct Frames {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    /// Up to where what was read is done with.
    done: usize,
}

/// One message of the server.
pub(super) struct Frame<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
}

impl Frames {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, read: Vec::with_capacity(ROOM), done: 0 }
    }

    /// Sends bytes that are messages.
    pub(super) async fn send(&mut self, messages: &[u8]) -> io::Result<()> {
        self.stream.write_all(messages).await?;
        self.stream.flush().await
    }

    /// The next byte, which is no message: the answer to the question for TLS.
    pub(super) async fn byte(&mut self) -> io::Result<u8> {
        self.stream.read_u8().await
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> io::Result<Frame<'_>> {
        let head = self.wait(5).await?;
        let (kind, length) = (head[0], u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize);
        if !(4..LONGEST).contains(&length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message has an impossible length"));
        }
        self.wait(length + 1).await?;
        let start = self.done;
        self.done += length + 1;
        Ok(Frame { kind, body: &self.read[start + 5..self.done] })
    }

    /// Waits for as many bytes.
    async fn wait(&mut self, bytes: usize) -> io::Result<&[u8]> {
        while self.read.len() - self.done < bytes {
            if self.done > 0 {
                self.read.drain(..self.done);
                self.done = 0;
            }
            self.read.reserve(bytes.max(ROOM) - self.read.len().min(ROOM));
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server hung up"));
            }
        }
        Ok(&self.read[self.done..self.done + bytes])
    }
}

/// Puts a message together. Those that open a connection have no letter.
pub(super) fn message(kind: Option<u8>, parts: &[&[u8]]) -> Vec<u8> {
    let length = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut message: Vec<u8> = kind.into_iter().collect();
    message.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    parts.iter().for_each(|part| message.extend_from_slice(part));
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_out_whole_whatever_they_come_in() {
        let (near, mut far) = tokio::io::duplex(7);
        let sent = [message(Some(b'D'), &[&[7; 100]]), message(Some(b'Z'), &[b"I"]), message(Some(b'C'), &[])];
        let sending = tokio::spawn(async move { far.write_all(&sent.concat()).await });
        let mut frames = Frames::new(Box::new(near));
        for (kind, length) in [(b'D', 100), (b'Z', 1), (b'C', 0)] {
            let frame = frames.next().await.unwrap();
            assert_eq!((frame.kind, frame.body.len()), (kind, length));
        }
        sending.await.unwrap().unwrap();
        assert_eq!(frames.next().await.err().map(|error| error.kind()), Some(io::ErrorKind::UnexpectedEof));
    }

    #[tokio::test]
    async fn an_impossible_length_is_refused() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(&[b'D', 0xff, 0xff, 0xff, 0xff]).await.unwrap();
        assert!(Frames::new(Box::new(near)).next().await.is_err());
    }
}
