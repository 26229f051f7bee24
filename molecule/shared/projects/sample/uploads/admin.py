# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads in the admin."""

from __future__ import annotations

from django.contrib import admin

from .models import Upload

admin.site.register(Upload)
