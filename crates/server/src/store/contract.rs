//! The promises of `Store` as tests, run by every engine.
