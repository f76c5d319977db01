//! Redshift's password authentication, seen from the server: cleartext (3), MD5 (5) and the SHA-256 digest (13).
//! Owns challenges and their checks; reads and writes no socket.
//! Invariant: comparisons take the same time whether they match or not, and an unknown user meets the same exchange.

use anyhow::Result;
use bytes::{BufMut, BytesMut};
use postgres_protocol::authentication::md5_hash;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::messages::{Cursor, Message, put_message};

/// Which authentication request the front door sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Code 3: the password itself.
    Cleartext,
    /// Code 13: Redshift's digest, as for a user made with a `sha256|…` password.
    Digest,
    /// Code 5: the usual form of a Redshift password.
    #[default]
    Md5,
}

const DIGEST_ALGORITHM_SHA256: i32 = 0;

/// One authentication request and what its answer must be.
#[derive(Debug)]
pub(crate) enum Challenge {
    Cleartext,
    Digest { salt: [u8; 16], nonce: [u8; 16] },
    Md5 { salt: [u8; 4] },
}

impl Challenge {
    pub(crate) fn new(mode: AuthMode) -> Self {
        match mode {
            AuthMode::Cleartext => Self::Cleartext,
            AuthMode::Digest => Self::Digest { salt: rand::random(), nonce: rand::random() },
            AuthMode::Md5 => Self::Md5 { salt: rand::random() },
        }
    }

    /// Appends the AuthenticationRequest.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        put_message(out, b'R', |body| match self {
            Self::Cleartext => body.put_i32(3),
            Self::Md5 { salt } => {
                body.put_i32(5);
                body.put_slice(salt);
            }
            Self::Digest { salt, nonce } => {
                body.put_i32(13);
                body.put_i32(DIGEST_ALGORITHM_SHA256);
                body.put_i32(16);
                body.put_slice(salt);
                body.put_i32(16);
                body.put_slice(nonce);
            }
        });
    }

    /// Whether the reply proves knowledge of the password. An error is a reply of the wrong kind or shape.
    pub(crate) fn check(&self, user: &str, password: &str, reply: &Message) -> Result<bool> {
        // The digest travels in a message of its own, `d`, not in PasswordMessage.
        let expected_tag = if matches!(self, Self::Digest { .. }) { b'd' } else { b'p' };
        anyhow::ensure!(
            reply.tag == expected_tag,
            "expected password response, got message type {:?}",
            reply.tag as char
        );
        let mut cursor = Cursor::new(&reply.body);
        Ok(match self {
            Self::Cleartext => same(cursor.string_bytes()?, password.as_bytes()),
            Self::Md5 { salt } => {
                same(cursor.string_bytes()?, md5_hash(user.as_bytes(), password.as_bytes(), *salt).as_bytes())
            }
            Self::Digest { salt, nonce } => {
                let digest_length = usize::try_from(cursor.i32()?)?;
                let digest = cursor.bytes(digest_length)?;
                let nonce_length = usize::try_from(cursor.i32()?)?;
                let client_nonce = cursor.bytes(nonce_length)?;
                anyhow::ensure!(cursor.is_empty(), "the digest response goes on after its nonce");
                same(digest, &digest_of(password, salt, nonce, client_nonce))
            }
        })
    }
}

fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// SHA256(SHA256(password || salt) || server nonce || client nonce): `ExtensibleDigest` of the JDBC and Python drivers.
fn digest_of(password: &str, salt: &[u8], server_nonce: &[u8], client_nonce: &[u8]) -> [u8; 32] {
    let stored = Sha256::new().chain_update(password).chain_update(salt).finalize();
    Sha256::new().chain_update(stored).chain_update(server_nonce).chain_update(client_nonce).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    fn vector_a() -> Challenge {
        let salt = std::array::from_fn(|at| at as u8);
        Challenge::Digest { salt, nonce: std::array::from_fn(|at| 16 + at as u8) }
    }

    // Computed with the published redshift_connector's ExtensibleDigest.encode.
    const DIGEST_A: &str = "9f7cd8a898c4d75023caed8170ff8e46dc383c9b35ecae011b947d995a8d5056";

    fn reply_a(digest: &str) -> Message {
        let body = bytes(&format!("00000020{digest}0000000d31373030303030303030303030"));
        Message { tag: b'd', body: body.into() }
    }

    #[test]
    fn digest_request_has_the_published_layout() {
        let mut out = BytesMut::new();
        vector_a().put(&mut out);
        let expected = "52000000340000000d0000000000000010000102030405060708090a0b0c0d0e0f\
                        00000010101112131415161718191a1b1c1d1e1f";
        assert_eq!(out, bytes(expected));
    }

    #[test]
    fn digest_of_amazons_driver_is_accepted() {
        assert!(vector_a().check("anyone", "Secr3tPassw0rd", &reply_a(DIGEST_A)).unwrap());
        assert!(!vector_a().check("anyone", "secr3tPassw0rd", &reply_a(DIGEST_A)).unwrap());
    }

    #[test]
    fn digest_of_a_non_ascii_password_with_an_empty_salt_matches() {
        let digest = digest_of("pässwörd✓", &[], &[0xff; 8], &[0; 16]);
        assert_eq!(
            digest.as_slice(),
            bytes("a44accf41b65691bc59dbe369e77912354e36305a3c9a0faca2875d36c95bc54")
        );
    }

    #[test]
    fn md5_of_the_reference_vector_is_accepted() {
        let challenge = Challenge::Md5 { salt: [1, 2, 3, 4] };
        let body = b"md5d527b966288ac3d24564ef9dfd479e272a\0".as_slice().into();
        assert!(challenge.check("awsuser", "Secr3tPassw0rd", &Message { tag: b'p', body }).unwrap());
    }

    #[test]
    fn reply_of_the_wrong_kind_is_an_error() {
        let reply = Message { tag: b'p', body: b"Secr3tPassw0rd\0".as_slice().into() };
        assert!(vector_a().check("awsuser", "Secr3tPassw0rd", &reply).is_err());
    }

    #[test]
    fn digest_reply_cut_short_is_an_error() {
        let reply = Message { tag: b'd', body: vec![0, 0, 0, 32, 1, 2].into() };
        assert!(vector_a().check("awsuser", "x", &reply).is_err());
    }
}
