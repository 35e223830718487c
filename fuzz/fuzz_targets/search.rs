#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fieldhook_fuzz::run("search", bytes));
