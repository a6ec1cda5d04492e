//! `undrift token`

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::service_args::{Output, TokenArgs, TokenCommand};
use super::show::table::{self, Align};
use super::{Cli, Exit, Failure, state};
use crate::policy::duration;
use crate::store::token::NewToken;
use crate::store::{Role, Store, TokenRecord};

/// No token holds for longer than ten years, unless it holds for ever.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(3650 * 86_400);

/// Makes, lists and revokes tokens.
pub async fn run(cli: &Cli, args: &TokenArgs) -> Result<Exit, Failure> {
    match &args.command {
        TokenCommand::Create { name, role, expires } => create(cli, name, (*role).into(), expires.as_deref()).await,
        TokenCommand::List { output } => list(cli, *output).await,
        TokenCommand::Revoke { id } => revoke(cli, id).await,
    }
}

async fn create(cli: &Cli, name: &str, role: Role, expires: Option<&str>) -> Result<Exit, Failure> {
    let created = Timestamp::now();
    let expires = expires.map(|text| until(text, created)).transpose()?;
    let store = state::open(cli).await?;
    let made = NewToken::make().map_err(|error| Failure::new(error.to_string(), "run it again"))?;
    let NewToken { id, token, hash } = made;
    let record = TokenRecord { id, name: name.to_owned(), role, hash, created, expires, revoked: None };
    store.person(&state::login()).make_token(&record).await?;
    store.close().await;
    let holds = expires.map_or_else(|| "for ever".to_owned(), |until| format!("until {}", table::time(until)));
    anstream::eprintln!("{role} token {} for {name}, {holds}. It is shown this once:", record.id);
    super::print(&format!("{}\n", token.expose_secret()));
    Ok(Exit::Clean)
}

fn until(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong = |why: String| Failure::new(format!("`--expires {text}`: {why}"), "write a duration such as 90d or 12h");
    let lasts = duration::parse_up_to(text, LONGEST).map_err(wrong)?;
    if lasts.is_zero() {
        return Err(wrong("the token would never open anything".to_owned()));
    }
    let lasts = SignedDuration::try_from(lasts).map_err(|error| wrong(error.to_string()))?;
    now.checked_add(lasts).map_err(|error| wrong(error.to_string()))
}

async fn list(cli: &Cli, output: Output) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    let tokens = store.tokens().await?;
    store.close().await;
    let now = Timestamp::now();
    match output {
        Output::Json => {
            let items: Vec<_> = tokens.iter().map(|token| public(token, now)).collect();
            output.print(&format!("{:#}\n", json!({ "items": items })));
        }
        Output::Text if tokens.is_empty() => {
            super::print("there is no token yet; `undrift token create --name NAME --role viewer` makes one\n");
        }
        Output::Text => super::print(&text(&tokens, now)),
    }
    Ok(Exit::Clean)
}

/// A token without its hash.
fn public(token: &TokenRecord, now: Timestamp) -> Value {
    let TokenRecord { id, name, role, created, expires, revoked, .. } = token;
    json!({ "id": id, "name": name, "role": role, "created": created, "expires": expires, "revoked": revoked,
            "valid": token.is_valid(now) })
}

fn text(tokens: &[TokenRecord], now: Timestamp) -> String {
    let columns = ["ID", "NAME", "ROLE", "CREATED", "HOLDS"].map(|title| (title, Align::Left));
    let mut table = table::new(&columns);
    for token in tokens {
        let holds = match (token.revoked, token.expires) {
            (Some(at), _) => format!("revoked {}", table::time(at)),
            (None, Some(until)) if until <= now => format!("expired {}", table::time(until)),
            (None, Some(until)) => format!("until {}", table::time(until)),
            (None, None) => "for ever".to_owned(),
        };
        table.add_row([&token.id, &token.name, &token.role.to_string(), &table::time(token.created), &holds]);
    }
    table::text(&table)
}

async fn revoke(cli: &Cli, id: &str) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    let token = the_one(&store, id).await?;
    if token.revoked.is_some() {
        return Err(Failure::new(format!("the token {} of {} was revoked before", token.id, token.name), ""));
    }
    store.person(&state::login()).revoke_token(&token).await?;
    store.close().await;
    super::print(&format!("revoked {}: the token of {} opens nothing any more\n", token.id, token.name));
    Ok(Exit::Clean)
}

/// The token whose id begins like that, if there is one only.
async fn the_one(store: &Store, id: &str) -> Result<TokenRecord, Failure> {
    let next = "`undrift token list` shows the ids";
    let tokens = store.tokens().await?;
    let mut fitting = tokens.into_iter().filter(|token| !id.is_empty() && token.id.starts_with(id));
    match (fitting.next(), fitting.next()) {
        (Some(token), None) => Ok(token),
        (None, _) => Err(Failure::new(format!("there is no token {id}"), next)),
        (Some(_), Some(_)) => Err(Failure::new(format!("several tokens begin with {id}"), next)),
    }
}
