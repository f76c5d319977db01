//! A read behind the end of a block: proof that AddressSanitizer is armed in this build. `make asan` expects it to fail.

#![allow(unsafe_code)] // OK because breaking the rules is what it is for.

#[test]
#[ignore = "`make asan` runs it by name"]
fn overflow() {
    let block = vec![7_u8; 16].into_boxed_slice();
    let length = std::hint::black_box(block.len());
    // SAFETY: there is none; AddressSanitizer ends the process here.
    let behind = unsafe { block.as_ptr().add(length).read_volatile() };
    panic!("nobody saw the read of {behind}");
}
