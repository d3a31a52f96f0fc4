//! An S3 storage: a real implementation of the protocol over a folder, behind a line that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use serde_json::{Value as Json, json};

const NAME: &str = "files";
const ACCESS_KEY: &str = "access";
const SECRET: &str = "secret-of-the-bucket";

/// A storage with one empty bucket.
pub(crate) struct Storage {
    folder: tempfile::TempDir,
    port: u16,
    /// Bytes that may still be sent to it before the line is cut.
    uplink: Arc<AtomicU64>,
    _runtime: tokio::runtime::Runtime,
}

impl Storage {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(NAME)).expect("a bucket");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let files = s3s_fs::FileSystem::new(folder.path()).expect("a file system");
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET));
        let service = builder.build();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let behind = listener.local_addr().expect("an address").port();
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A line that is cut is what some tests are about.
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        let uplink = Arc::new(AtomicU64::new(u64::MAX));
        let port = line(behind, Arc::clone(&uplink));
        Self { folder, port, uplink, _runtime: runtime }
    }

    /// Settings that use the bucket.
    pub(crate) fn settings(&self) -> Json {
        json!({
            "enabled": true, "bucket": NAME, "region": "us-east-1",
            "endpoint": format!("http://127.0.0.1:{}/", self.port),
            "accessKey": ACCESS_KEY, "secret": SECRET, "forcePathStyle": true,
        })
    }

    /// Cuts the line once this many bytes more were sent to the storage.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.uplink.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.cut_after(u64::MAX);
    }

    /// Loses everything in the bucket.
    pub(crate) fn lose_all(&self) {
        let root = self.folder.path().join(NAME);
        std::fs::remove_dir_all(&root).expect("a bucket");
        std::fs::create_dir(&root).expect("an empty bucket");
    }

    /// The keys of all objects, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        fn walk(root: &Path, folder: PathBuf, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    walk(root, path, found);
                } else {
                    let key = path.strip_prefix(root).expect("below the bucket");
                    found.push(key.to_string_lossy().into_owned());
                }
            }
        }
        let root = self.folder.path().join(NAME);
        let mut found = Vec::new();
        walk(&root, root.clone(), &mut found);
        // What uploads have not finished yet lies beside, under names with a dot.
        found.retain(|key| !key.rsplit('/').next().is_some_and(|name| name.starts_with('.')));
        found.sort();
        found
    }
}

/// Passes everything on to `port`, for as long as bytes are left.
fn line(port: u16, uplink: Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let own = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            let clones = (client.try_clone(), server.try_clone());
            let (Ok(client_reader), Ok(server_reader)) = clones else { continue };
            let uplink = Arc::clone(&uplink);
            let may_pass = move |count| {
                let left = uplink.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    if left == u64::MAX { Some(left) } else { left.checked_sub(count) }
                });
                left.is_ok()
            };
            std::thread::spawn(move || pass(client_reader, server, may_pass));
            std::thread::spawn(move || pass(server_reader, client, |_| true));
        }
    });
    own
}

fn pass(mut from: TcpStream, mut to: TcpStream, may_pass: impl Fn(u64) -> bool) {
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if !may_pass(count as u64) || to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
