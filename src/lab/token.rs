//! Text that carries data in one word: `FL2-` and then, in the alphabet of URLs, the length, a
//! checksum and the data, deflated.
//!
//! Absent on purpose: what the data means. A token is unwrapped from the outside in, and each layer
//! is checked before the next is touched, so that whatever somebody pastes is refused in words.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::sim::chance::mix;

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 2;
/// How long a token may be: what nobody pastes any more.
pub const TOKEN_CHARS_MAX: usize = 256 * 1024;
/// How much data a token may carry: as much as a file may hold.
pub const DATA_BYTES_MAX: usize = 1 << 20;

/// What every token begins with.
const PREFIX: &str = "FL";
/// The length of the deflated data in 3 bytes, and a checksum of it in 4.
const HEAD_BYTES: usize = 7;
/// How hard to deflate: the most, since tokens are short and copied by hand.
const EFFORT: u8 = 10;
/// How much of what is no token is quoted.
const QUOTED_CHARS_MAX: usize = 20;

/// Why a text is not taken for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// It does not look like one.
    NoToken(String),
    /// Another version of the program wrote it.
    OtherVersion(String),
    /// It is longer than any token.
    TooLong(usize),
    /// A character that no token has, and its place, from 1.
    Character(char, usize),
    /// It ends too early.
    Cut,
    /// Something follows its end.
    Continued,
    /// A character was changed.
    Checksum,
    /// The data is broken though the checksum is right: no program of ours wrote it.
    Broken,
    /// It would unfold to more than any token carries.
    Bomb,
}

impl fmt::Display for BadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadToken::NoToken(found) => {
                write!(f, "`{found}` is no token; expected one that begins with FL{VERSION}-")
            }
            BadToken::OtherVersion(found) => {
                write!(f, "the token is of version {found}; expected version {VERSION}")
            }
            BadToken::TooLong(chars) => {
                write!(
                    f,
                    "the token is {chars} characters long; expected {TOKEN_CHARS_MAX} at most"
                )
            }
            BadToken::Character(found, place) => write!(
                f,
                "the token has `{}` as its character {place}; expected letters, digits, - and _",
                found.escape_debug()
            ),
            BadToken::Cut => {
                f.write_str("the token is cut short; expected all of it, up to its last character")
            }
            BadToken::Continued => {
                f.write_str("something follows the end of the token; expected the token alone")
            }
            BadToken::Checksum => f.write_str(
                "the checksum of the token does not fit; expected it as it was written, letter by \
                 letter",
            ),
            BadToken::Broken => f.write_str("what the token carries cannot be unfolded"),
            BadToken::Bomb => write!(f, "the token carries more than {DATA_BYTES_MAX} bytes"),
        }
    }
}

impl std::error::Error for BadToken {}

/// Returns whether a text is meant as a token, good or bad, rather than as a name or a path.
pub fn is_meant(text: &str) -> bool {
    let rest = text.trim_start().strip_prefix(PREFIX).unwrap_or("");
    let version = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    version > 0 && rest[version..].starts_with('-')
}

/// Writes data as a token.
pub fn wrap(data: &[u8]) -> String {
    let deflated = compress_to_vec(data, EFFORT);
    let mut bytes = (deflated.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend(checksum(&deflated).to_be_bytes());
    bytes.extend(deflated);
    format!("{PREFIX}{VERSION}-{}", BASE64URL_NOPAD.encode(&bytes))
}

/// Reads the data of a token. Spaces and line breaks in it do no harm: mail programs put them in.
///
/// # Errors
/// Where the text is no token of this version, or not as it was written.
pub fn unwrap(text: &str) -> Result<Vec<u8>, BadToken> {
    if text.len() > TOKEN_CHARS_MAX {
        return Err(BadToken::TooLong(text.chars().count()));
    }
    let token: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !is_meant(&token) {
        return Err(BadToken::NoToken(token.chars().take(QUOTED_CHARS_MAX).collect()));
    }
    let (version, rest) = token[PREFIX.len()..].split_once('-').unwrap_or_default();
    if version != VERSION.to_string() {
        return Err(BadToken::OtherVersion(version.chars().take(QUOTED_CHARS_MAX).collect()));
    }
    let foreign = |(_, c): &(usize, char)| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_');
    let before = token.len() - rest.len();
    if let Some((place, found)) = rest.chars().enumerate().find(foreign) {
        return Err(BadToken::Character(found, before + place + 1));
    }
    // One character alone carries no byte: it is what is left of a group.
    let whole = if rest.len() % 4 == 1 { &rest[..rest.len() - 1] } else { rest };
    let bytes = decode_leniently(whole);
    let Some((head, deflated)) = bytes.split_at_checked(HEAD_BYTES) else {
        return Err(BadToken::Cut);
    };
    let length = head[..3].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let chars = (HEAD_BYTES + length).saturating_mul(4).div_ceil(3);
    if rest.len() < chars {
        return Err(BadToken::Cut);
    }
    if rest.len() > chars {
        return Err(BadToken::Continued);
    }
    let strict = BASE64URL_NOPAD.decode(rest.as_bytes()).map_err(|_| BadToken::Checksum)?;
    if strict != bytes || checksum(deflated).to_be_bytes() != head[3..] {
        return Err(BadToken::Checksum);
    }
    decompress_to_vec_with_limit(deflated, DATA_BYTES_MAX).map_err(|error| match error.status {
        miniz_oxide::inflate::TINFLStatus::HasMoreOutput => BadToken::Bomb,
        _ => BadToken::Broken,
    })
}

/// Decodes what can be: bits that are left over at the end of a token that was cut are dropped, so
/// that it can be told from one that was changed.
fn decode_leniently(text: &str) -> Vec<u8> {
    let mut lenient = BASE64URL_NOPAD.specification();
    lenient.check_trailing_bits = false;
    let lenient = lenient.encoding().expect("a valid encoding with one check less");
    lenient.decode(text.as_bytes()).unwrap_or_default()
}

fn checksum(bytes: &[u8]) -> u32 {
    (stable_hash(bytes) >> 32) as u32
}

/// Hashes bytes, the same on every machine and in every version.
pub fn stable_hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(mix(bytes.len() as u64), |hash, byte| mix(hash ^ u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &[u8] = b"the quick brown fox jumps over the lazy dog, and once more over the dog";

    #[test]
    fn what_is_wrapped_comes_back() {
        for data in [&b""[..], b"a", b"ab", b"abc", DATA, &vec![7; 100_000]] {
            let token = wrap(data);
            assert!(is_meant(&token));
            assert_eq!(unwrap(&token).as_deref(), Ok(data));
        }
        let folded: Vec<char> = wrap(DATA).chars().collect();
        let folded: Vec<String> = folded.chunks(20).map(|line| line.iter().collect()).collect();
        assert_eq!(unwrap(&folded.join("\n ")).as_deref(), Ok(DATA));
    }

    #[test]
    fn no_character_can_be_changed_or_left_out() {
        let token = wrap(DATA);
        for place in PREFIX.len() + 2..token.len() {
            assert_eq!(unwrap(&token[..place]), Err(BadToken::Cut), "{place}");
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("still ASCII");
            assert!(unwrap(&changed).is_err(), "{place}");
        }
        assert_eq!(unwrap(&format!("{token}A")), Err(BadToken::Continued));
    }

    #[test]
    fn a_bomb_is_not_unfolded() {
        let bomb = wrap(&vec![0; DATA_BYTES_MAX + 1]);
        assert!(bomb.len() < TOKEN_CHARS_MAX);
        assert_eq!(unwrap(&bomb), Err(BadToken::Bomb));
    }

    #[test]
    fn what_is_broken_inside_is_refused() {
        let junk = [0xff; 9];
        let mut bytes = vec![0, 0, 9];
        bytes.extend(checksum(&junk).to_be_bytes());
        bytes.extend(junk);
        let token = format!("FL2-{}", BASE64URL_NOPAD.encode(&bytes));
        assert_eq!(unwrap(&token), Err(BadToken::Broken));
    }

    #[test]
    fn what_is_no_token_is_told_from_one() {
        for text in ["", "FL", "FL-x", "steady", "FLx-1", "FL1", "fl1-AAAA", "./FL1.ron"] {
            assert!(!is_meant(text), "{text}");
            assert!(matches!(unwrap(text), Err(BadToken::NoToken(_))), "{text}");
        }
        assert_eq!(unwrap("FL1-AAAA"), Err(BadToken::OtherVersion("1".to_owned())));
        assert_eq!(unwrap("FL2-AA+A"), Err(BadToken::Character('+', 7)));
    }

    /// Recorded once: another value voids every token that anybody keeps.
    #[test]
    fn the_hash_is_pinned() {
        assert_eq!(stable_hash(b"faultlab"), PINNED);
    }

    const PINNED: u64 = 8_036_707_804_012_053_000;
}
