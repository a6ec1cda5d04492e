//! `undrift export`

use std::path::Path;

use super::args::ExportArgs;
use super::{Exit, Failure, stdout};
use crate::db::{Connection, DbError, Patience, Session, Target};
use crate::desired;
use crate::dialect;
use crate::model::{Platform, Schema};
use crate::reconcile::Reconciler;

/// Writes a database, or an .sql file, as a schema file on stdout.
pub async fn run(args: &ExportArgs) -> Result<Exit, Failure> {
    let (name, schema, platform) = match (&args.file, &args.url) {
        (Some(file), url) => {
            let (schema, platform) = built_from(file, url.as_deref()).await?;
            (file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default(), schema, platform)
        }
        (None, Some(url)) => {
            let target = Target::parse(url)?;
            let mut session = Session::connect(&target, Patience::default()).await?;
            let read = session.read().await;
            let platform = session.platform().clone();
            session.close().await;
            (super::fleet::name_of(&target), read?.schema, platform)
        }
        (None, None) => return Err(Failure::new("nothing to export", "name a database with --url, or an .sql file")),
    };
    for object in schema.quarantined() {
        anstream::eprintln!("not exported, because it was dropped and is only kept for a while: {}", object.object());
    }
    let schema = schema.without_quarantined(&Schema::default());
    stdout::data(&desired::export(&schema, &*dialect::of(&platform), &name));
    for opaque in &schema.opaque {
        anstream::eprintln!("not exported, because undrift does not model it: {} {}", opaque.kind, opaque.name);
    }
    Ok(Exit::Clean)
}

/// Builds an .sql file in a scratch database and reads it back.
async fn built_from(file: &Path, url: Option<&str>) -> Result<(Schema, Platform), Failure> {
    let declared = desired::load(file)?;
    let mut server = Server::for_scratch(url).await?;
    let platform = server.session.platform().clone();
    let built = async {
        if let Some(script) = declared.script(&*dialect::of(&platform))? {
            for (what, times) in script.skipped() {
                anstream::eprintln!("passed over: {what} ({times})");
            }
        }
        let reconciler = Reconciler::new(Patience::default(), Default::default());
        let reference = reconciler.reference(&mut server.session, &declared, &Schema::default()).await;
        reference.map_err(|error| Failure::from(&*error))
    };
    let built = built.await;
    server.close().await;
    Ok((built?.schema.clone(), platform))
}

/// A server on which scratch databases can be made.
pub struct Server {
    /// A session with it.
    pub session: Session,
    folder: Option<tempfile::TempDir>,
}

impl Server {
    /// The server of a session that is there already.
    pub fn at(session: Session) -> Self {
        Self { session, folder: None }
    }

    /// The server of a URL; without one, SQLite in a temporary folder.
    pub async fn for_scratch(url: Option<&str>) -> Result<Self, Failure> {
        let (target, folder) = match url {
            Some(url) => (Target::parse(url)?, None),
            None => {
                let folder = tempfile::tempdir().map_err(|error| DbError::io("temporary folder", error))?;
                let target = Target::parse(&format!("sqlite:{}?mode=rwc", folder.path().join("empty.db").display()))?;
                (target, Some(folder))
            }
        };
        Ok(Self { session: Session::connect(&target, Patience::default()).await?, folder })
    }

    /// Ends the session and removes the temporary folder.
    pub async fn close(self) {
        self.session.close().await;
        drop(self.folder);
    }
}
