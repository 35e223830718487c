//! What a reader of a list asks for: which page, of whose things, and under which conditions.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use fieldhook_core::access::{Act, Scope};
use fieldhook_core::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::App;
use super::auth::Person;
use super::error::{ApiError, cut};
use crate::store::{Page, Paging};

/// Rows of a page when the reader does not say.
const DEFAULT_ROWS: usize = 50;
/// Most rows of a page.
pub(super) const MOST_ROWS: usize = 1_000;

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Rows wanted, 1 to 1,000; 50 by default.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1_000)]
    limit: Option<String>,
    /// `next` of the page before; the first page when absent.
    cursor: Option<String>,
}

impl PageParams {
    /// The page for the store; a limit out of bounds is refused.
    pub(super) fn paging(&self) -> Result<Paging, ApiError> {
        Ok(Paging { limit: self.limit()?, cursor: given(self.cursor.as_deref()).map(str::to_owned) })
    }

    /// The page's part of a list that stands whole in memory; its cursor is a place in that list.
    pub(super) fn part_of<T>(&self, list: Vec<T>) -> Result<Page<T>, ApiError> {
        let (limit, from) = (self.limit()?, self.place::<usize>()?.unwrap_or(0));
        let end = from.saturating_add(limit);
        let next = (end < list.len()).then(|| end.to_string());
        Ok(Page { items: list.into_iter().skip(from).take(limit).collect(), next })
    }

    /// Rows wanted.
    pub(super) fn limit(&self) -> Result<usize, ApiError> {
        let Some(text) = given(self.limit.as_deref()) else { return Ok(DEFAULT_ROWS) };
        text.parse().ok().filter(|limit| (1..=MOST_ROWS).contains(limit)).ok_or_else(|| {
            let text = cut(text);
            ApiError::invalid_field("limit", format!("`limit` is {text}, but it must be 1 to {MOST_ROWS}"))
        })
    }

    /// The cursor, as the place in the list that it names.
    pub(super) fn place<T: FromStr>(&self) -> Result<Option<T>, ApiError> {
        let Some(text) = given(self.cursor.as_deref()) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let text = cut(text);
            ApiError::invalid_field(
                "cursor",
                format!("`{text}` is not a cursor of this list: take `next` from the page before, as it is"),
            )
        })
    }
}

/// The window when none is asked for.
const DAY: Duration = Duration::from_hours(24);

/// From when to when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Its beginning.
    pub(super) since: Timestamp,
    /// Its end, which is no longer part of it.
    pub(super) until: Timestamp,
}

impl Window {
    /// The last day up to the moment, which is still part of it.
    pub(super) fn last(now: Timestamp) -> Self {
        Self { since: now - DAY, until: now + Duration::from_millis(1) }
    }

    /// Between these two: up to the moment, and a day long, where nothing is said. It must not be empty.
    pub(super) fn between(
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let until = until.unwrap_or_else(|| Self::last(now).until);
        let since = since.unwrap_or(until - DAY);
        if since >= until {
            let description = format!("`since` is {since}, but it must be before `until`, which is {until}");
            return Err(ApiError::invalid_field("since", description));
        }
        Ok(Self { since, until })
    }
}

/// A window, as a reader asks for it.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WindowParams {
    /// From this time on: RFC 3339, or a date; 24 hours before `until` by default.
    #[param(value_type = Option<Timestamp>)]
    since: Option<String>,
    /// Up to this time; now by default.
    #[param(value_type = Option<Timestamp>)]
    until: Option<String>,
}

impl WindowParams {
    /// The window that is asked for.
    pub(super) fn window(&self, now: Timestamp) -> Result<Window, ApiError> {
        Window::between(parsed("since", self.since.as_ref())?, parsed("until", self.until.as_ref())?, now)
    }
}

/// A parameter as it was given. One that is empty was left open, as forms do.
pub(super) fn given(parameter: Option<&str>) -> Option<&str> {
    parameter.map(str::trim).filter(|text| !text.is_empty())
}

/// A parameter that names its own faults.
pub(super) fn parsed<T>(name: &str, parameter: Option<&String>) -> Result<Option<T>, ApiError>
where
    T: FromStr,
    T::Err: Display,
{
    let Some(text) = given(parameter.map(String::as_str)) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| {
        let text = cut(text);
        ApiError::invalid_field(name, format!("`{name}` is `{text}`: {error}"))
    })
}

/// A parameter that is one of a few words.
pub(super) fn word<T: DeserializeOwned>(
    name: &str,
    parameter: Option<&String>,
    words: &str,
) -> Result<Option<T>, ApiError> {
    let Some(text) = given(parameter.map(String::as_str)) else { return Ok(None) };
    serde_json::from_value(text.into()).map(Some).map_err(|_| {
        ApiError::invalid_field(name, format!("`{name}` is `{}`, but it must be {words}", cut(text)))
    })
}

impl App {
    /// The scopes that the reader asks for: the one they name, or all that they may see.
    pub(super) fn scopes_asked(
        &self,
        person: &Person,
        scope: Option<&String>,
    ) -> Result<Vec<Scope>, ApiError> {
        match parsed("scope", scope)? {
            Some(scope) => {
                self.allow(person, scope, Act::See)?;
                Ok(vec![scope])
            }
            None => Ok(self.directory.scopes_of(person.id())),
        }
    }

    /// The same, with the products of each organisation in its place, for what belongs to products only.
    pub(super) fn paying_scopes(&self, scopes: Vec<Scope>) -> Vec<Scope> {
        let mut paying = Vec::with_capacity(scopes.len());
        for scope in scopes {
            match scope {
                Scope::Organisation(organisation) => {
                    let products = self.directory.products_in(organisation);
                    paying.extend(products.iter().map(|product| Scope::Product(product.id)));
                }
                scope => paying.push(scope),
            }
        }
        paying.sort_unstable();
        paying.dedup();
        paying
    }

    /// Whether the person may see things of this scope.
    pub(super) fn sees(&self, person: &Person, scope: Scope) -> bool {
        self.directory.may(person.id(), scope, Act::See)
    }

    /// Makes sure that readers see everything that has happened up to now, unless the store refuses to take it.
    pub(super) async fn caught_up(&self) {
        self.recorder.caught_up().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<&str>, cursor: Option<&str>) -> PageParams {
        PageParams { limit: limit.map(str::to_owned), cursor: cursor.map(str::to_owned) }
    }

    #[test]
    fn a_page_has_50_rows_unless_said_otherwise_and_at_most_1000() {
        assert_eq!(page(None, None).limit().unwrap(), 50);
        assert_eq!(page(Some(""), None).limit().unwrap(), 50);
        assert_eq!(page(Some("1000"), None).limit().unwrap(), 1_000);
        for wrong in ["0", "1001", "-1", "many"] {
            assert_eq!(page(Some(wrong), None).limit().unwrap_err().status().as_u16(), 400, "{wrong}");
        }
    }

    #[test]
    fn a_list_in_memory_is_handed_out_page_by_page_without_gap_or_repeat() {
        let list: Vec<u32> = (0..7).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let part = page(Some("3"), cursor.as_deref()).part_of(list.clone()).unwrap();
            seen.extend(part.items);
            cursor = part.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, list);
        assert!(page(None, Some("elsewhere")).part_of(list).is_err());
    }
}
