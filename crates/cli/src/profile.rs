//! The login, remembered between commands.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Who is logged in where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The server, without a trailing slash.
    pub(crate) url: String,
    /// Whose account it is.
    pub(crate) username: String,
    /// The access token. The file that holds it is its owner's alone to read.
    pub(crate) token: String,
}

impl Profile {
    /// The profile of the last login, if there is one.
    pub(crate) fn load() -> anyhow::Result<Option<Self>> {
        match directory() {
            Some(directory) => Self::load_from(&directory),
            None => Ok(None),
        }
    }

    /// Remembers this login; gives the file it is in.
    pub(crate) fn save(&self) -> anyhow::Result<PathBuf> {
        let directory = directory().context(
            "there is no place for the login: set HOME or XDG_CONFIG_HOME, or pass --token each time",
        )?;
        self.save_in(&directory)
    }

    /// Forgets the login; says whether there was one.
    pub(crate) fn forget() -> anyhow::Result<bool> {
        let Some(file) = directory().map(|directory| file_in(&directory)) else { return Ok(false) };
        match fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot delete {}", file.display())),
        }
    }

    fn load_from(directory: &Path) -> anyhow::Result<Option<Self>> {
        let file = file_in(directory);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let profile = serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged; delete it, then run `fieldhook login`", file.display())
        })?;
        Ok(Some(profile))
    }

    /// Written beside and renamed, so that a crash leaves the old login or the new one, and readable by nobody else
    /// from its first byte on.
    fn save_in(&self, directory: &Path) -> anyhow::Result<PathBuf> {
        let file = file_in(directory);
        let write = || -> io::Result<()> {
            fs::create_dir_all(directory)?;
            let mut beside = tempfile::NamedTempFile::new_in(directory)?;
            beside.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
            beside.persist(&file)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

fn file_in(directory: &Path) -> PathBuf {
    directory.join("profile.json")
}

/// `$XDG_CONFIG_HOME/fieldhook`, else `$HOME/.config/fieldhook`.
fn directory() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(config.join("fieldhook"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile { url: "http://a".to_owned(), username: "a@b.c".to_owned(), token: "t".to_owned() }
    }

    #[test]
    fn a_login_is_read_back_as_it_was_saved() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(Profile::load_from(home.path()).unwrap(), None);
        profile().save_in(&home.path().join("new")).unwrap();
        assert_eq!(Profile::load_from(&home.path().join("new")).unwrap(), Some(profile()));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_token() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let file = profile().save_in(home.path()).unwrap();
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_login_says_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        fs::write(file_in(home.path()), "{").unwrap();
        let error = Profile::load_from(home.path()).unwrap_err();
        assert!(error.to_string().contains("fieldhook login"), "{error}");
    }
}
