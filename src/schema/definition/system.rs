//! The collections that every installation starts with.

use crate::model::{CollectionId, Timestamp};
use crate::schema::{
    AutodateOptions, Catalog, Collection, CollectionKind, Field, FieldKind, FileOptions,
    PasswordOptions, Rules, TextOptions,
};

use super::{field_list, ids, indexes, scaffold};

/// Who owns a row of the helper collections.
const OWNER: &str = "@request.auth.id != '' && recordRef = @request.auth.id && collectionRef = \
                     @request.auth.collectionId";
/// Who owns an account.
const SELF: &str = "id = @request.auth.id";
/// The id of `users`, which everybody's examples use.
const USERS_ID: &str = "_pb_users_auth_";

/// The system collections and `users`, made at `now`, in the order of their making.
pub fn initial_collections(now: Timestamp) -> Vec<Collection> {
    vec![
        helper(
            "_mfas",
            &[required_text("method")],
            &[
                "CREATE INDEX `idx_mfas_collectionRef_recordRef` ON `_mfas` (collectionRef,recordRef)",
            ],
            owner_reads(),
            now,
        ),
        helper(
            "_otps",
            &[otp_password(), otp_address()],
            &[
                "CREATE INDEX `idx_otps_collectionRef_recordRef` ON `_otps` (collectionRef, recordRef)",
            ],
            owner_reads(),
            now,
        ),
        helper(
            "_externalAuths",
            &[required_text("provider"), required_text("providerId")],
            &[
                "CREATE UNIQUE INDEX `idx_externalAuths_record_provider` ON `_externalAuths` \
             (collectionRef, recordRef, provider)",
                "CREATE UNIQUE INDEX `idx_externalAuths_collection_provider` ON `_externalAuths` \
             (collectionRef, provider, providerId)",
            ],
            owner_deletes(),
            now,
        ),
        helper(
            "_authOrigins",
            &[required_text("fingerprint")],
            &["CREATE UNIQUE INDEX `idx_authOrigins_unique_pairs` ON `_authOrigins` \
             (collectionRef, recordRef, fingerprint)"],
            owner_deletes(),
            now,
        ),
        superusers(now),
        users(now),
    ]
}

fn owner_reads() -> Rules {
    let owner = || Some(OWNER.to_owned());
    Rules { list: owner(), view: owner(), ..Rules::default() }
}

fn owner_deletes() -> Rules {
    Rules { delete: Some(OWNER.to_owned()), ..owner_reads() }
}

/// A collection of rows that belong to accounts of any auth collection.
fn helper(
    name: &str,
    own: &[Field],
    index_texts: &[&str],
    rules: Rules,
    now: Timestamp,
) -> Collection {
    let mut collection = scaffold(CollectionKind::Base);
    collection.system = true;
    collection.rules = rules;
    let refs = [required_text("collectionRef"), required_text("recordRef")];
    let fields = refs.into_iter().chain(own.iter().cloned()).chain(dates());
    let fields = fields.map(|field| Field { system: true, ..field });
    let texts = index_texts.iter().map(|text| (*text).to_owned()).collect();
    finish(collection, name, None, fields, texts, now)
}

fn superusers(now: Timestamp) -> Collection {
    let mut collection = scaffold(auth());
    collection.system = true;
    if let CollectionKind::Auth(options) = &mut collection.kind {
        options.auth_token.duration = 86_400;
    }
    let fields = dates().map(|field| Field { system: true, ..field });
    finish(collection, Collection::SUPERUSERS, None, fields, Vec::new(), now)
}

fn users(now: Timestamp) -> Collection {
    let mut collection = scaffold(auth());
    let own = || Some(SELF.to_owned());
    collection.rules = Rules {
        list: own(),
        view: own(),
        create: Some(String::new()),
        update: own(),
        delete: own(),
    };
    if let CollectionKind::Auth(options) = &mut collection.kind {
        "name".clone_into(&mut options.oauth2.mapped_name);
        "avatar".clone_into(&mut options.oauth2.mapped_avatar_url);
    }
    let name = TextOptions { max: 255, ..TextOptions::default() };
    let images = ["image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"];
    let avatar = FileOptions {
        max_select: 1,
        mime_types: Some(images.map(str::to_owned).to_vec()),
        ..FileOptions::default()
    };
    let fields =
        [Field::new("name", FieldKind::Text(name)), Field::new("avatar", FieldKind::File(avatar))];
    finish(collection, "users", Some(USERS_ID), fields.into_iter().chain(dates()), Vec::new(), now)
}

fn auth() -> CollectionKind {
    CollectionKind::Auth(Box::default())
}

/// Names the collection, adds `fields`, and numbers everything.
fn finish(
    mut collection: Collection,
    name: &str,
    id: Option<&str>,
    fields: impl Iterator<Item = Field>,
    mut index_texts: Vec<String>,
    now: Timestamp,
) -> Collection {
    name.clone_into(&mut collection.name);
    let made = || ids::collection_id(collection.type_name(), name, |_| false);
    collection.id = CollectionId::from(id.map_or_else(made, str::to_owned));
    collection.created = now;
    collection.updated = now;
    for field in fields {
        field_list::add(&mut collection.fields, field);
    }
    collection.next_slot = 1;
    field_list::assign_slots(&mut collection, &[]).expect("a dozen fields have slots");
    indexes::normalise(&mut index_texts, &collection);
    indexes::set(&mut collection, &index_texts, &Catalog::default(), None)
        .expect("the indexes of initial collections are valid");
    collection
}

fn required_text(name: &str) -> Field {
    Field { required: true, ..Field::new(name, FieldKind::Text(TextOptions::default())) }
}

fn otp_password() -> Field {
    let options = PasswordOptions { cost: 8, ..PasswordOptions::default() };
    let field = Field::new("password", FieldKind::Password(options));
    Field { hidden: true, required: true, ..field }
}

fn otp_address() -> Field {
    let field = Field::new("sentTo", FieldKind::Text(TextOptions::default()));
    Field { hidden: true, ..field }
}

fn dates() -> impl Iterator<Item = Field> {
    [("created", false), ("updated", true)].into_iter().map(|(name, on_update)| {
        Field::new(name, FieldKind::Autodate(AutodateOptions { on_create: true, on_update }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Secrets;

    #[test]
    fn initial_collections_are_the_known_ones() {
        let all = initial_collections(Timestamp::from_millis(0));
        let ids: Vec<_> = all.iter().map(|c| (c.name.as_str(), c.id.as_str(), c.system)).collect();
        assert_eq!(
            ids,
            [
                ("_mfas", "pbc_2279338944", true),
                ("_otps", "pbc_1638494021", true),
                ("_externalAuths", "pbc_2281828961", true),
                ("_authOrigins", "pbc_4275539003", true),
                ("_superusers", "pbc_3142635823", true),
                ("users", "_pb_users_auth_", false),
            ]
        );
        let users = all[5].to_json(Secrets::Hide);
        assert_eq!(users["fields"][7]["id"], "file376926767");
        assert_eq!(users["fields"][6]["id"], "text1579384326");
        assert_eq!(
            users["indexes"][1],
            "CREATE UNIQUE INDEX `idx_email__pb_users_auth_` ON `users` (`email`) WHERE `email` != ''"
        );
        assert_eq!(users["oauth2"]["mappedFields"]["avatarURL"], "avatar");
        assert_eq!(all[4].auth().map(|auth| auth.auth_token.duration), Some(86_400));
        let unique = all[2].indexes.iter().filter(|index| index.unique).count();
        assert_eq!(unique, 2);
        for collection in &all {
            assert_eq!(collection.fields[0].slot, crate::model::Slot::ID);
            assert_eq!(usize::from(collection.next_slot), collection.fields.len());
        }
    }
}
