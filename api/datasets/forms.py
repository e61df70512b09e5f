"""A form with a file in it, read while it comes: the file's bytes are handed on, and the other fields are kept.

Starlette's own reader would put the whole file into a temporary one first.
"""

from fastapi import HTTPException
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.http.bodies import invalid_body

FILE = "file"
"""The field that has the file."""
MAX_FIELD_BYTES = 4096
"""Of any other field."""
MAX_FIELDS = 50

_UNREADABLE = "the body is no form that can be read: {}"


class FormReader:
    """Takes a form's body in pieces of any length."""

    def __init__(self, content_type: str) -> None:
        """Raises ``HTTPException`` 400 where the header ``Content-Type`` names no boundary."""
        _, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary")
        if not boundary:
            raise HTTPException(400, "the header Content-Type of a form must name its boundary")
        self.fields: dict[str, str] = {}
        self.file_name: str | None = None
        self.has_file = False
        self._has_ended = False
        self._parts = 0
        self._header: list[bytes] = [b"", b""]
        self._disposition = b""
        self._name = ""
        self._value = bytearray()
        self._file = bytearray()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._on_data,
                    "on_part_end": self._end_part,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise HTTPException(400, _UNREADABLE.format(error)) from None

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece of the body; gives what of the file is in it.

        Raises what becomes 400 for a body that is no form, and 422 for a field that cannot be.
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise HTTPException(400, _UNREADABLE.format(error)) from None
        content = bytes(self._file)
        self._file.clear()
        return content

    def end(self) -> None:
        """The body is over. Raises what becomes 400 where the form is not, and 422 where it has no file."""
        if not self._has_ended:  # the parser itself does not mind
            raise HTTPException(400, "the form breaks off before its end")
        if not self.has_file:
            raise invalid_body(FILE, sentence="is missing: a form needs a field `file` with the file")

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_FIELDS:
            raise invalid_body(sentence=f"has more than {MAX_FIELDS} fields: no form here needs so many")
        self._disposition, self._name = b"", ""
        self._value.clear()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _end_header(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = [b"", b""]

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode(errors="replace")
        if self._name in self.fields or (self._name == FILE and self.has_file):
            raise invalid_body(self._name, sentence="came twice: send it once")
        if self._name == FILE:
            self.has_file = True
            file_name = options.get(b"filename")
            self.file_name = None if file_name is None else file_name.decode(errors="replace")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self._file += data[start:end]
            return
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise invalid_body(self._name, sentence=f"is larger than {MAX_FIELD_BYTES} bytes")

    def _end_part(self) -> None:
        if self._name != FILE:
            self.fields[self._name] = self._value.decode(errors="replace")

    def _on_end(self) -> None:
        self._has_ended = True
