//! Values as the filter language compares them.

use std::borrow::Cow;
use std::cmp::Ordering;

/// One value in a comparison, a sort or an index key.
///
/// Order: `Null`, then numbers by value (integers and doubles alike), then text by its UTF-8 bytes.
#[derive(Debug, Clone)]
pub enum Scalar<'a> {
    /// Nothing; equal to itself in this order.
    Null,
    /// A whole number that did not come from a double.
    Int(i64),
    /// A double; never NaN.
    Real(f64),
    /// Text, compared byte by byte.
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// Borrowed text.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// The same value without the borrow.
    pub fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Null => Scalar::Null,
            Self::Int(int) => Scalar::Int(int),
            Self::Real(real) => Scalar::Real(real),
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
        }
    }

    /// The same value, borrowed from this one.
    pub fn by_ref(&self) -> Scalar<'_> {
        match self {
            Self::Null => Scalar::Null,
            Self::Int(int) => Scalar::Int(*int),
            Self::Real(real) => Scalar::Real(*real),
            Self::Text(text) => Scalar::Text(Cow::Borrowed(text)),
        }
    }

    /// Whether this is `Null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl Ord for Scalar<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        use Scalar::{Int, Null, Real, Text};
        match (self, other) {
            (Null, Null) => Ordering::Equal,
            (Null, _) => Ordering::Less,
            (Text(a), Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (_, Null) | (Text(_), _) => Ordering::Greater,
            (_, Text(_)) => Ordering::Less,
            (Int(a), Int(b)) => a.cmp(b),
            (Real(a), Real(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Int(a), Real(b)) => compare_int_real(*a, *b),
            (Real(a), Int(b)) => compare_int_real(*b, *a).reverse(),
        }
    }
}

/// Compares without rounding the integer to a double.
fn compare_int_real(int: i64, real: f64) -> Ordering {
    // 2^63 is exact as a double; i64::MAX is not.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if real >= LIMIT {
        return Ordering::Less;
    }
    if real < -LIMIT {
        return Ordering::Greater;
    }
    let whole = real.trunc();
    int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&real).unwrap_or(Ordering::Equal))
}

impl PartialOrd for Scalar<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_come_in_order() {
        assert!(Scalar::Null < Scalar::Int(i64::MIN));
        assert!(Scalar::Real(f64::MAX) < Scalar::text(""));
        assert!(Scalar::text("Z") < Scalar::text("a"));
    }

    #[test]
    fn integers_and_doubles_compare_by_value() {
        assert_eq!(Scalar::Int(3), Scalar::Real(3.0));
        assert!(Scalar::Int(3) < Scalar::Real(3.5));
        assert!(Scalar::Int(-3) > Scalar::Real(-3.5));
        assert!(Scalar::Int(i64::MAX) < Scalar::Real(9_223_372_036_854_775_808.0));
        assert!(Scalar::Int(9_007_199_254_740_993) > Scalar::Real(9_007_199_254_740_992.0));
    }
}
