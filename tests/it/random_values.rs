//! Random values of every type come out of the driver as they went into the engine, whatever the protocol and format.
//!
//! The seed is fixed, so that a failure repeats.

use arrow_array::builder::{BinaryBuilder, ListBuilder, StringBuilder};
use arrow_array::types::{ArrowPrimitiveType, Decimal128Type, Int32Type, TimestampMicrosecondType};
use arrow_array::{
    BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, ListArray, PrimitiveArray, StringArray, Time64MicrosecondArray,
};
use arrow_buffer::IntervalMonthDayNano;
use proptest::collection::vec;
use proptest::num;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::shapes::{Shape, Wkb, shape};
use crate::values::{Column, check};

const US_PER_DAY: i64 = 86_400_000_000;
const DAYS_1970_TO_2000: i32 = 10_957;
const US_1970_TO_2000: i64 = DAYS_1970_TO_2000 as i64 * US_PER_DAY;

/// 24 November 4714 BC, the first day of PostgreSQL's calendar, and the last one, as days since 1970.
const FIRST_DAY: i32 = -2_440_588;
const LAST_DAY: i32 = 2_145_042_905;

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 100,
        rng_seed: RngSeed::Fixed(0x5EED),
        ..Config::default()
    }
}

/// Up to a hundred values, one in ten of them NULL.
fn values<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Option<T>>> {
    vec(weighted(0.9, value), 0..100)
}

fn texts<T>(values: &[Option<T>], text: impl Fn(&T) -> String) -> Vec<Option<String>> {
    values.iter().map(|value| value.as_ref().map(&text)).collect()
}

fn primitives<T: ArrowPrimitiveType>(values: &[Option<T::Native>]) -> PrimitiveArray<T> {
    values.iter().copied().collect()
}

/// Days and the rest of a day, which keeps within the numbers that an interval literal takes.
fn days_and_us(us: i64) -> String {
    format!("{} days {} microseconds", us / US_PER_DAY, us % US_PER_DAY)
}

/// A number of any size, not only of the largest.
fn wide() -> impl Strategy<Value = i128> {
    (any::<i128>(), 0..127_u32).prop_map(|(number, shift)| number >> shift)
}

fn wide_us() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0..63_u32).prop_map(|(number, shift)| number >> shift)
}

fn decimal_text(unscaled: i128, scale: u8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = usize::from(scale) + 1);
    let (whole, fraction) = digits.split_at(digits.len() - usize::from(scale));
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// NUMERIC(precision, scale) with these numbers cut to its digits, after its bounds, zero and NULL.
fn decimal_column(precision: u8, scale: u8, numbers: &[i128]) -> Column {
    let bound = 10_i128.pow(precision.into()) - 1;
    let fixed = [Some(-bound), Some(bound), Some(0), None];
    let values: Vec<_> =
        fixed.into_iter().chain(numbers.iter().map(|number| Some(number % (bound + 1)))).collect();
    let expected = primitives::<Decimal128Type>(&values);
    let expected = expected.with_precision_and_scale(precision, scale.try_into().unwrap()).unwrap();
    let texts = texts(&values, |value| decimal_text(*value, scale));
    Column::new(&format!("NUMERIC({precision},{scale})"), texts, expected)
}

proptest! {
    #![proptest_config(config(2))]

    /// Redshift's largest scale is 37.
    #[test]
    fn decimals_of_every_precision_and_scale(numbers in vec(wide(), 12)) {
        for precision in 1..=38 {
            let scales = 0..=precision.min(37);
            check(&scales.map(|scale| decimal_column(precision, scale, &numbers)).collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn booleans_and_integers(
        booleans in values(any::<bool>()),
        short in values(any::<i16>()),
        int in values(any::<i32>()),
        long in values(any::<i64>()),
    ) {
        check(&[Column::new("BOOLEAN", texts(&booleans, bool::to_string), BooleanArray::from(booleans))]);
        check(&[Column::new("SMALLINT", texts(&short, i16::to_string), Int16Array::from(short))]);
        check(&[Column::new("INTEGER", texts(&int, i32::to_string), Int32Array::from(int))]);
        check(&[Column::new("BIGINT", texts(&long, i64::to_string), Int64Array::from(long))]);
    }

    #[test]
    fn floats(single in values(num::f32::ANY), double in values(num::f64::ANY)) {
        // The engine has one NaN.
        let single: Vec<_> =
            single.into_iter().map(|it| it.map(|it| if it.is_nan() { f32::NAN } else { it })).collect();
        let double: Vec<_> =
            double.into_iter().map(|it| it.map(|it| if it.is_nan() { f64::NAN } else { it })).collect();
        check(&[Column::new("REAL", texts(&single, f32::to_string), Float32Array::from(single))]);
        check(&[Column::new("DOUBLE PRECISION", texts(&double, f64::to_string), Float64Array::from(double))]);
    }

    #[test]
    fn strings(strings in values(text(200))) {
        check(&[Column::new("VARCHAR(65535)", strings.clone(), StringArray::from(strings))]);
    }

    #[test]
    fn characters(strings in values(vec(proptest::char::range(' ', '~'), 0..8).prop_map(String::from_iter))) {
        let padded = texts(&strings, |text| format!("{text:<8}"));
        check(&[Column::new("CHAR(8)", strings, StringArray::from(padded))]);
    }

    #[test]
    fn dates(near in values(-100_000..100_000), any in values(FIRST_DAY..=LAST_DAY)) {
        for days in [near, any] {
            let since_2000 = texts(&days, |days| (days - DAYS_1970_TO_2000).to_string());
            let column = Column::new("DATE", since_2000, Date32Array::from(days));
            check(&[column.by("DATE '2000-01-01' + $v::integer")]);
        }
    }

    #[test]
    fn timestamps(
        near in values(-4_000_000_000_000_000..4_000_000_000_000_000_i64),
        any in values(i64::from(FIRST_DAY + 1) * US_PER_DAY..=i64::MAX),
    ) {
        for us in [near, any] {
            let since_2000 = texts(&us, |us| days_and_us(us - US_1970_TO_2000));
            let expected = primitives::<TimestampMicrosecondType>(&us);
            check(&[
                Column::new("TIMESTAMP", since_2000.clone(), expected.clone())
                    .by("TIMESTAMP '2000-01-01' + $v::interval"),
                Column::new("TIMESTAMPTZ", since_2000, expected.with_timezone("UTC"))
                    .by("TIMESTAMPTZ '2000-01-01 00:00:00+00' + $v::interval"),
            ]);
        }
    }

    #[test]
    fn times(us in values(0..US_PER_DAY)) {
        let texts = texts(&us, |us| format!("{us} microseconds"));
        let column = Column::new("TIME", texts, Time64MicrosecondArray::from(us));
        check(&[column.by("TIME '00:00' + $v::interval")]);
    }

    /// PostgreSQL knows zones up to, not including, 16 hours away.
    #[test]
    fn times_with_zone(values in values((0..=US_PER_DAY, -57_599..57_600))) {
        let whole = texts(&values, |(us, east)| timetz(*us, *east));
        let shown = texts(&values, |(us, east)| without_zeros(*us, &timetz(*us, *east)));
        check(&[Column::new("TIMETZ", whole, StringArray::from(shown))]);
    }

    #[test]
    fn intervals_of_years_and_months(months in values(any::<i32>())) {
        let expected: IntervalMonthDayNanoArray =
            months.iter().map(|months| months.map(|months| interval(months, 0))).collect();
        let texts = texts(&months, |months| format!("{months} mons"));
        check(&[Column::new("INTERVAL YEAR TO MONTH", texts, expected)]);
    }

    #[test]
    fn intervals_of_days_and_time(us in values(wide_us())) {
        let expected: IntervalMonthDayNanoArray = us.iter().map(|us| us.map(|us| interval(0, us))).collect();
        check(&[Column::new("INTERVAL DAY TO SECOND", texts(&us, |us| days_and_us(*us)), expected)]);
    }

    /// Days and time are one number on Redshift, so that hours beyond a day count as days.
    #[test]
    fn intervals_without_qualifier(values in values((any::<i32>(), -1_000_000..1_000_000_i64, wide_us()))) {
        let bounded = |days: i64, us: i64| days * US_PER_DAY + us / 2;
        let expected: IntervalMonthDayNanoArray = values
            .iter()
            .map(|value| value.map(|(months, days, us)| interval(months, bounded(days, us))))
            .collect();
        let texts = texts(&values, |(months, days, us)| {
            let (hours, rest) = (us / 2 / 3_600_000_000, us / 2 % 3_600_000_000);
            format!("{months} mons {days} days {hours} hours {rest} microseconds")
        });
        check(&[Column::new("INTERVAL", texts, expected)]);
    }

    #[test]
    fn varbytes(bytes in values(vec(any::<u8>(), 0..300))) {
        let expected: BinaryArray = bytes.iter().map(Option::as_deref).collect();
        let column = Column::new("VARBYTE(1024)", texts(&bytes, |bytes| hex(bytes)), expected);
        check(&[column.by("FROM_HEX($v)")]);
    }

    #[test]
    fn documents(documents in values(json())) {
        let texts = texts(&documents, ToString::to_string);
        check(&[Column::new("SUPER", texts.clone(), StringArray::from(texts)).by("JSON_PARSE($v)")]);
    }

    #[test]
    fn geometries(shapes in values((shape(), any::<(bool, bool)>(), weighted(0.5, 1..9999_u32)))) {
        let mut expected = BinaryBuilder::new();
        let iso = shapes.iter().map(|value| value.as_ref().map(|(shape, more, _)| shape.wkb(Wkb::Iso, *more)));
        iso.for_each(|wkb| expected.append_option(wkb));
        let texts = texts(&shapes, |(shape, more, srid)| hex(&shape.wkb(Wkb::Extended(*srid), *more)));
        check(&[Column::new("GEOMETRY", texts, expected.finish()).by("ST_GeomFromEWKB($v)")]);
    }

    #[test]
    fn geographies(shapes in values(shape())) {
        let mut expected = BinaryBuilder::new();
        let wkb = |shape: &Shape| shape.wkb(Wkb::Iso, (false, false));
        shapes.iter().for_each(|shape| expected.append_option(shape.as_ref().map(wkb)));
        let texts = texts(&shapes, |shape| hex(&wkb(shape)));
        check(&[Column::new("GEOGRAPHY", texts, expected.finish()).by("ST_GeogFromWKB($v)")]);
    }

    /// Redshift has arrays in its catalogs alone; the engine has them in tables as well.
    #[test]
    fn arrays(
        numbers in values(vec(weighted(0.8, any::<i32>()), 0..6)),
        words in values(vec(weighted(0.8, text(6)), 0..6)),
    ) {
        let integers = ListArray::from_iter_primitive::<Int32Type, _, _>(numbers.clone());
        let strings = {
            let mut builder = ListBuilder::new(StringBuilder::new());
            words.iter().for_each(|list| builder.append_option(list.clone()));
            builder.finish()
        };
        let numbers = texts(&numbers, |list| array(&texts(list, i32::to_string)));
        let words = texts(&words, |list| array(&texts(list, |text| quoted(text))));
        check(&[Column::new("INTEGER[]", numbers, integers)]);
        check(&[Column::new("TEXT[]", words.clone(), strings.clone())]);
        check(&[Column::new("VARCHAR[]", words, strings)]);
    }

    #[test]
    fn sketches(sketches in values(json())) {
        let mut expected = StringBuilder::new();
        let texts = texts(&sketches, ToString::to_string);
        texts.iter().for_each(|text| expected.append_option(text.as_ref()));
        check(&[Column::new("HLLSKETCH", texts, expected.finish())]);
    }
}

/// Months, and microseconds of which whole days are days.
fn interval(months: i32, us: i64) -> IntervalMonthDayNano {
    IntervalMonthDayNano::new(months, (us / US_PER_DAY).try_into().unwrap(), us % US_PER_DAY * 1000)
}

/// All parts of a TIMETZ: `12:34:56.789012+05:30:00`.
fn timetz(us: i64, east: i32) -> String {
    let (second, offset) = (us / 1_000_000, east.abs());
    format!(
        "{:02}:{:02}:{:02}.{:06}{}{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60,
        us % 1_000_000,
        if east < 0 { '-' } else { '+' },
        offset / 3600,
        offset / 60 % 60,
        offset % 60
    )
}

/// As the server prints it: without a fraction, minutes and seconds of the offset that are zero.
fn without_zeros(us: i64, whole: &str) -> String {
    let (time, offset) = whole.split_at("12:34:56.789012".len());
    let time = if us % 1_000_000 == 0 { &time[.."12:34:56".len()] } else { time.trim_end_matches('0') };
    let offset = offset.strip_suffix(":00:00").or(offset.strip_suffix(":00")).unwrap_or(offset);
    format!("{time}{offset}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Any characters that the server can store.
fn text(longest: usize) -> impl Strategy<Value = String> {
    vec(any::<char>().prop_filter("no NUL", |c| *c != '\0'), 0..longest).prop_map(String::from_iter)
}

/// An array's text form.
fn array(elements: &[Option<String>]) -> String {
    let elements: Vec<_> = elements.iter().map(|element| element.as_deref().unwrap_or("NULL")).collect();
    format!("{{{}}}", elements.join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let text = || text(20);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            vec((text(), inner), 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}
