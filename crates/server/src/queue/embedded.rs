//! A queue in files of its own.
