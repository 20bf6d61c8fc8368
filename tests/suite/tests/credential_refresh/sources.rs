//! Sources of several types, in calls that are spawned on another thread.

use super::*;

/// The future of a source, without its type.
type BoxFuture = Pin<Box<dyn Future<Output = Result<DeployKey, BoxError>> + Send>>;

/// A source without its type, as a struct holds it.
type BoxSource = Box<dyn Fn(Endpoint<DeploymentApi>) -> BoxFuture + Send + Sync>;

async fn read(url: &str, secret: &'static str) -> Result<String, std::io::Error> {
    tokio::task::yield_now().await;
    Ok(format!("prod:{}|{secret}", url.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default()))
}

async fn fetch(endpoint: Endpoint<DeploymentApi>) -> Result<DeployKey, BoxError> {
    Ok(DeployKey::parse(&read(endpoint.url(), "new").await?)?)
}

struct Named(Arc<str>);

impl CredentialSource<DeploymentApi> for Named {
    type Future = BoxFuture;

    fn fetch(&self, _endpoint: Endpoint<DeploymentApi>) -> BoxFuture {
        let secret = Arc::clone(&self.0);
        Box::pin(async move { Ok(DeployKey::parse(&secret)?) })
    }
}

/// Makes a call that gets its key from the layer's source, in a task that may run on any thread.
async fn works(refresh: CredentialRefreshLayer<DeploymentApi, impl SendSource>) {
    fn is_shared(_: &(impl Send + Sync)) {}
    is_shared(&refresh);
    let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
    is_shared(&client);
    spawned(&client).await.unwrap().unwrap();
    let operation = ListEnvironmentVariables::new();
    tokio::spawn(client.send(&operation)).await.unwrap().unwrap();
    tokio::spawn(client.clone().boxed().send(&operation)).await.unwrap().unwrap();
    tokio::spawn(async move { client.send(&operation).await }).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_of_every_type_serve_spawned_calls() {
    let (secret, shared): (&'static str, Arc<str>) = ("new", format!("prod:{NAME}|new").into());
    works(CredentialRefreshLayer::new(fetch)).await;
    works(CredentialRefreshLayer::new(async |endpoint| Ok(DeployKey::parse(&read(endpoint.url(), "new").await?)?)))
        .await;
    works(CredentialRefreshLayer::new(move |endpoint: Endpoint<DeploymentApi>| async move {
        Ok(DeployKey::parse(&read(endpoint.url(), secret).await?)?)
    }))
    .await;
    works(CredentialRefreshLayer::new(|endpoint| -> BoxFuture { Box::pin(fetch(endpoint)) })).await;
    let boxed: BoxSource = Box::new(|endpoint| Box::pin(fetch(endpoint)));
    works(CredentialRefreshLayer::new(boxed)).await;
    works(CredentialRefreshLayer::from_source(Named(shared))).await;
}

/// A closure that is written in the task itself: the compiler forgets its lifetimes before it checks that the task is `Send`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_with_a_source_can_be_created_in_a_spawned_task() {
    let task = tokio::spawn(async {
        let refresh =
            CredentialRefreshLayer::new(async |endpoint| Ok(DeployKey::parse(&read(endpoint.url(), "new").await?)?));
        let client = builder().attempt_layer(refresh).build_on(server("new")).unwrap();
        client.send(&ListEnvironmentVariables::new()).await.map(drop)
    });
    task.await.unwrap().unwrap();
}
