//! Where a page comes from.

use url::{Host, Url};

/// Scheme, host and port of a page, as browsers write it in `Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin, or the beginning of an address with nothing after its host but a slash: `https://shop.example`. Names are lower
    /// case, and the scheme's own port is left out. `None` for anything else, wildcards included.
    pub fn parse(text: &str) -> Option<Origin> {
        let url = Url::parse(text.trim()).ok()?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !bare {
            return None;
        }
        Origin::of(&url)
    }

    /// The origin of a page's address.
    pub fn of_page(address: &str) -> Option<Origin> {
        Origin::of(&Url::parse(address).ok()?)
    }

    /// What stands in the database was read before it was stored.
    pub(super) fn stored(text: &str) -> Origin {
        Origin(text.to_owned())
    }

    fn of(url: &Url) -> Option<Origin> {
        let web = matches!(url.scheme(), "http" | "https");
        let anonymous = url.username().is_empty() && url.password().is_none();
        let plain = match url.host()? {
            // It stands in a Content-Security-Policy, where other characters would mean something.
            Host::Domain(name) => {
                name.len() <= 253 && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c))
            }
            Host::Ipv4(_) | Host::Ipv6(_) => true,
        };
        (web && anonymous && plain).then(|| Origin(url.origin().ascii_serialization()))
    }

    /// `https://shop.example`, `http://localhost:3000`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn origins_are_normalised() {
        for (given, kept) in [
            ("https://Shop.Example", "https://shop.example"),
            (" https://shop.example/ ", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(Origin::parse(given).as_ref().map(Origin::as_str), Some(kept), "{given}");
        }
    }

    #[test]
    fn what_is_no_origin_is_none() {
        for given in [
            "",
            "*",
            "null",
            "shop.example",
            "//shop.example",
            "https://",
            "https://*",
            "https://*.shop.example",
            "https://shop.example/path",
            "https://shop.example?query",
            "https://shop.example#fragment",
            "https://user@shop.example",
            "https://shop.example:99999",
            "https://shop.example;script-src",
            "https://shop.example,https:",
            "https://shop.example 'self'",
            "javascript:alert(1)",
            "file:///",
            "ftp://shop.example",
            "data:text/html,",
            "https://shop'.example",
        ] {
            assert_eq!(Origin::parse(given), None, "{given}");
        }
    }

    #[test]
    fn the_origin_of_an_address_is_not_deceived() {
        let of = |address: &str| Origin::of_page(address).map(|origin| origin.as_str().to_owned());
        assert_eq!(of("https://good.example/a?b#c").as_deref(), Some("https://good.example"));
        assert_eq!(
            of("https://good.example.evil.example/").as_deref(),
            Some("https://good.example.evil.example")
        );
        assert_eq!(of("https://good.example@evil.example/"), None);
        assert_eq!(of("https://good.example./").as_deref(), Some("https://good.example."));
        assert_eq!(of("about:srcdoc"), None);
    }
}
