//! Dumps that are none, and folders that are not for filling.

use std::fmt::Write as _;
use std::fs;

use haversack::dump::{self, DumpError};
use haversack::import::ImportError;

use crate::folder::{Folder, close, import};

/// Reads the dump without keeping it, which must not work either. Quicker than [`refused`].
fn unreadable(dump: &[u8]) -> DumpError {
    let folder = Folder::new();
    fs::write(folder.path("dump"), dump).unwrap();
    import(&folder.path("dump"), &folder.data(), true).unwrap_err()
}

/// Fills a new folder from the dump, which must not work and leave nothing.
fn refused(dump: &[u8]) -> DumpError {
    let folder = Folder::new();
    let error = folder.import(dump).unwrap_err();
    assert!(!folder.data().exists(), "something was left behind");
    error
}

/// The dump with a last line whose checksum is right.
fn resealed(dump: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(dump).unwrap();
    let (before, end) = text.split_at(text.rfind("{\"end\"").unwrap());
    let digest = ring::digest::digest(&ring::digest::SHA256, before.as_bytes());
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    let mut digits = String::new();
    for byte in digest.as_ref() {
        write!(digits, "{byte:02x}").unwrap();
    }
    end["end"]["sha256"] = digits.into();
    format!("{before}{end}\n").into_bytes()
}

#[test]
fn truncated_dumps_are_refused_wherever_they_end() {
    let dump = Folder::filled().export();
    let lines: Vec<usize> =
        dump.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let ends = lines[..lines.len() - 1].iter().flat_map(|line| [*line, line + 5]);
    for end in ends.chain([0, 5, dump.len() - 1]) {
        let error = unreadable(&dump[..end]);
        let expected = match error {
            DumpError::NotADump => end < lines[0],
            DumpError::Truncated { lines: whole } => {
                whole == lines.iter().filter(|line| **line <= end).count() as u64
            }
            _ => false,
        };
        assert!(expected, "{end}: {error:?}");
    }
    let error = refused(&dump[..lines[lines.len() - 2]]);
    assert!(matches!(error, DumpError::Truncated { .. }), "{error:?}");
}

#[test]
fn changed_dumps_are_refused() {
    let dump = String::from_utf8(Folder::filled().export()).unwrap();
    assert!(resealed(dump.as_bytes()) == dump.as_bytes());
    let changed = |from: &str, to: &str| {
        let changed = dump.replacen(from, to, 1);
        assert_ne!(changed, dump, "{from}");
        changed.into_bytes()
    };
    for (from, to) in [
        ("token-key", "token-kex"),
        ("\"thing1\"", "\"thing9\""),
        ("secret-of-tokens", "secret-of-tokenx"),
        ("\"files\":3", "\"files\":4"),
        ("BwcH", "CwcH"),
    ] {
        let error = unreadable(&changed(from, to));
        assert!(matches!(error, DumpError::Checksum), "{from}: {error:?}");
    }
    for (from, to) in [
        ("things_id/thing0/a.png", "../../thing0/a.png"),
        ("things_id/thing0/a.png", "/things_id/a.png"),
        ("\"rowid\":2", "\"rowid\":1"),
        ("\"values\":{", "\"value\":{"),
        ("\"count\":3", "\"count\":2"),
        ("\"count\":3", "\"count\":4"),
        ("{\"record\":", "{\"chunk\":\"\"}\n{\"record\":"),
        ("{\"records\":", "{\"haversackDump\":{\"version\":1}}\n{\"records\":"),
        ("{\"end\":", "{\"counter\":{\"name\":\"x\",\"value\":1}}\n{\"end\":"),
        ("\"number\":", "\"numbers\":"),
        ("\"bool\":true", "\"bool\":1"),
        ("\"size\":5", "\"size\":4"),
        ("\"size\":5", "\"size\":6"),
    ] {
        let error = unreadable(&changed(from, to));
        assert!(matches!(error, DumpError::Line { .. }), "{from} {to}: {error:?}");
    }
    for (from, to) in [
        (
            "{\"name\":\"rowid/things_id\",\"value\":65}",
            "{\"name\":\"rowid/things_id\",\"value\":3}",
        ),
        ("\"thing1\"", "\"thing0\""),
        ("{\"name\":\"catalog\"", "{\"name\":\"format\""),
        ("{\"tree\":\"settings\"", "{\"tree\":\"rows/things_id\""),
    ] {
        let error = refused(&resealed(&changed(from, to)));
        assert!(matches!(error, DumpError::Content(_)), "{from}: {error:?}");
    }
    let longer = unreadable(format!("{dump}\n").as_bytes());
    assert!(matches!(longer, DumpError::Line { .. }), "{longer:?}");
}

#[test]
fn foreign_files_are_refused() {
    for foreign in [&b""[..], b"\n", b"{}\n", b"[1]\n", b"\x1f\x8b\x08 no text", &[b'x'; 9000]] {
        let error = unreadable(foreign);
        assert!(matches!(error, DumpError::NotADump), "{foreign:?}: {error:?}");
    }
    let later = refused(b"{\"haversackDump\":{\"version\":2,\"more\":true}}\n");
    assert!(matches!(later, DumpError::Version { found: 2, known: 1 }), "{later:?}");
}

#[test]
fn a_folder_that_holds_data_is_not_filled() {
    let folder = Folder::filled();
    let dump = folder.export();
    let error = folder.import(&dump).unwrap_err();
    assert!(matches!(error, DumpError::Target(ImportError::TargetOccupied(_))), "{error:?}");
    assert!(folder.export() == dump, "the folder was changed");

    let store = folder.open();
    let error = folder.import(&dump).unwrap_err();
    assert!(matches!(error, DumpError::Target(ImportError::TargetOccupied(_))), "{error:?}");
    close(store);
}

#[test]
fn a_dump_replaces_nothing_unless_told_to() {
    let folder = Folder::filled();
    let output = folder.path("dump.ndjson");
    fs::write(&output, "precious").unwrap();
    let export =
        |path: &std::path::Path, force| dump::export_folder(&folder.data(), path, force, &mut ());
    let error = export(&output, false).unwrap_err();
    assert!(matches!(error, DumpError::Exists(_)), "{error:?}");
    assert_eq!(fs::read(&output).unwrap(), b"precious");
    export(&output, true).unwrap();
    assert!(fs::read(&output).unwrap() == folder.export());
    let inside = export(&folder.data().join("storage/things_id/x"), false).unwrap_err();
    assert!(matches!(inside, DumpError::InsideStorage(_)), "{inside:?}");
    let nowhere = export(&folder.path("no/such/folder"), false).unwrap_err();
    assert!(matches!(nowhere, DumpError::Io { .. }), "{nowhere:?}");
    let empty = Folder::new();
    let nothing = dump::export_folder(&empty.data(), &empty.path("x"), false, &mut ()).unwrap_err();
    assert!(matches!(nothing, DumpError::NoData(_)), "{nothing:?}");
    let left = fs::read_dir(output.parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "parts of dumps were left behind");
}
