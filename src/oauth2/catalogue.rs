//! The providers that can be configured: data, one row each.

use super::entry::{Emails, Entry, Source, UserMap};
use super::lookup::{Condition, Text};

/// Every provider, in the order of the API.
pub fn catalogue() -> &'static [Entry] {
    CATALOGUE
}

/// The row called `key`.
pub(super) fn entry(key: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.key == key)
}

/// A template, maybe with what has to hold for it.
macro_rules! text {
    ($template:literal) => {
        Text(&[(Condition::Always, $template)])
    };
    ($template:literal, if $condition:expr) => {
        Text(&[($condition, $template)])
    };
}

/// What a provider tells nothing about.
const NOTHING: Text = Text(&[]);

const NOBODY: UserMap = UserMap {
    id: NOTHING,
    name: NOTHING,
    username: NOTHING,
    email: NOTHING,
    avatar: NOTHING,
    active: Condition::Always,
    of_token: &[],
};

/// What most rows have in common, with the provider's key, its name for people and its colour.
const fn named(key: &'static str, display_name: &'static str, colour: &'static str) -> Entry {
    Entry {
        key,
        display_name,
        colour,
        auth_url: "",
        token_url: "",
        user_info_url: "",
        scopes: &[],
        pkce: true,
        source: Source::UserInfo,
        headers: &[],
        user: NOBODY,
        emails: None,
        auth_params: &[],
    }
}

/// Whoever speaks `OpenID` Connect; three of them can be configured side by side.
const OPEN_ID: Entry = Entry {
    scopes: &["openid", "email", "profile"],
    source: Source::OpenId,
    user: UserMap {
        id: text!("{sub}"),
        name: text!("{name}"),
        username: text!("{preferred_username}"),
        email: text!("{email}", if Condition::Yes("email_verified")),
        avatar: text!("{picture}"),
        ..NOBODY
    },
    ..named("oidc", "OIDC", "f78c40")
};

const CATALOGUE: &[Entry] = &[
    Entry {
        auth_url: "https://appleid.apple.com/auth/authorize",
        token_url: "https://appleid.apple.com/auth/token",
        scopes: &["name", "email"],
        source: Source::IdToken {
            issuer: "https://appleid.apple.com",
            jwks_url: "https://appleid.apple.com/auth/keys",
        },
        user: UserMap {
            id: text!("{sub}"),
            name: text!("{name}"),
            email: text!("{email}", if Condition::Yes("email_verified")),
            ..NOBODY
        },
        auth_params: &[("response_mode", "form_post")],
        ..named("apple", "Apple", "000000")
    },
    Entry {
        auth_url: "https://accounts.google.com/o/oauth2/v2/auth",
        token_url: "https://oauth2.googleapis.com/token",
        user_info_url: "https://www.googleapis.com/oauth2/v3/userinfo",
        scopes: &[
            "https://www.googleapis.com/auth/userinfo.profile",
            "https://www.googleapis.com/auth/userinfo.email",
        ],
        user: UserMap {
            id: text!("{sub}"),
            name: text!("{name}"),
            email: text!("{email}", if Condition::Yes("email_verified")),
            avatar: text!("{picture}"),
            ..NOBODY
        },
        ..named("google", "Google", "4285f4")
    },
    Entry {
        auth_url: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token_url: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        user_info_url: "https://graph.microsoft.com/v1.0/me",
        scopes: &["User.Read"],
        source: Source::Microsoft,
        user: UserMap {
            id: text!("{id}"),
            name: text!("{displayName}"),
            email: text!("{mail}"),
            ..NOBODY
        },
        ..named("microsoft", "Microsoft", "0078d4")
    },
    Entry {
        auth_url: "https://oauth.yandex.com/authorize",
        token_url: "https://oauth.yandex.com/token",
        user_info_url: "https://login.yandex.ru/info",
        scopes: &["login:email", "login:avatar", "login:info"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{real_name}"),
            username: text!("{login}"),
            email: text!("{default_email}"),
            avatar: text!("https://avatars.yandex.net/get-yapic/{default_avatar_id}/islands-200", if Condition::All(&[Condition::No("is_avatar_empty"), Condition::IsNot("default_avatar_id", "")])),
            ..NOBODY
        },
        ..named("yandex", "Yandex", "fc3f1d")
    },
    Entry {
        auth_url: "https://www.facebook.com/v3.2/dialog/oauth",
        token_url: "https://graph.facebook.com/v3.2/oauth/access_token",
        user_info_url: "https://graph.facebook.com/me?fields=name,email,picture.type(large)",
        scopes: &["email"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{name}"),
            email: text!("{email}"),
            avatar: text!("{picture.data.url}"),
            ..NOBODY
        },
        ..named("facebook", "Facebook", "0866ff")
    },
    Entry {
        auth_url: "https://www.instagram.com/oauth/authorize",
        token_url: "https://api.instagram.com/oauth/access_token",
        user_info_url: "https://graph.instagram.com/me?fields=id,username,account_type,user_id,name,profile_picture_url,followers_count,follows_count,media_count",
        scopes: &["instagram_business_basic"],
        user: UserMap {
            id: text!("{user_id}"),
            name: text!("{name}"),
            username: text!("{username}"),
            avatar: text!("{profile_picture_url}"),
            of_token: &["permissions"],
            ..NOBODY
        },
        ..named("instagram2", "Instagram", "e4405f")
    },
    Entry {
        auth_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        user_info_url: "https://api.github.com/user",
        scopes: &["read:user", "user:email"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{name}"),
            username: text!("{login}"),
            avatar: text!("{avatar_url}"),
            ..NOBODY
        },
        emails: Some(Emails {
            url: "/emails",
            list: "",
            is_it: Condition::All(&[Condition::Yes("verified"), Condition::Yes("primary")]),
        }),
        ..named("github", "GitHub", "24292f")
    },
    Entry {
        auth_url: "https://gitlab.com/oauth/authorize",
        token_url: "https://gitlab.com/oauth/token",
        user_info_url: "https://gitlab.com/api/v4/user",
        scopes: &["read_user"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{name}"),
            username: text!("{username}"),
            email: text!("{email}", if Condition::Date("confirmed_at")),
            avatar: text!("{avatar_url}"),
            ..NOBODY
        },
        ..named("gitlab", "GitLab", "fc6d26")
    },
    Entry {
        auth_url: "https://bitbucket.org/site/oauth2/authorize",
        token_url: "https://bitbucket.org/site/oauth2/access_token",
        user_info_url: "https://api.bitbucket.org/2.0/user",
        scopes: &["account"],
        pkce: false,
        user: UserMap {
            id: text!("{uuid}"),
            name: text!("{display_name}"),
            username: text!("{username}"),
            avatar: text!("{links.avatar.href}"),
            active: Condition::Is("account_status", "active"),
            ..NOBODY
        },
        emails: Some(Emails {
            url: "/emails",
            list: "values",
            is_it: Condition::All(&[Condition::Yes("is_primary"), Condition::Yes("is_confirmed")]),
        }),
        ..named("bitbucket", "Bitbucket", "0052cc")
    },
    Entry {
        auth_url: "https://gitee.com/oauth/authorize",
        token_url: "https://gitee.com/oauth/token",
        user_info_url: "https://gitee.com/api/v5/user",
        scopes: &["user_info", "emails"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{name}"),
            username: text!("{login}"),
            email: text!("{email}", if Condition::Email("email")),
            avatar: text!("{avatar_url}"),
            ..NOBODY
        },
        emails: Some(Emails {
            url: "https://gitee.com/api/v5/emails",
            list: "",
            is_it: Condition::All(&[
                Condition::Is("state", "confirmed"),
                Condition::Has("scope", "primary"),
                Condition::Email("email"),
            ]),
        }),
        ..named("gitee", "Gitee", "c71d23")
    },
    Entry {
        auth_url: "https://gitea.com/login/oauth/authorize",
        token_url: "https://gitea.com/login/oauth/access_token",
        user_info_url: "https://gitea.com/api/v1/user",
        scopes: &["read:user", "user:email"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{full_name}"),
            username: text!("{login}"),
            avatar: text!("{avatar_url}"),
            active: Condition::Yes("active"),
            ..NOBODY
        },
        emails: Some(Emails {
            url: "/emails",
            list: "",
            is_it: Condition::All(&[Condition::Yes("verified"), Condition::Yes("primary")]),
        }),
        ..named("gitea", "Gitea/Forgejo", "609926")
    },
    Entry {
        auth_url: "https://discord.com/api/oauth2/authorize",
        token_url: "https://discord.com/api/oauth2/token",
        user_info_url: "https://discord.com/api/users/@me",
        scopes: &["identify", "email"],
        user: UserMap {
            id: text!("{id}"),
            name: Text(&[
                (Condition::Always, "{global_name}"),
                (Condition::IsNot("discriminator", "0"), "{username}#{discriminator}"),
                (Condition::Always, "{username}"),
            ]),
            username: text!("{username}"),
            email: text!("{email}", if Condition::Yes("verified")),
            avatar: text!("https://cdn.discordapp.com/avatars/{id}/{avatar}.png", if Condition::IsNot("avatar", "")),
            ..NOBODY
        },
        ..named("discord", "Discord", "5865f2")
    },
    Entry {
        auth_url: "https://x.com/i/oauth2/authorize",
        token_url: "https://api.x.com/2/oauth2/token",
        user_info_url: "https://api.x.com/2/users/me?user.fields=id,name,username,profile_image_url,confirmed_email",
        scopes: &["users.read", "users.email", "tweet.read"],
        user: UserMap {
            id: text!("{data.id}"),
            name: text!("{data.name}"),
            username: text!("{data.username}"),
            email: text!("{data.confirmed_email}"),
            avatar: text!("{data.profile_image_url}"),
            ..NOBODY
        },
        ..named("twitter", "X/Twitter", "000000")
    },
    Entry {
        auth_url: "https://kauth.kakao.com/oauth/authorize",
        token_url: "https://kauth.kakao.com/oauth/token",
        user_info_url: "https://kapi.kakao.com/v2/user/me",
        scopes: &["account_email", "profile_nickname", "profile_image"],
        user: UserMap {
            id: text!("{id}"),
            username: text!("{properties.nickname}"),
            email: text!("{kakao_account.email}", if Condition::All(&[Condition::Yes("kakao_account.is_email_valid"), Condition::Yes("kakao_account.is_email_verified")])),
            avatar: text!("{properties.profile_image}"),
            ..NOBODY
        },
        ..named("kakao", "Kakao", "fee500")
    },
    Entry {
        auth_url: "https://oauth.vk.com/authorize",
        token_url: "https://oauth.vk.com/access_token",
        user_info_url: "https://api.vk.com/method/users.get?fields=photo_max,screen_name&v=5.131",
        scopes: &["email"],
        pkce: false,
        user: UserMap {
            id: text!("{response.0.id}"),
            name: text!("{response.0.first_name} {response.0.last_name}"),
            username: text!("{response.0.screen_name}"),
            email: text!("{$token.email}"),
            avatar: text!("{response.0.photo_max}"),
            ..NOBODY
        },
        ..named("vk", "ВКонтакте", "0077ff")
    },
    Entry {
        auth_url: "https://linear.app/oauth/authorize",
        token_url: "https://api.linear.app/oauth/token",
        user_info_url: "https://api.linear.app/graphql",
        scopes: &["read"],
        pkce: false,
        source: Source::GraphQl("query { viewer { id displayName name email avatarUrl active } }"),
        user: UserMap {
            id: text!("{data.viewer.id}"),
            name: text!("{data.viewer.name}"),
            username: text!("{data.viewer.displayName}"),
            email: text!("{data.viewer.email}"),
            avatar: text!("{data.viewer.avatarUrl}"),
            active: Condition::Yes("data.viewer.active"),
            ..NOBODY
        },
        ..named("linear", "Linear", "5e6ad2")
    },
    Entry {
        auth_url: "https://api.notion.com/v1/oauth/authorize",
        token_url: "https://api.notion.com/v1/oauth/token",
        user_info_url: "https://api.notion.com/v1/users/me",
        headers: &[("Notion-Version", "2022-06-28")],
        user: UserMap {
            id: text!("{bot.owner.user.id}"),
            name: text!("{bot.owner.user.name}"),
            email: text!("{bot.owner.user.person.email}"),
            avatar: text!("{bot.owner.user.avatar_url}"),
            ..NOBODY
        },
        ..named("notion", "Notion", "000000")
    },
    Entry {
        auth_url: "https://auth.monday.com/oauth2/authorize",
        token_url: "https://auth.monday.com/oauth2/token",
        user_info_url: "https://api.monday.com/v2",
        scopes: &["me:read"],
        source: Source::GraphQl("query { me { id enabled name email is_verified photo_small } }"),
        user: UserMap {
            id: text!("{data.me.id}"),
            name: text!("{data.me.name}"),
            email: text!("{data.me.email}", if Condition::Yes("data.me.is_verified")),
            avatar: text!("{data.me.photo_small}"),
            active: Condition::Yes("data.me.enabled"),
            ..NOBODY
        },
        ..named("monday", "monday.com", "ff3d57")
    },
    Entry {
        auth_url: "https://accounts.feishu.cn/open-apis/authen/v1/authorize",
        token_url: "https://open.feishu.cn/open-apis/authen/v2/oauth/token",
        user_info_url: "https://open.feishu.cn/open-apis/authen/v1/user_info",
        user: UserMap {
            id: text!("{data.union_id}"),
            name: text!("{data.name}"),
            avatar: text!("{data.avatar_url}"),
            ..NOBODY
        },
        ..named("lark", "Lark", "3370ff")
    },
    Entry {
        auth_url: "https://account.box.com/api/oauth2/authorize",
        token_url: "https://api.box.com/oauth2/token",
        user_info_url: "https://api.box.com/2.0/users/me",
        scopes: &["root_readonly"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{name}"),
            email: text!("{login}"),
            avatar: text!("{avatar_url}"),
            active: Condition::Is("status", "active"),
            ..NOBODY
        },
        ..named("box", "Box", "0061d5")
    },
    Entry {
        auth_url: "https://accounts.spotify.com/authorize",
        token_url: "https://accounts.spotify.com/api/token",
        user_info_url: "https://api.spotify.com/v1/me",
        scopes: &["user-read-private"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{display_name}"),
            avatar: text!("{images.0.url}"),
            ..NOBODY
        },
        ..named("spotify", "Spotify", "1db954")
    },
    Entry {
        auth_url: "https://trakt.tv/oauth/authorize",
        token_url: "https://api.trakt.tv/oauth/token",
        user_info_url: "https://api.trakt.tv/users/settings",
        headers: &[
            ("Content-type", "application/json"),
            ("trakt-api-key", "{clientId}"),
            ("trakt-api-version", "2"),
        ],
        user: UserMap {
            id: text!("{user.ids.uuid}"),
            name: text!("{user.name}"),
            username: text!("{user.username}"),
            avatar: text!("{user.images.avatar.full}"),
            ..NOBODY
        },
        ..named("trakt", "Trakt", "ed1c24")
    },
    Entry {
        auth_url: "https://id.twitch.tv/oauth2/authorize",
        token_url: "https://id.twitch.tv/oauth2/token",
        user_info_url: "https://api.twitch.tv/helix/users",
        scopes: &["user:read:email"],
        headers: &[("Client-Id", "{clientId}")],
        user: UserMap {
            id: text!("{data.0.id}"),
            name: text!("{data.0.display_name}"),
            username: text!("{data.0.login}"),
            email: text!("{data.0.email}"),
            avatar: text!("{data.0.profile_image_url}"),
            ..NOBODY
        },
        ..named("twitch", "Twitch", "9146ff")
    },
    Entry {
        auth_url: "https://www.patreon.com/oauth2/authorize",
        token_url: "https://www.patreon.com/api/oauth2/token",
        user_info_url: "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=full_name,email,vanity,image_url,is_email_verified",
        scopes: &["identity", "identity[email]"],
        user: UserMap {
            id: text!("{data.id}"),
            name: text!("{data.attributes.full_name}"),
            username: text!("{data.attributes.vanity}"),
            email: text!("{data.attributes.email}", if Condition::Yes("data.attributes.is_email_verified")),
            avatar: text!("{data.attributes.image_url}"),
            ..NOBODY
        },
        ..named("patreon", "Patreon", "ff424d")
    },
    Entry {
        auth_url: "https://www.strava.com/oauth/authorize",
        token_url: "https://www.strava.com/api/v3/oauth/token",
        user_info_url: "https://www.strava.com/api/v3/athlete",
        scopes: &["profile:read_all"],
        user: UserMap {
            id: text!("{id}", if Condition::IsNot("id", "0")),
            name: text!("{firstname} {lastname}"),
            username: text!("{username}"),
            avatar: text!("{profile}"),
            ..NOBODY
        },
        ..named("strava", "Strava", "fc4c02")
    },
    Entry {
        auth_url: "https://wakatime.com/oauth/authorize",
        token_url: "https://wakatime.com/oauth/token",
        user_info_url: "https://wakatime.com/api/v1/users/current",
        scopes: &["email"],
        user: UserMap {
            id: text!("{data.id}"),
            name: text!("{data.display_name}"),
            username: text!("{data.username}"),
            email: text!("{data.email}", if Condition::Yes("data.is_email_confirmed")),
            avatar: text!("{data.photo}", if Condition::Yes("data.photo_public")),
            ..NOBODY
        },
        ..named("wakatime", "WakaTime", "000000")
    },
    Entry {
        auth_url: "https://accounts.livechat.com/",
        token_url: "https://accounts.livechat.com/token",
        user_info_url: "https://accounts.livechat.com/v2/accounts/me",
        user: UserMap {
            id: text!("{account_id}"),
            name: text!("{name}"),
            email: text!("{email}", if Condition::Yes("email_verified")),
            avatar: text!("{avatar_url}"),
            ..NOBODY
        },
        ..named("livechat", "LiveChat", "ff5100")
    },
    Entry {
        scopes: &["profile"],
        user: UserMap {
            id: text!("{id}"),
            name: text!("{full_name}"),
            username: text!("{username@}"),
            email: text!("{email}"),
            active: Condition::Is("active", "1"),
            ..NOBODY
        },
        ..named("mailcow", "mailcow", "f7b500")
    },
    Entry {
        auth_url: "https://api.planningcenteronline.com/oauth/authorize",
        token_url: "https://api.planningcenteronline.com/oauth/token",
        user_info_url: "https://api.planningcenteronline.com/people/v2/me",
        scopes: &["people"],
        user: UserMap {
            id: text!("{data.id}"),
            name: text!("{data.attributes.name}"),
            avatar: text!("{data.attributes.avatar}"),
            active: Condition::Is("data.attributes.status", "active"),
            ..NOBODY
        },
        ..named("planningcenter", "Planning Center", "2266f7")
    },
    OPEN_ID,
    Entry { key: "oidc2", ..OPEN_ID },
    Entry { key: "oidc3", ..OPEN_ID },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::OAUTH2_PROVIDERS;

    #[test]
    fn the_catalogue_and_the_keys_that_definitions_know_are_the_same() {
        let keys: Vec<&str> = CATALOGUE.iter().map(|entry| entry.key).collect();
        assert_eq!(keys, OAUTH2_PROVIDERS);
    }

    #[test]
    fn every_row_can_be_shown_and_tells_an_id() {
        for entry in CATALOGUE {
            assert!(!entry.display_name.is_empty() && entry.logo().contains(entry.colour));
            assert!(!entry.user.id.0.is_empty(), "{}", entry.key);
            for url in [entry.auth_url, entry.token_url, entry.user_info_url] {
                let parsed = url::Url::parse(url);
                assert!(url.is_empty() || parsed.is_ok_and(|url| url.scheme() == "https"), "{url}");
            }
        }
    }
}
