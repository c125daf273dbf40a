//! The query of a request.

use std::borrow::Cow;

/// The value of the first key of that name.
pub(crate) fn find<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query?.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
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
}
