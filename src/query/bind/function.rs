//! Calls of functions.

use super::super::FilterError;
use super::super::ast::Operand;
use super::super::bound::{Term, TermKind};
use super::super::functions::Strftime;
use super::{Binder, plain};

/// Arguments that `strftime` takes at most.
const STRFTIME_ARGUMENTS_MAX: usize = 10;

impl Binder<'_> {
    pub(super) fn function(
        &mut self,
        name: &str,
        arguments: &[Operand],
    ) -> Result<Term, FilterError> {
        match name {
            "geoDistance" => self.distance(arguments),
            "strftime" => self.strftime(arguments),
            _ => Err(FilterError::Unknown(format!("unknown function {name}"))),
        }
    }

    fn distance(&mut self, arguments: &[Operand]) -> Result<Term, FilterError> {
        let [a, b, c, d] = arguments else {
            return Err(refused("geoDistance takes four arguments"));
        };
        let mut number = |operand: &Operand| match operand {
            Operand::Number(_) | Operand::Identifier(_) => self.operand(operand),
            _ => Err(refused("geoDistance takes numbers and names")),
        };
        let terms = [number(a)?, number(b)?, number(c)?, number(d)?];
        let needs = terms.iter().fold(0, |needs, term| needs | term.needs);
        let on_base = terms.iter().any(|term| term.on_base);
        let kind = TermKind::Distance(Box::new(terms));
        Ok(Term { strict: true, needs, on_base, ..plain(kind) })
    }

    fn strftime(&mut self, arguments: &[Operand]) -> Result<Term, FilterError> {
        if arguments.len() > STRFTIME_ARGUMENTS_MAX {
            return Err(refused("strftime takes at most ten arguments"));
        }
        let [Operand::Text(format), rest @ ..] = arguments else {
            return Err(refused("strftime takes a format text first"));
        };
        let time = match rest.first() {
            None => None,
            Some(Operand::Function { .. }) => {
                return Err(refused("strftime takes no function as its time"));
            }
            Some(operand) => Some(self.operand(operand)?),
        };
        let modifier = |operand: &Operand| match operand {
            Operand::Text(text) => Ok(text.clone()),
            _ => Err(refused("strftime takes texts as modifiers")),
        };
        let modifiers = rest.iter().skip(1).map(modifier).collect::<Result<_, _>>()?;
        let (multi, needs, on_base) =
            time.as_ref().map_or((false, 0, false), |time| (time.multi, time.needs, time.on_base));
        let call = Strftime { format: format.clone(), time, modifiers };
        let kind = TermKind::Strftime(Box::new(call));
        Ok(Term { multi, needs, on_base, ..plain(kind) })
    }
}

fn refused(message: &str) -> FilterError {
    FilterError::Unknown(message.to_owned())
}
