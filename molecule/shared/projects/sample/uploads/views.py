# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page that takes a file and lists those it has."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from .models import Upload


class UploadForm(forms.ModelForm):
    """A file field."""

    class Meta:
        model = Upload
        fields = ["file"]


def upload(request: HttpRequest) -> HttpResponse:
    """Show the form, or store the file and come back."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("upload")
    return render(request, "uploads/upload.html", {"form": form, "uploads": Upload.objects.order_by("pk")})
