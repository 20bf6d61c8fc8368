//! [`Unchecked`]: an operation that is sent without this library's checks.

use bytes::Bytes;

use super::{Operation, Page, Paged};
use crate::error::BuildError;
use crate::metadata::OperationMeta;
use crate::request::RequestEncoder;
use crate::response::DecodeError;

/// An operation that is sent without [`Operation::check`], so that only the server checks it. Created by
/// [`Operation::unchecked`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unchecked<O>(pub O);

impl<O: Operation> Operation for Unchecked<O> {
    type Api = O::Api;
    type Output = O::Output;
    const META: &'static OperationMeta = O::META;

    fn encode(&self, request: &mut RequestEncoder) -> Result<(), BuildError> {
        self.0.encode(request)
    }

    fn decode(body: &Bytes) -> Result<Self::Output, DecodeError> {
        O::decode(body)
    }
}

impl<T, O: Paged<Item = T> + Operation<Output = Page<T>>> Paged for Unchecked<O> {
    type Item = T;

    fn cursor(&self) -> Option<&str> {
        self.0.cursor()
    }

    fn set_cursor(&mut self, cursor: String) {
        self.0.set_cursor(cursor);
    }
}
