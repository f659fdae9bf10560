//! Pickles, read as data. Python's pickle is a program for a stack machine that may call any function; this machine
//! knows the opcodes, and nothing pickled is ever executed: classes are names, instances are records, and what a call
//! stands for is said by whoever uses the machine ([`Calls`]), which refuses what it does not know by its name.
//!
//! The machine is in `machine`, what comes out in `value`. Steps, copies and sizes are bounded; long strings stay in
//! the file and are known by their place. Nothing here knows of tensors, images or archives.
mod bytes;
mod error;
mod machine;
mod value;

use std::fmt;
use std::rc::Rc;

pub use bytes::MAX_NAME;
pub use error::PickleError;
pub use machine::load;
pub use value::{Global, Heap, Object, Span, Text, Value};

/// Which names a pickle may mention, and what its calls stand for. Nothing is imported or run in either case.
pub trait Calls {
    /// What calls and persistent ids may stand for, beyond Python's plain data. Shown in messages ("a storage").
    type Made: Clone + fmt::Debug + fmt::Display;

    /// Steps after which a pickle is out of all proportion; a step may cost 100 bytes of memory.
    const MAX_STEPS: usize;

    /// Whether a pickle may mention this name at all.
    ///
    /// # Errors
    /// [`PickleError::Forbidden`] where it may not.
    fn admit(&self, global: &Global) -> Result<(), PickleError>;

    /// What `function(*arguments)` stands for.
    ///
    /// # Errors
    /// [`PickleError::Forbidden`] where the call is not known, or another error where its arguments are none.
    fn call(
        &mut self,
        heap: &mut Heap<Self::Made>,
        function: &Rc<Global>,
        arguments: &[Value<Self::Made>],
    ) -> Result<Value<Self::Made>, PickleError>;

    /// An instance made without a call of the class's own (`cls.__new__(cls, *arguments)`).
    ///
    /// # Errors
    /// Where the class may not be made.
    fn instance(
        &mut self,
        heap: &mut Heap<Self::Made>,
        class: &Rc<Global>,
        arguments: &[Value<Self::Made>],
    ) -> Result<Value<Self::Made>, PickleError>;

    /// What a persistent id stands for: data that the file keeps elsewhere.
    ///
    /// # Errors
    /// Where it refers to nothing that is known.
    fn persistent(
        &mut self,
        heap: &mut Heap<Self::Made>,
        id: &Value<Self::Made>,
    ) -> Result<Value<Self::Made>, PickleError>;
}
