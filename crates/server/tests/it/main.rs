//! Fieldhook through its front door: a real server on a free port, real HTTP, a clock that the test drives.

mod world;

mod books;
mod delivery;
mod health;
mod history;
mod isolation;
mod render;
mod restart;
mod tester;
