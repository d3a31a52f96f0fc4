//! Making calls.

use std::fmt;
use std::io::Read;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use http::Method;
use http::header::LOCATION;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use url::{Host, Url};

use super::address::is_public;
use super::call::{Answer, Call, OutboundError, Reach};
use super::resolver::PublicAddresses;

/// How long a server may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Bytes that are read at once.
const PIECE: usize = 16 << 10;

/// The way out. Made once for a process; connections are kept and shared.
pub struct Outbound {
    allow_private: bool,
    configured: OnceLock<Result<Client, String>>,
    public: OnceLock<Result<Client, String>>,
}

impl Outbound {
    /// A way out. With `allow_private` there is no inner network: [`Reach::Public`] calls may go
    /// anywhere, for servers whose users live in an intranet.
    pub fn new(allow_private: bool) -> Self {
        Self { allow_private, configured: OnceLock::new(), public: OnceLock::new() }
    }

    /// Makes `call` and waits for the whole answer. Blocks the thread, which must not be one that
    /// runs async tasks.
    pub fn send(&self, call: &Call) -> Result<Answer, OutboundError> {
        let guarded = call.reach == Reach::Public && !self.allow_private;
        let client = self.client(guarded)?;
        let mut url = Url::parse(&call.url).map_err(|_| OutboundError::Url)?;
        let redirects_max = if call.method == Method::GET { call.redirects_max } else { 0 };
        for hop in 0..=redirects_max {
            check(&url, guarded)?;
            let response = send_one(client, call, &url, hop == 0)?;
            if guarded
                && let Some(peer) = response.remote_addr()
                && !is_public(peer.ip())
            {
                return Err(OutboundError::NotPublic(peer.ip()));
            }
            match redirects_max {
                0 => return read(response, call),
                _ => match target(&url, &response)? {
                    Some(next) => url = next,
                    None => return read(response, call),
                },
            }
        }
        Err(OutboundError::Redirects)
    }

    /// What is wrong with `url` for such calls as it stands, so that nobody has to find out by making
    /// one. A name may still turn out to belong to an address that is refused.
    pub fn check(&self, reach: Reach, url: &str) -> Result<(), OutboundError> {
        let url = Url::parse(url).map_err(|_| OutboundError::Url)?;
        check(&url, reach == Reach::Public && !self.allow_private)
    }

    fn client(&self, guarded: bool) -> Result<&Client, OutboundError> {
        let slot = if guarded { &self.public } else { &self.configured };
        let made = slot.get_or_init(|| build(guarded));
        made.as_ref().map_err(|why| OutboundError::NoClient(why.clone()))
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

fn build(guarded: bool) -> Result<Client, String> {
    // The first one stays, whoever sets it; all are this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("haversack/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIME_MAX);
    if guarded {
        // A proxy would resolve names itself.
        builder = builder.no_proxy().dns_resolver(Arc::new(PublicAddresses));
    }
    builder.build().map_err(|error| chain(&error))
}

/// Whether `url` may be called as it stands; names are the resolver's business.
fn check(url: &Url, guarded: bool) -> Result<(), OutboundError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OutboundError::Url);
    }
    let address = match url.host() {
        None => return Err(OutboundError::Url),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => address.into(),
    };
    if guarded && !is_public(address) {
        return Err(OutboundError::NotPublic(address));
    }
    Ok(())
}

fn send_one(
    client: &Client,
    call: &Call,
    url: &Url,
    is_first: bool,
) -> Result<Response, OutboundError> {
    let mut request = client.request(call.method.clone(), url.clone()).timeout(left(call)?);
    if is_first {
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
    }
    request.send().map_err(|error| failure(&error))
}

/// Where a redirect leads; `None` for any other answer.
fn target(url: &Url, response: &Response) -> Result<Option<Url>, OutboundError> {
    if !response.status().is_redirection() {
        return Ok(None);
    }
    let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
    let next = location.to_str().ok().and_then(|text| url.join(text).ok());
    next.map(Some).ok_or(OutboundError::Url)
}

fn read(mut response: Response, call: &Call) -> Result<Answer, OutboundError> {
    let status = response.status().as_u16();
    let header = response.headers().get(http::header::CONTENT_TYPE);
    let content_type = header.and_then(|text| text.to_str().ok()).unwrap_or_default().to_owned();
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    let headers = response.headers().iter().filter_map(text).collect();
    let mut answer =
        Answer { status, content_type, headers, url: response.url().to_string(), body: Vec::new() };
    let body = &mut answer.body;
    let mut piece = [0; PIECE];
    loop {
        // Each read has its own limit, so a server that drips is caught here.
        left(call)?;
        let count = response.read(&mut piece).map_err(|error| {
            let slow = error.kind() == std::io::ErrorKind::TimedOut;
            if slow { OutboundError::TooSlow } else { OutboundError::Failed(error.to_string()) }
        })?;
        if count == 0 {
            return Ok(answer);
        }
        if count > call.size_max - body.len() {
            if call.is_cut {
                body.extend_from_slice(&piece[..call.size_max - body.len()]);
                return Ok(answer);
            }
            return Err(OutboundError::TooLarge(call.size_max));
        }
        body.extend_from_slice(&piece[..count]);
    }
}

/// The time that `call` has left.
fn left(call: &Call) -> Result<Duration, OutboundError> {
    let left = call.deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(OutboundError::TooSlow) } else { Ok(left) }
}

fn failure(error: &reqwest::Error) -> OutboundError {
    if error.is_timeout() { OutboundError::TooSlow } else { OutboundError::Failed(chain(error)) }
}

/// The innermost causes tell more than the outermost.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Answers one connection after the other with these texts.
    fn server(answers: Vec<String>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut socket, _) = listener.accept().unwrap();
                let mut head = [0; 4096];
                let _ = socket.read(&mut head).unwrap();
                socket.write_all(answer.as_bytes()).unwrap();
            }
        });
        format!("http://{address}")
    }

    fn ok(body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
    }

    fn redirect(to: &str) -> String {
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    }

    #[test]
    fn an_excerpt_of_a_long_answer_is_no_failure() {
        let url = server(vec![ok("a long story"), ok("a long story")]);
        let call = Call::get(Reach::Configured, &*url);
        let outbound = Outbound::new(false);
        assert_eq!(outbound.send(&call.clone().excerpt(6)).unwrap().body, b"a long");
        assert!(outbound.send(&call.size_max(6)).is_err());
    }

    #[test]
    fn the_inner_network_is_reached_by_configured_calls_only() {
        let url = server(vec![ok("inside")]);
        let outbound = Outbound::new(false);
        let port = url.rsplit_once(':').unwrap().1;
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]"] {
            let error = outbound.send(&Call::get(Reach::Public, format!("http://{host}:{port}")));
            assert!(matches!(error, Err(OutboundError::NotPublic(_))), "{host}: {error:?}");
        }
        let by_name = format!("http://localhost:{port}");
        let error = outbound.send(&Call::get(Reach::Public, by_name)).unwrap_err();
        assert!(error.to_string().contains("no public address"), "{error}");
        assert_eq!(outbound.send(&Call::get(Reach::Configured, url)).unwrap().body, b"inside");
    }

    #[test]
    fn private_addresses_can_be_allowed() {
        let url = server(vec![ok("inside")]);
        let answer = Outbound::new(true).send(&Call::get(Reach::Public, url)).unwrap();
        assert_eq!(answer.body, b"inside");
    }

    #[test]
    fn redirects_are_followed_only_when_asked_and_only_so_often() {
        let url = server(vec![redirect("/a"), redirect("/a"), ok("there"), redirect("/a")]);
        let outbound = Outbound::new(false);
        let call = Call::get(Reach::Configured, url);
        assert_eq!(outbound.send(&call).unwrap().status, 302);
        assert_eq!(outbound.send(&call.clone().redirects(1)).unwrap().body, b"there");
        let url = server(vec![redirect("/a"), redirect("/a")]);
        let error = outbound.send(&Call::get(Reach::Configured, url).redirects(1)).unwrap_err();
        assert!(matches!(error, OutboundError::Redirects), "{error}");
        let url = server(vec![redirect("file:///etc/passwd")]);
        let error = outbound.send(&Call::get(Reach::Configured, url).redirects(1)).unwrap_err();
        assert!(matches!(error, OutboundError::Url), "{error}");
    }

    #[test]
    fn an_answer_that_is_too_large_or_too_slow_is_none() {
        let url = server(vec![ok(&"x".repeat(101)), ok(&"x".repeat(100))]);
        let outbound = Outbound::new(false);
        let call = Call::get(Reach::Configured, url).size_max(100);
        assert!(matches!(outbound.send(&call), Err(OutboundError::TooLarge(100))));
        assert_eq!(outbound.send(&call).unwrap().body.len(), 100);
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let soon = Instant::now() + Duration::from_millis(100);
        let error = outbound.send(&Call::get(Reach::Configured, url).until(soon)).unwrap_err();
        assert!(matches!(error, OutboundError::TooSlow), "{error}");
    }
}
