//! `odin fetch` as a person calls it.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#[path = "../crates/odin-datasets/tests/fetch/content.rs"]
mod content;
#[path = "../crates/odin-datasets/tests/fetch/server.rs"]
mod server;

use content::{bytes, names, sha256, tar_gz};
use server::{Request, Server, answer, claim, hang_after, serve, serve_tagged};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

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

    fn at_home<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(proxy);
        }
        command.env("ODIN_HOME", self.0.path())
    }

    fn told(&self, command: &mut Command) -> (Option<i32>, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.at_home(command).output().unwrap();
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
        0 => hang_after(&claim(&sent[..100_000], sent.len())),
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
    command.args(["fetch", "big"]);
    let mut child = home.at_home(&mut command).spawn().unwrap();
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

/// PyTorch publishes the first digits of a sum, in the names of its files.
#[test]
fn weights_are_fetched_by_the_first_digits_of_their_sum() {
    let weights = bytes(50_000);
    let sum = sha256(&weights).unwrap();
    let served = weights.clone();
    let server = Server::start(move |request: &Request, _| serve(request, &served));
    let home = Home::new();
    for (name, digits) in [("resnet", &sum[..8]), ("other", "00000000")] {
        let card = format!(
            "title: ResNet-50\narchitecture: {{kind: resnet, depth: 50}}\nclasses: 1000\nweights: {name}.pth\n\
             in_dataset: imagenet\nnormalisation: {{mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}}\n\
             fetch: [{{urls: [\"{}\"], sha256: \"{digits}\", into: {name}.pth}}]\n",
            server.url(&format!("{name}.pth"))
        );
        fs::write(home.path(&format!("models/{name}.yaml")), card).unwrap();
    }
    let (code, out, err) = home.odin(&["resnet"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(fs::read(home.path("models/resnet.pth")).unwrap() == weights);
    let (code, _, err) = home.odin(&["other"]);
    assert_eq!(code, Some(1));
    assert!(
        err.contains("sha256 is") && !home.path("models/other.pth").exists(),
        "{err}"
    );
}
