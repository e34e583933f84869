//! A plain HTTP/1.1 client: streams lines as chunks and keeps whatever receipts arrive before the connection ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stream {
    /// The receipts that came, whole lines only.
    pub receipts: Vec<Value>,
    /// Whether the answer ended as answers end.
    pub is_complete: bool,
}

/// Sends the lines in chunks of `chunk` lines, with a pause after each, and reads the receipts meanwhile.
/// `seen` counts the receipts as they come.
pub fn stream(address: SocketAddr, token: &str, lines: &[String], (chunk, pause): (usize, Duration), seen: &AtomicUsize) -> Stream {
    let Ok(socket) = TcpStream::connect(address) else { return Stream { receipts: Vec::new(), is_complete: false } };
    socket.set_nodelay(true).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut writer = socket.try_clone().unwrap();
    let head = format!(
        "POST /v1/charges HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/x-ndjson\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The server may be gone at any byte: then there is nobody to write to.
            let _ = write_body(&mut writer, &head, lines, chunk, pause);
        });
        read_answer(BufReader::new(socket), seen)
    })
}

fn write_body(writer: &mut TcpStream, head: &str, lines: &[String], chunk: usize, pause: Duration) -> std::io::Result<()> {
    writer.write_all(head.as_bytes())?;
    for some in lines.chunks(chunk) {
        let text: String = some.iter().flat_map(|line| [line, "\n"]).collect();
        writer.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())?;
        std::thread::sleep(pause);
    }
    writer.write_all(b"0\r\n\r\n")
}

fn read_answer(mut reader: BufReader<TcpStream>, seen: &AtomicUsize) -> Stream {
    let mut body = Vec::new();
    let is_complete = read_body(&mut reader, &mut body, seen).unwrap_or(false);
    let whole = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let receipts = body[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Stream { receipts: receipts.map(|line| serde_json::from_slice(line).unwrap()).collect(), is_complete }
}

/// Fills `body` as far as it comes; true when the last chunk was there.
fn read_body(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>, seen: &AtomicUsize) -> std::io::Result<bool> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line.is_empty() {
        return Ok(false);
    }
    assert!(line.starts_with("HTTP/1.1 200"), "the server answered {line}");
    while line.trim_end() != "" {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
    }
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let Ok(mut size) = usize::from_str_radix(line.trim_end(), 16) else { return Ok(false) };
        if size == 0 {
            return Ok(true);
        }
        let mut buffer = [0; 8192];
        while size > 0 {
            let part = buffer.len().min(size);
            let read = reader.read(&mut buffer[..part])?;
            if read == 0 {
                return Ok(false);
            }
            body.extend_from_slice(&buffer[..read]);
            seen.fetch_add(buffer[..read].iter().filter(|byte| **byte == b'\n').count(), Ordering::Relaxed);
            size -= read;
        }
        line.clear();
        reader.read_line(&mut line)?;
    }
}

/// Asks GraphQL, and answers its data.
pub fn graphql(address: SocketAddr, token: &str, query: &str) -> Value {
    let body = json!({"query": query}).to_string();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (_, text) = answer.split_once("\r\n\r\n").unwrap();
    let mut answer: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(answer.get("errors").is_none(), "{query}: {answer}");
    answer["data"].take()
}
