//! [`Proxy`]: the proxy for each host, from arguments or from the environment.

use std::ffi::OsString;
use std::fmt;
use std::net::Ipv6Addr;

use convex_mgmt_proto::is_loopback;
use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use thiserror::Error;

/// Maximum length of a SOCKS 5 user name and of a password, in bytes. Source: RFC 1929.
const SOCKS_LOGIN_LIMIT: usize = 255;

/// The variables with the proxy for `https` endpoints, by precedence.
const FOR_HTTPS: &[&str] = &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The variables with the proxy for `http` endpoints, by precedence.
const FOR_HTTP: &[&str] = &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// The variables for `http` endpoints in a CGI program. There `HTTP_PROXY` is the header `Proxy` of the remote client.
const FOR_HTTP_IN_CGI: &[&str] = &["ALL_PROXY", "all_proxy"];
/// The variables with the hosts that need no proxy, by precedence.
const EXCEPT: &[&str] = &["NO_PROXY", "no_proxy"];
/// A variable of every CGI program. Source: RFC 3875, section 4.1.12.
const CGI: &str = "REQUEST_METHOD";

/// The proxy for a client's connections, and the hosts that need no proxy.
///
/// | URL | protocol | sent to the proxy in clear text |
/// | --- | --- | --- |
/// | `http://`, or without a scheme | HTTP `CONNECT` | the host name, and the user name and password of the proxy's URL |
/// | `https://` (needs a TLS feature) | HTTP `CONNECT` over TLS | the proxy's name |
/// | `socks5://`, `socks5h://` | SOCKS 5; the proxy looks up the host for both | as for `http://` |
///
/// The rest is a tunnel. TLS to an `https` endpoint runs inside it, so the proxy never sees the endpoint's credential. The tunnel
/// to an `http` endpoint is not encrypted, so the proxy can read the credential. Only
/// [`Endpoint::new_insecure`](convex_mgmt_proto::Endpoint::new_insecure) and
/// [`Endpoint::insecure_with_path_prefix`](convex_mgmt_proto::Endpoint::insecure_with_path_prefix) create such endpoints.
///
/// The client connects to this machine (`localhost`, names below it, loopback addresses) without the proxy.
///
/// `Debug` hides the proxy, because its URL may contain a password.
pub struct Proxy {
    matcher: Matcher,
    /// `true` if the connection to any of the proxies uses TLS.
    encrypted: bool,
}

impl Proxy {
    /// Creates a proxy for all hosts, with a URL such as `http://user:password@proxy.example:3128`. User name and password are
    /// percent-encoded. The default port is the scheme's: 80, 443, or 1080 for SOCKS.
    ///
    /// `except` lists the hosts that need no proxy, in the syntax of the variable `NO_PROXY`: names, addresses and networks,
    /// separated by commas or white space. A name includes its subdomains. `*` alone matches all hosts; there are no other
    /// wildcards.
    ///
    /// # Errors
    /// A [`ProxyError`] if the URL is not the URL of a supported proxy.
    pub fn new(url: &str, except: &str) -> Result<Self, ProxyError> {
        let server = Server::parse(url)?;
        Ok(Self::of(Some(server.clone()), Some(server), except))
    }

    /// Creates the proxies of the process's environment. This is the only function that reads the environment, and it does so
    /// when it is called.
    ///
    /// | endpoint | the first of these variables that is set |
    /// | --- | --- |
    /// | `https` | `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY`, `all_proxy` |
    /// | `http` | `HTTP_PROXY`, `http_proxy`, `ALL_PROXY`, `all_proxy` |
    ///
    /// If none is set, connections are direct. `NO_PROXY`, or `no_proxy` if that is not set, lists the exceptions, as for
    /// [`Proxy::new`]; with `*` the other variables are ignored. A variable that is empty or blank counts as not set. If
    /// `REQUEST_METHOD` is set, the process is a CGI program: `HTTP_PROXY` and `http_proxy` are ignored then, because a remote
    /// client can set them.
    ///
    /// # Errors
    /// A [`ProxyVariableError`] with the first variable that would be used and is not the URL of a supported proxy. It never
    /// contains the value.
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

    /// Returns `true` if any connection to a proxy needs TLS.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Returns the proxy for a target, or `None` for a direct connection.
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

/// A valid URL of a proxy.
#[derive(Clone)]
struct Server {
    url: String,
    encrypted: bool,
}

impl Server {
    /// Checks a URL more strictly than the matcher. The matcher treats an unreadable URL as "no proxy", and it reads the host
    /// in `http://user:12/34@proxy` as `user`.
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

/// Returns `true` if a host is a name or an address. Any other text could send the password to another host.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.strip_suffix('.').unwrap_or(host).split('.').all(is_label)
}

/// Returns `true` if a percent-encoded text is UTF-8. The matcher would replace other bytes.
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

/// A URL that is not the URL of a supported proxy. It never contains the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not a URL, or a URL with more than scheme, user name, password, host and port.
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

/// An environment variable that is not the URL of a supported proxy. It never contains the value.
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
