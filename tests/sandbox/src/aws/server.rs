//! The listener: reads a request, lets faults strike, checks the signature, asks the service, logs, answers.
//!
//! Owns the thread, the sockets and the order of those steps. Services are synchronous functions over the world,
//! so nothing waits while the lock is held. The invariant: every request is answered or its connection closed
//! within a bounded time, and every answer has a request id.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::failure::{Common, Failure};
use super::fault::Strike;
use super::http::{Reply, Request};
use super::identity::Principal;
use super::log::{self, Recorded};
use super::route::{Call, Service, route};
use super::sigv4::Authorization;
use super::world::{World, now};
use super::{login, oidc, portal, random, redshift, serverless, sts, time};

const BODY_LIMIT: usize = 1 << 20;

/// The longest that a client may take to send a request.
const READ_LIMIT: Duration = Duration::from_secs(10);

/// What a service may know of the request that it answers.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) request: &'a Request,
    pub(crate) call: &'a Call,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
}

/// The world behind its lock.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server; dropping it stops it and closes its connections.
#[derive(Debug)]
pub(crate) struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the world on a bound listener, from a thread of its own.
    pub(crate) fn start(listener: TcpListener, world: Shared) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = accept(listener, world) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("sandbox-aws".to_owned()).spawn(serve)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic on the thread was reported where it happened.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, world: Shared) {
    loop {
        // Failures to accept are those of one connection, or of a lack of descriptors that passes.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let world = world.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(request, world.clone()));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(READ_LIMIT);
            // The client closed the connection, or a fault did: there is nobody left to tell.
            let _ = http.serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed without an answer, as scripted")
    }
}

impl std::error::Error for Reset {}

async fn answer(
    request: hyper::Request<Incoming>,
    world: Shared,
) -> Result<hyper::Response<Full<Bytes>>, Reset> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(READ_LIMIT, Limited::new(body, BODY_LIMIT).collect()).await;
    let Ok(Ok(body)) = body else { return Err(Reset) };
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    let request_id = random::request_id();
    let routed = route(&request);
    let strike = match &routed {
        Ok(call) => world.lock().faults.strike(call.service, &call.operation),
        Err(_) => Strike::default(),
    };
    if !strike.delay.is_zero() {
        tokio::time::sleep(strike.delay).await;
    }
    let (reset, now) = (strike.reset, now(strike.skew_seconds));
    let reply = serve(&mut world.lock(), &request, &routed, strike, (&request_id, now));
    if reset { Err(Reset) } else { Ok(response(reply, &request_id, now)) }
}

fn serve(
    world: &mut World,
    request: &Request,
    routed: &Result<Call, String>,
    strike: Strike,
    turn: (&str, Timestamp),
) -> Reply {
    let (request_id, now) = turn;
    let (reply, service, operation, parameters) = match routed {
        Ok(call) => {
            let turn = Turn { request, call, request_id, now };
            let done = match strike.failure {
                Some(failure) => Err(failure),
                None if strike.reset => Ok(Reply::new(0, "", String::new())),
                None => dispatch(world, &turn),
            };
            let reply = done.unwrap_or_else(|failure| failure.reply(call.service, request_id));
            (reply, Some(call.service), call.operation.clone(), log::parameters(call))
        }
        Err(what) => {
            let reply = refuse_unrouted(world, request, what, turn);
            (reply, None, format!("{} {}", request.method, request.path), Vec::new())
        }
    };
    world.log.push(Recorded {
        service,
        operation,
        parameters,
        status: reply.status,
        error_code: reply.error_code.clone(),
        ..recorded(request, request_id)
    });
    reply
}

/// The part of the record that the request alone tells.
fn recorded(request: &Request, request_id: &str) -> Recorded {
    let authorization = Authorization::parse(request).ok();
    let part = |part: fn(&Authorization<'_>) -> String| authorization.as_ref().map(part);
    Recorded {
        request_id: request_id.to_owned(),
        access_key_id: part(|authorization| authorization.access_key_id.to_owned()),
        signing_region: part(|authorization| authorization.region.to_owned()),
        signing_service: part(|authorization| authorization.service.to_owned()),
        signed: request.header("authorization").is_some(),
        user_agent: request.header("user-agent").map(str::to_owned),
        ..Recorded::default()
    }
}

/// AWS checks the signature before it looks for the operation, so a signed request to nowhere is checked too.
fn refuse_unrouted(
    world: &World,
    request: &Request,
    what: &str,
    (request_id, now): (&str, Timestamp),
) -> Reply {
    let signed_for = Authorization::parse(request).ok().and_then(|parts| Service::signed_as(parts.service));
    let checked = match signed_for {
        Some(service) => authenticate(world, request, service, now).map(drop),
        None => Ok(()),
    };
    let unknown = Failure::new(404, "UnknownOperationException", what);
    checked.err().unwrap_or(unknown).reply(signed_for.unwrap_or(Service::Serverless), request_id)
}

fn dispatch(world: &mut World, turn: &Turn<'_>) -> Result<Reply, Failure> {
    let service = turn.call.service;
    let web_identity = service == Service::Sts && turn.call.operation == "AssumeRoleWithWebIdentity";
    let signed = service.signing_name().is_some() && !web_identity;
    let principal = if signed { Some(authenticate(world, turn.request, service, turn.now)?) } else { None };
    match (service, &principal) {
        (Service::Redshift, Some(principal)) => redshift::answer(world, turn, principal),
        (Service::Serverless, Some(principal)) => serverless::answer(world, turn, principal),
        (Service::Sts, principal) => sts::answer(world, turn, principal.as_ref()),
        (Service::Oidc, _) => oidc::answer(world, turn),
        (Service::Portal, _) => portal::answer(world, turn),
        (Service::Page, _) => Ok(login::answer(world, turn)),
        (Service::Redshift | Service::Serverless, None) => {
            Err(Failure::common(service, Common::MissingToken))
        }
    }
}

/// The principal whose key signed the request.
fn authenticate(
    world: &World,
    request: &Request,
    service: Service,
    now: Timestamp,
) -> Result<Principal, Failure> {
    let check = || {
        let authorization = Authorization::parse(request)?;
        let session_token = request.header("x-amz-security-token");
        let key = world.identities.key(authorization.access_key_id, session_token)?;
        // The global endpoint of STS is signed for us-east-1, wherever the client is.
        let regions = [world.config.region.as_str(), "us-east-1"];
        let regions = if service == Service::Sts { regions.as_slice() } else { regions.split_at(1).0 };
        let expected = (regions, service.signing_name().unwrap_or_default());
        authorization.verify(request, expected, &key.secret, now)?;
        if key.expires_at.is_some_and(|end| now >= end) {
            return Err(Common::ExpiredToken);
        }
        Ok(key.principal.clone())
    };
    check().map_err(|why| Failure::common(service, why))
}

fn response(reply: Reply, request_id: &str, now: Timestamp) -> hyper::Response<Full<Bytes>> {
    let page = reply.content_type.starts_with("text/html");
    let guards = [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        // A form may end in a redirect to the loopback port where the application waits.
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http://127.0.0.1:*; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
    ];
    let mut response = hyper::Response::builder()
        .status(reply.status)
        .header("date", time::http_date(now))
        .header("x-amzn-requestid", request_id)
        .header("content-type", reply.content_type);
    for (name, value) in guards.into_iter().filter(|_| page) {
        response = response.header(name, value);
    }
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Full::new(Bytes::from(reply.body))).unwrap_or_else(|_| {
        let mut failed = hyper::Response::new(Full::new(Bytes::from_static(b"the reply cannot be sent")));
        *failed.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        failed
    })
}
