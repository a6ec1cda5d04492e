//! CPU and time, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;

/// How often everything is measured. The cheapest counts: the rest is the machine's other work.
const ROUNDS: usize = 5;

/// After how long no further round begins: some peers take seconds for a tenant.
const ENOUGH: Duration = Duration::from_secs(60);

/// How long a pass is repeated: the kernel shows CPU in hundredths of a second.
const LONG_ENOUGH: Duration = Duration::from_millis(500);

/// How long the kernel may take to hand the CPU of a child over to its parent.
const REAPING: Duration = Duration::from_millis(300);

/// Something that is done to the tenant of a number.
pub type Work = Box<dyn Fn(usize) -> BoxFuture<'static, ()>>;

/// Something that is done before a pass and not measured.
pub type Preparation = Box<dyn Fn() -> BoxFuture<'static, ()>>;

/// Something that is done to every tenant.
pub struct Pass {
    pub name: String,
    pub work: Work,
    /// What every pass needs to have done before it. Without it passes can be repeated.
    pub prepare: Option<Preparation>,
}

impl Pass {
    pub fn new(name: &str, work: Work) -> Self {
        Self { name: name.to_owned(), work, prepare: None }
    }
}

/// The tenants that passes go over.
pub struct Ground {
    /// What is printed in front of each pass.
    pub name: String,
    /// The server's process.
    pub server: Option<u32>,
    pub tenants: usize,
    /// How many are worked on together.
    pub together: usize,
}

/// What a pass cost, all tenants together.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    /// How much of the CPU was this process'.
    own: Duration,
    wall: Duration,
}

impl Cost {
    fn cheaper(self, other: Self) -> Self {
        Self { cpu: self.cpu.min(other.cpu), own: self.own.min(other.own), wall: self.wall.min(other.wall) }
    }
}

/// Measures passes side by side and prints them as multiples of the first.
pub async fn compare(ground: &Ground, passes: &[Pass]) {
    let mut repeats = Vec::new();
    for pass in passes {
        repeats.push(ground.repeats(pass).await);
    }
    let mut best: Vec<Option<Cost>> = vec![None; passes.len()];
    let begun = Instant::now();
    for round in 0..ROUNDS {
        if round > 0 && begun.elapsed() > ENOUGH {
            break;
        }
        for ((pass, repeats), best) in passes.iter().zip(&repeats).zip(&mut best) {
            let cost = ground.measure(pass, *repeats).await;
            *best = Some(best.map_or(cost, |best| best.cheaper(cost)));
        }
    }
    let costs: Vec<Cost> = best.into_iter().flatten().collect();
    for (pass, cost) in passes.iter().zip(&costs) {
        ground.print(&pass.name, *cost, costs[0]);
    }
}

impl Ground {
    /// How often a pass goes over all tenants so that it takes long enough.
    async fn repeats(&self, pass: &Pass) -> u32 {
        if pass.prepare.is_some() {
            return 1;
        }
        let once = self.measure(pass, 1).await.wall;
        (LONG_ENOUGH.as_secs_f64() / once.as_secs_f64()).ceil().clamp(1.0, 1000.0) as u32
    }

    async fn measure(&self, pass: &Pass, repeats: u32) -> Cost {
        if let Some(prepare) = &pass.prepare {
            prepare().await;
        }
        tokio::time::sleep(REAPING).await;
        let (before, own_before, started) = (cpu(self.server), cpu(None), Instant::now());
        let done = |at| async move { tokio::spawn((pass.work)(at)).await.expect("it does not fail") };
        for _ in 0..repeats {
            futures_util::stream::iter(0..self.tenants).for_each_concurrent(self.together, done).await;
        }
        let wall = started.elapsed();
        tokio::time::sleep(REAPING).await;
        let own = (cpu(None) - own_before) / repeats;
        Cost { cpu: (cpu(self.server) - before) / repeats, own, wall: wall / repeats }
    }

    #[allow(clippy::print_stdout, reason = "this is what it is for")]
    fn print(&self, name: &str, cost: Cost, floor: Cost) {
        let each = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1000.0 / self.tenants as f64);
        let ratio = |time: Duration, floor: Duration| time.as_secs_f64() / floor.as_secs_f64();
        let (cpu, wall) = (ratio(cost.cpu, floor.cpu), ratio(cost.wall, floor.wall));
        let name = format!("{}, {} together: {name}", self.name, self.together);
        let (all, own, long) = (each(cost.cpu), each(cost.own), each(cost.wall));
        println!("{name:<66} {all:>11} {own:>11} {long:>11} {cpu:>8.3} {wall:>8.3}");
    }
}

/// What this process, the server and the children that either has waited for have used.
fn cpu(server: Option<u32>) -> Duration {
    let processes = std::iter::once("self".to_owned()).chain(server.map(|id| id.to_string()));
    let ticks: u64 = processes.map(|process| ticks(&process)).sum();
    // The kernel has shown times in hundredths of a second since long before anything that this runs on.
    Duration::from_millis(ticks * 10)
}

fn ticks(process: &str) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process is there");
    // The name, in parentheses, may hold anything. After it come eleven fields and then the four times.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    fields.skip(11).take(4).map(|field| field.parse::<u64>().expect("a number")).sum()
}

/// The process that wrote its number into a file.
pub fn process(file: &str) -> u32 {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    text.lines().next().and_then(|line| line.trim().parse().ok()).expect("a number")
}
