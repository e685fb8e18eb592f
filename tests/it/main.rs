//! One integration binary: the built `packet`, real git, real ssh-keygen, real files.

mod sandbox;
mod story;
