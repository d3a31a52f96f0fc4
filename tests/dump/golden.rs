//! Data folders of every format so far, as `golden/make.sh` made them when the format was new, and
//! what is from a later one.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use haversack::backup::{BackupError, Moment, Shelf, replace};
use haversack::dump::{self, check};
use haversack::store::Keys;

use crate::folder::Folder;
use crate::harness::{EMAIL, PASSWORD, Server, records};

/// The formats that this program opens.
const FORMATS: [&str; 1] = ["format-1"];
/// The layouts of archives with increments that this program reads.
const CHAINS: [&str; 1] = ["chain-2"];

fn golden(format: &str, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dump/golden").join(format).join(name)
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let new = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &new);
        } else {
            fs::copy(&path, &new).unwrap();
        }
    }
}

/// The golden data folder, to be written to.
fn unpacked(format: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    copy_tree(&golden(format, "storage"), &data.join("storage"));
    let packed = File::open(golden(format, "data.redb.gz")).unwrap();
    let mut store = File::create(data.join("data.redb")).unwrap();
    io::copy(&mut flate2::read::GzDecoder::new(packed), &mut store).unwrap();
    home
}

fn exported(data: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    dump::export_stream(data, &mut bytes, &mut ()).unwrap();
    bytes
}

#[test]
fn a_folder_of_every_format_opens_with_all_that_was_in_it() {
    for format in FORMATS {
        let home = unpacked(format);
        let data = home.path().join("data");
        let report = check(&data, &mut ()).unwrap();
        assert_eq!(report.damage(), 0, "{format}: {report}");
        assert!(exported(&data) == fs::read(golden(format, "dump.ndjson")).unwrap(), "{format}");

        let server = Server::start_on(home);
        let root = server.logged_in("_superusers", EMAIL, PASSWORD);
        server.logged_in("users", "user@example.com", "1234567890");
        let list = root.get(&format!("{}?sort=text", records("things"))).expect(200);
        assert_eq!(list["totalItems"], 2, "{format}: {list}");
        assert_eq!(list["items"][0]["number"], 0.1);
        assert_eq!(list["items"][0]["select"], serde_json::json!(["b", "a"]));
        assert_eq!(list["items"][1]["number"], 7);
    }
}

fn restore(folder: &Folder, archive: &Path) -> Result<(), BackupError> {
    let shelf = Shelf::folder(archive.parent().unwrap().to_owned());
    let key = archive.file_name().unwrap().to_str().unwrap();
    let chain = shelf.chain(key, Moment::End, Path::new(""))?;
    replace::restore_folder(&folder.data(), &chain, Moment::End, &Keys::default()).map(drop)
}

#[test]
fn a_dump_and_a_backup_of_every_format_can_be_restored() {
    for format in FORMATS {
        let text = fs::read(golden(format, "dump.ndjson")).unwrap();
        let folder = Folder::new();
        folder.import(&text).unwrap();
        assert!(folder.export() == text, "{format}");
        let folder = Folder::new();
        restore(&folder, &golden(format, "backup.zip")).unwrap();
        assert!(folder.export() == text, "{format}");
    }
}

#[test]
fn a_full_backup_with_an_increment_of_every_layout_can_be_restored() {
    for layout in CHAINS {
        let folder = Folder::new();
        restore(&folder, &golden(layout, "one.zip")).unwrap();
        let text = fs::read(golden(layout, "dump.ndjson")).unwrap();
        assert!(folder.export() == text, "{layout}");
    }
}

/// The golden backup, with a text in one of its entries replaced.
fn altered(folder: &Folder, entry: &str, from: &str, to: &str) -> PathBuf {
    let path = folder.path("altered.zip");
    let mut old =
        zip::ZipArchive::new(File::open(golden("format-1", "backup.zip")).unwrap()).unwrap();
    let mut new = zip::ZipWriter::new(File::create(&path).unwrap());
    for number in 0..old.len() {
        let mut part = old.by_index(number).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).unwrap();
        if name == entry {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{name} has no {from}");
            bytes = text.replacen(from, to, 1).into_bytes();
        }
        new.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(&bytes).unwrap();
    }
    new.finish().unwrap();
    path
}

#[test]
fn a_backup_of_a_later_version_is_refused_and_nothing_is_touched() {
    let folder = Folder::filled();
    let before = folder.export();
    for (entry, from, to) in [
        ("manifest.json", "\"haversack_backup\":1", "\"haversack_backup\":3"),
        ("data.ndjson", "\"version\":1", "\"version\":2"),
    ] {
        let path = altered(&folder, entry, from, to);
        let error = restore(&Folder::new(), &path).unwrap_err();
        assert!(error.to_string().contains("version"), "{error}");
        if entry == "manifest.json" {
            assert!(matches!(error, BackupError::Version { found: 3, known: 2 }), "{error}");
        }
        restore(&folder, &path).unwrap_err();
        assert!(folder.export() == before, "{entry}");
    }
}
