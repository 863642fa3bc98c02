"""The pictures of the README's guide: those that it names, those that are there, and those that
`make screenshots` takes are the same.
"""

import re
from pathlib import Path

from PIL import Image

from tests.screenshots import FOLDER, MOST_BYTES, PICTURES, packed

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = {f"{title}.png" for title in PICTURES}


def test_the_readme_names_every_picture_and_no_other() -> None:
    named = re.findall(r"""(?:src="|\]\()(static/[^")]+)""", README)
    assert sorted(Path(name).name for name in named) == sorted(FILES)
    assert {ROOT / name for name in named} == {FOLDER / name for name in FILES}


def test_every_picture_that_is_named_has_words_for_it() -> None:
    words = re.findall(r'<img [^>]*alt="([^"]+)"|!\[([^\]]+)\]\(', README)
    assert len(words) == len(PICTURES)


def test_every_picture_is_there_and_none_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == FILES
    for path in FOLDER.iterdir():
        assert path.stat().st_size <= MOST_BYTES
        with Image.open(path) as picture:
            viewport = PICTURES[path.stem].viewport
            assert picture.format == "PNG"
            assert picture.size == (viewport["width"] * 2, viewport["height"] * 2)


def test_a_picture_is_packed_without_changing_its_size(tmp_path: Path) -> None:
    whole = tmp_path / "whole.png"
    Image.effect_noise((200, 100), 90).convert("RGB").save(whole)
    small = tmp_path / "small.png"
    small.write_bytes(packed(whole.read_bytes()))
    with Image.open(small) as picture:
        assert picture.size == (200, 100)
        assert picture.mode == "P"
    assert small.stat().st_size < whole.stat().st_size
