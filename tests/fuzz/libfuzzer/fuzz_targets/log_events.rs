//! The target `log_events` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| convex_mgmt_fuzz::log_events(data));
