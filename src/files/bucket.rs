//! A bucket of an S3 storage.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, RetryConfig, WriteMultipart,
};
use tokio::sync::Semaphore;
use url::Url;

use super::bridge::Bridge;
use super::{ContentType, StoredFile, stored::Content};

/// Bytes of a part of an upload; what is smaller goes in one piece.
const PART: u64 = 8 << 20;
/// Parts that one object can have.
const PARTS_MAX: u64 = 10_000;
/// Parts of one upload that are on their way at once.
const PARTS_AT_ONCE: usize = 2;
/// Memory that uploads may take together, in units of [`MEMORY_UNIT`].
const MEMORY_UNITS: usize = 96 << 4;
/// Bytes.
const MEMORY_UNIT: u64 = 64 << 10;
/// Bytes that are asked for with the first request for an object.
const FIRST_READ: u64 = 256 << 10;
/// Bytes that each further request asks for.
const READ: u64 = 2 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For the storage to send something.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
const RETRIES: usize = 2;
/// Time within which a request is tried again.
const RETRY_TIMEOUT: Duration = Duration::from_mins(1);

/// Where a bucket is and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketOptions {
    /// Its name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The URL or host of the storage; `https` unless it says otherwise.
    pub endpoint: String,
    /// The name of the key.
    pub access_key: String,
    /// The key.
    pub secret: String,
    /// Whether the bucket is named in the path rather than in the host.
    pub force_path_style: bool,
}

impl fmt::Debug for BucketOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketOptions")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// What a listing says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub len: u64,
    /// When it was written.
    pub modified: SystemTime,
}

/// A bucket of an S3 storage: files under keys such as `a/b/c`. Everything here blocks, and must not
/// be called from threads that drive asynchronous tasks.
///
/// Errors are those of files: [`ErrorKind::NotFound`], [`ErrorKind::PermissionDenied`] when the
/// storage does not let us in, and others for what goes wrong there or on the way.
pub struct Bucket {
    store: AmazonS3,
    bridge: Bridge,
    /// What uploads hold in memory.
    memory: Semaphore,
    options: BucketOptions,
}

impl Bucket {
    /// Makes ready to talk to a bucket; nothing is sent yet. Fails when the options cannot be used.
    pub fn new(options: BucketOptions) -> io::Result<Self> {
        // The client takes whatever the process has installed, and another part may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (endpoint, in_path) = endpoint(&options)?;
        let client = ClientOptions::new()
            .with_allow_http(true)
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_read_timeout(READ_TIMEOUT)
            // A large part over a slow line takes its time, as long as it moves.
            .with_timeout_disabled();
        let retry = RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRY_TIMEOUT,
            ..RetryConfig::default()
        };
        let store = AmazonS3Builder::new()
            .with_bucket_name(&options.bucket)
            .with_region(&options.region)
            .with_endpoint(endpoint)
            .with_virtual_hosted_style_request(!in_path)
            .with_access_key_id(&options.access_key)
            .with_secret_access_key(&options.secret)
            // Not every storage knows how to delete several at once, or what a tag is.
            .with_disable_bulk_delete(true)
            .with_disable_tagging(true)
            .with_client_options(client)
            .with_retry(retry)
            .build()
            .map_err(to_io)?;
        let memory = Semaphore::new(MEMORY_UNITS);
        Ok(Self { store, bridge: Bridge::new()?, memory, options })
    }

    /// What it was made with.
    pub(super) fn options(&self) -> &BucketOptions {
        &self.options
    }

    /// Stores what `content` has, `len` bytes, under `key`. Either all of it is there afterwards or
    /// nothing new is.
    pub fn put(
        &self,
        key: &str,
        content: &mut dyn Read,
        len: u64,
        media_type: &str,
    ) -> io::Result<()> {
        let path = path(key)?;
        let part = PART.max((len / PARTS_MAX + 1).next_multiple_of(MEMORY_UNIT));
        let memory = len.min(part * (PARTS_AT_ONCE as u64 + 1)) / MEMORY_UNIT + 1;
        let memory = u32::try_from(memory.min(MEMORY_UNITS as u64)).unwrap_or(u32::MAX);
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, media_type.to_owned().into());
        self.bridge.wait(async {
            let held = self.memory.acquire_many(memory).await;
            let _held = held.map_err(io::Error::other)?;
            let first = read_piece(content, part)?;
            if (first.len() as u64) < part {
                expect_len(first.len() as u64, len)?;
                let options = PutOptions::from(attributes);
                self.store.put_opts(&path, first.into(), options).await.map_err(to_io)?;
                return Ok(());
            }
            let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
            let upload = self.store.put_multipart_opts(&path, options).await.map_err(to_io)?;
            let size = usize::try_from(part).map_err(io::Error::other)?;
            let mut upload = WriteMultipart::new_with_chunk_size(upload, size);
            match send_parts(&mut upload, content, first, len).await {
                Ok(()) => upload.finish().await.map(drop).map_err(to_io),
                Err(error) => {
                    // What cannot be told to the storage it forgets by its own rules, if it has any.
                    let _ = upload.abort().await;
                    Err(error)
                }
            }
        })
    }

    /// Opens what is stored under `key`. It is read in pieces as they are asked for.
    pub fn open(self: &Arc<Self>, key: &str) -> io::Result<StoredFile> {
        let path = path(key)?;
        let range = Some(GetRange::Bounded(0..FIRST_READ));
        let (meta, attributes, first) = self.bridge.wait(async {
            let options = GetOptions { range, ..GetOptions::default() };
            match self.store.get_opts(&path, options).await {
                Ok(found) => {
                    let (meta, attributes) = (found.meta.clone(), found.attributes.clone());
                    Ok((meta, attributes, found.bytes().await.map_err(to_io)?))
                }
                Err(error @ object_store::Error::NotFound { .. }) => Err(to_io(error)),
                Err(error) => {
                    // Of an empty object there is no range.
                    let options = GetOptions { head: true, ..GetOptions::default() };
                    let found = self.store.get_opts(&path, options).await.map_err(to_io)?;
                    if found.meta.size > 0 {
                        return Err(to_io(error));
                    }
                    Ok((found.meta, found.attributes, Bytes::new()))
                }
            }
        })?;
        let media_type = attributes.get(&Attribute::ContentType).map(AsRef::as_ref);
        let content_type = ContentType::known(media_type.unwrap_or("application/octet-stream"));
        let (len, modified) = (meta.size, meta.last_modified.into());
        let reader = ObjectReader::new(Arc::clone(self), path, &meta, first);
        Ok(StoredFile { content: Content::in_bucket(reader), len, modified, content_type })
    }

    /// Whether there is something under `key`.
    pub fn exists(&self, key: &str) -> io::Result<bool> {
        let path = path(key)?;
        match self.bridge.wait(self.store.head(&path)) {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(to_io(error)),
        }
    }

    /// Shows every object whose key begins with `prefix`, in order of their keys.
    pub fn list(
        &self,
        prefix: &str,
        visit: &mut dyn FnMut(Object) -> io::Result<()>,
    ) -> io::Result<()> {
        self.pages(prefix, false, &mut |result| {
            result.objects.into_iter().try_for_each(|found| {
                let (len, modified) = (found.size, found.last_modified.into());
                visit(Object { key: found.location.as_ref().to_owned(), len, modified })
            })
        })
    }

    /// What the keys that begin with `prefix` go on with, up to the next slash.
    pub fn names_below(&self, prefix: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        self.pages(prefix, true, &mut |result| {
            let objects = result.objects.iter().map(|found| &found.location);
            for path in result.common_prefixes.iter().chain(objects) {
                names.extend(path.filename().map(str::to_owned));
            }
            Ok(())
        })?;
        Ok(names)
    }

    fn pages(
        &self,
        prefix: &str,
        by_folder: bool,
        visit: &mut dyn FnMut(object_store::ListResult) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut page_token = None;
        loop {
            let options = PaginatedListOptions {
                delimiter: by_folder.then(|| "/".into()),
                page_token: page_token.take(),
                ..PaginatedListOptions::default()
            };
            let listed = self.store.list_paginated(Some(prefix), options);
            let listed = self.bridge.wait(listed).map_err(to_io)?;
            visit(listed.result)?;
            match listed.page_token {
                None => return Ok(()),
                token => page_token = token,
            }
        }
    }

    /// Removes what is stored under `key`. What is missing already is fine.
    pub fn delete(&self, key: &str) -> io::Result<()> {
        let path = path(key)?;
        match self.bridge.wait(self.store.delete(&path)) {
            Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => {
                Err(to_io(error))
            }
            _ => Ok(()),
        }
    }

    /// Removes everything whose key begins with `prefix`.
    pub fn delete_below(&self, prefix: &str) -> io::Result<()> {
        // Collected first: what a listing shows while things are deleted differs by storage.
        let mut keys = Vec::new();
        self.list(prefix, &mut |object| {
            keys.push(object.key);
            Ok(())
        })?;
        keys.iter().try_for_each(|key| self.delete(key))
    }

    /// Finds out whether files can be put here, listed and removed, with one that is gone again
    /// afterwards.
    pub fn try_out(&self) -> io::Result<()> {
        let folder = format!("haversack_test_{:016x}/", rand::random::<u64>());
        let content = b"test";
        self.put(&format!("{folder}test.txt"), &mut &content[..], 4, "text/plain")?;
        self.delete_below(&folder)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("options", &self.options).finish_non_exhaustive()
    }
}

async fn send_parts(
    upload: &mut WriteMultipart,
    content: &mut dyn Read,
    first: Vec<u8>,
    len: u64,
) -> io::Result<()> {
    let part = first.len() as u64;
    let (mut piece, mut sent) = (first, 0);
    while !piece.is_empty() {
        sent += piece.len() as u64;
        upload.wait_for_capacity(PARTS_AT_ONCE).await.map_err(to_io)?;
        upload.put(piece.into());
        piece = read_piece(content, part)?;
    }
    expect_len(sent, len)
}

/// The next `len` bytes, or fewer at the end.
fn read_piece(content: &mut dyn Read, len: u64) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    content.take(len).read_to_end(&mut piece)?;
    Ok(piece)
}

fn expect_len(found: u64, expected: u64) -> io::Result<()> {
    if found == expected { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// Reads one object, piece by piece. Between pieces nothing is held open, so a reader may take as
/// long as it likes.
pub(super) struct ObjectReader {
    bucket: Arc<Bucket>,
    path: Path,
    /// So that a piece of another version is not taken for one of this.
    etag: Option<String>,
    len: u64,
    position: u64,
    piece: Bytes,
    /// Where the piece begins.
    piece_start: u64,
}

impl ObjectReader {
    fn new(bucket: Arc<Bucket>, path: Path, meta: &ObjectMeta, first: Bytes) -> Self {
        let (etag, len) = (meta.e_tag.clone(), meta.size);
        Self { bucket, path, etag, len, position: 0, piece: first, piece_start: 0 }
    }

    pub(super) fn go_to(&mut self, position: u64) {
        self.position = position;
    }

    /// The bytes of the current piece from the position on.
    fn at_hand(&self) -> &[u8] {
        let offset = self.position.checked_sub(self.piece_start);
        let offset = offset.and_then(|offset| usize::try_from(offset).ok());
        offset.and_then(|offset| self.piece.get(offset..)).unwrap_or_default()
    }

    fn fetch(&mut self) -> io::Result<()> {
        // The old piece makes room first.
        self.piece = Bytes::new();
        let range = GetRange::Bounded(self.position..self.len.min(self.position + READ));
        let options =
            GetOptions { range: Some(range), if_match: self.etag.clone(), ..GetOptions::default() };
        let Bucket { store, bridge, .. } = &*self.bucket;
        let path = &self.path;
        self.piece = bridge
            .wait(async { store.get_opts(path, options).await?.bytes().await })
            .map_err(to_io)?;
        self.piece_start = self.position;
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.len || buffer.is_empty() {
            return Ok(0);
        }
        if self.at_hand().is_empty() {
            self.fetch()?;
        }
        let at_hand = self.at_hand();
        let count = at_hand.len().min(buffer.len());
        buffer[..count].copy_from_slice(&at_hand[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

fn path(key: &str) -> io::Result<Path> {
    Path::parse(key).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))
}

/// The URL that keys are appended to, without a slash at its end and without the bucket if that is to
/// be in the path; and whether it is.
fn endpoint(options: &BucketOptions) -> io::Result<(String, bool)> {
    let invalid = |what: &str| io::Error::new(ErrorKind::InvalidInput, what.to_owned());
    let text = options.endpoint.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let text = format!("{scheme}://{}", rest.trim_end_matches('/'));
    let mut url = Url::parse(&text).map_err(|error| invalid(&format!("the endpoint: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("the endpoint is neither http nor https"));
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    if host.is_empty() || options.bucket.is_empty() {
        return Err(invalid("the endpoint has no host, or the bucket has no name"));
    }
    // An address can have nothing before it.
    let is_name = matches!(url.host(), Some(url::Host::Domain(_)));
    let in_path = options.force_path_style || !is_name;
    if !in_path && !host.starts_with(&format!("{}.", options.bucket)) {
        url.set_host(Some(&format!("{}.{host}", options.bucket)))
            .map_err(|error| invalid(&format!("the bucket in the host: {error}")))?;
    }
    Ok((url.as_str().trim_end_matches('/').to_owned(), in_path))
}

fn to_io(error: object_store::Error) -> io::Error {
    use object_store::Error;
    let kind = match error {
        Error::NotFound { .. } => ErrorKind::NotFound,
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            ErrorKind::PermissionDenied
        }
        Error::InvalidPath { .. } => ErrorKind::InvalidInput,
        _ => ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(endpoint: &str, force_path_style: bool) -> BucketOptions {
        BucketOptions {
            bucket: "files".to_owned(),
            region: "eu-1".to_owned(),
            endpoint: endpoint.to_owned(),
            access_key: "key".to_owned(),
            secret: "secret".to_owned(),
            force_path_style,
        }
    }

    #[test]
    fn the_endpoint_may_lack_a_scheme_and_end_in_slashes() {
        for (text, in_path, expected) in [
            ("s3.example.com", true, "https://s3.example.com"),
            ("s3.example.com//", true, "https://s3.example.com"),
            ("http://localhost:9000/", true, "http://localhost:9000"),
            (" https://s3.example.com/base/ ", true, "https://s3.example.com/base"),
            ("s3.example.com", false, "https://files.s3.example.com"),
            ("https://files.s3.example.com", false, "https://files.s3.example.com"),
            ("http://127.0.0.1:9000", false, "http://127.0.0.1:9000"),
        ] {
            let (found, style) = endpoint(&options(text, in_path)).unwrap();
            assert_eq!(found, expected, "{text}");
            assert_eq!(style, in_path || text.contains("127"), "{text}");
        }
        for text in ["", "ftp://x", "https://", "a b"] {
            assert!(Bucket::new(options(text, true)).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        let bucket = Bucket::new(options("http://localhost:1", true)).unwrap();
        assert!(!format!("{bucket:?}").contains("secret"));
    }

    #[test]
    fn a_storage_that_is_not_there_is_an_error_and_not_an_empty_one() {
        let bucket = Arc::new(Bucket::new(options("http://127.0.0.1:1", true)).unwrap());
        assert_eq!(bucket.try_out().unwrap_err().kind(), ErrorKind::Other);
        assert_eq!(bucket.open("a").unwrap_err().kind(), ErrorKind::Other);
        assert!(bucket.exists("a").is_err());
    }
}
