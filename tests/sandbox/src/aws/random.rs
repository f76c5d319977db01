//! Random names in the shapes that AWS gives them. Owns nothing; every value is fresh and unguessable.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Letters and digits of access key ids (base 32).
const KEY_ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The letters of user codes: no vowels, so that no words appear.
const CODE_ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A request id, in the form of a version 4 UUID.
pub(crate) fn request_id() -> String {
    let id = u128::from_be_bytes(rand::random());
    let id = (id & !(0xF << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{id:032x}");
    let mut text = String::with_capacity(36);
    for (place, digit) in hex.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// An access key id: `AKIA…` for a long-lived key, `ASIA…` for a temporary one.
pub(crate) fn access_key_id(prefix: &str) -> String {
    format!("{prefix}{}", letters(KEY_ALPHABET, 16))
}

/// A secret access key: 40 characters.
pub(crate) fn secret_access_key() -> String {
    STANDARD.encode(rand::random::<[u8; 30]>())
}

/// A database password. Longer than 128 bytes, since AWS's can be and clients have tripped over it.
pub(crate) fn database_password() -> String {
    STANDARD.encode(rand::random::<[[u8; 32]; 4]>().concat())
}

/// A bearer token, code or secret.
pub(crate) fn token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// A session token, as long as AWS's are.
pub(crate) fn session_token() -> String {
    STANDARD.encode(rand::random::<[[u8; 32]; 8]>().concat())
}

/// The code that a person compares, `BCDF-GHJK`.
pub(crate) fn user_code() -> String {
    format!("{}-{}", letters(CODE_ALPHABET, 4), letters(CODE_ALPHABET, 4))
}

fn letters<const N: usize>(alphabet: &[u8; N], count: usize) -> String {
    (0..count).filter_map(|_| alphabet.get(rand::random_range(0..N))).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_version_4_uuids() {
        let id = request_id();
        let places: Vec<_> = id.match_indices('-').map(|(place, _)| place).collect();
        assert_eq!(places, [8, 13, 18, 23]);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{id}");
        assert_ne!(id, request_id());
    }

    #[test]
    fn names_have_the_shapes_of_aws() {
        assert_eq!(access_key_id("AKIA").len(), 20);
        assert_eq!(secret_access_key().len(), 40);
        assert!(database_password().len() > 128);
        assert_eq!(user_code().len(), 9);
    }
}
