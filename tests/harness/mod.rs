//! The real program on a data folder of its own, and clients that play roles.

#![allow(dead_code, reason = "every suite uses its own part of the harness")]

pub(crate) mod authenticator;
pub(crate) mod form;
pub(crate) mod mailbox;
pub(crate) mod provider;
pub(crate) mod sink;
pub(crate) mod stream;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};

pub(crate) const EMAIL: &str = "root@example.com";
pub(crate) const PASSWORD: &str = "1234567890";

/// A running server. It is killed when this is dropped, and prints its log when the test fails.
pub(crate) struct Server {
    pub(crate) address: String,
    child: Child,
    log: Option<std::thread::JoinHandle<String>>,
    data: tempfile::TempDir,
}

impl Server {
    /// A server on an empty data folder that has one superuser.
    pub(crate) fn start() -> Self {
        Self::start_configured("")
    }

    /// The same, with this text as its configuration.
    pub(crate) fn start_configured(config: &str) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        if !config.is_empty() {
            std::fs::write(data.path().join("config.toml"), config).expect("a file");
        }
        Self::start_in(data)
    }

    /// A server in this folder, which may have a config file, that has one superuser.
    pub(crate) fn start_in(data: tempfile::TempDir) -> Self {
        let made = program(data.path())
            .args(["superuser", "upsert", EMAIL, PASSWORD])
            .output()
            .expect("the program runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::start_on(data)
    }

    /// A server on this folder.
    pub(crate) fn start_on(data: tempfile::TempDir) -> Self {
        Self::start_with(data, &[])
    }

    /// A server on this folder, with more variables in its environment.
    pub(crate) fn start_with(data: tempfile::TempDir, variables: &[(&str, &str)]) -> Self {
        let mut child = program(data.path())
            .envs(variables.iter().copied())
            .args(["serve", "--http", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a first line");
        let mut stderr = child.stderr.take().expect("a pipe");
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            // What cannot be read of a log is no reason to fail.
            let _ = stderr.read_to_string(&mut text);
            text
        });
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self { address, child, log: Some(log), data }
    }

    /// Ends the process as `kill -9` does, and gives back the folder as it was left.
    pub(crate) fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        let empty = tempfile::tempdir().expect("a temporary folder");
        std::mem::replace(&mut self.data, empty)
    }

    /// Runs the program on the server's folder; returns what it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<String, String> {
        run(self.data.path(), arguments)
    }

    /// Ends the process and returns what it logged.
    pub(crate) fn log(mut self) -> String {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.log.take().map(|log| log.join().unwrap_or_default()).unwrap_or_default()
    }

    /// What a program that begins on an empty folder with this configuration says.
    pub(crate) fn check_config(&self, config: &Path) -> Result<String, String> {
        let data = self.data.path().join("other");
        let data = data.to_str().expect("a path in UTF-8");
        let config = config.to_str().expect("a path in UTF-8");
        self.command(&["superuser", "upsert", EMAIL, PASSWORD, "--data", data, "--config", config])
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> std::path::PathBuf {
        self.data.path().join("data")
    }

    /// The most memory that the process has used so far, in bytes; `None` where nobody tells.
    pub(crate) fn memory_peak(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
    }

    pub(crate) fn guest(&self) -> Client {
        Client { base: format!("http://{}", self.address), token: None }
    }

    pub(crate) fn superuser(&self) -> Client {
        self.logged_in("_superusers", EMAIL, PASSWORD)
    }

    /// A client with this token.
    pub(crate) fn with_token(&self, token: &Json) -> Client {
        let token = token.as_str().expect("a token").to_owned();
        Client { token: Some(token), ..self.guest() }
    }

    /// A client logged in with a password.
    pub(crate) fn logged_in(&self, collection: &str, identity: &str, password: &str) -> Client {
        let body = json!({ "identity": identity, "password": password });
        let path = format!("/api/collections/{collection}/auth-with-password");
        let answer = self.guest().post(&path, &body).expect(200);
        let token = answer["token"].as_str().expect("a token").to_owned();
        Client { token: Some(token), ..self.guest() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log.take().map(|log| log.join().unwrap_or_default()).unwrap_or_default();
        if std::thread::panicking() {
            eprintln!("--- log of the server ---\n{log}");
        }
        assert!(
            std::thread::panicking() || !log.contains("panicked"),
            "the server panicked:\n{log}"
        );
    }
}

/// Runs the program in a folder, whether there is a server or not; returns what it prints.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let ran = program(folder).args(arguments).output().expect("the program runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HAVERSACK_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Somebody who talks to the server.
#[derive(Clone)]
pub(crate) struct Client {
    base: String,
    pub(crate) token: Option<String>,
}

/// An answer: its status, headers and JSON; null when it has no body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) json: Json,
}

impl Answer {
    /// The JSON, if the status is as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }

    /// The `data` of an error of this status.
    #[track_caller]
    pub(crate) fn expect_error(self, status: u16) -> Json {
        let json = self.expect(status);
        assert_eq!(json["status"], status, "{json}");
        assert!(json["message"].as_str().is_some_and(|text| text.ends_with('.')), "{json}");
        assert!(json["data"].is_object(), "{json}");
        json["data"].clone()
    }

    /// The code under `field` of a 400.
    #[track_caller]
    pub(crate) fn expect_code(self, field: &str, code: &str) {
        let data = self.expect_error(400);
        assert_eq!(data[field]["code"], code, "{data}");
    }
}

impl Client {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub(crate) fn post(&self, path: &str, body: &Json) -> Answer {
        self.json("POST", path, body)
    }

    pub(crate) fn patch(&self, path: &str, body: &Json) -> Answer {
        self.json("PATCH", path, body)
    }

    pub(crate) fn put(&self, path: &str, body: &Json) -> Answer {
        self.json("PUT", path, body)
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    pub(crate) fn json(&self, method: &str, path: &str, body: &Json) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(method, path, &headers, Some(body.to_string().as_bytes()))
    }

    /// Status, headers and bytes of what a GET is answered.
    pub(crate) fn fetch(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (u16, ureq::http::HeaderMap, Vec<u8>) {
        let mut response = self.run("GET", path, headers, None);
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec();
        (response.status().as_u16(), response.headers().clone(), bytes.expect("a whole body"))
    }

    fn run(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> ureq::http::Response<ureq::Body> {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = config.allow_non_standard_methods(true).build().into();
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        let response = match body {
            Some(body) => agent.run(request.body(body).expect("a request")),
            None => agent.run(request.body(()).expect("a request")),
        };
        response.expect("an answer")
    }

    /// The status that a request gets; `None` when the whole answer does not come.
    pub(crate) fn attempt(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> Option<u16> {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = config.allow_non_standard_methods(true).build().into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", media_type);
        let mut response = agent.run(request.body(body).expect("a request")).ok()?;
        response.body_mut().read_to_vec().ok()?;
        Some(response.status().as_u16())
    }

    /// Sends bytes as they are.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut response = self.run(method, path, headers, body);
        let text = response.body_mut().with_config().limit(1 << 30).read_to_string();
        let text = text.expect("a text body");
        let json = if text.is_empty() {
            Json::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| Json::String(text))
        };
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), json }
    }
}

/// The path of a collection's records.
pub(crate) fn records(collection: &str) -> String {
    format!("/api/collections/{collection}/records")
}

/// The path of one record.
pub(crate) fn record(collection: &str, id: &Json) -> String {
    format!("{}/{}", records(collection), id.as_str().expect("an id"))
}

/// Text for a query parameter.
pub(crate) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
