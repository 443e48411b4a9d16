//! Just enough of ELF (64 bits, little endian) to see what a shared library shows: exported names and its soname.

use std::fs;
use std::path::Path;

pub struct Dynamic {
    /// Defined dynamic symbols, sorted.
    pub exported: Vec<String>,
    pub soname: Option<String>,
}

const SHT_DYNAMIC: u64 = 6;
const SHT_DYNSYM: u64 = 11;
const DT_SONAME: u64 = 14;

/// One section header: its type, place, and the number of the section with its strings.
struct Section {
    kind: u64,
    offset: usize,
    size: usize,
    link: usize,
}

pub fn read(path: &Path) -> Dynamic {
    let file = fs::read(path).unwrap();
    assert!(file.starts_with(b"\x7fELF\x02\x01"), "{}: not a 64-bit little-endian ELF file", path.display());
    let sections = sections(&file);
    let of = |kind| sections.iter().find(|s| s.kind == kind).expect("a shared library has this section");
    let (symbols, dynamic) = (of(SHT_DYNSYM), of(SHT_DYNAMIC));

    let entries = (symbols.offset..symbols.offset + symbols.size).step_by(24);
    let defined = entries.filter(|&at| number(&file, at + 6, 2) != 0);
    let mut exported: Vec<String> =
        defined.map(|at| string(&file, &sections[symbols.link], number(&file, at, 4))).collect();
    exported.sort();

    let mut tags = (dynamic.offset..dynamic.offset + dynamic.size).step_by(16);
    let soname = tags.find(|&at| number(&file, at, 8) == DT_SONAME);
    let soname = soname.map(|at| string(&file, &sections[dynamic.link], number(&file, at + 8, 8)));
    Dynamic { exported, soname }
}

fn sections(file: &[u8]) -> Vec<Section> {
    let (start, size, count) = (number(file, 40, 8), number(file, 58, 2), number(file, 60, 2));
    let place = |i| (start + i * size) as usize;
    let one = |at| Section {
        kind: number(file, at + 4, 4),
        offset: number(file, at + 24, 8) as usize,
        size: number(file, at + 32, 8) as usize,
        link: number(file, at + 40, 4) as usize,
    };
    (0..count).map(|i| one(place(i))).collect()
}

fn number(file: &[u8], at: usize, bytes: usize) -> u64 {
    file[at..at + bytes].iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte))
}

fn string(file: &[u8], strings: &Section, at: u64) -> String {
    let from = &file[strings.offset + at as usize..];
    let end = from.iter().position(|byte| *byte == 0).unwrap();
    String::from_utf8_lossy(&from[..end]).into_owned()
}
