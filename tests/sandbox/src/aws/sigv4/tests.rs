//! Signature tests on the request that AWS's documentation of Signature Version 4 signs step by step.

use bytes::Bytes;
use hyper::header::HeaderMap;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

fn documented(signature: &str) -> Request {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
    );
    let mut headers = HeaderMap::new();
    headers.insert("host", "iam.amazonaws.com".parse().unwrap());
    headers.insert("content-type", "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap());
    headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
    headers.insert("authorization", authorization.parse().unwrap());
    Request {
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: "Version=2010-05-08&Action=ListUsers".to_owned(),
        headers,
        body: Bytes::new(),
    }
}

fn verify(request: &Request, regions: &[&str], service: &str, secret: &str, now: &str) -> Result<(), Common> {
    let now = time::parse_basic(now).unwrap();
    Authorization::parse(request)?.verify(request, (regions, service), secret, now)
}

fn complaint(result: Result<(), Common>) -> String {
    match result {
        Err(Common::Signature(text) | Common::Incomplete(text)) => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn the_documented_signature_is_accepted() {
    let request = documented(SIGNATURE);
    assert_eq!(verify(&request, &["us-east-1"], "iam", SECRET, "20150830T123700Z"), Ok(()));
}

#[test]
fn what_differs_is_named_in_the_words_of_aws() {
    let request = documented(SIGNATURE);
    let check = |region, service, secret, now| complaint(verify(&request, &[region], service, secret, now));
    let cases = [
        (check("us-east-1", "iam", "other", "20150830T123600Z"), MISMATCH),
        (check("us-west-2", "iam", SECRET, "20150830T123600Z"), "valid region, not 'us-east-1'. "),
        (check("us-east-1", "sts", SECRET, "20150830T123600Z"), "correct service: 'sts'. "),
        (
            check("us-east-1", "iam", SECRET, "20150830T125101Z"),
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)",
        ),
        (
            check("us-east-1", "iam", SECRET, "20150830T123059Z"),
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)",
        ),
    ];
    for (said, expected) in cases {
        assert!(said.contains(expected), "{said:?} should contain {expected:?}");
    }
}

#[test]
fn a_changed_body_path_query_or_signed_header_is_refused() {
    let changes: [fn(&mut Request); 5] = [
        |request| request.body = Bytes::from_static(b"x"),
        |request| request.path = "/x".to_owned(),
        |request| request.query = "Version=2010-05-08&Action=ListRoles".to_owned(),
        |request| request.method = "POST".to_owned(),
        |request| {
            request.headers.insert("host", "sts.amazonaws.com".parse().unwrap());
        },
    ];
    for change in changes {
        let mut request = documented(SIGNATURE);
        change(&mut request);
        assert_eq!(complaint(verify(&request, &["us-east-1"], "iam", SECRET, "20150830T123600Z")), MISMATCH);
    }
}

#[test]
fn malformed_authorization_is_incomplete() {
    let parse = |text: &'static str| {
        let mut request = documented(SIGNATURE);
        request.headers.insert("authorization", text.parse().unwrap());
        complaint(verify(&request, &["us-east-1"], "iam", SECRET, "20150830T123600Z"))
    };
    assert!(parse("Bearer abc").contains("Unsupported AWS 'algorithm': 'Bearer'"));
    assert!(parse("AWS4-HMAC-SHA256 Signature=0").contains("requires 'Credential'"));
    assert!(
        parse("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0").contains("exactly 5")
    );
    let mut request = documented(SIGNATURE);
    request.headers.remove("x-amz-date");
    let said = complaint(verify(&request, &["us-east-1"], "iam", SECRET, "20150830T123600Z"));
    assert!(said.contains("'X-Amz-Date' or a 'Date'"), "{said}");
}

#[test]
fn host_must_be_signed() {
    let mut request = documented(SIGNATURE);
    let header = request.header("authorization").unwrap().replace("host;", "");
    request.headers.insert("authorization", header.parse().unwrap());
    let said = complaint(verify(&request, &["us-east-1"], "iam", SECRET, "20150830T123600Z"));
    assert!(said.contains("must be a 'SignedHeader'"), "{said}");
}

#[test]
fn paths_and_queries_take_their_canonical_form() {
    assert_eq!(canonical_path("/"), "/");
    assert_eq!(canonical_path("/a/./b/../c d%20"), "/a/c%20d%2520");
    assert_eq!(canonical_path("//a//b/"), "/a/b/");
    assert_eq!(canonical_query("b=2&a=%C3%A9&a=1&c"), "a=%C3%A9&a=1&b=2&c=");
}
