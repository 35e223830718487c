//! What is published of an answer that is JSON.

use serde_json::Value;

use crate::template::{Budget, RENDER_LIMIT, Template, TemplateError, Values};

/// A template over a JSON answer, whose members are its names.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseTemplate {
    /// A text, published as it is rendered.
    Text(Template),
    /// An object or a list, rendered leaf by leaf and published as compact JSON, so that no value can break it.
    Json(JsonShape),
}

/// A JSON value whose keys and texts are templates.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonShape {
    /// A number, true, false or null.
    Fixed(Value),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<JsonShape>),
    /// An object. Of keys that render alike, the last one stays.
    Object(Vec<(Template, JsonShape)>),
}

/// Why a value is no response template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponseTemplate {
    /// It is of a type that says nothing.
    #[error("`responseTemplate` is `{found}`: it must be a text, an object or a list")]
    Type {
        /// The value given.
        found: String,
    },
    /// A text in it is not a template.
    #[error("`{field}` is not a valid template: {source}")]
    Template {
        /// The place of the text, as in `responseTemplate.a.0`.
        field: String,
        /// What is wrong with it.
        source: TemplateError,
    },
}

impl ResponseTemplate {
    /// Compiles the `responseTemplate` of an integration.
    pub fn parse(value: &Value) -> Result<Self, InvalidResponseTemplate> {
        match value {
            Value::String(text) => template("responseTemplate", text).map(Self::Text),
            Value::Object(_) | Value::Array(_) => JsonShape::parse("responseTemplate", value).map(Self::Json),
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                Err(InvalidResponseTemplate::Type { found: value.to_string() })
            }
        }
    }

    /// Every template in it.
    pub fn templates(&self) -> Vec<&Template> {
        let mut all = Vec::new();
        match self {
            Self::Text(template) => all.push(template),
            Self::Json(shape) => shape.gather(&mut all),
        }
        all
    }

    /// The text to publish, or nothing when the answer is no JSON object or list: then it goes out as it is.
    ///
    /// Built-in names and secrets among `values` keep winning over the members of the answer.
    pub(super) fn shape(&self, values: &Values<'_>, body: &[u8]) -> Option<Result<String, TemplateError>> {
        let json = serde_json::from_slice(body)
            .ok()
            .filter(|json| matches!(json, Value::Object(_) | Value::Array(_)))?;
        let values = Values { json: Some(&json), ..*values };
        Some(match self {
            Self::Text(template) => template.render(&values),
            Self::Json(shape) => {
                let mut filling = Filling { values: &values, budget: Budget::default(), size: 0 };
                shape.render(&mut filling).map(|json| json.to_string())
            }
        })
    }
}

impl JsonShape {
    fn parse(field: &str, value: &Value) -> Result<Self, InvalidResponseTemplate> {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Self::Fixed(value.clone())),
            Value::String(text) => template(field, text).map(Self::Text),
            Value::Array(items) => {
                let item = |(at, item)| Self::parse(&format!("{field}.{at}"), item);
                items.iter().enumerate().map(item).collect::<Result<_, _>>().map(Self::List)
            }
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| {
                    let field = format!("{field}.{key}");
                    Ok((template(&field, key)?, Self::parse(&field, value)?))
                };
                members.iter().map(member).collect::<Result<_, _>>().map(Self::Object)
            }
        }
    }

    fn render(&self, filling: &mut Filling<'_>) -> Result<Value, TemplateError> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => Value::String(filling.text(template)?),
            Self::List(items) => {
                items.iter().map(|item| item.render(filling)).collect::<Result<_, _>>().map(Value::Array)?
            }
            Self::Object(members) => {
                let mut object = serde_json::Map::with_capacity(members.len());
                for (key, value) in members {
                    object.insert(filling.text(key)?, value.render(filling)?);
                }
                Value::Object(object)
            }
        })
    }

    fn gather<'s>(&'s self, all: &mut Vec<&'s Template>) {
        match self {
            Self::Fixed(_) => {}
            Self::Text(template) => all.push(template),
            Self::List(items) => items.iter().for_each(|item| item.gather(all)),
            Self::Object(members) => {
                for (key, value) in members {
                    all.push(key);
                    value.gather(all);
                }
            }
        }
    }
}

/// One filling in of many templates, whose limits are on all of them together.
struct Filling<'v> {
    values: &'v Values<'v>,
    budget: Budget,
    /// Bytes of text so far.
    size: usize,
}

impl Filling<'_> {
    fn text(&mut self, template: &Template) -> Result<String, TemplateError> {
        let mut text = String::new();
        template.render_within(&mut self.budget, self.values, &mut text, None)?;
        self.size += text.len();
        if self.size > RENDER_LIMIT {
            return Err(TemplateError::TooLarge { size: self.size, limit: RENDER_LIMIT });
        }
        Ok(text)
    }
}

fn template(field: &str, text: &str) -> Result<Template, InvalidResponseTemplate> {
    Template::parse(text)
        .map_err(|source| InvalidResponseTemplate::Template { field: field.to_owned(), source })
}
