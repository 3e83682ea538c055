//! Time and memory of parsing and writing YAML against its size.
//!
//! `cargo bench -p talos-benches --bench size -- SHAPE MEBIBYTES` prints a line of a table. Each size is a process of its
//! own, because the peak of the memory is that of the process; `../run.sh` runs them all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at what fails")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use talos_sdk::yaml::{emit, parse_documents};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [shape, size] = arguments.as_slice() else {
        println!("size SHAPE MEBIBYTES, with the shapes config, text, brackets, dense");
        return;
    };
    let size: usize = size.parse::<usize>().unwrap() << 20;
    let text = document(shape, size);
    let before = peak();
    let start = Instant::now();
    let documents = parse_documents(&text).unwrap();
    let parsed = start.elapsed();
    let parse_peak = peak() - before;
    let start = Instant::now();
    let written = emit(&documents[0]);
    let wrote = start.elapsed();
    println!(
        "| {shape} | {} | {:.1} | {:.1} | {:.1} |",
        text.len() >> 20,
        parsed.as_nanos() as f64 / text.len() as f64,
        parse_peak as f64 / text.len() as f64,
        wrote.as_nanos() as f64 / written.len() as f64,
    );
}

fn document(shape: &str, size: usize) -> String {
    let mut text = String::with_capacity(size + 1024);
    match shape {
        // Like a configuration: keys, short values, a list, a comment.
        "config" => {
            let mut number = 0;
            while text.len() < size {
                text.push_str(&format!(
                    "interface{number}:\n  address: 10.0.0.{}/24 # of the node\n  mtu: 1500\n  routes:\n    - \
                     network: 0.0.0.0/0\n      gateway: \"10.0.0.1\"\n",
                    number % 256
                ));
                number += 1;
            }
        }
        // One long block text, as an inline manifest.
        "text" => {
            text.push_str("contents: |\n");
            while text.len() < size {
                text.push_str("  a line of a manifest, such as they are\n");
            }
        }
        // JSON on one line.
        "brackets" => {
            text.push('[');
            while text.len() < size {
                text.push_str("{\"name\": \"web\", \"ports\": [80, 443]}, ");
            }
            text.push_str("null]\n");
        }
        // The most nodes a byte.
        "dense" => {
            text.push('[');
            while text.len() < size {
                text.push_str("a,");
            }
            text.push_str("a]\n");
        }
        other => panic!("no shape {other}"),
    }
    text
}

/// The most memory that the process has held so far, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap_or(0) << 10
}
