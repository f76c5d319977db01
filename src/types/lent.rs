//! [`Lent`]: the memory of finished batches, taken back once the consumer has dropped them.
//!
//! Does not know what the memory holds. Invariant: memory is taken back only when nobody else refers to it.

use arrow_buffer::{ArrowNativeType, Buffer};

/// Memory of the last two batches, used again once the consumer has dropped them: the page faults of fresh memory cost
/// as much as decoding. Two, since a consumer's loop often holds one batch until it has the next.
#[derive(Debug, Default)]
pub(super) struct Lent([Option<Buffer>; 2]);

impl Lent {
    /// Hands over the values, without the unused room that growing left, since the consumer may keep them for long.
    pub(super) fn lend<T: ArrowNativeType>(&mut self, values: &mut Vec<T>) -> Buffer {
        let mut values = std::mem::take(values);
        if values.capacity() > values.len() + values.len() / 4 {
            values.shrink_to_fit();
        }
        let buffer = Buffer::from_vec(values);
        let [latest, previous] = &mut self.0;
        *previous = latest.replace(buffer.clone());
        buffer
    }

    /// Takes memory back into `values`, which are empty, if any is free.
    pub(super) fn reclaim<T: ArrowNativeType>(&mut self, values: &mut Vec<T>) {
        for lent in &mut self.0 {
            match lent.take().map(Buffer::into_vec) {
                Some(Ok(free)) => {
                    *values = free;
                    values.clear();
                    return;
                }
                Some(Err(in_use)) => *lent = Some(in_use),
                None => {}
            }
        }
    }
}
