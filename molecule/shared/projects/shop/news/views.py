# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the news."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def latest(request: HttpRequest) -> HttpResponse:
    """Show the news."""
    return render(request, "news/latest.html")
