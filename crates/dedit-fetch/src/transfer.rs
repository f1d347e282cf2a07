//! One request, in a thread of its own: the caller can stop at any time, while the thread waits for the network.

use std::io::Read as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use dedit_error::{Error, Result};
use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, header};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use crate::answer::Head;
use crate::{Settings, Source};

/// Bytes that are handed over at once.
const CHUNK: usize = 1 << 18;
/// How long the caller waits for the network between two looks at whether to stop.
const SHORT: Duration = Duration::from_millis(100);

/// What comes.
pub(crate) enum Arrival {
    Head(Head),
    Bytes(Vec<u8>),
    End,
    Broken(ureq::Error),
}

/// A request under way.
pub(crate) struct Transfer(Receiver<Arrival>);

impl Transfer {
    /// Asks for a file, or for what follows `from` bytes of the version that `validator` names.
    pub(crate) fn begin(source: &Source, settings: &Settings, from: u64, validator: Option<String>) -> Result<Self> {
        let agent = agent(source, settings)?;
        let source = source.clone();
        // Few, so that a slow disk slows the network down.
        let (sender, receiver) = sync_channel(4);
        thread::spawn(move || {
            let _ = carry(&agent, &source, from, validator.as_deref(), &sender);
        });
        Ok(Self(receiver))
    }

    /// What comes next; `None` where `go_on` says stop.
    pub(crate) fn next(&self, go_on: &mut dyn FnMut() -> bool) -> Option<Arrival> {
        loop {
            match self.0.recv_timeout(SHORT) {
                Ok(arrival) => return Some(arrival),
                Err(RecvTimeoutError::Disconnected) => return Some(Arrival::End),
                Err(RecvTimeoutError::Timeout) if !go_on() => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn agent(source: &Source, settings: &Settings) -> Result<Agent> {
    let roots = settings.certificates.as_deref().map_or(Ok(RootCerts::WebPki), certificates)?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(source.url.starts_with("https://"))
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .timeout_connect(Some(settings.stall))
        .timeout_per_read(Some(settings.stall))
        .timeout_per_write(Some(settings.stall))
        .user_agent(concat!("dedit/", env!("CARGO_PKG_VERSION")))
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build();
    Ok(config.new_agent())
}

fn certificates(file: &Path) -> Result<RootCerts> {
    let unusable = |why: String| Error::usage(format!("the certificates that SSL_CERT_FILE names cannot be used ({why})")).at(file);
    let text = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let items = parse_pem(&text).filter_map(|item| if let Ok(PemItem::Certificate(certificate)) = item { Some(certificate) } else { None });
    let certificates: Vec<Certificate<'static>> = items.collect();
    if certificates.is_empty() {
        return Err(unusable("there is none in it".to_owned()));
    }
    Ok(RootCerts::from(certificates))
}

/// Hands over what comes; an error where nobody takes it any more.
fn carry(
    agent: &Agent,
    source: &Source,
    from: u64,
    validator: Option<&str>,
    to: &SyncSender<Arrival>,
) -> std::result::Result<(), std::sync::mpsc::SendError<Arrival>> {
    let mut request = agent.get(&source.url).header(header::ACCEPT_ENCODING, "identity");
    if from > 0 {
        request = request.header(header::RANGE, format!("bytes={from}-"));
        if let Some(validator) = validator {
            request = request.header(header::IF_RANGE, validator);
        }
    }
    if let Some(token) = &source.token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = match request.call() {
        Ok(response) => response,
        Err(error) => return to.send(Arrival::Broken(error)),
    };
    let (head, body) = response.into_parts();
    to.send(Arrival::Head(read_head(head.status.as_u16(), &head.headers)))?;
    read_body(body, to)
}

fn read_head(status: u16, headers: &HeaderMap) -> Head {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // A weak tag says that the content means the same, not that the bytes are the same.
    let tag = text(header::ETAG).filter(|tag| !tag.starts_with("W/"));
    Head {
        status,
        length: text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        range: text(header::CONTENT_RANGE),
        kind: text(header::CONTENT_TYPE),
        validator: tag.or_else(|| text(header::LAST_MODIFIED)),
    }
}

fn read_body(body: Body, to: &SyncSender<Arrival>) -> std::result::Result<(), std::sync::mpsc::SendError<Arrival>> {
    let mut reader = body.into_reader();
    loop {
        let mut bytes = vec![0; CHUNK];
        match reader.read(&mut bytes) {
            Ok(0) => return to.send(Arrival::End),
            Ok(read) => {
                bytes.truncate(read);
                to.send(Arrival::Bytes(bytes))?;
            }
            Err(error) => return to.send(Arrival::Broken(ureq::Error::from(error))),
        }
    }
}
