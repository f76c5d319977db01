//! Prints the option table: as JSON, a line per option, or with `--markdown` as the README shows it.

use adbc_driver_redshift::adbc::options::{self, Kind, OptionSpec};

fn main() {
    if std::env::args().any(|argument| argument == "--markdown") {
        print!("{}", options::markdown_table());
    } else {
        for spec in options::TABLE {
            println!("{}", json_line(spec));
        }
    }
}

fn json_line(spec: &OptionSpec) -> String {
    let levels: Vec<_> = spec.levels.iter().map(|level| format!("\"{}\"", level.name())).collect();
    let default = spec.default.map_or("null".to_owned(), |default| format!("\"{default}\""));
    let choices = match spec.kind {
        Kind::Choice(names) => names.iter().map(|name| format!("\"{name}\"")).collect(),
        _ => Vec::new(),
    };
    format!(
        r#"{{"key": "{}", "levels": [{}], "default": {default}, "secret": {}, "choices": [{}]}}"#,
        spec.key,
        levels.join(", "),
        spec.is_secret(),
        choices.join(", ")
    )
}
