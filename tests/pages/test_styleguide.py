"""The style guide: there in DEBUG, and nowhere else."""

import importlib
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import NoReverseMatch, clear_url_caches, reverse

import caigunn_admin.urls
from tests.conftest import Browsing
from tests.pages.drawn import assert_page

URL = "/styleguide/"


def load_addresses() -> None:
    """Have the addresses made anew, by the settings of now."""
    importlib.reload(caigunn_admin.urls)
    clear_url_caches()


@pytest.fixture
def in_debug(settings: LazySettings) -> Iterator[None]:
    settings.DEBUG = True
    load_addresses()
    yield
    settings.DEBUG = False
    load_addresses()


def test_it_is_no_address_of_a_deployed_site(browse: Browsing) -> None:
    assert browse("admin").get(URL).status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("styleguide")


@pytest.mark.usefixtures("in_debug")
def test_components_stand_there_in_their_states(browse: Browsing) -> None:
    page = assert_page(browse("editor").get(URL))
    for said in (
        "Saved.",
        "No webhook",
        "Could not be read",
        "changed outside",
        "No longer exists",
    ):
        assert said in page.text
    assert "Reveal" in page.text


@pytest.mark.usefixtures("in_debug")
def test_a_stranger_signs_in_first() -> None:
    assert Client().get(URL).status_code == 302
