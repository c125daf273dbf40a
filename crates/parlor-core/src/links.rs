//! Addresses that others give us and browsers will open.

/// The most bytes an address may have.
pub(crate) const LONGEST: usize = 2000;

/// Whether `address` is http or https with a host, and nothing in it could end an attribute or a line.
pub(crate) fn is_web(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let known = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let hosted = rest.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\' | '`');
    known && hosted && address.len() <= LONGEST && !address.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::is_web;

    #[test]
    fn only_http_and_https_with_a_host_are_web_addresses() {
        for good in [
            "https://example.com",
            "http://127.0.0.1:8080/a?b=c#d",
            "HTTPS://[::1]/x",
            "https://bücher.example/ü",
        ] {
            assert!(is_web(good), "{good}");
        }
        let long = format!("https://example.com/{}", "x".repeat(2000));
        let bad = [
            "",
            "example.com",
            "//example.com",
            "/photo.jpg",
            "https://",
            "https:///etc/passwd",
            "https:example.com",
            "javascript:alert(1)",
            "javascript://example.com/%0aalert(1)",
            " https://example.com",
            "data:text/html,x",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://exa mple.com",
            "https://example.com/\n",
            "https://e.com/\"><script>",
            "https://?x",
            long.as_str(),
        ];
        for bad in bad {
            assert!(!is_web(bad), "{bad}");
        }
    }
}
