//! An application at work: one session that writes, one that reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use undrift::db::{Connection, DbError, Patience, Session, Target, Trouble};

use crate::support::Tenant;

/// What one session did.
#[derive(Default)]
pub struct Done {
    /// How many statements went through.
    pub statements: u64,
    /// How many rows it updated.
    pub updated: u64,
    /// How many rows it inserted.
    pub inserted: u64,
    /// What it wrote last into the column that is to get another name, and where.
    pub secrets: Vec<(u64, String)>,
    /// The longest that one of its statements took.
    pub longest: Duration,
    /// What the server said when a statement did not go through.
    pub refused: Vec<DbError>,
}

/// The application, until it is asked to end.
pub struct Application {
    ended: Arc<AtomicBool>,
    writer: JoinHandle<Done>,
    reader: JoinHandle<Done>,
}

impl Application {
    /// Begins to work on the first so many rows of `tenant_users`. `secrets`: the column that it writes texts into.
    pub fn at_work(tenant: &Tenant, rows: u64, secrets: Option<&'static str>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let begin = |work: fn(&mut Worker)| {
            let (url, ended) = (tenant.url.clone(), ended.clone());
            thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                let target = Target::parse(&url).unwrap();
                let session = runtime.block_on(Session::connect(&target, Patience::default())).unwrap();
                let mut worker = Worker { runtime, session, rows, secrets, turn: 0, done: Done::default() };
                while !ended.load(Ordering::Relaxed) {
                    work(&mut worker);
                    thread::sleep(Duration::from_millis(2));
                }
                worker.done
            })
        };
        Self { writer: begin(Worker::write), reader: begin(Worker::read), ended: ended.clone() }
    }

    /// Ends the work: what the writer and what the reader did.
    pub fn end(self) -> (Done, Done) {
        self.ended.store(true, Ordering::Relaxed);
        (self.writer.join().unwrap(), self.reader.join().unwrap())
    }
}

struct Worker {
    runtime: tokio::runtime::Runtime,
    session: Session,
    rows: u64,
    secrets: Option<&'static str>,
    turn: u64,
    done: Done,
}

impl Worker {
    /// All over the table, in no order.
    fn row(&self) -> u64 {
        self.turn.wrapping_mul(7_919) % self.rows + 1
    }

    fn write(&mut self) {
        self.turn += 1;
        let id = self.row();
        if self.run(&format!("UPDATE tenant_users SET visits = visits + 1 WHERE id = {id}")).is_some() {
            self.done.updated += 1;
        }
        if self.turn.is_multiple_of(10) {
            let (id, turn) = (self.rows + self.turn, self.turn);
            let insert = format!("INSERT INTO tenant_users (id, email, visits) VALUES ({id}, 'new{turn}@x', 0)");
            self.done.inserted += u64::from(self.run(&insert).is_some());
        }
        if let Some(column) = self.secrets {
            let secret = format!("secret {}", self.turn);
            let sql = format!("UPDATE tenant_users SET {column} = '{secret}' WHERE id = {id}");
            match self.run(&sql) {
                Some(_) => self.done.secrets.push((id, secret)),
                // The column has its other name now.
                None => self.secrets = None,
            }
        }
    }

    fn read(&mut self) {
        self.turn += 1;
        self.run(&format!("SELECT id, email, visits FROM tenant_users WHERE id = {}", self.row()));
    }

    fn run(&mut self, sql: &str) -> Option<u64> {
        let begun = Instant::now();
        let ran = self.runtime.block_on(self.session.execute(sql));
        self.done.longest = self.done.longest.max(begun.elapsed());
        match ran {
            Ok(touched) => {
                self.done.statements += 1;
                Some(touched)
            }
            Err(error) => {
                assert_ne!(error.trouble, Trouble::Disconnected, "{error}");
                self.done.refused.push(error);
                None
            }
        }
    }
}
