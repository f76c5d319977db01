//! Verifies Signature Version 4 of a request by computing it anew, and says in AWS's words what is wrong.
//!
//! Owns the canonical request, the string to sign and the signing key as AWS publishes them; does not know
//! which actions a key may take. Signers' libraries are not used: a shared one would hide its own mistakes. The
//! invariant: whatever is not signed exactly as published is refused.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::failure::Common;
use super::http::Request;
use super::time;

/// Everything but the unreserved characters is escaped.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// In paths the slash stands too.
const STRICT_PATH: &AsciiSet = &STRICT.remove(b'/');

/// AWS takes a signature for 15 minutes …
const PAST_MINUTES: i64 = 15;

/// … and none from more than 5 minutes ahead ("… is still later than … (… + 5 min.)").
const AHEAD_MINUTES: i64 = 5;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
    AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// An `Authorization` header, taken apart.
#[derive(Debug)]
pub(crate) struct Authorization<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    terminator: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Takes the header apart.
    ///
    /// # Errors
    ///
    /// `MissingToken` without a header, `Incomplete` if a part is missing.
    pub(crate) fn parse(request: &'a Request) -> Result<Self, Common> {
        let header = request.header("authorization").ok_or(Common::MissingToken)?;
        let Some(parts) = header.strip_prefix("AWS4-HMAC-SHA256") else {
            return Err(Common::Incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                header.split_whitespace().next().unwrap_or_default(),
            )));
        };
        let parts: BTreeMap<_, _> = parts.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let part = |name| parts.get(name).copied().filter(|value: &&str| !value.is_empty());
        let (Some(credential), Some(signed_headers), Some(signature)) =
            (part("Credential"), part("SignedHeaders"), part("Signature"))
        else {
            return Err(Common::Incomplete(missing_parts(&part)));
        };
        let elements: Vec<_> = credential.split('/').collect();
        let [access_key_id, date, region, service, terminator] = elements.as_slice() else {
            return Err(Common::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, \
                 got '{credential}'"
            )));
        };
        Ok(Self { access_key_id, date, region, service, terminator, signed_headers, signature })
    }

    /// Checks scope, time and signature.
    ///
    /// # Errors
    ///
    /// `Signature` with AWS's words for what differs.
    pub(crate) fn verify(
        &self,
        request: &Request,
        expected: (&[&str], &str),
        secret: &str,
        now: Timestamp,
    ) -> Result<(), Common> {
        self.check_scope(expected.0, expected.1)?;
        let signed_at = signing_time(request)?;
        self.check_time(signed_at, now)?;
        if !self.signed_headers.split(';').any(|name| name == "host") {
            let message = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
            return Err(Common::Signature(message.to_owned()));
        }
        let canonical = canonical_request(request, self.signed_headers);
        let scope = [self.date, self.region, self.service, self.terminator].join("/");
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            time::basic(signed_at),
            hex(&Sha256::digest(canonical))
        );
        let key = [self.date, self.region, self.service, self.terminator]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part.as_bytes()));
        let signature = hex(&hmac(&key, to_sign.as_bytes()));
        if signature != self.signature {
            return Err(Common::Signature(MISMATCH.to_owned()));
        }
        Ok(())
    }

    fn check_scope(&self, regions: &[&str], service: &str) -> Result<(), Common> {
        let mut complaints = String::new();
        if self.terminator != "aws4_request" {
            complaints += &format!(
                "Credential should be scoped with a valid terminator: 'aws4_request', not '{}'. ",
                self.terminator
            );
        }
        if !regions.contains(&self.region) {
            complaints += &format!("Credential should be scoped to a valid region, not '{}'. ", self.region);
        }
        if self.service != service {
            complaints += &format!("Credential should be scoped to correct service: '{service}'. ");
        }
        if complaints.is_empty() { Ok(()) } else { Err(Common::Signature(complaints)) }
    }

    fn check_time(&self, signed_at: Timestamp, now: Timestamp) -> Result<(), Common> {
        let signed = time::basic(signed_at);
        if !signed.starts_with(self.date) || self.date.len() != 8 {
            return Err(Common::Signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                 '{}', from '{signed}'.",
                self.date,
                signed.chars().take(8).collect::<String>(),
            )));
        }
        let age = now.duration_since(signed_at);
        let now_text = time::basic(now);
        if age > SignedDuration::from_mins(PAST_MINUTES) {
            let limit = time::basic(shifted(now, -PAST_MINUTES));
            return Err(Common::Signature(format!(
                "Signature expired: {signed} is now earlier than {limit} ({now_text} - {PAST_MINUTES} min.)"
            )));
        }
        if age < SignedDuration::from_mins(-AHEAD_MINUTES) {
            let limit = time::basic(shifted(now, AHEAD_MINUTES));
            return Err(Common::Signature(format!(
                "Signature not yet current: {signed} is still later than {limit} ({now_text} + {AHEAD_MINUTES} min.)"
            )));
        }
        Ok(())
    }
}

fn missing_parts<'a>(part: &impl Fn(&'static str) -> Option<&'a str>) -> String {
    let missing =
        ["Credential", "Signature", "SignedHeaders"].into_iter().filter(|name| part(name).is_none());
    missing.map(|name| format!("Authorization header requires '{name}' parameter. ")).collect()
}

fn shifted(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(at)
}

/// `X-Amz-Date` wins over `Date`.
fn signing_time(request: &Request) -> Result<Timestamp, Common> {
    let basic = request.header("x-amz-date").map(time::parse_basic);
    let signed_at = basic.unwrap_or_else(|| {
        let date = request.header("date")?;
        time::parse_basic(date).or_else(|| time::parse_http_date(date))
    });
    signed_at.ok_or_else(|| {
        let message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
        Common::Incomplete(message.to_owned())
    })
}

fn canonical_request(request: &Request, signed_headers: &str) -> String {
    let headers: String = signed_headers
        .split(';')
        .map(|name| format!("{name}:{}\n", canonical_header(request, name)))
        .collect();
    [
        request.method.as_str(),
        &canonical_path(&request.path),
        &canonical_query(&request.query),
        &headers,
        signed_headers,
        &hex(&Sha256::digest(&request.body)),
    ]
    .join("\n")
}

/// The values of one header, spaces collapsed, joined by commas.
fn canonical_header(request: &Request, name: &str) -> String {
    let values = request.headers.get_all(name).iter().map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

/// Dot segments are resolved and the path, escaped as it is, is escaped once more (S3 alone does neither).
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let open_ended = matches!(last, "" | "." | "..") && !segments.is_empty();
    let joined = format!("/{}{}", segments.join("/"), if open_ended { "/" } else { "" });
    utf8_percent_encode(&joined, STRICT_PATH).to_string()
}

fn canonical_query(query: &str) -> String {
    let recode = |text: &str| {
        let plain: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&plain, STRICT).to_string()
    };
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "OK because HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
