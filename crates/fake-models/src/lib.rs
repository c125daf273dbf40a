//! A fake of two model providers, for tests and demos.
