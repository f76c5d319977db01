//! What is written about options elsewhere agrees with the option table.

use adbc_driver_redshift::adbc::options;

#[test]
fn the_readme_shows_the_option_table() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("<!-- options:begin -->").expect("the README has an option table");
    let (table, _) = rest.split_once("<!-- options:end -->").expect("the README's option table ends");
    assert_eq!(
        table.trim(),
        options::markdown_table().trim(),
        "README.md is stale; paste the output of: cargo run --example option_table -- --markdown"
    );
}
