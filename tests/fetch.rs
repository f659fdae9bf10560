//! Fetching from a real HTTP server on loopback that answers well, badly and maliciously; nothing outside is asked.
#[path = "support/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use odin_tui::datasets::{Archive, Download};
use odin_tui::fetch::{self, Check, FetchError, Limits, Options, Outcome, Progress, State};
use server::{Request, Server, answer, claim, serve, serve_tagged};
use sha2::{Digest, Sha256};

fn bytes(len: usize) -> Vec<u8> {
    (0..len as u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn sha256(bytes: &[u8]) -> Option<String> {
    let digest = Sha256::digest(bytes);
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A tar.gz of files by name and content.
fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        // Not by `set_path`, which refuses what is tested here.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// A card's folder, and a download of `file.bin` into it.
struct Bench {
    root: tempfile::TempDir,
    download: Download,
    options: Options,
    heard: Vec<String>,
}

impl Bench {
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

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_break_is_resumed_where_it_happened() {
    let body = bytes(300_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match nth {
        0 => claim(&sent[..100_000], sent.len()),
        _ => serve_tagged(request, &sent, "\"v1\""),
    });
    Bench::new([server.url("file.bin")]).arrives(&body);
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
    let mut bench = Bench::new([server.url("file.bin")]);
    bench.options.attempts = 1;
    let error = bench.fails("broke off after 20000 ");
    assert!(error.contains("first 20000 bytes are kept"), "{error}");
    assert_eq!(
        fetch::state(&bench.download, bench.root.path()),
        State::Partial(20_000)
    );
    bench.fails("broke off");
    // The tag is another now, so the server sends all of it and the old half is dropped.
    bench.arrives(&new);
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|r| r.header("range").map(str::to_owned))
        .collect();
    assert_eq!(asked[1].as_deref(), Some("bytes=20000-"));
    assert!(asked[2].as_deref() > Some("bytes=20000-"), "{asked:?}");
    assert_eq!(fetch::state(&bench.download, bench.root.path()), State::Present);
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
    Bench::new([server.url("file.bin")]).arrives(&body);
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
    Bench::new([server.url("file.bin")]).sum(&body).arrives(&body);
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
    Bench::new([server.url("file.bin")]).sum(&body).arrives(&body);
    assert_eq!(server.requests()[2].header("range"), None);
}

#[test]
fn a_wrong_half_is_found_by_the_sum_and_fetched_again() {
    let body = bytes(50_000);
    let sent = body.clone();
    let server = Server::start(move |request, _| serve(request, &sent));
    let mut bench = Bench::new([server.url("file.bin")]).sum(&body);
    fs::create_dir(bench.root.path().join("fetched")).unwrap();
    fs::write(bench.root.path().join("fetched/file.bin.part"), vec![7; 30_000]).unwrap();
    bench.arrives(&body);
    assert_eq!(server.requests()[0].header("range"), Some("bytes=30000-"));
    assert_eq!(server.requests()[1].header("range"), None);

    // A part that is whole already needs nothing but the look.
    let mut bench = Bench::new([server.url("file.bin")]).sum(&body);
    fs::create_dir(bench.root.path().join("fetched")).unwrap();
    fs::write(bench.root.path().join("fetched/file.bin.part"), &body).unwrap();
    bench.arrives(&body);
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
    Bench::new([server.url("long")])
        .fails("broke off after 5000 of 9000 bytes: Peer disconnected (3 times in a row)");
    let mut short = Bench::new([server.url("short")]).sum(&body);
    short.fails("its sha256 is ");
    assert_eq!(short.left(), [""; 0]);
    let mut bench = Bench::new([server.url("short")]);
    bench.download.bytes = Some(5_000);
    bench.fails("offers 3000 bytes where the card says 5000");
    let mut bench = Bench::new([server.url("announced")]);
    bench.options.max_bytes = 100_000;
    bench.fails("offers 1073741824 bytes, more than the 100000");
    bench.download.urls = vec![server.url("endless")];
    bench.fails("sends more than 100000 bytes");
    assert_eq!(bench.left(), [""; 0]);
    bench.download.bytes = Some(5_000);
    bench.fails("sends more than 5000 bytes");
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
    let mut bench = Bench::new(urls).sum(&body);
    bench.arrives(&body);
    let asked: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(asked, ["/gone", "/page", "/wrong", "/empty", "/good"]);
    let given_up = bench.heard.iter().filter(|heard| heard.starts_with("GivenUp"));
    assert_eq!(given_up.count(), 4);

    let mut bench = Bench::new(["gone", "page", "wrong"].map(|path| server.url(path))).sum(&body);
    let error = bench.fails("answers 404 Not Found; ");
    assert!(error.contains("a web page instead of the file"), "{error}");
    // Both sums are named.
    assert!(error.contains(&sha256(&bytes(4_000)).unwrap()), "{error}");
    assert!(error.contains(&sha256(&body).unwrap()), "{error}");
    assert_eq!(bench.left(), [""; 0]);
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
    let mut bench = Bench::new([server.url("file.bin")]);
    bench.arrives(&body);
    assert_eq!(
        bench
            .heard
            .iter()
            .filter(|heard| heard.starts_with("Retry"))
            .count(),
        2
    );
    Bench::new([server.url("down")]).fails("answers 500 Internal Server Error (3 times in a row)");
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
    let mut bench = Bench::new(urls);
    bench.options.attempts = 1;
    let started = Instant::now();
    let error = bench.fails("does not answer in time");
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
    Bench::new([server.url("old")]).sum(&body).arrives(&body);
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|r| (r.path.clone(), r.header("range").is_some()))
        .collect();
    let expected = [("/old", false), ("/new", false), ("/old", true), ("/new", true)];
    assert_eq!(asked, expected.map(|(path, range)| (path.to_owned(), range)));
    Bench::new([server.url("round")]).fails("redirects without end");
}

#[test]
fn archives_arrive_whole_or_not_at_all() {
    let good = tar_gz(&[("Set/test/0.png", b"zero"), ("Set/test/1.png", b"one")]);
    let sent = good.clone();
    let server = Server::start(move |request, _| match request.path.as_str() {
        "/slip" => serve(request, &tar_gz(&[("Set/ok", b"fine"), ("../../evil", b"evil")])),
        "/root" => serve(
            request,
            &tar_gz(&[("Set/ok", b"fine"), ("/tmp/odin-evil", b"evil")]),
        ),
        "/cut" => serve(request, &sent[..sent.len() / 2]),
        "/bomb" => serve(
            request,
            &tar_gz(&[("Set/ok", b"fine"), ("Set/big", &vec![0; 2_000_000])]),
        ),
        _ => serve(request, &sent),
    });
    let paths = ["slip", "root", "cut", "bomb"];
    let mut bench = Bench::new(paths.map(|path| server.url(path))).archive();
    bench.options.limits = Some(Limits {
        entries: 100,
        bytes: 1_000_000,
    });
    let error = bench.fails("slip: `../../evil` would land outside the folder; ");
    for why in [
        "root: `/tmp/odin-evil` would land outside",
        "truncated tar",
        "more than 1000000 bytes: a bomb",
    ] {
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(bench.left(), [""; 0]);
    assert_eq!(names(bench.root.path()), ["fetched"]);

    // What a killed fetch left is swept away, and an empty folder is no obstacle.
    fs::create_dir_all(bench.root.path().join("fetched/set.part.new/half")).unwrap();
    fs::create_dir_all(bench.root.path().join("fetched/set")).unwrap();
    bench.download.urls.push(server.url("good"));
    assert!(matches!(bench.fetch(), Ok(Outcome::Arrived(_))));
    assert_eq!(bench.left(), ["set"]);
    assert_eq!(
        names(&bench.root.path().join("fetched/set/Set/test")),
        ["0.png", "1.png"]
    );

    let before = server.requests().len();
    assert!(matches!(bench.fetch(), Ok(Outcome::Present(_))));
    assert_eq!(server.requests().len(), before);
}

#[test]
fn a_file_given_by_hand_is_held_to_the_same() {
    let good = tar_gz(&[("Set/0.png", b"zero")]);
    let mut bench = Bench::new([""; 0]).sum(&good).archive();
    let given = bench.root.path().join("given");
    let place = |bench: &Bench, check| {
        fetch::place(
            &bench.download,
            bench.root.path(),
            &given,
            check,
            &bench.options,
            &mut |_| {},
        )
    };
    let refused = |bench: &Bench, check, because: &str| {
        let error = place(bench, check).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
        assert_eq!(bench.left(), [""; 0]);
    };
    refused(&bench, Check::Sums, "cannot read");
    fs::create_dir(&given).unwrap();
    refused(&bench, Check::Sums, "is a folder, not a file");
    fs::remove_dir(&given).unwrap();
    fs::write(&given, "no archive").unwrap();
    refused(&bench, Check::Sums, "--no-checksum");
    refused(&bench, Check::Nothing, "nothing was unpacked");
    fs::write(&given, tar_gz(&[("../evil", b"evil")])).unwrap();
    refused(&bench, Check::Nothing, "outside the folder");
    fs::write(&given, &good).unwrap();
    assert!(matches!(place(&bench, Check::Sums), Ok(Outcome::Arrived(_))));
    assert!(matches!(place(&bench, Check::Sums), Ok(Outcome::Present(_))));
    assert!(given.exists());

    // Packed anew without gzip, as people do.
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&good[..]), &mut plain).unwrap();
    fs::write(&given, plain).unwrap();
    bench.download.into = "fetched/again".into();
    assert!(matches!(place(&bench, Check::Nothing), Ok(Outcome::Arrived(_))));
    assert_eq!(bench.left(), ["again", "set"]);
}

#[test]
fn the_download_that_a_file_is_goes_by_sum_then_by_name() {
    let bench = Bench::new(["http://127.0.0.1:1/a/one.tar.gz?dl=1"]);
    let two = Download {
        urls: Vec::new(),
        into: "fetched/two.mat".into(),
        sha256: sha256(b"two"),
        ..bench.download.clone()
    };
    let both = [bench.download.clone(), two.clone()];
    let which = |name: &str, content: &str| {
        let path = bench.root.path().join(name);
        fs::write(&path, content).unwrap();
        fetch::which(&both, &path)
            .unwrap()
            .map(|download| download.into.clone())
    };
    assert_eq!(which("anything", "two"), Some(two.into.clone()));
    assert_eq!(which("two.mat", "changed"), Some(two.into));
    assert_eq!(which("one.tar.gz", "x"), Some(bench.download.into.clone()));
    assert_eq!(which("other", "x"), None);
    assert!(fetch::check_apart(&both).is_ok());
    let twice = [bench.download.clone(), bench.download.clone()];
    assert!(
        fetch::check_apart(&twice)
            .unwrap_err()
            .to_string()
            .contains("a place of its own")
    );
}

#[test]
fn where_nothing_can_be_written_nothing_is_left() {
    let server = Server::start(|request, _| serve(request, &bytes(5_000)));
    let mut bench = Bench::new([server.url("file.bin")]);
    fs::write(bench.root.path().join("fetched"), "in the way").unwrap();
    let error = bench.fails("cannot create");
    assert!(error.contains("fetched"), "{error}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = bench.root.path().join("locked");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        bench.download.into = "locked/file.bin".into();
        // Permissions do not bind root.
        if fs::write(folder.join("probe"), "").is_err() {
            bench.fails("may you write there?");
            assert_eq!(names(&folder), [""; 0]);
        }
    }
}

#[test]
fn two_fetches_of_the_same_do_not_fight() {
    let body = bytes(5_000);
    let sent = body.clone();
    let server = Server::start(move |request, _| {
        std::thread::sleep(Duration::from_millis(300));
        serve(request, &sent)
    });
    let mut bench = Bench::new([server.url("file.bin")]);
    bench.options.stall = Duration::from_secs(5);
    let (download, root, options) = (
        bench.download.clone(),
        bench.root.path().to_owned(),
        bench.options.clone(),
    );
    std::thread::scope(|scope| {
        let first = scope.spawn(|| bench.fetch().map(drop));
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let second = fetch::fetch(&download, &root, &options, &mut |_| {});
        assert!(matches!(second, Err(FetchError::Busy(_))), "{second:?}");
        first.join().unwrap().unwrap();
    });
    assert_eq!(server.requests().len(), 1);
    assert_eq!(bench.left(), ["file.bin"]);
    assert!(matches!(bench.fetch(), Ok(Outcome::Present(_))));
}

/// A home with cards, for the program itself.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.path("data")).unwrap();
        fs::create_dir(home.path("models")).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn card(&self, name: &str, fetch: &str) {
        let source = format!("source: {{format: folder, path: fetched/{name}/Set, layout: tree}}");
        let text = format!("title: The set {name}\n{source}\n{fetch}\n");
        fs::write(self.path(&format!("data/{name}.yaml")), text).unwrap();
    }

    fn odin(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        self.told(
            Command::new(env!("CARGO_BIN_EXE_odin"))
                .arg("fetch")
                .args(arguments),
        )
    }

    fn told(&self, command: &mut Command) -> (Option<i32>, String, String) {
        for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(proxy);
        }
        let Output {
            status,
            stdout,
            stderr,
        } = command.env("ODIN_HOME", self.0.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }
}

#[test]
fn the_program_fetches_what_it_can_and_reports_the_rest() {
    let archive = tar_gz(&[("Set/0.png", b"zero")]);
    let sent = archive.clone();
    let server = Server::start(move |request: &Request, _| match request.path.as_str() {
        "/good" | "/weights" => serve(request, &sent),
        _ => answer("404 Not Found", &[("Content-Length", "0")], b""),
    });
    let home = Home::new();
    let url = |path: &str| server.url(path);
    let from = |name: &str, path: &str, more: &str| {
        let fetch = format!(
            "fetch: [{{urls: [\"{}\"], unpack: tar.gz, into: fetched/{name}{more}}}]",
            url(path)
        );
        home.card(name, &fetch);
    };
    from(
        "good",
        "good",
        &format!(", sha256: {}", sha256(&archive).unwrap()),
    );
    from("gone", "gone", "");
    from("given", "gone", ", md5: 00112233445566778899aabbccddeeff");
    home.card("manual", "how_to_get: ask the authors\naliases: [handmade]");
    let weights = format!(
        "title: A network\narchitecture: something new\nweights: fetched/net.gz\n\
         fetch: [{{urls: [\"{}\"], into: fetched/net.gz}}]",
        url("weights")
    );
    fs::write(home.path("models/net.yaml"), weights).unwrap();

    let (code, out, err) = home.odin(&["good", "net", "gone", "handmade", "goood", "good"]);
    assert_eq!(code, Some(2));
    assert!(home.path("data/fetched/good/Set/0.png").exists());
    assert!(fs::read(home.path("models/fetched/net.gz")).unwrap() == archive);
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("good: fetched into "),
        "{out}"
    );
    let errors: Vec<&str> = err.lines().collect();
    assert_eq!(errors.len(), 4, "{err}");
    assert!(
        errors[0].contains("gone.yaml") && errors[0].contains("answers 404 Not Found"),
        "{err}"
    );
    assert!(errors[0].contains("odin fetch gone --from FILE"), "{err}");
    assert!(
        errors[1].contains("manual") && errors[1].contains("ask the authors"),
        "{err}"
    );
    assert!(errors[2].contains("did you mean good"), "{err}");
    assert!(errors[3].ends_with("not fetched: gone, handmade, goood"), "{err}");

    let asked = server.requests().len();
    let (code, out, err) = home.odin(&["Good"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("good: here already, in "), "{out}");
    assert_eq!(server.requests().len(), asked);

    let (code, out, _) = home.odin(&["--list"]);
    assert_eq!(code, Some(0));
    let row = |name: &str| {
        out.lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap_or("")
    };
    assert!(
        row("good").contains("present") && row("gone").contains("absent"),
        "{out}"
    );
    assert!(
        row("net").contains("A network") && row("manual").is_empty(),
        "{out}"
    );

    let file = home.path("mine.tar.gz");
    fs::write(&file, &archive).unwrap();
    let file = file.to_str().unwrap();
    let (code, _, err) = home.odin(&["given", "--from", file]);
    assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
    for part in [
        "given.yaml",
        "mine.tar.gz",
        "its md5 is ",
        "00112233445566778899aabbccddeeff",
        "--no-checksum",
    ] {
        assert!(err.contains(part), "{err}");
    }
    let (code, _, err) = home.odin(&["given", "--from", file, "--no-checksum"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(home.path("data/fetched/given/Set/0.png").exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_a_part_and_one_clear_line() {
    let server = Server::start(|request, _| serve(request, &bytes(200_000)));
    let home = Home::new();
    home.card(
        "big",
        &format!(
            "fetch: [{{urls: [\"{}\"], into: fetched/big/Set}}]",
            server.url("big")
        ),
    );
    // A limit on the size of files stands for the end of the disk; its signal is ignored so that writing fails.
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec '{}' fetch big",
        env!("CARGO_BIN_EXE_odin")
    );
    let (code, _, err) = home.told(Command::new("sh").args(["-c", &script]));
    assert_eq!((code, err.lines().count()), (Some(2), 1), "{err}");
    assert!(err.contains("cannot write") && err.contains("make room"), "{err}");
    assert!(!home.path("data/fetched/big/Set").exists());
    let (code, ..) = home.odin(&["big"]);
    assert_eq!(code, Some(0));
    assert!(fs::read(home.path("data/fetched/big/Set")).unwrap() == bytes(200_000));
    assert!(server.requests()[1].header("range").is_some());
}

/// Ctrl-C, or worse: the program is killed in the middle, and the next one goes on.
#[test]
fn a_killed_fetch_is_resumed_by_the_next() {
    let body = bytes(200_000);
    let sent = body.clone();
    let server = Server::start(move |request, nth| match nth {
        0 => server::hang_after(&claim(&sent[..100_000], sent.len())),
        _ => serve_tagged(request, &sent, "\"v1\""),
    });
    let home = Home::new();
    home.card(
        "big",
        &format!(
            "fetch: [{{urls: [\"{}\"], into: fetched/big/Set}}]",
            server.url("big")
        ),
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_odin"));
    command.args(["fetch", "big"]).env("ODIN_HOME", home.0.path());
    for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(proxy);
    }
    let mut child = command.spawn().unwrap();
    let part = home.path("data/fetched/big/Set.part");
    let started = Instant::now();
    while fs::metadata(&part).map_or(0, |part| part.len()) < 100_000 {
        assert!(started.elapsed() < Duration::from_secs(30), "nothing comes");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, _, err) = home.odin(&["big"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(fs::read(home.path("data/fetched/big/Set")).unwrap() == body);
    assert_eq!(names(&home.path("data/fetched/big")), ["Set"]);
    assert_eq!(server.requests()[1].header("range"), Some("bytes=100000-"));
}
