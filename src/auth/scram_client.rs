//! The client's side of SCRAM-SHA-256(-PLUS): how pgward logs in to an upstream (RFC 5802,
//! RFC 7677; libpq's `fe-auth-scram.c`).
//!
//! The upstream is not trusted: its nonce, salt and iteration count are bounded before any work
//! is done, and an upstream that does not prove that it knows the password is refused.

use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::saslprep::saslprep;
use super::scram::{
    BINDING_TYPE, ITERATIONS, Mechanism, NONCE_MAX, ScramError, StoredKeys, attribute, hash, hmac,
    is_nonce, salted_password, xor,
};

/// Most rounds an upstream may ask for. OWASP's advice for PBKDF2-HMAC-SHA-256 is 600,000 and
/// PostgreSQL's default 4,096; a million is under half a second of one core, and asked for once
/// per role, since the result is cached.
pub const ITERATIONS_MAX: u32 = 1_000_000;

/// Longest salt accepted, bytes; PostgreSQL's is 16.
const SALT_MAX: usize = 256;

/// Longest `e=` value that is kept, characters.
const ERROR_MAX: usize = 100;

/// What of channel binding this connection has, as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientBinding {
    /// We cannot bind: no TLS, or the server's certificate has no `tls-server-end-point`.
    Unable,
    /// We could bind, but the server did not offer it.
    NotOffered,
    /// Bound to the server's certificate: its `tls-server-end-point` data.
    Bound(Vec<u8>),
}

/// What SaltedPassword comes to for one salt and iteration count: the costly part of a login, to
/// be kept by the caller for the next login of the same role with the same password.
pub struct SaltedPassword {
    client_key: Zeroizing<[u8; 32]>,
    server_key: Zeroizing<[u8; 32]>,
    salt: Vec<u8>,
    iterations: u32,
}

/// The verifier of `password` as PostgreSQL keeps it (`pg_authid.rolpassword`,
/// `scram-common.c`): who sends this in the place of a new password sends no password.
/// `password` must be ASCII.
#[must_use]
pub fn verifier(password: &str, salt: &[u8; 16]) -> String {
    let StoredKeys { stored_key, server_key } = StoredKeys::derive(password, salt, ITERATIONS);
    format!(
        "SCRAM-SHA-256${ITERATIONS}:{}${}:{}",
        BASE64.encode(salt),
        BASE64.encode(&stored_key),
        BASE64.encode(&server_key)
    )
}

/// An exchange before server-first.
pub struct Client {
    password: Zeroizing<String>,
    nonce: String,
    gs2_header: String,
    binding_data: Vec<u8>,
}

/// What answers server-first.
#[derive(Debug)]
pub struct Answer {
    /// client-final, to be sent as SASLResponse.
    pub client_final: Vec<u8>,
    /// To be kept for the next login.
    pub salted: Arc<SaltedPassword>,
    /// Takes server-final.
    pub finish: Finish,
}

/// An exchange before server-final.
pub struct Finish {
    server_signature: [u8; 32],
}

/// Chooses the mechanism among those of AuthenticationSASL. `binding_data` is the
/// `tls-server-end-point` of the server's certificate, where there is one.
///
/// # Errors
/// [`ScramError::NoMechanism`] if the server offers neither, [`ScramError::Binding`] if it offers
/// only -PLUS on a connection that cannot bind.
pub fn choose<'a>(
    offered: impl IntoIterator<Item = &'a str>,
    binding_data: Option<Vec<u8>>,
) -> Result<(Mechanism, ClientBinding), ScramError> {
    let (mut plain, mut plus) = (false, false);
    for name in offered {
        match Mechanism::from_name(name) {
            Some(Mechanism::ScramSha256) => plain = true,
            Some(Mechanism::ScramSha256Plus) => plus = true,
            None => {}
        }
    }
    match (plus, plain, binding_data) {
        (true, _, Some(data)) => Ok((Mechanism::ScramSha256Plus, ClientBinding::Bound(data))),
        (false, true, Some(_)) => Ok((Mechanism::ScramSha256, ClientBinding::NotOffered)),
        (_, true, None) => Ok((Mechanism::ScramSha256, ClientBinding::Unable)),
        (true, false, None) => Err(ScramError::Binding("the server insists on channel binding")),
        (false, false, _) => Err(ScramError::NoMechanism),
    }
}

impl Client {
    /// An exchange with `nonce`, at least 18 random bytes in base64.
    #[must_use]
    pub fn new(password: &str, nonce: &str, binding: ClientBinding) -> Self {
        let (gs2_header, binding_data) = match binding {
            ClientBinding::Unable => ("n,,".to_owned(), Vec::new()),
            ClientBinding::NotOffered => ("y,,".to_owned(), Vec::new()),
            ClientBinding::Bound(data) => (format!("p={BINDING_TYPE},,"), data),
        };
        let password = Zeroizing::new(saslprep(password).into_owned());
        Self { password, nonce: nonce.to_owned(), gs2_header, binding_data }
    }

    /// client-first, to be sent in SASLInitialResponse. The user name is left empty: the server
    /// takes the one of the startup message.
    #[must_use]
    pub fn first(&self) -> Vec<u8> {
        format!("{}{}", self.gs2_header, self.first_bare()).into_bytes()
    }

    /// Takes server-first. `cached` saves the iterations if salt and count are the same.
    ///
    /// # Errors
    /// A malformed message, a nonce that does not begin with ours, or an iteration count above
    /// [`ITERATIONS_MAX`].
    pub fn respond(
        self,
        server_first: &[u8],
        cached: Option<&Arc<SaltedPassword>>,
    ) -> Result<Answer, ScramError> {
        let server_first = std::str::from_utf8(server_first)
            .map_err(|_| ScramError::Malformed("server-first is not UTF-8"))?;
        let (nonce, salt, iterations) = self.read_first(server_first)?;
        let salted = match cached {
            Some(cached) if cached.salt == salt && cached.iterations == iterations => {
                Arc::clone(cached)
            }
            _ => Arc::new(SaltedPassword::new(&self.password, salt, iterations)),
        };
        let mut channel = self.gs2_header.clone().into_bytes();
        channel.extend_from_slice(&self.binding_data);
        let without_proof = format!("c={},r={nonce}", BASE64.encode(&channel));
        let auth_message = format!("{},{server_first},{without_proof}", self.first_bare());
        let signature = hmac(&hash(&*salted.client_key), &[auth_message.as_bytes()]);
        let proof = BASE64.encode(&xor(&salted.client_key, &signature));
        let server_signature = hmac(&*salted.server_key, &[auth_message.as_bytes()]);
        Ok(Answer {
            client_final: format!("{without_proof},p={proof}").into_bytes(),
            salted,
            finish: Finish { server_signature },
        })
    }

    fn first_bare(&self) -> String {
        format!("n=,r={}", self.nonce)
    }

    /// `r=nonce,s=salt,i=iterations[,extensions]`
    fn read_first<'a>(&self, message: &'a str) -> Result<(&'a str, Vec<u8>, u32), ScramError> {
        // Nonces, salt and count are bounded; nothing else of use is in the message.
        if message.len() > 4 * NONCE_MAX {
            return Err(ScramError::Malformed("server-first is too long"));
        }
        if let Some(('e', error, _)) = attribute(message) {
            return Err(refused(error));
        }
        let Some(('r', nonce, Some(rest))) = attribute(message) else {
            return Err(ScramError::Malformed("expected r= in server-first"));
        };
        let theirs = nonce.strip_prefix(&*self.nonce).ok_or(ScramError::Nonce)?;
        if !is_nonce(theirs) {
            return Err(ScramError::Malformed("unusable server nonce"));
        }
        let Some(('s', salt, Some(rest))) = attribute(rest) else {
            return Err(ScramError::Malformed("expected s= in server-first"));
        };
        let salt = BASE64
            .decode(salt.as_bytes())
            .ok()
            .filter(|salt| (1..=SALT_MAX).contains(&salt.len()))
            .ok_or(ScramError::Malformed("unusable salt"))?;
        let Some(('i', iterations, _)) = attribute(rest) else {
            return Err(ScramError::Malformed("expected i= in server-first"));
        };
        let iterations = Some(iterations)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|count| (1..=ITERATIONS_MAX).contains(count))
            .ok_or(ScramError::Malformed("iteration count out of bounds"))?;
        Ok((nonce, salt, iterations))
    }
}

impl SaltedPassword {
    fn new(password: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let key = salted_password(password.as_bytes(), &salt, iterations);
        let client_key = Zeroizing::new(hmac(&*key, &[b"Client Key"]));
        let server_key = Zeroizing::new(hmac(&*key, &[b"Server Key"]));
        Self { client_key, server_key, salt, iterations }
    }
}

impl Finish {
    /// Takes server-final: the server's proof that it knows the password.
    ///
    /// # Errors
    /// [`ScramError::ServerSignature`] if it does not, [`ScramError::Refused`] if it refused us.
    pub fn finish(self, server_final: &[u8]) -> Result<(), ScramError> {
        let message = std::str::from_utf8(server_final)
            .map_err(|_| ScramError::Malformed("server-final is not UTF-8"))?;
        match attribute(message) {
            Some(('e', error, _)) => Err(refused(error)),
            Some(('v', signature, _)) => {
                let signature = BASE64
                    .decode(signature.as_bytes())
                    .map_err(|_| ScramError::Malformed("server signature is not base64"))?;
                let matches: bool = signature.ct_eq(self.server_signature.as_slice()).into();
                if matches { Ok(()) } else { Err(ScramError::ServerSignature) }
            }
            _ => Err(ScramError::Malformed("expected v= or e= in server-final")),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl fmt::Debug for SaltedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaltedPassword").finish_non_exhaustive()
    }
}

impl fmt::Debug for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finish").finish_non_exhaustive()
    }
}

fn refused(error: &str) -> ScramError {
    let safe = error.chars().filter(char::is_ascii_graphic).take(ERROR_MAX).collect();
    ScramError::Refused(safe)
}

#[cfg(test)]
mod tests {
    use super::super::scram_server::{ChannelBinding, Exchange};
    use super::*;

    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

    fn client(binding: ClientBinding) -> Client {
        Client::new("pencil", NONCE, binding)
    }

    fn run(
        client_binding: ClientBinding,
        server: ChannelBinding,
        mechanism: Mechanism,
    ) -> Result<(), ScramError> {
        let client = client(client_binding);
        let (exchange, server_first) =
            Exchange::start(mechanism, &client.first(), [7; 16], 4096, "srv", server)?;
        let answer = client.respond(&server_first, None)?;
        let keys = StoredKeys::derive("pencil", &[7; 16], 4096);
        let (matched, server_final) = exchange.finish(&answer.client_final, &[keys])?;
        assert_eq!(matched, 0);
        answer.finish.finish(&server_final)
    }

    #[test]
    fn both_sides_agree_with_and_without_binding() {
        use Mechanism::{ScramSha256 as Plain, ScramSha256Plus as Plus};
        assert_eq!(run(ClientBinding::Unable, ChannelBinding::None, Plain), Ok(()));
        assert_eq!(run(ClientBinding::NotOffered, ChannelBinding::NotOffered, Plain), Ok(()));
        let data = || vec![9; 48];
        let bound = ClientBinding::Bound(data());
        assert_eq!(run(bound, ChannelBinding::Offered(data()), Plus), Ok(()));
        let other = run(ClientBinding::Bound(vec![8; 48]), ChannelBinding::Offered(data()), Plus);
        assert!(matches!(other, Err(ScramError::Binding(_))));
        let stripped = run(ClientBinding::NotOffered, ChannelBinding::Offered(data()), Plain);
        assert!(matches!(stripped, Err(ScramError::Binding(_))));
    }

    #[test]
    fn the_cache_saves_the_iterations_and_nothing_else() {
        let first = "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let fresh = client(ClientBinding::Unable).respond(first.as_bytes(), None).unwrap();
        let again =
            client(ClientBinding::Unable).respond(first.as_bytes(), Some(&fresh.salted)).unwrap();
        assert!(Arc::ptr_eq(&fresh.salted, &again.salted));
        assert_eq!(fresh.client_final, again.client_final);
        let other = first.replace("i=4096", "i=4097");
        let other =
            client(ClientBinding::Unable).respond(other.as_bytes(), Some(&fresh.salted)).unwrap();
        assert!(!Arc::ptr_eq(&fresh.salted, &other.salted));
    }

    #[test]
    fn a_hostile_server_gets_no_work_out_of_us() {
        let cases = [
            "",
            "x",
            "r=",
            "r=rOprNGfwEbeRWgbNEkqO,s=AAAA,i=1",
            "r=other,s=AAAA,i=1",
            "r=rOprNGfwEbeRWgbNEkqOx,s=,i=1",
            "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA",
            "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=0",
            "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=-1",
            "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=+1",
            "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=1000001",
            "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=99999999999999999999",
            "e=other-error",
            "r=rOprNGfwEbeRWgbNEkqOx,s=A,i=1",
            "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=1",
        ];
        for first in cases {
            let result = client(ClientBinding::Unable).respond(first.as_bytes(), None);
            assert!(result.is_err(), "{first:?}");
        }
        for endless in [
            format!("r={NONCE}{},s=AAAA,i=1", "a".repeat(513)),
            format!("r={NONCE}a,s={},i=1", "A".repeat(1024)),
            format!("r={NONCE}a,s=AAAA,i=1,x={}", "a".repeat(100_000)),
        ] {
            assert!(client(ClientBinding::Unable).respond(endless.as_bytes(), None).is_err());
        }
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_refused() {
        let first = "r=rOprNGfwEbeRWgbNEkqOx,s=AAAA,i=1";
        let finish = |server_final: &str| {
            let answer = client(ClientBinding::Unable).respond(first.as_bytes(), None).unwrap();
            answer.finish.finish(server_final.as_bytes())
        };
        let wrong = format!("v={}", BASE64.encode(&[1; 32]));
        assert_eq!(finish(&wrong), Err(ScramError::ServerSignature));
        assert_eq!(finish("v="), Err(ScramError::ServerSignature));
        let told = ScramError::Refused("invalid-proof".to_owned());
        let sly = ScramError::Refused("invalid-proof[31m".to_owned());
        assert_eq!(finish("e=invalid-proof\u{1b}[31m\n"), Err(sly));
        assert_eq!(finish("e=invalid-proof"), Err(told));
        assert!(finish("").is_err());
        assert!(finish("x=1").is_err());
    }

    #[test]
    fn a_verifier_is_written_as_postgresql_writes_it() {
        // RFC 7677's example, whose salt PostgreSQL would take as well.
        let salt = BASE64.decode(b"W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        assert_eq!(
            verifier("pencil", &salt.try_into().unwrap()),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\
             WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
             wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn the_strongest_common_mechanism_is_chosen() {
        let (plain, plus) = ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
        let data = Some(vec![1]);
        let chosen = choose([plus, plain], data.clone()).unwrap();
        assert_eq!(chosen, (Mechanism::ScramSha256Plus, ClientBinding::Bound(vec![1])));
        assert_eq!(choose([plain], data.clone()).unwrap().1, ClientBinding::NotOffered);
        assert_eq!(choose([plus, plain], None).unwrap().1, ClientBinding::Unable);
        assert!(matches!(choose([plus], None), Err(ScramError::Binding(_))));
        assert_eq!(choose(["OAUTHBEARER"], data), Err(ScramError::NoMechanism));
    }
}
