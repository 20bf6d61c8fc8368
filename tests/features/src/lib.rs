//! An empty library, because a package needs one. The tests are in `tests/`.
