"""Uploaded pictures: what is in them counts, whatever their names and types say."""

import base64
import io
import struct
import zlib
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import GifImagePlugin, Image

from chatbots import images

from .settings_calls import picture_bytes


def check(content: bytes, name: str = "a.png", content_type: str = "image/png") -> Any:
    return images.check(SimpleUploadedFile(name, content, content_type))


def thumbnail(checked: images.CheckedImage) -> Image.Image:
    """The small copy, as a browser reads it."""
    head, _, text = checked.thumbnail.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(text)))


def animation(form: str, **how: Any) -> bytes:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:], **how)
    return buffer.getvalue()


@pytest.mark.parametrize("form", list(images.FORMATS))
def test_the_type_is_that_of_the_content(form: str) -> None:
    content = picture_bytes(form)
    checked = check(content, "客服.bin", "application/octet-stream")
    assert checked.upload.content == content
    assert (checked.upload.name, checked.upload.content_type) == ("客服.bin", images.FORMATS[form])
    assert (checked.width, checked.height) == (40, 30)
    assert thumbnail(checked).size == (40, 30)


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_an_animated_one_is_sent_whole(form: str) -> None:
    content = animation(form, duration=100, loop=0)
    checked = check(content)
    assert (checked.upload.content, checked.upload.content_type) == (
        content,
        images.FORMATS[form],
    )
    assert not getattr(thumbnail(checked), "is_animated", False)


def noisy_animation(form: str) -> bytes:
    """An animation whose last frame needs most of its bytes."""
    frames = [Image.new("RGB", (120, 120), "red"), Image.effect_noise((120, 120), 80)]
    buffer = io.BytesIO()
    frames = [frame.convert("RGB") for frame in frames]
    frames[0].save(buffer, form, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["GIF", "PNG"])
def test_an_animated_one_that_is_cut_behind_its_first_frame_is_refused(form: str) -> None:
    content = noisy_animation(form)
    cut = content[: len(content) * 3 // 4]
    # The first frame is whole.
    with Image.open(io.BytesIO(cut)) as picture:
        picture.load()
    check(content)
    with pytest.raises(ValidationError):
        check(cut)


def test_of_a_very_long_animation_only_so_much_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file can hold very many large frames; what is sent is all of it."""
    first = Image.new("P", (1000, 1000))
    buffer = io.BytesIO()
    others = [Image.new("P", (1000, 1000), number % 2) for number in range(1, 120)]
    first.save(buffer, "GIF", save_all=True, append_images=others, duration=100)
    content = buffer.getvalue()
    assert len(content) < images.MAX_BYTES
    seen: list[int] = []
    seek = GifImagePlugin.GifImageFile.seek

    def noted(self: GifImagePlugin.GifImageFile, frame: int) -> None:
        seen.append(frame)
        seek(self, frame)

    monkeypatch.setattr(GifImagePlugin.GifImageFile, "seek", noted)
    checked = check(content)
    assert checked.upload.content == content
    # Counting them seeks to each; decoding goes to fifty million pixels.
    assert seen[-51:] == [*range(50), 0]
    assert thumbnail(checked).size == (64, 64)


def test_a_camera_s_jpeg_with_a_second_picture_behind_it_is_a_jpeg() -> None:
    checked = check(animation("MPO"), "IMG_0001.JPG")
    assert checked.upload.content_type == "image/jpeg"


def test_a_picture_taken_sideways_is_shown_upright_and_sent_as_it_is() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = picture_bytes("JPEG", (200, 100), exif=exif)
    checked = check(content)
    assert checked.upload.content == content
    assert thumbnail(checked).size == (32, 64)


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_jpeg_of_other_colours_is_one(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (200, 100)).save(buffer, "JPEG")
    assert thumbnail(check(buffer.getvalue())).size == (64, 32)


def test_what_is_transparent_stays_so_in_the_small_copy() -> None:
    buffer = io.BytesIO()
    picture = Image.new("P", (100, 100), 0)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.save(buffer, "PNG", transparency=0)
    assert thumbnail(check(buffer.getvalue())).getpixel((5, 5)) == (255, 0, 0, 0)


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
        b"MZ" + bytes(100),
        picture_bytes("BMP"),
        picture_bytes("TIFF"),
        picture_bytes("ICO"),
        b"<script>" + picture_bytes(),
    ],
    ids=["svg", "html", "pdf", "png", "gif", "jpeg", "exe", "bmp", "tiff", "ico", "script+png"],
)
def test_what_is_no_such_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValidationError):
        check(content)


@pytest.mark.parametrize("form", list(images.FORMATS))
def test_a_cut_picture_is_refused(form: str) -> None:
    whole = io.BytesIO()
    Image.effect_noise((120, 120), 80).save(whole, form)
    content = whole.getvalue()
    with pytest.raises(ValidationError):
        check(content[: len(content) // 2])


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    """Of exactly the most it is looked into; one byte more is not even read."""
    content = picture_bytes()
    check(content + bytes(images.MAX_BYTES - len(content)))
    file = SimpleUploadedFile("a.png", content + bytes(images.MAX_BYTES + 1 - len(content)))
    with pytest.raises(ValidationError, match=r"2\.0"):
        images.check(file)
    assert file.tell() == 0


@pytest.mark.parametrize("size", [(images.MAX_SIDE + 1, 1), (1, images.MAX_SIDE + 1)])
def test_too_many_pixels_on_a_side_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match=str(images.MAX_SIDE)):
        check(picture_bytes(size=size))


def test_the_most_pixels_on_a_side_are_taken() -> None:
    check(picture_bytes(size=(images.MAX_SIDE, 2)))


@pytest.mark.parametrize("side", [10_000, 30_000, 2**31 - 1])
def test_a_small_file_that_inflates_to_gigabytes_is_refused(side: int) -> None:
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(10_000_000), 9)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )
    assert len(content) < 20_000
    with pytest.raises(ValidationError):
        check(content)


WHOLE = [picture_bytes(form) for form in images.FORMATS] + [animation("MPO")]


@given(
    content=st.sampled_from(WHOLE),
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    end=st.integers(0, 3000),
)
def test_whatever_is_broken_in_it_it_is_taken_or_refused(
    content: bytes, damage: list[tuple[int, int]], end: int
) -> None:
    broken = bytearray(content)
    for place, value in damage:
        broken[place % len(broken)] = value
    try:
        checked = check(bytes(broken[:end] or b"x"))
    except ValidationError:
        return
    assert checked.upload.content_type in images.FORMATS.values()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("客服 “頭像”.png", "客服 “頭像”.png"),
        ('say "hi".png', 'say "hi".png'),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
    ],
)
def test_of_a_name_the_path_is_dropped_and_the_length_bounded(name: str, kept: str) -> None:
    assert check(picture_bytes(), name).upload.name == kept


def test_the_content_is_not_in_the_repr() -> None:
    checked = check(picture_bytes())
    assert repr(picture_bytes())[2:40] not in repr(checked)
