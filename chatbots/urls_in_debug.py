"""Addresses for those who build the pages. They exist in DEBUG alone."""

from django.urls import path

from chatbots.views.styleguide import styleguide

urlpatterns = [path("styleguide/", styleguide, name="styleguide")]
