//! The AWS calls of a login, and the translation of their failures.
//!
//! It does not decide which call to make. Invariant: errors are told apart by their code, never by the HTTP status
//! (the AWS pages disagree about it), and every text carries what AWS said and the request id.

pub(super) mod redshift;
pub(super) mod serverless;

use std::time::SystemTime;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::RequestId;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::display::DisplayErrorContext;

use super::error::{Error, ErrorKind};
use crate::secret::Secret;

/// Database credentials as AWS returned them.
#[derive(Debug)]
pub(super) struct DatabaseCredentials {
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) expires_at: Option<SystemTime>,
}

impl DatabaseCredentials {
    fn new(
        user: Option<String>,
        password: Option<String>,
        expires_at: Option<DateTime>,
        action: &str,
    ) -> Result<Self, Error> {
        let (Some(user), Some(password)) = (user, password) else {
            return Err(Error::unavailable(format!(
                "{action} answered without a user or password; try again"
            )));
        };
        tracing::debug!(action, user, "AWS answered");
        let expires_at = expires_at.and_then(|at| SystemTime::try_from(at).ok());
        Ok(Self { user, password: Secret::new(password), expires_at })
    }
}

/// A host and port as AWS reported them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
}

/// A failed call, reduced to what an error text needs.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Option<String>,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
    server_date: Option<String>,
    timed_out: bool,
    chain: String,
}

impl Failure {
    pub(super) fn new<E>(error: &SdkError<E, Response>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let raw = error.raw_response();
        let body = raw.and_then(|raw| raw.body().bytes()).map(oauth_error).unwrap_or_default();
        // A response that answers with an error is quoted through code and message only; a chain may hold its body.
        let chain = if raw.is_some() { String::new() } else { DisplayErrorContext(error).to_string() };
        Self {
            code: error.code().map(str::to_owned).or(body.code),
            message: error.message().map(str::to_owned).or(body.description).unwrap_or_default(),
            request_id: error.request_id().map(str::to_owned),
            server_date: raw.and_then(|raw| raw.headers().get("date")).map(str::to_owned),
            timed_out: matches!(error, SdkError::TimeoutError(_)),
            chain,
        }
    }

    /// The code without the suffix that Query services drop.
    pub(super) fn code(&self) -> &str {
        let code = self.code.as_deref().unwrap_or_default();
        code.strip_suffix("Exception").or_else(|| code.strip_suffix("Fault")).unwrap_or(code)
    }

    /// The error for codes that mean the same in every service; `action` is the IAM action or operation called.
    pub(super) fn into_error(self, action: &str) -> Error {
        let (kind, advice) = self.general_advice(action);
        // Sources that renew what they hand out hand out something newer next time.
        let has_expired = self.code() == "ExpiredToken";
        let error = self.error(kind, action, &advice);
        if has_expired { error.with_retryable() } else { error }
    }

    /// The error with this kind and advice.
    pub(super) fn error(self, kind: ErrorKind, action: &str, advice: &str) -> Error {
        let said = match (&self.code, self.message.is_empty()) {
            (Some(code), true) => code.clone(),
            (Some(code), false) => format!("{code}: {}", self.message),
            (None, _) if !self.chain.is_empty() => self.chain.clone(),
            (None, true) => "an answer that is not an AWS error".to_owned(),
            (None, false) => self.message.clone(),
        };
        let (code, request_id) = (self.code.as_deref(), self.request_id.as_deref());
        tracing::debug!(action, code, request_id, server_date = self.server_date, "AWS refused");
        Error::new(kind, format!("{action} failed: {said}; {advice}")).with_request_id(self.request_id)
    }

    fn general_advice(&self, action: &str) -> (ErrorKind, String) {
        match self.code() {
            "AccessDenied" | "NotAuthorized" | "Forbidden" => (ErrorKind::Denied, self.denied_advice(action)),
            "ExpiredToken" => (
                ErrorKind::Rejected,
                "the AWS credentials have expired: renew the keys, or use a profile or SSO".into(),
            ),
            "InvalidClientTokenId" | "UnrecognizedClient" => (
                ErrorKind::Rejected,
                "the access key is unknown to AWS; temporary keys (they begin with ASIA) also need \
                 adbc.redshift.aws.session_token"
                    .into(),
            ),
            "SignatureDoesNotMatch" | "RequestExpired" | "RequestTimeTooSkewed" | "InvalidSignature" => {
                (ErrorKind::Rejected, self.signature_advice())
            }
            "Throttling" | "RequestLimitExceeded" | "TooManyRequests" => {
                (ErrorKind::Unavailable, "AWS limits the rate of calls: wait and try again".into())
            }
            "OptInRequired" => {
                (ErrorKind::Unavailable, "check adbc.redshift.aws.region, or enable the region".into())
            }
            "Validation"
            | "InvalidParameterValue"
            | "InvalidParameter"
            | "RedshiftInvalidParameter"
            | "MissingParameter" => (ErrorKind::InvalidConfig, "correct the option that AWS names".into()),
            _ => self.transport_advice(),
        }
    }

    fn denied_advice(&self, action: &str) -> String {
        let about = |name: &str| self.message.contains(name);
        if about("redshift:CreateClusterUser") {
            "set adbc.redshift.iam.auto_create to false, or allow redshift:CreateClusterUser on the dbuser resource"
                .into()
        } else if about("redshift:JoinGroup") {
            "remove the group from adbc.redshift.iam.db_groups, or allow redshift:JoinGroup on \
             dbgroup:<cluster>/<group>"
                .into()
        } else if about(":dbname:") {
            "allow the action on dbname:<cluster>/<database>, or connect to another database".into()
        } else {
            format!("allow {action} in the IAM policy of the identity that AWS names")
        }
    }

    fn signature_advice(&self) -> String {
        let server = self.server_date.as_deref().unwrap_or("not sent");
        let local = aws_smithy_types::DateTime::from(SystemTime::now())
            .fmt(aws_smithy_types::date_time::Format::HttpDate)
            .unwrap_or_default();
        format!(
            "check adbc.redshift.aws.secret_access_key, and the clock: server time {server}, local time {local}"
        )
    }

    fn transport_advice(&self) -> (ErrorKind, String) {
        if self.timed_out {
            return (
                ErrorKind::TimedOut,
                "raise adbc.redshift.aws.timeout_seconds, or check network, HTTPS_PROXY and VPC endpoints"
                    .into(),
            );
        }
        (
            ErrorKind::Unavailable,
            "check the region, the endpoint URL, HTTPS_PROXY / NO_PROXY and VPC endpoints, then try again"
                .into(),
        )
    }
}

#[derive(Default)]
struct OauthError {
    code: Option<String>,
    description: Option<String>,
}

/// SSO OIDC puts its text in `error_description`, and old answers carry only the OAuth `error`.
fn oauth_error(body: &[u8]) -> OauthError {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else { return OauthError::default() };
    let text = |key: &str| body.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let code = text("error").map(|error| {
        let words = error.split('_').map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        });
        format!("{}Exception", words.collect::<String>())
    });
    OauthError { code, description: text("error_description") }
}
