//! Small scripts of the kind that people have, one server for all of them.
