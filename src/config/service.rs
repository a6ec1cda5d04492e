//! What only the daemon needs, and backups: `approvals`, `retention`, `webhooks` and the like.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::policy::duration;
use crate::yaml::Node;

use super::decode::Decoder;
use super::{Backups, Occasion, Retention, Webhook, WebhookFormat};

/// Nobody keeps history for longer than ten years.
const LONGEST_RETENTION: Duration = Duration::from_secs(3650 * 86_400);

impl Decoder<'_> {
    pub(super) fn interval(&mut self, node: &Node) -> Option<Duration> {
        self.duration(node, "an interval", duration::parse)
    }

    pub(super) fn approvals_expire(&mut self, root: &Node) -> Option<Duration> {
        self.interval(root.get("approvals")?.get("expire")?)
    }

    pub(super) fn retention(&mut self, node: &Node) -> Retention {
        let usual = Retention::default();
        let mut kept = |key| {
            let long = |text: &str| duration::parse_up_to(text, LONGEST_RETENTION);
            self.duration(node.get(key)?, "a retention time", long)
        };
        Retention { runs: kept("runs").unwrap_or(usual.runs), audit: kept("audit").unwrap_or(usual.audit) }
    }

    /// Backups go beside the file, too, where it does not say.
    pub(super) fn backups(&mut self, node: Option<&Node>) -> Backups {
        let usual = Backups::default();
        let beside = self.folder.join(&usual.to);
        let Some(node) = node else { return Backups { to: beside, ..usual } };
        let long = |text: &str| duration::parse_up_to(text, LONGEST_RETENTION);
        Backups {
            to: node.get("to").and_then(|node| self.path(node)).unwrap_or(beside),
            keep: node.get("keep").and_then(|node| self.duration(node, "a retention time", long)),
            command: node.get("command").and_then(|node| self.backup_command(node)),
            timeout: node.get("timeout").and_then(|node| self.interval(node)).unwrap_or(usual.timeout),
        }
    }

    /// Variables in it are the shell's, not the file's: what is secret stays out of it.
    fn backup_command(&mut self, node: &Node) -> Option<String> {
        let command = node.text()?.trim();
        if command.is_empty() {
            self.complain(node, "an empty command backs up nothing", "write a shell command, or leave `command` out");
        }
        Some(command.to_owned())
    }

    pub(super) fn webhooks(&mut self, node: Option<&Node>) -> Vec<Webhook> {
        node.map_or(&[][..], Node::items).iter().filter_map(|item| self.webhook(item)).collect()
    }

    fn webhook(&mut self, node: &Node) -> Option<Webhook> {
        let url = node.get("url").and_then(|url| self.http_url(url));
        let format = node.text_of("format").and_then(WebhookFormat::of).unwrap_or(WebhookFormat::Json);
        let events = self.occasions(node.get("events"));
        // A key that is wrong must not become a hook without one.
        let secret = match node.get("secret") {
            Some(secret) => Some(self.signing_key(secret)?),
            None => None,
        };
        Some(Webhook { url: url?, format, secret, events })
    }

    fn occasions(&mut self, node: Option<&Node>) -> Vec<Occasion> {
        let Some(node) = node else { return Occasion::ALL.to_vec() };
        if node.one_or_more().is_empty() {
            self.complain(node, "a webhook that is told nothing", "name events, or leave `events` out for all");
        }
        node.one_or_more().iter().filter_map(|event| Occasion::of(event.text()?)).collect()
    }

    /// A URL to send to. What is wrong with it is said without repeating it.
    fn http_url(&mut self, node: &Node) -> Option<SecretString> {
        let text = self.text(node)?;
        let sound = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !sound {
            self.complain(node, "not a URL to send to", "it starts with https:// or http:// and names a host");
            return None;
        }
        Some(SecretString::from(text))
    }

    /// The address under which people reach the service. A path is kept, for a proxy that puts undrift below one.
    pub(super) fn public_url(&mut self, node: &Node) -> Option<Url> {
        let url = Url::parse(&self.text(node)?).ok().filter(|url| {
            let plain = url.username().is_empty() && url.password().is_none();
            let bare = url.query().is_none() && url.fragment().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && plain && bare
        });
        if url.is_none() {
            let help = "write the address at which people reach the service: `https://undrift.example.org`";
            self.complain(node, "not an address for links", help);
        }
        url
    }

    fn signing_key(&mut self, node: &Node) -> Option<SecretString> {
        let text = self.text(node)?;
        if text.is_empty() {
            self.complain(node, "an empty secret proves nothing", "write a long random text, or leave `secret` out");
            return None;
        }
        Some(SecretString::from(text))
    }
}
