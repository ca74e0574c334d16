//! `tls-server-end-point` (RFC 5929): the hash of the server's certificate that
//! SCRAM-SHA-256-PLUS binds a login to (PostgreSQL's `be_tls_get_certificate_hash`).

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_cert::der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::spki::AlgorithmIdentifier;

/// A hash function that a certificate is hashed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// Signature algorithms that name one hash function. MD5 and SHA-1 count as SHA-256 (RFC 5929).
const SIGNATURES: &[(ObjectIdentifier, Hash)] = &[
    // RSA with MD5, SHA-1, SHA-256, SHA-384, SHA-512, SHA-224
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), Hash::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), Hash::Sha512),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.14"), Hash::Sha224),
    // ECDSA with SHA-1, SHA-224, SHA-256, SHA-384, SHA-512
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.1"), Hash::Sha224),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), Hash::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), Hash::Sha512),
];

/// Hash functions by themselves, as RSASSA-PSS names them.
const HASHES: &[(ObjectIdentifier, Hash)] = &[
    (ObjectIdentifier::new_unwrap("1.2.840.113549.2.5"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("1.3.14.3.2.26"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), Hash::Sha256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), Hash::Sha384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), Hash::Sha512),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"), Hash::Sha224),
];

/// The binding data of a certificate; `None` where RFC 5929 defines none (Ed25519, Ed448, and
/// signature algorithms unknown to us): -PLUS is then not offered.
#[must_use]
pub fn tls_server_end_point(cert_der: &[u8]) -> Option<Vec<u8>> {
    Some(match signature_hash(cert_der)? {
        Hash::Sha224 => Sha224::digest(cert_der).to_vec(),
        Hash::Sha256 => Sha256::digest(cert_der).to_vec(),
        Hash::Sha384 => Sha384::digest(cert_der).to_vec(),
        Hash::Sha512 => Sha512::digest(cert_der).to_vec(),
    })
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }`; nothing of
/// tbsCertificate is read, so certificates with odd names or extensions bind too.
fn signature_hash(cert_der: &[u8]) -> Option<Hash> {
    let certificate = AnyRef::from_der(cert_der).ok()?;
    if certificate.tag() != Tag::Sequence {
        return None;
    }
    let mut fields = SliceReader::new(certificate.value()).ok()?;
    let _to_be_signed: AnyRef<'_> = fields.decode().ok()?;
    let algorithm: AlgorithmIdentifier<AnyRef<'_>> = fields.decode().ok()?;
    if algorithm.oid == RSA_PSS {
        return pss_hash(algorithm.parameters);
    }
    look_up(SIGNATURES, algorithm.oid)
}

/// `RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, … }` (RFC 8017)
fn pss_hash(parameters: Option<AnyRef<'_>>) -> Option<Hash> {
    let parameters = parameters?;
    let mut fields = SliceReader::new(parameters.value()).ok()?;
    let hash: Option<ContextSpecific<AlgorithmIdentifier<AnyRef<'_>>>> =
        ContextSpecific::decode_explicit(&mut fields, TagNumber::N0).ok()?;
    match hash {
        None => Some(Hash::Sha256),
        Some(hash) => look_up(HASHES, hash.value.oid),
    }
}

fn look_up(table: &[(ObjectIdentifier, Hash)], oid: ObjectIdentifier) -> Option<Hash> {
    table.iter().find(|(known, _)| *known == oid).map(|(_, hash)| *hash)
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
        SignatureAlgorithm,
    };

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    /// A certificate of which only the signature algorithm is real.
    fn shell(algorithm: &[u8]) -> Vec<u8> {
        let inner = [&[0x30, 0], algorithm, &[0x03, 1, 0]].concat();
        [&[0x30, u8::try_from(inner.len()).unwrap()], inner.as_slice()].concat()
    }

    #[test]
    fn the_hash_follows_the_signature_algorithm() {
        let p256 = certificate(&PKCS_ECDSA_P256_SHA256);
        assert_eq!(tls_server_end_point(&p256), Some(Sha256::digest(&p256).to_vec()));
        let p384 = certificate(&PKCS_ECDSA_P384_SHA384);
        assert_eq!(tls_server_end_point(&p384), Some(Sha384::digest(&p384).to_vec()));
        assert_eq!(tls_server_end_point(&certificate(&PKCS_ED25519)), None);
    }

    #[test]
    fn old_hashes_count_as_sha_256_and_pss_names_its_own() {
        let rsa = |last: u8| vec![0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, last, 5, 0];
        let cases = [
            (rsa(4), Some(32)),
            (rsa(5), Some(32)),
            (rsa(11), Some(32)),
            (rsa(12), Some(48)),
            (rsa(13), Some(64)),
            (rsa(14), Some(28)),
            (rsa(99), None),
            // RSASSA-PSS without parameters, with the default hash, with SHA-384.
            (vec![0x30, 11, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 10], None),
            (vec![0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 10, 0x30, 0], Some(32)),
            (
                vec![
                    0x30, 30, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 10, 0x30, 17, 0xa0, 15, 0x30,
                    13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 2, 5, 0,
                ],
                Some(48),
            ),
        ];
        for (algorithm, length) in cases {
            let data = tls_server_end_point(&shell(&algorithm));
            assert_eq!(data.map(|data| data.len()), length, "{algorithm:?}");
        }
    }

    #[test]
    fn what_is_no_certificate_binds_nothing() {
        for der in [&b""[..], b"\x30\x00", b"\x30\x82", b"hello", b"\x04\x02\x30\x00"] {
            assert_eq!(tls_server_end_point(der), None);
        }
    }
}
