//! Redshift's digest login (authentication request 13): the answer to a salt and a nonce, pure.
//!
//! The digest proves the password without sending it, but nothing about the server: only TLS verification keeps a
//! relay out.

use bytes::{BufMut, BytesMut};
use sha2::{Digest, Sha256};

use super::error::{Error, ErrorKind};

/// Length of the nonce made per login.
pub(super) const NONCE_LENGTH: usize = 16;

/// The `d` message that answers request 13. It is not CopyData: the server reads it as digest while authenticating.
pub(super) fn response(password: &str, salt: &[u8], server_nonce: &[u8], client_nonce: &[u8]) -> BytesMut {
    let digest = digest(password, salt, server_nonce, client_nonce);
    let mut message = BytesMut::new();
    message.put_u8(b'd');
    // The length counts itself and the two inner lengths.
    message.put_u32(len_u32(4 + 4 + digest.len() + 4 + client_nonce.len()));
    message.put_u32(len_u32(digest.len()));
    message.put_slice(&digest);
    message.put_u32(len_u32(client_nonce.len()));
    message.put_slice(client_nonce);
    message
}

/// Fails, by name, on every algorithm but SHA-256.
pub(super) fn check_algorithm(algorithm: i32) -> Result<(), Error> {
    let name = match algorithm {
        0 => return Ok(()),
        1 => "scrypt",
        2 => "Argon2",
        _ => "unknown",
    };
    Err(Error::new(
        ErrorKind::Authentication,
        format!(
            "the server asks for a digest login by algorithm {algorithm} ({name}); only 0 (SHA-256) exists in drivers; \
             set the user's password again as MD5 or sha256"
        ),
    ))
}

fn digest(password: &str, salt: &[u8], server_nonce: &[u8], client_nonce: &[u8]) -> [u8; 32] {
    let stored = Sha256::new().chain_update(password).chain_update(salt).finalize();
    Sha256::new().chain_update(stored).chain_update(server_nonce).chain_update(client_nonce).finalize().into()
}

fn len_u32(length: usize) -> u32 {
    // OK because a nonce and a digest are some dozen bytes.
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn answer_matches_the_published_vector() {
        let message = response(
            "Secr3tPassw0rd",
            &hex("000102030405060708090a0b0c0d0e0f"),
            &hex("101112131415161718191a1b1c1d1e1f"),
            b"1700000000000",
        );
        let expected =
            hex("64 00000039 00000020 9f7cd8a898c4d75023caed8170ff8e46dc383c9b35ecae011b947d995a8d5056 \
             0000000d 31373030303030303030303030");
        assert_eq!(message.as_ref(), expected);
    }

    #[test]
    fn empty_salt_and_non_ascii_password_are_hashed_as_bytes() {
        let expected = hex("a44accf41b65691bc59dbe369e77912354e36305a3c9a0faca2875d36c95bc54");
        assert_eq!(digest("pässwörd✓", &[], &[0xff; 8], &[0; 16]).as_slice(), expected);
    }

    #[test]
    fn other_algorithms_are_refused_by_name() {
        assert!(check_algorithm(0).is_ok());
        assert!(check_algorithm(1).unwrap_err().to_string().contains("scrypt"));
        assert!(check_algorithm(2).unwrap_err().to_string().contains("Argon2"));
        assert!(check_algorithm(99).unwrap_err().to_string().contains("99"));
        assert!(check_algorithm(-1).is_err());
    }
}
