//! The parser: what it accepts, and that it survives everything else.

use proptest::prelude::*;

use crate::query::FilterError;
use crate::query::ast::{Comparison, Expr, Operand, Operator};
use crate::query::parser::parse;

fn operand() -> impl Strategy<Value = Operand> {
    let leaf = prop_oneof![
        "[a-z_@#][a-zA-Z0-9_]{0,4}([.:][a-z0-9_]{1,3}){0,2}"
            .prop_filter("more than a sigil", |name| name.len() > 1)
            .prop_map(Operand::Identifier),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Operand::Number),
        any::<String>().prop_map(Operand::Text),
        "[a-z\\\\'\"nt%_\n]{0,8}".prop_map(Operand::Text),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        ("[a-z]{1,4}", proptest::collection::vec(inner, 0..3))
            .prop_map(|(name, arguments)| Operand::Function { name, arguments })
    })
}

fn operator() -> impl Strategy<Value = Operator> {
    use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual, Like, NotEqual, NotLike};
    prop::sample::select(vec![
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        Like,
        NotLike,
    ])
}

fn expr() -> impl Strategy<Value = Expr> {
    let comparison = (operand(), operator(), any::<bool>(), operand()).prop_map(
        |(left, operator, any, right)| Expr::Compare(Comparison { left, operator, any, right }),
    );
    comparison.prop_recursive(4, 24, 4, |inner| {
        let parts = proptest::collection::vec(inner, 2..4);
        prop_oneof![parts.clone().prop_map(Expr::And), parts.prop_map(Expr::Or)]
    })
}

proptest! {
    #[test]
    fn parsing_what_was_printed_gives_the_same_tree(tree in expr()) {
        let text = tree.to_string();
        prop_assert_eq!(parse(&text).unwrap(), tree, "{}", text);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn near_misses_are_parsed_or_refused(
        text in "[a-b0-9.:_@#'\"\\\\()&|=?!<>~/, \\-\n\t\r\u{7f}ü]{0,40}",
    ) {
        let _ = parse(&text);
    }
}

#[test]
fn and_binds_tighter_than_or() {
    let tree = parse("a=1 || b=2 && c=3").unwrap();
    assert_eq!(tree.to_string(), "a = 1 || (b = 2 && c = 3)");
}

#[test]
fn blanks_comments_and_escapes_are_understood() {
    for (text, printed) in [
        ("a=-5", "a = -5"),
        ("a>-1", "a > -1"),
        (" a\t?!=\n'x' // why\r\n && (b~\"it's\")", "a ?!= 'x' && b ~ 'it\\'s'"),
        ("a='l\\n\\t\\r\\\\\\'\\\"'", "a = 'l\n\t\r\\\\\\'\"'"),
        ("a='\\d\\u0041'", "a = '\\\\d\\\\u0041'"),
        ("f(a, 1, 'x',) = 2.50", "f(a, 1, 'x') = 2.5"),
        ("f(// nothing\n) = 1", "f() = 1"),
        ("a='//'", "a = '//'"),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), printed, "{text}");
    }
}

#[test]
fn errors_say_where() {
    for (text, position) in [
        ("a = ", 4),
        ("a b", 2),
        ("a = 1 && ", 9),
        ("(a = 1", 6),
        ("a = 'x", 4),
        ("a = 1 | b = 2", 6),
    ] {
        match parse(text) {
            Err(FilterError::Syntax { at, .. }) => assert_eq!(at, position, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn deep_nesting_is_refused_without_overflow() {
    for depth in [1000, 100_000] {
        let groups = format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(matches!(parse(&groups), Err(FilterError::Limit(_))));
        let calls = format!("{}1{}=1", "f(".repeat(depth), ")".repeat(depth));
        assert!(matches!(parse(&calls), Err(FilterError::Limit(_))));
    }
}
