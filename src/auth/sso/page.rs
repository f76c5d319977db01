//! The loopback listener that the browser comes back to, and the pages it shows.
//!
//! It knows nothing of tokens. Invariant: pages are constant text, so nothing that a request carries is ever echoed.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use crate::secret::Secret;

const MAX_REQUEST_BYTES: usize = 16 * 1024;
/// Browsers open connections ahead of need and leave them idle.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The query of a request to the callback path.
#[derive(Debug, Default)]
pub(super) struct Callback {
    pub(super) code: Option<Secret>,
    pub(super) state: Option<String>,
    pub(super) error: Option<String>,
}

/// Requests to the callback path, from a listener that lives as long as this does.
#[derive(Debug)]
pub(super) struct Callbacks {
    received: mpsc::Receiver<(Callback, Answer)>,
    // Dropping it stops the listener and every connection.
    _tasks: JoinSet<()>,
}

/// The browser's connection, waiting for a page.
#[derive(Debug)]
pub(super) struct Answer(TcpStream);

/// What the browser shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Page {
    Failed,
    Forged,
    NotFound,
    SignedIn,
}

impl Callbacks {
    pub(super) fn listen(listener: TcpListener, port: u16) -> Self {
        let (sender, received) = mpsc::channel(8);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of file descriptors, most likely: others will be closed.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                while connections.try_join_next().is_some() {}
                let sender = sender.clone();
                connections.spawn(async move {
                    let served = serve(stream, port, sender);
                    // An idle connection is closed without a word.
                    let _ = tokio::time::timeout(REQUEST_TIMEOUT, served).await;
                });
            }
        });
        Self { received, _tasks: tasks }
    }

    /// The next callback; the caller has the deadline.
    pub(super) async fn next(&mut self) -> (Callback, Answer) {
        match self.received.recv().await {
            Some(callback) => callback,
            None => std::future::pending().await,
        }
    }
}

impl Answer {
    /// Sends the page. A browser that went away does not matter to the login.
    pub(super) async fn send(mut self, page: Page) {
        let _ = self.0.write_all(page.response().as_bytes()).await;
        let _ = self.0.shutdown().await;
    }
}

async fn serve(mut stream: TcpStream, port: u16, sender: mpsc::Sender<(Callback, Answer)>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let answer = Answer(stream);
    match parse(&request, port) {
        Some(callback) => {
            let _ = sender.send((callback, answer)).await;
        }
        None => answer.send(Page::NotFound).await,
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::with_capacity(2048);
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        if request.len() > MAX_REQUEST_BYTES || stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// A GET for the exact path, at the loopback address that was registered: a page elsewhere whose name was made to
/// resolve to 127.0.0.1 has another Host.
fn parse(request: &[u8], port: u16) -> Option<Callback> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    parsed.parse(request).ok()?;
    let host = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("host"))?.value;
    if parsed.method != Some("GET") || host != format!("127.0.0.1:{port}").as_bytes() {
        return None;
    }
    let url = Url::parse("http://127.0.0.1").ok()?.join(parsed.path?).ok()?;
    if url.path() != "/oauth/callback" {
        return None;
    }
    let mut callback = Callback::default();
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "code" => callback.code = Some(Secret::new(value)),
            "state" => callback.state = Some(value.into_owned()),
            "error" => callback.error = Some(value.into_owned()),
            _ => {}
        }
    }
    Some(callback)
}

impl Page {
    fn response(self) -> String {
        let (status, title, text) = match self {
            Self::Failed => (
                "400 Bad Request",
                "Sign-in did not succeed",
                "The application that asked for it shows the reason. You can close this window.",
            ),
            Self::Forged => (
                "400 Bad Request",
                "This page does not belong to a sign-in",
                "The request was refused. If a sign-in is open in another window, continue there.",
            ),
            Self::NotFound => {
                ("404 Not Found", "Nothing here", "This address is used to complete a sign-in.")
            }
            Self::SignedIn => (
                "200 OK",
                "You are signed in",
                "The Amazon Redshift driver has received your sign-in. You can close this window.",
            ),
        };
        let body = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{title}</title>\n<style>\nbody {{ font: 1rem/1.5 system-ui, \
             sans-serif; color: #16191f; background: #f4f5f7; margin: 0; display: grid; min-height: 100vh; \
             place-items: center }}\nmain {{ background: #fff; border: 1px solid #d5dbdb; border-radius: .5rem; \
             padding: 2rem 2.5rem; max-width: 28rem }}\nh1 {{ font-size: 1.4rem; margin: 0 0 .5rem }}\np {{ margin: 0 \
             }}\n</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: \
             no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; style-src \
             'unsafe-inline'\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}
