//! How each value is read. A refusal goes on from the key's name: "`listen` (from --listen) must be …".

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use axum::http::Uri;
use door_store::Forwarded;
use model_client::ApiKey;
use parlor_core::{limits::RateLimits, secrets::MasterKey};

use super::{Demo, LogFormat};

type Parsed<T> = Result<T, String>;

pub fn address(text: &str) -> Parsed<SocketAddr> {
    text.parse().map_err(|_| format!("must be an address and a port, like 127.0.0.1:8080, not {text:?}"))
}

pub fn folder(text: &str) -> Parsed<PathBuf> {
    if text.is_empty() { Err("must name a folder".into()) } else { Ok(PathBuf::from(text)) }
}

pub fn text(text: &str) -> Parsed<String> {
    Ok(text.to_owned())
}

/// What is wrong with it is said without showing it: there may be a password in it.
pub fn database_url(text: &str) -> Parsed<String> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("must begin with postgres://".into());
    }
    match text.parse::<tokio_postgres::Config>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is not a PostgreSQL URL: postgres://user:password@host:port/name".into()),
    }
}

/// Scheme, host and port.
pub fn origin(text: &str) -> Parsed<String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let refused = || format!("must be like https://chat.example.com, without a path, not {text:?}");
    let uri: Uri = text.parse().map_err(|_| refused())?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = uri.path_and_query().is_none_or(|path| path == "/");
    let host = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(refused)?;
    match uri.scheme_str() {
        Some(scheme) if web && bare => Ok(format!("{scheme}://{}", host.as_str().to_lowercase())),
        _ => Err(refused()),
    }
}

pub fn base_url(text: &str) -> Parsed<String> {
    let text = text.trim_end_matches('/');
    let uri: Option<Uri> = text.parse().ok();
    match uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()) {
        Some(_) => Ok(text.to_owned()),
        None => Err(format!("must be an http or https address, not {text:?}")),
    }
}

pub fn secret_key(text: &str) -> Parsed<MasterKey> {
    MasterKey::parse(text).ok_or_else(|| "must have 64 hex digits".into())
}

/// An empty key is none: a placeholder that was left as it was.
pub fn api_key(text: &str) -> Parsed<ApiKey> {
    match text.trim() {
        "" => Err("must not be empty; leave it out instead".into()),
        key if key.chars().any(|c| c.is_control() || !c.is_ascii()) => {
            Err("holds characters that no key has".into())
        }
        key => Ok(ApiKey::new(key)),
    }
}

pub fn truth(text: &str) -> Parsed<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err(format!("must be true or false, not {text:?}")),
    }
}

pub fn forwarded(text: &str) -> Parsed<Forwarded> {
    truth(text).map(|trusted| if trusted { Forwarded::Trust } else { Forwarded::Ignore })
}

pub fn demo(text: &str) -> Parsed<Demo> {
    truth(text).map(|wanted| if wanted { Demo::Wanted } else { Demo::Unwanted })
}

pub fn rate_limits(text: &str) -> Parsed<RateLimits> {
    match text {
        "on" => Ok(RateLimits::On),
        "off" => Ok(RateLimits::Off),
        _ => Err(format!("must be \"on\" or \"off\", not {text:?}")),
    }
}

/// Bytes: `512 KiB`, `10 MiB`, `1 GiB`.
pub fn size(text: &str) -> Parsed<u64> {
    const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let refused = || format!("must be a size of at most 1 GiB, like 10 MiB, not {text:?}");
    let known = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?.trim_end(), bytes)));
    let (number, unit) = known.ok_or_else(refused)?;
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*unit));
    bytes.filter(|bytes| (1..=1 << 30).contains(bytes)).ok_or_else(refused)
}

pub fn log_format(text: &str) -> Parsed<LogFormat> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("must be \"text\" or \"json\", not {text:?}")),
    }
}

/// Listening on every address is no address to call.
pub fn reachable(bound: SocketAddr) -> SocketAddr {
    match bound {
        SocketAddr::V4(address) if address.ip().is_unspecified() => {
            (Ipv4Addr::LOCALHOST, bound.port()).into()
        }
        SocketAddr::V6(address) if address.ip().is_unspecified() => {
            (Ipv6Addr::LOCALHOST, bound.port()).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_an_origin() {
        assert_eq!(origin("https://Chat.example.com/"), Ok("https://chat.example.com".into()));
        assert_eq!(origin("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080".into()));
        for refused in ["chat.example.com", "ftp://x", "https://x/path", "https://x?a=b", "https://u:p@x", ""]
        {
            assert!(origin(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_size_has_a_unit_and_an_end() {
        assert_eq!(size("10 MiB"), Ok(10 << 20));
        assert_eq!(size("512KiB"), Ok(512 << 10));
        for refused in ["", "10", "0 MiB", "-1 MiB", "10 MB", "2 GiB", "99999999999999999999 GiB"] {
            assert!(size(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_refused_database_url_is_not_repeated() {
        let refusal = database_url("mysql://user:geheim@host/db").expect_err("it is no PostgreSQL");
        assert!(!refusal.contains("geheim"), "{refusal}");
    }
}
