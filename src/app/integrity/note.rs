//! Signed notes and checkpoints, in the forms of C2SP (signed-note, tlog-checkpoint), signed with Ed25519.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::domain::integrity::{Hash, TreeHead};

/// Why a key or a note is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("this is no signing key: it begins with PRIVATE+KEY+ and is written by `tallybook checkpoint keygen`")]
    SigningKey,
    #[error("this is no verifier key: its form is NAME+HASH+BASE64")]
    VerifierKey,
    #[error("the name of a key has no space and no plus sign, and is not empty")]
    Name,
    #[error("this is no checkpoint: origin, size and root, a blank line, and signatures")]
    Form,
    #[error("no signature on the checkpoint is by this key")]
    NotSigned,
    #[error("the signature on the checkpoint is wrong")]
    BadSignature,
    #[error("the system gives no random numbers")]
    Random,
}

/// The Ed25519 algorithm's number in a signed note.
const ALGORITHM: u8 = 1;
const SEED_BYTES: usize = 32;
const KEY_HASH_BYTES: usize = 4;

/// Signs checkpoints. Never shown but by [`SigningKey::to_text`].
pub struct SigningKey {
    name: String,
    seed: [u8; SEED_BYTES],
    pair: Ed25519KeyPair,
}

/// Checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: Vec<u8>,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`NoteError::Name`], [`NoteError::Random`].
    pub fn generate(name: &str) -> Result<Self, NoteError> {
        let mut seed = [0; SEED_BYTES];
        getrandom::fill(&mut seed).map_err(|_| NoteError::Random)?;
        Self::of(name, seed)
    }

    /// Reads `PRIVATE+KEY+NAME+HASH+BASE64`.
    ///
    /// # Errors
    /// [`NoteError::SigningKey`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let rest = text.trim().strip_prefix("PRIVATE+KEY+").ok_or(NoteError::SigningKey)?;
        let (name, hash, key) = parts(rest).ok_or(NoteError::SigningKey)?;
        let seed = key.try_into().map_err(|_| NoteError::SigningKey)?;
        let signing = Self::of(name, seed).map_err(|_| NoteError::SigningKey)?;
        if signing.verifier().hash() == hash { Ok(signing) } else { Err(NoteError::SigningKey) }
    }

    fn of(name: &str, seed: [u8; SEED_BYTES]) -> Result<Self, NoteError> {
        if name.is_empty() || name.chars().any(|character| character.is_whitespace() || character.is_control() || character == '+') {
            return Err(NoteError::Name);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| NoteError::SigningKey)?;
        Ok(Self { name: name.to_owned(), seed, pair })
    }

    /// The secret form, for a file that only its owner reads.
    pub fn to_text(&self) -> String {
        let key: Vec<u8> = std::iter::once(ALGORITHM).chain(self.seed).collect();
        format!("PRIVATE+KEY+{}+{}+{}", self.name, hex(&self.verifier().hash()), STANDARD.encode(key))
    }

    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), public: self.pair.public_key().as_ref().to_vec() }
    }

    /// The checkpoint of a tree, under the key's name.
    pub fn sign(&self, head: &TreeHead) -> String {
        let body = checkpoint_body(&self.name, head);
        let signature = self.pair.sign(body.as_bytes());
        let bytes: Vec<u8> = self.verifier().hash().into_iter().chain(signature.as_ref().iter().copied()).collect();
        format!("{body}\n\u{2014} {} {}\n", self.name, STANDARD.encode(bytes))
    }
}

impl VerifierKey {
    /// Reads `NAME+HASH+BASE64`.
    ///
    /// # Errors
    /// [`NoteError::VerifierKey`].
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let (name, hash, public) = parts(text.trim()).ok_or(NoteError::VerifierKey)?;
        let key = Self { name: name.to_owned(), public };
        if key.hash() == hash { Ok(key) } else { Err(NoteError::VerifierKey) }
    }

    pub fn to_text(&self) -> String {
        let key: Vec<u8> = std::iter::once(ALGORITHM).chain(self.public.iter().copied()).collect();
        format!("{}+{}+{}", self.name, hex(&self.hash()), STANDARD.encode(key))
    }

    fn hash(&self) -> Vec<u8> {
        let mut hasher = Sha256::new();
        hasher.update(self.name.as_bytes());
        hasher.update([b'\n', ALGORITHM]);
        hasher.update(&self.public);
        hasher.finalize().iter().take(KEY_HASH_BYTES).copied().collect()
    }

    /// The tree that a checkpoint signed by this key speaks of.
    ///
    /// # Errors
    /// [`NoteError::Form`], [`NoteError::NotSigned`], [`NoteError::BadSignature`].
    pub fn open(&self, note: &str) -> Result<TreeHead, NoteError> {
        let (body, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let body = format!("{body}\n");
        let (origin, head) = read_body(&body)?;
        if origin != self.name {
            return Err(NoteError::NotSigned);
        }
        let own = signatures.lines().filter_map(|line| line.strip_prefix("\u{2014} ")?.split_once(' '));
        let bytes = own.filter(|(name, _)| *name == self.name).find_map(|(_, text)| {
            let bytes = STANDARD.decode(text).ok()?;
            bytes.strip_prefix(self.hash().as_slice()).map(<[u8]>::to_vec)
        });
        let signature = bytes.ok_or(NoteError::NotSigned)?;
        let public = UnparsedPublicKey::new(&ED25519, &self.public);
        public.verify(body.as_bytes(), &signature).map_err(|_| NoteError::BadSignature)?;
        Ok(head)
    }
}

/// Origin, size and root, a line each.
pub fn checkpoint_body(origin: &str, head: &TreeHead) -> String {
    format!("{origin}\n{}\n{}\n", head.size, STANDARD.encode(head.root.0))
}

fn read_body(body: &str) -> Result<(&str, TreeHead), NoteError> {
    let mut lines = body.lines();
    let (origin, size, root) = (lines.next(), lines.next(), lines.next());
    let size = size.filter(|size| *size == "0" || !size.starts_with('0')).and_then(|size| size.parse().ok());
    let root = root.and_then(|root| STANDARD.decode(root).ok()).and_then(|root| root.try_into().ok()).map(Hash);
    match (origin, size, root) {
        (Some(origin), Some(size), Some(root)) if !origin.is_empty() => Ok((origin, TreeHead { size, root })),
        _ => Err(NoteError::Form),
    }
}

/// Name, key hash and key bytes of `NAME+HASH+BASE64`.
fn parts(text: &str) -> Option<(&str, Vec<u8>, Vec<u8>)> {
    let mut parts = text.splitn(3, '+');
    let (name, hash, key) = (parts.next()?, parts.next()?, parts.next()?);
    let number = u32::from_str_radix(hash, 16).ok().filter(|_| hash.len() == 2 * KEY_HASH_BYTES)?;
    let key = STANDARD.decode(key).ok()?;
    let key = key.strip_prefix(&[ALGORITHM])?.to_vec();
    Some((name, number.to_be_bytes().to_vec(), key))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: TreeHead = TreeHead { size: 42, root: Hash([7; 32]) };

    /// The key pair of the Go package's documentation (golang.org/x/mod/sumdb/note), which others can sign and check with too.
    const PUBLISHED_VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PUBLISHED_SIGNER: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    #[test]
    fn keys_are_those_of_other_programs() {
        let signing = SigningKey::parse(PUBLISHED_SIGNER).unwrap();
        assert_eq!(signing.verifier().to_text(), PUBLISHED_VERIFIER);
        assert_eq!(signing.to_text(), PUBLISHED_SIGNER);
        let key = VerifierKey::parse(PUBLISHED_VERIFIER).unwrap();
        // The note and signature that the same documentation prints.
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let (body, line) = note.rsplit_once("\n\n").unwrap();
        let signature = STANDARD.decode(line.trim_end().rsplit(' ').next().unwrap()).unwrap();
        let signature = signature.strip_prefix(key.hash().as_slice()).unwrap();
        UnparsedPublicKey::new(&ED25519, &key.public).verify(format!("{body}\n").as_bytes(), signature).unwrap();
    }

    #[test]
    fn a_checkpoint_is_opened_by_its_key_only_and_as_it_was_signed() {
        let signing = SigningKey::generate("ledger.example.com/main").unwrap();
        let note = signing.sign(&HEAD);
        let key = VerifierKey::parse(&signing.verifier().to_text()).unwrap();
        assert_eq!(key.open(&note), Ok(HEAD));
        assert!(note.starts_with("ledger.example.com/main\n42\nBwcHBwcH"), "{note}");
        let other = SigningKey::generate("ledger.example.com/main").unwrap().verifier();
        assert_eq!(other.open(&note), Err(NoteError::NotSigned));
        assert_eq!(key.open(&note.replacen("42", "43", 1)), Err(NoteError::BadSignature));
        assert_eq!(key.open("nothing"), Err(NoteError::Form));
        assert_eq!(SigningKey::generate("two words").err(), Some(NoteError::Name));
        assert!(SigningKey::parse(&signing.to_text().replace("PRIVATE", "PUBLIC")).is_err());
    }
}
