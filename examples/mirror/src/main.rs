//! `mirror`: copies the documents of a deployment to a database, and follows their changes.

fn main() {}
