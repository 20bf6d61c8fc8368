//! Access tokens: the tokens of members and teams, and the details of the client's own token.
//!
//! A token is returned once, by the operation that creates it. The lists have names and ids only. A deletion names a token by its
//! secret or by its name ([`TokenSelector`]).

mod details;
mod personal;
mod selector;
mod team;

pub use self::details::{GetTokenDetails, ProjectTokenDetails, TeamTokenDetails, TokenDetails};
pub use self::personal::{
    CreatePersonalAccessToken, CreatedPersonalAccessToken, DeletePersonalAccessToken, ListPersonalAccessTokens,
    PersonalAccessToken,
};
pub use self::selector::TokenSelector;
pub use self::team::{
    CreateTeamAccessToken, CreatedTeamAccessToken, DeleteTeamAccessToken, ListTeamAccessTokens, TeamAccessToken,
};
