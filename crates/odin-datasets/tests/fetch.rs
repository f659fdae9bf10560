//! Fetching from a real HTTP server on loopback that answers well, badly and maliciously; nothing outside is asked.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "files and servers are made here"
)]
#![allow(unreachable_pub, reason = "the helpers are shared with a test of the program")]

#[path = "fetch/arrival.rs"]
mod arrival;
#[path = "fetch/content.rs"]
mod content;
#[path = "fetch/server.rs"]
mod server;

use std::fs;
use std::time::{Duration, Instant};

use content::{bytes, names, sha256};
use odin_datasets::fetch::{self, FetchError, Options, Outcome, Progress, State};
use odin_datasets::{Archive, Download};
use server::{Server, answer, claim, serve, serve_tagged};

/// A card's folder, and a download of `file.bin` into it.
struct Setup {
    root: tempfile::TempDir,
    download: Download,
    options: Options,
    heard: Vec<String>,
}

impl Setup {
    fn new<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            download: Download {
                urls: urls.into_iter().map(Into::into).collect(),
                bytes: None,
                md5: None,
                sha256: None,
                into: "fetched/file.bin".into(),
                unpack: Archive::None,
            },
            options: Options {
                attempts: 3,
                backoff: Duration::from_millis(1),
                stall: Duration::from_millis(300),
                proxy: false,
                ..Options::default()
            },
            heard: Vec::new(),
        }
    }

    fn sum(mut self, of: &[u8]) -> Self {
        self.download.sha256 = sha256(of);
        self
    }

    fn archive(mut self) -> Self {
        self.download.into = "fetched/set".into();
        self.download.unpack = Archive::TarGz;
        self
    }

    fn fetch(&mut self) -> Result<Outcome, FetchError> {
        let heard = &mut self.heard;
        fetch::fetch(&self.download, self.root.path(), &self.options, &mut |progress| {
            if !matches!(progress, Progress::At(_)) {
                heard.push(format!("{progress:?}"));
            }
        })
    }

    fn arrives(&mut self, expected: &[u8]) {
        let target = self.root.path().join(&self.download.into);
        assert_eq!(self.fetch().unwrap(), Outcome::Arrived(target.clone()));
        assert!(fs::read(target).unwrap() == expected);
        assert_eq!(self.left(), ["file.bin"]);
    }

    fn fails(&mut self, because: &str) -> String {
        let error = self.fetch().unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
        assert!(!error.contains('\n'), "{error}");
        assert!(!self.root.path().join(&self.download.into).exists());
        error
    }

    /// What lies in the folder.
    fn left(&self) -> Vec<String> {
        names(&self.root.path().join("fetched"))
    }
}

#[test]
fn a_break_is_resumed_where_it_happened() {
    let body = bytes(300_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match nth {
        0 => claim(&sent[..100_000], sent.len()),
        _ => serve_tagged(request, &sent, "\"v1\""),
    });
    Setup::new([server.url("file.bin")]).arrives(&body);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("range"), None);
    assert_eq!(requests[1].header("range"), Some("bytes=100000-"));
    assert_eq!(requests[1].header("if-range"), Some("\"v1\""));
}

#[test]
fn a_part_of_an_earlier_run_is_resumed_unless_the_file_has_changed() {
    let (old, new) = (bytes(50_000), bytes(60_000));
    let (first, second) = (old.clone(), new.clone());
    let server = Server::start(move |request, nth| match nth {
        0 => claim(&first[..20_000], first.len()),
        1 => serve_tagged(request, &first, "\"v1\"")[..5_000].to_vec(),
        _ => serve_tagged(request, &second, "\"v2\""),
    });
    let mut setup = Setup::new([server.url("file.bin")]);
    setup.options.attempts = 1;
    let error = setup.fails("broke off after 20000 ");
    assert!(error.contains("first 20000 bytes are kept"), "{error}");
    assert_eq!(
        fetch::state(&setup.download, setup.root.path()),
        State::Partial(20_000)
    );
    setup.fails("broke off");
    // The tag is another now, so the server sends all of it and the old half is dropped.
    setup.arrives(&new);
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|r| r.header("range").map(str::to_owned))
        .collect();
    assert_eq!(asked[1].as_deref(), Some("bytes=20000-"));
    assert!(asked[2].as_deref() > Some("bytes=20000-"), "{asked:?}");
    assert_eq!(fetch::state(&setup.download, setup.root.path()), State::Present);
}

#[test]
fn without_a_tag_or_a_sum_nothing_is_pieced_together() {
    let body = bytes(50_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match nth {
        // Without the tag that the server helper sends.
        0 => answer("200 OK", &[("Content-Length", "50000")], &sent[..20_000]),
        _ => serve(request, &sent),
    });
    Setup::new([server.url("file.bin")]).arrives(&body);
    assert_eq!(server.requests()[1].header("range"), None);
}

#[test]
fn a_server_that_ignores_ranges_starts_anew() {
    let body = bytes(50_000);
    let sent = body.clone();
    let server = Server::start(move |_, nth| match nth {
        0 => claim(&sent[..20_000], sent.len()),
        _ => claim(&sent, sent.len()),
    });
    Setup::new([server.url("file.bin")]).sum(&body).arrives(&body);
    assert_eq!(server.requests()[1].header("range"), Some("bytes=20000-"));
}

#[test]
fn a_range_that_was_not_asked_for_is_not_appended() {
    let body = bytes(50_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match nth {
        0 => claim(&sent[..20_000], sent.len()),
        1 => answer(
            "206 Partial Content",
            &[
                ("Content-Range", "bytes 10000-49999/50000"),
                ("Content-Length", "40000"),
            ],
            &sent[10_000..],
        ),
        _ => serve(request, &sent),
    });
    Setup::new([server.url("file.bin")]).sum(&body).arrives(&body);
    assert_eq!(server.requests()[2].header("range"), None);
}

#[test]
fn a_wrong_half_is_found_by_the_sum_and_fetched_again() {
    let body = bytes(50_000);
    let sent = body.clone();
    let server = Server::start(move |request, _| serve(request, &sent));
    let mut setup = Setup::new([server.url("file.bin")]).sum(&body);
    fs::create_dir(setup.root.path().join("fetched")).unwrap();
    fs::write(setup.root.path().join("fetched/file.bin.part"), vec![7; 30_000]).unwrap();
    setup.arrives(&body);
    assert_eq!(server.requests()[0].header("range"), Some("bytes=30000-"));
    assert_eq!(server.requests()[1].header("range"), None);

    // A part that is whole already needs nothing but the look.
    let mut setup = Setup::new([server.url("file.bin")]).sum(&body);
    fs::create_dir(setup.root.path().join("fetched")).unwrap();
    fs::write(setup.root.path().join("fetched/file.bin.part"), &body).unwrap();
    setup.arrives(&body);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn lies_about_the_length_are_found_out() {
    let body = bytes(5_000);
    let sent = body.clone();
    let server = Server::start(move |request, _| match request.path.as_str() {
        "/long" => claim(&sent, 9_000),
        "/short" => claim(&sent, 3_000),
        // A gigabyte is announced, or sent without a word.
        "/announced" => claim(&sent, 1 << 30),
        _ => answer("200 OK", &[], &bytes(200_000)),
    });
    Setup::new([server.url("long")])
        .fails("broke off after 5000 of 9000 bytes: Peer disconnected (3 times in a row)");
    let mut short = Setup::new([server.url("short")]).sum(&body);
    short.fails("its sha256 is ");
    assert_eq!(short.left(), [""; 0]);
    let mut setup = Setup::new([server.url("short")]);
    setup.download.bytes = Some(5_000);
    setup.fails("offers 3000 bytes where the card says 5000");
    let mut setup = Setup::new([server.url("announced")]);
    setup.options.max_bytes = 100_000;
    setup.fails("offers 1073741824 bytes, more than the 100000");
    setup.download.urls = vec![server.url("endless")];
    setup.fails("sends more than 100000 bytes");
    assert_eq!(setup.left(), [""; 0]);
    setup.download.bytes = Some(5_000);
    setup.fails("sends more than 5000 bytes");
}

#[test]
fn mirrors_are_asked_in_order() {
    let body = bytes(5_000);
    let sent = body.clone();
    let server = Server::start(move |request, _| match request.path.as_str() {
        "/gone" => answer("404 Not Found", &[("Content-Length", "0")], b""),
        "/page" => answer(
            "200 OK",
            &[("Content-Type", "text/html; charset=utf-8")],
            b"<html>",
        ),
        "/wrong" => serve(request, &bytes(4_000)),
        "/empty" => claim(b"", 0),
        _ => serve(request, &sent),
    });
    let urls = ["gone", "page", "wrong", "empty", "good", "never"].map(|path| server.url(path));
    let mut setup = Setup::new(urls).sum(&body);
    setup.arrives(&body);
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(asked, ["/gone", "/page", "/wrong", "/empty", "/good"]);
    let given_up = setup.heard.iter().filter(|heard| heard.starts_with("GivenUp"));
    assert_eq!(given_up.count(), 4);

    let mut setup = Setup::new(["gone", "page", "wrong"].map(|path| server.url(path))).sum(&body);
    let error = setup.fails("answers 404 Not Found; ");
    assert!(error.contains("a web page instead of the file"), "{error}");
    // Both sums are named.
    assert!(error.contains(&sha256(&bytes(4_000)).unwrap()), "{error}");
    assert!(error.contains(&sha256(&body).unwrap()), "{error}");
    assert_eq!(setup.left(), [""; 0]);
}

#[test]
fn a_server_in_trouble_is_asked_again_and_not_for_ever() {
    let body = bytes(5_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match (request.path.as_str(), nth) {
        ("/down", _) | (_, 0) => answer("500 Internal Server Error", &[("Content-Length", "0")], b""),
        (_, 1) => answer("429 Too Many Requests", &[("Retry-After", "0")], b""),
        _ => serve(request, &sent),
    });
    let mut setup = Setup::new([server.url("file.bin")]);
    setup.arrives(&body);
    assert_eq!(
        setup
            .heard
            .iter()
            .filter(|heard| heard.starts_with("Retry"))
            .count(),
        2
    );
    Setup::new([server.url("down")]).fails("answers 500 Internal Server Error (3 times in a row)");
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn silence_and_closed_doors_end() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_millis(500));
        Vec::new()
    });
    let urls = [
        server.url("silent"),
        server.url("plain").replace("http:", "https:"),
        "http://127.0.0.1:1/closed".to_owned(),
        "ftp://x/y".to_owned(),
    ];
    let mut setup = Setup::new(urls);
    setup.options.attempts = 1;
    let started = Instant::now();
    let error = setup.fails("does not answer in time");
    assert!(
        error.contains("http://127.0.0.1:1/closed: refuses the connection; ftp://x/y: "),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn redirects_are_followed_but_not_in_circles() {
    let body = bytes(50_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match (request.path.as_str(), nth) {
        ("/round", _) => answer(
            "302 Found",
            &[("Location", "/round"), ("Content-Length", "0")],
            b"",
        ),
        ("/old", _) => answer(
            "301 Moved Permanently",
            &[("Location", "/new"), ("Content-Length", "0")],
            b"",
        ),
        (_, 1) => claim(&sent[..20_000], sent.len()),
        _ => serve(request, &sent),
    });
    Setup::new([server.url("old")]).sum(&body).arrives(&body);
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|r| (r.path.clone(), r.header("range").is_some()))
        .collect();
    let expected = [("/old", false), ("/new", false), ("/old", true), ("/new", true)];
    assert_eq!(asked, expected.map(|(path, range)| (path.to_owned(), range)));
    Setup::new([server.url("round")]).fails("redirects without end");
}
