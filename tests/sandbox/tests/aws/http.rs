//! A small HTTP client for the tests: one request per connection, nothing followed, nothing hidden.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The decoded value of a field in the query of the `location` header.
    pub(crate) fn location_field(&self, name: &str) -> String {
        let query = self.header("location").split_once('?').map_or("", |(_, query)| query);
        let field = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        field.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Sends one request to `http://host:port/path`.
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    raw(method, url, headers, body).unwrap_or_else(|| panic!("{method} {url} was closed without an answer"))
}

/// As [`send`], `None` if the connection was closed without an answer.
pub(crate) fn raw(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut head = format!("{method} /{path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head += &format!("host: {host}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    // A reset instead of an end is an answer that did not come, too.
    let _ = stream.read_to_string(&mut text);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(key, value)| (key.to_lowercase(), value.to_owned()));
    Some(Answer { status, headers: headers.collect(), body: body.to_owned() })
}

pub(crate) fn get(url: &str) -> Answer {
    send("GET", url, &[], "")
}

pub(crate) fn post_form(url: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    send("POST", url, &[("content-type", "application/x-www-form-urlencoded")], &body)
}

pub(crate) fn post_json(url: &str, body: &serde_json::Value) -> Answer {
    send("POST", url, &[("content-type", "application/json")], &body.to_string())
}
