//! The headers of a request: the author's, and ours where the author has none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::mask::Masks;
use super::pen::{Pen, Text, culprit, verbatim, within};
use super::{HEADER_LIMIT, HEADERS_LIMIT, RenderFault};
use crate::attempt::Code;
use crate::integration::{Auth, Definition, Place, is_secret_header};

const USER_AGENT: &str = concat!("Fieldhook/", env!("CARGO_PKG_VERSION"));

/// Headers about the connection and the framing of the message. The client that sends the request sets what
/// is needed of them; a second opinion from a template could only make two messages out of one.
const MANAGED: [&str; 10] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "expect",
];

/// Headers that identify the delivery, on which an endpoint relies: a template cannot replace them.
const OURS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-replay"];
const SIGNATURE: &str = "webhook-signature";

/// Whether a header of this name is the HTTP client's to set.
pub fn is_managed_header(name: &str) -> bool {
    MANAGED.iter().any(|managed| name.eq_ignore_ascii_case(managed))
}

/// Whether a text can be the name of a header: a token of RFC 9110, section 5.6.2.
pub fn is_header_name(name: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(token)
}

/// The headers of one webhook.
#[derive(Debug, Clone)]
pub(super) struct Headers {
    /// Ours that are the same in every request, without those the author has by a fixed name.
    own: Vec<(String, String)>,
    /// Name and password, when they are filled in for each event.
    basic: Option<(Text, Text)>,
    /// The author's, with the place each was read from.
    user: Vec<(String, Text, Text)>,
    /// Whether names are filled in too, so that only a request tells which of ours they replace.
    names_vary: bool,
    /// Whether we sign, so that `Webhook-Signature` is ours.
    signed: bool,
    /// What the fixed parts hold that must not be seen.
    masks: Masks,
}

impl Headers {
    pub(super) fn new(definition: &Definition, content_type: Option<&'static str>) -> Self {
        let mut headers = Self {
            own: Vec::new(),
            basic: None,
            user: Vec::new(),
            names_vary: false,
            signed: definition.signing_key.is_some(),
            masks: Masks::default(),
        };
        headers.add_own("User-Agent", USER_AGENT.to_owned());
        if content_type == Some("application/json") {
            headers.add_own("Accept", "application/json".to_owned());
        }
        if let Some(content_type) = content_type {
            headers.add_own("Content-Type", content_type.to_owned());
        }
        if let Some(auth) = &definition.auth {
            headers.add_auth(auth);
        }
        for pair in &definition.headers {
            let name = Text::new(&pair.field, &pair.name, |text, out| out.push_str(text.trim()));
            let value = Text::new(&pair.field, &pair.value, verbatim);
            headers.add_user(&pair.field, name, value);
        }
        headers
    }

    fn add_own(&mut self, name: &str, value: String) {
        self.own.push((name.to_owned(), value));
    }

    fn add_auth(&mut self, auth: &Auth) {
        let username = Text::new("auth.username", &auth.username, verbatim);
        let password = Text::new("auth.password", &auth.password, verbatim);
        if let (Text::Fixed(username), Text::Fixed(password)) = (&username, &password) {
            let value = basic(username, password, &mut self.masks);
            self.add_own("Authorization", value);
        } else {
            self.basic = Some((username, password));
        }
    }

    fn add_user(&mut self, field: &str, name: Text, value: Text) {
        match (&name, &value) {
            (Text::Fixed(name), value) => {
                if self.is_refused(name) {
                    return;
                }
                self.own.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
                if name.eq_ignore_ascii_case("authorization") {
                    self.basic = None;
                }
                if let (true, Text::Fixed(value)) = (is_secret_header(name), value) {
                    self.masks.credential(value);
                }
            }
            _ => self.names_vary = true,
        }
        self.user.push((field.to_owned(), name, value));
    }

    fn is_refused(&self, name: &str) -> bool {
        let is = |known: &&str| name.eq_ignore_ascii_case(known);
        is_managed_header(name) || OURS.iter().any(is) || (self.signed && is(&SIGNATURE))
    }

    /// Fills in all headers but those that identify the delivery.
    pub(super) fn write(
        &self,
        pen: &mut Pen<'_>,
        masks: &mut Masks,
    ) -> Result<Vec<(String, String)>, RenderFault> {
        let mut headers = Vec::with_capacity(self.own.len() + self.user.len() + 5);
        headers.extend_from_slice(&self.own);
        masks.clone_from(&self.masks);
        if let Some((username, password)) = &self.basic {
            let value = basic(&pen.text(username)?, &pen.text(password)?, masks);
            headers.push(("Authorization".to_owned(), value));
        }
        let ours = headers.len();
        let mut size = 0;
        for (field, name, value) in &self.user {
            let Some((name, value)) = self.header(field, name, value, pen, masks)? else { continue };
            size += name.len() + value.len();
            within(size, HEADERS_LIMIT, "headers", "all headers together")?;
            headers.push((name, value));
        }
        if self.names_vary {
            replace_ours(&mut headers, ours);
        }
        Ok(headers)
    }

    /// Fills in one of the author's headers. A name that turns out empty, or not the author's to set, leaves
    /// the header out.
    fn header(
        &self,
        field: &str,
        name: &Text,
        value: &Text,
        pen: &mut Pen<'_>,
        masks: &mut Masks,
    ) -> Result<Option<(String, String)>, RenderFault> {
        let varies = matches!(name, Text::Hole(_));
        let filled_name = pen.text(name)?;
        let name_text = filled_name.trim();
        if varies && (name_text.is_empty() || self.is_refused(name_text)) {
            return Ok(None);
        }
        if !is_header_name(name_text) {
            let what = format!("the header name `{}` is not valid", name_text.escape_debug());
            return Err(unfit(field, &what));
        }
        let filled = pen.text(value)?;
        if let Some(at) = filled.find(|c: char| c.is_control() && c != '\t') {
            return Err(control_character(field, name_text, value, &filled, at, pen));
        }
        within(filled.len(), HEADER_LIMIT, field, "the header")?;
        if is_secret_header(name_text) && (varies || matches!(value, Text::Hole(_))) {
            masks.credential(&filled);
        }
        let name = if name_text.len() == filled_name.len() { filled_name } else { name_text.to_owned() };
        Ok(Some((name, filled)))
    }
}

/// Takes away those of ours for which the author has a header of the same name.
fn replace_ours(headers: &mut Vec<(String, String)>, ours: usize) {
    let (own, user) = headers.split_at(ours);
    let replaced: Vec<bool> =
        own.iter().map(|(own, _)| user.iter().any(|(name, _)| name.eq_ignore_ascii_case(own))).collect();
    let mut at = 0;
    headers.retain(|_| {
        at += 1;
        !replaced.get(at - 1).copied().unwrap_or(false)
    });
}

fn basic(username: &str, password: &str, masks: &mut Masks) -> String {
    let credential = STANDARD.encode(format!("{username}:{password}"));
    masks.credential(password);
    masks.credential(&credential);
    format!("Basic {credential}")
}

fn control_character(
    field: &str,
    name: &str,
    value: &Text,
    filled: &str,
    at: usize,
    pen: &Pen<'_>,
) -> RenderFault {
    let what = match filled[at..].chars().next() {
        Some('\r' | '\n') => "a line break",
        Some('\0') => "a NUL",
        _ => "a control character",
    };
    let from = match value {
        Text::Hole(hole) => culprit(&hole.template, pen.values(), at),
        Text::Fixed(_) => None,
    };
    let from = from.map(|name| format!(", from the value of `{name}`")).unwrap_or_default();
    unfit(
        field,
        &format!("filled in, the header `{name}` has {what} at byte {at}{from}: a header is one line"),
    )
}

fn unfit(field: &str, message: &str) -> RenderFault {
    let place = Place { field: Some(field.to_owned()), ..Place::default() };
    RenderFault::new(Code::Render, place, message.to_owned())
}
