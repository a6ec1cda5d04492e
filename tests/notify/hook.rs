//! A small HTTP server that hooks point to: it remembers what it was sent, and answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    /// The first line and the headers.
    pub head: String,
    pub body: String,
}

impl Request {
    /// The value of a header, however its name is written.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// The server.
pub struct Hook {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    requests: Mutex<Vec<Request>>,
    came: Condvar,
    answers: Mutex<VecDeque<String>>,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Hook {
    /// A server that gives these answers (status line and headers) in turn, then `200 OK`.
    pub fn answering(answers: &[&str]) -> Self {
        Self::start(answers, true)
    }

    /// A server that answers nothing until it is opened.
    pub fn shut() -> Self {
        Self::start(&[], false)
    }

    fn start(answers: &[&str], open: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            came: Condvar::new(),
            answers: Mutex::new(answers.iter().map(|answer| (*answer).to_owned()).collect()),
            open: Mutex::new(open),
            opened: Condvar::new(),
        });
        let server = Arc::clone(&shared);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| server.serve(stream)));
        Self { address, shared }
    }

    pub fn open(&self) {
        *self.shared.open.lock().unwrap() = true;
        self.shared.opened.notify_all();
    }

    /// What came so far, as soon as it is so much.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        let requests = self.shared.requests.lock().unwrap();
        let patience = Duration::from_secs(30);
        let enough = self.shared.came.wait_timeout_while(requests, patience, |requests| requests.len() < count);
        let (requests, waited) = enough.unwrap();
        assert!(!waited.timed_out(), "only {} of {count} requests came", requests.len());
        requests.clone()
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read(&stream) else { return };
        self.requests.lock().unwrap().push(request);
        self.came.notify_all();
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| "200 OK".to_owned());
        // Whoever asked may have gone.
        let _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let mut request = Request { at: Instant::now(), head, body: String::new() };
    let length = request.header("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}
