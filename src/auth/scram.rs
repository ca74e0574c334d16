//! What both sides of SCRAM share (RFC 5802, RFC 7677).

/// A SCRAM verifier: what the server keeps instead of the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKeys {
    /// H(ClientKey).
    pub stored_key: [u8; 32],
    /// HMAC(SaltedPassword, "Server Key").
    pub server_key: [u8; 32],
}
