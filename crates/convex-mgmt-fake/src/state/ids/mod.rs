//! The format of document ids, which log streams and usage limits use too. Source: convex-backend's
//! `crates/value/src/id_v6.rs`.

mod random;

pub(crate) use random::{Random, hex, random_bytes, uuid};

/// Crockford's base 32 in lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Encodes an id: the table's number and 16 bytes, followed by a checksum.
pub(crate) fn encode_id(table: u32, bytes: [u8; 16]) -> String {
    let mut raw = Vec::with_capacity(23);
    let mut rest = table;
    loop {
        let group = (rest & 0x7f) as u8;
        rest >>= 7;
        raw.push(if rest == 0 { group } else { group | 0x80 });
        if rest == 0 {
            break;
        }
    }
    raw.extend_from_slice(&bytes);
    raw.extend_from_slice(&checksum(&raw).to_le_bytes());
    base32(&raw)
}

/// Returns the table's number of a well-formed id.
pub(crate) fn table_of_id(id: &str) -> Option<u32> {
    let raw = unbase32(id)?;
    let (body, sum) = raw.split_at_checked(raw.len().checked_sub(2)?)?;
    if checksum(body).to_le_bytes() != *sum {
        return None;
    }
    let (number, bytes) = body.split_at_checked(body.len().checked_sub(16)?)?;
    let table = number
        .iter()
        .rev()
        .try_fold(0_u32, |table, group| table.checked_mul(128)?.checked_add(u32::from(group & 0x7f)))?;
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    // Each id has exactly one encoding.
    (table > 0 && encode_id(table, bytes) == id).then_some(table)
}

/// Fletcher-16 with modulus 256.
fn checksum(bytes: &[u8]) -> u16 {
    let (mut low, mut high) = (0_u8, 0_u8);
    for byte in bytes {
        low = low.wrapping_add(*byte);
        high = high.wrapping_add(low);
    }
    u16::from(high) << 8 | u16::from(low)
}

fn base32(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut count) = (String::new(), 0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|one| *one == byte)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_decodes_known_ids() {
        let ascending = std::array::from_fn(|index| index as u8);
        for (table, bytes, id) in [
            (1, [0; 16], "0400000000000000000000000000248"),
            (17, ascending, "240020g30g2gc1r81450p30d1r7rkj8"),
            (10_001, [0xfb; 16], "j57fqyzvzfxzqyzvzfxzqyzvzfxzq3xr"),
        ] {
            assert_eq!(encode_id(table, bytes), id);
            assert_eq!(table_of_id(id), Some(table));
        }
    }

    #[test]
    fn rejects_malformed_ids() {
        for id in ["", "xyz", "a/b", "0400000000000000000000000000249", "0400000000000000000000000000248 ", "O400"] {
            assert_eq!(table_of_id(id), None, "{id}");
        }
        assert_eq!(table_of_id(&encode_id(0, [0; 16])), None);
        assert_eq!(table_of_id(&encode_id(1, [7; 16]).to_uppercase()), None);
    }
}
