#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| keyfob_fuzz::api_address(data));
