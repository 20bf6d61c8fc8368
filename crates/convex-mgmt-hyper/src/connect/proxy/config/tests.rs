//! Tests of [`Proxy`]: URLs and variables.

use std::collections::HashMap;

use super::*;

/// Returns the URL of the proxy that a target is reached through.
fn proxy_for(proxy: &Proxy, target: &'static str) -> Option<String> {
    proxy.server_for(&Uri::from_static(target)).map(|server| server.uri().to_string())
}

fn env(variables: &[(&str, &str)]) -> Result<Proxy, ProxyVariableError> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Proxy::from_variables(|name| variables.get(name).map(OsString::from))
}

fn servers(variables: &[(&str, &str)]) -> (Option<String>, Option<String>) {
    let proxy = env(variables).unwrap();
    (proxy_for(&proxy, "https://a.example"), proxy_for(&proxy, "http://a.example"))
}

fn server(url: &str) -> Option<String> {
    Some(format!("{url}/"))
}

#[test]
fn urls_of_proxies_are_read() {
    for (url, expected) in [
        ("http://proxy.example", "http://proxy.example/"),
        ("http://proxy.example:3128/", "http://proxy.example:3128/"),
        (" \thttp://proxy.example:3128\r\n", "http://proxy.example:3128/"),
        ("http://user:p%40ss@proxy.example:3128", "http://proxy.example:3128/"),
        ("proxy.example:3128", "http://proxy.example:3128/"),
        ("user:pass@proxy.example:3128/", "http://proxy.example:3128/"),
        ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128/"),
        ("socks5://user:pass@proxy.example", "socks5://proxy.example/"),
        ("socks5h://proxy.example:9050", "socks5h://proxy.example:9050/"),
        ("SOCKS5H://proxy.example", "socks5h://proxy.example/"),
        ("HTTP://Proxy_1.example.:80", "http://Proxy_1.example.:80/"),
        ("http://caf%c3%a9:100%@10.0.0.1", "http://10.0.0.1/"),
        #[cfg(feature = "tls")]
        ("https://user:pass@proxy.example", "https://proxy.example/"),
    ] {
        let proxy = Proxy::new(url, "").unwrap();
        for target in ["https://a.example", "http://a.example"] {
            assert_eq!(proxy_for(&proxy, target).as_deref(), Some(expected), "{url}");
        }
        assert_eq!(proxy.is_encrypted(), expected.starts_with("https:"), "{url}");
    }
}

#[test]
fn urls_that_are_not_of_a_supported_proxy_are_rejected() {
    let long = format!("socks5://user:{}@proxy.example", "x".repeat(256));
    let malformed = ProxyError::Malformed;
    for (url, error) in [
        ("", malformed),
        ("  ", malformed),
        ("http://", malformed),
        ("http://:3128", malformed),
        ("http://user:pass@", malformed),
        ("http://a b", malformed),
        ("http://proxy.example:", malformed),
        ("http://proxy.example:0", malformed),
        ("http://proxy.example:99999", malformed),
        ("http://proxy.example:+80", malformed),
        ("http://proxy.example/path", malformed),
        ("http://proxy.example?query", malformed),
        ("http://proxy.example#fragment", malformed),
        // Characters that have to be percent-encoded would make a host of the user's name.
        ("http://user:p@ss@proxy.example", malformed),
        ("http://user:12/34@proxy.example", malformed),
        ("http://user:12?34@proxy.example", malformed),
        ("http://user:12#34@proxy.example", malformed),
        ("\"http://proxy.example\"", malformed),
        ("'http://proxy.example'", malformed),
        ("http://proxy.example,", malformed),
        ("http://proxy.example;", malformed),
        ("http://$PROXY", malformed),
        ("http://*", malformed),
        ("http://proxy..example", malformed),
        ("http://.example", malformed),
        ("http://[fe80::1%25eth0]:80", malformed),
        ("http://[proxy]:80", malformed),
        // Latin-1, which would arrive as another password.
        ("http://user:caf%e9@proxy.example", malformed),
        ("socks5://%ff:p@proxy.example", malformed),
        ("ftp://proxy.example", ProxyError::Scheme),
        ("socks://proxy.example", ProxyError::Scheme),
        ("socks4://proxy.example", ProxyError::Scheme),
        (&long, ProxyError::LongLogin),
        #[cfg(not(feature = "tls"))]
        ("https://user:pass@proxy.example", ProxyError::NoTls),
    ] {
        assert_eq!(Proxy::new(url, "").map(drop), Err(error), "{url}");
        // The same rules, whatever the source. Blank variables count as not set.
        if !url.trim().is_empty() {
            for variable in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"] {
                let rejected = env(&[(variable, url)]).unwrap_err();
                assert_eq!((rejected.variable, rejected.reason), (variable, error), "{url}");
                assert!(rejected.to_string().contains(variable) && !rejected.to_string().contains(url), "{rejected}");
            }
        }
    }
}

#[test]
fn each_scheme_has_its_variables_in_their_order() {
    let (all, https, http) = ("http://all.example:1", "http://https.example:2", "http://http.example:3");
    assert_eq!(servers(&[]), (None, None));
    assert_eq!(servers(&[("ALL_PROXY", all)]), (server(all), server(all)));
    assert_eq!(servers(&[("all_proxy", all), ("HTTPS_PROXY", https)]), (server(https), server(all)));
    assert_eq!(servers(&[("all_proxy", all), ("http_proxy", http)]), (server(all), server(http)));
    assert_eq!(servers(&[("HTTPS_PROXY", https), ("https_proxy", all)]), (server(https), None));
    assert_eq!(servers(&[("HTTP_PROXY", http), ("http_proxy", all)]), (None, server(http)));
    assert_eq!(servers(&[("ALL_PROXY", all), ("all_proxy", https)]), (server(all), server(all)));
}

#[test]
fn an_empty_variable_counts_as_not_set_and_blanks_are_removed() {
    let url = "http://proxy.example:1";
    assert_eq!(servers(&[("HTTPS_PROXY", ""), ("HTTP_PROXY", " \t"), ("ALL_PROXY", "")]), (None, None));
    assert_eq!(servers(&[("HTTPS_PROXY", ""), ("https_proxy", " http://proxy.example:1\n")]), (server(url), None));
    assert_eq!(servers(&[("HTTPS_PROXY", " "), ("ALL_PROXY", url)]), (server(url), server(url)));
    assert_eq!(servers(&[("ALL_PROXY", url), ("NO_PROXY", ""), ("no_proxy", "a.example")]), (None, None));
}

#[test]
fn no_proxy_exempts_hosts_or_all() {
    let url = "http://proxy.example:1";
    assert_eq!(servers(&[("ALL_PROXY", url), ("NO_PROXY", " a.example ")]), (None, None));
    assert_eq!(servers(&[("ALL_PROXY", url), ("no_proxy", "b.example, a.example")]), (None, None));
    assert_eq!(servers(&[("ALL_PROXY", url), ("no_proxy", "b.example")]), (server(url), server(url)));
    for all in ["*", " * ", "b.example,*", "* b.example"] {
        let proxy = env(&[("ALL_PROXY", url), ("NO_PROXY", all)]).unwrap();
        for target in ["https://a.example", "http://10.0.0.1", "https://[2001:db8::1]"] {
            assert_eq!(proxy_for(&proxy, target), None, "{all} {target}");
        }
        assert!(env(&[("ALL_PROXY", "not a URL"), ("NO_PROXY", all)]).is_ok(), "{all}");
    }
}

#[test]
fn variables_that_a_remote_client_can_set_are_ignored_in_a_cgi_program() {
    let (all, http) = ("http://all.example:1", "http://http.example:3");
    let cgi = ("REQUEST_METHOD", "GET");
    assert_eq!(servers(&[cgi, ("HTTP_PROXY", http), ("http_proxy", "malformed:")]), (None, None));
    assert_eq!(servers(&[cgi, ("HTTP_PROXY", http), ("HTTPS_PROXY", all)]), (server(all), None));
    assert_eq!(servers(&[cgi, ("HTTP_PROXY", http), ("ALL_PROXY", all)]), (server(all), server(all)));
}

#[test]
fn a_variable_that_would_not_be_used_is_not_an_error() {
    let url = "http://proxy.example:1";
    let variables = [("HTTPS_PROXY", url), ("HTTP_PROXY", url), ("ALL_PROXY", "socks://127.0.0.1:1080")];
    assert_eq!(servers(&variables), (server(url), server(url)));
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_an_error() {
    use std::os::unix::ffi::OsStringExt;
    for variable in ["HTTPS_PROXY", "all_proxy", "NO_PROXY"] {
        let value = |name: &str| (name == variable).then(|| OsString::from_vec(b"http://\xff.example".to_vec()));
        let error = Proxy::from_variables(value).unwrap_err();
        assert_eq!((error.variable, error.reason), (variable, ProxyError::Malformed));
    }
}

#[test]
fn this_machine_is_never_proxied() {
    let proxy = Proxy::new("http://proxy.example", "").unwrap();
    for target in [
        "http://localhost",
        "https://LOCALHOST.:1",
        "http://a.localhost",
        "https://127.9.9.9",
        "http://[::1]:1",
        "https://[::ffff:127.0.0.1]",
    ] {
        assert_eq!(proxy_for(&proxy, target), None, "{target}");
    }
    for target in ["http://localhost.example", "https://128.0.0.1", "http://[::2]"] {
        assert!(proxy_for(&proxy, target).is_some(), "{target}");
    }
}
