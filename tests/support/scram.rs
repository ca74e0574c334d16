//! A SCRAM-SHA-256 client of the tests' own (RFC 5802, RFC 7677), with or without channel binding.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What the client says about channel binding.
#[derive(Clone)]
pub(crate) enum Binding {
    /// `n`: the client has none.
    None,
    /// `y`: the client could, and believes that the server cannot.
    Unsupported,
    /// `p=tls-server-end-point` and its data.
    EndPoint(Vec<u8>),
}

/// An exchange under way.
pub(crate) struct Scram {
    password: String,
    header: String,
    binding: Vec<u8>,
    first_bare: String,
}

impl Scram {
    pub(crate) fn new(password: &str, nonce: &str, binding: &Binding) -> Self {
        let (header, data) = match binding {
            Binding::None => ("n,,", Vec::new()),
            Binding::Unsupported => ("y,,", Vec::new()),
            Binding::EndPoint(data) => ("p=tls-server-end-point,,", data.clone()),
        };
        Self {
            password: password.to_owned(),
            header: header.to_owned(),
            binding: data,
            first_bare: format!("n=,r={nonce}"),
        }
    }

    pub(crate) fn first(&self) -> String {
        format!("{}{}", self.header, self.first_bare)
    }

    /// The client-final message, and the signature that the server must answer with.
    pub(crate) fn last(&self, server_first: &str) -> (String, String) {
        let attribute = |letter: &str| {
            let part = server_first.split(',').find(|part| part.starts_with(letter));
            part.unwrap_or_else(|| panic!("no {letter} in {server_first:?}"))[2..].to_owned()
        };
        let salt = BASE64.decode(attribute("s=").as_bytes()).unwrap();
        let rounds: u32 = attribute("i=").parse().unwrap();
        let salted = pbkdf2(self.password.as_bytes(), &salt, rounds);
        let client_key = mac(&salted, b"Client Key");
        let stored_key: [u8; 32] = Sha256::digest(client_key).into();
        let mut bound = self.header.clone().into_bytes();
        bound.extend(&self.binding);
        let without_proof = format!("c={},r={}", BASE64.encode(&bound), attribute("r="));
        let message = format!("{},{server_first},{without_proof}", self.first_bare);
        let signature = mac(&stored_key, message.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let server = mac(&mac(&salted, b"Server Key"), message.as_bytes());
        (
            format!("{without_proof},p={}", BASE64.encode(&proof)),
            format!("v={}", BASE64.encode(&server)),
        )
    }
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn pbkdf2(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut block = mac(password, &[salt, &1_u32.to_be_bytes()[..]].concat());
    let mut result = block;
    for _ in 1..rounds {
        block = mac(password, &block);
        result.iter_mut().zip(block).for_each(|(r, b)| *r ^= b);
    }
    result
}
