//! What a refusal of PostgreSQL means.

use std::error::Error as _;
use std::{fmt, io};

use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// Why a statement did not do what it should.
#[derive(Debug)]
pub(super) enum Failure {
    /// PostgreSQL says so, or cannot be spoken to.
    Postgres(tokio_postgres::Error),
    /// It is ours to say.
    Store(StoreError),
}

impl Failure {
    /// Whether two transactions were in each other's way, so that the same again may well be done.
    pub(super) fn is_a_clash(&self) -> bool {
        const CLASHES: [SqlState; 2] = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
        matches!(self, Self::Postgres(error) if error.code().is_some_and(|code| CLASHES.contains(code)))
    }

    /// Whether a row with this unique key is there already.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION))
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Store(error) => error,
            Failure::Postgres(error) if is_passing(&error) => Self::Unavailable(Told(&error).to_string()),
            Failure::Postgres(error) => Self::Damaged(Told(&error).to_string()),
        }
    }
}

/// Whether it may go well later, with nothing changed by us. Of PostgreSQL's classes of error
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) the others say that our statement and what is
/// kept do not belong together.
fn is_passing(error: &tokio_postgres::Error) -> bool {
    const PASSING: [&str; 11] = ["08", "25", "28", "3D", "40", "42501", "53", "54", "55", "57", "58"];
    match error.code() {
        Some(code) => PASSING.iter().any(|class| code.code().starts_with(class)),
        None => error.is_closed() || error.source().is_none_or(<dyn std::error::Error>::is::<io::Error>),
    }
}

/// An error with what lies behind it, on one line.
pub(super) struct Told<'a>(pub(super) &'a tokio_postgres::Error);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.0.as_db_error() {
            write!(f, "{} ({})", error.message(), error.code().code())?;
            return error.detail().map_or(Ok(()), |detail| write!(f, ": {detail}"));
        }
        write!(f, "{}", self.0)?;
        let mut behind = self.0.source();
        while let Some(error) = behind {
            write!(f, ": {error}")?;
            behind = error.source();
        }
        Ok(())
    }
}
