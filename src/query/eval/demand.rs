//! What a comparison demands of a stored column.

use crate::model::Scalar;
use crate::query::FilterError;
use crate::query::ast::Operator;
use crate::query::bound::Term;
use crate::query::compare::{Affinity, Class, to_number, to_text};

use super::{Env, Run};

/// The value that a column of class `column` is in effect compared with when the other side is
/// `term`; `None` when it is not of the column's class, so that no range of keys stands for it.
pub(in crate::query) fn demanded(
    run: &Run<'_>,
    column: Affinity,
    operator: Operator,
    term: &Term,
    env: &mut Env<'_>,
) -> Result<Option<Scalar<'static>>, FilterError> {
    run.prepare(term, env)?;
    let value = run.value(term, env).into_owned();
    let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
    let is_folded = is_equality && !term.strict && run.class(term) != Class::Known;
    let value = match (is_folded, column, term.affinity) {
        (true, ..) if value.is_null() => Scalar::text(""),
        // The column would be turned into a number, which its index knows nothing of.
        (false, Affinity::Text, Affinity::Numeric) => return Ok(None),
        (false, Affinity::Text, Affinity::None) => to_text(value),
        (false, Affinity::Numeric, Affinity::Text | Affinity::None) => to_number(value),
        _ => value,
    };
    let same_class = matches!(
        (&value, column),
        (Scalar::Text(_), Affinity::Text) | (Scalar::Int(_) | Scalar::Real(_), Affinity::Numeric)
    );
    Ok(same_class.then_some(value))
}
