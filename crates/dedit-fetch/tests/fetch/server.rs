//! A server that answers as a test says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The first byte that is asked for, where a range is.
    pub(crate) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    has_length: bool,
    /// Bytes of the body after which the connection ends.
    cut: Option<usize>,
    /// Whether it stays open then, and silent.
    stall: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: body.to_vec(), has_length: true, cut: None, stall: false }
    }

    pub(crate) fn file(bytes: &[u8]) -> Self {
        Self::new(200, bytes).with("ETag", "\"one\"")
    }

    pub(crate) fn partial(bytes: &[u8], first: usize, last: usize, total: usize) -> Self {
        Self::new(206, &bytes[first..=last]).with("Content-Range", &format!("bytes {first}-{last}/{total}"))
    }

    /// What a good server answers.
    pub(crate) fn range_of(bytes: &[u8], request: &Request) -> Self {
        request.from().map_or_else(|| Self::file(bytes), |from| Self::partial(bytes, from, bytes.len() - 1, bytes.len()))
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without_length(self) -> Self {
        Self { has_length: false, ..self }
    }

    pub(crate) fn cut(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    pub(crate) fn stall(self) -> Self {
        Self { stall: true, ..self }
    }

    fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        write!(to, "HTTP/1.1 {} X\r\nConnection: close\r\n", self.status)?;
        if self.has_length {
            write!(to, "Content-Length: {}\r\n", self.body.len())?;
        }
        for (name, value) in &self.headers {
            write!(to, "{name}: {value}\r\n")?;
        }
        to.write_all(b"\r\n")?;
        to.write_all(&self.body[..self.cut.unwrap_or(self.body.len()).min(self.body.len())])?;
        to.flush()?;
        if self.stall {
            thread::sleep(Duration::from_secs(3));
        }
        Ok(())
    }
}

/// The server; its threads end with the process.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen("http", reply, |stream| Box::new(stream))
    }

    /// With a certificate of its own, which is given as PEM.
    pub(crate) fn start_tls(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Self, String) {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = Arc::new(builder.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key).unwrap());
        let wrap = move |stream| -> Box<dyn Both> { Box::new(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)) };
        (Self::listen("https", reply, wrap), own.cert.pem())
    }

    fn listen(
        scheme: &'static str,
        reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Box<dyn Both> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (heard, work) = (requests.clone(), Arc::new((reply, wrap)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (heard, work) = (heard.clone(), work.clone());
                thread::spawn(move || {
                    let mut stream = (work.1)(stream);
                    let Some(request) = read(&mut stream) else { return };
                    heard.lock().unwrap().push(request.clone());
                    let _ = (work.0)(&request).write(&mut stream);
                });
            }
        });
        Self { address, scheme, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        let host = if self.scheme == "https" { "localhost".to_owned() } else { "127.0.0.1".to_owned() };
        format!("{}://{host}:{}{path}", self.scheme, self.address.port())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

/// The head of a request, up to the empty line.
fn read(stream: &mut dyn Both) -> Option<Request> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        text.push(byte[0]);
    }
    let text = String::from_utf8(text).ok()?;
    let mut lines = text.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Some(Request { path, headers: headers.collect() })
}
