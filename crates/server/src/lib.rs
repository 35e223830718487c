//! What Fieldhook does: takes events in, keeps them, delivers them, and answers the API.

pub mod clock;
pub mod listener;
pub mod password;
pub mod queue;
pub mod store;
