"""The rules for a webhook URL, by table; and what must hold for any text at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbots.forms import WebhookForm
from chatbots.webhook_url import (
    MAX_LENGTH,
    host_and_path,
    normalised,
    problems,
    same,
    warnings,
)

USABLE = [
    "https://example.com",
    "https://example.com/",
    "HTTPS://Example.COM/Hook",
    "http://example.com:8080/hook?a=1&b=%20#part",
    "https://example.com:65535/",
    "https://example.com:/hook",
    "https://example.com./hook",
    "https://a_b.example.com/x",
    "https://xn--fsqu00a.xn--0zwm56d/hook",
    "https://例え.テスト/道",
    "https://客服.example.com/事件/é",
    "https://faß.example",
    "https://a·b.example",
    "https://192.0.2.10/hook",
    "https://[2001:db8::1]/hook",
    "https://[2001:db8::1]:8443/hook",
    "https://[::ffff:192.0.2.1]/",
    "https://localhost:3000/",
    "https://example.com/a:b@c",
    "https://example.com/?next=https://user@other.example",
    f"https://{'a' * 63}.example",
    "https://example.com/" + "a" * (MAX_LENGTH - 20),
]

UNUSABLE = [
    ("", "begin with"),
    ("example.com/hook", "begin with"),
    ("//example.com/hook", "begin with"),
    ("ftp://example.com", "begin with"),
    ("javascript:alert(1)", "begin with"),
    ("https:example.com", "begin with"),
    ("https:/example.com", "begin with"),
    ("https://", "host"),
    ("https:///hook", "host"),
    ("https://?a=1", "host"),
    ("https://.", "host"),
    ("https://..example.com", "host"),
    ("https://example..com", "host"),
    ("https://example.com..", "host"),
    ("https://-a.example", "host"),
    ("https://a-.example", "host"),
    (f"https://{'a' * 64}.example", "host"),
    (f"https://{'a.' * 127}example", "host"),
    ("https://exa%6Dple.com", "host"),
    ("https://exa$mple.com", "host"),
    ("https://256.1.1.1", "host"),
    ("https://1.2.3", "host"),
    ("https://12345", "host"),
    ("https://[::1", "host or port"),
    ("https://[::g]/", "host"),
    ("https://[example.com]/", "host"),
    ("https://[fe80::1%25eth0]/", "host"),
    ("https://example.com:0", "port"),
    ("https://example.com:65536", "port"),
    ("https://example.com:-1", "port"),
    ("https://example.com:80:80", "port"),
    ("https://example.com:http", "port"),
    ("https://user@example.com", "user name"),
    ("https://user:secret@example.com", "user name"),
    ("https://:secret@example.com", "user name"),
    ("https://@example.com", "user name"),
    ("https://example.com\\hook", "backslash|host"),
    ("https://example.com/a\\b", "backslash"),
    ("https：//example.com", "“：”; type “:”"),
    ("https:／／example.com", "“／”; type “/”"),
    ("https://example．com", "“．”; type “.”"),
    ("https://example。com", "“。”; type “.”"),
    ("https://example｡com", "“｡”; type “.”"),
    ("https://ｅxample.com", "“ｅ”; type “e”"),
    ("https://example.com/？a=1", "“？”; type “[?]”"),
    ("https://example.com⁄hook", "host"),
    ("https://example.com∕hook", "host"),
    ("https://example․com", "host"),
    ("https://exam ple.com", "Character 13 is a space"),
    ("https://example.com/a\tb", "Character 22 is a space"),
    ("https://example.com/a\nb", "Character 22 is a space"),
    ("https://example.com/a\u00a0b", "is a space"),
    ("https://example.com/a\u3000b", "is a space"),
    ("https://example.com/a\u200bb", r"Character 22 is invisible \(U\+200B\)"),
    ("\u200bhttps://example.com/", "Character 1 is invisible"),
    ("https://example.com/\ufeff", "invisible"),
    ("https://example.com/\u200d", "invisible"),
    ("https://example.com/\u2060", "invisible"),
    ("https://example.com/\u202e", "invisible"),
    ("https://example.com/\u00ad", "invisible"),
    ("https://example.com/\u3164", "invisible"),
    ("https://example.com/\u2800", "invisible"),
    ("https://example.com/\ufe0f", "invisible"),
    ("https://example.com/\x00", "invisible"),
    ("https://example.com/\x7f", "invisible"),
    ("https://example.com/\ue000", "invisible"),
    ("https://example.com/\ud800", "invisible"),
]


@pytest.mark.parametrize("url", USABLE)
def test_usable(url: str) -> None:
    assert problems(url) == []


@pytest.mark.parametrize(("url", "said"), UNUSABLE)
def test_unusable_and_why(url: str, said: str) -> None:
    found = problems(url)
    assert found
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(" ".join(found))


def test_2048_characters_are_the_most() -> None:
    start = "https://example.com/"
    assert problems(start + "字" * (MAX_LENGTH - len(start))) == []
    (said,) = problems(start + "a" * (MAX_LENGTH - len(start) + 1))
    assert "2049" in said
    assert "2048" in said


def test_each_wrong_character_is_named_once() -> None:
    assert len(problems("https：／／example．com／a\u200b\u200b")) == 4


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("https://example.com/", 0),
        ("https://8.8.8.8/", 0),
        ("https://[2606:4700::1111]/", 0),
        ("http://example.com/", 1),
        ("https://example.com/#top", 1),
        ("https://localhost/", 1),
        ("https://server/", 1),
        ("https://nas.local/", 1),
        ("https://NAS.LOCAL./", 1),
        ("https://api.internal/", 1),
        ("https://10.0.0.1/", 1),
        ("https://172.16.0.1/", 1),
        ("https://192.168.1.1/", 1),
        ("https://127.0.0.1/", 1),
        ("https://169.254.169.254/", 1),
        ("https://100.64.0.1/", 1),
        ("https://[::1]/", 1),
        ("https://[fd00::1]/", 1),
        ("https://[fe80::1]/", 1),
        ("http://192.168.1.1/#top", 3),
        ("https://[broken", 0),
    ],
)
def test_what_is_allowed_but_rarely_meant(url: str, number: int) -> None:
    assert len(warnings(url)) == number


SAME = [
    (None, ""),
    ("https://example.com", "https://example.com/"),
    ("https://example.com?a=1", "https://example.com/?a=1"),
    ("HTTPS://EXAMPLE.com/a", "https://example.com/a"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("http://example.com:80/", "http://example.com"),
    ("https://example.com:/a", "https://example.com/a"),
    ("https://example.com/%e4%ba%8b", "https://example.com/%E4%BA%8B"),
    ("https://example.com/事", "https://example.com/%E4%BA%8B"),
    ("https://example.com/?q=事", "https://example.com/?q=%E4%BA%8B"),
    ("https://例え.example/", "https://xn--r8jz45g.example/"),
    ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"),
    ("https://example.com/a?", "https://example.com/a"),
]
DIFFERENT = [
    (None, "https://example.com/"),
    ("https://example.com/a", "https://example.com/A"),
    ("https://example.com/a", "https://example.com/a/"),
    ("https://example.com/", "http://example.com/"),
    ("https://example.com:443/", "http://example.com:443/"),
    ("https://example.com:8443/", "https://example.com/"),
    ("https://example.com/?a=1", "https://example.com/?a=2"),
    ("https://example.com/?a=1&b=2", "https://example.com/?b=2&a=1"),
    ("https://example.com/#a", "https://example.com/#b"),
    ("https://user@example.com/", "https://example.com/"),
    ("https://a.example/%2F", "https://a.example//"),
    ("https://example.com/ ", "https://example.com/"),
    (" https://example.com/", "https://example.com/"),
    ("https://exam\nple.com/", "https://example.com/"),
    ("https://example.com/a\tb", "https://example.com/ab"),
    ("https://exam\u200bple.com/", "https://example.com/"),
    ("https://example。com/", "https://example.com/"),
    ("https://ｅxample.com/", "https://example.com/"),
    ("https://example.com／a", "https://example.com/a"),
    ("https：//example.com/", "https://example.com/"),
    ("https://straße.example/", "https://strasse.example/"),
    (" ", None),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_url(one: str | None, other: str | None) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_that_are_to_be_told_apart(one: str | None, other: str | None) -> None:
    assert not same(one, other)
    assert not same(other, one)


TEXT = st.text(max_size=80)
URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.sampled_from(["example.com", "Example.COM", "例え.テスト", "[::1]", "u:p@a.b", "10.0.0.1"]),
    st.sampled_from(["", ":80", ":443", ":8443", ":", ":x"]),
    st.builds("/{}?{}#{}".format, TEXT, TEXT, TEXT) | st.just(""),
)


@given(URLS | TEXT)
def test_no_text_breaks_a_rule(url: str) -> None:
    assert isinstance(problems(url), list)
    assert isinstance(warnings(url), list)
    assert same(url, url)
    assert normalised(normalised(url)) == normalised(url)
    assert all(isinstance(part, str) for part in host_and_path(url))


@given(URLS | TEXT)
def test_what_is_let_through_has_no_hidden_characters(url: str) -> None:
    if not problems(url):
        assert url.isprintable()
        assert not any(char.isspace() or 0xFF01 <= ord(char) <= 0xFF5E for char in url)
        assert url.lower().startswith(("http://", "https://"))
        assert len(url) <= MAX_LENGTH


@pytest.mark.parametrize(
    ("url", "split"),
    [
        ("https://example.com:8443/a/b?c#d", ("example.com:8443", "/a/b?c#d")),
        ("https://example.com/", ("example.com", "")),
        ("https://example.com", ("example.com", "")),
        ("no url", ("no url", "")),
        ("https://[broken", ("https://[broken", "")),
    ],
)
def test_a_column_is_scanned_by_host(url: str, split: tuple[str, str]) -> None:
    assert host_and_path(url) == split


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [(" https://example.com/ \n", "https://example.com/"), ("", None), ("  ", None)],
)
def test_the_form_trims_and_empty_clears(typed: str, cleaned: str | None) -> None:
    form = WebhookForm({"webhook_url": typed})
    assert form.is_valid()
    assert form.cleaned_data["webhook_url"] == cleaned


def test_the_form_keeps_what_it_refuses() -> None:
    form = WebhookForm({"webhook_url": "https：//example.com"})
    assert not form.is_valid()
    assert form["webhook_url"].value() == "https：//example.com"
