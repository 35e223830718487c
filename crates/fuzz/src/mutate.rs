//! Changes of an input that are likely to reach far into whatever reads it.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Most bytes that a change lets an input grow to.
const LONGEST: usize = 8 * 1024;

/// Pieces that readers treat in a way of their own.
const TELLING: [&[u8]; 30] = [
    b"\n---\n",
    b"{{",
    b"}}",
    b"{{{",
    b"{{#",
    b"{{/",
    b"{{^",
    b"\"",
    b"\\",
    b"\\u0000",
    b"[",
    b"]",
    b"{",
    b"}",
    b"://",
    b"@",
    b"%",
    b"%00",
    b"&",
    b"=",
    b"\0",
    b"\r\n",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xae",
    b"\xef\xbc\xa1",
    b"::ffff:",
    b"-1",
    b"18446744073709551616",
    b"1e999",
];

/// Makes new inputs of seeds, the same ones for the same number.
#[derive(Debug)]
pub struct Mutator(StdRng);

impl Mutator {
    /// Changes of this number.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// One of the seeds with up to eight changes, or what stands in one followed by what stands in another.
    pub fn of(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(seeds);
        if self.0.random_ratio(1, 8) {
            let other = self.one_of(seeds);
            let (keep, from) = (self.place(&input), self.place(&other));
            input.truncate(keep);
            input.extend_from_slice(&other[from..]);
        }
        for _ in 0..self.0.random_range(1..=8) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn one_of(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        seeds[self.0.random_range(0..seeds.len())].clone()
    }

    fn place(&mut self, input: &[u8]) -> usize {
        self.0.random_range(0..=input.len())
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (from, to) = (self.place(input), self.place(input));
        let span = from.min(to)..from.max(to);
        match self.0.random_range(0..6) {
            0 if from < input.len() => input[from] ^= 1 << self.0.random_range(0..8),
            1 if from < input.len() => input[from] = self.0.random(),
            2 => drop(input.drain(span)),
            3 => {
                let copied = input[span].to_vec();
                input.splice(to..to, copied);
            }
            4 => {
                let telling = TELLING[self.0.random_range(0..TELLING.len())];
                input.splice(from..from, telling.iter().copied());
            }
            _ => input.insert(from, self.0.random()),
        }
    }
}
