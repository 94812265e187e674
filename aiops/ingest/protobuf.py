"""Protobuf messages of our own: of others' formats only what is looked at. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from aiops.domain.errors import InputError

Field = tuple[str, int, str]
"""Name, number, and a scalar type or another message, with `*` where it is repeated."""

_SCALARS: Final = {
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "double": FieldDescriptorProto.TYPE_DOUBLE,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
}


def messages(package: str, fields: Mapping[str, Sequence[Field]]) -> dict[str, type[Message]]:
    r"""Return the classes of messages, by name.

    A part that is declared as bytes is not looked into: reading a body costs a tenth of what it
    costs with all its parts.

    Examples:
        >>> kind = messages("doc", {"Pair": [("name", 1, "bytes"), ("parts", 2, "bytes*")]})["Pair"]
        >>> decoded(b"\x12\x01a\x12\x01b", kind, "the body").parts
        [b'a', b'b']
    """
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, some in fields.items():
        kind = file.message_type.add(name=name)
        for label, number, told in some:
            of = told.removesuffix("*")
            kind.field.add(
                name=label,
                number=number,
                label=FieldDescriptorProto.LABEL_REPEATED
                if told.endswith("*")
                else FieldDescriptorProto.LABEL_OPTIONAL,
                type=_SCALARS.get(of, FieldDescriptorProto.TYPE_MESSAGE),
                type_name=None if of in _SCALARS else f".{package}.{of}",
            )
    pool = DescriptorPool()
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in fields
    }


def decoded(body: bytes, kind: type[Message], what: str) -> Any:
    """Return a body as a message.

    Raises:
        InputError: it is none.
    """
    made = kind()
    try:
        made.ParseFromString(body)
    except DecodeError as error:
        raise InputError(f"{what} is no protobuf of this kind ({error})") from error
    return made


def past_fields(body: bytes, tag: int, begin: int = 0) -> int:
    r"""Return where fields of one tag end that stand in a row, each with a length.

    Args:
        body: well-formed from `begin` on.
        tag: of one byte, of a field with a length.
        begin: where they begin.

    Examples:
        >>> past_fields(b"\x0a\x01a\x0a\x00\x12\x00", 0x0A)
        5
    """
    end = begin
    while end < len(body) and body[end] == tag:
        length = shift = 0
        while True:
            end += 1
            length |= (body[end] & 0x7F) << shift
            shift += 7
            if body[end] < 0x80:
                break
        end += 1 + length
    return end
