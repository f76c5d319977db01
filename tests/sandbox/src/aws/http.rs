//! A request as it came and a reply before it leaves: plain values between the server and the services.
//!
//! Owns reading of forms, queries, cookies and JSON bodies, and escaping for XML and HTML. Knows no service.
//! The invariant: path, query and headers stay as sent, since signatures are computed over those bytes.

use bytes::Bytes;
use hyper::header::HeaderMap;
use serde_json::Value;

/// A request, body included.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The fields of the query string.
    pub(crate) fn query_fields(&self) -> Fields {
        Fields::parse(self.query.as_bytes())
    }

    /// The fields of a form body.
    pub(crate) fn form_fields(&self) -> Fields {
        Fields::parse(&self.body)
    }

    /// The body as JSON; `Null` if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let pairs = self.header("cookie")?.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
    }
}

/// Decoded `name=value` pairs in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(pub(crate) Vec<(String, String)>);

impl Fields {
    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The value of a field; `None` if absent or empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The values of a list, written `name.1=…&name.2=…` in the query protocol.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let entries = self.0.iter().filter(|(key, _)| {
            key.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|place| place.parse::<u32>().is_ok())
        });
        entries.map(|(_, value)| value.clone()).collect()
    }
}

/// What a service answers.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// The error code, for the log.
    pub(crate) error_code: Option<String>,
}

impl Reply {
    /// A success with a JSON body of the given media type.
    pub(crate) fn json(content_type: &'static str, body: &Value) -> Self {
        Self::new(200, content_type, body.to_string())
    }

    /// A page.
    pub(crate) fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// A redirect that turns a form's POST into a GET.
    pub(crate) fn see_other(location: String) -> Self {
        let mut reply = Self::html(303, String::new());
        reply.headers.push(("location", location));
        reply
    }

    /// Any reply.
    pub(crate) fn new(status: u16, content_type: &'static str, body: String) -> Self {
        Self { status, content_type, headers: Vec::new(), body, error_code: None }
    }
}

/// Escapes text for XML and HTML, attribute values included.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// An XML element around text.
pub(crate) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_numbered_entries_only() {
        let fields =
            Fields::parse(b"DbGroups.DbGroup.1=a&DbGroups.DbGroup.2=b%20c&DbGroups.DbGroupX.1=no&DbUser=");
        assert_eq!(fields.list("DbGroups.DbGroup"), ["a", "b c"]);
        assert_eq!(fields.text("DbUser"), None);
    }

    #[test]
    fn markup_in_text_is_escaped() {
        assert_eq!(element("A", "<b a='1'>&\"</b>"), "<A>&lt;b a=&#39;1&#39;&gt;&amp;&quot;&lt;/b&gt;</A>");
    }
}
