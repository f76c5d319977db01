//! Rows that arrive together: blocks of them, their bad rows and the cuts between batches.

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;

use super::tests::{
    BOOL, DATE, INT4, NUMERIC, NUMERIC_8_2, TIMESTAMP, VARCHAR, binary, builder, push, row, text,
};
use super::*;

/// More than a block of four columns holds.
const ROWS: usize = 1200;

fn messages(bodies: &[Vec<u8>]) -> Vec<u8> {
    let message = |body: &Vec<u8>| {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&b"D"[..], &length.to_be_bytes(), body].concat()
    };
    bodies.iter().flat_map(message).collect()
}

fn push_all(builder: &mut BatchBuilder, bodies: &[Vec<u8>]) -> Result<ControlFlow<()>, DecodeError> {
    let bytes = messages(bodies);
    builder.push(&mut DataRows::new(&bytes, bytes.len()))
}

fn columns() -> [ColumnSpec; 6] {
    let numeric = ColumnSpec { type_modifier: NUMERIC_8_2, ..text(NUMERIC) };
    [binary(INT4), text(VARCHAR), text(DATE), text(TIMESTAMP), numeric, text(BOOL)]
}

/// Rows of [`columns`] with values of all lengths, some uncommon, and NULLs.
fn mixed_rows() -> Vec<Vec<u8>> {
    let mixed = |number: usize| {
        let integer = i32::try_from(number).unwrap().to_be_bytes();
        let string = "ä".repeat(number % 31).into_bytes();
        let date = format!("2024-02-{:02}", number % 29 + 1);
        let timestamp = format!("{date} 12:34:56.{}", number % 1000 + 1);
        let numeric = format!("-{}.5", number % 1000);
        let cells =
            [&integer[..], &string, date.as_bytes(), timestamp.as_bytes(), numeric.as_bytes(), b"true"];
        let shown = |(column, cell)| (number % 11 != column).then_some(cell);
        row(&cells.into_iter().enumerate().map(shown).collect::<Vec<_>>())
    };
    (0..ROWS).map(mixed).collect()
}

#[test]
fn rows_that_arrive_together_become_what_they_become_alone() {
    let bodies = mixed_rows();
    let limits = BatchLimits { rows: usize::MAX, bytes: usize::MAX };
    for count in (0..20).chain([ROWS / 6, ROWS]) {
        let mut alone = BatchBuilder::new(&columns(), limits);
        for body in &bodies[..count] {
            let _ = push(&mut alone, body).unwrap();
        }
        let mut together = BatchBuilder::new(&columns(), limits);
        let _ = push_all(&mut together, &bodies[..count]).unwrap();
        assert_eq!(together.rows(), count);
        assert_eq!(together.finish().unwrap(), alone.finish().unwrap(), "{count}");
    }
}

#[test]
fn the_first_bad_row_counts_whatever_its_column() {
    let good = || row(&[Some(b"1"), Some(b"2"), Some(b"3")]);
    let mut bodies = vec![good(); 40];
    bodies[30] = row(&[Some(b"bad 30"), Some(b"2"), Some(b"3")]);
    bodies[20] = row(&[Some(b"1"), Some(b"bad 20"), Some(b"3")]);
    bodies[21] = row(&[Some(b"1"), Some(b"2"), Some(b"bad 21")]);
    bodies[35].pop();
    for (first, column, value) in [(20, 2, "bad 20"), (21, 3, "bad 21"), (30, 1, "bad 30")] {
        let mut builder = builder(&[text(INT4), text(INT4), text(INT4)]);
        let error = push_all(&mut builder, &bodies).unwrap_err().to_string();
        let expected = format!("column {column} \"c\" (INTEGER) in row {}: value \"{value}\"", first + 1);
        assert!(error.contains(&expected), "{error}");
        assert_eq!(builder.finish().unwrap().num_rows(), first);
        bodies[first] = good();
    }
    let mut builder = builder(&[text(INT4), text(INT4), text(INT4)]);
    let error = push_all(&mut builder, &bodies).unwrap_err().to_string();
    assert!(error.contains("row 36"), "{error}");
    assert_eq!(builder.finish().unwrap().num_rows(), 35);
}

#[test]
fn the_rows_before_a_malformed_one_are_kept() {
    for at in 0..20 {
        for malformed in [vec![], vec![0], row(&[]), row(&[None]), row(&[None, None, None])] {
            let mut bodies = vec![row(&[Some(b"7"), None]); 20];
            bodies[at] = malformed;
            let mut builder = builder(&[text(INT4), text(VARCHAR)]);
            let error = push_all(&mut builder, &bodies).unwrap_err();
            assert_eq!(error.sqlstate(), "08P01");
            assert!(error.to_string().contains(&format!("row {}", at + 1)), "{error}");
            let batch = builder.finish().unwrap();
            assert_eq!(batch.column(0).as_primitive::<Int32Type>().values(), &vec![7; at]);
            assert_eq!(batch.column(1).null_count(), at);
        }
    }
}

#[test]
fn a_null_and_a_bad_value_fail_in_the_order_of_their_rows() {
    let not_null = ColumnSpec { nullable: false, ..text(INT4) };
    let (null, bad, good) = (row(&[None]), row(&[Some(b"x")]), row(&[Some(b"1")]));
    for (bodies, sqlstate) in [([&good, &null, &bad], "22004"), ([&good, &bad, &null], "22P02")] {
        let mut builder = builder(std::slice::from_ref(&not_null));
        let error = push_all(&mut builder, &bodies.map(Clone::clone)).unwrap_err();
        assert!(error.to_string().contains("row 2"), "{error}");
        assert_eq!(error.sqlstate(), sqlstate);
        assert_eq!(builder.finish().unwrap().num_rows(), 1);
    }
}

#[test]
fn batches_are_cut_at_the_same_rows_however_rows_arrive() {
    let bodies = mixed_rows();
    let bytes = messages(&bodies);
    for limits in [
        BatchLimits { rows: 1, bytes: usize::MAX },
        BatchLimits { rows: 7, bytes: usize::MAX },
        BatchLimits { rows: 600, bytes: 1000 },
        BatchLimits { rows: 600, bytes: 20_000 },
    ] {
        let mut alone = BatchBuilder::new(&columns(), limits);
        let mut together = BatchBuilder::new(&columns(), limits);
        let mut rows = DataRows::new(&bytes, bytes.len());
        for body in &bodies {
            if push(&mut alone, body).unwrap().is_break() {
                assert!(together.push(&mut rows).unwrap().is_break());
                assert_eq!(together.finish().unwrap(), alone.finish().unwrap());
            }
        }
        let _ = together.push(&mut rows).unwrap();
        assert!(rows.is_empty());
        assert_eq!(together.finish().unwrap(), alone.finish().unwrap());
    }
}

#[test]
fn rows_wider_than_a_block_are_read() {
    let columns = vec![text(INT4); 3000];
    let bodies: Vec<_> = (0..3).map(|number: u8| row(&vec![Some(&[b'0' + number][..]); 3000])).collect();
    let mut builder = builder(&columns);
    let _ = push_all(&mut builder, &bodies).unwrap();
    let batch = builder.finish().unwrap();
    assert_eq!(batch.column(2999).as_primitive::<Int32Type>().values(), &[0, 1, 2]);
}

#[test]
fn rows_longer_than_a_block_are_read() {
    let bodies: Vec<_> = (0..5).map(|number: u8| row(&[Some(&vec![b'a' + number; 700_000])])).collect();
    let mut builder = BatchBuilder::new(&[text(VARCHAR)], BatchLimits { rows: 10, bytes: usize::MAX });
    let _ = push_all(&mut builder, &bodies).unwrap();
    let batch = builder.finish().unwrap();
    let values: Vec<_> = batch.column(0).as_string::<i32>().iter().flatten().collect();
    assert_eq!(values, ["a", "b", "c", "d", "e"].map(|letter| letter.repeat(700_000)));
}
