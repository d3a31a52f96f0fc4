//! The check of data folders. Damage inside of the store is planted in the store's own tests.

use std::fs;

use haversack::dump::check;

use crate::folder::Folder;

#[test]
fn a_good_folder_has_no_damage() {
    let report = check(&Folder::filled().data(), &mut ()).unwrap();
    assert_eq!(report.damage(), 0, "{report}");
    let (name, files, things) = &report.collections[1];
    assert_eq!((name.as_str(), *files), ("things", 2));
    // Two declared ones, one for the relation, one for the autodate; two entries for the relation.
    assert_eq!((things.records, things.indexes, things.entries), (3, 4, 15));
    // The relation to a record that is gone is no damage.
    assert_eq!(things.dangling, 3);
    assert_eq!(report.stray_files, [""; 0]);
    assert!(report.to_string().ends_with("No damage was found."), "{report}");
}

#[test]
fn missing_files_are_damage_and_stray_ones_are_told() {
    let folder = Folder::filled();
    fs::remove_file(folder.data().join("storage/things_id/thing0/a.png")).unwrap();
    folder.file("things_id/thing0/b.png", b"");
    folder.file("things_id/thing1/empty.txt.attrs", b"{}");
    folder.file("other_id/x/y", b"");
    let report = check(&folder.data(), &mut ()).unwrap();
    assert_eq!(report.damage(), 1, "{report}");
    assert_eq!(report.stray_files, ["other_id/x/y", "things_id/thing0/b.png"]);
    let text = report.to_string();
    assert!(text.contains("things: the file things_id/thing0/a.png does not exist"), "{text}");
}

#[test]
fn a_page_that_is_not_as_it_was_written_is_damage() {
    let folder = Folder::filled();
    let path = folder.data().join("data.redb");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(9).position(|window| window == b"token-key").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = check(&folder.data(), &mut ()).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}
