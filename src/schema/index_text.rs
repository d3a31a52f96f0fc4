//! `CREATE INDEX` statements: taken apart, put together, and looked up in a collection.

use std::fmt::Write as _;

use super::index_condition;
use super::index_token::{Token, TokenKind, tokens};
use super::{Collate, Field, Index, IndexColumn, IndexNumber};

/// The most bytes of one definition.
const MAX_BYTES: usize = 4096;
/// The most columns of one index.
const MAX_COLUMNS: usize = 32;

/// A `CREATE INDEX` statement taken apart; its columns are not looked up yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Whether two records may not share a key.
    pub unique: bool,
    /// Whether it says `IF NOT EXISTS`, which means nothing here but is kept.
    pub if_not_exists: bool,
    /// The schema before the name; empty for none.
    pub schema: String,
    /// The index's name; never empty.
    pub name: String,
    /// The collection's name; empty in statements for a collection without a name yet.
    pub table: String,
    /// The columns in order; never empty.
    pub columns: Vec<StatementColumn>,
    /// What follows `WHERE`; empty for none.
    pub condition: String,
}

/// One column of a [`Statement`].
#[derive(Debug, Clone, PartialEq)]
pub struct StatementColumn {
    /// A field's name, or an expression when it has a parenthesis or a space.
    pub name: String,
    /// What follows `COLLATE`; empty for none.
    pub collate: String,
    /// `ASC`, `DESC` or empty. Indexes are read both ways, so it changes nothing.
    pub sort: String,
}

/// Why a definition is no index.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IndexError {
    /// It is not a `CREATE INDEX` statement.
    #[error("Invalid CREATE INDEX expression.")]
    Invalid,
    /// It is one, but asks for something that this store cannot index.
    #[error("Failed to create index {name} - {reason}.")]
    Unsupported {
        /// The index's name.
        name: String,
        /// What was not understood.
        reason: String,
    },
}

/// Reads `text` as an index over `fields`.
pub fn index_from_text(
    text: &str,
    fields: &[Field],
    number: IndexNumber,
) -> Result<Index, IndexError> {
    let statement = Statement::parse(text).ok_or(IndexError::Invalid)?;
    let understand = || -> Result<_, String> {
        let columns = statement.columns.iter().map(|column| column.look_up(fields));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        if columns.len() > MAX_COLUMNS {
            return Err(format!("no more than {MAX_COLUMNS} columns are supported"));
        }
        let condition = match statement.condition.as_str() {
            "" => None,
            condition => Some(index_condition::parse(condition, fields)?),
        };
        Ok((columns, condition))
    };
    let (columns, condition) = understand()
        .map_err(|reason| IndexError::Unsupported { name: statement.name.clone(), reason })?;
    Ok(Index {
        number,
        text: text.to_owned(),
        name: statement.name,
        unique: statement.unique,
        columns,
        condition,
    })
}

/// The field that `name` means in SQL, where case does not matter.
pub(super) fn column<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    let exact = fields.iter().find(|field| field.name == name);
    exact.or_else(|| fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)))
}

impl StatementColumn {
    fn look_up(&self, fields: &[Field]) -> Result<IndexColumn, String> {
        if self.is_expression() {
            return Err(format!("expressions are not supported: {}", self.name));
        }
        let field = column(fields, &self.name);
        let field = field.ok_or_else(|| format!("no such column: {}", self.name))?;
        let collate = match self.collate.to_ascii_uppercase().as_str() {
            "" | "BINARY" => Collate::Binary,
            "NOCASE" => Collate::NoCase,
            "RTRIM" => Collate::Rtrim,
            _ => return Err(format!("no such collation sequence: {}", self.collate)),
        };
        Ok(IndexColumn { slot: field.slot, collate })
    }

    fn is_expression(&self) -> bool {
        self.name.contains(['(', ' '])
    }
}

/// Walks the tokens of a statement.
struct Cursor<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is_sign(sign));
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Option<String> {
        let token = self.peek().filter(|t| t.is_name() || t.kind == TokenKind::Text)?;
        self.at += 1;
        Some(token.text.trim().to_owned())
    }

    /// Up to the closing parenthesis of the one just read, split at its own commas.
    fn parenthesised(&mut self) -> Option<Vec<&'a [Token]>> {
        let mut items = Vec::new();
        let mut from = self.at;
        let mut depth = 0;
        loop {
            let token = self.peek()?;
            if depth == 0 && (token.is_sign(",") || token.is_sign(")")) {
                items.push(&self.tokens[from..self.at]);
                from = self.at + 1;
            }
            self.at += 1;
            if token.is_sign("(") {
                depth += 1;
            } else if token.is_sign(")") {
                if depth == 0 {
                    return Some(items);
                }
                depth -= 1;
            }
        }
    }

    fn column(&self, mut tokens: &'a [Token]) -> Option<StatementColumn> {
        let mut sort = String::new();
        if let [rest @ .., last] = tokens
            && !rest.is_empty()
            && (last.is("ASC") || last.is("DESC"))
        {
            sort = last.text.to_ascii_uppercase();
            tokens = rest;
        }
        let mut collate = String::new();
        if let [rest @ .., word, last] = tokens
            && !rest.is_empty()
            && word.is("COLLATE")
        {
            collate.clone_from(&last.text);
            tokens = rest;
        }
        let name = match tokens {
            [] => return None,
            [single] if single.is_name() || single.kind == TokenKind::Text => single.text.clone(),
            [first, .., last] => self.source[first.span.start..last.span.end].to_owned(),
            [single] => format!("({})", &self.source[single.span.clone()]),
        };
        Some(StatementColumn { name, collate, sort })
    }
}

impl Statement {
    /// Takes a definition apart; `None` when it is no `CREATE INDEX` statement, or is longer than
    /// 4096 bytes. Line breaks and case do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut tokens = tokens(text)?;
        while tokens.last().is_some_and(|token| token.is_sign(";")) {
            tokens.pop();
        }
        let mut cursor = Cursor { source: text, tokens: &tokens, at: 0 };
        if !cursor.keyword("CREATE") {
            return None;
        }
        let unique = cursor.keyword("UNIQUE");
        if !cursor.keyword("INDEX") {
            return None;
        }
        let if_not_exists = cursor.keyword("IF");
        if if_not_exists && !(cursor.keyword("NOT") && cursor.keyword("EXISTS")) {
            return None;
        }
        let mut schema = String::new();
        let mut name = cursor.name()?;
        if cursor.sign(".") {
            schema = std::mem::replace(&mut name, cursor.name()?);
        }
        if name.is_empty() || !cursor.keyword("ON") {
            return None;
        }
        let table = cursor.name()?;
        if !cursor.sign("(") {
            return None;
        }
        let items = cursor.parenthesised()?;
        let columns = items.into_iter().map(|item| cursor.column(item));
        let columns = columns.collect::<Option<Vec<_>>>()?;
        let mut condition = String::new();
        if cursor.keyword("WHERE") {
            let (first, last) = (cursor.peek()?, tokens.last()?);
            condition = text[first.span.start..last.span.end].to_owned();
        } else if cursor.peek().is_some() {
            return None;
        }
        Some(Self { unique, if_not_exists, schema, name, table, columns, condition })
    }

    /// The statement as text, every name in back-quotes.
    pub fn build(&self) -> String {
        let mut text = String::from("CREATE ");
        if self.unique {
            text += "UNIQUE ";
        }
        text += "INDEX ";
        if self.if_not_exists {
            text += "IF NOT EXISTS ";
        }
        if !self.schema.is_empty() {
            text += &format!("`{}`.", self.schema);
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "`{}` ON `{}` (", self.name, self.table);
        let inline = self.columns.len() == 1;
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            if !inline {
                text += "\n  ";
            }
            text += &column.build();
        }
        text += if inline { ")" } else { "\n)" };
        if !self.condition.is_empty() {
            text += " WHERE ";
            text += &self.condition;
        }
        text
    }

    /// Whether both index the same things in the same way, whatever they are called.
    pub fn same_definition(&self, other: &Self) -> bool {
        self.unique == other.unique
            && self.columns == other.columns
            && self.condition == other.condition
    }
}

impl StatementColumn {
    fn build(&self) -> String {
        let mut text =
            if self.is_expression() { self.name.clone() } else { format!("`{}`", self.name) };
        for (word, value) in [(" COLLATE ", &self.collate), (" ", &self.sort)] {
            if !value.is_empty() {
                text += word;
                text += value;
            }
        }
        text
    }
}
