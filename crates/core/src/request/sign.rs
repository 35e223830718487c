//! Signatures by which an endpoint knows that a request is ours: Standard Webhooks 1.0, symmetric.

use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How many bytes a key may have.
pub const KEY_SIZES: RangeInclusive<usize> = 16..=256;

const PREFIX: &str = "whsec_";

/// A key that signs requests.
#[derive(Clone)]
pub struct SigningKey {
    /// The MAC with the key already taken in, which is half of the work for a short message.
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// Why a text is no signing key. It does not repeat the text, which is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSigningKey {
    /// Behind `whsec_` stands something that is not base64.
    #[error("`signingSecret` begins with whsec_ and what follows is not base64: copy the whole secret again")]
    NotBase64,
    /// The key is too short or too long.
    #[error(
        "`signingSecret` is {size} bytes long: it must have {} to {} bytes, 24 or more are good",
        KEY_SIZES.start(),
        KEY_SIZES.end()
    )]
    Size {
        /// Bytes it has.
        size: usize,
    },
}

impl SigningKey {
    /// Reads `whsec_` and base64, as Standard Webhooks writes keys, or takes any other text as the key itself.
    pub fn parse(text: &str) -> Result<Self, InvalidSigningKey> {
        let key = match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded.trim()).map_err(|_| InvalidSigningKey::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if !KEY_SIZES.contains(&key.len()) {
            return Err(InvalidSigningKey::Size { size: key.len() });
        }
        let keyed = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        Ok(Self { keyed })
    }

    /// The `Webhook-Signature` of a message: its id, the second it is sent, and its body.
    pub(super) fn sign(&self, id: &str, second: &str, body: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        for part in [id.as_bytes(), b".", second.as_bytes(), b".", body] {
            mac.update(part);
        }
        let mut signature = String::from("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), &mut signature);
        signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_as_the_standard_says() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_plain_text_is_a_key_by_itself() {
        let plain = SigningKey::parse("0123456789abcdef").unwrap();
        let encoded = SigningKey::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
        assert_eq!(plain.sign("a", "1", b""), encoded.sign("a", "1", b""));
    }

    #[test]
    fn a_key_that_is_damaged_or_too_short_is_refused_without_repeating_it() {
        let refusal = |text| SigningKey::parse(text).unwrap_err();
        assert_eq!(refusal("whsec_???"), InvalidSigningKey::NotBase64);
        assert_eq!(refusal("0123456789abcde"), InvalidSigningKey::Size { size: 15 });
        assert_eq!(refusal("whsec_AAAA"), InvalidSigningKey::Size { size: 3 });
        assert!(!refusal("0123456789abcde").to_string().contains("0123456789"));
    }
}
