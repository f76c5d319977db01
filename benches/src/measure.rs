//! Wall clock, processor time of all threads, and peak memory of this process.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Map, Value, json};

/// A measurement under way. What checking the result costs does not count.
#[derive(Debug)]
pub(crate) struct Measurement {
    started: Instant,
    cpu_at_start: Duration,
    peak_kib_at_start: u64,
    checking_wall: Duration,
    checking_cpu: Duration,
}

impl Measurement {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            started: Instant::now(),
            cpu_at_start: clock(ClockId::ProcessCPUTime),
            peak_kib_at_start: peak_kib()?,
            checking_wall: Duration::ZERO,
            checking_cpu: Duration::ZERO,
        })
    }

    /// Does what does not count, on this thread alone.
    pub(crate) fn check<T>(&mut self, check: impl FnOnce() -> T) -> T {
        let (wall, cpu) = (Instant::now(), clock(ClockId::ThreadCPUTime));
        let outcome = check();
        self.checking_wall += wall.elapsed();
        self.checking_cpu += clock(ClockId::ThreadCPUTime).saturating_sub(cpu);
        outcome
    }

    pub(crate) fn finish(self) -> Result<Map<String, Value>> {
        let wall = self.started.elapsed().saturating_sub(self.checking_wall);
        let cpu = clock(ClockId::ProcessCPUTime) - self.cpu_at_start;
        let peak_kib = peak_kib()?;
        let mut report = Map::new();
        report.insert("wall_s".to_owned(), json!(wall.as_secs_f64()));
        report.insert("cpu_s".to_owned(), json!(cpu.saturating_sub(self.checking_cpu).as_secs_f64()));
        report.insert("peak_kib".to_owned(), json!(peak_kib));
        report.insert("growth_kib".to_owned(), json!(peak_kib - self.peak_kib_at_start));
        Ok(report)
    }
}

/// Processor time used so far.
pub(crate) fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    // OK because both clocks count from 0 upwards.
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The most memory that this process ever had resident.
fn peak_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("peak memory is read from /proc")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmHWM in /proc/self/status")?;
    Ok(kib.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checking_does_not_count() {
        let mut measurement = Measurement::start().unwrap();
        let spin = || (0..50_000_000_u64).fold(0, |sum, i| std::hint::black_box(sum ^ i));
        measurement.check(spin);
        let checked = measurement.checking_wall.as_secs_f64();
        assert!(measurement.checking_cpu.as_secs_f64() > checked / 100.0);
        let report = measurement.finish().unwrap();
        assert!(report["wall_s"].as_f64().unwrap() < checked, "{report:?} beside {checked}");
    }
}
