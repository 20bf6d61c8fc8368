//! The target `authorizations` for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| convex_mgmt_fuzz::authorizations(data));
