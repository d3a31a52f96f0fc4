//! Random writes leave the store as a naive model says.

use proptest::prelude::*;

use super::durability::{copy_as_killed, open_unhurried};
use super::*;
use crate::model::JsonText;
use crate::store::{ChangeAction, Durability};

#[derive(Debug, Clone)]
struct Post {
    id: u8,
    title: &'static str,
    rank: u8,
    data: u8,
    links: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Op {
    Insert(Post),
    /// Changes the nth row, modulo their number.
    Update(usize, Post),
    Delete(usize),
}

/// Several ops in one job, which fails in the end if told so.
#[derive(Debug, Clone)]
struct Job {
    ops: Vec<Op>,
    fails: bool,
}

fn any_post() -> impl Strategy<Value = Post> {
    let title = prop_oneof![Just(""), Just("a"), Just("A"), Just("b"), Just("c"), Just("C")];
    let links = proptest::collection::vec(0u8..4, 0..4);
    (0u8..12, title, 0u8..3, 0u8..6, links).prop_map(|(id, title, rank, data, links)| Post {
        id,
        title,
        rank,
        data,
        links,
    })
}

fn any_job() -> impl Strategy<Value = Job> {
    let op = prop_oneof![
        4 => any_post().prop_map(Op::Insert),
        3 => (any::<usize>(), any_post()).prop_map(|(nth, post)| Op::Update(nth, post)),
        2 => any::<usize>().prop_map(Op::Delete),
    ];
    let ops = proptest::collection::vec(op, 1..5);
    (ops, prop::bool::weighted(0.25)).prop_map(|(ops, fails)| Job { ops, fails })
}

impl Post {
    fn row(&self) -> RowBuf {
        let data = match self.data {
            0..4 => Value::Null,
            n => Value::Json(JsonText::trusted(n.to_string())),
        };
        row(&[
            (Slot::ID, text(&format!("id{}", self.id))),
            (TITLE, text(self.title)),
            (RANK, Value::Number(f64::from(self.rank))),
            (DATA, data),
            (LINKS, Value::List(self.links.iter().map(|id| format!("id{id}")).collect())),
            (CREATED, Value::Date(Some(Timestamp::from_millis(i64::from(self.rank) + 1)))),
        ])
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Refusal {
    IdTaken,
    NotUnique(u32),
}

/// Posts in order of insertion, and what was done to which id.
#[derive(Debug, Clone, Default)]
struct Model {
    posts: Vec<Post>,
    changes: Vec<(ChangeAction, String)>,
}

impl Model {
    fn refusal(&self, post: &Post, except: Option<usize>) -> Option<Refusal> {
        let others = || {
            let all = self.posts.iter().enumerate();
            all.filter(|(at, _)| Some(*at) != except).map(|(_, post)| post)
        };
        if others().any(|other| other.id == post.id) {
            return Some(Refusal::IdTaken);
        }
        let title = post.title.to_lowercase();
        if !title.is_empty() && others().any(|other| other.title.to_lowercase() == title) {
            return Some(Refusal::NotUnique(0));
        }
        let same_data = post.data >= 4 && others().any(|other| other.data == post.data);
        same_data.then_some(Refusal::NotUnique(1))
    }

    fn apply(&mut self, op: &Op) -> Result<(), Refusal> {
        let nth = |nth: usize| nth.checked_rem(self.posts.len());
        let (action, id) = match op {
            Op::Insert(post) => {
                if let Some(refusal) = self.refusal(post, None) {
                    return Err(refusal);
                }
                self.posts.push(post.clone());
                (ChangeAction::Create, post.id)
            }
            Op::Update(n, post) => {
                let Some(at) = nth(*n) else { return Ok(()) };
                if let Some(refusal) = self.refusal(post, Some(at)) {
                    return Err(refusal);
                }
                self.posts[at] = post.clone();
                (ChangeAction::Update, post.id)
            }
            Op::Delete(n) => {
                let Some(at) = nth(*n) else { return Ok(()) };
                (ChangeAction::Delete, self.posts.remove(at).id)
            }
        };
        self.changes.push((action, format!("id{id}")));
        Ok(())
    }
}

fn apply(tx: &mut Tx<'_>, op: &Op) -> Result<(), WriteError> {
    let rows = all_rows(tx, &posts());
    let nth = |n: usize| n.checked_rem(rows.len()).map(|at| &rows[at]);
    match op {
        Op::Insert(post) => tx.insert(&posts(), &post.row()).map(drop),
        Op::Update(n, post) => {
            let Some((rowid, old)) = nth(*n) else {
                return Ok(());
            };
            tx.update(&posts(), *rowid, old, &post.row())
        }
        Op::Delete(n) => {
            let Some((rowid, old)) = nth(*n) else {
                return Ok(());
            };
            tx.delete(&posts(), *rowid, old)
        }
    }
}

fn run(store: &Store, job: Job) -> Option<Vec<Result<(), Refusal>>> {
    store
        .write(move |tx| {
            let mut answers = Vec::new();
            for op in &job.ops {
                answers.push(match apply(tx, op) {
                    Ok(()) => Ok(()),
                    Err(WriteError::IdTaken) => Err(Refusal::IdTaken),
                    Err(WriteError::NotUnique { index }) => Err(Refusal::NotUnique(index.0)),
                    Err(other) => return Err(JobError::Write(other)),
                });
            }
            if job.fails { Err(JobError::OnPurpose) } else { Ok(answers) }
        })
        .map_or_else(
            |error| {
                assert!(matches!(error, JobError::OnPurpose), "{error:?}");
                None
            },
            Some,
        )
}

fn check(store: &Store, model: &Model) {
    let snapshot = store.snapshot();
    let rows: Vec<RowBuf> = all_rows(&*snapshot, &posts()).into_iter().map(|(_, r)| r).collect();
    assert_eq!(rows, model.posts.iter().map(Post::row).collect::<Vec<_>>());
    check_trees(&snapshot, &posts());
    let changes = snapshot.changes(0, usize::MAX).expect("a log");
    let sequences: Vec<u64> = changes.iter().map(|change| change.sequence).collect();
    assert_eq!(sequences, (1..=changes.len() as u64).collect::<Vec<_>>());
    assert_eq!(snapshot.last_change(), changes.len() as u64);
    let changes: Vec<_> =
        changes.into_iter().map(|c| (c.action, c.record_id.as_str().to_owned())).collect();
    assert_eq!(changes, model.changes);
}

fn store_and_model_stay_equal(store: &Store, jobs: &[Job]) -> Model {
    let mut model = Model::default();
    for job in jobs {
        let mut after = model.clone();
        let answers: Vec<_> = job.ops.iter().map(|op| after.apply(op)).collect();
        assert_eq!(run(store, job.clone()), (!job.fails).then_some(answers));
        if !job.fails {
            model = after;
        }
        check(store, &model);
    }
    model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn random_writes_in_memory_agree_with_the_model(
        jobs in proptest::collection::vec(any_job(), 1..24),
    ) {
        store_and_model_stay_equal(&with_posts(memory()), &jobs);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn random_writes_on_disk_agree_with_the_model_also_after_closing_or_a_kill(
        jobs in proptest::collection::vec(any_job(), 1..16),
        relaxed: bool,
        killed: bool,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let durability = if relaxed { Durability::Relaxed } else { Durability::Full };
        let options = StoreOptions { durability, ..Default::default() };
        let store = with_posts(open_unhurried(dir.path(), options.clone()));
        let model = store_and_model_stay_equal(&store, &jobs);
        let reopened_dir = if killed { copy_as_killed(dir.path()) } else { dir };
        drop(store);
        check(&Store::open(reopened_dir.path(), options).unwrap(), &model);
    }
}
