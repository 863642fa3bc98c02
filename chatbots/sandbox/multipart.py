"""Reads multipart/form-data, the way the documentation's examples write it and no other."""

from dataclasses import dataclass, field
from email.message import Message

from .messages import RefusedError, Request

_PART_HEADERS = {"content-disposition", "content-type"}


@dataclass(frozen=True)
class FilePart:
    """A part with a file name."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


def read_multipart(request: Request) -> list[tuple[str, str | FilePart]]:
    """The parts in their order: text, or a file if there is a file name.

    Raises RefusedError (400) for anything that is not well-formed.
    """
    envelope = Message()
    envelope["content-type"] = request.headers["content-type"]
    boundary = envelope.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise _malformed("Missing boundary in multipart.")
    # The delimiter of the first part may lack the line break that belongs to the others.
    preamble, *parts = (b"\r\n" + request.body).split(b"\r\n--" + boundary.encode("latin-1"))
    if preamble or not parts or parts.pop().rstrip(b"\r\n") != b"--":
        raise _malformed("The multipart body does not start or end with its boundary.")
    return [_read_part(part) for part in parts]


def _read_part(part: bytes) -> tuple[str, str | FilePart]:
    head, separator, content = part.partition(b"\r\n\r\n")
    if not separator or not head.startswith(b"\r\n"):
        raise _malformed("A part has no headers.")
    headers = Message()
    for line in _text(head).strip("\r\n").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() not in _PART_HEADERS or name in headers:
            raise _malformed(f"A part has an undocumented header: {name!r}.")
        headers[name] = value.strip()
    field_name = headers.get_param("name", header="content-disposition")
    if headers.get_content_disposition() != "form-data" or not isinstance(field_name, str):
        raise _malformed("A part has no name.")
    file_name = headers.get_filename()
    if file_name is None:
        return field_name, _text(content)
    if "content-type" not in headers:
        raise _malformed(f"The file {field_name!r} has no content type.")
    return field_name, FilePart(file_name, headers.get_content_type(), content)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _malformed("A part is not UTF-8.") from None


def _malformed(why: str) -> RefusedError:
    return RefusedError(400, "There was an error parsing the body", why=why)
