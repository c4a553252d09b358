//! `faultlab matrix`: the table of algorithms and failure classes, computed.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use serde_json::json;

use crate::experiments::Trials;
use crate::experiments::matrix::table::{Line, in_words};
use crate::experiments::matrix::{Cell, Demand, cells, sweep};
use crate::protocols;

use super::{NOT_AS_EXPECTED, Result, input, say, say_json};

/// What `matrix` is given.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Compute the cells of one algorithm alone
    #[arg(long, value_name = "NAME")]
    protocol: Option<String>,
    /// Compute only what must be survived, or only what must break
    #[arg(long, value_name = "survive|break")]
    demand: Option<String>,
    /// How many variations of each cell to play besides its script
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=SEEDS_MAX))]
    seeds: u64,
    /// The seed that the seed of each variation is derived from
    #[arg(long, default_value_t = input::SEED)]
    seed: u64,
    /// On how many threads; the output is the same for any number
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Write one JSON object
    #[arg(long)]
    json: bool,
}

/// How many variations of a cell may be asked for.
const SEEDS_MAX: u64 = 1_000_000;

/// Computes the table.
pub fn run(args: &Args) -> Result<ExitCode> {
    let demand = match args.demand.as_deref() {
        None => None,
        Some("survive") => Some(Demand::Survive),
        Some("break") => Some(Demand::Break),
        Some(other) => {
            let wrong = format!("`{other}` is no demand; expected survive or break");
            return Err(wrong.into());
        }
    };
    let protocol = args.protocol.as_deref().map(protocols::named).transpose()?;
    let protocol = protocol.map(|entry| entry.name);
    let wanted = cells()?.into_iter().filter(|cell| {
        protocol.is_none_or(|name| cell.protocol == name)
            && demand.is_none_or(|demand| cell.demand() == demand)
    });
    let wanted: Vec<Cell> = wanted.collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.map_or(threads, usize::from);
    let trials = Trials { count: args.seeds, seed: args.seed, threads };
    let mut lines = Vec::new();
    for (k, cell) in wanted.iter().enumerate() {
        progress(k, wanted.len(), cell);
        let swept = (args.seeds > 0).then(|| sweep(cell, &trials));
        lines.push(Line::of(cell, &cell.play(), swept.as_ref()));
    }
    finish_progress();
    let wrong = lines.iter().filter(|line| !line.is_right()).count();
    if args.json {
        say_json(&json!({ "seed": args.seed, "seeds": args.seeds, "cells": lines }))?;
    } else {
        say(in_words(&lines))?;
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(NOT_AS_EXPECTED) })
}

/// Says on standard error how far it is; where nobody watches, only each cell's name.
fn progress(done: usize, all: usize, cell: &Cell) {
    let mut out = io::stderr().lock();
    let (protocol, id) = (cell.protocol, &cell.id);
    // Nobody needs to know that nobody reads the progress.
    let _ = if out.is_terminal() {
        write!(out, "\r\x1b[K{done}/{all}  {protocol} {id}")
    } else {
        writeln!(out, "{}/{all} {protocol} {id}", done + 1)
    };
    let _ = out.flush();
}

fn finish_progress() {
    let mut out = io::stderr().lock();
    if out.is_terminal() {
        let _ = write!(out, "\r\x1b[K");
    }
}
