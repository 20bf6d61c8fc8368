//! A program that sends one operation, and more with its features. `cargo xtask cost` measures it.

use convex_mgmt::deployment::ListEnvironmentVariables;
use convex_mgmt::{Client, DeployKey, Endpoint};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: program URL")?;
    let key = DeployKey::parse(&std::env::var("CONVEX_DEPLOY_KEY")?)?;
    let client = Client::new(Endpoint::new(&url, &key)?)?;
    let variables = client.send(&ListEnvironmentVariables::new()).await?;
    println!("{}", variables.len());
    #[cfg(feature = "small")]
    small().await?;
    #[cfg(feature = "all")]
    all().await?;
    #[cfg(feature = "again")]
    again().await?;
    Ok(())
}

/// The future of a group of operations. Its type is erased: otherwise the compiler would repeat the program's own async functions in each
/// codegen unit that polls or drops them.
#[cfg(any(feature = "small", feature = "all", feature = "again"))]
type Group = std::pin::Pin<Box<dyn Future<Output = Result<(), convex_mgmt::Error>>>>;

/// Contains the code that sends an operation. The compiler cannot know that there is none.
#[cfg(any(feature = "small", feature = "all", feature = "again"))]
async fn send<O: convex_mgmt::Operation>() -> Result<(), convex_mgmt::Error> {
    use std::hint::black_box;

    if let (Some(client), Some(operation)) = (black_box(None::<&Client<O::Api>>), black_box(None::<O>)) {
        black_box(client.send(&operation).await?);
    }
    Ok(())
}

/// Ten operations with small requests and without a body in their responses.
#[cfg(feature = "small")]
fn small() -> Group {
    use convex_mgmt::{deployment, management};

    Box::pin(async {
        send::<deployment::DeleteLogStream>().await?;
        send::<deployment::DeleteUsageLimit>().await?;
        send::<deployment::PauseDeployment>().await?;
        send::<deployment::UnpauseDeployment>().await?;
        send::<deployment::UpdateCanonicalUrl>().await?;
        send::<management::CancelTeamMemberInvite>().await?;
        send::<management::DeleteCustomRole>().await?;
        send::<management::DeleteDeployKey>().await?;
        send::<management::DeleteDeployment>().await?;
        send::<management::DeleteProject>().await
    })
}

/// Every operation.
#[cfg(feature = "all")]
fn all() -> Group {
    macro_rules! send_all {
        ($($api:ident::$topic:ident::$operation:ident,)+) => {
            $(send::<convex_mgmt::$api::$operation>().await?;)+
        };
    }
    Box::pin(async {
        convex_mgmt::proto::for_each_operation!(send_all);
        Ok(())
    })
}

/// Ten operations that share their encoder and their decoder with the first: what remains is the code for each type.
#[cfg(feature = "again")]
fn again() -> Group {
    use convex_mgmt::bytes::Bytes;
    use convex_mgmt::{DecodeError, DeploymentApi, Operation, OperationMeta};

    struct Again<const NUMBER: u8>(ListEnvironmentVariables);

    impl<const NUMBER: u8> Operation for Again<NUMBER> {
        type Api = DeploymentApi;
        type Output = <ListEnvironmentVariables as Operation>::Output;
        const META: &'static OperationMeta = &OperationMeta::new::<DeploymentApi>(
            ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"][NUMBER as usize],
            convex_mgmt::http::Method::GET,
            "/list_environment_variables",
            convex_mgmt::Idempotency::Safe,
        );

        fn decode(body: &Bytes) -> Result<Self::Output, DecodeError> {
            ListEnvironmentVariables::decode(body)
        }
    }

    Box::pin(async {
        send::<Again<0>>().await?;
        send::<Again<1>>().await?;
        send::<Again<2>>().await?;
        send::<Again<3>>().await?;
        send::<Again<4>>().await?;
        send::<Again<5>>().await?;
        send::<Again<6>>().await?;
        send::<Again<7>>().await?;
        send::<Again<8>>().await?;
        send::<Again<9>>().await
    })
}
