"""JSON Schemas from typed dictionaries: one description of a record serves its schema and its documentation."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", NoneType: "null"}


def json_schema(record: Any) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a typed dictionary whose fields are annotated with a sentence each.

    Objects are closed: a key that the type does not have is refused. Other typed dictionaries stand under ``$defs``, each once,
    by their names. Raises TypeError for a type that JSON does not have.
    """
    found: dict[str, Any] = {}
    _object(record, found)
    own = found.pop(record.__name__)
    return {"$schema": DRAFT, "title": record.__name__, **own} | ({"$defs": dict(sorted(found.items()))} if found else {})


def keys(record: Any) -> Iterator[tuple[str, str]]:
    """Yield the path of each key of a typed dictionary, and the sentence on it: ``rows[].test`` is a key of a list's records,
    and ``methods.NAME.gap`` one of those under any name.

    The keys of a typed dictionary that occurs more than once are told at its first place, to which the others refer.
    """
    return _keys(record, "", {})


def _keys(record: Any, place: str, told: dict[Any, str]) -> Iterator[tuple[str, str]]:
    for name, (description, plain) in _fields(record).items():
        path = f"{place}.{name}" if place else name
        within = [(inner, path + suffix) for inner, suffix in _records(plain)]
        known = [told[inner] for inner, _ in within if inner in told]
        yield path, description + "".join(f"; keys as in `{first}`" for first in known)
        for inner, where in within:
            if inner not in told:
                told[inner] = where
                yield from _keys(inner, where, told)


def _fields(record: Any) -> dict[str, tuple[str, Any]]:
    """The sentence and the type of each field."""
    return {name: _split(kind) for name, kind in get_type_hints(record, include_extras=True).items()}


def _split(kind: Any) -> tuple[str, Any]:
    """The sentence that a type is annotated with, if it is, and the type."""
    if get_origin(kind) is NotRequired:
        (kind,) = get_args(kind)
    if get_origin(kind) is not Annotated:
        return "", kind
    plain, *words = get_args(kind)
    return str(words[0]), plain


def _records(kind: Any) -> Iterator[tuple[Any, str]]:
    """The typed dictionaries in a type, each with what its path adds to the key's."""
    if is_typeddict(kind):
        yield kind, ""
        return
    suffix = "[]" if get_origin(kind) is list else ".NAME" if get_origin(kind) is dict else ""
    for part in get_args(kind):
        yield from ((inner, suffix + more) for inner, more in _records(_split(part)[1]))


def _object(record: Any, found: dict[str, Any]) -> None:
    """Put the schema of a typed dictionary, and of those in it, into ``found``, by name."""
    if record.__name__ in found:
        return
    found[record.__name__] = {}  # its place is taken, for records that hold their own kind
    properties = {name: _value(plain, found) | _said(said) for name, (said, plain) in _fields(record).items()}
    said = {"description": " ".join(record.__doc__.split())} if record.__doc__ else {}
    required = [name for name in properties if name in record.__required_keys__]
    found[record.__name__] = said | {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _said(description: str) -> dict[str, str]:
    return {"description": description} if description else {}


def _value(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type."""
    description, kind = _split(kind)
    return _plain(kind, found) | _said(description)


def _plain(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    origin, parts = get_origin(kind), get_args(kind)
    if is_typeddict(kind):
        _object(kind, found)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    if kind in (Any, object):
        return {}
    if origin is Literal:
        return {"enum": list(parts)}
    if origin is list:
        return {"type": "array", "items": _value(parts[0], found)}
    if origin is dict and parts[0] is str:
        return {"type": "object", "additionalProperties": _value(parts[1], found)}
    if origin in (Union, UnionType):
        return _either([_value(part, found) for part in parts])
    raise TypeError(f"JSON has no {kind!r}")


def _either(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """The schema of a value of several: a list of types where each is no more than a type."""
    if all(set(choice) == {"type"} for choice in choices):
        return {"type": [choice["type"] for choice in choices]}
    return {"anyOf": choices}
