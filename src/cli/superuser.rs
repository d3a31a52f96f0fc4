//! `haversack superuser`

use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use haversack::app::{App, BuildError, ControlCommand, Password, SuperuserCommand, control};

use super::{Failure, Place, password, say};

/// How long a server that starts or stops may hold the data folder without listening.
const CHANGEOVER_MAX: Duration = Duration::from_secs(5);
/// How long to wait before looking again.
const CHANGEOVER_STEP: Duration = Duration::from_millis(50);

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Create a superuser, or set the password of the one there is.
    Upsert(Credentials),
    /// Create a superuser.
    Create(Credentials),
    /// Set the password of a superuser.
    Update(Credentials),
    /// Delete a superuser.
    Delete {
        /// The email address.
        #[arg(value_parser = parse_email)]
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Make a one-time password for a superuser.
    Otp {
        /// The email address.
        #[arg(value_parser = parse_email)]
        email: String,
        #[command(flatten)]
        place: Place,
    },
    /// Turn TOTP off for a superuser whose authenticator app and recovery codes are lost.
    TotpReset {
        /// The email address.
        #[arg(value_parser = parse_email)]
        email: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(super) struct Credentials {
    /// The email address.
    #[arg(value_parser = parse_email)]
    email: String,
    /// The password; asked for when it is left out.
    #[arg(value_parser = parse_password, hide_default_value = true)]
    password: Option<Password>,
    #[command(flatten)]
    place: Place,
}

/// A first look; the server checks addresses in full.
fn parse_email(text: &str) -> Result<String, &'static str> {
    match text.split_once('@') {
        Some((name, domain)) if !name.is_empty() && !domain.is_empty() => Ok(text.to_owned()),
        _ => Err("missing or invalid email address"),
    }
}

fn parse_password(text: &str) -> Result<Password, &'static str> {
    if text.is_empty() { Err("the password is empty") } else { Ok(Password::new(text)) }
}

impl Credentials {
    fn ask(self) -> Result<(String, Password, Place), Failure> {
        let password = self.password.map_or_else(password::ask, Ok)?;
        Ok((self.email, password, self.place))
    }
}

pub(super) fn run(action: Action) -> Result<(), Failure> {
    let (command, place) = match action {
        Action::Upsert(credentials) => {
            let (email, password, place) = credentials.ask()?;
            (SuperuserCommand::Upsert { email, password }, place)
        }
        Action::Create(credentials) => {
            let (email, password, place) = credentials.ask()?;
            (SuperuserCommand::Create { email, password }, place)
        }
        Action::Update(credentials) => {
            let (email, password, place) = credentials.ask()?;
            (SuperuserCommand::Update { email, password }, place)
        }
        Action::Delete { email, place } => (SuperuserCommand::Delete { email }, place),
        Action::Otp { email, place } => (SuperuserCommand::Otp { email }, place),
        Action::TotpReset { email, place } => (SuperuserCommand::TotpReset { email }, place),
    };
    let message = give(ControlCommand::Superuser(command), &place)?;
    say(&message);
    Ok(())
}

/// Gives `command` to the server that holds the data folder; without one, does it here.
pub(super) fn give(command: ControlCommand, place: &Place) -> Result<String, Failure> {
    let config = place.config()?;
    let deadline = Instant::now() + CHANGEOVER_MAX;
    loop {
        let answer = control::send(&config.boot.data, &command).map_err(|error| {
            Failure::Other(format!("the running server does not answer: {error}"))
        })?;
        if let Some(outcome) = answer {
            return outcome.map_err(Failure::Other);
        }
        match App::builder().config(config.clone()).build() {
            Ok(app) => return app.command(command).map_err(Failure::Other),
            // A server holds the folder and does not listen yet, or no longer.
            Err(BuildError::Occupied { .. }) if Instant::now() < deadline => {
                std::thread::sleep(CHANGEOVER_STEP);
            }
            Err(error) => return Err(error.into()),
        }
    }
}
