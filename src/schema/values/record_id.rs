//! Ids for new records, ascending with time.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rand::RngExt;

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// How many millisecond counts 8 digits can tell apart: until the year 2059.
const TIMES: u64 = 36u64.pow(8);
/// How many tails 7 digits can tell apart.
const TAILS: u64 = 36u64.pow(7);
/// Within a millisecond the tail grows by less than this.
const STEP_MAX: u64 = 1 << 20;

/// Time and tail of the id given out last.
static LAST: Mutex<(u64, u64)> = Mutex::new((0, 0));

/// A new id of 15 digits and small letters: the time in milliseconds, then a random tail.
///
/// Ids from one process ascend, so that new records go to the end of every index that sorts by id.
pub fn new_record_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let mut rng = rand::rng();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let next_tail = last.1 + rng.random_range(1..STEP_MAX);
    *last = if now > last.0 {
        (now, rng.random_range(0..TAILS))
    } else if next_tail < TAILS {
        (last.0, next_tail)
    } else {
        (last.0 + 1, rng.random_range(0..TAILS))
    };
    let (time, tail) = *last;
    drop(last);
    let mut id = String::with_capacity(15);
    push_base36(&mut id, time % TIMES, 8);
    push_base36(&mut id, tail, 7);
    id
}

fn push_base36(id: &mut String, number: u64, width: u32) {
    for place in (0..width).rev() {
        id.push(char::from(DIGITS[(number / 36u64.pow(place) % 36) as usize]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_even_within_a_millisecond() {
        let ids: Vec<String> = (0..20_000).map(|_| new_record_id()).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let fine = |id: &String| id.len() == 15 && id.bytes().all(|byte| DIGITS.contains(&byte));
        assert!(ids.iter().all(fine));
    }
}
