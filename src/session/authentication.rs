//! The login as states: an authentication request in, the answer's bytes out. No I/O.
//!
//! A password leaves in clear text only over TLS, or when the user turned TLS off. A SCRAM exchange that has begun must be
//! finished by the server's proof before its Ok counts.

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;

use super::config::Login;
use super::digest;
use super::error::{Error, ErrorKind};
use super::message::Authentication;

/// Highest SCRAM iteration count accepted; PostgreSQL's default is 4096. More would let a server burn our CPU.
const MAX_SCRAM_ITERATIONS: u32 = 10_000_000;

/// The client's side of one login.
pub(super) struct Authenticator<'a> {
    login: &'a Login,
    /// TLS is on, or off by the user's own choice.
    cleartext_allowed: bool,
    scram: Scram,
}

enum Scram {
    Unused,
    Running(Box<ScramSha256>),
    Proven,
}

/// What to do after a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// Logged in.
    Done,
    /// Wait for the next request.
    Nothing,
    /// Send this.
    Send(BytesMut),
}

impl<'a> Authenticator<'a> {
    pub(super) fn new(login: &'a Login, cleartext_allowed: bool) -> Self {
        Self { login, cleartext_allowed, scram: Scram::Unused }
    }

    pub(super) fn answer(&mut self, request: &Authentication<'_>) -> Result<Answer, Error> {
        match request {
            Authentication::Ok => self.done(),
            Authentication::CleartextPassword => self.cleartext(),
            Authentication::Md5Password(salt) => self.md5(*salt),
            Authentication::Sasl(mechanisms) => self.start_scram(mechanisms),
            Authentication::SaslContinue(data) => self.continue_scram(data),
            Authentication::SaslFinal(data) => self.finish_scram(data),
            Authentication::Digest { algorithm, salt, server_nonce } => {
                digest::check_algorithm(*algorithm)?;
                let nonce: [u8; digest::NONCE_LENGTH] = rand::random();
                Ok(Answer::Send(digest::response(self.password()?, salt, server_nonce, &nonce)))
            }
            Authentication::IdpToken => Err(refused(
                "the server asks for an identity provider token (authentication 14), which is not supported yet; log in \
                 with a password or IAM",
            )),
            Authentication::Other(code) => Err(refused(format!(
                "the server asks for authentication {code} ({}), which this driver does not support; allow md5, sha256 \
                 or SCRAM-SHA-256 passwords for this user",
                method_name(*code)
            ))),
        }
    }

    fn done(&self) -> Result<Answer, Error> {
        match self.scram {
            Scram::Running(_) => {
                Err(Error::protocol("AuthenticationOk before the server proved that it knows the password"))
            }
            Scram::Unused | Scram::Proven => Ok(Answer::Done),
        }
    }

    fn password(&self) -> Result<&'a str, Error> {
        let login = self.login;
        login.password.as_ref().map(|password| password.expose()).ok_or_else(|| {
            refused(format!(
                "the server asks for a password for user \"{}\" and none is set; set password",
                login.user
            ))
        })
    }

    fn cleartext(&self) -> Result<Answer, Error> {
        if !self.cleartext_allowed {
            return Err(refused(
                "the server asks for the password in clear text on a connection without TLS; refused",
            ));
        }
        self.password_message(self.password()?)
    }

    fn md5(&self, salt: [u8; 4]) -> Result<Answer, Error> {
        self.password_message(&md5_hash(self.login.user.as_bytes(), self.password()?.as_bytes(), salt))
    }

    fn password_message(&self, password: &str) -> Result<Answer, Error> {
        let mut message = BytesMut::new();
        frontend::password_message(password.as_bytes(), &mut message).map_err(|cause| {
            Error::new(ErrorKind::InvalidInput, "the password holds a NUL byte and cannot be sent")
                .because(cause)
        })?;
        Ok(Answer::Send(message))
    }

    fn start_scram(&mut self, mechanisms: &[&str]) -> Result<Answer, Error> {
        if !mechanisms.contains(&SCRAM_SHA_256) {
            let offered = mechanisms.join(", ");
            return Err(refused(format!(
                "the server offers the SASL mechanisms {offered}; expected {SCRAM_SHA_256}"
            )));
        }
        let scram = ScramSha256::new(self.password()?.as_bytes(), ChannelBinding::unsupported());
        let mut message = BytesMut::new();
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut message)
            .map_err(scram_failed)?;
        self.scram = Scram::Running(Box::new(scram));
        Ok(Answer::Send(message))
    }

    fn continue_scram(&mut self, data: &[u8]) -> Result<Answer, Error> {
        let Scram::Running(scram) = &mut self.scram else {
            return Err(Error::protocol("SASL data outside of SASL"));
        };
        check_iterations(data)?;
        scram.update(data).map_err(scram_failed)?;
        let mut message = BytesMut::new();
        frontend::sasl_response(scram.message(), &mut message).map_err(scram_failed)?;
        Ok(Answer::Send(message))
    }

    fn finish_scram(&mut self, data: &[u8]) -> Result<Answer, Error> {
        let Scram::Running(scram) = &mut self.scram else {
            return Err(Error::protocol("SASL data outside of SASL"));
        };
        scram.finish(data).map_err(scram_failed)?;
        self.scram = Scram::Proven;
        Ok(Answer::Nothing)
    }
}

fn check_iterations(server_first: &[u8]) -> Result<(), Error> {
    let attribute = server_first.split(|byte| *byte == b',').find_map(|part| part.strip_prefix(b"i="));
    let count =
        attribute.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|text| text.parse().ok());
    match count {
        Some(1..=MAX_SCRAM_ITERATIONS) => Ok(()),
        _ => Err(Error::protocol("the SCRAM iteration count is missing or out of range")),
    }
}

fn scram_failed(cause: std::io::Error) -> Error {
    refused(format!("SCRAM-SHA-256 login failed: {cause}; the server may not know the password"))
        .because(cause)
}

fn refused(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Authentication, text)
}

fn method_name(code: i32) -> &'static str {
    match code {
        1 => "Kerberos V4",
        2 => "Kerberos V5",
        4 => "crypt",
        6 => "SCM credential",
        7 | 8 => "GSSAPI",
        9 => "SSPI",
        10..=12 => "SASL or GSSAPI",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn login() -> Login {
        Login { user: "awsuser".to_owned(), password: Some(Secret::new("Secr3tPassw0rd")) }
    }

    fn sent(answer: Result<Answer, Error>) -> BytesMut {
        match answer.unwrap() {
            Answer::Send(message) => message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn md5_answer_matches_the_published_vector() {
        let login = login();
        let answer = Authenticator::new(&login, true).answer(&Authentication::Md5Password([1, 2, 3, 4]));
        assert_eq!(&sent(answer)[5..], b"md5d527b966288ac3d24564ef9dfd479e272a\0");
    }

    #[test]
    fn cleartext_needs_tls_or_consent() {
        let login = login();
        let error = Authenticator::new(&login, false).answer(&Authentication::CleartextPassword).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        let answer = Authenticator::new(&login, true).answer(&Authentication::CleartextPassword);
        assert_eq!(&sent(answer)[5..], b"Secr3tPassw0rd\0");
    }

    #[test]
    fn digest_nonces_differ_between_logins() {
        let login = login();
        let request = Authentication::Digest { algorithm: 0, salt: b"salt", server_nonce: b"nonce" };
        let answer = || sent(Authenticator::new(&login, true).answer(&request));
        let (first, second) = (answer(), answer());
        assert_eq!(first.len(), 1 + 4 + 4 + 32 + 4 + digest::NONCE_LENGTH);
        assert_ne!(first, second);
    }

    #[test]
    fn missing_password_is_said() {
        let login = Login { password: None, ..login() };
        let error =
            Authenticator::new(&login, true).answer(&Authentication::Md5Password([0; 4])).unwrap_err();
        assert!(error.to_string().contains("none is set"), "{error}");
    }

    #[test]
    fn a_server_that_skips_its_scram_proof_is_refused() {
        let login = login();
        let mut authenticator = Authenticator::new(&login, true);
        sent(authenticator.answer(&Authentication::Sasl(vec![SCRAM_SHA_256])));
        assert_eq!(authenticator.answer(&Authentication::Ok).unwrap_err().kind(), ErrorKind::Protocol);
        let endless = Authentication::SaslContinue(b"r=x,s=c2FsdA==,i=4000000000");
        assert_eq!(authenticator.answer(&endless).unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn unsupported_methods_are_named() {
        let login = login();
        let mut authenticator = Authenticator::new(&login, true);
        let mut text = |request| authenticator.answer(&request).unwrap_err().to_string();
        assert!(text(Authentication::IdpToken).contains("not supported yet"));
        assert!(text(Authentication::Other(7)).contains("GSSAPI"));
        assert!(text(Authentication::Other(99)).contains("99"));
        assert!(text(Authentication::Sasl(vec!["OAUTHBEARER"])).contains("OAUTHBEARER"));
    }
}
