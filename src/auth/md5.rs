//! PostgreSQL's MD5 password method, towards upstreams that still ask for it
//! (protocol page "Start-up", AuthenticationMD5Password; `common/md5_common.c`).

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};

/// The answer to AuthenticationMD5Password:
/// `"md5" + hex(md5(hex(md5(password + user)) + salt))`.
#[must_use]
pub fn md5_password(user: &str, password: &str, salt: [u8; 4]) -> String {
    let inner = Md5::new().chain_update(password).chain_update(user).finalize();
    let outer = Md5::new().chain_update(HEXLOWER.encode(&inner)).chain_update(salt).finalize();
    format!("md5{}", HEXLOWER.encode(&outer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_as_libpq_does() {
        // The vector of rust-postgres, which was taken from a live exchange.
        let salt = [0x2a, 0x3d, 0x8f, 0xe0];
        let answer = md5_password("md5_user", "password", salt);
        assert_eq!(answer, "md562af4dd09bbb41884907a838a3233294");
    }
}
