//! CPU and time, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;

/// How often everything is measured. The cheapest counts: the rest is the machine's other work.
const ROUNDS: usize = 5;

/// How long the kernel may take to hand the CPU of a child over to its parent.
const REAPING: Duration = Duration::from_millis(300);

/// Something that is done to the tenant of a number.
pub type Work = Box<dyn Fn(usize) -> BoxFuture<'static, ()>>;

/// Something that is done to every tenant.
pub struct Pass {
    pub name: String,
    pub work: Work,
}

/// What a pass cost, all tenants together.
#[derive(Clone, Copy)]
struct Cost {
    cpu: Duration,
    wall: Duration,
}

/// Measures passes side by side and prints them as multiples of the first.
pub async fn compare(engine: &str, server: Option<u32>, tenants: usize, together: usize, passes: &[Pass]) {
    let mut best: Vec<Option<Cost>> = vec![None; passes.len()];
    for _ in 0..ROUNDS {
        for (pass, best) in passes.iter().zip(&mut best) {
            let cost = measure(server, tenants, together, &pass.work).await;
            let cheapest = |best: Cost| Cost { cpu: best.cpu.min(cost.cpu), wall: best.wall.min(cost.wall) };
            *best = Some(best.map_or(cost, cheapest));
        }
    }
    let costs: Vec<Cost> = best.into_iter().flatten().collect();
    for (pass, cost) in passes.iter().zip(&costs) {
        print(&format!("{engine}, {together} together: {}", pass.name), *cost, costs[0], tenants);
    }
}

#[allow(clippy::print_stdout, reason = "this is what it is for")]
fn print(name: &str, cost: Cost, floor: Cost, tenants: usize) {
    let each = |time: Duration| format!("{:.3} ms", time.as_secs_f64() * 1000.0 / tenants as f64);
    let ratio = |time: Duration, floor: Duration| time.as_secs_f64() / floor.as_secs_f64();
    let (cpu, wall) = (ratio(cost.cpu, floor.cpu), ratio(cost.wall, floor.wall));
    println!("{name:<58} {:>11} {:>11} {cpu:>7.3} {wall:>7.3}", each(cost.cpu), each(cost.wall));
}

async fn measure(server: Option<u32>, tenants: usize, together: usize, work: &Work) -> Cost {
    let (before, started) = (cpu(server), Instant::now());
    let done = |at| async move { tokio::spawn(work(at)).await.expect("it does not fail") };
    futures_util::stream::iter(0..tenants).for_each_concurrent(together, done).await;
    let wall = started.elapsed();
    tokio::time::sleep(REAPING).await;
    Cost { cpu: cpu(server) - before, wall }
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
