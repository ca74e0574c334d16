//! `pgward demo`: a throwaway PostgreSQL with sample data behind a real pgward.

pub mod postgres;
