//! `AdbcPartitions`: the descriptors that `AdbcStatementExecutePartitions` hands to the caller.
//!
//! Invariant: `private_data` owns the descriptors and both arrays; `release` trusts nothing else in the struct, so a
//! caller that changes the counts cannot make it free the wrong memory.

use std::ptr::null_mut;

use adbc_ffi::FFI_AdbcPartitions;

struct Exported {
    /// Owns what `pointers` point to.
    _descriptors: Vec<Vec<u8>>,
    pointers: Vec<*mut u8>,
    lengths: Vec<usize>,
}

/// The C form of `descriptors`.
pub(super) fn export(mut descriptors: Vec<Vec<u8>>) -> FFI_AdbcPartitions {
    let pointers = descriptors.iter_mut().map(|descriptor| descriptor.as_mut_ptr()).collect();
    let lengths = descriptors.iter().map(Vec::len).collect();
    let num_partitions = descriptors.len();
    let mut exported = Box::new(Exported { _descriptors: descriptors, pointers, lengths });
    FFI_AdbcPartitions {
        num_partitions,
        partitions: exported.pointers.as_mut_ptr(),
        partition_lengths: exported.lengths.as_mut_ptr(),
        private_data: Box::into_raw(exported).cast(),
        release: Some(release),
    }
}

unsafe extern "C" fn release(partitions: *mut FFI_AdbcPartitions) {
    // SAFETY: NULL or the struct this callback was read from.
    let Some(partitions) = (unsafe { partitions.as_mut() }) else { return };
    let owner = std::mem::replace(&mut partitions.private_data, null_mut());
    if !owner.is_null() {
        // SAFETY: it came from `Box::into_raw` in `export`; it is nulled, so a second release frees nothing.
        drop(unsafe { Box::from_raw(owner.cast::<Exported>()) });
    }
    partitions.num_partitions = 0;
    partitions.partitions = null_mut();
    partitions.partition_lengths = null_mut();
    partitions.release = None;
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    #[test]
    fn descriptors_are_readable_until_released() {
        let mut partitions = export(vec![b"one".to_vec(), vec![], b"three".to_vec()]);
        // SAFETY: as a C caller reads and releases them; the false count must not matter.
        unsafe {
            let lengths = slice::from_raw_parts(partitions.partition_lengths, partitions.num_partitions);
            let pointers = slice::from_raw_parts(partitions.partitions, partitions.num_partitions);
            assert_eq!(lengths, [3, 0, 5]);
            assert_eq!(slice::from_raw_parts(pointers[2], lengths[2]), b"three");
            partitions.num_partitions = 99;
            release(&raw mut partitions);
            assert!(partitions.release.is_none() && partitions.partitions.is_null());
            release(&raw mut partitions);
            release(null_mut());
        }
    }
}
