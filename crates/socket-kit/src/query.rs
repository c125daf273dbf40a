//! The query of a request.

use std::borrow::Cow;

/// The value of the first key of that name.
pub fn find<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    first(query, |key| key == name)
}

/// The same, with the name in any case.
pub fn find_in_any_case<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    first(query, |key| key.eq_ignore_ascii_case(name))
}

fn first<'a>(query: Option<&'a str>, is_it: impl Fn(&str) -> bool) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query?.as_bytes()).find(|(key, _)| is_it(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_decoded() {
        let query = Some("EIO=4&sid=a%2Db%5Fc&transport=polling");
        assert_eq!(find(query, "sid").as_deref(), Some("a-b_c"));
        assert_eq!(find(query, "EIO").as_deref(), Some("4"));
        assert_eq!(find(query, "eio"), None);
        assert_eq!(find(None, "sid"), None);
    }

    #[test]
    fn names_are_found_in_any_case() {
        let query = Some("_=17&ID=a%2Db%5Fc&negotiateversion=1");
        assert_eq!(find_in_any_case(query, "id").as_deref(), Some("a-b_c"));
        assert_eq!(find_in_any_case(query, "negotiateVersion").as_deref(), Some("1"));
        assert_eq!(find_in_any_case(query, "access_token"), None);
        assert_eq!(find_in_any_case(None, "id"), None);
    }
}
