//! [`Client::losses`] and [`Client::send_confirmed`]: destructive operations with a confirmation.

use std::pin::pin;

use convex_mgmt_proto::Api;
use convex_mgmt_proto::guard::{
    Confirmation, ConfirmationError, Destructive, Losses, Survey, SurveyError, SurveyErrorReason, SurveyStep,
};

use super::call::CallFuture;
use super::handle::Client;
use super::send::ReplyFuture;
use crate::error::{Cause, Error};
use crate::layers::Confirmed;
use crate::service::Transport;
use crate::timer::Timer;

impl<A: Api, S: Transport, T: Timer> Client<A, S, T> {
    /// Reads what a destructive operation would destroy, to show it to a person. It changes nothing.
    ///
    /// It reads all pages of the lists that the operation needs. It makes no call if the request destroys nothing
    /// ([`Operation::is_destructive`](convex_mgmt_proto::Operation::is_destructive)).
    ///
    /// The future owns a clone of the client, so it can be spawned like the future of [`Client::send`].
    ///
    /// # Errors
    /// * [`ErrorKind::Build`](crate::ErrorKind::Build) if the destructive operation itself breaks a rule.
    /// * The errors of the reads. [`Error::operation`] returns the read that failed.
    pub fn losses<O>(&self, operation: &O) -> impl Future<Output = Result<Losses, Error>> + use<A, O, S, T>
    where
        O: Destructive<Api = A>,
    {
        // A person should not approve what cannot be sent.
        let survey = operation.to_request(self.endpoint()).map(|_| operation.survey());
        let client = self.clone();
        async move {
            let unsent = |error| Error::unsent(O::META, client.endpoint().url(), Cause::Build(error));
            let survey = survey.map_err(unsent)?;
            read(client, survey).await
        }
    }

    /// Sends a destructive operation with a confirmation, and returns its output. It reads the losses again before it sends, and
    /// compares them with the confirmed ones.
    ///
    /// It works with every client. A client with [`require_confirmation`](crate::ClientBuilder::require_confirmation) sends destructive
    /// operations in no other way. A change between the read and the operation stays undetected, because the API has no conditional
    /// deletion.
    ///
    /// The future owns the request and a clone of the client, so it can be spawned like the future of [`Client::send`].
    ///
    /// ```no_run
    /// use convex_mgmt::guard::{ConfirmationError, Destructive, Losses};
    /// use convex_mgmt::{Error, ManagementApi, ManagementClient};
    ///
    /// async fn ask_and_send<O>(client: &ManagementClient, operation: &O) -> Result<Option<O::Output>, Error>
    /// where
    ///     O: Destructive<Api = ManagementApi>,
    /// {
    ///     let mut losses = client.losses(operation).await?;
    ///     while approves(&losses) {
    ///         match client.send_confirmed(operation, &losses.confirm()).await {
    ///             Ok(output) => return Ok(Some(output)),
    ///             Err(error) => match error.confirmation_error() {
    ///                 Some(ConfirmationError::Stale(stale)) => losses = stale.losses.clone(),
    ///                 _ => return Err(error),
    ///             },
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    /// # fn approves(losses: &Losses) -> bool {
    /// #     println!("{losses}");
    /// #     false
    /// # }
    /// ```
    ///
    /// # Errors
    /// * [`ErrorKind::NotConfirmed`](crate::ErrorKind::NotConfirmed) if the confirmation is for another operation or object. Nothing
    ///   was sent.
    /// * [`ErrorKind::ConfirmationStale`](crate::ErrorKind::ConfirmationStale) if the losses changed after they were confirmed.
    ///   [`Error::confirmation_error`] returns the current ones. Only reads were sent.
    /// * The errors of [`Client::losses`] and of [`Client::send`].
    pub fn send_confirmed<O>(
        &self,
        operation: &O,
        confirmation: &Confirmation,
    ) -> impl Future<Output = Result<O::Output, Error>> + use<A, O, S, T>
    where
        O: Destructive<Api = A>,
    {
        let request = operation.to_request(self.endpoint());
        let survey = operation.survey();
        let (client, confirmation) = (self.clone(), confirmation.clone());
        async move {
            let (service, timer) = (client.service(), client.timer().clone());
            let credential = client.endpoint().credential_kind();
            let url = client.endpoint().url().to_owned();
            let failed = |cause| Error::unsent(O::META, &url, cause);
            let mut request = request.map_err(|error| failed(Cause::Build(error)))?;
            // No read is needed to see that the confirmation is for something else.
            if let Err(error @ ConfirmationError::OtherRequest) = confirmation.check(survey.so_far()) {
                return Err(failed(Cause::Confirmation(error)));
            }
            let current = read(client, survey).await?;
            confirmation.check(&current).map_err(|error| failed(Cause::Confirmation(error)))?;
            Confirmed::mark(O::META, &mut request);
            ReplyFuture::<O, S, T>::new(service, timer, credential, Ok(request)).await.map(|reply| reply.output)
        }
    }
}

/// Performs the reads of a survey.
async fn read<A: Api, S: Transport, T: Timer>(client: Client<A, S, T>, mut survey: Survey<A>) -> Result<Losses, Error> {
    // No reference to the client is kept over an `await`: it would require a service that is `Sync`.
    loop {
        let (operation, request) = match survey.step(client.endpoint()) {
            Ok(SurveyStep::Read { operation, request }) => (operation, request),
            Ok(SurveyStep::Ended(losses)) => return Ok(losses),
            Err(SurveyError { operation, reason, .. }) => {
                let cause = match reason {
                    SurveyErrorReason::Build(error) => Cause::Build(error),
                    SurveyErrorReason::Paging(error) => Cause::Pagination(error),
                };
                return Err(Error::unsent(operation, client.endpoint().url(), cause));
            }
        };
        let (service, timer) = (client.service(), client.timer().clone());
        let credential = client.endpoint().credential_kind();
        let mut call = pin!(CallFuture::new(service, timer, operation, credential, Ok(request)));
        let response = call.as_mut().await?;
        survey.accept(response).map_err(|error| call.rejected(error))?;
    }
}
