//! The request's body, decompressed piece by piece in constant memory.
//!
//! Not tower-http's layer: that one stops without an error after the first member of a gzip body, and bodies made of
//! several (`cat a.gz b.gz`, pigz) are common, so charges would be lost in silence. It also lets a zstd frame ask for
//! any window; ours is limited to what RFC 9659 requires of servers.
//!
//! Invariant: a body that ends inside a compressed frame is an error, not an end.

use std::io::{self, Write};

use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use futures_util::StreamExt;
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// Compressed bytes handed to gzip at once. Its ratio is at most 1,032, so a step puts out at most 1 MiB.
const GZIP_STEP_BYTES: usize = 1024;

/// Plain bytes taken from zstd at once.
const ZSTD_STEP_BYTES: usize = 128 * 1024;

/// 2^23 = 8 MiB: the window that RFC 9659 section 3 requires receivers to support, and the most we allocate.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// How the body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// `None` for an encoding we do not know, and for several on top of each other.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let encoding = match values.next() {
            None => Self::Identity,
            Some(value) => match value.to_str().ok()?.trim().to_ascii_lowercase().as_str() {
                "" | "identity" => Self::Identity,
                "gzip" | "x-gzip" => Self::Gzip,
                "zstd" => Self::Zstd,
                _ => return None,
            },
        };
        values.next().is_none().then_some(encoding)
    }
}

/// Plain bytes from a body that may be compressed.
pub(in crate::http) struct DecodedBody {
    body: BodyDataStream,
    /// Received and not yet decompressed.
    received: Bytes,
    is_ended: bool,
    decoder: Decoder,
}

enum Decoder {
    Identity,
    Gzip {
        decoder: Box<MultiGzDecoder<Vec<u8>>>,
        /// An empty body is an empty stream, not a broken one.
        is_begun: bool,
    },
    Zstd {
        decoder: Box<ZstdDecoder<'static>>,
        is_inside_frame: bool,
        /// The last step filled its output, so there may be more without further input.
        has_more: bool,
    },
    /// It could not be set up.
    Failed(Option<io::Error>),
}

impl DecodedBody {
    pub fn new(body: Body, encoding: Encoding) -> Self {
        let decoder = match encoding {
            Encoding::Identity => Decoder::Identity,
            Encoding::Gzip => Decoder::Gzip { decoder: Box::new(MultiGzDecoder::new(Vec::new())), is_begun: false },
            Encoding::Zstd => zstd_decoder().unwrap_or_else(|error| Decoder::Failed(Some(error))),
        };
        Self { body: body.into_data_stream(), received: Bytes::new(), is_ended: false, decoder }
    }

    /// Waits until the request has sent something, or has ended. Safe to cancel.
    pub async fn fill(&mut self) -> io::Result<()> {
        while self.received.is_empty() && !self.is_ended {
            match self.body.next().await {
                Some(received) => self.received = received.map_err(io::Error::other)?,
                None => self.is_ended = true,
            }
        }
        Ok(())
    }

    /// The next plain bytes, never none of them; `None` at the end. Safe to cancel.
    ///
    /// # Errors
    /// The connection broke, or the compression is corrupt or cut off. Nothing more can be read then.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if !self.decoder.has_more() {
                self.fill().await?;
            }
            let plain = self.decoder.step(&mut self.received)?;
            if !plain.is_empty() {
                return Ok(Some(plain));
            }
            if self.is_ended && self.received.is_empty() && !self.decoder.has_more() {
                let rest = self.decoder.finish()?;
                return Ok(Some(rest).filter(|rest| !rest.is_empty()));
            }
        }
    }

    /// Reads and forgets the rest, so that a client that is still sending reads our answer instead of a closed connection.
    pub async fn drain(&mut self) {
        self.received = Bytes::new();
        while let Some(Ok(_)) = self.body.next().await {}
    }
}

fn zstd_decoder() -> io::Result<Decoder> {
    let mut decoder = ZstdDecoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))?;
    Ok(Decoder::Zstd { decoder: Box::new(decoder), is_inside_frame: false, has_more: false })
}

impl Decoder {
    fn has_more(&self) -> bool {
        matches!(self, Self::Zstd { has_more: true, .. })
    }

    /// Decompresses a bounded part of `received` and takes it away.
    fn step(&mut self, received: &mut Bytes) -> io::Result<Bytes> {
        match self {
            Self::Identity => Ok(std::mem::take(received)),
            Self::Gzip { decoder, is_begun } => {
                let part = received.split_to(received.len().min(GZIP_STEP_BYTES));
                *is_begun |= !part.is_empty();
                decoder.write_all(&part)?;
                decoder.flush()?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
            Self::Zstd { decoder, is_inside_frame, has_more } => {
                if received.is_empty() && !*has_more {
                    return Ok(Bytes::new());
                }
                let mut plain = Vec::with_capacity(ZSTD_STEP_BYTES);
                let mut input = InBuffer::around(received.as_ref());
                let mut output = OutBuffer::around(&mut plain);
                let hint = decoder.run(&mut input, &mut output)?;
                let (consumed, produced) = (input.pos(), output.pos());
                // Zero: a frame has ended and was put out entirely. What follows, if anything, is a further frame.
                *is_inside_frame = hint != 0;
                *has_more = hint != 0 && produced == ZSTD_STEP_BYTES;
                received.advance(consumed);
                Ok(plain.into())
            }
            Self::Failed(error) => Err(error.take().unwrap_or_else(|| io::Error::other("the decoder could not be set up"))),
        }
    }

    /// What is left at the end of the body; an error when the end comes too early.
    fn finish(&mut self) -> io::Result<Bytes> {
        match self {
            Self::Gzip { decoder, is_begun: true } => {
                decoder.try_finish()?;
                Ok(std::mem::take(decoder.get_mut()).into())
            }
            Self::Zstd { is_inside_frame: true, .. } => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body ends inside a zstd frame"))
            }
            _ => Ok(Bytes::new()),
        }
    }
}
