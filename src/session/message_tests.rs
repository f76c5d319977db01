//! Parsing of good, truncated and oversized messages.

use super::*;

/// Label `a`, numeric(8,2) of public.t.col in dev: the reference's example field.
const EXTENDED: &[u8] =
    b"\0\x01a\0\0\0\0\x64\0\x01\0\0\x06\xa4\xff\xff\0\x08\0\x06\0\x01public\0t\0col\0dev\0\x10\x11";
const PLAIN: &[u8] = b"\0\x01a\0\0\0\0\x64\0\x01\0\0\x06\xa4\xff\xff\0\x08\0\x06\0\x01";

#[test]
fn row_description_reads_the_extended_layout() {
    let columns = row_description(EXTENDED, 1, Format::Text).unwrap();
    let [column] = columns.as_slice() else { panic!("{columns:?}") };
    assert_eq!((column.name.as_str(), column.table_oid, column.attribute), ("a", 100, 1));
    assert_eq!((column.type_oid, column.type_modifier, column.format), (1700, 0x0008_0006, Format::Text));
    let extended = column.extended.as_ref().unwrap();
    assert_eq!((extended.schema.as_str(), extended.table.as_str()), ("public", "t"));
    assert_eq!((extended.column.as_str(), extended.catalog.as_str()), ("col", "dev"));
    assert_eq!(extended.flags, 0x1011);
    assert!(extended.not_null());
}

#[test]
fn row_description_reads_the_plain_layout() {
    let columns = row_description(PLAIN, 0, Format::Binary).unwrap();
    assert_eq!(columns[0].type_oid, 1700);
    assert!(columns[0].extended.is_none());
}

#[test]
fn row_description_of_the_other_version_is_refused() {
    assert_eq!(row_description(EXTENDED, 0, Format::Text).unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(row_description(PLAIN, 2, Format::Text).unwrap_err().kind(), ErrorKind::Protocol);
}

#[test]
fn every_truncation_is_an_error() {
    for end in 0..EXTENDED.len() {
        assert!(row_description(&EXTENDED[..end], 1, Format::Text).is_err(), "{end} bytes");
    }
    let row = b"\0\x02\0\0\0\x01x\xff\xff\xff\xff";
    for end in 0..row.len() {
        assert!(text_row(&row[..end]).is_err(), "{end} bytes");
    }
    assert_eq!(text_row(row).unwrap(), [Some("x".to_owned()), None]);
}

#[test]
fn hostile_lengths_are_errors() {
    assert!(text_row(b"\0\x01\x7f\xff\xff\xffx").is_err());
    assert!(text_row(b"\0\x01\xff\xff\xff\xfex").is_err());
    assert!(parameter_description(b"\xff\xff\0\0\0\x01").is_err());
    assert!(authentication(b"\0\0\0\x0d\0\0\0\0\x7f\xff\xff\xff").is_err());
    assert!(ready_for_query(b"II").is_err());
    assert!(backend_key_data(b"\0\0\0\x01").is_err());
}

#[test]
fn digest_request_matches_the_published_vector() {
    let mut body = vec![0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0, 16];
    body.extend(0..16);
    body.extend([0, 0, 0, 16]);
    body.extend(16..32);
    let salt: Vec<u8> = (0..16).collect();
    let nonce: Vec<u8> = (16..32).collect();
    let expected = Authentication::Digest { algorithm: 0, salt: &salt, server_nonce: &nonce };
    assert_eq!(authentication(&body).unwrap(), expected);
}

#[test]
fn code_10_is_sasl_only_with_a_list_of_mechanisms() {
    let sasl = authentication(b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0").unwrap();
    assert_eq!(sasl, Authentication::Sasl(vec!["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]));
    for payload in [&b""[..], b"\0", b"\0\0", b"\x01\x02\0\0", b"GSS"] {
        let body = [b"\0\0\0\x0a", payload].concat();
        assert_eq!(authentication(&body).unwrap(), Authentication::Other(10), "{payload:?}");
    }
}

#[test]
fn command_tags_give_their_last_number() {
    let rows = |text: &[u8]| command_complete(text).unwrap().rows;
    assert_eq!(rows(b"INSERT 0 5\0"), Some(5));
    assert_eq!(rows(b"UPDATE 7\0"), Some(7));
    assert_eq!(rows(b"SELECT\0"), None);
    assert_eq!(rows(b"CREATE TABLE\0"), None);
    assert!(command_complete(b"SELECT").is_err());
    assert_eq!(CommandTag::new("SELECT 3").plus(10).text, "SELECT 13");
    assert_eq!(CommandTag::new("SELECT").plus(10).text, "SELECT");
}

#[test]
fn server_errors_keep_all_readable_fields() {
    let error = server_error(b"SFATAL\0C28000\0Mno\0Ddetail\0Hhint\0P3\0Wctx\0Ff.c\0L7\0Rr\0Zfuture\0\0");
    assert_eq!(
        (error.severity.as_str(), error.code.as_str(), error.message.as_str()),
        ("FATAL", "28000", "no")
    );
    assert_eq!(error.detail.as_deref(), Some("detail"));
    assert_eq!(error.position.as_deref(), Some("3"));
    assert_eq!(error.routine.as_deref(), Some("r"));
    assert_eq!(server_error(b"Mno end").message, "no end");
}

#[test]
fn sql_with_a_nul_byte_cannot_be_sent() {
    let error = Request::default().parse("", "select '\0'").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
