//! Which tensor of a program's output holds its logits.
//!
//! A program may give a tensor, or tuples, lists and dictionaries of several. Where the logits lie is found out once, on a
//! batch whose size is no number of classes; later batches are read at the same place.
use std::fmt;

use tch::{IValue, Kind, TchError, Tensor};

use super::error::ProgramError;

/// The name that says which of several tensors holds the logits.
const LOGITS: &str = "logits";
/// Names under which programs give the features that their last layer takes.
const FEATURES: &[&str] = &["features", "feature", "penultimate", "embedding", "embeddings"];
/// Tuples within tuples, and tensors in them, that are looked at.
const MAX_DEPTH: usize = 4;
const MAX_TENSORS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Item(usize),
    Key(String),
}

/// Where a tensor lies in a program's output; without a step, the output is that tensor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place(Vec<Step>);

impl Place {
    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Whether the program calls it features.
    fn is_features(&self) -> bool {
        self.is_called(FEATURES)
    }

    /// Whether it is the second of a tuple or list, and the other the first.
    fn is_right_behind(&self, other: &Self) -> bool {
        match (self.0.split_last(), other.0.split_last()) {
            (Some((Step::Item(1), within)), Some((Step::Item(0), of))) => within == of,
            _ => false,
        }
    }

    fn is_called(&self, names: &[&str]) -> bool {
        matches!(self.0.last(), Some(Step::Key(key)) if names.contains(&key.as_str()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("output")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Item(n) => write!(f, "[{n}]"),
            Step::Key(key) => write!(f, "[{key:?}]"),
        })
    }
}

/// How the logits of a batch are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// [B, C].
    Rows,
    /// [B, 1] or [B]: one logit z an image tells two classes apart.
    Single,
}

/// Where in a program's output its logits lie, and its features where it gives them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    logits: Place,
    /// With their width D. Of another width, as images of another size may lead to, they are none.
    pub features: Option<(Place, i64)>,
    pub form: Form,
}

/// What a program makes of a batch.
pub(super) struct Given {
    /// As the program gives them: [B, C], or one an image.
    pub logits: Tensor,
    /// [B, D] in f32, where the program gives them.
    pub features: Option<Tensor>,
}

impl Layout {
    /// Finds the logits of `classes` classes in what a program makes of `batch` images: the tensor called `logits`, or the
    /// only one of their shape.
    pub(super) fn of(output: &IValue, batch: i64, classes: i64) -> Result<Self, ProgramError> {
        let mut all = Vec::new();
        collect(output, &Place::default(), 0, &mut all);
        if all.is_empty() {
            return Err(ProgramError::NoTensor(kind_of(output)));
        }
        let rows = |size: &[i64]| size == [batch, classes];
        let single = |size: &[i64]| classes == 2 && (size == [batch, 1] || size == [batch]);
        let named: Vec<_> = all
            .iter()
            .filter(|(place, _)| place.is_called(&[LOGITS]))
            .collect();
        let candidates = if named.is_empty() {
            all.iter().collect()
        } else {
            named
        };
        let of_form = |fits: &dyn Fn(&[i64]) -> bool| -> Vec<_> {
            let fit = candidates.iter().filter(|(_, tensor)| fits(&tensor.size()));
            fit.copied().collect()
        };
        let (form, found) = match of_form(&rows) {
            none if none.is_empty() => (Form::Single, of_form(&single)),
            found => (Form::Rows, found),
        };
        let (place, tensor) = match found.as_slice() {
            [one] => *one,
            [] => {
                return Err(ProgramError::NoLogits {
                    batch,
                    classes,
                    made: list(&all),
                    advice: advice(&all, batch),
                });
            }
            several => {
                let several: Vec<_> = several
                    .iter()
                    .map(|(p, t)| (p.clone(), t.shallow_clone()))
                    .collect();
                return Err(ProgramError::Several {
                    batch,
                    classes,
                    made: list(&several),
                });
            }
        };
        if !is_float(tensor) {
            return Err(ProgramError::NotFloats(tensor.kind()));
        }
        Ok(Self {
            logits: place.clone(),
            features: None,
            form,
        })
    }

    /// What else the program gives of each of the images that may be their features, [B, D] in f32; those first that are
    /// called so.
    pub(super) fn rows_beside(&self, output: &IValue, batch: i64) -> Result<Vec<(Place, Tensor)>, TchError> {
        let mut all = Vec::new();
        collect(output, &Place::default(), 0, &mut all);
        all.retain(|(place, tensor)| *place != self.logits && is_float(tensor) && is_rows(tensor, batch));
        all.sort_by_key(|(place, _)| !place.is_features());
        all.into_iter()
            .map(|(place, tensor)| Ok((place, rows(&tensor)?)))
            .collect()
    }

    /// Whether the program says that these values are features: by their name, or as in (logits, features). One value an image
    /// in that place may be anything.
    pub(super) fn tells_features(&self, place: &Place, width: i64) -> bool {
        place.is_features() || (width > 1 && place.is_right_behind(&self.logits))
    }

    /// The logits (and features) of a batch in what the program made of it.
    pub(super) fn pick(&self, output: &IValue) -> Result<Given, TchError> {
        let at = |place: &Place| {
            find(output, &place.0)
                .ok_or_else(|| TchError::Torch(format!("the program gave no tensor at {place} this time")))
        };
        let logits = at(&self.logits)?;
        let batch = logits.size().first().copied().unwrap_or_default();
        // Features that aren't there this time, or not for each image, leave the logits as they are.
        let features = |(place, width): &(Place, i64)| {
            let tensor = find(output, &place.0).filter(|tensor| is_rows(tensor, batch))?;
            Some(rows(&tensor)).filter(|_| tensor.size().get(1) == Some(width))
        };
        Ok(Given {
            logits,
            features: self.features.as_ref().and_then(features).transpose()?,
        })
    }
}

/// Whether it is [B, D], but for dimensions of 1 after these.
fn is_rows(tensor: &Tensor, batch: i64) -> bool {
    matches!(tensor.size().as_slice(), [b, _, rest @ ..] if *b == batch && rest.iter().all(|&n| n == 1))
}

fn rows(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor.f_flatten(1, -1)?.f_to_kind(Kind::Float)
}

/// What may be done where the only tensor has not the shape of logits, judged by the shape that it has.
fn advice(all: &[(Place, Tensor)], batch: i64) -> String {
    let [(_, tensor)] = all else {
        return String::new();
    };
    match tensor.size().as_slice() {
        [of, 1] | [of] if *of == batch && is_float(tensor) => {
            "; one logit an image is a network of two classes: say `classes: 2` in its card".to_owned()
        }
        [of] if *of == batch => {
            "; does it return the guessed class? Save a program that returns logits".to_owned()
        }
        [of, found] if *of == batch => {
            format!("; are these its classes, correct the card: `classes: {found}`")
        }
        [of, _, 1, 1] if *of == batch => "; save a program that ends with `.flatten(1)`".to_owned(),
        [of, _, _, _] if *of == batch => "; these are maps: does it end before its classifier?".to_owned(),
        _ => String::new(),
    }
}

fn is_float(tensor: &Tensor) -> bool {
    matches!(
        tensor.kind(),
        Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double
    )
}

/// The parts of a tuple, list or dictionary.
fn parts(value: &IValue) -> Vec<(Step, &IValue)> {
    let name = |key: &IValue| match key {
        IValue::String(text) => text.clone(),
        IValue::Int(n) => n.to_string(),
        other => format!("{other:?}"),
    };
    match value {
        IValue::Tuple(items) | IValue::GenericList(items) => items
            .iter()
            .enumerate()
            .map(|(n, item)| (Step::Item(n), item))
            .collect(),
        IValue::GenericDict(entries) => entries
            .iter()
            .map(|(key, item)| (Step::Key(name(key)), item))
            .collect(),
        _ => Vec::new(),
    }
}

fn collect(value: &IValue, place: &Place, depth: usize, all: &mut Vec<(Place, Tensor)>) {
    let mut keep = |place: Place, tensor: &Tensor| {
        if tensor.defined() && all.len() < MAX_TENSORS {
            all.push((place, tensor.shallow_clone()));
        }
    };
    match value {
        IValue::Tensor(tensor) => keep(place.clone(), tensor),
        IValue::TensorList(tensors) => {
            for (n, tensor) in tensors.iter().enumerate() {
                keep(place.then(Step::Item(n)), tensor);
            }
        }
        _ if depth < MAX_DEPTH => {
            for (step, part) in parts(value) {
                collect(part, &place.then(step), depth + 1, all);
            }
        }
        _ => {}
    }
}

fn find(value: &IValue, steps: &[Step]) -> Option<Tensor> {
    let tensor = match (value, steps) {
        (IValue::Tensor(tensor), []) => tensor,
        (IValue::TensorList(tensors), [Step::Item(n)]) => tensors.get(*n)?,
        (_, [first, rest @ ..]) => {
            let (_, part) = parts(value).into_iter().find(|(step, _)| step == first)?;
            return find(part, rest);
        }
        _ => return None,
    };
    tensor.defined().then(|| tensor.shallow_clone())
}

/// Where tensors lie, with their shapes.
fn list(all: &[(Place, Tensor)]) -> String {
    let one = |(place, tensor): &(Place, Tensor)| match place.0.is_empty() {
        true => format!("{:?}", tensor.size()),
        false => format!("{place} of {:?}", tensor.size()),
    };
    all.iter().take(6).map(one).collect::<Vec<_>>().join(", ")
}

fn kind_of(value: &IValue) -> &'static str {
    match value {
        IValue::None => "nothing",
        IValue::Tuple(_) => "a tuple without tensors",
        IValue::GenericList(_) | IValue::TensorList(_) => "a list without tensors",
        IValue::GenericDict(_) => "a dictionary without tensors",
        IValue::Object(_) => "an object of a class",
        IValue::Tensor(_) => "a tensor that is not defined",
        _ => "a value that is no tensor",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(size: &[i64]) -> Tensor {
        Tensor::zeros(size, (Kind::Float, tch::Device::Cpu))
    }

    fn tensor(size: &[i64]) -> IValue {
        IValue::Tensor(zeros(size))
    }

    fn named(all: &[(&str, &[i64])]) -> IValue {
        let entry = |(name, size): &(&str, &[i64])| (IValue::String((*name).to_owned()), tensor(size));
        IValue::GenericDict(all.iter().map(entry).collect())
    }

    #[test]
    fn the_one_tensor_of_the_logits_shape_is_taken() {
        let sizes = |output: &IValue, classes| {
            let layout = Layout::of(output, 3, classes).map_err(|error| error.to_string())?;
            let beside = layout.rows_beside(output, 3).unwrap();
            let features = beside.iter().find(|(place, _)| place.is_features());
            let size = layout.pick(output).unwrap().logits.size();
            Ok::<_, String>((layout.form, size, features.map(|(_, f)| f.size())))
        };
        let rows = |features: Option<&[i64]>| Ok((Form::Rows, vec![3, 5], features.map(<[i64]>::to_vec)));
        assert_eq!(sizes(&tensor(&[3, 5]), 5), rows(None));
        assert_eq!(
            sizes(&IValue::Tuple(vec![tensor(&[3, 7]), tensor(&[3, 5])]), 5),
            rows(None)
        );
        assert_eq!(
            sizes(&IValue::TensorList(vec![zeros(&[3, 7]), zeros(&[3, 5])]), 5),
            rows(None)
        );
        let nested = IValue::GenericList(vec![
            IValue::Int(4),
            IValue::Tuple(vec![tensor(&[3, 5]), IValue::None]),
        ]);
        assert_eq!(sizes(&nested, 5), rows(None));
        let dictionary = named(&[("aux", &[3, 5]), ("logits", &[3, 5]), ("features", &[3, 8])]);
        assert_eq!(sizes(&dictionary, 5), rows(Some(&[3, 8])));
        for single in [&[3i64, 1][..], &[3]] {
            assert_eq!(
                sizes(&tensor(single), 2),
                Ok((Form::Single, single.to_vec(), None))
            );
        }
        // Rows come first: [B, 1] beside them is something else.
        let beside = IValue::Tuple(vec![tensor(&[3, 1]), tensor(&[3, 2])]);
        assert_eq!(sizes(&beside, 2).unwrap().1, [3, 2]);

        let refused = |output: &IValue, classes| sizes(output, classes).unwrap_err();
        let two = refused(&IValue::Tuple(vec![tensor(&[3, 5]), tensor(&[3, 5])]), 5);
        assert!(
            two.contains("output[0] of [3, 5], output[1] of [3, 5]") && two.contains("`logits`"),
            "{two}"
        );
        let none = refused(&named(&[("maps", &[3, 8, 4, 4]), ("features", &[3, 8])]), 5);
        assert!(none.contains("output[\"maps\"] of [3, 8, 4, 4]"), "{none}");
        assert!(refused(&tensor(&[1, 5]), 5).contains("[1, 5]"));
        assert!(refused(&tensor(&[3, 1]), 5).contains("[3, 1]"));
        assert!(refused(&IValue::None, 5).contains("nothing"));
        let whole = IValue::Tensor(zeros(&[3, 5]).to_kind(Kind::Int64));
        assert!(refused(&whole, 5).contains("Int64"));
        assert!(refused(&IValue::Tensor(Tensor::new()), 5).contains("not defined"));
    }

    #[test]
    fn an_output_that_changes_its_shape_is_noticed() {
        let layout = Layout::of(&IValue::Tuple(vec![tensor(&[3, 7]), tensor(&[3, 5])]), 3, 5).unwrap();
        assert!(layout.pick(&tensor(&[3, 5])).is_err());
        assert!(layout.pick(&IValue::Tuple(vec![tensor(&[3, 7])])).is_err());
    }

    #[test]
    fn features_that_change_their_shape_are_none() {
        let output = |features: &[i64]| IValue::Tuple(vec![tensor(features), tensor(&[3, 5])]);
        let mut layout = Layout::of(&output(&[3, 8, 1, 1]), 3, 5).unwrap();
        let beside = layout.rows_beside(&output(&[3, 8, 1, 1]), 3).unwrap();
        layout.features = beside
            .first()
            .map(|(place, features)| (place.clone(), features.size()[1]));
        let found = |output: &IValue| {
            layout
                .pick(output)
                .unwrap()
                .features
                .map(|features| features.size())
        };
        assert_eq!(found(&output(&[3, 8, 1, 1])), Some(vec![3, 8]));
        assert_eq!(found(&output(&[3, 8])), Some(vec![3, 8]));
        for other in [&[3, 8, 2, 2][..], &[3, 7], &[2, 8], &[3]] {
            assert_eq!(found(&output(other)), None, "{other:?}");
        }
        let gone = IValue::Tuple(vec![IValue::None, tensor(&[3, 5])]);
        assert_eq!(found(&gone), None);
        for beside in [&[3, 8, 2, 2][..], &[2, 8], &[3]] {
            assert!(
                layout.rows_beside(&output(beside), 3).unwrap().is_empty(),
                "{beside:?}"
            );
        }
    }
}
