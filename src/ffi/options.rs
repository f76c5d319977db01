//! Options: the eight entry points that each of the three objects has, and the rule for result buffers.
//!
//! It knows no option key and converts no value: both belong to [`crate::adbc`].
//!
//! Invariant: a getter writes the value only when the buffer can hold all of it, and always writes the length needed.

use std::ffi::c_char;
use std::marker::PhantomData;

use adbc_core::error::Result;

use super::argument::{Kind, Measured};
use super::entry::Scope;

/// Argument kind: a result buffer for text (with its final NUL) or bytes, and the place of its length.
pub(super) struct Buffer<T>(PhantomData<T>);

/// The caller's buffer.
pub(super) struct Output<'a> {
    value: *mut u8,
    length: &'a mut usize,
    scope: &'a Scope,
}

impl Output<'_> {
    /// Text and the NUL that C expects; the length counts it.
    pub(super) fn fill_text(self, text: String) -> Result<()> {
        let mut bytes = text.into_bytes();
        bytes.push(0);
        self.fill(&bytes)
    }

    /// Exactly these bytes.
    pub(super) fn fill(self, bytes: &[u8]) -> Result<()> {
        let capacity = std::mem::replace(self.length, bytes.len());
        if bytes.len() > capacity || bytes.is_empty() {
            return Ok(());
        }
        if self.value.is_null() {
            return Err(self
                .scope
                .argument_error("value", &format!("is NULL although its length is {capacity}")));
        }
        // SAFETY: the caller vouches for `capacity` writable bytes, and `bytes` is ours, so they do not overlap.
        unsafe { self.value.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }
}

impl<T> Kind for Buffer<T> {
    type C = *mut T;
    type Checked<'a> = Output<'a>;
}

impl<T> Measured for Buffer<T> {
    type Length = *mut usize;

    unsafe fn check<'a>(
        value: *mut T,
        length: *mut usize,
        _: &'static str,
        scope: &'a Scope,
    ) -> Result<Output<'a>> {
        // SAFETY: NULL or a `size_t` that nobody else uses during the call, the caller vouches.
        match unsafe { length.as_mut() } {
            None => Err(scope.argument_error("length", "is NULL; expected the size of the buffer")),
            Some(length) => Ok(Output { value: value.cast(), length, scope }),
        }
    }
}

/// Text buffers are `char*`, byte buffers `uint8_t*`.
pub(super) type TextBuffer = Buffer<c_char>;
/// See [`TextBuffer`].
pub(super) type ByteBuffer = Buffer<u8>;

/// Defines the option entry points of one object.
macro_rules! option_entry_points {
    (
        $object:ty;
        set: $set:ident, $set_bytes:ident, $set_double:ident, $set_int:ident;
        get: $get:ident, $get_bytes:ident, $get_double:ident, $get_int:ident;
    ) => {
        $crate::ffi::entry::entry_points! {
            /// Sets a string option.
            fn $set(object: Handle<$object>, key: Text, value: Text) {
                object.set_option(key, OptionValue::String(value.to_owned()))
            }

            /// Sets a bytestring option.
            fn $set_bytes(object: Handle<$object>, key: Text, value: Bytes[length]) {
                object.set_option(key, OptionValue::Bytes(value.to_vec()))
            }

            /// Sets a double option.
            fn $set_double(object: Handle<$object>, key: Text, value: f64) {
                object.set_option(key, OptionValue::Double(value))
            }

            /// Sets an integer option.
            fn $set_int(object: Handle<$object>, key: Text, value: i64) {
                object.set_option(key, OptionValue::Int(value))
            }

            /// Reads an option as text.
            fn $get(object: Handle<$object>, key: Text, value: TextBuffer[length]) {
                value.fill_text(object.get_option_string(key)?)
            }

            /// Reads an option as bytes.
            fn $get_bytes(object: Handle<$object>, key: Text, value: ByteBuffer[length]) {
                value.fill(&object.get_option_bytes(key)?)
            }

            /// Reads an option as a double.
            fn $get_double(object: Handle<$object>, key: Text, value: Out<f64>) {
                object.get_option_double(key).map(|number| value.write(number))
            }

            /// Reads an option as an integer.
            fn $get_int(object: Handle<$object>, key: Text, value: Out<i64>) {
                object.get_option_int(key).map(|number| value.write(number))
            }
        }
    };
}

pub(super) use option_entry_points;

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;

    use super::*;

    const SCOPE: &Scope = &Scope::new("AdbcTest");

    fn output<'a>(value: *mut u8, length: &'a mut usize) -> Output<'a> {
        Output { value, length, scope: SCOPE }
    }

    #[test]
    fn a_small_buffer_is_left_alone_and_told_the_length() {
        let mut buffer = *b"####";
        let mut length = 3;
        output(buffer.as_mut_ptr(), &mut length).fill_text("abc".into()).unwrap();
        assert_eq!((&buffer, length), (b"####", 4));
    }

    #[test]
    fn text_that_fits_is_written_with_its_nul() {
        let mut buffer = *b"######";
        let mut length = buffer.len();
        output(buffer.as_mut_ptr(), &mut length).fill_text("abc".into()).unwrap();
        assert_eq!((&buffer, length), (b"abc\0##", 4));
    }

    #[test]
    fn bytes_are_written_without_a_nul() {
        let mut buffer = *b"####";
        let mut length = 3;
        output(buffer.as_mut_ptr(), &mut length).fill(b"a\0c").unwrap();
        assert_eq!((&buffer, length), (b"a\0c#", 3));
        output(buffer.as_mut_ptr(), &mut length).fill(b"").unwrap();
        assert_eq!((&buffer, length), (b"a\0c#", 0));
    }

    #[test]
    fn a_null_buffer_asks_for_the_length() {
        let mut length = 0;
        output(null_mut(), &mut length).fill_text("abc".into()).unwrap();
        assert_eq!(length, 4);
        assert!(output(null_mut(), &mut length).fill_text("abc".into()).is_err());
    }

    #[test]
    fn the_length_must_be_there() {
        // SAFETY: NULL is what is tested.
        let refused = unsafe { TextBuffer::check(null_mut(), null_mut(), "value", SCOPE) }.err().unwrap();
        assert!(refused.message.contains("`length` is NULL"), "{}", refused.message);
    }
}
