//! What a password hash looks like. Servers are asked the same with their own patterns (`Dialect::is_password_hash`),
//! and a test compares them.

/// The names of PHC strings, without what comes after a `-` in them: `pbkdf2-sha256` is one of `pbkdf2`.
const PHC: [&str; 6] = ["argon2id", "argon2i", "argon2d", "scrypt", "pbkdf2", "balloon"];

/// The characters in which bcrypt and crypt(3) write salts and hashes.
fn is_crypt_base64(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'))
}

/// Whether a value is a password hash and not a password: bcrypt, a PHC string, or SHA-2 of crypt(3).
pub fn is_password_hash(value: &str) -> bool {
    is_bcrypt(value) || is_phc(value) || is_sha_crypt(value)
}

/// `$2y$12$` and 53 characters: 22 of salt, 31 of hash.
pub(super) fn is_bcrypt(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.len() == 60
        && value.is_ascii()
        && value.starts_with("$2")
        && matches!(bytes[2], b'a' | b'b' | b'x' | b'y')
        && (bytes[3], bytes[6]) == (b'$', b'$')
        && value[4..6].bytes().all(|byte| byte.is_ascii_digit())
        && is_crypt_base64(&value[7..])
}

/// `$name$…$salt$hash`, at least three fields after the name or two where parameters are left out.
fn is_phc(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('$') else { return false };
    let mut fields = rest.split('$');
    let name = fields.next().unwrap_or_default();
    let plain = name.split('-').next().unwrap_or_default();
    let fields: Vec<&str> = fields.collect();
    PHC.contains(&plain)
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && fields.len() >= 2
        && fields.iter().all(|field| is_field(field))
}

fn is_field(field: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+/.=,-_".contains(&byte);
    !field.is_empty() && field.bytes().all(allowed)
}

/// `$5$salt$` with 43 characters, `$6$salt$` with 86; rounds may stand in front of the salt.
fn is_sha_crypt(value: &str) -> bool {
    let Some((length, rest)) =
        value.strip_prefix("$5$").map(|rest| (43, rest)).or_else(|| value.strip_prefix("$6$").map(|rest| (86, rest)))
    else {
        return false;
    };
    let rest = match rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$')) {
        Some((rounds, rest)) if !rounds.is_empty() && rounds.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => rest,
    };
    rest.split_once('$').is_some_and(|(salt, hash)| {
        salt.len() <= 16 && is_crypt_base64(salt) && hash.len() == length && is_crypt_base64(hash)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_hashes_from_passwords() {
        for line in include_str!("../../tests/support/hashes.txt").lines() {
            let (kind, value) = line.split_once(' ').expect("a kind and a value");
            assert_eq!(is_password_hash(value), kind == "hash", "{value}");
        }
    }
}
