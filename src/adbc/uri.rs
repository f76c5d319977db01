//! Takes a connection URI apart into option values. Knows the option table, not what the options mean.
//!
//! The text of the user-info part is never repeated in an error: an unescaped character there may have cut the
//! password in pieces that look like a host or a port.

use std::fmt;

use adbc_core::error::Status;
use adbc_core::options::OptionValue;
use percent_encoding::percent_decode_str;

use super::options::{self, Level, OptionSpec};
use super::spellings::{self, Spelling};

/// Schemes accepted.
const SCHEMES: &[&str] = &["redshift", "postgresql", "postgres"];

/// Where and why a URI does not parse.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UriError {
    /// 1-based position in characters.
    position: usize,
    reason: String,
    pub(super) status: Status,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.position, self.reason)
    }
}

/// The option values of a URI, in the order written. Each row occurs once.
pub(super) fn parse(uri: &str) -> Result<Vec<(&'static OptionSpec, String)>, UriError> {
    let parser = Parser { uri };
    let (scheme, rest) = uri
        .split_once("://")
        .ok_or_else(|| parser.error_at(uri, "expected 'redshift://host:port/database'"))?;
    if scheme.to_ascii_lowercase().starts_with("jdbc:") {
        return Err(parser.error_at(
            uri,
            "expected 'redshift://' as in 'redshift://host:port/database?auth.method=iam', not a JDBC URL",
        ));
    }
    if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(parser.error_at(uri, format!("expected one of the schemes {}", SCHEMES.join(", "))));
    }
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    if let Some((_, fragment)) = rest.split_once('#') {
        return Err(parser.error_at(fragment, "a '#' must be written as %23"));
    }
    let (authority, database) = match before_query.split_once('/') {
        Some((authority, database)) => (authority, Some(database)),
        None => (before_query, None),
    };

    let mut values = Values { parser: &parser, found: Vec::new(), ssl: None };
    values.authority(authority)?;
    if let Some(database) = database.filter(|name| !name.is_empty()) {
        if let Some((before, _)) = database.split_once('/') {
            let slash = database.get(before.len()..).unwrap_or_default();
            return Err(parser.error_at(slash, "a '/' in the database name must be written as %2F"));
        }
        values.add(options::DATABASE, database)?;
    }
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        values.parameter(pair)?;
    }
    values.finish()
}

/// The URI without its password: what may be read back.
pub(super) fn without_password(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return String::new() };
    let (before_query, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (user_info, host) = match before_query.rsplit_once('@') {
        Some((user_info, host)) => (Some(user_info), host),
        None => (None, before_query),
    };
    let mut shown = format!("{scheme}://");
    if let Some(user_info) = user_info {
        shown.push_str(user_info.split(':').next().unwrap_or_default());
        shown.push('@');
    }
    shown.push_str(host);
    let kept: Vec<_> = query.unwrap_or_default().split('&').filter(|pair| !is_secret_pair(pair)).collect();
    if kept.iter().any(|pair| !pair.is_empty()) {
        shown.push('?');
        shown.push_str(&kept.join("&"));
    }
    shown
}

fn is_secret_pair(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    match options::find_parameter(name) {
        Some(spec) => spec.is_secret(),
        None => !name.eq_ignore_ascii_case("ssl") && spellings::find_parameter(name).is_none(),
    }
}

struct Parser<'a> {
    uri: &'a str,
}

impl Parser<'_> {
    /// `part` is a slice of the URI; the error points at its start.
    fn error_at(&self, part: &str, reason: impl Into<String>) -> UriError {
        let offset = (part.as_ptr() as usize).saturating_sub(self.uri.as_ptr() as usize);
        let before = self.uri.get(..offset).unwrap_or_default();
        UriError {
            position: before.chars().count() + 1,
            reason: reason.into(),
            status: Status::InvalidArguments,
        }
    }

    fn decode(&self, part: &str) -> Result<String, UriError> {
        percent_decode_str(part)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| self.error_at(part, "the percent-encoded bytes are not UTF-8"))
    }
}

struct Values<'a> {
    parser: &'a Parser<'a>,
    found: Vec<(&'static OptionSpec, String)>,
    /// The `ssl` parameter of the JDBC and Python drivers, with its value.
    ssl: Option<(&'a str, bool)>,
}

impl<'a> Values<'a> {
    fn authority(&mut self, authority: &'a str) -> Result<(), UriError> {
        // The last '@', so that a user name that is a mail address needs no escape.
        let (user_info, host_port) = match authority.rsplit_once('@') {
            Some((user_info, host_port)) => (Some(user_info), host_port),
            None => (None, authority),
        };
        if let Some(user_info) = user_info {
            let (user, password) = match user_info.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (user_info, None),
            };
            if !user.is_empty() {
                self.add(options::USERNAME, user)?;
            }
            if let Some(password) = password {
                self.add(options::PASSWORD, password)?;
            }
        }
        let (host, port) = self.split_host(host_port)?;
        if host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(self.parser.error_at(host, "the host holds white space"));
        }
        if !host.is_empty() {
            self.add(options::HOST, host)?;
        }
        match port {
            Some(port) if !port.is_empty() => self.port(port),
            _ => Ok(()),
        }
    }

    fn split_host<'b>(&self, host_port: &'b str) -> Result<(&'b str, Option<&'b str>), UriError> {
        let Some(bracketed) = host_port.strip_prefix('[') else {
            return Ok(match host_port.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (host_port, None),
            });
        };
        let Some((host, rest)) = bracketed.split_once(']') else {
            return Err(self.parser.error_at(host_port, "the '[' of an IPv6 address has no ']'"));
        };
        match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(self.parser.error_at(rest, "expected ':' and a port after the IPv6 address")),
        }
    }

    fn port(&mut self, port: &str) -> Result<(), UriError> {
        if port.parse::<u16>().is_ok_and(|port| port > 0) {
            return self.add(options::PORT, port);
        }
        Err(self.parser.error_at(
            port,
            "expected a port number from 1 to 65535 (a '/', '?', '#' or '@' in the user name or password must be \
             percent-encoded, for example '/' as %2F)",
        ))
    }

    fn parameter(&mut self, pair: &'a str) -> Result<(), UriError> {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| self.parser.error_at(pair, "expected a parameter 'name=value'"))?;
        let decoded = self.parser.decode(name)?;
        if decoded.eq_ignore_ascii_case("ssl") {
            return self.ssl(name, value);
        }
        match (options::find_parameter(&decoded), spellings::find_parameter(&decoded)) {
            (Some(spec), _) if spec.is_ours(&decoded) => self.add(spec.key, value),
            (Some(spec), _) => self.add_foreign(spec, value),
            (None, Some(spelling)) => self.translate(name, spelling, value),
            (None, None) => Err(self.unknown(name, &decoded)),
        }
    }

    /// A value under another driver's name for one of our options.
    fn add_foreign(&mut self, spec: &'static OptionSpec, raw: &str) -> Result<(), UriError> {
        let text = self.parser.decode(raw)?;
        // What does not parse is refused below, at its place.
        let usual = spec.parse_foreign(&OptionValue::String(text.clone())).unwrap_or(text);
        self.add_decoded(spec.key, usual, raw)
    }

    fn translate(&mut self, name: &str, spelling: &Spelling, raw: &str) -> Result<(), UriError> {
        let settings = spelling.translate(&self.parser.decode(raw)?).map_err(|refusal| UriError {
            status: refusal.status,
            ..self.parser.error_at(name, format!("'{name}': {}", refusal.reason))
        })?;
        settings.into_iter().try_for_each(|(key, value)| self.add_decoded(key, value, name))
    }

    fn ssl(&mut self, name: &'a str, value: &str) -> Result<(), UriError> {
        let on = match value.to_ascii_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(self.parser.error_at(value, "the parameter 'ssl' takes true or false")),
        };
        self.ssl = Some((name, on));
        Ok(())
    }

    /// `ssl` says less than a TLS mode: alone it only chooses between the default and none.
    fn finish(mut self) -> Result<Vec<(&'static OptionSpec, String)>, UriError> {
        let Some((name, on)) = self.ssl else { return Ok(self.found) };
        let mode =
            self.found.iter().find(|(spec, _)| spec.key == options::TLS_MODE).map(|(_, mode)| mode.as_str());
        match (on, mode) {
            (true, Some("disable")) | (false, Some("require" | "verify-ca" | "verify-full")) => Err(self
                .parser
                .error_at(name, format!("'ssl={on}' contradicts 'tls.mode={}'", mode.unwrap_or_default()))),
            (false, None) => {
                self.add_decoded(options::TLS_MODE, "disable".to_owned(), name)?;
                Ok(self.found)
            }
            _ => Ok(self.found),
        }
    }

    fn unknown(&self, name: &str, decoded: &str) -> UriError {
        let names = options::TABLE
            .iter()
            .flat_map(|spec| std::iter::once(spec.short_name()).chain(spec.aliases.iter().copied()))
            .chain(spellings::TABLE.iter().flat_map(|spelling| spelling.names.iter().copied()));
        let hint = match options::nearest(decoded, names) {
            Some(nearest) => format!("; did you mean '{nearest}'?"),
            None => "; the README lists all options".to_owned(),
        };
        self.parser.error_at(name, format!("unknown parameter '{decoded}'{hint}"))
    }

    fn add(&mut self, key: &'static str, raw: &str) -> Result<(), UriError> {
        let text = self.parser.decode(raw)?;
        self.add_decoded(key, text, raw)
    }

    fn add_decoded(&mut self, key: &'static str, text: String, at: &str) -> Result<(), UriError> {
        let Some(spec) = options::find(key).filter(|spec| spec.levels.contains(&Level::Database)) else {
            return Err(self.parser.error_at(at, format!("'{key}' is not a database option")));
        };
        if spec.is_secret() && key != options::PASSWORD {
            let short = spec.short_name();
            let reason =
                format!("'{short}' is a secret and is refused in a uri; set the option '{key}' instead");
            return Err(self.parser.error_at(at, reason));
        }
        let value = spec
            .parse(&OptionValue::String(text))
            .map_err(|error| self.parser.error_at(at, error.message))?;
        match self.found.iter_mut().find(|(earlier, _)| earlier.key == key) {
            Some((_, earlier)) => match spec.agreed(earlier, &value).map(str::to_owned) {
                Some(agreed) => {
                    *earlier = agreed;
                    Ok(())
                }
                None => Err(self
                    .parser
                    .error_at(at, format!("'{}' is given twice with different values", spec.short_name()))),
            },
            None => {
                self.found.push((spec, value));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(uri: &str) -> Vec<(&'static str, String)> {
        parse(uri).unwrap().into_iter().map(|(spec, value)| (spec.short_name(), value)).collect()
    }

    fn failure(uri: &str) -> String {
        parse(uri).unwrap_err().to_string()
    }

    #[test]
    fn every_part_becomes_an_option() {
        let uri = "redshift://me%40corp:p%2Fw@c.abc.eu-west-1.redshift.amazonaws.com:5440/dev?tls.mode=verify-ca&SSLRootCert=/a%20b.pem";
        assert_eq!(
            values(uri),
            [
                ("username", "me@corp".into()),
                ("password", "p/w".into()),
                ("target.host", "c.abc.eu-west-1.redshift.amazonaws.com".into()),
                ("target.port", "5440".into()),
                ("target.database", "dev".into()),
                ("tls.mode", "verify-ca".into()),
                ("tls.root_cert", "/a b.pem".into()),
            ]
        );
    }

    #[test]
    fn every_part_may_be_missing() {
        assert_eq!(values("redshift://"), []);
        assert_eq!(values("redshift:///dev"), [("target.database", "dev".into())]);
        assert_eq!(
            values("postgresql://[::1]:1/"),
            [("target.host", "::1".into()), ("target.port", "1".into())]
        );
        assert_eq!(values("REDSHIFT://h?"), [("target.host", "h".into())]);
    }

    #[test]
    fn a_mail_address_needs_no_escape_as_user() {
        assert_eq!(values("redshift://me@corp.com:x@h")[0], ("username", "me@corp.com".into()));
    }

    #[test]
    fn an_error_shows_where_and_never_the_password() {
        for (uri, start) in [
            ("redshift://u:Secr3t/x@host/dev", "at character 14: expected a port number"),
            ("redshift://u:Secr3t#x@host/dev", "at character 21: a '#' must be"),
            ("redshift://u:Secr3t@host:99999/dev", "at character 26: expected a port number"),
            ("redshift://u:Secr3t@[::1/dev", "at character 21: the '['"),
            ("mysql://u:Secr3t@host", "at character 1: expected one of the schemes"),
            ("u:Secr3t@host", "at character 1: expected 'redshift://"),
            ("redshift://u:Secr3t%ff@host", "at character 14: the percent-encoded bytes"),
            (
                "redshift://u:Secr3t@host/dev?sslmod=require",
                "at character 30: unknown parameter 'sslmod'; did you mean 'sslmode'?",
            ),
            (
                "redshift://u:Secr3t@host/dev?sslmode=prefer",
                "at character 38: option 'adbc.redshift.tls.mode' takes",
            ),
            ("redshift://u:Secr3t@local host/dev", "at character 21: the host holds white space"),
            ("redshift://u:Secr3t@host/a/b", "at character 27: a '/'"),
            (
                "redshift://host/dev?region=eu-west-1&secret_access_key=Secr3t",
                "at character 56: 'aws.secret_access_key' is a secret and is refused in a uri",
            ),
            ("redshift://u:Secr3t@host/dev?port", "at character 30: expected a parameter"),
        ] {
            let message = failure(uri);
            assert!(message.starts_with(start), "{uri}: {message}");
            assert!(!message.contains("Secr3t"), "{message}");
        }
    }

    #[test]
    fn contradictions_within_the_uri_are_errors() {
        assert!(
            failure("redshift://h:1/dev?port=2")
                .contains("'target.port' is given twice with different values")
        );
        assert_eq!(values("redshift://h:1/?port=1").len(), 2);
        assert!(
            failure("redshift://h/?ssl=true&sslmode=disable")
                .contains("'ssl=true' contradicts 'tls.mode=disable'")
        );
        assert!(failure("redshift://h/?sslmode=verify-ca&ssl=false").contains("'ssl=false' contradicts"));
    }

    #[test]
    fn ssl_alone_chooses_between_the_default_and_none() {
        assert_eq!(values("redshift://h/?ssl=true"), values("redshift://h/"));
        assert_eq!(values("redshift://h/?ssl=false")[1], ("tls.mode", "disable".into()));
        assert_eq!(values("redshift://h/?ssl=TRUE&sslmode=require")[1], ("tls.mode", "require".into()));
    }

    #[test]
    fn reading_back_leaves_out_every_password() {
        assert_eq!(
            without_password("redshift://u:Secr3t@h:1/dev?password=Secr3t&tls.mode=require"),
            "redshift://u@h:1/dev?tls.mode=require"
        );
        assert_eq!(without_password("redshift://u:a/Secr3t@h"), "redshift://u@h");
        assert_eq!(without_password("garbage Secr3t"), "");
    }
}
