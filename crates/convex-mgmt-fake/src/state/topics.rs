//! [`TopicStates`]: the state of each topic of the API, by its type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

/// The state of each topic of the API, by its type. A topic owns its type, so a new topic changes no other module.
#[derive(Default)]
pub(crate) struct TopicStates(HashMap<TypeId, Box<dyn Any + Send>>);

impl TopicStates {
    /// The state of the topic that owns `T`. It is created on first use.
    pub(crate) fn of<T: Any + Default + Send>(&mut self) -> &mut T {
        let state = self.0.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        state.downcast_mut().expect("an entry has the type of its key")
    }
}

impl fmt::Debug for TopicStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicStates").finish_non_exhaustive()
    }
}
