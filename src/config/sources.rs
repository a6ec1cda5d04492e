//! `tenants`: the tree of each source → [`TenantSource`].

use crate::model::{Engine, Labels, Logins};
use crate::yaml::{Diagnostic, Node};

use super::decode::Decoder;
use super::{Common, Like, Listed, Origin, SchemaChoice, TenantSource};

/// The keys of which a source has one.
const ORIGINS: [&str; 4] = ["files", "discover", "list", "landlord"];

pub(super) fn decode(node: Option<&Node>, usual: &Named, decoder: &mut Decoder<'_>) -> Vec<TenantSource> {
    let items = node.map_or(&[][..], Node::items);
    items.iter().filter_map(|item| source(item, usual, decoder)).collect()
}

fn source(node: &Node, usual: &Named, decoder: &mut Decoder<'_>) -> Option<TenantSource> {
    refuse_what_comes_later(node, decoder);
    let partial = Partial::of(node, usual, Logins::default(), decoder);
    let present: Vec<_> = ORIGINS.into_iter().filter(|key| node.entry(key).is_some()).collect();
    let origin = match present[..] {
        ["files"] => files(node.get("files")?, partial.complete(node, decoder), decoder)?,
        ["discover"] => discover(node.get("discover")?, partial.complete(node, decoder), decoder)?,
        ["list"] => list(node.get("list")?, &partial, decoder),
        ["landlord"] => return None,
        _ => {
            if node.is_map() {
                decoder.complain(
                    node,
                    "a source has exactly one origin",
                    "write `files`, `discover` or `list`; several sources are several items",
                );
            }
            return None;
        }
    };
    Some(TenantSource { place: node.span.to_string(), origin })
}

/// Keys that are known and not yet obeyed: better refused than ignored.
fn refuse_what_comes_later(node: &Node, decoder: &mut Decoder<'_>) {
    let help = |key| match key {
        "landlord" => "name the databases under `list`, or find them with `discover`",
        _ => "changes are made as the owner of the tenant's tables",
    };
    for key in ["landlord", "run_as"] {
        if let Some(entry) = node.entry(key) {
            let problem = Diagnostic::new(&entry.key_span, format!("`{key}` is not supported in this version"));
            decoder.problems.add(problem.help(help(key)));
        }
    }
}

fn files(node: &Node, common: Option<Common>, decoder: &mut Decoder<'_>) -> Option<Origin> {
    let patterns = node.one_or_more().iter().filter_map(|pattern| decoder.path(pattern)).collect();
    Some(Origin::Files { patterns, common: common? })
}

fn discover(node: &Node, common: Option<Common>, decoder: &mut Decoder<'_>) -> Option<Origin> {
    let server = node.get("server").and_then(|server| decoder.url(server, &[Engine::Postgres, Engine::Mysql]));
    let matching = node.get("match").and_then(|pattern| decoder.text(pattern)).map(|text| Like::new(&text));
    let exclude = node.get("exclude").map_or(&[][..], Node::one_or_more);
    let exclude = exclude.iter().filter_map(|pattern| decoder.text(pattern)).map(|text| Like::new(&text)).collect();
    Some(Origin::Discover { server: server?, matching: matching?, exclude, common: common? })
}

fn list(node: &Node, partial: &Partial, decoder: &mut Decoder<'_>) -> Origin {
    Origin::List(node.items().iter().filter_map(|item| listed(item, partial, decoder)).collect())
}

fn listed(node: &Node, partial: &Partial, decoder: &mut Decoder<'_>) -> Option<Listed> {
    let name = node.get("name").and_then(|name| decoder.text(name));
    if let (Some(""), Some(place)) = (name.as_deref().map(str::trim), node.get("name")) {
        decoder.complain(place, "a tenant must have a name", "write one that nobody else in the fleet has");
    }
    let url = node.get("url").and_then(|url| decoder.url(url, &Engine::ALL));
    let own = Partial::of(node, &partial.schema, partial.logins, decoder);
    let mut labels = partial.labels.clone();
    labels.extend(own.labels.clone());
    let common = Partial { labels, ..own }.complete(node, decoder);
    Some(Listed { place: node.span.to_string(), name: name?, url: url?, common: common? })
}

/// What is said of the schema where a tenant stands or above.
#[derive(Clone)]
pub(super) enum Named {
    /// Nothing.
    Nowhere,
    /// Something that is a mistake, and has been called one.
    Wrongly,
    /// This.
    As(SchemaChoice),
}

impl Named {
    /// What a node says under `schema`, or else what was said above it.
    pub(super) fn under(node: &Node, above: &Named, decoder: &mut Decoder<'_>) -> Self {
        match node.get("schema").map(|schema| decoder.schema(schema)) {
            Some(Some(choice)) => Named::As(choice),
            Some(None) => Named::Wrongly,
            None => above.clone(),
        }
    }

    pub(super) fn choice(&self) -> Option<SchemaChoice> {
        match self {
            Named::As(choice) => Some(choice.clone()),
            Named::Nowhere | Named::Wrongly => None,
        }
    }
}

/// What tenants have in common, as far as it is known.
struct Partial {
    labels: Labels,
    schema: Named,
    logins: Logins,
}

impl Partial {
    fn of(node: &Node, above: &Named, usual: Logins, decoder: &mut Decoder<'_>) -> Self {
        let logins = node.get("logins").and_then(|word| logins(word, decoder)).unwrap_or(usual);
        Self { labels: labels(node.get("labels"), decoder), schema: Named::under(node, above, decoder), logins }
    }

    /// With a schema. That there is none is a mistake where the tenants stand.
    fn complete(self, node: &Node, decoder: &mut Decoder<'_>) -> Option<Common> {
        if let Named::Nowhere = self.schema {
            let help = "add `schema: …` here, or at the top for all tenants that name no other";
            decoder.complain(node, "no schema is declared for these tenants", help);
        }
        Some(Common { schema: self.schema.choice()?, labels: self.labels, logins: self.logins })
    }
}

fn logins(node: &Node, decoder: &mut Decoder<'_>) -> Option<Logins> {
    let word = decoder.text(node)?;
    let known = Logins::ALL.into_iter().find(|logins| logins.key() == word);
    if known.is_none() {
        decoder.complain(node, format!("`{word}` is no way to log in"), "write `auto`, `own` or `off`");
    }
    known
}

fn labels(node: Option<&Node>, decoder: &mut Decoder<'_>) -> Labels {
    let entries = node.map_or(&[][..], Node::entries);
    for entry in entries.iter().filter(|entry| entry.key == "name" || entry.key.contains(['=', '!', ','])) {
        let problem = Diagnostic::new(&entry.key_span, format!("`{}` cannot be the name of a label", entry.key));
        let help = "`name` is the tenant's own name, and `=`, `!` and `,` would not get through `--tenant`";
        decoder.problems.add(problem.help(help));
    }
    entries.iter().filter_map(|entry| Some((entry.key.clone(), decoder.text(&entry.value)?))).collect()
}
