//! AWS errors: the code, status and words of each failure, and the form in which each service says it.
//!
//! Owns the one table of codes that differ between protocols and the four error bodies. Decides nothing. The
//! invariant: a failure keeps its service's own spelling (`ExpiredToken` in the query protocol,
//! `ExpiredTokenException` in JSON), because clients match on the code and never on the status.

use serde_json::json;

use super::http::{Reply, element};
use super::route::Service;

/// A failure in the words of one service.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// Failures that every service has, each under its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Common {
    AccessDenied(String),
    ExpiredToken,
    Incomplete(String),
    Internal,
    MissingToken,
    Signature(String),
    Throttled,
    UnknownKey,
    UnknownOperation(String),
}

impl Failure {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// The form that `service` gives to a common failure.
    pub(crate) fn common(service: Service, failure: Common) -> Self {
        let json = !matches!(service, Service::Redshift | Service::Sts);
        let pick = |query: (u16, &str), other: (u16, &str), message: String| {
            let (status, code) = if json { other } else { query };
            Self::new(status, code, message)
        };
        match failure {
            // The portal knows bearer tokens only, and says the same of ended and of unknown ones.
            Common::ExpiredToken if service == Service::Portal => {
                Self::new(401, "UnauthorizedException", "Session token not found or invalid")
            }
            Common::AccessDenied(message) => {
                pick((403, "AccessDenied"), (400, "AccessDeniedException"), message)
            }
            Common::ExpiredToken => {
                let message = "The security token included in the request is expired".to_owned();
                pick((403, "ExpiredToken"), (400, "ExpiredTokenException"), message)
            }
            Common::Incomplete(message) => {
                pick((400, "IncompleteSignature"), (400, "IncompleteSignatureException"), message)
            }
            Common::Internal => Self::internal(service),
            Common::MissingToken => {
                let codes =
                    ((403, "MissingAuthenticationToken"), (400, "MissingAuthenticationTokenException"));
                pick(codes.0, codes.1, "Request is missing Authentication Token".to_owned())
            }
            Common::Signature(message) => {
                pick((403, "SignatureDoesNotMatch"), (400, "InvalidSignatureException"), message)
            }
            Common::Throttled => Self::throttled(service),
            Common::UnknownKey => {
                let message = "The security token included in the request is invalid.".to_owned();
                pick((403, "InvalidClientTokenId"), (400, "UnrecognizedClientException"), message)
            }
            Common::UnknownOperation(message) => {
                pick((400, "InvalidAction"), (404, "UnknownOperationException"), message)
            }
        }
    }

    fn internal(service: Service) -> Self {
        let code = match service {
            Service::Redshift | Service::Sts => "InternalFailure",
            _ => "InternalServerException",
        };
        Self::new(500, code, "The request processing has failed because of an unknown error.")
    }

    fn throttled(service: Service) -> Self {
        let (status, code) = match service {
            Service::Redshift | Service::Sts => (400, "Throttling"),
            Service::Serverless => (400, "ThrottlingException"),
            Service::Portal | Service::Page => (429, "TooManyRequestsException"),
            Service::Oidc => (400, "SlowDownException"),
        };
        Self::new(status, code, "Rate exceeded")
    }

    /// The reply of `service`.
    pub(crate) fn reply(self, service: Service, request_id: &str) -> Reply {
        let mut reply = match service {
            Service::Redshift | Service::Sts => self.xml(service.namespace(), request_id),
            Service::Serverless => self.json("application/x-amz-json-1.1", &self.code),
            Service::Portal => {
                let name = format!("com.amazonaws.switchboard.portal#{}", self.code);
                self.json("application/json", &name)
            }
            Service::Oidc => self.oauth(),
            Service::Page => Reply::new(self.status, "text/plain; charset=utf-8", self.message),
        };
        reply.error_code = Some(self.code);
        reply
    }

    fn xml(&self, namespace: &str, request_id: &str) -> Reply {
        let kind = if self.status < 500 { "Sender" } else { "Receiver" };
        let fields =
            [element("Type", kind), element("Code", &self.code), element("Message", &self.message)].concat();
        let body = format!(
            "<ErrorResponse xmlns=\"{namespace}\"><Error>{fields}</Error>{}</ErrorResponse>",
            element("RequestId", request_id),
        );
        Reply::new(self.status, "text/xml", body)
    }

    fn json(&self, content_type: &'static str, name: &str) -> Reply {
        let body = json!({ "__type": name, "message": self.message }).to_string();
        let mut reply = Reply::new(self.status, content_type, body);
        reply.headers.push(("x-amzn-errortype", self.code.clone()));
        reply
    }

    fn oauth(&self) -> Reply {
        let body = json!({ "error": oauth_name(&self.code), "error_description": self.message }).to_string();
        let mut reply = Reply::new(self.status, "application/json", body);
        let kind = format!("{}:http://internal.amazon.com/coral/com.amazonaws.sso.oidc/", self.code);
        reply.headers.push(("x-amzn-errortype", kind));
        reply
    }
}

/// `AuthorizationPendingException` is `authorization_pending` in OAuth.
fn oauth_name(code: &str) -> String {
    let mut name = String::new();
    for letter in code.trim_end_matches("Exception").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oauth_names_follow_the_codes() {
        assert_eq!(oauth_name("AuthorizationPendingException"), "authorization_pending");
        assert_eq!(oauth_name("SlowDownException"), "slow_down");
        assert_eq!(oauth_name("InvalidClientException"), "invalid_client");
    }

    #[test]
    fn each_protocol_has_its_own_spelling() {
        let code = |service| Failure::common(service, Common::ExpiredToken).code;
        assert_eq!(code(Service::Redshift), "ExpiredToken");
        assert_eq!(code(Service::Serverless), "ExpiredTokenException");
        let throttled = Failure::common(Service::Portal, Common::Throttled);
        assert_eq!((throttled.status, throttled.code.as_str()), (429, "TooManyRequestsException"));
    }
}
