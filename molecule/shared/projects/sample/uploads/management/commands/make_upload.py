# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Store an uploaded file without a browser, and print its URL."""

from __future__ import annotations

import typing as t

from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandParser

from uploads.models import Upload


class Command(BaseCommand):
    """``manage.py make_upload [--name NAME] [--content TEXT]``."""

    help = "Stores an uploaded file and prints its URL."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the name and the content of the file."""
        parser.add_argument("--name", default="hello.txt")
        parser.add_argument("--content", default="hello\n")

    def handle(self, *args: t.Any, **options: t.Any) -> None:
        """Store the file."""
        upload = Upload()
        upload.file.save(options["name"], ContentFile(options["content"].encode()))
        self.stdout.write(upload.file.url)
