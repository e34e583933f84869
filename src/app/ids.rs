//! The only place that asks the machine for randomness. Everything else takes ids as parameters.

/// 128 random bits as 32 hexadecimal digits: request ids, token ids, secrets of one run.
pub fn random_id() -> String {
    use std::hash::{BuildHasher, Hasher};
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Only ids may fall back on the process's hash seeds; `random_secret` does not.
        for half in bytes.chunks_mut(8) {
            let seed = std::hash::RandomState::new().build_hasher().finish().to_be_bytes();
            half.copy_from_slice(&seed);
        }
    }
    hexadecimal(&bytes)
}

/// 256 random bits as 64 hexadecimal digits.
///
/// # Errors
/// When the machine gives no randomness.
pub fn random_secret() -> Result<String, std::io::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(hexadecimal(&bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
