//! The JSON side of the reader: objects with a closed list of members, lists, scalars by their text, and where a reading failed.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::domain::rejection::{Code, Rejection};
use crate::domain::spelling::closest;
use crate::import::fields::FieldName;
use crate::import::scalars::excerpt;

/// With exact numbers, serde_json shows a number as an object with this one member.
const NUMBER_MEMBER: &str = "$serde_json::private::Number";

/// Where and why a reading failed. Filled on the way out only, so a good line pays nothing for it.
#[derive(Default)]
pub(super) struct Fault {
    /// From the innermost name outwards.
    path: Vec<Cow<'static, str>>,
    rejection: Option<Rejection>,
}

impl Fault {
    /// Ends the reading with this rejection.
    #[cold]
    pub(super) fn refuse<E: serde::de::Error>(&mut self, rejection: Rejection) -> E {
        self.rejection = Some(rejection);
        E::custom("refused")
    }

    /// The value, or the end of the reading.
    #[inline]
    pub(super) fn check<T, E: serde::de::Error>(&mut self, read: Result<T, Rejection>) -> Result<T, E> {
        read.map_err(|rejection| self.refuse(rejection))
    }

    #[cold]
    fn within<E>(&mut self, segment: impl Into<Cow<'static, str>>, error: E) -> E {
        self.path.push(segment.into());
        error
    }

    /// The failure as the caller reads it.
    pub(super) fn rejection(self, error: &serde_json::Error) -> Rejection {
        let mut path = self.path;
        path.reverse();
        if let Some(mut rejection) = self.rejection {
            path.append(&mut rejection.path);
            return Rejection { path, ..rejection };
        }
        let found = kind_of(error);
        match (error.classify(), path.last()) {
            (Category::Data, Some(field)) => {
                let message = format!("`{field}` takes another type than {found}");
                Rejection { code: Code::WrongType, path, message }
            }
            (Category::Data, None) => {
                let message = format!("the line is {found}, not a JSON object; send one object a line");
                Rejection { code: Code::MalformedJson, path, message }
            }
            (Category::Syntax | Category::Eof | Category::Io, _) => {
                let message = format!("the line is not one JSON object: {error}");
                Rejection { code: Code::MalformedJson, path, message }
            }
        }
    }
}

/// What serde_json found in place of the type asked for. Its own message quotes the value, which may be long or secret.
fn kind_of(error: &serde_json::Error) -> &'static str {
    let message = error.to_string();
    let found = message.strip_prefix("invalid type: ").unwrap_or_default();
    match found.split([' ', ',']).next().unwrap_or_default() {
        "map" => "an object",
        "sequence" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "null" => "null",
        "number" | "integer" | "floating" => "a number",
        _ => "what it has",
    }
}

pub(super) fn wrong_type(message: String) -> Rejection {
    Rejection { code: Code::WrongType, path: Vec::new(), message }
}

pub(super) fn missing(field: impl FieldName) -> Rejection {
    Rejection::at(Code::MissingField, field.name(), format!("`{}` is required here", field.name()))
}

/// A value whose exact text matters.
pub(super) enum Scalar<'de> {
    Text(Cow<'de, str>),
    /// The digits as they stand in the line.
    Number(&'de str),
    /// Neither, with the words for what it is.
    Neither(&'static str),
}

impl<'de> Scalar<'de> {
    #[inline]
    pub(super) fn of(raw: &'de RawValue) -> Result<Self, Rejection> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'0'..=b'9' | b'-') => Self::Number(text),
            Some(b'"') => Self::Text(unquoted(text)?),
            Some(b'{') => Self::Neither("an object"),
            Some(b'[') => Self::Neither("a list"),
            Some(b'n') => Self::Neither("null"),
            _ => Self::Neither("true or false"),
        })
    }
}

#[inline]
fn unquoted(quoted: &str) -> Result<Cow<'_, str>, Rejection> {
    if let Some(plain) = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        && !plain.contains('\\')
    {
        return Ok(Cow::Borrowed(plain));
    }
    serde_json::from_str::<String>(quoted).map(Cow::Owned).map_err(|error| Rejection {
        code: Code::MalformedJson,
        path: Vec::new(),
        message: format!("the text is not a JSON string: {error}"),
    })
}

/// An object with a closed list of members.
pub(super) trait Members<'de> {
    type Field: FieldName;

    /// Takes the value of one member; called at most once for each.
    fn member<M: MapAccess<'de>>(&mut self, field: Self::Field, map: &mut M, fault: &mut Fault) -> Result<(), M::Error>;
}

/// An object that stands in a list.
pub(super) trait Item<'de>: Members<'de> + Default {
    type Done;

    /// The finished item, or what it lacks.
    fn done(self) -> Result<Self::Done, Rejection>;
}

/// Reads the one object of a line, and refuses what follows it.
pub(super) fn read<'de>(text: &'de str, target: &mut impl Members<'de>, fault: &mut Fault) -> Result<(), serde_json::Error> {
    let mut line = serde_json::Deserializer::from_str(text);
    (&mut line).deserialize_map(Object { target, fault })?;
    line.end()
}

/// A nested object, or `null`.
pub(super) fn object<'a, T>(target: &'a mut T, fault: &'a mut Fault) -> Object<'a, T> {
    Object { target, fault }
}

/// A list of objects, or `null`.
pub(super) fn list<'a, 'de, T: Item<'de>>(into: &'a mut Vec<T::Done>, fault: &'a mut Fault) -> List<'a, T, T::Done> {
    List { into, fault, item: PhantomData }
}

/// A list of key and value objects, one object of texts, or `null`.
pub(super) fn tags<'a, T>(into: &'a mut Vec<(String, String)>, fault: &'a mut Fault) -> Tags<'a, T> {
    Tags(List { into, fault, item: PhantomData })
}

pub(super) struct Object<'a, T> {
    target: &'a mut T,
    fault: &'a mut Fault,
}

impl<'de, T: Members<'de>> DeserializeSeed<'de> for Object<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Members<'de>> Visitor<'de> for Object<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    #[inline]
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { target, fault } = self;
        let mut seen = 0;
        while let Some(field) = map.next_key_seed(Name::<T::Field>(fault, PhantomData))? {
            if seen & field.bit() != 0 {
                let message = format!("the member `{}` is given twice; send it once", field.name());
                return Err(fault.refuse(Rejection::at(Code::MalformedJson, field.name(), message)));
            }
            seen |= field.bit();
            target.member(field, &mut map, fault).map_err(|error| fault.within(field.name(), error))?;
        }
        Ok(())
    }
}

/// The name of a member, one of a closed list.
struct Name<'a, F>(&'a mut Fault, PhantomData<F>);

impl<'de, F: FieldName> DeserializeSeed<'de> for Name<'_, F> {
    type Value = F;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<F, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<F: FieldName> Visitor<'_> for Name<'_, F> {
    type Value = F;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a field name")
    }

    #[inline]
    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<F, E> {
        F::parse(name).ok_or_else(|| self.0.refuse(unknown_field(name, F::NAMES)))
    }
}

#[cold]
fn unknown_field(name: &str, names: &'static [&'static str]) -> Rejection {
    let shown = excerpt(name);
    let message = match closest(name, names.iter().copied()) {
        Some(meant) => format!("`{shown}` is not a field; did you mean `{meant}`?"),
        None => format!("`{shown}` is not a field; the fields here are {}", names.join(", ")),
    };
    Rejection { code: Code::UnknownField, path: vec![shown.into()], message }
}

pub(super) struct List<'a, T, D> {
    into: &'a mut Vec<D>,
    fault: &'a mut Fault,
    item: PhantomData<T>,
}

impl<'de, T: Item<'de>> List<'_, T, T::Done> {
    fn read<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        let Self { into, fault, .. } = self;
        for position in 0_usize.. {
            let mut item = T::default();
            let read = items.next_element_seed(Object { target: &mut item, fault });
            match read.map_err(|error| fault.within(position.to_string(), error))? {
                None => break,
                Some(()) => {
                    let done = fault.check(item.done()).map_err(|error| fault.within(position.to_string(), error))?;
                    into.push(done);
                }
            }
        }
        Ok(())
    }
}

impl<'de, T: Item<'de>> DeserializeSeed<'de> for List<'_, T, T::Done> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Item<'de>> Visitor<'de> for List<'_, T, T::Done> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of objects")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<(), S::Error> {
        self.read(items)
    }
}

pub(super) struct Tags<'a, T>(List<'a, T, (String, String)>);

impl<'de, T: Item<'de, Done = (String, String)>> DeserializeSeed<'de> for Tags<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Item<'de, Done = (String, String)>> Visitor<'de> for Tags<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of tags")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<(), S::Error> {
        self.0.read(items)
    }

    /// `{"app": "intake"}` says the same as `[{"key": "app", "value": "intake"}]`.
    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == NUMBER_MEMBER {
                return Err(M::Error::invalid_type(serde::de::Unexpected::Other("number"), &"tags"));
            }
            match map.next_value::<Option<String>>() {
                Ok(Some(value)) => self.0.into.push((key, value)),
                Ok(None) => {}
                Err(error) => return Err(self.0.fault.within(excerpt(&key), error)),
            }
        }
        Ok(())
    }
}
