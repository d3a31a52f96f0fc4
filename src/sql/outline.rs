//! The outline of a query: what its outermost SELECT picks, and where from.

use super::token::{Token, TokenKind};

/// Keywords that end a list of columns or of tables.
const ENDS: [&str; 10] = [
    "from",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "window",
    "union",
    "intersect",
    "except",
];
/// Keywords that can follow a table where an alias could be.
const NO_ALIASES: [&str; 12] = [
    "on", "using", "join", "left", "right", "full", "inner", "outer", "cross", "natural",
    "indexed", "not",
];
/// Keywords that can end an expression where an alias could be.
const LAST_WORDS: [&str; 4] = ["end", "null", "isnull", "notnull"];

/// The outermost SELECT of a query.
#[derive(Debug, Default)]
pub(super) struct Outline<'a> {
    /// What it picks, in order.
    pub(super) items: Vec<Item<'a>>,
    /// What it picks from, in order.
    pub(super) sources: Vec<Source>,
}

/// One thing that is picked.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// The expression, without its alias.
    pub(super) expression: Vec<Token<'a>>,
}

/// One table, view or subquery that is picked from.
#[derive(Debug, PartialEq)]
pub(super) struct Source {
    /// The name that columns are told apart by.
    pub(super) alias: String,
    /// The table's name; `None` for a subquery and for what `WITH` made.
    pub(super) table: Option<String>,
}

impl<'a> Outline<'a> {
    /// Reads the outline off the tokens of a whole query. What is no query has no outline.
    pub(super) fn of(tokens: &[Token<'a>]) -> Self {
        let top = |at: usize| tokens[at].depth == 0;
        let find = |from: usize, words: &[&str]| {
            (from..tokens.len()).find(|at| top(*at) && tokens[*at].is_any(words))
        };
        let Some(select) = find(0, &["select"]) else { return Self::default() };
        let ends = find(select + 1, &ENDS).unwrap_or(tokens.len());
        let mut start = select + 1;
        if tokens.get(start).is_some_and(|token| token.is_any(&["distinct", "all"])) {
            start += 1;
        }
        let picked = tokens.get(start..ends).unwrap_or_default();
        let items = parts(picked).map(|part| Item { expression: without_alias(part) }).collect();
        let mut sources = Vec::new();
        if tokens.get(ends).is_some_and(|token| token.is_word("from")) {
            let from_end = find(ends + 1, &ENDS).unwrap_or(tokens.len());
            let made = made_by_with(&tokens[..select]);
            sources = read_sources(&tokens[ends + 1..from_end], &made);
        }
        Self { items, sources }
    }
}

impl Item<'_> {
    /// Whether this stands for all columns of a table, or of all of them.
    pub(super) fn is_wildcard(&self) -> bool {
        match &self.expression[..] {
            [star] => star.is("*"),
            [.., dot, star] => star.is("*") && dot.is("."),
            [] => false,
        }
    }

    /// Whether it begins with a call of `function`.
    pub(super) fn calls(&self, function: &str) -> bool {
        matches!(&self.expression[..], [name, open, ..] if name.is_word(function) && open.is("("))
    }

    /// The type that the whole expression is cast to, in lower case.
    pub(super) fn cast_type(&self) -> Option<String> {
        let [name, open, .., as_, type_name, close] = &self.expression[..] else { return None };
        let is_whole = name.is_word("cast")
            && open.is("(")
            && close.is(")")
            && open.depth == close.depth
            && as_.is_word("as")
            && as_.depth == open.depth + 1;
        // Another `)` at that depth would have ended the cast earlier.
        let closes = self.expression.iter().filter(|t| t.is(")") && t.depth == open.depth).count();
        (is_whole && closes == 1).then(|| type_name.name().to_lowercase())
    }

    /// The column that the expression is, with the name before its dot.
    pub(super) fn column(&self) -> Option<(Option<String>, String)> {
        match &self.expression[..] {
            [name] if name.is_name() => Some((None, name.name())),
            [source, dot, name] if source.is_name() && dot.is(".") && name.is_name() => {
                Some((Some(source.name()), name.name()))
            }
            _ => None,
        }
    }
}

/// The parts between the outermost commas.
fn parts<'t, 'a>(tokens: &'t [Token<'a>]) -> impl Iterator<Item = &'t [Token<'a>]> {
    let parts = tokens.split(|token| token.depth == 0 && token.is(","));
    parts.filter(|part| !part.is_empty())
}

fn without_alias<'a>(part: &[Token<'a>]) -> Vec<Token<'a>> {
    let expression = match part {
        [expression @ .., as_, name] if as_.is_word("as") && as_.depth == 0 && can_alias(name) => {
            expression
        }
        [expression @ .., before, name]
            if can_alias(name) && !name.is_any(&LAST_WORDS) && ends_expression(before) =>
        {
            &part[..=expression.len()]
        }
        whole => whole,
    };
    expression.to_vec()
}

fn can_alias(token: &Token<'_>) -> bool {
    token.is_name() || token.kind == TokenKind::Text
}

/// Whether an expression can be over after `token`.
fn ends_expression(token: &Token<'_>) -> bool {
    match token.kind {
        TokenKind::Symbol => token.is(")"),
        TokenKind::Word => {
            !token.is_any(&["not", "is", "and", "or", "like", "in", "between", "collate", "glob"])
        }
        _ => true,
    }
}

/// The names that a `WITH` before the SELECT makes.
fn made_by_with(tokens: &[Token<'_>]) -> Vec<String> {
    let outermost = tokens.iter().filter(|token| token.depth == 0 && token.is_name());
    outermost.map(Token::name).collect()
}

fn read_sources(tokens: &[Token<'_>], made: &[String]) -> Vec<Source> {
    let mut sources = Vec::new();
    let starts = |at: usize| {
        at == 0
            || tokens[at - 1].depth == 0
                && (tokens[at - 1].is(",") || tokens[at - 1].is_word("join"))
    };
    for at in (0..tokens.len()).filter(|at| tokens[*at].depth == 0 && starts(*at)) {
        let outermost: Vec<_> = tokens[at..].iter().filter(|token| token.depth == 0).collect();
        let (mut table, mut rest) = match &outermost[..] {
            [open, close, rest @ ..] if open.is("(") && close.is(")") => (None, rest),
            // A schema before the table.
            [_, dot, name, rest @ ..] if dot.is(".") && name.is_name() => (Some(name.name()), rest),
            [name, rest @ ..] if name.is_name() => (Some(name.name()), rest),
            _ => continue,
        };
        // A function that makes a table.
        if let [open, close, after @ ..] = rest
            && open.is("(")
            && close.is(")")
        {
            (table, rest) = (None, after);
        }
        let alias = match rest {
            [as_, name, ..] if as_.is_word("as") && can_alias(name) => Some(name.name()),
            [name, ..] if can_alias(name) && !name.is_any(&NO_ALIASES) => Some(name.name()),
            _ => table.clone(),
        };
        let is_made = |name: &String| made.iter().any(|made| made.eq_ignore_ascii_case(name));
        let table = table.filter(|name| !is_made(name));
        sources.push(Source { alias: alias.unwrap_or_default(), table });
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    fn expressions(query: &str) -> Vec<String> {
        let tokens = tokens(query);
        let items = Outline::of(&tokens).items;
        let text = |item: &Item<'_>| {
            let texts: Vec<_> = item.expression.iter().map(|token| token.text).collect();
            texts.join(" ")
        };
        items.iter().map(text).collect()
    }

    fn sources(query: &str) -> String {
        let tokens = tokens(query);
        let sources = Outline::of(&tokens).sources;
        let text = |source: &Source| {
            format!("{}={}", source.alias, source.table.as_deref().unwrap_or("?"))
        };
        sources.iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn items_lose_their_aliases_and_nothing_else() {
        let query = "with x as (select 1, 2) select distinct a.id as id, count(a , b) n, \"q\" 'z', \
                     case when 1 then 2 end, 1 is null, a + b as c, 'x' y, max(1) from x";
        assert_eq!(
            expressions(query),
            [
                "a . id",
                "count ( a , b )",
                "\"q\"",
                "case when 1 then 2 end",
                "1 is null",
                "a + b",
                "'x'",
                "max ( 1 )"
            ]
        );
    }

    #[test]
    fn sources_are_told_by_their_aliases() {
        for (query, expected) in [
            ("select 1 from a", "a=a"),
            ("select 1 from a x, b as y", "x=a y=b"),
            (
                "select 1 from a left join b on b.x = a.y join [c] z using (id) where 1",
                "a=a b=b z=c",
            ),
            ("select 1 from (select 2 from q) s, main.a", "s=? a=a"),
            ("select 1 from a, json_each(a.list) j", "a=a j=?"),
            ("with a as (select 1) select 1 from a, b", "a=? b=b"),
            ("select 1", ""),
        ] {
            assert_eq!(sources(query), expected, "{query}");
        }
    }

    #[test]
    fn casts_are_seen_only_when_they_are_the_whole() {
        for (item, expected) in [
            ("cast(a as int)", Some("int")),
            ("CaSt( (case when 1 then 2 end)  aS Real )", Some("real")),
            ("cast(a as int) + cast(b as int)", None),
            ("max(cast(a as int))", None),
        ] {
            let query = format!("select {item} as x from t");
            let tokens = tokens(&query);
            let cast = Outline::of(&tokens).items[0].cast_type();
            assert_eq!(cast.as_deref(), expected, "{item}");
        }
    }
}
