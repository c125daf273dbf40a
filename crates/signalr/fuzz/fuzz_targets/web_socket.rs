#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| signalr::fuzzing::web_socket(bytes));
