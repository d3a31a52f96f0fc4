//! The parts of the load generator that compute: `benches/load`, which needs no server for them.

#[path = "../benches/load/records.rs"]
mod records;
#[path = "../benches/load/rounds.rs"]
mod rounds;
#[path = "../benches/load/statistics.rs"]
mod statistics;
#[path = "../benches/load/table.rs"]
mod table;

use records::{PASSWORD, description, email, organization, permission, pick, post, user};
use rounds::order;
use statistics::{Ratio, median, percentile, ratio};
use table::{Column, Table, figure};

#[test]
fn a_percentile_is_a_value_that_was_measured() {
    let values: Vec<u32> = (1..=200).collect();
    assert_eq!(percentile(&values, 50), 100);
    assert_eq!(percentile(&values, 99), 198);
    assert_eq!(percentile(&values, 100), 200);
    assert_eq!(percentile(&[7], 1), 7);
    assert_eq!(percentile(&[7], 99), 7);
    assert_eq!(percentile(&[], 99), 0);
}

#[test]
fn a_median_does_not_follow_one_slow_round() {
    assert_eq!(median(&[3.0, 900.0, 1.0]), 3.0);
    assert_eq!(median(&[4.0, 2.0]), 3.0);
    assert_eq!(median(&[]), 0.0);
}

#[test]
fn a_ratio_spans_the_rounds_it_was_seen_in() {
    let seen = ratio(&[10.0, 12.0, 40.0], &[2.0, 4.0, 4.0]);
    assert_eq!(seen, Some(Ratio { median: 3.0, min: 3.0, max: 10.0 }));
    assert_eq!(ratio(&[], &[]), None);
    assert_eq!(ratio(&[1.0], &[0.0]), None);
}

#[test]
fn servers_take_turns_at_going_first() {
    assert_eq!(order(0, 2), [0, 1]);
    assert_eq!(order(1, 2), [1, 0]);
    assert_eq!(order(2, 2), [0, 1]);
    assert_eq!(order(1, 1), [0]);
}

#[test]
fn a_table_lines_up_on_a_terminal_and_is_one_in_markdown() {
    let mut table = Table::new(vec![Column("workload", 10), Column("wall s", 8)]);
    let line = table.add(vec!["list".to_owned(), figure(0.1234)]);
    assert_eq!(table.head(), "workload     wall s");
    assert_eq!(line, "list          0.123");
    assert_eq!(table.markdown(), "| workload | wall s |\n| --- | --: |\n| list | 0.123 |\n");
}

#[test]
fn figures_keep_three_digits() {
    assert_eq!(figure(1234.5), "1234");
    assert_eq!(figure(12.345), "12.3");
    assert_eq!(figure(1.2345), "1.23");
    assert_eq!(figure(0.0123), "0.012");
}

#[test]
fn records_are_the_same_on_every_server_but_for_ids() {
    let ids = |prefix: &str, count: usize| -> Vec<String> {
        (0..count).map(|n| format!("{prefix}{n}")).collect()
    };
    let (ours, theirs) = (ids("a", 50), ids("b", 50));
    for n in 0..100 {
        let here = user(n, &ours, &ours);
        assert_eq!(here.replace("\"a", "\"b"), user(n, &theirs, &theirs).replace("\"a", "\"b"));
        let user: serde_json::Value = serde_json::from_str(&here).unwrap();
        let mut granted: Vec<_> = user["permissions"].as_array().unwrap().clone();
        granted.sort_by_key(ToString::to_string);
        granted.dedup();
        assert_eq!(granted.len(), 3, "permissions of user {n} are distinct");
    }
    let text = post(7, "posts10k", &description(), &ours);
    let post: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(post["description"].as_str().map(str::len), Some(485));
    assert_ne!(post["type"][0], post["type"][1]);
    let named = organization(3) + &permission(3) + &email(3);
    assert!(named.contains("organizations3") && named.contains("permissions3"));
    assert!(text.contains("posts10k7") && PASSWORD.len() >= 8);
}

#[test]
fn picks_are_spread_evenly() {
    let mut counts = [0; 10];
    (0..10_000).for_each(|n| counts[pick(n, 6, 10)] += 1);
    assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
}
