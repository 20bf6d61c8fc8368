//! Opens a tunnel through a SOCKS 5 proxy. Source: RFC 1928, and RFC 1929 for user name and password.
//!
//! hyper-util has such a handshake, but its errors are opaque. A rejected password must not be sent again, while a host that the
//! proxy cannot reach may be tried again.

use std::net::IpAddr;

use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::BoxError;

use crate::error::ProxyRefusal;

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Opens a tunnel to `host` through the proxy at the other end of `stream`. An IPv6 address has brackets.
pub(super) async fn tunnel<S>(stream: S, host: &str, port: u16, login: Option<(&str, &str)>) -> Result<S, BoxError>
where
    S: Read + Write + Unpin,
{
    let mut stream = TokioIo::new(stream);
    // The proxy chooses among the methods.
    stream.write_all(if login.is_some() { &[VERSION, 2, NO_LOGIN, LOGIN] } else { &[VERSION, 1, NO_LOGIN] }).await?;
    match (read(&mut stream).await?, login) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, LOGIN], Some((user, password))) => {
            let mut message = vec![LOGIN_VERSION];
            push(&mut message, user)?;
            push(&mut message, password)?;
            stream.write_all(&message).await?;
            let [_, status] = read(&mut stream).await?;
            if status != 0 {
                return Err(ProxyRefusal::Credentials.into());
            }
        }
        ([VERSION, NO_METHOD], _) => return Err(ProxyRefusal::Credentials.into()),
        _ => return Err(ProxyRefusal::Protocol.into()),
    }
    let mut request = vec![VERSION, CONNECT, 0];
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            request.push(NAME);
            push(&mut request, host)?;
        }
    }
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await?;
    let [version, reply, _, kind] = read(&mut stream).await?;
    if version != VERSION {
        return Err(ProxyRefusal::Protocol.into());
    }
    if reply != 0 {
        return Err(ProxyRefusal::Reply(reply).into());
    }
    // The address and port that the proxy connects from, which are not needed.
    let address = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => stream.read_u8().await?.into(),
        _ => return Err(ProxyRefusal::Protocol.into()),
    };
    stream.read_exact(&mut vec![0; address + 2]).await?;
    Ok(stream.into_inner())
}

async fn read<const N: usize, S: Read + Unpin>(stream: &mut TokioIo<S>) -> Result<[u8; N], BoxError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Appends a text with its length before it.
fn push(message: &mut Vec<u8>, text: &str) -> Result<(), BoxError> {
    message.push(u8::try_from(text.len()).map_err(|_| "a name is too long for SOCKS 5")?);
    message.extend_from_slice(text.as_bytes());
    Ok(())
}
