//! A scripted HTTP server on loopback.
//!
//! Invariant: what no rule answers gets a 501 and is recorded, so that a test can see it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer, used at most `times` times for requests that contain every text of `when`.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) when: Vec<String>,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) times: usize,
    pub(super) delay: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<String>,
    unanswered: Vec<String>,
}

pub(super) fn rule(when: &str, status: u16, body: &str) -> Rule {
    Rule {
        when: vec![when.into()],
        status,
        headers: Vec::new(),
        body: body.into(),
        times: usize::MAX,
        delay: Duration::ZERO,
    }
}

impl Server {
    pub(super) async fn start(rules: Vec<Rule>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, state: Arc::new(Mutex::new(State { rules, ..State::default() })) };
        let state = Arc::clone(&server.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&state)));
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn add(&self, rule: Rule) {
        self.state.lock().unwrap().rules.push(rule);
    }

    /// Requests so far, each as method, path, headers and body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    pub(super) fn count(&self, text: &str) -> usize {
        self.requests().iter().filter(|request| request.contains(text)).count()
    }

    pub(super) fn assert_all_answered(&self) {
        let unanswered = self.state.lock().unwrap().unanswered.clone();
        assert!(unanswered.is_empty(), "no rule for {unanswered:#?}");
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut stream).await else { return };
    let rule = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        let fits = |rule: &&mut Rule| rule.times > 0 && rule.when.iter().all(|text| request.contains(text));
        match state.rules.iter_mut().find(fits) {
            Some(rule) => {
                rule.times -= 1;
                rule.clone()
            }
            None => {
                state.unanswered.push(request);
                super::server::rule("", 501, "unscripted")
            }
        }
    };
    tokio::time::sleep(rule.delay).await;
    let headers: String = rule.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let answer = format!(
        "HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\nConnection: close\r\nx-amzn-RequestId: request-1\r\n{headers}\r\n{}",
        rule.status,
        rule.body.len(),
        rule.body
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse().unwrap());
        if body.len() >= length {
            return Some(text);
        }
    }
}
