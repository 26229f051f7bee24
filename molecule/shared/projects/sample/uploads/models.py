# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that visitors upload."""

from __future__ import annotations

from django.db import models


class Upload(models.Model):
    """One uploaded file."""

    file = models.FileField(upload_to="uploads")
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.file.name
