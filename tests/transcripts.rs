//! Golden transcripts: each script under `tests/transcripts/PROTOCOL` tells one story, command by
//! command, with what the nodes do about it, and with what the oracles of the protocol's safety
//! properties find wrong (`VIOLATED`).
//!
//! `UPDATE_GOLDENFILES=1 cargo test --test transcripts` writes the transcripts anew; read the
//! difference before you keep it. The commands are listed in `transcripts/script.rs`. To add a
//! protocol: its `Staged` in `transcripts/stage.rs`, its line in `folders!` below, and scripts.

#[path = "transcripts/desk.rs"]
mod desk;
#[path = "transcripts/paxos_sweep.rs"]
mod paxos_sweep;
#[path = "transcripts/script.rs"]
mod script;
#[path = "transcripts/stage.rs"]
mod stage;
#[path = "transcripts/sweep.rs"]
mod sweep;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use script::Script;
use stage::Staged;

const FOLDER: &str = "tests/transcripts";

/// Plays every script of a folder, and says which tell another story than they did.
fn play<P: Staged>(folder: &str) {
    let rewrite = std::env::var_os("UPDATE_GOLDENFILES").is_some();
    let scripts = inside(&Path::new(FOLDER).join(folder));
    assert!(!scripts.is_empty(), "{folder} has no script");
    let mut wrong = Vec::new();
    for path in scripts {
        let before = fs::read_to_string(&path).expect("a script is text");
        match goldenscript::generate(&mut Script::<P>::default(), &before) {
            Ok(after) if rewrite => fs::write(&path, after).expect("it can be written"),
            Ok(after) if after == before => {}
            Ok(after) => wrong.push(format!("{}: {}", path.display(), differ(&before, &after))),
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    assert!(wrong.is_empty(), "scripts that tell another story:\n\n{}", wrong.join("\n\n"));
}

/// Says where two texts part.
fn differ(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let show =
        |lines: &[&str]| lines.iter().skip(same).take(5).copied().collect::<Vec<_>>().join("\n  ");
    format!("line {} was\n  {}\nand is\n  {}", same + 1, show(&old), show(&new))
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    paths.sort();
    paths
}

/// Makes one test of each folder, and one that finds folders which have none.
macro_rules! folders {
    ($($name:ident: $protocol:ty,)*) => {
        $(
            #[test]
            fn $name() {
                play::<$protocol>(stringify!($name));
            }
        )*

        #[test]
        fn every_folder_is_played() {
            let listed = BTreeSet::from([$(stringify!($name).to_owned()),*]);
            let folders = inside(Path::new(FOLDER)).into_iter().filter(|path| path.is_dir());
            let names = folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
            assert_eq!(names.collect::<BTreeSet<_>>(), listed);
        }
    };
}

folders! {
    pbft: faultlab::protocols::pbft::Pbft,
    generals: faultlab::protocols::generals::Generals,
    phi_accrual: faultlab::protocols::phi_accrual::PhiAccrual,
    quorum_store: faultlab::protocols::quorum_store::QuorumStore,
    raft: faultlab::protocols::raft::Raft,
    gossip: faultlab::protocols::gossip::Gossip,
    swim: faultlab::protocols::swim::Swim,
    tendermint: faultlab::protocols::tendermint::Tendermint,
    hotstuff: faultlab::protocols::hotstuff::HotStuff,
    primary_backup: faultlab::protocols::primary_backup::PrimaryBackup,
    three_phase_commit: faultlab::protocols::three_phase_commit::ThreePhaseCommit,
    two_phase_commit: faultlab::protocols::two_phase_commit::TwoPhaseCommit,
    paxos: faultlab::protocols::paxos::single::Paxos,
    multi_paxos: faultlab::protocols::paxos::multi::MultiPaxos,
}
