//! Whose turn it is: two servers alternate, and so does which of them goes first.

/// The order of `servers` servers in round `round`: A B, then B A, then A B.
///
/// What grows over time, such as the heat of the machine, then weighs on both alike.
pub(crate) fn order(round: usize, servers: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..servers).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}
