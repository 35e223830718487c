//! Seals what must not be read by whoever gets hold of the database: secrets, and what may hold them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::clock::{Luck, random};

/// The key's file in the data directory.
pub const KEY_FILE: &str = "secret.key";

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// What a sealed thing of today begins with.
const VERSION: u8 = 1;

/// Why the vault does not open, or a sealed thing in it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key's file cannot be read or made.
    #[error("the key file {} cannot be used", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file does not hold a key.
    #[error(
        "the key file {} has {size} bytes instead of {KEY_BYTES}: restore it from a backup, for what was \
         sealed with it cannot be read without it",
        .path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Bytes it has.
        size: usize,
    },
    /// Sealed in a way that this program does not know.
    #[error(
        "sealed in format {0}, and this program knows only {VERSION}: run the newer version that wrote it"
    )]
    Version(u8),
    /// Sealed with another key or for another purpose, or changed since.
    #[error(
        "it was not sealed with this key as `{context}`, or it was changed since: check that {KEY_FILE} belongs to this database"
    )]
    NotOurs {
        /// What it was taken for.
        context: String,
    },
}

/// Seals and opens with one key.
///
/// A sealed thing is a version byte, a nonce and what XChaCha20-Poly1305 makes of the plain bytes. Its
/// context, which says what it is, is part of the seal: one person's secret does not open as another's.
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    /// The vault whose key is in this file; the key is made when there is none.
    pub fn open(path: &Path, luck: &dyn Luck) -> Result<Self, VaultError> {
        let unusable = |source| VaultError::File { path: path.to_owned(), source };
        let key = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_key(path, luck).map_err(unusable)?
            }
            Err(source) => return Err(unusable(source)),
        };
        match <[u8; KEY_BYTES]>::try_from(&*key) {
            Ok(key) => Ok(Self::with_key(key)),
            Err(_) => Err(VaultError::NotAKey { path: path.to_owned(), size: key.len() }),
        }
    }

    /// The vault of this key.
    pub fn with_key(key: [u8; KEY_BYTES]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&key.into()) }
    }

    /// Seals `plain` as what `context` says. Sealing the same twice gives two different things.
    pub fn seal(&self, plain: &[u8], context: &str, luck: &dyn Luck) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random(luck);
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let closed =
            self.cipher.encrypt(&XNonce::from(nonce), payload).expect("a document is far below 256 GiB");
        [&[VERSION][..], &nonce, &closed].concat()
    }

    /// Opens what was sealed as what `context` says.
    pub fn open_sealed(&self, sealed: &[u8], context: &str) -> Result<Vec<u8>, VaultError> {
        let not_ours = || VaultError::NotOurs { context: context.to_owned() };
        let (version, rest) = sealed.split_first().ok_or_else(not_ours)?;
        if *version != VERSION {
            return Err(VaultError::Version(*version));
        }
        let (nonce, closed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(not_ours)?;
        let payload = Payload { msg: closed, aad: context.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| not_ours())
    }
}

/// Makes the key and its file, whole or not at all: a crash must not leave half a key behind.
fn make_key(path: &Path, luck: &dyn Luck) -> io::Result<Vec<u8>> {
    let key: [u8; KEY_BYTES] = random(luck);
    let draft = path.with_extension("new");
    // A draft is there only when an earlier start broke off before it was used.
    fs::remove_file(&draft).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let mut file = private_file(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(key.to_vec())
}

/// Makes a file that only the server's own account may read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededLuck;

    #[test]
    fn what_was_sealed_opens_as_what_it_is() {
        let vault = Vault::with_key([7; 32]);
        let sealed = vault.seal(b"hunter2", "secret user:1 password", &SeededLuck::new(1));

        assert!(!sealed.windows(7).any(|bytes| bytes == b"hunter2"));
        assert_eq!(vault.open_sealed(&sealed, "secret user:1 password").unwrap(), b"hunter2");
        let empty = vault.seal(b"", "", &SeededLuck::new(1));
        assert_eq!(vault.open_sealed(&empty, "").unwrap(), b"");
    }

    #[test]
    fn what_was_sealed_for_one_purpose_does_not_open_for_another() {
        let vault = Vault::with_key([7; 32]);
        let sealed = vault.seal(b"hunter2", "secret user:1 password", &SeededLuck::new(1));
        let opened = vault.open_sealed(&sealed, "secret user:2 password");
        assert!(matches!(opened, Err(VaultError::NotOurs { .. })));
    }

    #[test]
    fn another_key_does_not_open_it() {
        let sealed = Vault::with_key([7; 32]).seal(b"hunter2", "it", &SeededLuck::new(1));
        let opened = Vault::with_key([8; 32]).open_sealed(&sealed, "it");
        assert!(matches!(opened, Err(VaultError::NotOurs { .. })));
    }

    #[test]
    fn a_change_of_any_byte_or_of_the_length_is_noticed() {
        let vault = Vault::with_key([7; 32]);
        let sealed = vault.seal(b"hunter2", "it", &SeededLuck::new(1));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open_sealed(&changed, "it").is_err(), "byte {at}");
            assert!(vault.open_sealed(&sealed[..at], "it").is_err(), "cut at {at}");
        }
        assert!(vault.open_sealed(&[&sealed[..], &[0]].concat(), "it").is_err());
    }

    #[test]
    fn the_same_thing_is_sealed_differently_each_time() {
        let (vault, luck) = (Vault::with_key([7; 32]), SeededLuck::new(1));
        assert_ne!(vault.seal(b"hunter2", "it", &luck), vault.seal(b"hunter2", "it", &luck));
    }

    #[test]
    fn the_key_is_made_at_the_first_start_and_read_at_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let first = Vault::open(&directory.path().join(KEY_FILE), &SeededLuck::new(1)).unwrap();
        let sealed = first.seal(b"hunter2", "it", &SeededLuck::new(2));

        let next = Vault::open(&directory.path().join(KEY_FILE), &SeededLuck::new(3)).unwrap();
        assert_eq!(next.open_sealed(&sealed, "it").unwrap(), b"hunter2");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_servers_own_account_may_read_the_key() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        Vault::open(&directory.path().join(KEY_FILE), &SeededLuck::new(1)).unwrap();
        let mode = fs::metadata(directory.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(KEY_FILE);
        fs::write(&file, [1; 31]).unwrap();

        let refused = Vault::open(&directory.path().join(KEY_FILE), &SeededLuck::new(1));
        assert!(matches!(refused, Err(VaultError::NotAKey { size: 31, .. })));
        assert_eq!(fs::read(&file).unwrap(), [1; 31]);
    }

    #[test]
    fn a_key_half_made_by_a_start_that_broke_off_is_no_obstacle() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("secret.new"), [1; 3]).unwrap();
        assert!(Vault::open(&directory.path().join(KEY_FILE), &SeededLuck::new(1)).is_ok());
    }
}
