//! Unit tests of the HTTP floor: counting, cutting, decompressing, spooling, negotiating. The routes are tested from outside.

mod decode;
mod limits;
mod lines;
mod negotiation;
mod receipt;
mod request;
mod spool;
