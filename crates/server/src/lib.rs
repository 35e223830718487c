//! What Fieldhook does: takes events in, keeps them, delivers them, and answers the API.

pub mod clock;
pub mod queue;
pub mod store;
pub mod vault;
