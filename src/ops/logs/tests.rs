use super::*;
use crate::ops::records::ListParams;
use crate::store::StoreOptions;

fn logs() -> Logs {
    Logs::start(Store::in_memory(StoreOptions::default()).unwrap()).unwrap()
}

fn push(logs: &Logs, at: &str, level: i64, status: i64) {
    let json = json!({ "status": status });
    let created = Timestamp::parse(at).unwrap();
    logs.push(level, move || LogEntry {
        created,
        level,
        message: format!("GET /{status}"),
        data: json.as_object().unwrap().clone(),
    });
}

fn statuses(logs: &Logs, filter: &str, sort: &str) -> Vec<String> {
    let params =
        ListParams { filter: filter.to_owned(), sort: sort.to_owned(), ..ListParams::default() };
    logs.list(&params).unwrap().entries.into_iter().map(|entry| entry.data).collect()
}

#[test]
fn entries_are_filtered_sorted_and_counted_by_the_hour() {
    let logs = logs();
    push(&logs, "2022-05-01 10:00:00.123Z", 0, 200);
    push(&logs, "2022-05-01 10:59:59.999Z", 8, 400);
    push(&logs, "2022-05-02 10:00:00.000Z", 8, 1000);
    assert_eq!(
        statuses(&logs, "data.status > 200", "-@rowid"),
        [r#"{"status":1000}"#, r#"{"status":400}"#]
    );
    assert_eq!(statuses(&logs, "level > 0 && message ~ '400'", ""), [r#"{"status":400}"#]);
    let stats = |filter| {
        let stats = logs.stats(filter).unwrap();
        stats.iter().map(|hour| format!("{} {}", hour.begin, hour.total)).collect::<Vec<_>>()
    };
    assert_eq!(stats(""), ["2022-05-01 10:00:00.000Z 2", "2022-05-02 10:00:00.000Z 1"]);
    assert_eq!(stats("data.status>=400").len(), 2);
    assert!(matches!(logs.stats("nope = 1"), Err(Error::Filter(_))));
    assert!(logs.list(&ListParams { sort: "nope".to_owned(), ..ListParams::default() }).is_err());
}

#[test]
fn old_and_minor_entries_go() {
    let logs = logs();
    push(&logs, "2022-05-01 10:00:00.000Z", 0, 1);
    push(&logs, "2022-05-05 10:00:00.000Z", -4, 2);
    push(&logs, "2022-05-05 10:00:00.000Z", 0, 3);
    let now = Timestamp::parse("2022-05-06 10:00:01.000Z").unwrap();
    logs.flush();
    assert_eq!(logs.delete_old(5, -4, now).unwrap(), 1);
    assert_eq!(logs.delete_old(5, 0, now).unwrap(), 1);
    assert_eq!(statuses(&logs, "", ""), [r#"{"status":3}"#]);
    assert_eq!(logs.delete_old(0, 0, now).unwrap(), 1);
}

#[test]
fn closing_writes_what_waits_and_what_comes_later_is_dropped() {
    let logs = logs();
    push(&logs, "2022-05-01 10:00:00.000Z", 0, 1);
    logs.close().unwrap();
    push(&logs, "2022-05-01 10:00:00.000Z", 0, 2);
    assert_eq!(statuses(&logs, "", ""), [r#"{"status":1}"#]);
}

#[test]
fn what_is_too_much_for_one_second_is_one_entry_with_its_number() {
    let logs = logs();
    let admitted = (0..5000).filter(|_| logs.admits(0)).count();
    assert!((1000..5000).contains(&admitted), "{admitted}");
    assert!(logs.admits(8));
    push(&logs, "2022-05-01 10:00:00.000Z", 8, 500);
    let expected = format!(r#"{{"type":"summary","count":{}}}"#, 5000 - admitted);
    assert_eq!(statuses(&logs, "", "level"), [expected, r#"{"status":500}"#.to_owned()]);
    logs.flush();
    assert_eq!(statuses(&logs, "level = 0", "").len(), 1);
    let counts = |filter: &str| {
        let hours = logs.stats(filter).unwrap();
        hours.iter().map(|hour| (hour.total, hour.left_out)).collect::<Vec<_>>()
    };
    assert_eq!(counts(""), [(1, 0), (1, 5000 - admitted as u64)]);
    // What single requests have a summary has not.
    assert_eq!(counts("data.status = 500"), [(1, 0)]);
}

#[test]
fn a_summary_of_failures_stays_where_only_failures_are_kept() {
    let logs = logs();
    while logs.admits(8) {}
    logs.flush();
    assert_eq!(logs.delete_old(5, 8, Timestamp::now()).unwrap(), 0);
    assert_eq!(statuses(&logs, "level >= 8", ""), [r#"{"type":"summary","count":1}"#]);
}
