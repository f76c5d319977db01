//! Handles: the `AdbcDatabase`, `AdbcConnection` and `AdbcStatement` structs of the caller.
//!
//! `private_data` holds one count of an `Arc`; each call takes its own count for as long as it runs, so a handle may be
//! used by several threads, and releasing it never frees an object under a running call.
//!
//! Invariant: `private_data` is NULL or a pointer from `Arc::into_raw` of the type that belongs to the struct.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use adbc_core::error::{Result, Status};
use adbc_ffi::{FFI_AdbcConnection, FFI_AdbcDatabase, FFI_AdbcStatement};

use super::argument::{Argument, Kind};
use super::entry::Scope;
use crate::adbc::{Connection, Database, Statement};

/// An object that a handle can hold.
pub(super) trait Object: Send + Sync + 'static {
    /// The C struct.
    type Handle;
    /// What messages call it; `Adbc<NAME>New` makes it.
    const NAME: &'static str;
    /// The address of the struct's `private_data`.
    ///
    /// # Safety
    ///
    /// `handle` points to the C struct.
    unsafe fn private_data(handle: *mut Self::Handle) -> *mut *mut c_void;
}

macro_rules! object {
    ($object:ty, $handle:ty, $name:literal) => {
        impl Object for $object {
            type Handle = $handle;
            const NAME: &'static str = $name;
            unsafe fn private_data(handle: *mut Self::Handle) -> *mut *mut c_void {
                // SAFETY: the caller vouches for the pointer; only an address is computed.
                unsafe { &raw mut (*handle).private_data }
            }
        }
    };
}

object!(Database, FFI_AdbcDatabase, "Database");
object!(Connection, FFI_AdbcConnection, "Connection");
object!(Statement, FFI_AdbcStatement, "Statement");

/// Argument kind: a live handle; the body sees the object.
pub(super) struct Handle<T>(PhantomData<T>);

impl<T: Object> Kind for Handle<T> {
    type C = *mut T::Handle;
    type Checked<'a> = Arc<T>;
}

impl<T: Object> Argument for Handle<T> {
    unsafe fn check(handle: *mut T::Handle, name: &'static str, scope: &Scope) -> Result<Arc<T>> {
        // SAFETY: as for this function.
        let object = unsafe { slot::<T>(handle, name, scope)? }.load(Ordering::Acquire);
        if object.is_null() {
            return Err(not_alive::<T>(name, scope));
        }
        // SAFETY: by the invariant the pointer came from `Arc::into_raw`, and the handle still holds its count.
        Ok(unsafe {
            Arc::increment_strong_count(object);
            Arc::from_raw(object)
        })
    }
}

/// Argument kind: a handle to be filled by `New`.
pub(super) struct Fresh<T>(PhantomData<T>);

/// An empty handle.
pub(super) struct Vacancy<'a, T>(&'a AtomicPtr<T>);

impl<T> Vacancy<'_, T> {
    /// Puts the object into the handle.
    pub(super) fn fill(self, object: T) {
        self.0.store(Arc::into_raw(Arc::new(object)).cast_mut(), Ordering::Release);
    }
}

impl<T: Object> Kind for Fresh<T> {
    type C = *mut T::Handle;
    type Checked<'a> = Vacancy<'a, T>;
}

impl<T: Object> Argument for Fresh<T> {
    unsafe fn check<'a>(
        handle: *mut T::Handle,
        name: &'static str,
        scope: &'a Scope,
    ) -> Result<Vacancy<'a, T>> {
        // SAFETY: as for this function.
        let slot = unsafe { slot::<T>(handle, name, scope)? };
        if slot.load(Ordering::Acquire).is_null() {
            return Ok(Vacancy(slot));
        }
        let problem = format!(
            "argument `{name}` is already in use (its private_data is not NULL); pass a zeroed struct, or call \
             Adbc{}Release first",
            T::NAME
        );
        Err(scope.error(Status::InvalidState, &problem))
    }
}

/// Argument kind: a handle to be emptied by `Release`; the body sees the object and drops it.
pub(super) struct Emptied<T>(PhantomData<T>);

impl<T: Object> Kind for Emptied<T> {
    type C = *mut T::Handle;
    type Checked<'a> = Arc<T>;
}

impl<T: Object> Argument for Emptied<T> {
    unsafe fn check(handle: *mut T::Handle, name: &'static str, scope: &Scope) -> Result<Arc<T>> {
        // A swap, so that two threads releasing at once cannot both get the count.
        // SAFETY: as for this function.
        let object = unsafe { slot::<T>(handle, name, scope)? }.swap(null_mut(), Ordering::AcqRel);
        if object.is_null() {
            return Err(not_alive::<T>(name, scope));
        }
        // SAFETY: by the invariant the pointer came from `Arc::into_raw`; the swap made its count ours.
        Ok(unsafe { Arc::from_raw(object) })
    }
}

/// # Safety
///
/// `handle` is NULL or points to the C struct, which outlives `scope`.
unsafe fn slot<'a, T: Object>(
    handle: *mut T::Handle,
    name: &'static str,
    scope: &'a Scope,
) -> Result<&'a AtomicPtr<T>> {
    if handle.is_null() {
        return Err(scope.argument_error(name, &format!("is NULL; expected an Adbc{} struct", T::NAME)));
    }
    // SAFETY: the caller vouches for the struct; `private_data` is a pointer, aligned as such.
    Ok(unsafe { AtomicPtr::from_ptr(T::private_data(handle).cast::<*mut T>()) })
}

fn not_alive<T: Object>(name: &str, scope: &Scope) -> adbc_core::error::Error {
    let problem = format!(
        "argument `{name}` is empty: it was released or never made; call Adbc{}New before any other function",
        T::NAME
    );
    scope.error(Status::InvalidState, &problem)
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use adbc_core::error::Error;

    use super::*;

    struct Fake(Arc<()>);

    object!(Fake, FFI_AdbcDatabase, "Database");

    const SCOPE: &Scope = &Scope::new("AdbcTest");

    fn made() -> (FFI_AdbcDatabase, Weak<()>) {
        let mut handle = FFI_AdbcDatabase::default();
        let alive = Arc::new(());
        let watch = Arc::downgrade(&alive);
        // SAFETY: a live struct.
        unsafe { Fresh::<Fake>::check(&raw mut handle, "database", SCOPE) }.unwrap().fill(Fake(alive));
        (handle, watch)
    }

    fn object(handle: &mut FFI_AdbcDatabase) -> Result<Arc<Fake>> {
        // SAFETY: a live struct.
        unsafe { Handle::<Fake>::check(handle, "database", SCOPE) }
    }

    fn empty(handle: &mut FFI_AdbcDatabase) -> Result<Arc<Fake>> {
        // SAFETY: a live struct.
        unsafe { Emptied::<Fake>::check(handle, "database", SCOPE) }
    }

    fn refusal<T>(result: Result<T>) -> Error {
        result.err().unwrap()
    }

    #[test]
    fn an_emptied_handle_is_refused_and_its_object_dropped_once() {
        let (mut handle, watch) = made();
        assert_eq!(Arc::strong_count(&object(&mut handle).unwrap().0), 1);
        drop(empty(&mut handle).unwrap());
        assert_eq!(watch.strong_count(), 0);
        assert!(handle.private_data.is_null());
        for refused in [refusal(object(&mut handle)), refusal(empty(&mut handle))] {
            assert_eq!(refused.status, Status::InvalidState);
            assert!(refused.message.contains("AdbcDatabaseNew"), "{}", refused.message);
        }
    }

    #[test]
    fn a_running_call_keeps_the_object_alive() {
        let (mut handle, watch) = made();
        let running = object(&mut handle).unwrap();
        drop(empty(&mut handle).unwrap());
        assert_eq!(watch.strong_count(), 1);
        drop(running);
        assert_eq!(watch.strong_count(), 0);
    }

    #[test]
    fn of_two_threads_that_release_only_one_gets_the_object() {
        struct Shared(*mut FFI_AdbcDatabase);
        // SAFETY: the handle outlives both threads and is reached through its atomic only.
        unsafe impl Sync for Shared {}
        let (mut handle, watch) = made();
        let shared = &Shared(&raw mut handle);
        let released = std::thread::scope(|threads| {
            // SAFETY: a live struct.
            let release = || unsafe { Emptied::<Fake>::check({ shared }.0, "database", SCOPE) }.is_ok();
            let (first, second) = (threads.spawn(release), threads.spawn(release));
            [first.join().unwrap(), second.join().unwrap()]
        });
        assert_eq!(released.iter().filter(|got| **got).count(), 1);
        assert_eq!(watch.strong_count(), 0);
    }

    #[test]
    fn a_handle_in_use_is_not_overwritten() {
        let (mut handle, watch) = made();
        // SAFETY: a live struct.
        let refused = refusal(unsafe { Fresh::<Fake>::check(&raw mut handle, "database", SCOPE) });
        assert_eq!(refused.status, Status::InvalidState);
        assert_eq!(watch.strong_count(), 1);
        drop(empty(&mut handle).unwrap());
    }

    #[test]
    fn a_null_struct_is_an_invalid_argument() {
        // SAFETY: NULL is what is tested.
        let refused = refusal(unsafe { Handle::<Fake>::check(null_mut(), "database", SCOPE) });
        assert_eq!(refused.status, Status::InvalidArguments);
        assert!(refused.message.contains("`database` is NULL"), "{}", refused.message);
    }
}
