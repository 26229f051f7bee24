# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of the shop."""

from __future__ import annotations

from catalog.views import home
from django.contrib import admin
from django.urls import path
from news.views import latest

urlpatterns = [
    path("", home),
    path("news/", latest),
    path("admin/", admin.site.urls),
]
