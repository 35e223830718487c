//! How failures end: an exit code for programs, a remedy for people.

use std::process::ExitCode;

use crate::client::ClientError;

/// The command line was wrong in a way that only the command could tell.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Fails with [`Usage`].
macro_rules! usage {
    ($($words:tt)*) => { return Err($crate::failure::Usage(format!($($words)*)).into()) };
}
pub(crate) use usage;

/// The code that a failure ends the process with, as `--help` lists them.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<Usage>().is_some() {
        return ExitCode::from(2);
    }
    ExitCode::from(match error.downcast_ref::<ClientError>() {
        Some(ClientError::NotLoggedIn { .. }) => 3,
        Some(ClientError::Refused { status: 403 | 404, .. }) => 4,
        Some(ClientError::Unreachable { .. }) => 5,
        _ => 1,
    })
}

/// What to do about a failure, where it is known.
pub(crate) fn remedy(error: &anyhow::Error) -> Option<String> {
    if error.downcast_ref::<Usage>().is_some() {
        return Some("see the command's --help, which has examples".to_owned());
    }
    error.downcast_ref::<ClientError>().and_then(ClientError::remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(error: ClientError) -> ExitCode {
        exit_code(&anyhow::Error::new(error).context("while trying"))
    }

    #[test]
    fn each_kind_of_failure_has_its_exit_code_even_under_context() {
        let refused = |status| ClientError::Refused {
            status,
            error: "x".to_owned(),
            description: "y".to_owned(),
            findings: Vec::new(),
        };
        let unreachable =
            ClientError::Unreachable { url: "http://x".to_owned(), cause: "refused".to_owned() };
        assert_eq!(code(ClientError::NotLoggedIn { url: "u".into(), said: "s".into() }), ExitCode::from(3));
        assert_eq!(code(refused(404)), ExitCode::from(4));
        assert_eq!(code(refused(403)), ExitCode::from(4));
        assert_eq!(code(refused(400)), ExitCode::from(1));
        assert_eq!(code(unreachable), ExitCode::from(5));
        assert_eq!(exit_code(&Usage("x".to_owned()).into()), ExitCode::from(2));
        assert_eq!(exit_code(&anyhow::anyhow!("x")), ExitCode::from(1));
    }
}
