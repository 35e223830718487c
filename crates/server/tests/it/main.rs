//! Fieldhook through its front door: a real server on a free port, real HTTP, a clock that the test drives.

mod world;

mod delivery;
mod isolation;
mod restart;
