//! The promises of `Queue` as tests, run by every engine.
