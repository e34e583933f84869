//! The tree against the definition of RFC 6962, written out as it stands there.
#![allow(clippy::as_conversions, clippy::string_slice, reason = "small numbers and hexadecimal text of the tests")]

use proptest::prelude::*;
use sha2::Digest;

use super::*;

fn sha256(bytes: &[u8]) -> Hash {
    Hash(sha2::Sha256::digest(bytes).into())
}

fn leaf(data: &[u8]) -> Hash {
    sha256(&[&[LEAF_PREFIX], data].concat())
}

/// MTH of RFC 6962 section 2.1.
fn definition(leaves: &[Hash]) -> Hash {
    match leaves.len() {
        0 => sha256(&[]),
        1 => leaves[0],
        n => {
            let (left, right) = leaves.split_at(n.next_power_of_two() / 2);
            node_hash(sha256, &definition(left), &definition(right))
        }
    }
}

fn grown(leaves: &[Hash]) -> Frontier {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(sha256, *leaf, |_, _, _| {}));
    frontier
}

struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    type Error = ();

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, ()> {
        let width = 1_usize << level;
        let from = index as usize * width;
        Ok(definition(self.0.get(from..from + width).ok_or(())?))
    }
}

fn leaves(count: usize) -> Leaves {
    Leaves((0..count).map(|number| leaf(&number.to_be_bytes())).collect())
}

/// The leaves and roots that the reference implementation of RFC 6962 is tested with.
#[test]
fn the_roots_of_the_rfc() {
    let data: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let roots = [
        "e3b0c44298fc1c14",
        "6e340b9cffb37a98",
        "fac54203e7cc696c",
        "aeb6bcfe274b70a1",
        "d37ee418976dd957",
        "4e3bbb1f7b478dcf",
        "76e67dadbcdf1e10",
        "ddb89be403809e32",
        "5dc9da79a70659a9",
    ];
    let hashes: Vec<Hash> = data.iter().map(|data| leaf(data)).collect();
    for (size, root) in roots.iter().enumerate() {
        let computed = grown(&hashes[..size]).root(sha256);
        assert_eq!(&computed.to_string()[..16], *root, "{size} leaves");
        assert_eq!(computed, definition(&hashes[..size]));
    }
}

#[test]
fn every_proof_of_every_small_tree_holds_and_no_other_does() {
    for size in 1..=20_u64 {
        let mut tree = leaves(size as usize);
        let root = root_at(sha256, &mut tree, size).unwrap();
        assert_eq!(root, definition(&tree.0));
        for index in 0..size {
            let path = inclusion_proof(sha256, &mut tree, index, size).unwrap();
            for claimed in 0..size + 2 {
                let holds = verify_inclusion(sha256, tree.0[index as usize], claimed, size, &path, &root);
                assert_eq!(holds, claimed == index, "leaf {index} as {claimed} of {size}");
            }
            let old = TreeHead { size: index + 1, root: root_at(sha256, &mut tree, index + 1).unwrap() };
            let new = TreeHead { size, root };
            let path = consistency_proof(sha256, &mut tree, index + 1, size).unwrap();
            assert!(verify_consistency(sha256, old, new, &path), "{} to {size}", index + 1);
            assert!(index + 1 == size || !verify_consistency(sha256, new, old, &path));
        }
    }
    let empty = TreeHead { size: 0, root: sha256(&[]) };
    let one = TreeHead { size: 1, root: leaf(b"") };
    assert!(verify_consistency(sha256, empty, empty, &[]) && verify_consistency(sha256, empty, one, &[]));
    assert!(!verify_consistency(sha256, one, empty, &[]) && !verify_consistency(sha256, TreeHead { size: 0, ..one }, one, &[]));
}

#[test]
fn a_hash_is_read_as_it_is_shown() {
    let hash = sha256(b"entry");
    assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
    for no_hash in
        ["", "00", &hash.to_string().to_uppercase(), &format!("{hash}00"), &hash.to_string().replace(&hash.to_string()[..1], "g")]
    {
        assert_eq!(Hash::parse(no_hash), None, "{no_hash}");
    }
    assert_eq!(format!("{:016x}", hash.mark()), hash.to_string()[..16]);
}

proptest! {
    #[test]
    fn a_growing_frontier_is_the_definition(count in 0_usize..700, at in 0_usize..700) {
        let tree = leaves(count);
        let mut frontier = grown(&tree.0[..at.min(count)]);
        // Stored and read back half way, as between two transactions.
        frontier = Frontier::parse(frontier.size(), &frontier.to_text()).unwrap();
        for leaf in &tree.0[at.min(count)..] {
            frontier.push(sha256, *leaf, |level, index, hash| {
                let from = (index as usize) << level;
                assert_eq!(hash, definition(&tree.0[from..from + (1 << level)]));
            });
        }
        prop_assert_eq!(frontier.root(sha256), definition(&tree.0));
        prop_assert_eq!(frontier.size(), count as u64);
    }

    #[test]
    fn a_flipped_bit_breaks_an_inclusion_proof(size in 2_u64..600, index in any::<u64>(), bit in any::<usize>()) {
        let (mut tree, index) = (leaves(size as usize), index % size);
        let root = root_at(sha256, &mut tree, size).unwrap();
        let mut path = inclusion_proof(sha256, &mut tree, index, size).unwrap();
        let leaf = tree.0[index as usize];
        prop_assert!(verify_inclusion(sha256, leaf, index, size, &path, &root));
        let hash = bit / 256 % path.len();
        path[hash].0[bit % 32] ^= 1 << (bit / 32 % 8);
        prop_assert!(!verify_inclusion(sha256, leaf, index, size, &path, &root));
    }

    #[test]
    fn a_flipped_bit_breaks_a_consistency_proof(second in 2_u64..600, first in any::<u64>(), bit in any::<usize>()) {
        let (mut tree, first) = (leaves(second as usize), 1 + first % (second - 1));
        let head = |tree: &mut Leaves, size| TreeHead { size, root: root_at(sha256, tree, size).unwrap() };
        let (old, new) = (head(&mut tree, first), head(&mut tree, second));
        let mut path = consistency_proof(sha256, &mut tree, first, second).unwrap();
        prop_assert!(verify_consistency(sha256, old, new, &path));
        let hash = bit / 256 % path.len();
        path[hash].0[bit % 32] ^= 1 << (bit / 32 % 8);
        prop_assert!(!verify_consistency(sha256, old, new, &path));
    }
}
