//! [`CallError`]: the error of a call over a transport of the caller's.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::error::{BuildError, ErrorCode};
use crate::metadata::{Idempotency, OperationMeta};
use crate::response::{ResponseError, Sent};

/// An error of a call with all its attempts, for a transport with errors of type `E`.
///
/// [`CallError::applied`] answers the first question about a write: whether it took effect. `Display` is one line without any
/// text of the response. It includes the text of `E`.
pub struct CallError<E>(Box<Inner<E>>);

struct Inner<E> {
    operation: &'static OperationMeta,
    history: History,
    applied: Applied,
    cause: CallErrorCause<E>,
}

/// The attempts of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct History {
    /// The number of attempts that have ended.
    pub(super) attempts: u32,
    /// The time from the start of the call to the end of the last attempt.
    pub(super) elapsed: Duration,
    /// Whether the server may have received the request in any attempt.
    pub(super) sent: Sent,
    /// `true` if an attempt that was followed by another may have taken effect.
    pub(super) earlier_maybe_applied: bool,
    /// `true` if the last attempt may have taken effect without a success to prove it.
    pub(super) last_maybe_applied: bool,
}

impl History {
    /// Before the first attempt.
    pub(super) const NONE: Self = Self {
        attempts: 0,
        elapsed: Duration::ZERO,
        sent: Sent::No,
        earlier_maybe_applied: false,
        last_maybe_applied: false,
    };
}

/// The cause of a [`CallError`]: the end of the last attempt.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallErrorCause<E> {
    /// The request was not built: a value breaks a rule. Nothing was sent.
    Build(BuildError),
    /// The last response is not a success, or cannot be read.
    Response(ResponseError),
    /// The transport failed before a complete response was received.
    Transport(E),
}

/// The effect of a failed call on the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The operation did not take effect. Operations that are [`Idempotency::Safe`] never do.
    No,
    /// Unknown: an attempt was sent, and no response proves whether it took effect. Call the operation of
    /// [`CallError::verify_with`] before sending a create again.
    Maybe,
    /// The operation took effect, but its response cannot be read. Sending a create again would create a second one.
    Yes,
}

impl<E> CallError<E> {
    /// The error of a request that was not built.
    pub fn build(operation: &'static OperationMeta, error: BuildError) -> Self {
        Self::new(operation, History::NONE, CallErrorCause::Build(error))
    }

    pub(super) fn new(operation: &'static OperationMeta, mut history: History, cause: CallErrorCause<E>) -> Self {
        if let CallErrorCause::Response(error) = &cause {
            history.last_maybe_applied = error.maybe_applied();
        }
        let applied = match &cause {
            _ if operation.idempotency == Idempotency::Safe => Applied::No,
            // A success proves it, whatever the attempts before it did.
            CallErrorCause::Response(ResponseError::Decode(reply)) if reply.applied => Applied::Yes,
            _ if history.earlier_maybe_applied || history.last_maybe_applied => Applied::Maybe,
            _ => Applied::No,
        };
        Self(Box::new(Inner { operation, history, applied, cause }))
    }

    /// The operation that failed.
    pub fn operation(&self) -> &'static OperationMeta {
        self.0.operation
    }

    /// The number of attempts.
    pub fn attempts(&self) -> u32 {
        self.0.history.attempts
    }

    /// The time from the start of the call to the end of its last attempt.
    pub fn elapsed(&self) -> Duration {
        self.0.history.elapsed
    }

    /// Returns [`Sent::Maybe`] if the server may have received the request in any attempt.
    pub fn sent(&self) -> Sent {
        self.0.history.sent
    }

    /// The effect on the server, over all attempts.
    pub fn applied(&self) -> Applied {
        self.0.applied
    }

    /// Returns the id of the operation that shows whether this one took effect, or its result. `None` if this one did not take
    /// effect, or if there is no such operation.
    pub fn verify_with(&self) -> Option<&'static str> {
        self.0.operation.verify_with.filter(|_| self.0.applied != Applied::No).map(|operation| operation.id)
    }

    /// The end of the last attempt.
    pub fn cause(&self) -> &CallErrorCause<E> {
        &self.0.cause
    }

    /// Returns the end of the last attempt by value.
    pub fn into_cause(self) -> CallErrorCause<E> {
        self.0.cause
    }

    /// The code in the last response, if it is one of the server's errors.
    pub fn code(&self) -> Option<&ErrorCode> {
        match &self.0.cause {
            CallErrorCause::Response(ResponseError::Api(error)) => Some(&error.code),
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, history, applied, cause } = &*self.0;
        write!(f, "{}: ", operation.id)?;
        match cause {
            CallErrorCause::Build(error) => return write!(f, "{error}; nothing was sent"),
            CallErrorCause::Response(error) => write!(f, "{error}")?,
            CallErrorCause::Transport(error) => write!(f, "{error}")?,
        }
        // The operation to verify with shows the secrets of log streams, but not those of keys and tokens.
        let is_secret_lost =
            operation.secret_response && operation.verify_with.is_some_and(|with| !with.secret_response);
        let (known, purpose) = match applied {
            Applied::No if history.sent == Sent::No => ("; nothing was sent", ""),
            Applied::No => ("", ""),
            Applied::Yes if is_secret_lost => {
                ("; it took effect", "to find the result and delete it: its secret is lost")
            }
            Applied::Yes => ("; it took effect", "to find the result"),
            Applied::Maybe if history.last_maybe_applied => ("; the operation may have taken effect", "to check"),
            Applied::Maybe => ("; an earlier attempt may have taken effect", "to check"),
        };
        f.write_str(known)?;
        if let Some(id) = self.verify_with() {
            write!(f, "; call {id} {purpose}")?;
        }
        if history.attempts > 1 {
            write!(f, " ({} attempts in {:.1} s)", history.attempts, history.elapsed.as_secs_f64())?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug> fmt::Debug for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { operation, history, applied, cause } = &*self.0;
        f.debug_struct("CallError")
            .field("operation", &operation.id)
            .field("attempts", &history.attempts)
            .field("elapsed", &history.elapsed)
            .field("sent", &history.sent)
            .field("applied", applied)
            .field("cause", cause)
            .finish()
    }
}

impl<E: StdError + 'static> StdError for CallError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        // The text of the cause is part of this error's own.
        match &self.0.cause {
            CallErrorCause::Transport(error) => error.source(),
            CallErrorCause::Build(_) | CallErrorCause::Response(_) => None,
        }
    }
}
