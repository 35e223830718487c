//! Fieldhook through its front door: a real server on a free port, real HTTP, a clock that the test drives.

#![expect(clippy::unwrap_used, reason = "a test whose world does not hold stops there and then")]

mod world;

mod access;
mod alerts;
mod bad_input;
mod books;
mod case;
mod console;
mod copying;
mod delivery;
mod devices;
mod diagnosis;
mod events_stream;
mod health;
mod history;
mod integrations;
mod isolation;
mod lint;
mod migration;
mod nodes;
mod oauth;
mod overview;
mod products;
mod publish;
mod render;
mod render_check;
mod render_send;
mod replay;
mod restart;
mod search;
mod session;
mod tester;
mod users;
mod watch;
