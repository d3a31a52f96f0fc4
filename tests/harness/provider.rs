//! A login provider that says whatever it is told to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};

/// A provider on a port of its own, for as long as the test runs.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    key: Arc<Ed25519KeyPair>,
}

#[derive(Default)]
struct Script {
    /// Code to the answer for it, each good once.
    codes: HashMap<String, Json>,
    /// Access token to who it belongs to.
    users: HashMap<String, Json>,
    /// Path to what stands there.
    pages: HashMap<String, (&'static str, Vec<u8>)>,
    /// Path and, of a token request, its form and authorization.
    seen: Vec<(String, HashMap<String, String>)>,
    takes_secret_in_body_only: bool,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Arc::<Mutex<Script>>::default();
        let served = Arc::clone(&script);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                // Whoever hangs up early is no reason to stop.
                let _ = serve(&socket, &served);
            }
        });
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let key = Arc::new(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("the same key"));
        let provider = Self { url, script, key };
        let x = URL_SAFE_NO_PAD.encode(provider.public_key());
        let keys = json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k", "x": x },
        ] });
        provider.page("/keys", "application/json", keys.to_string());
        provider
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    /// What a collection has to say of it, under the catalogue's name `name`; its users come from
    /// the user info URL.
    pub(crate) fn config(&self, name: &str) -> Json {
        json!({
            "name": name, "clientId": "me", "clientSecret": "secret",
            "authURL": format!("{}/auth", self.url),
            "tokenURL": format!("{}/token", self.url),
            "userInfoURL": format!("{}/user", self.url),
        })
    }

    /// As [`Self::config`], with users that come from signed id tokens.
    pub(crate) fn id_token_config(&self) -> Json {
        let mut config = self.config("oidc");
        config["userInfoURL"] = "".into();
        config["extra"] = json!({ "jwksURL": format!("{}/keys", self.url), "issuers": [self.url] });
        config
    }

    /// Makes `code` good once, for `user`.
    pub(crate) fn grant(&self, code: &str, user: &Json) {
        self.answer(code, &json!({ "access_token": code, "token_type": "Bearer" }));
        self.script().users.insert(code.to_owned(), user.clone());
    }

    /// Makes `code` good once, with an id token.
    pub(crate) fn grant_id_token(&self, code: &str, id_token: &str) {
        self.answer(code, &json!({ "access_token": code, "id_token": id_token }));
    }

    /// Makes `code` good once, for this answer.
    pub(crate) fn answer(&self, code: &str, answer: &Json) {
        self.script().codes.insert(code.to_owned(), answer.clone());
    }

    pub(crate) fn page(&self, path: &str, kind: &'static str, body: impl Into<Vec<u8>>) {
        self.script().pages.insert(path.to_owned(), (kind, body.into()));
    }

    pub(crate) fn take_secret_in_body_only(&self) {
        self.script().takes_secret_in_body_only = true;
    }

    /// The requests of `path` so far.
    pub(crate) fn seen(&self, path: &str) -> Vec<HashMap<String, String>> {
        let script = self.script();
        let seen = script.seen.iter().filter(|(seen, _)| seen == path);
        seen.map(|(_, form)| form.clone()).collect()
    }

    /// A token with this header and these claims, signed with the provider's key.
    pub(crate) fn sign(&self, header: &Json, claims: &Json) -> String {
        Self::sign_with(header, claims, |bytes| self.key.sign(bytes).as_ref().to_vec())
    }

    /// A token with this header and these claims, signed in some other way.
    pub(crate) fn sign_with(
        header: &Json,
        claims: &Json,
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> String {
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test panics with it")
    }
}

fn serve(socket: &TcpStream, script: &Mutex<Script>) -> std::io::Result<()> {
    let mut reader = BufReader::new(socket);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (status, kind, body) =
        script.lock().expect("no test panics with it").answer(&path, &headers, &body);
    let length = body.len();
    let mut socket = socket;
    write!(
        socket,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: \
         close\r\n\r\n"
    )?;
    socket.write_all(&body)
}

impl Script {
    fn answer(
        &mut self,
        path: &str,
        headers: &HashMap<String, String>,
        body: &[u8],
    ) -> (u16, &'static str, Vec<u8>) {
        let json = |status, json: Json| (status, "application/json", json.to_string().into_bytes());
        let mut form: HashMap<String, String> =
            url::form_urlencoded::parse(body).into_owned().collect();
        let authorization = headers.get("authorization").cloned().unwrap_or_default();
        form.insert("authorization".to_owned(), authorization.clone());
        self.seen.push((path.to_owned(), form.clone()));
        match path {
            "/token" => {
                if self.takes_secret_in_body_only && !form.contains_key("client_secret") {
                    return json(401, json!({ "error": "invalid_client" }));
                }
                match form.get("code").and_then(|code| self.codes.remove(code)) {
                    Some(answer) => json(200, answer),
                    None => json(400, json!({ "error": "invalid_grant" })),
                }
            }
            "/user" => {
                let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
                match self.users.get(token) {
                    Some(user) => json(200, user.clone()),
                    None => json(401, json!({})),
                }
            }
            _ => match self.pages.get(path) {
                Some((kind, body)) => (200, *kind, body.clone()),
                None => json(404, json!({})),
            },
        }
    }
}
