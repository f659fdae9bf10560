//! docs/your-own-network.md, done as it says: its files are written, its commands are run.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]
#![allow(unreachable_pub, reason = "no other crate imports a test")]
#[cfg(unix)]
mod support;

use std::path::Path;
use std::process::Command;

use odin_core::networks::Architecture;

/// A fenced block: its language, its text, and the last file that was named in the text before it.
struct Block {
    language: String,
    text: String,
    file: Option<String>,
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut inside, mut file) = (None::<Block>, None);
    for line in markdown.lines() {
        match (&mut inside, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(inside.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(language)) => {
                inside = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                    file: file.take(),
                });
            }
            (None, None) => {
                let named = line
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|word| word.ends_with(".yaml"));
                file = named.last().map(str::to_owned).or(file);
            }
        }
    }
    blocks
}

fn paint(path: &Path, shade: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let pixel = |x: u32, y: u32| image::Rgb([shade, (x * 8) as u8, (y * 8) as u8 ^ shade]);
    image::RgbImage::from_fn(32, 32, pixel).save(path).unwrap();
}

#[test]
fn the_walk_through_works_as_it_is_written() {
    if support::engine().is_none() {
        return;
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir().unwrap();
    for folder in ["models", "data", "sessions"] {
        std::fs::create_dir(home.path().join(folder)).unwrap();
    }
    std::fs::copy(
        repository.join("data/Uniform.yaml"),
        home.path().join("data/Uniform.yaml"),
    )
    .unwrap();
    for n in 0..12u8 {
        for (folder, shade) in [("cells/alive", 40), ("cells/dead", 90), ("debris", 200)] {
            paint(
                &home.path().join(format!("pictures/{folder}/{n}.png")),
                shade + 3 * n,
            );
        }
    }
    let architecture = Architecture::DensenetBc {
        depth: 40,
        growth: 12,
    };
    support::weights::write_random(&architecture, 2, 1, &home.path().join("weights.pth"));

    let odin = Path::new(env!("CARGO_BIN_EXE_odin"));
    let path = std::env::join_paths(std::iter::once(odin.parent().unwrap().to_owned()).chain(
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()),
    ))
    .unwrap();
    let text = std::fs::read_to_string(repository.join("docs/your-own-network.md")).unwrap();
    let (mut written, mut told) = (0, String::new());
    for block in blocks(&text) {
        match block.language.as_str() {
            "yaml" => {
                std::fs::write(
                    home.path().join(block.file.expect("a file's name before it")),
                    block.text,
                )
                .unwrap();
                written += 1;
            }
            "sh" => {
                let output = Command::new("bash")
                    .args(["-euo", "pipefail", "-c", &block.text])
                    .current_dir(home.path())
                    .env("PATH", &path)
                    .env_remove("ODIN_HOME")
                    .env_remove("ODIN_RUNS")
                    .output()
                    .unwrap();
                let error = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{}\n{error}", block.text);
                told.push_str(&String::from_utf8_lossy(&output.stdout));
            }
            _ => {}
        }
    }
    assert_eq!(written, 3);
    for word in [
        "DenseNet-BC-40-12",
        "FPR@95TPR",
        "3 of 3 jobs succeeded",
        "finished",
        "\"verdict\":",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let page = std::fs::read_to_string(home.path().join("report.html")).unwrap();
    assert!(page.contains("debris") && home.path().join("table.tex").exists());
    let verdicts = std::fs::read_to_string(home.path().join("verdicts.jsonl")).unwrap();
    let verdicts: Vec<serde_json::Value> = verdicts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts.len(), 36);
    let own: Vec<_> = verdicts
        .iter()
        .filter(|v| v["image"].as_str().unwrap().contains("cells/"))
        .collect();
    let called_in = own.iter().filter(|v| v["verdict"] == "ID").count();
    assert!(
        called_in >= 22,
        "95 % of its own images: {called_in} of {}",
        own.len()
    );
}
