//! Passwords: hashed with argon2id, a few at a time, off the threads that serve requests.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::clock::{Luck, random};

/// Hashes made at once. Each takes 19 MiB and a core for a while.
const AT_ONCE: usize = 2;
/// Logins that may wait for their turn; beyond it they are refused rather than pile up.
const WAITING: usize = 64;
/// Fewest characters a new password may have.
pub const LEAST_CHARACTERS: usize = 8;
/// Most bytes a password may have.
pub const MOST_BYTES: usize = 1_024;

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// It is too short to be guessed only by luck.
    #[error("the password has {characters} characters: choose one of at least {LEAST_CHARACTERS}")]
    Weak {
        /// Characters it has.
        characters: usize,
    },
    /// It is too long to be worth hashing.
    #[error("the password has {bytes} bytes, over the limit of {MOST_BYTES}: choose a shorter one")]
    Long {
        /// Bytes it has.
        bytes: usize,
    },
    /// Too many logins wait already.
    #[error("more than {WAITING} logins are waiting for their turn: try again in a few seconds")]
    Busy,
    /// The hash kept is none, or hashing itself failed.
    #[error("a password could not be hashed or checked: {0}")]
    Failed(String),
}

/// Hashes and checks passwords, a bounded number at once.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE + WAITING), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Passwords {
    /// Hashes a new password, as a PHC string.
    pub async fn hash(&self, password: &str, luck: &dyn Luck) -> Result<String, PasswordError> {
        let characters = password.chars().count();
        if characters < LEAST_CHARACTERS {
            return Err(PasswordError::Weak { characters });
        }
        check_length(password)?;
        let salt: [u8; 16] = random(luck);
        let password = password.to_owned();
        self.in_turn(move || hash(&password, &salt)).await
    }

    /// Whether this is the password of `hash`. Without a hash it takes as long, and never is, so that an answer's
    /// time does not tell which names exist.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        check_length(password)?;
        let (password, kept) = (password.to_owned(), hash.map(str::to_owned));
        self.in_turn(move || match kept {
            Some(kept) => verify(&password, &kept),
            None => self::hash(&password, &[0; 16]).map(|_| false),
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.places.try_acquire().map_err(|_| PasswordError::Busy)?;
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| PasswordError::Failed(error.to_string()))?
    }
}

fn check_length(password: &str) -> Result<(), PasswordError> {
    match password.len() {
        bytes if bytes > MOST_BYTES => Err(PasswordError::Long { bytes }),
        _ => Ok(()),
    }
}

fn hash(password: &str, salt: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|error| PasswordError::Failed(error.to_string()))?;
    Ok(hash.to_string())
}

fn verify(password: &str, kept: &str) -> Result<bool, PasswordError> {
    use argon2::password_hash::Error;

    let kept = PasswordHash::new(kept).map_err(|error| PasswordError::Failed(error.to_string()))?;
    match Argon2::default().verify_password(password.as_bytes(), &kept) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(PasswordError::Failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededLuck;

    #[tokio::test]
    async fn a_hash_fits_its_password_and_no_other() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse", &SeededLuck::new(1)).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("wrong horse", Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn the_same_password_is_hashed_differently_each_time() {
        let (passwords, luck) = (Passwords::default(), SeededLuck::new(1));
        let one = passwords.hash("correct horse", &luck).await.unwrap();
        assert_ne!(one, passwords.hash("correct horse", &luck).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        assert!(!Passwords::default().verify("", None).await.unwrap());
    }

    #[tokio::test]
    async fn too_short_and_too_long_passwords_are_refused_with_their_length() {
        let (passwords, luck) = (Passwords::default(), SeededLuck::new(1));
        let short = passwords.hash("1234567", &luck).await;
        assert!(matches!(short, Err(PasswordError::Weak { characters: 7 })));
        let long = "x".repeat(MOST_BYTES + 1);
        assert!(matches!(passwords.hash(&long, &luck).await, Err(PasswordError::Long { bytes: 1_025 })));
        assert!(matches!(passwords.verify(&long, None).await, Err(PasswordError::Long { .. })));
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_refused() {
        let passwords = Passwords::default();
        let _all = passwords.places.try_acquire_many((AT_ONCE + WAITING) as u32).unwrap();
        assert!(matches!(passwords.verify("x", None).await, Err(PasswordError::Busy)));
    }
}
