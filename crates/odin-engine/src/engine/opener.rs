//! Opens networks and data sets on a thread of its own: reading weights and hashing images may take seconds, in which
//! the scheduler must hear a person.
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use super::fleet::Seat;
use super::library::{Library, OpenError, OpenNetwork};
use super::pool::panic_text;
use odin_core::home::Home;
use odin_core::protocol::{Event, Generation, JobId, JobSpec};
use odin_core::runs::evidence::EvidenceKey;
use odin_datasets::Dataset;

/// Precision and rules of scoring. The number goes up when the same inputs are to give other scores: evidence of before is
/// then left alone.
const ARITHMETIC: &str = "f32, rules 1";

pub struct Request {
    pub job: JobId,
    pub generation: Generation,
    pub spec: JobSpec,
    pub seats: Vec<Seat>,
}

/// What came of a request.
pub struct Opened {
    pub job: JobId,
    pub generation: Generation,
    pub ready: Result<Ready, String>,
}

/// What the thread is asked.
enum Ask {
    Open(Request),
    Identify {
        network: String,
        weights: Option<PathBuf>,
    },
}

/// All that a job needs open.
pub struct Ready {
    pub networks: Vec<(Seat, Arc<OpenNetwork>)>,
    pub in_set: (Arc<Dataset>, EvidenceKey),
    pub out_set: (Arc<Dataset>, EvidenceKey),
    /// Images a pass.
    pub batch: usize,
}

pub struct Opener {
    library: Arc<Library>,
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl Opener {
    /// `opened` and `identified` are called from the opener's thread, once a request.
    pub fn start(
        home: &Home,
        opened: impl Fn(Opened) + Send + 'static,
        identified: impl Fn(Event) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (asks, queue) = channel::<Ask>();
        let library = Arc::new(Library::new(home));
        let ours = library.clone();
        let work = move || {
            for ask in queue {
                match ask {
                    Ask::Open(request) => opened(answer(&ours, &request)),
                    Ask::Identify { network, weights } => identified(identify(&ours, network, weights)),
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("odin-open".to_owned())
            .spawn(work)?;
        Ok(Self {
            library,
            asks: Some(asks),
            thread: Some(thread),
        })
    }

    /// Has the request answered in its turn; `None`. Where all is open already, gives the answer at once.
    pub fn request(&self, request: Request) -> Option<Opened> {
        if self.library.is_at_hand(&request.spec, &request.seats) {
            return Some(answer(&self.library, &request));
        }
        self.ask(Ask::Open(request));
        None
    }

    /// Has the digest of the network's weights found out.
    pub fn identify(&self, network: String, weights: Option<PathBuf>) {
        self.ask(Ask::Identify { network, weights });
    }

    fn ask(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // The thread hears as long as the opener stands.
            let _ = asks.send(ask);
        }
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(library: &Library, request: &Request) -> Opened {
    let ready = match catch_unwind(AssertUnwindSafe(|| open(library, request))) {
        Ok(ready) => ready.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("a fault in the program: {}", panic_text(panic.as_ref()))),
    };
    Opened {
        job: request.job,
        generation: request.generation,
        ready,
    }
}

fn identify(library: &Library, network: String, weights: Option<PathBuf>) -> Event {
    let digest = match catch_unwind(AssertUnwindSafe(|| {
        library.weights_digest(&network, weights.as_deref())
    })) {
        Ok(digest) => digest.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("a fault in the program: {}", panic_text(panic.as_ref()))),
    };
    Event::Identified {
        network,
        weights,
        digest,
    }
}

fn open(library: &Library, request: &Request) -> Result<Ready, OpenError> {
    let spec = &request.spec;
    let networks = request
        .seats
        .iter()
        .map(|&seat| Ok((seat, library.network(spec, seat)?)))
        .collect::<Result<Vec<_>, OpenError>>()?;
    let Some((_, network)) = networks.first() else {
        return Err(OpenError::NoDevice);
    };
    let in_set = library.in_set(spec, network)?;
    let out_set = library.set(&spec.dataset, network)?;
    let key = |set: &Dataset| -> Result<EvidenceKey, OpenError> {
        Ok(EvidenceKey {
            weights: network.weights_digest.clone(),
            architecture: format!("{:?}", network.card.architecture),
            normalisation: format!("{:?}", network.card.normalisation),
            dataset: set.digest()?,
            arithmetic: format!("{ARITHMETIC}, by {}", network.computed_by),
        })
    };
    let batch = match spec.batch {
        Some(batch) => batch.max(1),
        None => library.batch_size(&networks, &in_set)?,
    };
    let (in_key, out_key) = (key(&in_set)?, key(&out_set)?);
    Ok(Ready {
        networks,
        in_set: (in_set, in_key),
        out_set: (out_set, out_key),
        batch,
    })
}
