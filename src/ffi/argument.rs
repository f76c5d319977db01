//! Arguments: how each kind of C argument is checked, and what the body of an entry point sees of it.
//!
//! Handles are in `handle`. Messages name the function and the argument, never its value, which may be a secret.
//!
//! Invariant: what `check` returns borrows from the [`Scope`] of the call, so nothing of the caller's memory can be
//! kept after the call.

use std::ffi::{CStr, c_char, c_int};
use std::marker::PhantomData;
use std::slice;

use adbc_core::error::Result;
use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;

use super::entry::Scope;

/// A kind of argument.
pub(super) trait Kind {
    /// The type in the C signature.
    type C;
    /// What the body of the entry point gets.
    type Checked<'a>;
}

/// A kind that is one C parameter.
pub(super) trait Argument: Kind {
    /// Checks the parameter.
    ///
    /// # Safety
    ///
    /// A pointer is NULL or valid, as `adbc.h` says, for as long as `scope` lives.
    unsafe fn check<'a>(value: Self::C, name: &'static str, scope: &'a Scope) -> Result<Self::Checked<'a>>;
}

/// A kind that is two C parameters: a pointer and its length.
pub(super) trait Measured: Kind {
    /// The type of the second parameter in the C signature.
    type Length;
    /// Checks both parameters.
    ///
    /// # Safety
    ///
    /// As for [`Argument::check`]; the pointer is valid for the length.
    unsafe fn check<'a>(
        value: Self::C,
        length: Self::Length,
        name: &'static str,
        scope: &'a Scope,
    ) -> Result<Self::Checked<'a>>;
}

/// Kinds that are their own C type.
macro_rules! passed_as_is {
    ($($type:ty),*) => {$(
        impl Kind for $type {
            type C = $type;
            type Checked<'a> = $type;
        }

        impl Argument for $type {
            unsafe fn check(value: $type, _: &'static str, _: &Scope) -> Result<$type> {
                Ok(value)
            }
        }
    )*};
}

passed_as_is!(c_char, c_int, f64, i64);

/// A NUL-terminated UTF-8 string.
pub(super) struct Text;

impl Kind for Text {
    type C = *const c_char;
    type Checked<'a> = &'a str;
}

impl Argument for Text {
    unsafe fn check<'a>(value: *const c_char, name: &'static str, scope: &'a Scope) -> Result<&'a str> {
        if value.is_null() {
            return Err(scope.argument_error(name, "is NULL; expected a NUL-terminated UTF-8 string"));
        }
        // SAFETY: not NULL, so the caller vouches for a NUL-terminated string.
        let text = unsafe { CStr::from_ptr(value) };
        text.to_str().map_err(|error| {
            let problem =
                format!("is not UTF-8 (first bad byte at {}); encode it as UTF-8", error.valid_up_to());
            scope.argument_error(name, &problem)
        })
    }
}

/// A NUL-terminated UTF-8 string, or NULL.
pub(super) struct OptionalText;

impl Kind for OptionalText {
    type C = *const c_char;
    type Checked<'a> = Option<&'a str>;
}

impl Argument for OptionalText {
    unsafe fn check<'a>(
        value: *const c_char,
        name: &'static str,
        scope: &'a Scope,
    ) -> Result<Option<&'a str>> {
        if value.is_null() {
            return Ok(None);
        }
        // SAFETY: as for this function.
        unsafe { Text::check(value, name, scope) }.map(Some)
    }
}

/// An array of strings that ends with a NULL pointer, or NULL.
pub(super) struct TextList;

impl Kind for TextList {
    type C = *const *const c_char;
    type Checked<'a> = Option<Vec<&'a str>>;
}

impl Argument for TextList {
    unsafe fn check<'a>(
        list: *const *const c_char,
        name: &'static str,
        scope: &'a Scope,
    ) -> Result<Option<Vec<&'a str>>> {
        if list.is_null() {
            return Ok(None);
        }
        let mut texts = Vec::new();
        let mut next = list;
        // SAFETY: the caller vouches for an array that ends with NULL; no entry behind that one is read.
        unsafe {
            while !(*next).is_null() {
                texts.push(Text::check(*next, name, scope)?);
                next = next.add(1);
            }
        }
        Ok(Some(texts))
    }
}

/// `const uint8_t*` and its length; NULL is fine when the length is 0.
pub(super) struct Bytes;

impl Kind for Bytes {
    type C = *const u8;
    type Checked<'a> = &'a [u8];
}

impl Measured for Bytes {
    type Length = usize;

    unsafe fn check<'a>(
        value: *const u8,
        length: usize,
        name: &'static str,
        scope: &'a Scope,
    ) -> Result<&'a [u8]> {
        // SAFETY: as for this function.
        match unsafe { array(value, length, name, scope)? } {
            Some(bytes) => Ok(bytes),
            None if length == 0 => Ok(&[]),
            None => Err(scope.argument_error(name, &format!("is NULL although its length is {length}"))),
        }
    }
}

/// `const uint32_t*` and its length; NULL, whatever the length, stands for "all".
pub(super) struct Codes;

impl Kind for Codes {
    type C = *const u32;
    type Checked<'a> = Option<&'a [u32]>;
}

impl Measured for Codes {
    type Length = usize;

    unsafe fn check<'a>(
        value: *const u32,
        length: usize,
        name: &'static str,
        scope: &'a Scope,
    ) -> Result<Option<&'a [u32]>> {
        // SAFETY: as for this function.
        unsafe { array(value, length, name, scope) }
    }
}

/// # Safety
///
/// `value` is NULL or points to `length` values that live as long as `scope`.
unsafe fn array<'a, T>(
    value: *const T,
    length: usize,
    name: &'static str,
    scope: &'a Scope,
) -> Result<Option<&'a [T]>> {
    if value.is_null() {
        return Ok(None);
    }
    // A negative length that C converted to `size_t` lands here.
    if length > isize::MAX.unsigned_abs() / size_of::<T>() {
        return Err(scope.argument_error(name, &format!("has the impossible length {length}")));
    }
    // SAFETY: not NULL and of a possible size; the caller vouches for the rest.
    Ok(Some(unsafe { slice::from_raw_parts(value, length) }))
}

/// A place the caller provides for a result.
pub(super) struct Out<T>(PhantomData<T>);

/// A place the caller may provide for a result, or NULL.
pub(super) struct OptionalOut<T>(PhantomData<T>);

/// Memory of the caller's that holds one `T`.
pub(super) struct Place<'a, T> {
    place: *mut T,
    scope: PhantomData<&'a mut T>,
}

impl<T> Place<'_, T> {
    /// Writes the result. What was there is not dropped: it is uninitialised, as far as `adbc.h` says.
    pub(super) fn write(self, value: T) {
        // SAFETY: checked for NULL when made; the caller vouches that the memory is there for the whole call.
        unsafe { self.place.write(value) };
    }
}

impl<T: 'static> Kind for Out<T> {
    type C = *mut T;
    type Checked<'a> = Place<'a, T>;
}

impl<T: 'static> Argument for Out<T> {
    unsafe fn check<'a>(place: *mut T, name: &'static str, scope: &'a Scope) -> Result<Place<'a, T>> {
        if place.is_null() {
            return Err(scope.argument_error(name, "is NULL; expected a place for the result"));
        }
        Ok(Place { place, scope: PhantomData })
    }
}

impl<T: 'static> Kind for OptionalOut<T> {
    type C = *mut T;
    type Checked<'a> = Option<Place<'a, T>>;
}

impl<T: 'static> Argument for OptionalOut<T> {
    unsafe fn check<'a>(place: *mut T, _: &'static str, _: &'a Scope) -> Result<Option<Place<'a, T>>> {
        Ok((!place.is_null()).then_some(Place { place, scope: PhantomData }))
    }
}

/// A structure of the Arrow C interfaces that the driver takes over from the caller.
pub(super) struct Given<T>(PhantomData<T>);

/// A structure of the caller's, not yet taken over: a call that fails before [`Offer::take`] leaves it to the caller.
pub(super) struct Offer<'a, T> {
    place: *mut T,
    scope: PhantomData<&'a mut T>,
}

impl<T: Movable> Offer<'_, T> {
    /// Moves the structure out and leaves a released one behind.
    pub(super) fn take(self) -> T {
        // SAFETY: checked for NULL when made; the caller vouches for an initialised structure.
        unsafe { self.place.replace(T::released()) }
    }
}

/// A structure of the Arrow C interfaces: moving it means marking the source as released.
pub(super) trait Movable: Sized + 'static {
    /// A structure that owns nothing.
    fn released() -> Self;
    /// Whether it owns nothing.
    fn is_released(&self) -> bool;
}

macro_rules! movable {
    ($($type:ty),*) => {$(
        impl Movable for $type {
            fn released() -> Self {
                <$type>::empty()
            }

            fn is_released(&self) -> bool {
                self.release().is_none()
            }
        }
    )*};
}

movable!(FFI_ArrowArray, FFI_ArrowArrayStream, FFI_ArrowSchema);

impl<T: Movable> Kind for Given<T> {
    type C = *mut T;
    type Checked<'a> = Offer<'a, T>;
}

impl<T: Movable> Argument for Given<T> {
    unsafe fn check<'a>(place: *mut T, name: &'static str, scope: &'a Scope) -> Result<Offer<'a, T>> {
        // SAFETY: NULL or an initialised structure, the caller vouches.
        match unsafe { place.as_ref() } {
            None => Err(scope.argument_error(name, "is NULL; expected an Arrow C structure")),
            Some(given) if given.is_released() => {
                Err(scope
                    .argument_error(name, "was already released; pass a structure that still owns its data"))
            }
            Some(_) => Ok(Offer { place, scope: PhantomData }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use adbc_core::error::Status;

    use super::*;

    const SCOPE: &Scope = &Scope::new("AdbcTest");

    #[track_caller]
    fn assert_refused<T>(result: Result<T>, problem: &str) {
        let refused = result.err().unwrap();
        assert_eq!(refused.status, Status::InvalidArguments);
        assert!(refused.message.contains(problem), "{}", refused.message);
    }

    #[test]
    fn text_must_be_there_and_be_utf8() {
        // SAFETY: NULL or NUL-terminated.
        unsafe {
            assert_eq!(Text::check(c"caf\u{e9}".as_ptr(), "key", SCOPE).unwrap(), "caf\u{e9}");
            assert_refused(Text::check(null(), "key", SCOPE), "AdbcTest: argument `key` is NULL");
            assert_refused(
                Text::check(c"ab\xff".as_ptr(), "value", SCOPE),
                "`value` is not UTF-8 (first bad byte at 2)",
            );
            assert_eq!(OptionalText::check(null(), "catalog", SCOPE).unwrap(), None);
            assert_eq!(OptionalText::check(c"".as_ptr(), "catalog", SCOPE).unwrap(), Some(""));
        }
    }

    #[test]
    fn a_list_ends_at_its_null() {
        let list = [c"TABLE".as_ptr(), c"VIEW".as_ptr(), null(), c"behind".as_ptr()];
        let bad = [c"\xc3".as_ptr(), null()];
        // SAFETY: NULL or an array that ends with NULL.
        unsafe {
            let texts = TextList::check(list.as_ptr(), "table_type", SCOPE).unwrap();
            assert_eq!(texts, Some(vec!["TABLE", "VIEW"]));
            assert_eq!(TextList::check(null(), "table_type", SCOPE).unwrap(), None);
            assert_eq!(TextList::check(&null(), "table_type", SCOPE).unwrap(), Some(vec![]));
            assert_refused(TextList::check(bad.as_ptr(), "table_type", SCOPE), "`table_type` is not UTF-8");
        }
    }

    #[test]
    fn bytes_may_be_null_only_when_empty() {
        // SAFETY: NULL or valid for the length, except the length that is refused.
        unsafe {
            assert_eq!(Bytes::check(b"abc".as_ptr(), 2, "plan", SCOPE).unwrap(), b"ab");
            assert!(Bytes::check(null(), 0, "plan", SCOPE).unwrap().is_empty());
            assert_refused(Bytes::check(null(), 1, "plan", SCOPE), "`plan` is NULL although its length is 1");
            assert_refused(Bytes::check(b"a".as_ptr(), usize::MAX, "plan", SCOPE), "impossible length");
        }
    }

    #[test]
    fn codes_are_all_when_null() {
        let codes = [100, 101];
        // SAFETY: NULL or valid for the length.
        unsafe {
            assert_eq!(Codes::check(null(), 5, "info_codes", SCOPE).unwrap(), None);
            assert_eq!(Codes::check(codes.as_ptr(), 2, "info_codes", SCOPE).unwrap(), Some(&codes[..]));
        }
    }

    #[test]
    fn a_result_needs_a_place() {
        let mut place = 0_i64;
        // SAFETY: NULL or a place.
        unsafe {
            assert_refused(Out::<i64>::check(null_mut(), "out", SCOPE), "`out` is NULL");
            assert!(OptionalOut::<i64>::check(null_mut(), "out", SCOPE).unwrap().is_none());
            Out::check(&raw mut place, "out", SCOPE).unwrap().write(7);
        }
        assert_eq!(place, 7);
    }

    #[test]
    fn given_structures_must_not_be_released() {
        let mut released = FFI_ArrowArrayStream::empty();
        // SAFETY: NULL or a live structure.
        unsafe {
            assert_refused(Given::check(&raw mut released, "stream", SCOPE), "`stream` was already released");
            assert_refused(Given::<FFI_ArrowArray>::check(null_mut(), "values", SCOPE), "`values` is NULL");
        }
    }
}
