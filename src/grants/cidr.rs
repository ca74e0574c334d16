//! Networks that clients of a grant may come from: `10.0.0.0/8`, `2001:db8::/32`, one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    bits: u8,
}

/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadCidr {
    /// No address, or no number of bits.
    #[error("expected an address or a network, such as 10.1.2.3 or 10.1.0.0/16")]
    Form,
    /// More bits than an address has.
    #[error("an address of this kind has at most {0} bits")]
    Bits(u8),
    /// `10.1.2.3/8`: was the network meant, or the address?
    #[error("the address has bits beyond the network's: write {0}")]
    Host(Cidr),
}

impl Cidr {
    /// Whether it contains that address; IPv4 in IPv6 is IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.bits) == Some(self.address)
    }
}

/// The address with all bits after the first `bits` cleared; `None` if it hasn't as many.
fn masked(address: IpAddr, bits: u8) -> Option<IpAddr> {
    match address {
        IpAddr::V4(four) => {
            let cleared = 32_u32.checked_sub(u32::from(bits))?;
            let mask = u32::MAX.checked_shl(cleared).unwrap_or(0);
            Some(IpAddr::V4((u32::from(four) & mask).into()))
        }
        IpAddr::V6(six) => {
            let cleared = 128_u32.checked_sub(u32::from(bits))?;
            let mask = u128::MAX.checked_shl(cleared).unwrap_or(0);
            Some(IpAddr::V6((u128::from(six) & mask).into()))
        }
    }
}

impl FromStr for Cidr {
    type Err = BadCidr;

    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadCidr::Form)?;
        let address = address.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        let digits = |bits: &str| bits.bytes().all(|byte| byte.is_ascii_digit());
        let bits = match bits {
            None => most,
            Some(bits) if !bits.is_empty() && digits(bits) => {
                bits.parse().map_err(|_| BadCidr::Bits(most))?
            }
            Some(_) => return Err(BadCidr::Form),
        };
        let network = masked(address, bits).ok_or(BadCidr::Bits(most))?;
        let cidr = Self { address: network, bits };
        if network == address { Ok(cidr) } else { Err(BadCidr::Host(cidr)) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl serde::Serialize for Cidr {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::ffff:10.0.0.0/8", "10.2.3.4", true),
        ];
        for (network, address, expected) in cases {
            let network: Cidr = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network} {address}");
            assert_eq!(network.to_string().parse(), Ok(network));
        }
        for (text, part) in [
            ("", "expected an address"),
            ("10.0.0.0/", "expected an address"),
            ("10.0.0.0/+8", "expected an address"),
            ("10.0.0.0/33", "at most 32 bits"),
            ("::/129", "at most 128 bits"),
            ("::/999", "at most 128 bits"),
            ("10.0.0.1/8", "write 10.0.0.0/8"),
            ("alice", "expected an address"),
        ] {
            let error = text.parse::<Cidr>().unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }
}
