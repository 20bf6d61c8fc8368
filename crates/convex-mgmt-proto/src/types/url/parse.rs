//! A strict parser for `http` and `https` URLs, and [`EndpointError`] with a name for each rule.
//!
//! The rules are stricter than the URL standards. Where two parsers read one text differently, a credential could be sent to
//! a host that was not checked.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The maximum length of an endpoint's path prefix, in bytes.
pub(crate) const PREFIX_LIMIT: usize = 1024;

/// The rule that an endpoint's URL or credential breaks. It never contains the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// A quotation mark, straight or typographic.
    Quote,
    /// White space, before, after or within the URL.
    WhiteSpace,
    /// A character that is not printable ASCII, such as a zero-width character or a letter of an international name.
    Unprintable,
    /// A comma or a semicolon.
    Separator,
    /// No scheme, such as `happy-animal-123.convex.cloud`, or one without `//`.
    NoScheme,
    /// Text before the scheme, such as `URL=https://example.com`.
    TextBefore,
    /// A scheme that is neither `https` nor `http`.
    Scheme,
    /// A scheme before another one, such as `https://https://example.com`.
    TwoSchemes,
    /// `http` to a host that is not loopback.
    Plaintext,
    /// A user name or password.
    UserInfo,
    /// No host.
    NoHost,
    /// A `*` in the host.
    Wildcard,
    /// Any other character that is invalid in a host name.
    HostCharacter,
    /// Two dots in a row, or one at the beginning.
    EmptyLabel,
    /// A part between dots that is invalid in a name, for example because it is too long.
    HostLabel,
    /// A host that ends in a number, but is not four numbers from 0 to 255. Other programs read it as some address.
    Ipv4,
    /// An invalid IPv6 address, or one without brackets.
    Ipv6,
    /// A zone id in an IPv6 address.
    ZoneId,
    /// An invalid port.
    Port,
    /// A path, where only an origin is allowed.
    Path,
    /// A path with characters or segments that a prefix must not have, or one that is too long.
    PathPrefix,
    /// A path prefix that ends with [`Api::PREFIX`](crate::Api::PREFIX).
    ApiPath,
    /// A query or a fragment.
    Query,
    /// The credential cannot be sent in a header.
    UnsendableCredential,
    /// The product for the `User-Agent` is empty or not visible ASCII.
    UserAgent,
}

impl EndpointError {
    /// Returns the rule in one line.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Quote => "the URL contains a quotation mark: remove the quotes",
            Self::WhiteSpace => "the URL contains white space",
            Self::Unprintable => {
                "the URL contains a character that is not printable ASCII: write an international name as `xn--...`"
            }
            Self::Separator => "the URL contains a comma or semicolon: pass a single URL",
            Self::NoScheme => "the URL does not begin with `https://`",
            Self::TextBefore => "the URL has other text before its scheme: pass the URL alone",
            Self::Scheme => "the URL's scheme must be `https`",
            Self::TwoSchemes => "the URL has two schemes",
            Self::Plaintext => {
                "the URL must begin with `https://`; `Endpoint::new_insecure` is for networks where nobody can read the credential"
            }
            Self::UserInfo => "the URL contains a user name or password: pass the credential separately",
            Self::NoHost => "the URL has no host",
            Self::Wildcard => "the URL's host has a `*`: use the name of one host",
            Self::HostCharacter => "the URL's host has a character other than letters, digits and `-._`",
            Self::EmptyLabel => "the URL's host has an empty part: two dots in a row, or one at the beginning",
            Self::HostLabel => {
                "the URL's host has a part that ends with `-` or has more than 63 characters, or more than 253 in all"
            }
            Self::Ipv4 => "the URL's host looks like an IPv4 address, which must be four numbers from 0 to 255",
            Self::Ipv6 => "the URL's host is not an IPv6 address in brackets, such as `[::1]`",
            Self::ZoneId => "the URL's IPv6 address has a zone id (`%`), which cannot be sent",
            Self::Port => "the URL's port is not a number from 1 to 65535",
            Self::Path => {
                "the URL has a path: pass the origin only, or use `Endpoint::with_path_prefix` for a server below a path"
            }
            Self::PathPrefix => {
                "the URL's path may have letters, digits and `-._~` between single `/`, but no `.` or `..`"
            }
            Self::ApiPath => "the URL's path ends with the API's own path, which is added automatically: remove it",
            Self::Query => "the URL has a query or a fragment: remove it",
            Self::UnsendableCredential => "the credential cannot be sent in a header",
            Self::UserAgent => "the user agent's product must be visible ASCII, such as `my-tool/1.2`",
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for EndpointError {}

/// The warning about the URL of a deployment's HTTP actions in place of the API's URL.
pub(crate) const HTTP_ACTIONS: &str = "the URL is for HTTP actions: the API's ends with `.convex.cloud`";

/// The parts of an `http` or `https` URL. Host and port are valid; the other parts are split and not checked.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) encrypted: bool,
    pub(crate) user_info: bool,
    /// In lower case; an IPv6 address in brackets.
    pub(crate) host: String,
    /// If it is not the scheme's own.
    pub(crate) port: Option<u16>,
    /// Empty, or from the first `/` on.
    pub(crate) path: &'a str,
    /// `true` if there is a query or a fragment.
    pub(crate) query: bool,
}

impl<'a> Parts<'a> {
    pub(crate) fn read(url: &'a str) -> Result<Self, EndpointError> {
        check_characters(url)?;
        let (scheme, rest) =
            url.split_once("://").filter(|(scheme, _)| !scheme.is_empty()).ok_or(EndpointError::NoScheme)?;
        let encrypted = match scheme {
            https if https.eq_ignore_ascii_case("https") => true,
            http if http.eq_ignore_ascii_case("http") => false,
            other if other.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) => {
                return Err(EndpointError::Scheme);
            }
            _ => return Err(EndpointError::TextBefore),
        };
        let (authority, after) = split_at_any(rest, &['/', '?', '#']);
        if authority.ends_with(':') && after.starts_with("//") {
            return Err(EndpointError::TwoSchemes);
        }
        let (user_info, host_and_port) = match authority.rsplit_once('@') {
            Some((_, host_and_port)) => (true, host_and_port),
            None => (false, authority),
        };
        let (host, port) = split_port(host_and_port)?;
        check_host(host)?;
        let port = port.map(read_port).transpose()?.filter(|port| *port != if encrypted { 443 } else { 80 });
        let (path, query) = split_at_any(after, &['?', '#']);
        Ok(Self { encrypted, user_info, host: host.to_ascii_lowercase(), port, path, query: !query.is_empty() })
    }

    /// Returns the scheme and the [authority](Self::authority).
    pub(crate) fn origin(&self) -> String {
        format!("{}://{}", if self.encrypted { "https" } else { "http" }, self.authority())
    }

    /// Returns the host, and the port if it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        match self.port {
            None => self.host.clone(),
            Some(port) => format!("{}:{port}", self.host),
        }
    }

    /// Returns `true` if the host is below a domain.
    pub(crate) fn is_below(&self, domain: &str) -> bool {
        let host = self.host.strip_suffix('.').unwrap_or(&self.host);
        host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Returns `true` if the host is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Returns the path as a prefix: empty, or segments with a `/` before each.
    pub(crate) fn prefix(&self) -> Result<&'a str, EndpointError> {
        let prefix = self.path.strip_suffix('/').unwrap_or(self.path);
        let is_good = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        if prefix.len() > PREFIX_LIMIT || !prefix.split('/').skip(1).all(is_good) {
            return Err(EndpointError::PathPrefix);
        }
        Ok(prefix)
    }
}

/// Returns `true` if a URL's host is this machine: `localhost`, a name below it, an address in 127.0.0.0/8, or `[::1]`.
///
/// A dot at the end of a name makes no difference. An IPv4 address may be written as an IPv6 address (`[::ffff:127.0.0.1]`).
///
/// Plaintext to such a host needs no [`Endpoint::new_insecure`](crate::Endpoint::new_insecure). A transport must therefore keep the
/// connection on this machine. It uses no proxy, and connects `localhost` and names below it to loopback addresses, whatever a
/// resolver returns (RFC 6761, section 6.3).
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let last_label = host.strip_suffix('.').unwrap_or(host).rsplit('.').next().unwrap_or_default();
    last_label.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Returns `true` for a quotation mark of any script, and for a character that typesetting puts in its place. They are straight,
/// curly, angle, corner and full-width quotes, primes and accents.
pub(crate) fn is_quote(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '`' | '´' | '«' | '»' | '\u{2018}'..='\u{201f}' | '\u{2039}' | '\u{203a}' | '\u{2032}'..='\u{2036}'
            | '\u{300c}'..='\u{300f}' | '\u{301d}'..='\u{301f}' | '\u{ff02}' | '\u{ff07}' | '\u{ff40}'
    )
}

/// Splits a text before the first of these characters.
fn split_at_any<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at_checked(text.find(ends).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Rejects characters that people leave around a URL, and characters that are invalid in one.
fn check_characters(url: &str) -> Result<(), EndpointError> {
    let broken = |character: char| match character {
        quote if is_quote(quote) => Some(EndpointError::Quote),
        space if space.is_whitespace() => Some(EndpointError::WhiteSpace),
        ',' | ';' => Some(EndpointError::Separator),
        '!'..='~' => None,
        _ => Some(EndpointError::Unprintable),
    };
    url.chars().find_map(broken).map_or(Ok(()), Err)
}

/// Splits the host from the text after its `:`.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), EndpointError> {
    if authority.starts_with('[') {
        let end = authority.find(']').ok_or(EndpointError::Ipv6)? + 1;
        let (host, port) = authority.split_at_checked(end).ok_or(EndpointError::Ipv6)?;
        return match port.strip_prefix(':') {
            None if port.is_empty() => Ok((host, None)),
            None => Err(EndpointError::Ipv6),
            port => Ok((host, port)),
        };
    }
    match authority.split_once(':') {
        None => Ok((authority, None)),
        Some((_, port)) if port.contains(':') => {
            let is_address = authority.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.%".contains(&byte));
            Err(if is_address { EndpointError::Ipv6 } else { EndpointError::Port })
        }
        Some((host, port)) => Ok((host, Some(port))),
    }
}

/// Reads a port. The standard library's parser accepts a `+`, which no port has.
fn read_port(text: &str) -> Result<u16, EndpointError> {
    let port = text.parse().ok().filter(|port| *port != 0);
    port.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or(EndpointError::Port)
}

fn check_host(host: &str) -> Result<(), EndpointError> {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or(address);
        return match address.parse::<Ipv6Addr>() {
            _ if address.contains('%') => Err(EndpointError::ZoneId),
            Ok(_) => Ok(()),
            Err(_) => Err(EndpointError::Ipv6),
        };
    }
    if host.is_empty() {
        return Err(EndpointError::NoHost);
    }
    if host.contains('*') {
        return Err(EndpointError::Wildcard);
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
        return Err(EndpointError::HostCharacter);
    }
    // One dot at the end makes a name absolute.
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.split('.').any(str::is_empty) {
        return Err(EndpointError::EmptyLabel);
    }
    let is_good = |label: &str| label.len() <= 63 && !label.ends_with('-');
    if name.len() > 253 || !name.split('.').all(is_good) {
        return Err(EndpointError::HostLabel);
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if is_number(last) && host.parse::<Ipv4Addr>().is_err() {
        return Err(EndpointError::Ipv4);
    }
    Ok(())
}

/// Returns `true` if the last part of a host makes it an address to a browser. Source: the URL standard of the WHATWG, "ends in a
/// number".
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
