//! One function that the operator vouches for: by schema, name and argument types, and by a hash
//! of its definition, since CREATE OR REPLACE changes what stands behind a name.

use sha2::{Digest as _, Sha256};

use crate::policy::catalogue::Function;
use crate::policy::functions::{BadFunction, is_system, listed};
use crate::sql::facts::Name;

/// One function of the database that the operator vouches for.
#[derive(Debug)]
pub(super) struct Vouched {
    name: Name,
    /// The types of its arguments, as `format_type` writes them, with commas between.
    arguments: String,
    /// SHA-256 of its definition, in hexadecimal; without one any definition will do.
    hash: Option<String>,
}

impl Vouched {
    /// `schema.name(argument types)`, with `@sha256:…` or without.
    pub(super) fn read(text: &str) -> Result<Self, BadFunction> {
        let bad = || BadFunction::Name(text.to_owned());
        let (name, rest) = text.split_once('(').ok_or_else(bad)?;
        let (arguments, rest) = rest.rsplit_once(')').ok_or_else(bad)?;
        let name = listed(name)?;
        if is_system(name.schema.as_deref()) {
            return Err(bad());
        }
        let hash = match rest {
            "" => None,
            hash => Some(hash.strip_prefix("@sha256:").ok_or_else(bad)?.to_ascii_lowercase()),
        };
        let whole = |hash: &String| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if hash.as_ref().is_some_and(|hash| !whole(hash)) {
            return Err(bad());
        }
        Ok(Self { name, arguments: types(arguments), hash })
    }

    /// Whether it is about this function, of whatever definition.
    pub(super) fn names(&self, function: &Function) -> bool {
        self.name.schema.as_deref() == Some(&*function.schema)
            && self.name.name == function.name
            && self.arguments == types(&function.arguments)
    }

    /// Whether the function's definition is the one that was vouched for.
    pub(super) fn fits(&self, function: &Function) -> bool {
        self.hash.as_ref().is_none_or(|hash| *hash == function.hash())
    }
}

impl Function {
    /// The line of `policy.allow_functions` for this very definition.
    #[must_use]
    pub fn entry(&self) -> String {
        let Self { schema, name, arguments, .. } = self;
        format!("{schema}.{name}({})@sha256:{}", types(arguments), self.hash())
    }

    /// SHA-256 of all that makes what it does, in hexadecimal.
    fn hash(&self) -> String {
        let mut hash = Sha256::new();
        let flags = format!("{} {} {}", self.kind, self.standard, self.security_definer);
        let settings = self.settings.join("\n");
        let parts =
            [&*flags, &*self.language, &*settings, &*self.defaults, &*self.body, &*self.symbol];
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Argument types as `format_type` writes them.
fn types(list: &str) -> String {
    let known = |name: &str| match name {
        "int" | "int4" => "integer".to_owned(),
        "int8" => "bigint".to_owned(),
        "int2" => "smallint".to_owned(),
        "bool" => "boolean".to_owned(),
        "varchar" => "character varying".to_owned(),
        "float8" => "double precision".to_owned(),
        "float4" => "real".to_owned(),
        "decimal" => "numeric".to_owned(),
        "timestamptz" => "timestamp with time zone".to_owned(),
        "timestamp" => "timestamp without time zone".to_owned(),
        other => other.to_owned(),
    };
    list.split(',').map(|name| known(name.trim())).collect::<Vec<_>>().join(", ")
}
