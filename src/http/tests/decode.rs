use std::io::Write;

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;
use futures_util::stream;

use crate::http::charges::decode::{DecodedBody, Encoding};

/// A few hundred KiB that compress well but not to nothing.
fn plain() -> Vec<u8> {
    (0..20_000).flat_map(|n| format!("{{\"externalId\":\"charge-{n}\",\"n\":{}}}\n", n * 7919 % 10_007).into_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn decode(bytes: &[u8], piece: usize, encoding: Encoding) -> Result<Vec<u8>, String> {
    let pieces: Vec<_> = bytes.chunks(piece).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    let mut body = DecodedBody::new(Body::from_stream(stream::iter(pieces)), encoding);
    let mut out = Vec::new();
    while let Some(bytes) = body.next().await.map_err(|error| error.to_string())? {
        assert!(!bytes.is_empty() && bytes.len() <= 2 * 1024 * 1024, "{} bytes at once", bytes.len());
        out.extend_from_slice(&bytes);
    }
    Ok(out)
}

#[tokio::test]
async fn what_was_compressed_comes_out_in_pieces() {
    let plain = plain();
    let (first, second) = plain.split_at(100_000);
    let bodies = [
        (Encoding::Identity, plain.clone()),
        (Encoding::Gzip, gzip(&plain)),
        (Encoding::Gzip, [gzip(first), gzip(second)].concat()),
        (Encoding::Zstd, zstd::encode_all(&plain[..], 3).unwrap()),
        (Encoding::Zstd, [zstd::encode_all(first, 1).unwrap(), zstd::encode_all(second, 9).unwrap()].concat()),
    ];
    for (encoding, body) in bodies {
        for piece in [1, 7, 1_000, 65_536, 10_000_000] {
            assert!(decode(&body, piece, encoding).await.unwrap() == plain, "{encoding:?} in pieces of {piece}");
        }
    }
}

#[tokio::test]
async fn an_empty_body_is_an_empty_stream() {
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
        assert_eq!(decode(b"", 1, encoding).await.unwrap(), b"", "{encoding:?}");
    }
    assert_eq!(decode(&gzip(b""), 3, Encoding::Gzip).await.unwrap(), b"");
    assert_eq!(decode(&zstd::encode_all(&b""[..], 1).unwrap(), 3, Encoding::Zstd).await.unwrap(), b"");
}

#[tokio::test]
async fn a_cut_or_corrupt_body_is_an_error() {
    let plain = plain();
    for (encoding, body) in [(Encoding::Gzip, gzip(&plain)), (Encoding::Zstd, zstd::encode_all(&plain[..], 3).unwrap())] {
        for cut in [1, 5, body.len() / 2, body.len() - 1] {
            assert!(decode(&body[..cut], 4096, encoding).await.is_err(), "{encoding:?} cut after {cut}");
        }
        let mut corrupt = body.clone();
        corrupt[body.len() / 2] ^= 0xFF;
        let decoded = decode(&corrupt, 4096, encoding).await;
        assert!(decoded.is_err() || encoding == Encoding::Zstd, "{encoding:?} has no check of its own");
        assert!(decode(b"this is plain text", 4096, encoding).await.is_err(), "{encoding:?}");
    }
}

#[tokio::test]
async fn a_zstd_frame_may_not_ask_for_a_large_window() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&plain()).unwrap();
    let body = encoder.finish().unwrap();
    assert!(decode(&body, 65_536, Encoding::Zstd).await.is_err());
}

#[tokio::test]
async fn a_bomb_comes_out_in_bounded_pieces() {
    let bomb = vec![0; 64 * 1024 * 1024];
    for (encoding, body) in [(Encoding::Gzip, gzip(&bomb)), (Encoding::Zstd, zstd::encode_all(&bomb[..], 3).unwrap())] {
        assert_eq!(decode(&body, 65_536, encoding).await.unwrap().len(), bomb.len());
    }
}

#[test]
fn one_known_encoding_is_taken() {
    let of = |values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("content-encoding", axum::http::HeaderValue::from_static(value));
        }
        Encoding::of(&headers)
    };
    assert_eq!(of(&[]), Some(Encoding::Identity));
    assert_eq!(of(&["identity"]), Some(Encoding::Identity));
    assert_eq!(of(&["GZIP"]), Some(Encoding::Gzip));
    assert_eq!(of(&["zstd"]), Some(Encoding::Zstd));
    assert_eq!(of(&["br"]), None);
    assert_eq!(of(&["gzip, zstd"]), None);
    assert_eq!(of(&["gzip", "gzip"]), None);
}
