//! [`Proxy`]: which proxy is used for which host, from arguments or from the environment.

use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;

use convex_mgmt_proto::is_loopback;
use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use thiserror::Error;

/// The longest user name and password of SOCKS 5, in bytes. Source: RFC 1929.
const SOCKS_LOGIN_LIMIT: usize = 255;

/// The variables with the proxy for `https` endpoints, by precedence.
const FOR_HTTPS: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variables with the proxy for `http` endpoints, by precedence.
const FOR_HTTP: &[&str] = &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The same in a CGI program, where `HTTP_PROXY` is the header `Proxy` of whoever sent the request.
const FOR_HTTP_IN_CGI: &[&str] = &["ALL_PROXY", "all_proxy"];
/// The variables with the hosts that are reached directly, by precedence.
const EXCEPT: &[&str] = &["NO_PROXY", "no_proxy"];
/// Set in every CGI program. Source: RFC 3875, section 4.1.12.
const CGI: &str = "REQUEST_METHOD";

/// The proxy for a client's connections, and which hosts are reached without it.
///
/// | URL | protocol | what crosses the network to the proxy in clear text |
/// | --- | --- | --- |
/// | `http://`, or without a scheme | HTTP `CONNECT` | the name of the host, and user name and password of the URL |
/// | `https://` (needs a TLS feature) | HTTP `CONNECT` over TLS | the name of the proxy |
/// | `socks5://`, `socks5h://` | SOCKS 5; the proxy looks the host up for both | as for `http://` |
///
/// Everything after that is a tunnel: TLS to an `https` endpoint runs inside it, so the proxy never sees a credential of the
/// endpoint. An `http` endpoint is tunnelled without encryption, so the proxy can read its credential. Such an endpoint only
/// exists where `Endpoint::new_insecure` was called.
///
/// This machine (`localhost`, names below it, loopback addresses) is never reached through a proxy.
///
/// `Debug` does not show the proxy: its URL may hold a password.
pub struct Proxy {
    matcher: Matcher,
    /// Whether any proxy is reached over TLS.
    encrypted: bool,
}

impl Proxy {
    /// A proxy at a URL such as `http://user:password@proxy.example:3128`, for all hosts. User name and password are
    /// percent-encoded. The default port is the scheme's: 80, 443, or 1080 for SOCKS.
    ///
    /// `except` lists the hosts that are reached directly, as the variable `NO_PROXY` does: names, which stand for their
    /// subdomains too, addresses and networks, separated by commas or blanks. `*` alone stands for all hosts; there are no other
    /// wildcards.
    ///
    /// # Errors
    /// A [`ProxyError`] if the URL is not that of a proxy that is supported.
    pub fn new(url: &str, except: &str) -> Result<Self, ProxyError> {
        let server = Server::parse(url)?;
        Ok(Self::of(Some(server.clone()), Some(server), except))
    }

    /// The proxies that the process's environment names. Reads the environment now, and only here.
    ///
    /// | endpoint | the first of these variables that is set |
    /// | --- | --- |
    /// | `https` | `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY`, `all_proxy` |
    /// | `http` | `HTTP_PROXY`, `http_proxy`, `ALL_PROXY`, `all_proxy` |
    ///
    /// If none is set, connections are direct. `NO_PROXY`, or else `no_proxy`, holds the exceptions, as for [`Proxy::new`];
    /// with `*` the others are not looked at. A variable that is empty or blank counts as not set. If `REQUEST_METHOD` is set,
    /// the process is a CGI program: `HTTP_PROXY` and `http_proxy` are ignored then, because a remote client can set them.
    ///
    /// # Errors
    /// A [`ProxyVariableError`] that names the first variable whose value would be used and is not the URL of a proxy that is
    /// supported. It never holds the value.
    pub fn from_env() -> Result<Self, ProxyVariableError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(value: impl Fn(&str) -> Option<OsString>) -> Result<Self, ProxyVariableError> {
        let first = |names: &[&'static str]| {
            for &variable in names {
                let text = value(variable).map(OsString::into_string).transpose();
                let text = text.map_err(|_| ProxyVariableError { variable, reason: ProxyError::Malformed })?;
                if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                    return Ok(Some((variable, text)));
                }
            }
            Ok(None)
        };
        let server = |names| {
            let Some((variable, url)) = first(names)? else { return Ok(None) };
            Server::parse(&url).map(Some).map_err(|reason| ProxyVariableError { variable, reason })
        };
        let except = first(EXCEPT)?.map(|(_, except)| except).unwrap_or_default();
        if excepts_all(&except) {
            return Ok(Self::of(None, None, &except));
        }
        let for_http = if value(CGI).is_some() { FOR_HTTP_IN_CGI } else { FOR_HTTP };
        Ok(Self::of(server(FOR_HTTPS)?, server(for_http)?, &except))
    }

    fn of(for_https: Option<Server>, for_http: Option<Server>, except: &str) -> Self {
        // The matcher applies `*` to names and not to addresses.
        let (for_https, for_http) = if excepts_all(except) { (None, None) } else { (for_https, for_http) };
        let encrypted = [&for_https, &for_http].into_iter().flatten().any(|server| server.encrypted);
        let url = |server: Option<Server>| server.map(|server| server.url).unwrap_or_default();
        let matcher = Matcher::builder().https(url(for_https)).http(url(for_http));
        let except = entries(except).collect::<Vec<_>>().join(",");
        Self { matcher: matcher.no(except).build(), encrypted }
    }

    /// Whether any connection to a proxy needs TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The proxy for a target, or `None` if it is reached directly.
    pub(super) fn server_for(&self, target: &Uri) -> Option<Intercept> {
        if is_loopback(target.host()?) { None } else { self.matcher.intercept(target) }
    }
}

fn entries(except: &str) -> impl Iterator<Item = &str> {
    except.split(|char: char| char == ',' || char.is_whitespace()).filter(|entry| !entry.is_empty())
}

fn excepts_all(except: &str) -> bool {
    entries(except).any(|entry| entry == "*")
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}

/// A proxy's URL that was checked.
#[derive(Clone)]
struct Server {
    url: String,
    encrypted: bool,
}

impl Server {
    /// The matcher takes what it cannot read for "no proxy", and reads more than is meant: the host in
    /// `http://user:12/34@proxy` is `user`. So what it would get wrong is an error here.
    fn parse(url: &str) -> Result<Self, ProxyError> {
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
        let url = format!("{}://{rest}", scheme.to_ascii_lowercase());
        let uri: Uri = url.parse().map_err(|_| ProxyError::Malformed)?;
        let (encrypted, socks) = match uri.scheme_str() {
            Some("http") => (false, false),
            Some("https") if cfg!(feature = "tls") => (true, false),
            Some("https") => return Err(ProxyError::NoTls),
            Some("socks5" | "socks5h") => (false, true),
            _ => return Err(ProxyError::Scheme),
        };
        let authority = uri.authority().ok_or(ProxyError::Malformed)?;
        let (login, address) = authority.as_str().rsplit_once('@').unwrap_or(("", authority.as_str()));
        let port = address.strip_prefix(authority.host()).ok_or(ProxyError::Malformed)?;
        let port_is_fine = match port.strip_prefix(':') {
            Some(digits) => {
                digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port != 0)
            }
            None => port.is_empty(),
        };
        let ends_there = uri.path_and_query().is_none_or(|path| path.as_str() == "/") && !url.contains('#');
        let login_is_fine = !login.contains('@') && is_text(login);
        if !is_host(authority.host()) || !login_is_fine || !port_is_fine || !ends_there {
            return Err(ProxyError::Malformed);
        }
        let intercept = Matcher::builder().all(url.as_str()).build().intercept(&Uri::from_static("https://a.example"));
        let intercept = intercept.ok_or(ProxyError::Malformed)?;
        let login_is_long = |(user, password): (&str, &str)| user.len().max(password.len()) > SOCKS_LOGIN_LIMIT;
        if socks && intercept.raw_auth().is_some_and(login_is_long) {
            return Err(ProxyError::LongLogin);
        }
        Ok(Self { url, encrypted })
    }
}

/// Whether a host is a name or an address. Another text would be looked up, or sent with the password to some other host.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// Whether a percent-encoded text is UTF-8. The matcher would replace what is not.
fn is_text(encoded: &str) -> bool {
    let mut pieces = encoded.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let byte = piece.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        bytes.extend(byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()));
        bytes.extend_from_slice(piece.get(2..).unwrap_or_default().as_bytes());
    }
    String::from_utf8(bytes).is_ok()
}

/// A URL that is not that of a supported proxy. Never holds the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not a URL, or one with more than scheme, user name, password, host and port.
    #[error("the proxy's URL is malformed: only a scheme, user name, password, host and port are allowed")]
    Malformed,
    /// A scheme that is not supported.
    #[error("the proxy's URL must begin with `http://`, `https://`, `socks5://` or `socks5h://`")]
    Scheme,
    /// An `https://` proxy, but TLS is not built in.
    #[error("the proxy's URL needs TLS: enable the feature `tls-ring` or `tls-aws-lc`")]
    NoTls,
    /// A user name or password of more than 255 bytes for a SOCKS proxy.
    #[error("the user name or password in the proxy's URL is too long for SOCKS 5: at most 255 bytes each")]
    LongLogin,
}

/// An environment variable that does not hold the URL of a supported proxy. Never holds the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the environment variable `{variable}` cannot be used: {reason}")]
#[non_exhaustive]
pub struct ProxyVariableError {
    /// The variable's name.
    pub variable: &'static str,
    /// The rule that its value breaks.
    pub reason: ProxyError,
}

#[cfg(test)]
mod tests;
