//! The Script-Fu server of a GIMP that runs: the witness of what happens in its window.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

/// A free port. The server of a GIMP that was killed may hold the last one.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port")?;
    Ok(listener.local_addr()?.port())
}

/// Has an expression computed.
pub(super) fn ask(port: u16, expression: &str, limit: Duration) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit).context("the Script-Fu server is not there")?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let length = u16::try_from(expression.len()).context("the expression is too long")?;
    stream.write_all(&[b"G".as_slice(), &length.to_be_bytes(), expression.as_bytes()].concat())?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).with_context(|| format!("the Script-Fu server does not answer to {expression}"))?;
    let [magic, failed, high, low] = head;
    ensure!(magic == b'G', "what answers is no Script-Fu server");
    let mut text = vec![0; usize::from(u16::from_be_bytes([high, low]))];
    stream.read_exact(&mut text)?;
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    if failed != 0 {
        bail!("{text}");
    }
    Ok(text)
}
