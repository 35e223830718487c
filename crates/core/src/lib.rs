//! What Fieldhook decides.
//!
//! Every rule is a pure function here: it takes facts, time and luck as arguments and returns a verdict.
//! No IO, no async, no clock. The server acts on these verdicts; `docs/` explains them to people.

pub mod access;
pub mod alert;
pub mod attempt;
pub mod books;
pub mod case;
pub mod compare;
pub mod diagnosis;
pub mod event;
pub mod hex;
pub mod html;
pub mod id;
pub mod integration;
pub mod issue;
pub mod lint;
pub mod login;
pub mod matching;
pub mod needle;
pub mod origin;
pub mod outcome;
pub mod rate;
pub mod replay;
pub mod reply;
pub mod request;
pub mod retry;
pub mod rhythm;
pub mod sample;
pub mod search;
pub mod template;
pub mod throttle;
pub mod time;
pub mod trouble;
pub mod wire;
