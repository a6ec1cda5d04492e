//! `undrift history`

use super::service_args::{HistoryArgs, Output};
use super::show::table::{self, Align};
use super::{Cli, Exit, Failure, state};
use crate::http::view::AuditLine;
use crate::reconcile::words::clean;
use crate::store::{AuditFilter, Store};
use crate::yaml::nearest;

/// Shows what was done and by whom, the newest last.
pub async fn run(cli: &Cli, args: &HistoryArgs) -> Result<Exit, Failure> {
    let store = state::existing(cli).await?;
    let filter = AuditFilter { tenant: args.tenant.clone(), ..AuditFilter::default() };
    let mut lines: Vec<_> =
        store.audit(&filter, None, args.limit as usize).await?.into_iter().map(AuditLine::from).collect();
    lines.reverse();
    if let Some(tenant) = args.tenant.as_deref().filter(|_| lines.is_empty()) {
        must_exist(&store, tenant).await?;
    }
    store.close().await;
    match args.output {
        Output::Json => args.output.print(&format!("{:#}\n", serde_json::json!({ "items": lines }))),
        Output::Text if lines.is_empty() => super::print("nothing was done yet\n"),
        Output::Text => super::print(&text(&lines)),
    }
    Ok(Exit::Clean)
}

async fn must_exist(store: &Store, name: &str) -> Result<(), Failure> {
    let tenants = store.tenants().await?;
    if tenants.iter().any(|tenant| tenant.name == name) {
        return Ok(());
    }
    let next = match nearest(name, tenants.iter().map(|tenant| tenant.name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`undrift history` without a name shows everything".to_owned(),
    };
    Err(Failure::new(format!("no tenant named `{name}` is known"), next))
}

fn text(lines: &[AuditLine]) -> String {
    let mut table = table::new(&[("TIME", Align::Left), ("TENANT", Align::Left), ("WHAT", Align::Left)]);
    for line in lines {
        let tenant = line.entry.tenant.as_deref().map(clean).unwrap_or_default();
        table.add_row([table::time(line.entry.at), tenant, line.what.clone()]);
    }
    table::text(&table)
}
