//! What the figures were measured on, and what they cost.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use serde::Serialize;

/// Ticks a second in `/proc/PID/stat`, on every Linux of today.
const TICKS_PER_SECOND: f64 = 100.0;

/// A server with 2,000 visitors, and as many ends on our side, need some more than that.
const OPEN_FILES: u64 = 2500;

#[derive(Serialize)]
pub struct Machine {
    scenario: &'static str,
    cpu: String,
    cores: usize,
    memory_bytes: u64,
    kernel: String,
    data_filesystem: String,
    /// The price of one durable commit: four kilobytes written and synced where the data will be.
    sync_p50_ms: f64,
}

pub fn describe(data: &Path) -> anyhow::Result<Machine> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let cpu = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    Ok(Machine {
        scenario: "machine",
        cpu: cpu.trim_start_matches([' ', '\t', ':']).to_owned(),
        cores: std::thread::available_parallelism()?.get(),
        memory_bytes: kilobytes(&fs::read_to_string("/proc/meminfo")?, "MemTotal:")?,
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        data_filesystem: filesystem(data)?,
        sync_p50_ms: sync_time(data)?,
    })
}

pub fn check_open_files() -> anyhow::Result<()> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()).unwrap_or("unlimited");
    let enough = soft.parse().map_or(true, |soft: u64| soft >= OPEN_FILES);
    ensure!(enough, "only {soft} open files are allowed here; say `ulimit -n 8192` first");
    Ok(())
}

/// The resident memory of a process.
pub fn rss_bytes(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the server is gone")?;
    kilobytes(&status, "VmRSS:")
}

/// The processor time that a process has used so far, in seconds.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server is gone")?;
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field after it.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    Ok(ticks as f64 / TICKS_PER_SECOND)
}

fn kilobytes(lines: &str, name: &str) -> anyhow::Result<u64> {
    let value =
        lines.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kilobytes: u64 = value.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

/// The type of the file system whose mount point is the longest prefix of the path.
fn filesystem(path: &Path) -> anyhow::Result<String> {
    let mounts = fs::read_to_string("/proc/mounts")?;
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let innermost = mounted.filter(|(point, _)| path.starts_with(point)).max_by_key(|(point, _)| point.len());
    Ok(innermost.map(|(_, kind)| kind.to_owned()).unwrap_or_default())
}

fn sync_time(folder: &Path) -> anyhow::Result<f64> {
    let path = folder.join(format!("parlor-bench-sync-{}", std::process::id()));
    let mut file = fs::File::create_new(&path)?;
    let mut micros = Vec::new();
    for _ in 0..101 {
        let start = Instant::now();
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        micros.push(start.elapsed().as_micros());
    }
    fs::remove_file(&path)?;
    micros.sort_unstable();
    Ok(micros[micros.len() / 2] as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_has_used_its_time() {
        let own = std::process::id();
        assert!(rss_bytes(own).unwrap() > 100_000);
        let before = cpu_seconds(own).unwrap();
        let mut spun = 0_u64;
        while cpu_seconds(own).unwrap() <= before {
            spun = std::hint::black_box(spun.wrapping_add(1));
        }
        assert!(rss_bytes(u32::MAX).is_err());
    }
}
