//! `undrift run`: what a service needs that looks after a fleet for months.

pub mod notify;
