//! What becomes of a file once it is here: unpacked, moved into place, or refused without a trace.
use std::fs;
use std::time::Duration;

use odin_datasets::Download;
use odin_datasets::fetch::{self, Check, FetchError, Limits, Outcome};

use super::Setup;
use super::content::{bytes, names, sha256, tar_gz};
use super::server::{Server, serve};

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
    let mut setup = Setup::new(paths.map(|path| server.url(path))).archive();
    setup.options.limits = Some(Limits {
        entries: 100,
        bytes: 1_000_000,
    });
    let error = setup.fails("slip: `../../evil` would land outside the folder; ");
    for why in [
        "root: `/tmp/odin-evil` would land outside",
        "truncated tar",
        "more than 1000000 bytes: a bomb",
    ] {
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(setup.left(), [""; 0]);
    assert_eq!(names(setup.root.path()), ["fetched"]);

    // What a killed fetch left is swept away, and an empty folder is no obstacle.
    fs::create_dir_all(setup.root.path().join("fetched/set.part.new/half")).unwrap();
    fs::create_dir_all(setup.root.path().join("fetched/set")).unwrap();
    setup.download.urls.push(server.url("good"));
    assert!(matches!(setup.fetch(), Ok(Outcome::Arrived(_))));
    assert_eq!(setup.left(), ["set"]);
    assert_eq!(
        names(&setup.root.path().join("fetched/set/Set/test")),
        ["0.png", "1.png"]
    );

    let before = server.requests().len();
    assert!(matches!(setup.fetch(), Ok(Outcome::Present(_))));
    assert_eq!(server.requests().len(), before);
}

#[test]
fn a_file_given_by_hand_is_held_to_the_same() {
    let good = tar_gz(&[("Set/0.png", b"zero")]);
    let mut setup = Setup::new([""; 0]).sum(&good).archive();
    let given = setup.root.path().join("given");
    let place = |setup: &Setup, check| {
        fetch::place(
            &setup.download,
            setup.root.path(),
            &given,
            check,
            &setup.options,
            &mut |_| {},
        )
    };
    let refused = |setup: &Setup, check, because: &str| {
        let error = place(setup, check).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
        assert_eq!(setup.left(), [""; 0]);
    };
    refused(&setup, Check::Sums, "cannot read");
    fs::create_dir(&given).unwrap();
    refused(&setup, Check::Sums, "is a folder, not a file");
    fs::remove_dir(&given).unwrap();
    fs::write(&given, "no archive").unwrap();
    refused(&setup, Check::Sums, "--no-checksum");
    refused(&setup, Check::Nothing, "nothing was unpacked");
    fs::write(&given, tar_gz(&[("../evil", b"evil")])).unwrap();
    refused(&setup, Check::Nothing, "outside the folder");
    fs::write(&given, &good).unwrap();
    assert!(matches!(place(&setup, Check::Sums), Ok(Outcome::Arrived(_))));
    assert!(matches!(place(&setup, Check::Sums), Ok(Outcome::Present(_))));
    assert!(given.exists());

    // Packed anew without gzip, as people do.
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&good[..]), &mut plain).unwrap();
    fs::write(&given, plain).unwrap();
    setup.download.into = "fetched/again".into();
    assert!(matches!(place(&setup, Check::Nothing), Ok(Outcome::Arrived(_))));
    assert_eq!(setup.left(), ["again", "set"]);
}

#[test]
fn the_download_that_a_file_is_goes_by_sum_then_by_name() {
    let setup = Setup::new(["http://127.0.0.1:1/a/one.tar.gz?dl=1"]);
    let two = Download {
        urls: Vec::new(),
        into: "fetched/two.mat".into(),
        sha256: sha256(b"two"),
        ..setup.download.clone()
    };
    let both = [setup.download.clone(), two.clone()];
    let which = |name: &str, content: &str| {
        let path = setup.root.path().join(name);
        fs::write(&path, content).unwrap();
        fetch::which(&both, &path)
            .unwrap()
            .map(|download| download.into.clone())
    };
    assert_eq!(which("anything", "two"), Some(two.into.clone()));
    assert_eq!(which("two.mat", "changed"), Some(two.into));
    assert_eq!(which("one.tar.gz", "x"), Some(setup.download.into.clone()));
    assert_eq!(which("other", "x"), None);
    assert!(fetch::check_apart(&both).is_ok());
    let twice = [setup.download.clone(), setup.download.clone()];
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
    let mut setup = Setup::new([server.url("file.bin")]);
    fs::write(setup.root.path().join("fetched"), "in the way").unwrap();
    let error = setup.fails("cannot create");
    assert!(error.contains("fetched"), "{error}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = setup.root.path().join("locked");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
        setup.download.into = "locked/file.bin".into();
        // Permissions do not bind root.
        if fs::write(folder.join("probe"), "").is_err() {
            setup.fails("may you write there?");
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
    let mut setup = Setup::new([server.url("file.bin")]);
    setup.options.stall = Duration::from_secs(5);
    let (download, root, options) = (
        setup.download.clone(),
        setup.root.path().to_owned(),
        setup.options.clone(),
    );
    std::thread::scope(|scope| {
        let first = scope.spawn(|| setup.fetch().map(drop));
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let second = fetch::fetch(&download, &root, &options, &mut |_| {});
        assert!(matches!(second, Err(FetchError::Busy(_))), "{second:?}");
        first.join().unwrap().unwrap();
    });
    assert_eq!(server.requests().len(), 1);
    assert_eq!(setup.left(), ["file.bin"]);
    assert!(matches!(setup.fetch(), Ok(Outcome::Present(_))));
}
