//! A small HTTP server on loopback that says whatever a test wants it to say, well-formed or not.
#![allow(dead_code)] // each test uses a part of it
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A test that needs more has run wild.
const MAX_CONNECTIONS: usize = 64;

/// Marks an answer after which the connection stays open and silent.
const HANG: &[u8] = b"\0hang";

#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn read(stream: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines
            .take_while(|line| !line.is_empty())
            .filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                Some((name.to_lowercase(), value.trim().to_owned()))
            })
            .collect();
        Some(Self { path, headers })
    }
}

pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Each request is answered with the bytes that `handler` makes of it and of its number, counted from 0.
    pub fn start(handler: impl Fn(&Request, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::new(AtomicBool::new(false));
        let (log, stop, handler) = (Arc::clone(&requests), Arc::clone(&stopped), Arc::new(handler));
        thread::spawn(move || {
            for stream in listener.incoming().take(MAX_CONNECTIONS) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), log, stop) = (stream, Arc::clone(&log), Arc::clone(&stop)) else {
                    continue;
                };
                let handler = Arc::clone(&handler);
                thread::spawn(move || one(stream, &log, &stop, &*handler));
            }
        });
        Self {
            address,
            requests,
            stopped,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn one(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    stop: &AtomicBool,
    handler: &(dyn Fn(&Request, usize) -> Vec<u8> + Send + Sync),
) {
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).unwrap();
    stream.set_write_timeout(limit).unwrap();
    let Some(request) = Request::read(&stream) else {
        return;
    };
    let nth = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    let answer = handler(&request, nth);
    let hangs = answer.ends_with(HANG);
    let answer = answer.strip_suffix(HANG).unwrap_or(&answer);
    // A client may hang up whenever it likes.
    let _ = stream.write_all(answer);
    while hangs && !stop.load(Ordering::SeqCst) {
        thread::sleep(Duration::from_millis(10));
    }
}

/// An answer of exactly these headers and this body.
pub fn answer(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    [text.as_bytes(), body].concat()
}

/// A whole file, tagged, that announces `len` bytes, whatever it holds.
pub fn claim(body: &[u8], len: usize) -> Vec<u8> {
    answer(
        "200 OK",
        &[("Content-Length", &len.to_string()), ("ETag", "\"v1\"")],
        body,
    )
}

/// What a good server answers, ranges included.
pub fn serve(request: &Request, body: &[u8]) -> Vec<u8> {
    serve_tagged(request, body, "\"v1\"")
}

/// Likewise for a file whose tag is `tag`.
pub fn serve_tagged(request: &Request, body: &[u8], tag: &str) -> Vec<u8> {
    let range = request
        .header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let changed = request.header("if-range").is_some_and(|known| known != tag);
    let total = body.len();
    let Some(from) = range
        .filter(|_| !changed)
        .and_then(|from| from.parse::<usize>().ok())
    else {
        let len = total.to_string();
        return answer("200 OK", &[("Content-Length", &len), ("ETag", tag)], body);
    };
    if from >= total {
        let range = format!("bytes */{total}");
        return answer(
            "416 Range Not Satisfiable",
            &[("Content-Range", &range), ("Content-Length", "0")],
            b"",
        );
    }
    let range = format!("bytes {from}-{}/{total}", total - 1);
    let len = (total - from).to_string();
    let headers = [
        ("Content-Range", range.as_str()),
        ("Content-Length", &len),
        ("ETag", tag),
    ];
    answer("206 Partial Content", &headers, &body[from..])
}

/// The answer, and then silence instead of an end.
pub fn hang_after(answer: &[u8]) -> Vec<u8> {
    [answer, HANG].concat()
}
