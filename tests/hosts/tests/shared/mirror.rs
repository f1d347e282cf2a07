//! A server on this machine in place of the public one: it has the tiny checkpoint as one of the known models.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dedit_host_tests::test_folder::TestFolder;

/// A model of which the table knows neither size nor checksum.
pub(crate) const NAME: &str = "dreamshaper8-inpainting";
/// Its place in the list of models, from 0.
pub(crate) const PLACE: usize = 6;
/// Its file.
pub(crate) const FILE: &str = "DreamShaper_8_INPAINTING.inpainting.safetensors";

/// The path and the first byte of each request.
type Asked = Arc<Mutex<Vec<(String, Option<usize>)>>>;

/// The server. It gives half of its first answer, and then keeps the client waiting.
pub(crate) struct Mirror {
    address: String,
    asked: Asked,
    content: Arc<Vec<u8>>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/parity")
}

impl Mirror {
    /// Starts it, and lets the programs of a test folder fetch from it.
    pub(crate) fn start(test_folder: &mut TestFolder) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let content = Arc::new(fs::read(data().join("single-file-sd/checkpoint.safetensors")).unwrap());
        let asked = Asked::default();
        let (noted, given) = (asked.clone(), content.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, given) = (noted.clone(), given.clone());
                thread::spawn(move || answer(stream, &given, &noted));
            }
        });
        test_folder.set("HF_ENDPOINT", &address);
        test_folder.set("NO_PROXY", "127.0.0.1");
        // Of unusual sizes: its configurations have to lie beside it.
        copy(&data().join("tiny-sd"), &test_folder.data().join("models").join(NAME));
        Self { address, asked, content }
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<(String, Option<usize>)> {
        self.asked.lock().unwrap().clone()
    }

    /// Checks that the file was fetched, in two parts, and is whole.
    pub(crate) fn check_fetched(&self, test_folder: &TestFolder) {
        let half = self.content.len() / 2;
        let path = format!("/Lykon/DreamShaper/resolve/main/{FILE}");
        assert_eq!(self.asked(), [(path.clone(), None), (path, Some(half))], "{}", self.address);
        assert!(fs::read(test_folder.data().join("models").join(NAME).join(FILE)).unwrap() == *self.content);
    }
}

/// Copies the configurations of a model, without weights.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_none_or(|extension| extension != "safetensors") {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn answer(mut stream: TcpStream, content: &[u8], noted: &Mutex<Vec<(String, Option<usize>)>>) {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        text.push(byte[0]);
    }
    let text = String::from_utf8(text).unwrap();
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let lower = text.to_lowercase();
    let from: Option<usize> = lower.lines().find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    let number = {
        let mut noted = noted.lock().unwrap();
        noted.push((path, from));
        noted.len()
    };
    let total = content.len();
    let range = from.map(|from| format!("Content-Range: bytes {from}-{}/{total}\r\n", total - 1)).unwrap_or_default();
    let (status, rest) = (if from.is_some() { 206 } else { 200 }, &content[from.unwrap_or(0)..]);
    let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nETag: \"a\"\r\n{range}Content-Length: {}\r\n\r\n", rest.len());
    let given = if number == 1 { rest.len() / 2 } else { rest.len() };
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..given]));
    if given < rest.len() {
        thread::sleep(Duration::from_secs(600));
    }
}
