//! Fetches from a server that misbehaves in every way that is known of servers; each has a sentence of its own, and nothing half is ever at the target.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in the functions it calls too")]

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dedit_error::ErrorKind;
use dedit_fetch::{Fetched, Progress, Settings, Source, fetch};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use server::{Reply, Server};

/// The file that is fetched: 300,000 bytes, none like its neighbour.
fn content() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn settings() -> Settings {
    Settings { stall: Duration::from_millis(700), pauses: vec![Duration::from_millis(10); 2], certificates: None }
}

/// A folder to fetch into.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn target(&self) -> PathBuf {
        self.folder.path().join("models/a.safetensors")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("models/a.safetensors.part")
    }

    /// Lays a part there, of the version with the tag `"one"`.
    fn lay_part(&self, url: &str, bytes: &[u8]) {
        fs::create_dir_all(self.part().parent().unwrap()).unwrap();
        fs::write(self.part(), bytes).unwrap();
        let version = format!(r#"{{"url":"{url}","validator":"\"one\""}}"#);
        fs::write(self.folder.path().join("models/a.safetensors.part.json"), version).unwrap();
    }

    fn fetch(&self, source: &Source) -> dedit_error::Result<Fetched> {
        fetch(source, &self.target(), &settings(), &mut |_| true)
    }

    fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("models")) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn source(server: &Server) -> Source {
    Source {
        url: server.url("/a.safetensors"),
        bytes: Some(300_000),
        sha256: Some(sum(&content())),
        page: Some("https://hub.example/model".to_owned()),
        token: None,
    }
}

#[test]
fn a_file_comes_whole_and_nothing_else_is_left() {
    let server = Server::start(|_| Reply::file(&content()));
    let place = Place::new();
    let mut told = Vec::new();
    let fetched = fetch(&source(&server), &place.target(), &settings(), &mut |progress: Progress| {
        told.push(progress);
        true
    });
    assert_eq!(fetched, Ok(Fetched { sha256: Some(sum(&content())), received: 300_000 }));
    assert_eq!(fs::read(place.target()).unwrap(), content());
    assert_eq!(place.files(), ["a.safetensors"]);
    assert!(told.iter().all(|progress| progress.of == Some(300_000) && progress.done <= 300_000) && !told.is_empty(), "{told:?}");
    assert_eq!(place.fetch(&source(&server)), Ok(Fetched { sha256: None, received: 0 }));
    assert_eq!(server.requests().len(), 1, "what is there is not asked for");
}

#[test]
fn each_kind_of_misbehaviour_has_its_sentence() {
    struct Case {
        about: &'static str,
        reply: fn(&server::Request) -> Reply,
        /// What is there before.
        part: usize,
        kind: ErrorKind,
        sentence: &'static str,
        /// Bytes of the part afterwards.
        kept: usize,
        requests: usize,
    }
    use ErrorKind::{Connection, Model};
    fn damaged() -> Vec<u8> {
        let mut bytes = content();
        bytes[250_000] ^= 1;
        bytes
    }
    #[rustfmt::skip]
    let cases = [
        Case { about: "another content", reply: |_| Reply::file(&damaged()), part: 0, kind: Connection, sentence: "the file that came is not the one expected: its SHA-256 is", kept: 0, requests: 1 },
        Case { about: "cut off before anything", reply: |request| Reply::range_of(&content(), request).cut(0), part: 100_000, kind: Connection, sentence: "the connection", kept: 100_000, requests: 3 },
        Case { about: "a larger file", reply: |_| Reply::file(&[content(), vec![0; 5]].concat()), part: 0, kind: Connection, sentence: "larger than it should be: 300005 bytes in place of 300000", kept: 0, requests: 1 },
        Case { about: "a smaller file", reply: |_| Reply::file(&content()[..299_000]), part: 0, kind: Connection, sentence: "smaller than it should be: 299000 bytes in place of 300000", kept: 0, requests: 1 },
        Case { about: "one that grows without end", reply: |_| Reply::file(&[content(), content()].concat()).without_length(), part: 0, kind: Connection, sentence: "more than the 300000 bytes", kept: 0, requests: 1 },
        Case { about: "a web page", reply: |_| Reply::file(b"<html>please log in</html>").with("Content-Type", "text/html; charset=utf-8"), part: 0, kind: Connection, sentence: "a web page came in place of the file", kept: 0, requests: 1 },
        Case { about: "a web page that says it is none", reply: |_| Reply::file(&[b" <!DOCTYPE HTML>".to_vec(), vec![b' '; 299_984]].concat()), part: 0, kind: Connection, sentence: "a web page came in place of the file", kept: 0, requests: 1 },
        Case { about: "another part", reply: |_| Reply::partial(&content(), 50, 299_999, 300_000), part: 100_000, kind: Connection, sentence: "another part of the file (bytes 50-299999/300000) than was asked for, which begins at byte 100000", kept: 100_000, requests: 1 },
        Case { about: "a part without a range", reply: |_| Reply::new(206, &content()[100_000..]), part: 100_000, kind: Connection, sentence: "another part of the file (no range)", kept: 100_000, requests: 1 },
        Case { about: "a part of another file", reply: |_| Reply::partial(&content(), 100_000, 200_000, 200_001), part: 100_000, kind: Connection, sentence: "smaller than it should be: 200001", kept: 100_000, requests: 1 },
        Case { about: "a circle of redirects", reply: |_| Reply::new(302, b"").with("Location", "/a.safetensors"), part: 0, kind: Connection, sentence: "redirects without end", kept: 0, requests: 11 },
        Case { about: "a licence that was not accepted", reply: |_| Reply::new(403, b"gated"), part: 0, kind: Model, sentence: "the licence of this model may have to be accepted first: https://hub.example/model; accept it on this page", kept: 0, requests: 1 },
        Case { about: "no access", reply: |_| Reply::new(401, b""), part: 100_000, kind: Model, sentence: "HF_TOKEN", kept: 100_000, requests: 1 },
        Case { about: "a file that is gone", reply: |_| Reply::new(404, b""), part: 0, kind: Connection, sentence: "the file is not there any more", kept: 0, requests: 1 },
        Case { about: "a server out of order", reply: |_| Reply::new(503, b""), part: 0, kind: Connection, sentence: "overloaded or out of order (it answers 503)", kept: 0, requests: 3 },
        Case { about: "416 for good", reply: |_| Reply::new(416, b""), part: 100_000, kind: Connection, sentence: "416", kept: 0, requests: 2 },
    ];
    for Case { about, reply, part, kind, sentence, kept, requests } in cases {
        let server = Server::start(reply);
        let (place, source) = (Place::new(), source(&server));
        if part > 0 {
            place.lay_part(&source.url, &content()[..part]);
        }
        let error = place.fetch(&source).unwrap_err();
        assert_eq!(error.kind(), kind, "{about}: {error}");
        assert!(error.to_string().contains(sentence), "{about}: {error}");
        assert!(error.hint_text().is_some(), "{about}: {error}");
        assert!(!place.target().exists(), "{about}");
        assert_eq!(fs::metadata(place.part()).map_or(0, |found| found.len()), kept as u64, "{about}");
        assert_eq!(server.requests().len(), requests, "{about}");
    }
}

#[test]
fn a_server_that_falls_silent_is_given_up_and_says_so() {
    let server = Server::start(|request| match request.from() {
        None => Reply::file(&content()).cut(50_000).stall(),
        Some(_) => Reply::range_of(&content(), request).cut(0).stall(),
    });
    let place = Place::new();
    let error = place.fetch(&source(&server)).unwrap_err();
    assert!(error.to_string().contains("is silent: nothing came any more"), "{error}");
    assert_eq!((server.requests().len(), fs::metadata(place.part()).unwrap().len()), (3, 50_000));
}

#[test]
fn a_server_that_is_cut_off_each_time_gives_all_in_the_end() {
    let server = Server::start(|request| Reply::range_of(&content(), request).cut(60_000));
    let place = Place::new();
    assert_eq!(place.fetch(&source(&server)).unwrap().received, 300_000);
    assert_eq!((fs::read(place.target()).unwrap(), server.requests().len()), (content(), 5));
}

#[test]
fn the_rest_alone_is_asked_for_where_a_part_is_there() {
    struct Case {
        about: &'static str,
        reply: fn(&server::Request) -> Reply,
        /// The part is of another file.
        wrong_part: bool,
        received: u64,
        requests: usize,
    }
    let cases = [
        Case {
            about: "the rest",
            reply: |request| Reply::range_of(&content(), request),
            wrong_part: false,
            received: 200_000,
            requests: 1,
        },
        Case { about: "200 to a range", reply: |_| Reply::file(&content()), wrong_part: false, received: 300_000, requests: 1 },
        Case {
            about: "416, then the file",
            reply: |request| {
                if request.from().is_some() { Reply::new(416, b"").with("Content-Range", "bytes */7") } else { Reply::file(&content()) }
            },
            wrong_part: false,
            received: 300_000,
            requests: 2,
        },
        Case {
            about: "a part that is damaged",
            reply: |request| Reply::range_of(&content(), request),
            wrong_part: true,
            received: 500_000,
            requests: 2,
        },
    ];
    for Case { about, reply, wrong_part, received, requests } in cases {
        let server = Server::start(reply);
        let (place, source) = (Place::new(), source(&server));
        let mut part = content()[..100_000].to_vec();
        part[7] ^= u8::from(wrong_part);
        place.lay_part(&source.url, &part);
        assert_eq!(place.fetch(&source).unwrap().received, received, "{about}");
        assert_eq!((fs::read(place.target()).unwrap(), place.files()), (content(), vec!["a.safetensors".to_owned()]), "{about}");
        let asked = server.requests();
        assert_eq!(
            (asked.len(), asked[0].header("range"), asked[0].header("if-range")),
            (requests, Some("bytes=100000-"), Some("\"one\"")),
            "{about}"
        );
    }
}

#[test]
fn a_part_without_version_and_checksum_is_not_trusted() {
    let server = Server::start(|request| Reply::range_of(&content(), request));
    let place = Place::new();
    place.lay_part("http://elsewhere/", &content()[..100_000]);
    let unknown = Source { bytes: None, sha256: None, ..source(&server) };
    assert_eq!(place.fetch(&unknown).unwrap(), Fetched { sha256: Some(sum(&content())), received: 300_000 });
    assert_eq!(server.requests()[0].header("range"), None);
}

#[test]
fn after_a_cut_only_the_rest_is_fetched_and_a_new_version_begins_anew() {
    let server = Server::start(|request| match request.from() {
        None => Reply::file(&content()).with("ETag", "\"two\"").cut(120_000),
        Some(_) => Reply::range_of(&content(), request),
    });
    let place = Place::new();
    assert_eq!(place.fetch(&source(&server)).unwrap().received, 300_000);
    let asked = server.requests();
    assert_eq!((asked.len(), asked[1].header("range"), asked[1].header("if-range")), (2, Some("bytes=120000-"), Some("\"two\"")));
}

#[test]
fn where_it_is_told_to_stop_the_part_stays() {
    let server = Server::start(|request| Reply::range_of(&content(), request).cut(100_000).stall());
    let place = Place::new();
    let error = fetch(&source(&server), &place.target(), &settings(), &mut |progress| progress.done < 100_000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(fs::metadata(place.part()).unwrap().len(), 100_000);
}

#[test]
fn two_fetches_of_one_file_are_one() {
    let server = Server::start(|_| {
        std::thread::sleep(Duration::from_millis(300));
        Reply::file(&content())
    });
    let (place, source) = (Place::new(), source(&server));
    let fetched: Vec<_> = std::thread::scope(|scope| {
        let fetches: Vec<_> = (0..3).map(|_| scope.spawn(|| place.fetch(&source).unwrap().received)).collect();
        fetches.into_iter().map(|fetch| fetch.join().unwrap()).collect()
    });
    assert_eq!(fetched.iter().sum::<u64>(), 300_000);
    assert_eq!((server.requests().len(), place.files()), (1, vec!["a.safetensors".to_owned()]));
}

#[test]
fn a_token_goes_to_its_own_host_alone() {
    let other = Server::start(|_| Reply::file(&content()));
    let elsewhere = other.url("/blob").replace("127.0.0.1", "localhost");
    let server = Server::start(move |request| match request.path.as_str() {
        "/a.safetensors" => Reply::new(302, b"").with("Location", "/here"),
        _ => Reply::new(302, b"").with("Location", &elsewhere),
    });
    let place = Place::new();
    place.fetch(&Source { token: Some("secret".to_owned()), ..source(&server) }).unwrap();
    let tokens: Vec<_> = server.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert_eq!(tokens, [Some("Bearer secret".to_owned()), Some("Bearer secret".to_owned())]);
    assert_eq!(other.requests()[0].header("authorization"), None);
}

#[test]
fn where_there_is_no_network_it_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (url, sentence) in
        [(format!("http://{free}/a"), "cannot be reached"), ("http://no-such-host.invalid/a".to_owned(), "no-such-host.invalid")]
    {
        let place = Place::new();
        let error = place.fetch(&Source { url, ..Source::default() }).unwrap_err();
        assert!(error.kind() == ErrorKind::Connection && error.message().contains(sentence), "{error}");
        assert!(error.to_string().contains("is there a network?"), "{error}");
        assert!(place.files().is_empty(), "{:?}", place.files());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_read_only_folder_are_told() {
    let server = Server::start(|_| Reply::file(&content()));
    let place = Place::new();
    fs::create_dir_all(place.part().parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/dev/full", place.part()).unwrap();
    let full = place.fetch(&source(&server)).unwrap_err();
    assert!(full.kind() == ErrorKind::Resources && full.message().contains("there is no room to write"), "{full}");
    let read_only = fetch(&source(&server), Path::new("/proc/dedit/a"), &settings(), &mut |_| true).unwrap_err();
    assert!(read_only.kind() == ErrorKind::Usage && read_only.message().contains("cannot write here"), "{read_only}");
    assert!(read_only.place().is_some_and(|place| place.contains("/proc/dedit")), "{read_only}");
}

#[test]
fn certificates_are_checked() {
    let (server, certificate) = Server::start_tls(|_| Reply::file(&content()));
    let place = Place::new();
    let error = place.fetch(&source(&server)).unwrap_err();
    assert!(error.message().contains("the certificate of localhost"), "{error}");
    let file = place.folder.path().join("own.pem");
    fs::write(&file, certificate).unwrap();
    let trusting = |file: &Path| Settings { certificates: Some(file.to_path_buf()), ..settings() };
    assert_eq!(fetch(&source(&server), &place.target(), &trusting(&file), &mut |_| true).unwrap().received, 300_000);
    fs::write(&file, "nothing").unwrap();
    fs::remove_file(place.target()).unwrap();
    let error = fetch(&source(&server), &place.target(), &trusting(&file), &mut |_| true).unwrap_err();
    assert!(error.message().contains("there is none in it"), "{error}");
    // From an address with encryption to one without.
    let plain = Server::start(|_| Reply::file(&content()));
    let location = plain.url("/a");
    let (downgrading, certificate) = Server::start_tls(move |_| Reply::new(302, b"").with("Location", &location));
    fs::write(&file, certificate).unwrap();
    let error = fetch(&source(&downgrading), &place.target(), &trusting(&file), &mut |_| true).unwrap_err();
    assert!(error.message().contains("without encryption"), "{error}");
    assert!(plain.requests().is_empty());
}
