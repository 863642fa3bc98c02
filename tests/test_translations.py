"""The Chinese catalogue is complete, in step with the source, and written as Taiwan writes."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import allauth
import django
import pytest
from babel.messages import Message
from django.conf import LazySettings
from django.template.base import Lexer, TokenType
from django.utils.translation import get_supported_language_variant

from tests import translations
from tests.translations import Found
from tests.translations_of_others import OTHERS

CATALOGUE = translations.saved()
MESSAGES = translations.entries(CATALOGUE)
HOW_TO_MEND = "run `make messages`, and translate what it names"

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_FULL_WIDTH = "，。：；、「」（）？！"
_PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|%[sd]|\{\w*\}")
_TAG = re.compile(r"<[^>]+>")

# Placeholders that stand for Chinese: no space between them and what is around them.
_CHINESE_VALUES = ("%(role)s", "%(delta)s", "%(verbose_name)s", "%(now)s", "%(why)s")

# Words of the Mainland, each with what Taiwan says.
_MAINLAND = """
    信息:訊息 默認:預設 用戶:使用者 登錄:登入 註銷:登出 保存:儲存 加載:載入 網絡:網路
    服務器:伺服器 文件:檔案 視頻:影片 音頻:音訊 程序:程式 支持:支援 鏈接:連結 令牌:權杖
    賬:帳 帳戶:帳號 郵箱:電子郵件 數據:資料 字符:字元 屏幕:螢幕 鼠標:滑鼠 菜單:選單
    界面:介面 軟件:軟體 硬件:硬體 激活:啟用 點擊:按一下 導出:匯出 導入:匯入 粘貼:貼上
    復制:複製 搜索:搜尋 刷新:重新整理 設置:設定 重置:重設 緩存:快取 實例:執行個體
    驗証:驗證 質量:品質 反饋:意見回饋 隊列:佇列 端口:連接埠 域名:網域 博客:部落格
    撤銷:復原 二維碼:行動條碼 智能:智慧 列表:清單 發送:傳送 當前:目前 訪問:存取
"""
MAINLAND = dict(pair.split(":") for pair in _MAINLAND.split())

# The words that the product has one translation for (design §5).
WORDS = {
    "chatbot": "聊天機器人",
    "access token": "存取權杖",
    "webhook": "Webhook",
    "viewer": "檢視者",
    "editor": "編輯者",
    "admin": "管理員",
    "sandbox": "沙盒",
    "two-factor": "雙重驗證",
    "recovery code": "備用碼",
    "passkey": "通行密鑰",
    "security key": "安全金鑰",
    "invitation": "邀請",
    "password": "密碼",
    "plan": "方案",
}


def english(message: Message) -> str:
    """The English that says most: the plural, where there is one."""
    return str(message.id[-1] if isinstance(message.id, (list, tuple)) else message.id)


def key(message: Message) -> translations.Key:
    """What tells the message from others."""
    singular = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
    return message.context or "", str(singular)


def pairs() -> Iterator[tuple[str, str]]:
    """English and Chinese of every message that has a translation."""
    for message in MESSAGES:
        for chinese in filter(None, translations.strings(message)):
            yield english(message), chinese


def bare(chinese: str) -> str:
    """The text without its tags, a letter in the place of each placeholder."""
    for placeholder in _CHINESE_VALUES:
        chinese = chinese.replace(placeholder, "值")
    return _PLACEHOLDER.sub("X", _TAG.sub("", chinese))


def test_every_message_is_translated_and_none_is_fuzzy() -> None:
    assert translations.untranslated(CATALOGUE) == [], HOW_TO_MEND


def test_there_is_no_entry_that_the_source_does_not_have() -> None:
    assert list(CATALOGUE.obsolete) == []
    in_source = set(translations.messages_in_source())
    assert {key(one) for one in MESSAGES} - in_source == set(), HOW_TO_MEND


def test_the_catalogue_is_what_the_source_makes_of_it() -> None:
    made = translations.merged(translations.messages_in_source().values(), CATALOGUE)
    lines = translations.PO.read_text(encoding="utf-8").splitlines()
    assert lines == translations.as_po(made).decode().splitlines(), HOW_TO_MEND


def test_the_compiled_catalogue_is_the_catalogue() -> None:
    made = translations.merged(translations.messages_in_source().values(), CATALOGUE)
    assert translations.MO.read_bytes() == translations.as_mo(made), HOW_TO_MEND


def test_placeholders_and_tags_are_those_of_the_english() -> None:
    wrong = [
        (said, chinese)
        for said, chinese in pairs()
        for pattern in (_PLACEHOLDER, _TAG)
        if Counter(pattern.findall(said)) != Counter(pattern.findall(chinese))
    ]
    assert wrong == []


def test_white_space_around_and_line_breaks_are_those_of_the_english() -> None:
    def shape(text: str) -> tuple[bool, bool, int]:
        return text[:1].isspace(), text[-1:].isspace(), text.count("\n")

    # A comma with its space is a mark in Chinese.
    wrong = [pair for pair in pairs() if shape(pair[0]) != shape(pair[1]) and pair[0] != ", "]
    assert wrong == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        (
            "half-width punctuation at a Chinese character",
            rf"[{_HAN}][,.;:!?()\"']|[,;:!?()][{_HAN}]",
        ),
        ("no space between Chinese and Latin", rf"[{_HAN}][A-Za-z0-9]|[A-Za-z0-9][{_HAN}]"),
        ("a space at full-width punctuation", rf"[{_FULL_WIDTH}] | [{_FULL_WIDTH}]"),
        ("a space between Chinese characters", rf"[{_HAN}] +[{_HAN}]"),
        ("dots that are no ellipsis", r"\.\.\."),
        ("quotation marks of the Mainland", "[“”‘’《》]"),
    ],
)
def test_chinese_is_set_as_taiwan_sets_it(what: str, pattern: str) -> None:
    assert [chinese for _, chinese in pairs() if re.search(pattern, bare(chinese))] == [], what


def test_a_sentence_ends_as_the_english_one_does() -> None:
    ends = {".": "。", "?": "？", "…": "…"}
    wrong = [
        (said, chinese)
        for said, chinese in pairs()
        if chinese[-1] != ends.get(said[-1], chinese[-1])
    ]
    assert wrong == []


def test_no_word_is_the_mainlands() -> None:
    found = [
        f"{chinese}: {word} is {taiwans} in Taiwan"
        for _, chinese in pairs()
        for word, taiwans in MAINLAND.items()
        if word in chinese
    ]
    assert found == []


def test_every_character_is_a_traditional_one() -> None:
    # Big5 holds the characters of Traditional Chinese, and none that is only simplified.
    def is_traditional(character: str) -> bool:
        try:
            character.encode("big5")
        except UnicodeEncodeError:
            return False
        return True

    han = {one for _, chinese in pairs() for one in chinese if re.match(f"[{_HAN}]", one)}
    assert {one for one in han if not is_traditional(one)} == set()
    assert han & set("万与个从体党关号听尽旧术机无灵") == set(), (
        "in Big5, and simplified all the same"
    )


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_the_product_has_one_translation(word: str) -> None:
    wrong = [
        (said, chinese)
        for said, chinese in pairs()
        if re.search(rf"\b{word}s?\b", said.replace("Caigunn Admin", ""), re.IGNORECASE)
        and WORDS[word] not in chinese
    ]
    assert wrong == []


def test_what_is_translated_for_others_is_theirs() -> None:
    folders = {"django": Path(django.__file__).parent, "allauth": Path(allauth.__file__).parent}
    unknown = []
    for package, texts in OTHERS.items():
        paths = folders[package].rglob("locale/zh_Hant/LC_MESSAGES/django.po")
        catalogues = [translations.saved(path) for path in paths]
        known = {key(one) for catalogue in catalogues for one in translations.entries(catalogue)}
        unknown += [text for text in texts if (text.context, text.singular) not in known]
    assert unknown == []


def test_every_form_of_a_template_is_found() -> None:
    source = """
      {% trans "One" %} {% translate 'Two' context "a ship" %} {{ _("Three")|upper }}
        {% blocktranslate trimmed with a=b %}
           Four
           {{ a }}
        {% endblocktranslate %}
      {% blocktranslate count n=rows %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}
    {% include "x.html" with said=_("Five") %} {% trans "Six %" as six %}
    {# Translators: of a lamp. #}
    {% trans "Seven" %}
    """
    found = list(translations.messages_of_template("x.html", source))
    assert [(one.context, one.singular, one.plural) for one in found] == [
        ("", "One", ""),
        ("a ship", "Two", ""),
        ("", "Three", ""),
        ("", "Four %(a)s", ""),
        ("", "%(n)s row", "%(n)s rows"),
        ("", "Five", ""),
        ("", "Six %%", ""),
        ("", "Seven", ""),
    ]
    assert found[-1].comments == ["Translators: of a lamp."]


def test_every_call_in_a_module_is_found() -> None:
    source = (
        '_("One") ; gettext_lazy("Two " "halves") ; ngettext("a", "b", n)\n'
        'pgettext("c", "Three") ; npgettext("c", "d", "e", n)\n'
    )
    found = translations.messages_of_python("x.py", source)
    assert list(found) == [
        Found("One", files=["x.py"]),
        Found("Two halves", files=["x.py"]),
        Found("a", "b", files=["x.py"]),
        Found("Three", context="c", files=["x.py"]),
        Found("d", "e", "c", files=["x.py"]),
    ]


@pytest.mark.parametrize("asked", ["zh-tw", "zh-hant-tw", "zh-hk", "zh-hant", "zh"])
def test_a_browser_that_asks_for_chinese_gets_it(asked: str, settings: LazySettings) -> None:
    settings.LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文")]
    assert get_supported_language_variant(asked) == "zh-hant"


class _Shown(HTMLParser):
    """The words of a template that stand in it as they are shown."""

    UNSPOKEN = frozenset({"script", "style", "code", "pre", "kbd", "path", "svg"})
    SPOKEN = frozenset({"alt", "aria-label", "data-copied", "placeholder", "title"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += [value or "" for name, value in attrs if name in self.SPOKEN]
        if tag in self.UNSPOKEN:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.words.append(data)


# What is the same in every language.
NAMES = {"Caigunn Admin", "https://"}


def test_no_words_of_a_template_stand_outside_of_the_catalogue() -> None:
    found = []
    for path in sorted((translations.ROOT / "templates").rglob("*")):
        # The style guide is for those who build the pages, in DEBUG alone.
        if path.suffix not in {".html", ".txt"} or path.name == "styleguide.html":
            continue
        shown = _Shown(_without_tags(path.read_text(encoding="utf-8")))
        said = {" ".join(words.split()).strip("·: ") for words in shown.words}
        found += [
            f"{path.name}: {words}"
            for words in sorted(said - NAMES)
            if re.search(r"[A-Za-z]{2}", words)
        ]
    assert found == []


def _without_tags(source: str) -> str:
    """The template's own text: without what its tags draw, translated blocks and comments."""
    kept, block = [], ""
    for token in Lexer(source).tokenize():
        name = token.contents.split()[0] if token.token_type == TokenType.BLOCK else ""
        if name in {"blocktranslate", "blocktrans", "comment"}:
            block = f"end{name}"
        elif block:
            block = "" if name == block else block
        elif token.token_type == TokenType.TEXT:
            kept.append(token.contents)
    return "".join(kept)
