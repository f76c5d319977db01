//! The three cases: their columns and their rows, made from a seed.
//!
//! Owns what the data is, not how it travels. Invariant: row `n` of a case is the same in every process, so that whoever
//! knows the case knows the checksum.

use clap::ValueEnum;
use fastrand::Rng;

const SEED: u64 = 0x5eed;

/// What is read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ValueEnum)]
pub(crate) enum Case {
    /// TPC-H lineitem, with the column types of AWS's TPC-H tables.
    Lineitem,
    /// Numerics, UTF-8 and timestamps, a tenth of them NULL.
    Mixed,
    /// A bigint and a double.
    Narrow,
}

/// The SQL type of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    BigInt,
    Char(u8),
    Date,
    Double,
    Integer,
    Numeric { precision: u8, scale: u8 },
    Timestamp,
    Varchar(u16),
}

/// A column of a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// A value, in the unit of the binary protocol: unscaled, days or microseconds since 2000-01-01.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Double(f64),
    Int(i64),
    Null,
    Numeric(i128),
    Text(String),
}

/// The rows of a case from the first on.
#[derive(Debug)]
pub(crate) struct Rows {
    case: Case,
    rng: Rng,
    order: Order,
}

/// What the lines of an order share.
#[derive(Debug, Default)]
struct Order {
    key: i64,
    date: i64,
    lines: i64,
    line: i64,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

const MONEY: Kind = Kind::Numeric { precision: 12, scale: 2 };

const LINEITEM: &[Column] = &[
    column("l_orderkey", Kind::BigInt),
    column("l_partkey", Kind::BigInt),
    column("l_suppkey", Kind::Integer),
    column("l_linenumber", Kind::Integer),
    column("l_quantity", MONEY),
    column("l_extendedprice", MONEY),
    column("l_discount", MONEY),
    column("l_tax", MONEY),
    column("l_returnflag", Kind::Char(1)),
    column("l_linestatus", Kind::Char(1)),
    column("l_shipdate", Kind::Date),
    column("l_commitdate", Kind::Date),
    column("l_receiptdate", Kind::Date),
    column("l_shipinstruct", Kind::Char(25)),
    column("l_shipmode", Kind::Char(10)),
    column("l_comment", Kind::Varchar(44)),
];

const MIXED: &[Column] = &[
    column("id", Kind::BigInt),
    column("amount", Kind::Numeric { precision: 18, scale: 4 }),
    column("rate", Kind::Numeric { precision: 38, scale: 10 }),
    column("price", Kind::Numeric { precision: 9, scale: 2 }),
    column("name", Kind::Varchar(64)),
    column("city", Kind::Varchar(48)),
    column("note", Kind::Varchar(256)),
    column("created", Kind::Timestamp),
    column("updated", Kind::Timestamp),
    column("ratio", Kind::Double),
];

const NARROW: &[Column] = &[column("id", Kind::BigInt), column("value", Kind::Double)];

const INSTRUCTIONS: [&str; 4] = ["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"];
const MODES: [&str; 7] = ["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"];
const WORDS: [&str; 16] = [
    "furiously",
    "regular",
    "deposits",
    "sleep",
    "quickly",
    "final",
    "accounts",
    "above",
    "the",
    "carefully",
    "ironic",
    "packages",
    "haggle",
    "blithely",
    "express",
    "requests",
];
const NAMES: [&str; 8] = [
    "Zoë Müller",
    "Søren Kjær",
    "李小龍",
    "Łukasz Żak",
    "Анна Иванова",
    "José Núñez",
    "John Smith",
    "नेहा शर्मा",
];
const CITIES: [&str; 6] = ["São Paulo", "München", "東京", "Kraków", "Springfield", "Αθήνα"];

impl Case {
    pub(crate) const ALL: [Self; 3] = [Self::Narrow, Self::Lineitem, Self::Mixed];

    /// Also the name of the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lineitem => "lineitem",
            Self::Mixed => "mixed",
            Self::Narrow => "narrow",
        }
    }

    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            Self::Lineitem => LINEITEM,
            Self::Mixed => MIXED,
            Self::Narrow => NARROW,
        }
    }

    /// Rows that differ, more than 64 MiB of them in every format: no cache holds them.
    pub(crate) fn distinct_rows(self) -> u64 {
        match self {
            Self::Lineitem => 400_000,
            Self::Mixed => 500_000,
            Self::Narrow => 2_500_000,
        }
    }

    /// Rows of the whole result when replayed: the distinct ones a number of times.
    pub(crate) fn result_rows(self) -> u64 {
        match self {
            Self::Lineitem => 15 * self.distinct_rows(),
            Self::Mixed => 8 * self.distinct_rows(),
            Self::Narrow => 4 * self.distinct_rows(),
        }
    }

    pub(crate) fn rows(self) -> Rows {
        Rows { case: self, rng: Rng::with_seed(SEED), order: Order::default() }
    }

    pub(crate) fn create_table(self) -> String {
        let columns: Vec<_> =
            self.columns().iter().map(|column| format!("{} {}", column.name, column.kind.ddl())).collect();
        format!("CREATE TABLE {} ({})", self.name(), columns.join(", "))
    }
}

impl Kind {
    pub(crate) fn oid(self) -> u32 {
        match self {
            Self::BigInt => 20,
            Self::Char(_) => 1042,
            Self::Date => 1082,
            Self::Double => 701,
            Self::Integer => 23,
            Self::Numeric { .. } => 1700,
            Self::Timestamp => 1114,
            Self::Varchar(_) => 1043,
        }
    }

    /// The type modifier of RowDescription.
    pub(crate) fn modifier(self) -> i32 {
        match self {
            Self::Char(length) => i32::from(length) + 4,
            Self::Numeric { precision, scale } => (i32::from(precision) << 16 | i32::from(scale)) + 4,
            Self::Varchar(length) => i32::from(length) + 4,
            _ => -1,
        }
    }

    /// The size of RowDescription.
    pub(crate) fn size(self) -> i16 {
        match self {
            Self::BigInt | Self::Double | Self::Timestamp => 8,
            Self::Date | Self::Integer => 4,
            Self::Char(_) | Self::Numeric { .. } | Self::Varchar(_) => -1,
        }
    }

    fn ddl(self) -> String {
        match self {
            Self::BigInt => "bigint".to_owned(),
            Self::Char(length) => format!("char({length})"),
            Self::Date => "date".to_owned(),
            Self::Double => "double precision".to_owned(),
            Self::Integer => "integer".to_owned(),
            Self::Numeric { precision, scale } => format!("numeric({precision},{scale})"),
            Self::Timestamp => "timestamp".to_owned(),
            Self::Varchar(length) => format!("varchar({length})"),
        }
    }
}

impl Iterator for Rows {
    type Item = Vec<Value>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.case {
            Case::Lineitem => self.lineitem(),
            Case::Mixed => self.mixed(),
            Case::Narrow => self.narrow(),
        })
    }
}

impl Rows {
    fn narrow(&mut self) -> Vec<Value> {
        vec![Value::Int(self.rng.i64(..)), Value::Double(self.double())]
    }

    fn lineitem(&mut self) -> Vec<Value> {
        if self.order.line == self.order.lines {
            // 1992-01-01 to 1998-08-02; keys are sparse, as in TPC-H.
            let key = self.order.key + self.rng.i64(1..8);
            self.order = Order { key, date: self.rng.i64(-2922..-516), lines: self.rng.i64(1..=7), line: 0 };
        }
        self.order.line += 1;
        let quantity = self.rng.i64(1..=50);
        let part = self.rng.i64(1..=200_000);
        let retail_price = 90_000 + part / 10 % 20_001 + 100 * (part % 1000);
        let shipped = self.order.date + self.rng.i64(1..=121);
        let received = shipped + self.rng.i64(1..=30);
        let today = -1659;
        let flag = if received > today { "N" } else { self.pick(&["R", "A"]) };
        let money = |cents: i64| Value::Numeric(i128::from(cents));
        vec![
            Value::Int(self.order.key),
            Value::Int(part),
            Value::Int(self.rng.i64(1..=10_000)),
            Value::Int(self.order.line),
            money(100 * quantity),
            money(quantity * retail_price),
            money(self.rng.i64(0..=10)),
            money(self.rng.i64(0..=8)),
            text(flag),
            text(if shipped > today { "O" } else { "F" }),
            Value::Int(shipped),
            Value::Int(self.order.date + self.rng.i64(30..=90)),
            Value::Int(received),
            // The server pads CHAR with blanks.
            Value::Text(format!("{:25}", self.pick(&INSTRUCTIONS))),
            Value::Text(format!("{:10}", self.pick(&MODES))),
            Value::Text(self.words(10, 43)),
        ]
    }

    fn mixed(&mut self) -> Vec<Value> {
        let amount = i128::from(self.rng.i64(-1_000_000_000_000..1_000_000_000_000));
        // Half of them need more than 64 bits.
        let rate = i128::from(self.rng.i64(..)) << self.rng.u8(0..32);
        let created = self.rng.i64(0..800_000_000) * 1_000_000;
        let mut row = vec![
            Value::Int(self.rng.i64(..)),
            Value::Numeric(amount),
            Value::Numeric(rate),
            Value::Numeric(self.rng.i32(-99_999_999..99_999_999).into()),
            text(self.pick(&NAMES)),
            text(self.pick(&CITIES)),
            Value::Text(format!("{} ☂ {}", self.words(5, 30), self.pick(&NAMES))),
            Value::Int(created),
            Value::Int(created + self.rng.i64(0..86_400_000_000)),
            Value::Double(self.double()),
        ];
        for value in row.iter_mut().skip(1) {
            if self.rng.u8(0..10) == 0 {
                *value = Value::Null;
            }
        }
        row
    }

    fn double(&mut self) -> f64 {
        (self.rng.f64() - 0.5) * 2e6
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        self.rng.choice(from).copied().unwrap_or_default()
    }

    /// Words of a total length within the bounds.
    fn words(&mut self, shortest: usize, longest: usize) -> String {
        let length = self.rng.usize(shortest..=longest);
        let mut text = String::with_capacity(length + 10);
        while text.len() < length {
            text.push_str(self.pick(&WORDS));
            text.push(' ');
        }
        text.truncate(length);
        text
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_value_per_column_and_are_the_same_every_time() {
        for case in Case::ALL {
            let rows: Vec<_> = case.rows().take(1000).collect();
            assert!(rows.iter().all(|row| row.len() == case.columns().len()), "{case:?}");
            assert_eq!(rows, case.rows().take(1000).collect::<Vec<_>>(), "{case:?}");
            assert_ne!(rows[0], rows[1], "{case:?}");
        }
    }

    #[test]
    fn a_tenth_of_the_mixed_values_is_null() {
        let values: Vec<_> =
            Case::Mixed.rows().take(10_000).flat_map(|row| row.into_iter().skip(1)).collect();
        let nulls = values.iter().filter(|value| **value == Value::Null).count();
        assert!((9..=11).contains(&(100 * nulls / values.len())), "{nulls} of {}", values.len());
    }
}
