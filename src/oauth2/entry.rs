//! What is known of a provider before anybody configures it.

use super::lookup::{Condition, Text};

/// One row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name that definitions call it by.
    pub key: &'static str,
    /// Its name for people.
    pub display_name: &'static str,
    /// The colour of its logo, six hexadecimal digits.
    pub(super) colour: &'static str,
    pub(super) auth_url: &'static str,
    pub(super) token_url: &'static str,
    pub(super) user_info_url: &'static str,
    pub(super) scopes: &'static [&'static str],
    pub(super) pkce: bool,
    pub(super) source: Source,
    /// Headers of the call for the user; `{clientId}` stands for the client's.
    pub(super) headers: &'static [(&'static str, &'static str)],
    pub(super) user: UserMap,
    /// Where else to ask for an address.
    pub(super) emails: Option<Emails>,
    /// Parameters of the address that a browser is sent to, beyond the usual ones.
    pub(super) auth_params: &'static [(&'static str, &'static str)],
}

/// Where a provider tells who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A GET of the user info URL.
    UserInfo,
    /// A GraphQL query that is posted there.
    GraphQl(&'static str),
    /// The id token, from this issuer and signed with one of these keys.
    IdToken { issuer: &'static str, jwks_url: &'static str },
    /// The user info URL if there is one, otherwise the id token.
    OpenId,
    /// The user info URL, but which address counts may be up to claims of the id token.
    Microsoft,
}

/// Where the parts of a user stand in the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct UserMap {
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) username: Text,
    /// With what makes the address one that the provider vouches for.
    pub(super) email: Text,
    pub(super) avatar: Text,
    /// What has to hold for the user to be let in.
    pub(super) active: Condition,
    /// Members of the token's answer that belong to the user as well.
    pub(super) of_token: &'static [&'static str],
}

/// A list of addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Emails {
    /// Behind the user info URL when it begins with a slash.
    pub(super) url: &'static str,
    /// Where the list stands in the answer.
    pub(super) list: &'static str,
    /// What has to hold for an item to be the one.
    pub(super) is_it: Condition,
}

impl Entry {
    /// A small picture as the text of an SVG: the first letter on the provider's colour.
    pub fn logo(&self) -> String {
        let letter = self.display_name.chars().next().unwrap_or('?');
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\" \
             viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" rx=\"14\" fill=\"#{}\"/><text \
             x=\"32\" y=\"44\" text-anchor=\"middle\" font-family=\"sans-serif\" \
             font-size=\"36\" font-weight=\"700\" fill=\"#fff\">{letter}</text></svg>",
            self.colour
        )
    }
}
