//! A data set by its card, a name or a path, and a batch of it ready for a network:
//!
//! ```sh
//! cargo run -p odin-datasets --example batches                # noise, which needs no card
//! cargo run -p odin-datasets --example batches data/fashion-mnist.yaml
//! cargo run -p odin-datasets --example batches ~/holiday-photos
//! ```
use std::error::Error;

use odin_datasets::{Dataset, Normalisation, find, sample};

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "Uniform".to_owned());
    // Cards are looked for in data/, then what is built in; else it is the path of a card, a folder or a file of images.
    let (card, root) = find(&name, &["data".into()])?;
    let set = Dataset::open(&card, &root)?;
    println!("{}: {} images, {}", card.name, set.len(), card.title);

    // A seeded sample of eight, stratified where there are labels. All images of a batch have one size.
    let labels: Option<Vec<u16>> = (0..set.len()).map(|number| set.label(number)).collect();
    let chosen = sample(labels.as_deref(), set.len(), 8, 0);
    let normalisation = Normalisation::new([0.5; 3], [0.25; 3])?;
    for numbers in set.batches_by_size(&chosen, 8)? {
        let batch = set.batch(&numbers, &normalisation)?;
        println!(
            "images {numbers:?}: [{}, 3, {}, {}] values, labels {:?}",
            numbers.len(),
            batch.height,
            batch.width,
            batch.labels
        );
    }
    Ok(())
}
