//! Messages between processes: the length in four bytes, least first, then the message as postcard.
use std::io::{self, ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// No message comes near this; a length above it is none.
const LARGEST: usize = 1 << 30;

/// What each side says first: both must be of one build's kind.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hello {
    magic: [u8; 4],
    pub version: String,
}

impl Hello {
    pub fn ours() -> Self {
        Self {
            magic: *b"odin",
            version: format!(
                "{} protocol {}",
                env!("CARGO_PKG_VERSION"),
                super::messages::VERSION
            ),
        }
    }
}

pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(io::Error::other)?;
    let length = bytes.len() - 4;
    if length > LARGEST {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!("a message of {length} bytes"),
        ));
    }
    if let Some(head) = bytes.first_chunk_mut() {
        *head = (length as u32).to_le_bytes();
    }
    to.write_all(&bytes)?;
    to.flush()
}

/// The next message; `None` where the other side has closed its end between two.
///
/// # Errors
/// The pipe broke, ended within a message, or what came is none.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut head = [0; 4];
    match from.read_exact(&mut head[..1]) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    from.read_exact(&mut head[1..])?;
    let length = u32::from_le_bytes(head) as usize;
    let not_ours = |what: String| io::Error::new(ErrorKind::InvalidData, what);
    if length > LARGEST {
        return Err(not_ours(format!("{length} bytes announced: this is no message")));
    }
    // Grows as it comes: a length alone takes no memory.
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let message = postcard::from_bytes(&bytes).map_err(|error| not_ours(error.to_string()))?;
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::protocol::*;
    use crate::setting::{Detector, Setting, Settings};
    use crate::units::{Device, Devices, Magnitude, Temperature};
    use odin_datasets::{Corrupt, Part, Sampling};

    fn sent_and_read<T: Serialize + DeserializeOwned>(messages: &[T]) -> Vec<T> {
        let mut pipe = Vec::new();
        for message in messages {
            write(&mut pipe, message).unwrap();
        }
        let mut pipe = pipe.as_slice();
        std::iter::from_fn(|| read(&mut pipe).unwrap()).collect()
    }

    #[test]
    fn commands_and_events_arrive_as_they_were_sent() {
        let spec = JobSpec {
            network: "n".into(),
            weights: Some("w".into()),
            in_dataset: None,
            dataset: "d".into(),
            settings: Settings::new(Temperature::PAPER, Magnitude::PAPER),
            sampling: Sampling::File,
            skip: 3,
            limit: Some(7),
            part: Part::Report(2),
            corrupt: Some(Corrupt::Skip),
            batch: None,
            seed: u64::MAX,
            order: Order::Random,
            fit: FitSample::default(),
        };
        let (job, generation) = (JobId::Job(u32::MAX), Generation(9));
        let set = SetId {
            job: job.cell(4),
            side: Side::Out,
        };
        let commands = [
            Command::Score {
                set,
                generation,
                placement: Placement {
                    devices: [Device::Cuda(1), Device::Cpu]
                        .into_iter()
                        .collect::<Vec<_>>()
                        .try_into()
                        .unwrap(),
                    lane: 2,
                    background: true,
                },
                request: Box::new(spec.set(Side::In)),
            },
            Command::Score {
                set,
                generation,
                placement: Placement::default(),
                request: Box::new(SetRequest {
                    images: SetImages::Files(ImageFiles {
                        // A name of bytes that are no UTF-8.
                        paths: vec!["a.png".into(), OsStr::from_bytes(b"caf\xe9").into()],
                        like: Some("c".into()),
                        resize: true,
                    }),
                    ..spec.set(Side::Out)
                }),
            },
            Command::Cancel { set },
            Command::Inspect {
                job,
                spec,
                image: ImageId {
                    side: Side::Out,
                    index: 4,
                },
            },
            Command::Shutdown,
        ];
        assert_eq!(sent_and_read(&commands), commands);
        let scores = [f64::NEG_INFINITY, -0.0, 0.1 + 0.2, f64::MIN_POSITIVE / 2.0];
        let mut table = ScoreTable::new(Settings::only(Setting::new(Detector::Energy)));
        for (index, score) in (0..).zip(scores) {
            let image = ScoredImage {
                index,
                label: None,
                prediction: 3,
            };
            table.push(image, &[score]);
        }
        let events = [
            Event::Started {
                set,
                generation,
                devices: Devices::default(),
                total: usize::MAX,
            },
            Event::Scored(ScoreBatch {
                set,
                generation,
                scores: table,
                from_cache: false,
            }),
            Event::Unreadable {
                set,
                generation,
                files: vec![(7, "no image".into())],
            },
            Event::Thumbnails {
                job,
                images: vec![(
                    ImageId {
                        side: Side::In,
                        index: 0,
                    },
                    Err(Failure::new(FailureKind::BadFile, "gone")),
                )],
            },
        ];
        assert_eq!(sent_and_read(&events), events);
    }

    #[test]
    fn what_is_cut_short_or_no_message_is_an_error() {
        let mut pipe = Vec::new();
        write(&mut pipe, &Command::Prefer { job: JobId::Job(1) }).unwrap();
        for length in 1..pipe.len() {
            let error = read::<Command>(&mut &pipe[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{length}");
        }
        let error = read::<Command>(&mut &b"error: no home\n"[..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let error = read::<Command>(&mut &[1, 0, 0, 0, 99][..]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
