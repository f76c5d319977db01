//! The record of requests, for tests to ask what a client really sent.
//!
//! Owns the record's form and which fields are too secret to keep. The invariant: no secret and no bearer token
//! is ever recorded.

use serde_json::Value;

use super::route::{Call, Service};

/// One request and how it was answered.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The id in the answer.
    pub request_id: String,
    /// The service; `None` if the request was of none.
    pub service: Option<Service>,
    /// The operation, or the method and path of a request that was of none.
    pub operation: String,
    /// The parameters, secrets left out.
    pub parameters: Vec<(String, String)>,
    /// The access key that signed.
    pub access_key_id: Option<String>,
    /// The region of the credential scope.
    pub signing_region: Option<String>,
    /// The service of the credential scope.
    pub signing_service: Option<String>,
    /// Whether an `Authorization` header came.
    pub signed: bool,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The HTTP status answered; 0 if the connection was closed instead.
    pub status: u16,
    /// The error code answered.
    pub error_code: Option<String>,
}

impl Recorded {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Parameters whose values are secrets or stand for one.
const SECRET: [&str; 9] = [
    "WebIdentityToken",
    "clientSecret",
    "code",
    "codeVerifier",
    "deviceCode",
    "login",
    "password",
    "refreshToken",
    "state",
];

/// The parameters of a call that may be kept.
pub(crate) fn parameters(call: &Call) -> Vec<(String, String)> {
    let json = call.json.as_object().into_iter().flatten().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| Value::to_string(value), str::to_owned);
        (key.clone(), text)
    });
    call.fields.0.iter().cloned().chain(json).filter(|(key, _)| !SECRET.contains(&key.as_str())).collect()
}
