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

/// Light or dark, as the person has it; `yes` and `no` tell the outcome at a glance.
const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #16191f; --paper: #fff; --desk: #f4f5f7; --edge: #d5dbdb }
@media (prefers-color-scheme: dark) { :root { --ink: #e9ebed; --paper: #1b2530; --desk: #0f1b2a; --edge: #414d5c } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--desk); margin: 0; display: grid; \
min-height: 100vh; place-items: center }
main { background: var(--paper); border: 1px solid var(--edge); border-top: .3rem solid; border-radius: .5rem; \
padding: 1.8rem 2.5rem 2rem; margin: 1rem; max-width: 28rem }
.yes { border-top-color: #1d8102 }
.no { border-top-color: #d13212 }
h1 { font-size: 1.4rem; margin: 0 0 .5rem }
p { margin: 0 }
";

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
    Declined,
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
        let (status, mark, title, text) = self.content();
        let body = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main \
             class=\"{mark}\">\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
        );
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: \
             no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'; style-src \
             'unsafe-inline'\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// The HTTP status, the colour, the heading and the text.
    fn content(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Declined => (
                "400 Bad Request",
                "no",
                "Access was declined",
                "The Amazon Redshift driver was not given access, and the connection was not made. To try again, go back \
                 to your application and connect anew. You can close this window.",
            ),
            Self::Failed => (
                "400 Bad Request",
                "no",
                "Sign-in did not succeed",
                "AWS did not complete it. Your application shows the reason. You can close this window.",
            ),
            Self::Forged => (
                "400 Bad Request",
                "no",
                "This page does not belong to a sign-in",
                "The request was refused. If a sign-in is open in another window, continue there.",
            ),
            Self::NotFound => {
                ("404 Not Found", "no", "Nothing here", "This address is used to complete a sign-in.")
            }
            Self::SignedIn => (
                "200 OK",
                "yes",
                "You are signed in",
                "The Amazon Redshift driver has received your sign-in. You can close this window and go back to your \
                 application.",
            ),
        }
    }
}
