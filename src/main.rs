//! Arguments and logging; the only place that ends the process.
fn main() {}
