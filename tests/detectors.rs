//! All detectors against the NumPy reference on two networks' evidence. Skipped where these files are absent.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
mod support;

#[path = "../crates/odin-detectors/tests/support/against.rs"]
mod against;

use support::shared;

#[test]
fn scores_are_those_of_the_reference() {
    // The DenseNet's features hardly vary in some directions.
    for (network, has_spread) in [("resnet20", true), ("densenet10", false)] {
        let file = |kind| shared(&format!("data/golden/detectors/{network}-{kind}.npz"));
        let (Some(case), Some(scores)) = (file("case"), file("scores")) else {
            return;
        };
        for line in against::compare(&case, &scores, has_spread) {
            println!("{network} {line}");
        }
    }
}
