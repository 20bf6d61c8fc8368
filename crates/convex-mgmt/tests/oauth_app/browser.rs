//! [`Browser`]: an HTTP client that keeps cookies and follows no redirect by itself.

use std::collections::HashMap;

use convex_mgmt::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use convex_mgmt::http::{HeaderMap, Request, Uri};

/// A browser. A clone has the same cookies, and goes its own way from then on.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    /// By site, with the port, because the sites of a test have the same host.
    cookies: HashMap<String, HashMap<String, String>>,
}

/// A response.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// The target of a redirect.
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text);
        self.headers[LOCATION].to_str().unwrap()
    }
}

impl Browser {
    pub(crate) fn get(&mut self, url: &str) -> Page {
        self.send(Request::get(url).body(String::new()).unwrap())
    }

    /// Sends a form.
    pub(crate) fn post(&mut self, url: &str, form: &str) -> Page {
        let request = Request::post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(form.to_owned()).unwrap())
    }

    fn send(&mut self, mut request: Request<String>) -> Page {
        let cookies = self.cookies.entry(site(request.uri())).or_default();
        if !cookies.is_empty() {
            let values: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(COOKIE, values.join("; ").parse().unwrap());
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let (parts, mut body) = ureq::Agent::from(config.build()).run(request).unwrap().into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        Page { status: parts.status.as_u16(), headers: parts.headers, text: body.read_to_string().unwrap() }
    }
}

fn site(uri: &Uri) -> String {
    uri.authority().unwrap().to_string()
}
