//! The `haversack` program.

fn main() {}
