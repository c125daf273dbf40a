//! The query of a request; key names in any case.

use std::borrow::Cow;

/// The value of the first key of that name.
pub(crate) fn find<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_values_are_decoded() {
        let query = Some("_=17&ID=a%2Db%5Fc&negotiateversion=1");
        assert_eq!(find(query, "id").as_deref(), Some("a-b_c"));
        assert_eq!(find(query, "negotiateVersion").as_deref(), Some("1"));
        assert_eq!(find(query, "access_token"), None);
        assert_eq!(find(None, "id"), None);
    }
}
