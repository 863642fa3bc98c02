"""Pictures a member uploads: looked into before they are sent."""

import base64
import io
import struct
import warnings
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from chatbots.caigunn import UploadedImage

MAX_BYTES = 2 * 1024 * 1024
MAX_SIDE = 4096  # pixels
FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
ACCEPTED = ",".join(FORMATS.values())
# What many cameras write: a JPEG with further pictures behind it.
_TYPES = FORMATS | {"MPO": "image/jpeg"}
_THUMBNAIL = (64, 64)
# Of a longer animation only so much is decoded: a small file can hold very many frames.
_MOST_PIXELS = 50_000_000


@dataclass(frozen=True)
class CheckedImage:
    """A picture that is one: what is sent, and a small copy to show."""

    upload: UploadedImage
    width: int
    height: int
    thumbnail: str
    """A `data:` URL of a PNG, at most 64 × 64."""


def check(file: "UploadedFile[bytes]") -> CheckedImage:
    """The picture in an uploaded file. Raises ValidationError for what is too large, of another
    format, or no picture at all, whatever its name and type say."""
    size = file.size or 0
    if size > MAX_BYTES:
        raise ValidationError(
            _("It has %(size)s; the most is %(most)s.")
            % {"size": filesizeformat(size), "most": filesizeformat(MAX_BYTES)}
        )
    content = file.read()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _looked_into(file.name or "image", content)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
    ):
        raise ValidationError(
            _("This is not a picture that can be read. PNG, JPEG, GIF and WebP are.")
        ) from None


def _looked_into(name: str, content: bytes) -> CheckedImage:
    with Image.open(io.BytesIO(content), formats=tuple(FORMATS)) as picture:
        width, height = picture.size
        if max(width, height) > MAX_SIDE:
            raise ValidationError(
                _("It is %(width)s × %(height)s pixels; the most is %(most)s on a side.")
                % {"width": width, "height": height, "most": MAX_SIDE}
            )
        content_type = _TYPES[str(picture.format)]
        # Decoding all of it is what tells a whole picture from a cut one, in every frame.
        frames = min(getattr(picture, "n_frames", 1), max(1, _MOST_PIXELS // (width * height)))
        for frame in (*range(frames), 0):
            picture.seek(frame)
            picture.load()
        # Small first: every further step would otherwise hold another whole copy in memory.
        picture.thumbnail(_THUMBNAIL)
        buffer = io.BytesIO()
        _upright(picture).convert("RGBA").save(buffer, "PNG", optimize=True)
    thumbnail = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return CheckedImage(UploadedImage(name, content_type, content), width, height, thumbnail)


def _upright(picture: Image.Image) -> Image.Image:
    """The picture as its EXIF orientation has it; as it is where that cannot be read."""
    try:
        return ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return picture
